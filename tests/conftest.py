"""What tests of more than one folder share."""

import os
from collections.abc import Generator, Iterator
from pathlib import Path
from uuid import uuid4

# Before anybody loads torch: its threads wait by spinning, and ours share two cores with a dozen servers.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import pytest
from pytest_django import Settings

from registry.audit import clock, guard
from registry.embedded.supervisor import Site
from tests.go import build_checklog
from tests.servers import servers_key
from tests.site import logs, running_site


@pytest.fixture(autouse=True)
def a_process_that_has_just_started(settings: Settings) -> None:
    """With a log of its own: what a process remembers of the log and of the time is of the test before, and what the
    store holds under the usual name is of the running site."""
    settings.LOG_PREFIX = f"log-{uuid4()}/"
    guard.forget()
    clock.forget()


@pytest.fixture(scope="session")
def site(pytestconfig: pytest.Config) -> Iterator[Site]:
    """A whole running site; speak to it over HTTP at `site.url`, as `site.operator_email` with
    `site.operator_password` to begin with.

    `site.kill(name)` ends "web", "worker", "gpu-worker", "messenger", "sequencer", "witness" or "beat" as a failing
    machine would; it is started again by itself. `site.rest(name)` leaves it down until `site.wake(name)`.
    """
    with running_site(pytestconfig.stash[servers_key]) as running:
        yield running


@pytest.fixture(scope="session")
def checklog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """docs/checklog, a verifier of the log in Go: half a minute to build, once."""
    return build_checklog(tmp_path_factory.mktemp("go"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failure in a test of the running site comes with the end of the site's logs."""
    report = yield
    if report.failed and "site" in getattr(item, "fixturenames", ()):
        report.sections.append(("logs of the site", logs(item.config.stash[servers_key])))
    return report
