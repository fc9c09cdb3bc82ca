"""A small FlexOlmo text mix, built from pinned packages."""
