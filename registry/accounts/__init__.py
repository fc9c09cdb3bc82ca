"""People, organisations, roles, tokens and signing keys."""
