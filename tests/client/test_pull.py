"""`guildhall pull`: a revision in a folder, every file checked, going on where it broke off, and verified offline."""

import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from pytest_django.live_server_helper import LiveServer

from client import pulling
from client.connection import Connection, Refused
from client.pulling import Listed, pull, write_tar
from client.verify.strict import NotVerified
from flexcore.manifest import MANIFEST, read_manifest
from registry import storage
from registry.compositions.models import Composition, CompositionState
from tests import repositories
from tests.client.models import Published, included, make_model, make_site
from tests.client.typing_commands import Typed, by
from tests.factories import CY, make_token

__all__ = ["by"]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("house"))


@dataclass(frozen=True, slots=True)
class Shelf:
    """library/stage at a live server, with what its files are and the log that includes it."""

    composition: Composition
    source: Path
    site: Published
    line: Connection

    @property
    def files(self) -> dict[str, bytes]:
        return contents(self.source)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def shelf(by: Typed, live_server: LiveServer, made: Path, tmp_path: Path) -> Iterator[Shelf]:
    source = shutil.copytree(made, tmp_path / "source")
    site = make_site(tmp_path / "site", source, included(source))
    revision = read_manifest((source / MANIFEST).read_bytes()).revision()
    composition = repositories.publish_folder(repositories.make_model(), source, revision=revision)
    line = Connection(live_server.url, token=make_token(CY), attempts=2)
    yield Shelf(composition, source, site, line)
    line.close()


