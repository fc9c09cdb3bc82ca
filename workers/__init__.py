"""Hands: read a row, call flexcore, call one action. No rules here."""
