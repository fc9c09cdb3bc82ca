"""Telling those whom a thing concerns, until they say that they know: signed webhooks and mail."""
