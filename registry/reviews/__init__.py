"""Who looked at a version and what they said; never one's own upload."""
