"""Training an anchor, and an expert beside it."""

CODE_VERSION = "0.1.0"  # goes into every package, so that its owner can say what made it
