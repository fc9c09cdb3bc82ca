"""The servers, the cast and the packages of the workers' tests."""

from tests.workers.conftest import home, the_cast

__all__ = ["home", "the_cast"]
