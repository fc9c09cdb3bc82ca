"""Training an anchor, and an expert beside it."""
