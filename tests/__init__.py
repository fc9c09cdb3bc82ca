"""Tests: a file a verb; a test's name is a sentence."""
