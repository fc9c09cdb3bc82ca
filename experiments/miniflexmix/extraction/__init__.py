"""From packages to pieces of text, a module a kind of text; each function reads one source."""
