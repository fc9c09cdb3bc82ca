"""PostgreSQL, Valkey and SeaweedFS for a folder: those that the environment does not name are started out of wheels.

The promise: when `start` returns, a row, a message and an object can be written; when `stop` returns, nothing is left.
"""

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

from registry.embedded import postgres, seaweedfs, valkey
from registry.embedded.bucket import Store, ensure_bucket, probe
from registry.embedded.keys import kept_secret
from registry.embedded.ports import kept_port
from registry.embedded.processes import DidNotStart, EndedEarly, Processes

BUCKET = "guildhall"
NAMES = (postgres.NAME, valkey.NAME, seaweedfs.NAME)
S3_NAMES = ("S3_ENDPOINT_URL", "S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY", "S3_BUCKET")
TRIES = 3  # somebody else may take a port between our looking and our using it


class Servers:
    """The three servers of one folder, or those of the environment."""

    def __init__(
        self,
        folder: Path,
        *,
        durable: bool = True,
        origins: Sequence[str] = (),
        given: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder.resolve()
        self.durable = durable
        self.origins = origins
        self.given = dict(os.environ if given is None else given)
        self.env: dict[str, str] = {}
        self.cluster: postgres.Cluster | None = None
        self.processes = Processes(self.folder)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> dict[str, str]:
        """Start what is missing and wait until it works; the answer is the environment the rest runs with."""
        try:
            for tries_left in reversed(range(TRIES)):
                try:
                    self._start_all()
                    break
                except EndedEarly:
                    if not tries_left:
                        raise
                    self.processes.stop(*NAMES)
        except BaseException:
            self.stop()
            raise
        return self.env

    def stop(self) -> None:
        self.processes.close()

    def throw_away(self) -> None:
        """End all at once, and remove the folder with all that was stored."""
        for name in NAMES:
            self.processes.kill(name)
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
        if self.cluster is not None:
            shutil.rmtree(self.cluster.home, ignore_errors=True)

    @property
    def store(self) -> Store:
        return Store(*(self.env[name] for name in S3_NAMES))

    def secret(self, name: str) -> str:
        return kept_secret(self.folder / "secrets", name)

    def admin_url(self) -> str:
        """Of our own PostgreSQL's superuser; it makes databases, and nothing else of ours uses it."""
        port = int(self.env["DATABASE_URL"].rsplit(":", 1)[1].partition("/")[0])
        return postgres.url(port=port, password=self.secret("postgres"), role="postgres", database="postgres")

    def _start_all(self) -> None:
        """Each is started before any is waited for."""
        self._begin_store()
        self._begin_valkey()
        self._begin_postgres()
        self._wait(postgres.NAME, lambda: postgres.answers(self.admin_url()))
        self._wait(valkey.NAME, lambda: valkey.answers(self.env["REDIS_URL"]))
        self._wait(seaweedfs.NAME, lambda: seaweedfs.answers(self.env["S3_ENDPOINT_URL"]))
        if self.processes.alive(postgres.NAME):
            postgres.ensure_database(self.admin_url(), password=self.secret("database"))
        self._wait(seaweedfs.NAME, probe(self.store))
        ensure_bucket(self.store, origins=self.origins)

    def _port(self, name: str, *, size: int = 1, grpc: bool = False) -> int:
        return kept_port(self.folder / "run" / f"{name}.port", size=size, grpc=grpc)

    def _wait(self, name: str, ready: Callable[[], bool]) -> None:
        if self.processes.alive(name):
            self.processes.wait_until(name, ready, seconds=60)

    def _begin_store(self) -> None:
        if "S3_ENDPOINT_URL" in self.given:
            lacking = [name for name in S3_NAMES[1:3] if name not in self.given]
            if lacking:
                raise DidNotStart(f"S3_ENDPOINT_URL is set; set {' and '.join(lacking)} too.")
            self.env |= {name: self.given.get(name, BUCKET) for name in S3_NAMES}
            return
        port = self._port(seaweedfs.NAME, size=seaweedfs.PORTS, grpc=True)
        values = (seaweedfs.url(port), BUCKET, self.secret("s3"), BUCKET)
        self.env |= dict(zip(S3_NAMES, values, strict=True))
        self.processes.start(seaweedfs.program(self.folder / "seaweedfs", port=port, store=self.store))

    def _begin_valkey(self) -> None:
        if "REDIS_URL" in self.given:
            self.env["REDIS_URL"] = self.given["REDIS_URL"]
            return
        port, password = self._port(valkey.NAME), self.secret("valkey")
        self.env["REDIS_URL"] = valkey.url(port=port, password=password)
        self.processes.start(valkey.program(self.folder / "valkey", port=port, password=password))

    def _begin_postgres(self) -> None:
        if "DATABASE_URL" in self.given:
            self.env["DATABASE_URL"] = self.given["DATABASE_URL"]
            return
        port = self._port(postgres.NAME)
        self.env["DATABASE_URL"] = postgres.url(port=port, password=self.secret("database"))
        self.cluster = postgres.cluster(self.folder)
        postgres.initialise(self.cluster, password=self.secret("postgres"))
        self.processes.start(postgres.program(self.cluster, port=port, durable=self.durable))
