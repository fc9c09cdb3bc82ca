"""Our HTTP: shapes, callers, errors, urls; one file a room."""
