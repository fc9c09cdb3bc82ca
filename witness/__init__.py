"""The log's second pair of eyes: its own process, its own key. Empty until the log is published as tiles."""
