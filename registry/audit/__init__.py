"""The ground all rooms stand on: one writer of the log, and its readers."""
