"""A stranger with a machine of their own, who follows docs/verify.md to the letter."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from registry.embedded.processes import REPOSITORY

PAGE = REPOSITORY / "docs/verify.md"
PASSED_ON = ("PATH", "LANG", "TMPDIR", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "HTTPS_PROXY", "https_proxy", "NO_PROXY")


def make_stranger(home: Path, *, model: Path, checklog: Path) -> Path:
    """A home with the client's folder, a downloaded model, and a Go program built from the page's source."""
    ignored = shutil.ignore_patterns("__pycache__", "build", "*.egg-info")
    shutil.copytree(REPOSITORY / "client", home / "client", ignore=ignored)
    (home / "bin").mkdir()
    shutil.copy(checklog, home / "bin")
    shutil.copytree(model, home / "model")
    return home


def follow_the_page(home: Path, url: str) -> "subprocess.CompletedProcess[str]":
    """Run the page's commands in their order, as one person in one shell."""
    blocks = re.findall(r"^```sh\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 10
    commands = "\n".join(blocks)
    env = {name: os.environ[name] for name in os.environ if name in PASSED_ON or name.startswith("PIP_")}
    return subprocess.run(
        ["/bin/bash", "-euo", "pipefail", "-c", commands.replace("https://guildhall.example", url)],
        cwd=home,
        env=env | {"HOME": str(home), "PATH": f"{home}/bin:{env['PATH']}"},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
