"""Merging experts behind one interface."""
