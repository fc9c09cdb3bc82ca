"""What a browser must fetch before the pages can be used stays small."""

from benchmarks.bundle import first_load, pages_of, read_chunks

FIRST = 200_000  # bytes of gzipped JavaScript until somebody has come in
ANY = 235_000  # for the heaviest page, opened first; to be lowered, not raised


def test_coming_in_takes_at_most_200_kb_of_javascript() -> None:
    chunks = read_chunks()

    size = first_load(chunks, "src/app/pages/StartPage.tsx")

    assert size <= FIRST


def test_no_page_opened_first_takes_much_more() -> None:
    chunks = read_chunks()
    pages = pages_of(chunks)

    loads = {page: first_load(chunks, page) for page in pages}

    assert len(pages) > 10
    assert {page: size for page, size in loads.items() if size > ANY} == {}
