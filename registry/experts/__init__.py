"""Anchors, experts and their versions: upload, verify."""
