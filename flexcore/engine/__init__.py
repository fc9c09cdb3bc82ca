"""Inference: many requests, one set of weights."""
