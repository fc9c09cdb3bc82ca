"""The record: what exists, whose it is, what is allowed, what happened."""
