"""What a browser must fetch before the pages can be used stays small, and comes packed."""

import gzip

import httpx
import pytest

from benchmarks.bundle import DIST, ENTRY, first_load, pages_of, read_chunks
from registry.embedded.supervisor import Site

MOST = 200_000  # bytes of gzipped JavaScript


def test_no_page_opened_first_takes_more_than_200_kb_of_javascript() -> None:
    chunks = read_chunks()
    pages = pages_of(chunks)

    loads = {page: first_load(chunks, page) for page in pages}

    assert len(pages) > 10
    assert {page: size for page, size in loads.items() if size > MOST} == {}


@pytest.mark.parametrize("encoding", ["gzip", "br"])
def test_what_a_browser_can_unpack_is_sent_packed(site: Site, encoding: str) -> None:
    file = read_chunks()[ENTRY].file
    whole = (DIST / file).read_bytes()

    with httpx.Client(base_url=site.url, headers={"Accept-Encoding": encoding}) as browser:
        with browser.stream("GET", f"/{file}") as answer:
            sent = b"".join(answer.iter_raw())
        plain = browser.get(f"/{file}", headers={"Accept-Encoding": "identity"})

    assert answer.headers["Content-Encoding"] == encoding
    assert "immutable" in answer.headers["Cache-Control"]
    assert len(sent) < len(whole) / 2.5
    assert encoding == "br" or gzip.decompress(sent) == whole
    assert plain.content == whole
