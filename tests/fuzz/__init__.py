"""Fuzzing of everything that reads a stranger's bytes. `make fuzz` looks for what breaks it; what was found is kept."""
