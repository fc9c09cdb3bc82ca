"""The one way in which building the mix says no: a sentence that names what is wrong and what to do."""


class CannotBuild(Exception):
    """The corpora cannot be built as asked; nothing half-written is left that looks whole."""
