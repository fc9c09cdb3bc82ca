"""The servers, the cast and the packages of the workers' tests."""

from tests.workers.conftest import django_db_setup, home, the_cast

__all__ = ["django_db_setup", "home", "the_cast"]
