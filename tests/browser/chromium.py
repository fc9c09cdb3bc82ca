"""A Chromium for the browser tests: CHROMIUM_PATH, else one on PATH, else the one out of an npm package.

The packaged one brings the libraries a bare machine lacks. Its own list of flags is not used: it would switch web
security off, and with it what we test.
"""

import os
import platform
import shutil
import subprocess
import sysconfig
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Playwright

HERE = Path(__file__).parent
UNPACKED = HERE.parents[1] / "var" / "chromium"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
ADVICE = "Install Chromium (on Debian: apt-get install chromium), or set CHROMIUM_PATH to one."
# AWS_EXECUTION_ENV is how the package is asked to unpack its libraries too; it unpacks into the temporary folder.
UNPACK = 'import chromium from "@sparticuz/chromium"; await chromium.executablePath();'
# The package's own file looks for its fonts elsewhere, and a page without any font has no text.
FONTS = "<fontconfig><dir>{folder}/fonts</dir><cachedir>{folder}/fonts-cache</cachedir></fontconfig>"


class NoChromium(Exception):
    """There is none, and why."""


@dataclass(frozen=True, slots=True)
class Chromium:
    """A browser's file, and the environment it needs."""

    path: Path
    env: dict[str, str] = field(default_factory=dict)


def find_chromium() -> Chromium:
    named = os.environ.get("CHROMIUM_PATH")
    if named is not None:
        if not Path(named).is_file():
            raise NoChromium(f"CHROMIUM_PATH names {named}, which is not a file.")
        return Chromium(Path(named))
    for name in NAMES:
        found = shutil.which(name)
        if found is not None:
            return Chromium(Path(found))
    return packaged_chromium(UNPACKED)


def launch(playwright: Playwright, browser: Chromium) -> Browser:
    env: dict[str, str | float | bool] = {**os.environ, **browser.env}
    return playwright.chromium.launch(executable_path=browser.path, args=list(FLAGS), env=env)


def packaged_chromium(folder: Path) -> Chromium:
    """The one from npm, unpacked once into that folder, and tried."""
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise NoChromium(f"The packaged Chromium is for Linux on x86_64 only. {ADVICE}")
    if not (folder / "chromium").exists():
        unpack(folder)
    libraries = {"LD_LIBRARY_PATH": str(folder / "al2023" / "lib"), "FONTCONFIG_FILE": str(folder / "fonts.conf")}
    browser = Chromium(folder / "chromium", libraries)
    tried = run(str(browser.path), "--no-sandbox", "--version", env=libraries)
    if tried.returncode != 0:
        raise NoChromium(f"The packaged Chromium does not start here: {tried.stderr.strip()} {ADVICE}")
    return browser


def unpack(folder: Path) -> None:
    scripts = Path(sysconfig.get_path("scripts"))
    path = {"PATH": f"{scripts}:{os.environ['PATH']}"}
    fresh = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    commands = (
        (str(scripts / "npm"), "ci", "--no-audit", "--no-fund", "--loglevel=error"),
        (str(scripts / "node"), "--input-type=module", "--eval", UNPACK),
    )
    for command in commands:
        done = run(*command, env=path | {"TMPDIR": str(fresh), "AWS_EXECUTION_ENV": "AWS_Lambda_nodejs24.x"})
        if done.returncode != 0:
            raise NoChromium(f"The packaged Chromium could not be installed: {done.stderr.strip()[-500:]} {ADVICE}")
    (fresh / "fonts.conf").write_text(FONTS.format(folder=folder))
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)


def run(*command: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    merged = {**os.environ, **env}
    return subprocess.run(command, cwd=HERE, env=merged, capture_output=True, text=True, timeout=300, check=False)
