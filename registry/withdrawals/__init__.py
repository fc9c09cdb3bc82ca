"""Taking a version back, everywhere it went."""
