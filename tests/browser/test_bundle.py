"""What a browser must fetch before the pages can be used stays small."""

from benchmarks.bundle import first_load, pages_of, read_chunks

MOST = 200_000  # bytes of gzipped JavaScript


def test_no_page_opened_first_takes_more_than_200_kb_of_javascript() -> None:
    chunks = read_chunks()
    pages = pages_of(chunks)

    loads = {page: first_load(chunks, page) for page in pages}

    assert len(pages) > 10
    assert {page: size for page, size in loads.items() if size > MOST} == {}
