"""What the fuzzer kept, and where it began, is read again at each run of the tests."""

import pytest

from tests.fuzz.corpus import inputs
from tests.fuzz.readers import READERS, honest


@pytest.mark.parametrize("reader", READERS)
def test_a_reader_takes_what_is_honest_and_ends_with_all_that_was_kept(reader: str) -> None:
    kept = inputs(reader)

    for data in [honest(reader), *kept]:
        READERS[reader](data)

    assert kept