def test_a_revision_is_brought_whole_and_verifies_without_the_service(
    by: Typed, shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    to = tmp_path / "model"

    told = by(CY, "pull", "library/stage", str(to))
    monkeypatch.setenv("GUILDHALL_URL", "http://127.0.0.1:9")  # nobody is there
    verified = by(None, "verify", "model", str(to), "--key", shelf.site.key)

    assert contents(to) == shelf.files
    assert f"is revision {shelf.composition.revision} of library/stage" in told
    assert "every file is what the log's entry 301 includes" in verified


class Stopped(Exception):
    """Somebody pulled the plug."""


def test_what_broke_off_is_gone_on_with(shelf: Shelf, tmp_path: Path) -> None:
    to, told = tmp_path / "model", list[tuple[str, int]]()

    def unplug(path: str, there: int, size: int) -> None:
        if path == "expert-01.safetensors" and there > size // 2:
            raise Stopped

    with pytest.raises(Stopped):
        pull(shelf.line, "library/stage", to, progress=unplug)
    half = [path.stat().st_size for path in (to / pulling.UNFINISHED).iterdir()]
    revision = pull(shelf.line, "library/stage", to, progress=lambda path, there, size: told.append((path, there)))

    assert revision == shelf.composition.revision
    assert contents(to) == shelf.files
    assert half[0] > 0
    first = dict(reversed(told))
    assert first["expert-01.safetensors"] > half[0]
    assert first["expert-00.safetensors"] == len(shelf.files["expert-00.safetensors"])  # it was there


def test_a_file_that_somebody_changed_on_disk_is_brought_again(shelf: Shelf, tmp_path: Path) -> None:
    to = tmp_path / "model"
    pull(shelf.line, "library/stage", to)
    for name in ("expert-01.safetensors", "config.json"):
        data = (to / name).read_bytes()
        (to / name).write_bytes(b"\xff" * len(data))

    pull(shelf.line, "library/stage", to)

    assert contents(to) == shelf.files


@pytest.mark.parametrize("path", ["expert-01.safetensors", "tokenizer.json", MANIFEST])
def test_what_the_store_changed_is_refused_and_not_put_in_place(shelf: Shelf, tmp_path: Path, path: str) -> None:
    row, to = shelf.composition.files.get(path=path), tmp_path / "model"
    good = shelf.files[path]
    storage.put(row.key, good[:-1] + bytes([good[-1] ^ 1]))

    with pytest.raises(NotVerified, match=path) as refused:
        pull(shelf.line, "library/stage", to)
    there = (to / path).exists()
    storage.put(row.key, good)
    pull(shelf.line, "library/stage", to)

    assert str(refused.value).endswith(".")
    assert not there
    assert contents(to) == shelf.files


def test_another_revision_goes_into_a_folder_of_its_own(shelf: Shelf, tmp_path: Path) -> None:
    to = tmp_path / "model"
    to.mkdir()
    (to / MANIFEST).write_text("{}")

    with pytest.raises(Refused, match="holds another revision"):
        pull(shelf.line, "library/stage", to)

    assert contents(to) == {MANIFEST: b"{}"}


def test_a_withdrawn_revision_is_not_brought(by: Typed, shelf: Shelf, tmp_path: Path) -> None:
    Composition.objects.update(state=CompositionState.WITHDRAWN)

    by_main = by(CY, "pull", "library/stage", str(tmp_path / "a"), status=1)
    by_name = by(CY, "pull", "library/stage", str(tmp_path / "b"), "--revision", shelf.composition.revision, status=1)

    assert "was withdrawn" in by_main
    assert "was withdrawn" in by_name
    assert not (tmp_path / "a").exists()


def test_a_tag_names_what_is_pulled(by: Typed, shelf: Shelf, tmp_path: Path) -> None:
    tagged = by(CY, "tag", "library/stage", "v1")
    listed = by(CY, "revisions", "library/stage")
    compared = by(CY, "revisions", "library/stage", "--compare", "v1", "main")
    told = by(CY, "pull", "library/stage", str(tmp_path / "model"), "--revision", "v1")
    removed = by(CY, "tag", "library/stage", "v1", "--remove")
    missing = by(CY, "pull", "library/stage", str(tmp_path / "other"), "--revision", "v1", status=1)

    revision = shelf.composition.revision
    assert tagged == f"v1 names revision {revision} of library/stage.\n"
    assert f"{revision} " in listed
    assert "published (main, v1)" in listed
    assert "0 added, 0 removed, 0 changed; 0 bytes to fetch" in compared
    assert revision in told
    assert removed == "library/stage has no tag v1 any more.\n"
    assert "no revision v1" in missing


def test_the_same_revision_is_the_same_tar(by: Typed, shelf: Shelf, tmp_path: Path) -> None:
    to, first, second = tmp_path / "model", tmp_path / "first.tar", tmp_path / "second.tar"

    told = by(CY, "pull", "library/stage", str(to), "--tar", str(first))
    (to / ".cache").mkdir()
    (to / ".cache/left").write_text("not of the model")
    write_tar(to, second, root=f"stage-{shelf.composition.revision[:12]}")
    with tarfile.open(first) as tar:
        tar.extractall(tmp_path / "out", filter="data")

    assert f"{first} holds the same." in told
    assert first.read_bytes() == second.read_bytes()
    assert contents(tmp_path / "out" / f"stage-{shelf.composition.revision[:12]}") == shelf.files


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a/../b", "", ".git/config"])
def test_a_path_that_leads_elsewhere_is_refused(path: str) -> None:
    with pytest.raises(NotVerified, match="in a way that cannot be right"):
        pulling._file({"path": path, "size": 1}, "The list")


@contextmanager
def dropping(data: bytes, *, after: int) -> Iterator[str]:
    """A store whose line drops after so many bytes, each time."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-")
            rest = data[int(wanted) :]
            self.send_response(206 if "Range" in self.headers else 200)
            self.send_header("Content-Length", str(len(rest)))
            self.end_headers()
            self.wfile.write(rest[:after])
            self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(("after", "comes"), [(1000, True), (0, False)])
def test_a_line_that_drops_is_taken_up_again_as_long_as_something_comes(
    after: int, comes: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulling, "pause_before", lambda attempt: 0.0)
    data, part = bytes(range(250)) * 40, tmp_path / "part"
    file = Listed("file", len(data))

    with dropping(data, after=after) as url:
        line = Connection(url)
        try:
            if comes:
                pulling._fetch(line, "/file", file, part, lambda *_: None)
            else:
                with pytest.raises(Refused):
                    pulling._fetch(line, "/file", file, part, lambda *_: None)
        finally:
            line.close()

    assert (part.read_bytes() if part.exists() else b"") == (data if comes else b"")
