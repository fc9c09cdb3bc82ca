"""Inference: texts are read once, and every further token costs one step."""
