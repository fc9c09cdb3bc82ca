"""Go, and its packages for notes and trees, as the machine has them: a verifier by another hand than ours.

Debian's `golang-golang-x-mod-dev` is taken where it is installed, else the copy that Go itself carries.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "docs/checklog/main.go"
DEBIAN = Path("/usr/share/gocode/src/golang.org/x/mod")
CARRIED = "src/cmd/vendor/golang.org/x/mod"


def go() -> str:
    """The program: of the machine, else out of the package beside our Python."""
    found = shutil.which("go") or shutil.which("go", path=str(Path(sys.executable).parent))
    assert found, "Go is not installed; `make setup` installs it."
    return found


def build_checklog(folder: Path) -> Path:
    """docs/checklog, built without a network against the packages that are here."""
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "GOCACHE": str(folder / "cache"),
        "GOPATH": str(folder / "path"),
        "GOFLAGS": "-mod=mod",
        "GOPROXY": "off",
        "GOSUMDB": "off",
        "GOENV": "off",
        "GOTOOLCHAIN": "local",
        "CGO_ENABLED": "0",
    }
    asked = subprocess.run([go(), "env", "GOROOT", "GOVERSION"], env=env, capture_output=True, text=True, check=True)
    root, version = asked.stdout.split()
    language = ".".join(version.removeprefix("go").split(".")[:2])
    source = DEBIAN if (DEBIAN / "sumdb/tlog").is_dir() else Path(root) / CARRIED
    module, program = folder / "mod", folder / "checklog"
    for package in ("note", "tlog"):
        shutil.copytree(
            source / "sumdb" / package, module / "sumdb" / package, ignore=shutil.ignore_patterns("*_test.go")
        )
    (module / "go.mod").write_text(f"module golang.org/x/mod\n\ngo {language}\n")
    program.mkdir()
    shutil.copy(SOURCE, program)
    (program / "go.mod").write_text(
        f"module checklog\n\ngo {language}\n\nrequire golang.org/x/mod v0.0.0\n\nreplace golang.org/x/mod => ../mod\n"
    )
    built = subprocess.run(
        [go(), "build", "-o", "checklog", "."], cwd=program, env=env, capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stderr
    return program / "checklog"
