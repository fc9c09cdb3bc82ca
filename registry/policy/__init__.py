"""May this consumer use this expert version for this purpose? Facts in, decision out."""
