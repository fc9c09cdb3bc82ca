"""Licence terms, consent records and provenance of a version."""
