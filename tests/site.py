"""A whole running site for the flow and browser tests, all its processes as `make demo` starts them.

It shares the test session's servers, but has a database, a bucket and a queue of its own.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from urllib.parse import urlsplit, urlunsplit

import psycopg
import redis
from psycopg import sql

from registry.embedded.bucket import Store, ensure_bucket
from registry.embedded.ports import free_port
from registry.embedded.servers import Servers
from registry.embedded.supervisor import Site, local, site_environment

SITE_PROCESSES = ("web", "worker", "gpu-worker", "messenger", "sequencer", "witness", "beat")
# Tests sign in often, and do not wait half a minute for what got stuck, nor days for what may be destroyed.
IN_A_HURRY = {
    "GUILDHALL_WEBHOOK_NETWORKS": "127.0.0.0/8",
    "GUILDHALL_LOGIN_RATE": "1000/min",
    "GUILDHALL_SWEEP_SECONDS": "2",
    "GUILDHALL_STUCK_SECONDS": "8",
    "GUILDHALL_DESTRUCTION_GRACE_HOURS": "0",
    # The least that S3 takes, so that forty megabytes have a middle.
    "GUILDHALL_UPLOAD_PART_BYTES": os.environ.get("GUILDHALL_UPLOAD_PART_BYTES", str(5 * 2**20)),
}
QUEUE = "1"  # the number of its database in Valkey; the tests without a site use 0


@contextmanager
def running_site(servers: Servers) -> Iterator[Site]:
    name = f"guildhall-site-{secrets.token_hex(4)}"
    port = free_port()
    url = local(port)
    with (
        own_database(servers.env["DATABASE_URL"], name) as database,
        own_bucket(replace(servers.store, bucket=name), origin=url),
        own_queue(servers.env["REDIS_URL"]) as queue,
    ):
        env = site_environment(
            servers.env | {"DATABASE_URL": database, "REDIS_URL": queue},
            url=url,
            secret_key=secrets.token_urlsafe(32),
            password=secrets.token_urlsafe(16),
            scratch=servers.folder / "scratch",
            secrets=servers.folder / "secrets",
        )
        env |= {"S3_BUCKET": name, **IN_A_HURRY}
        with Site(servers.processes, env, port=port) as site:
            yield site


@contextmanager
def own_database(address: str, name: str) -> Iterator[str]:
    """A database beside the one given, gone afterwards."""
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield with_path(address, name)
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def own_bucket(store: Store, *, origin: str) -> Iterator[None]:
    ensure_bucket(store, origins=[origin])
    yield
    s3 = store.client()
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=store.bucket):
        for found in page.get("Contents", []):
            s3.delete_object(Bucket=store.bucket, Key=found["Key"])
    s3.delete_bucket(Bucket=store.bucket)


@contextmanager
def own_queue(address: str) -> Iterator[str]:
    queue = with_path(address, QUEUE)
    with redis.Redis.from_url(queue) as connection:
        connection.flushdb()
        yield queue
        connection.flushdb()


def with_path(address: str, path: str) -> str:
    return urlunsplit(urlsplit(address)._replace(path=f"/{path}"))


def logs(servers: Servers) -> str:
    return "".join(servers.processes.log_tail(name, lines=40) for name in SITE_PROCESSES)
