"""The servers that the tests need, started before Django reads its settings and gone when pytest ends.

PostgreSQL, Valkey and SeaweedFS come up in a temporary folder, unless the environment names others. Tests of the engine
alone, of the witness and of verifiers by another hand do not wait for them.
"""

import os
import secrets
import signal
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from registry.audit.model_keys import make_model_key
from registry.audit.notes import make_note_key
from registry.embedded.processes import DidNotStart
from registry.embedded.servers import Servers

ENGINE_ONLY = (
    "tests/flexcore",
    "tests/experiments",
    "tests/witness",
    "tests/verifiers",
    "tests/client/test_verify_log.py",
    "tests/client/test_verify_alone.py",
    "tests/client/test_verify_hostile.py",
    "tests/client/test_verify_owner.py",
    "tests/client/test_verify_certificate.py",
    "tests/client/test_verify_model.py",
    "tests/client/test_verify_papers.py",
)
# Nothing answers there: a test of the engine that asks for a server is told so by its failure.
NOWHERE = {
    "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none",
    "REDIS_URL": "redis://127.0.0.1:1",
    "S3_ENDPOINT_URL": "http://127.0.0.1:1",
    "S3_ACCESS_KEY_ID": "none",
    "S3_SECRET_ACCESS_KEY": "none",
}

servers_key = pytest.StashKey[Servers]()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None]:
    """A wrapper runs before every plain hook, and so before pytest-django loads the settings."""
    os.environ.setdefault("GUILDHALL_SECRET_KEY", secrets.token_urlsafe(32))
    os.environ.setdefault("GUILDHALL_LOG_KEYS", make_note_key("127.0.0.1:8000/log").text)
    os.environ.setdefault("GUILDHALL_STATEMENT_KEY", make_note_key("127.0.0.1:8000/statements").text)
    os.environ.setdefault("GUILDHALL_MODEL_KEY", make_model_key("127.0.0.1:8000/models").text)
    if needs_servers(early_config):
        start_servers(early_config)
    else:
        for name, value in NOWHERE.items():
            os.environ.setdefault(name, value)
    return (yield)


def needs_servers(config: pytest.Config) -> bool:
    given = config.known_args_namespace
    if given.help or given.version or given.collectonly:
        return False
    root = config.rootpath
    chosen = [(config.invocation_params.dir / arg.partition("::")[0]).resolve() for arg in given.file_or_dir]
    engine = [root / folder for folder in ENGINE_ONLY]
    return not chosen or not all(any(path.is_relative_to(folder) for folder in engine) for path in chosen)


def start_servers(config: pytest.Config) -> None:
    folder = Path(tempfile.mkdtemp(prefix="guildhall-tests-"))
    folder.chmod(0o711)  # PostgreSQL runs as another user when we are root
    servers = Servers(folder, durable=False)
    config.add_cleanup(servers.throw_away)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # told to stop, tidy up as after Ctrl-C
    try:
        os.environ.update(servers.start())
    except DidNotStart as refusal:
        raise pytest.UsageError(str(refusal)) from refusal
    config.stash[servers_key] = servers
