"""Tests of flexcore."""
