"""The three servers of a folder: what they store outlives them, and those of the environment are used as they are."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest
import redis

from registry.embedded import postgres
from registry.embedded.processes import DidNotStart
from registry.embedded.servers import Servers

NOTHING: dict[str, str] = {}


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not below pytest's own folders, which root keeps to itself; the last test is about such a one."""
    with TemporaryDirectory(prefix="guildhall-servers-") as made:
        Path(made).chmod(0o711)
        yield Path(made)


def store_one_of_each(servers: Servers) -> None:
    with psycopg.connect(servers.env["DATABASE_URL"]) as connection:
        connection.execute("CREATE TABLE kept (word text)")
        connection.execute("INSERT INTO kept VALUES ('row')")
    servers.store.client().put_object(Bucket="guildhall", Key="kept", Body=b"object")


def read_back(servers: Servers) -> tuple[str, bytes]:
    with psycopg.connect(servers.env["DATABASE_URL"]) as connection:
        [[row]] = connection.execute("SELECT word FROM kept").fetchall()
    return row, servers.store.client().get_object(Bucket="guildhall", Key="kept")["Body"].read()


def test_rows_and_objects_outlive_a_kill_and_addresses_stay(folder: Path) -> None:
    with Servers(folder, given=NOTHING) as servers:
        store_one_of_each(servers)
        before = dict(servers.env)
        for name in servers.processes.names():
            servers.processes.kill(name)

    with Servers(folder, given=NOTHING) as servers:
        kept = read_back(servers)
        after = dict(servers.env)

    assert kept == ("row", b"object")
    assert after == before


def test_nobody_comes_in_without_the_password(folder: Path) -> None:
    with Servers(folder, durable=False, given=NOTHING) as servers:
        database, queue = servers.env["DATABASE_URL"], servers.env["REDIS_URL"]

        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(database.replace(servers.secret("database"), "wrong"))
        with pytest.raises(redis.AuthenticationError), redis.Redis.from_url(queue.replace(":valkey", "")) as stranger:
            stranger.execute_command("AUTH", "wrong")

        with psycopg.connect(database) as connection:
            [[superuser]] = connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchall()
    assert superuser is False


def test_servers_of_the_environment_are_used_and_none_is_started(folder: Path) -> None:
    with Servers(folder, durable=False, given=NOTHING) as theirs, TemporaryDirectory() as other:
        ours = Servers(Path(other), given=theirs.env)

        env = ours.start()
        started = ours.processes.names()
        ours.stop()

    assert env == theirs.env
    assert started == []


def test_an_s3_address_without_its_key_is_refused_by_name(folder: Path) -> None:
    servers = Servers(folder, given={"S3_ENDPOINT_URL": "http://127.0.0.1:1", "S3_ACCESS_KEY_ID": "one"})

    with pytest.raises(DidNotStart, match="S3_ENDPOINT_URL is set; set S3_SECRET_ACCESS_KEY too"):
        servers.start()


def test_postgres_works_in_a_folder_that_only_its_owner_enters(folder: Path) -> None:
    private = folder / "private"
    private.mkdir(mode=0o700)
    servers = Servers(private, durable=False, given=NOTHING)

    servers.start()
    reached = postgres.answers(servers.env["DATABASE_URL"])
    home = servers.cluster.home if servers.cluster else None
    servers.throw_away()

    assert reached
    assert home is not None
    assert not home.exists()
