"""docs/consume.md, typed as it stands by a consumer at a running site."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from registry.embedded.processes import REPOSITORY
from registry.embedded.supervisor import Site
from tests.flows.shelf import Shelf, open_shelf

PAGE = REPOSITORY / "docs/consume.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SAID = (
    "  yes actors/drama@1",
    "bookshop/plays would be built from what is marked yes.",
    "bookshop/plays is published.",
    "bookshop/everything is published.",
    "event: end",
    "FlexOlmoForCausalLM",
    "v1 names revision",
    "published (main, v1)",
    "+ coders/code@1 in slot",
    "plays-v1.tar holds the same.",
    "every file is what the log's entry",
    "nothing in it is withdrawn or paused",
)


@pytest.fixture(scope="module")
def shelf(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    experts = {"actors/drama": "drama", "coders/code": "code"}
    folder = tmp_path_factory.mktemp("home")
    with open_shelf(site, folder, experts=experts, examiners="critics", consumer="bookshop") as opened:
        yield opened


def commands_of(page: str) -> tuple[str, list[str]]:
    """What is typed, in its order; and the blocks that are only shown."""
    typed, shown = [], []
    for language, block in BLOCK.findall(page):
        if language == "sh":
            typed.append(block)
        elif language == "python":
            typed.append(f"python - <<'END'\n{block}END\n")
        else:
            shown.append(block)
    return "\n".join(typed), shown


@pytest.mark.timeout(900)
def test_the_page_works_as_written(shelf: Shelf, tmp_path: Path) -> None:
    commands, shown = commands_of(PAGE.read_text(encoding="utf-8"))
    for written, meant in (
        ("https://guildhall.example", shelf.site.url),
        ("gh_your_token", shelf.people.reader_token),
        ("--anchor small", f"--anchor {shelf.anchor}"),
        ('"anchor": "small"', f'"anchor": "{shelf.anchor}"'),
    ):
        assert written in commands
        commands = commands.replace(written, meant)

    done = subprocess.run(
        ["/bin/bash", "-euo", "pipefail", "-c", commands],
        cwd=tmp_path,
        env={
            "HOME": str(tmp_path),
            "PYTHONPATH": str(REPOSITORY),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "OMP_NUM_THREADS": "1",
        },
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    for said in SAID:
        assert said in done.stdout
    assert len(shown) == 1
    assert "vllm serve" in shown[0]
    assert (tmp_path / "plays" / "config.json").read_bytes() == (tmp_path / "config.json").read_bytes()
    assert (tmp_path / "exported" / "expert-01.safetensors").read_bytes() == (
        tmp_path / "plays-v1" / "expert-01.safetensors"
    ).read_bytes()
