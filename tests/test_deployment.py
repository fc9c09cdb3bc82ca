"""docker-compose.yml is the production shape: valid by the specification, closed but for one port, and complete."""

import re
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import pytest
import yaml

from registry.embedded.processes import REPOSITORY
from registry.embedded.supervisor import programs

COMPOSE = REPOSITORY / "docker-compose.yml"
DESCRIPTION: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
SERVICES: dict[str, dict[str, Any]] = DESCRIPTION["services"]
LASTING = [name for name in SERVICES if name != "prepare"]
ASKED_FOR = re.compile(r"\$\{([A-Z0-9_]+):\?\}")


def test_it_follows_the_compose_specification() -> None:
    tool = Path(sysconfig.get_path("scripts")) / "check-jsonschema"

    checked = subprocess.run(
        [tool, "--builtin-schema", "vendor.compose-spec", COMPOSE], capture_output=True, text=True, check=False
    )

    assert checked.returncode == 0, checked.stdout


def test_one_port_is_open_and_it_is_the_gateways() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}

    assert published == {"gateway": ["${GUILDHALL_PORT:-8000}:8000"]}


@pytest.mark.parametrize("name", LASTING)
def test_what_runs_on_is_watched_and_started_again(name: str) -> None:
    service = SERVICES[name]

    assert service["restart"] == "unless-stopped"
    assert service["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}


@pytest.mark.parametrize("program", ["web", "worker", "gpu-worker", "messenger", "sequencer", "beat"])
def test_what_the_supervisor_runs_is_there_and_takes_from_the_same_queue(program: str) -> None:
    ours = next(list(one.command) for one in programs(port=8000, env={}) if one.name == program)

    theirs = SERVICES[program]["command"]

    assert queue_of(theirs) == queue_of(ours)
    assert application_of(theirs) == application_of(ours)


def queue_of(command: list[str]) -> str | None:
    return command[command.index("-Q") + 1] if "-Q" in command else None


def application_of(command: list[str]) -> set[str]:
    return set(command) & {"registry.asgi:application", "workers.celery", "sequence"}


def test_every_secret_is_asked_for_and_named_in_the_example() -> None:
    example = (REPOSITORY / "deploy" / "guildhall.env.example").read_text()

    asked = set(ASKED_FOR.findall(COMPOSE.read_text()))

    named = set(re.findall(r"^([A-Z0-9_]+)=", example, flags=re.MULTILINE))
    assert asked == named


def test_the_store_has_time_to_write_everything_down() -> None:
    assert SERVICES["seaweedfs"]["stop_grace_period"] == "45s"
    assert DESCRIPTION["volumes"].keys() >= {"postgres", "seaweedfs"}


def test_the_gateway_sends_the_bucket_to_the_store() -> None:
    bucket = SERVICES["web"]["environment"]["S3_BUCKET"]

    gateway = (REPOSITORY / "deploy" / "Caddyfile").read_text()

    assert f"path /{bucket}/*" in gateway
    assert "reverse_proxy seaweedfs:8333" in gateway


def test_the_image_is_built_from_files_that_are_there() -> None:
    lines = (REPOSITORY / "Dockerfile").read_text().splitlines()
    copied = [line.split()[1:-1] for line in lines if line.startswith("COPY ") and "--from" not in line]

    missing = [source for sources in copied for source in sources if not (REPOSITORY / source).exists()]

    assert missing == []
