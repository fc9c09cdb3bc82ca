"""Bits per byte, routing shares, opt-out."""
