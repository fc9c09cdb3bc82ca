"""How fast, always as a ratio to somebody else's work on the same machine, in the same run, on the same weights."""
