from collections.abc import Callable
from pathlib import Path

import pytest

from inpars.data.formats import open_rows

WriteBytes = Callable[[str, bytes], Path]
DATA = ('\ufeff{"n": 0, "t": "ä"}\r\n\n  \n{"n": 1, "t": "' + "x" * 300_000 + '"}').encode()


@pytest.mark.parametrize("name", ["r.jsonl", "r.ndjson", "r.JSONL", "r.jsonl.gz", "r.jsonl.zst"])
def test_rows_have_their_byte_offset_and_line_and_blank_lines_are_passed_over(
    write_bytes: WriteBytes, name: str
) -> None:
    rows = list(open_rows(write_bytes(name, DATA)).rows())
    assert [(row.locator, row.line, row.values["n"]) for row in rows] == [(0, 1, 0), (28, 4, 1)]
    assert len(rows[1].values["t"]) == 300_000


@pytest.mark.parametrize("name", ["r.jsonl", "r.jsonl.gz", "r.jsonl.zst"])
def test_any_row_can_be_fetched_again_in_any_order(write_bytes: WriteBytes, name: str) -> None:
    source = open_rows(write_bytes(name, DATA))
    first, second = source.rows()
    for row in (second, first, second):
        assert source.fetch(row.locator).values == row.values


def test_rows_are_streamed_so_that_a_broken_end_does_not_keep_back_the_beginning(write_bytes: WriteBytes) -> None:
    rows = open_rows(write_bytes("r.jsonl", b'{"n": 0}\n{"n": 1}\nbroken\n')).rows()
    assert [next(rows).values["n"], next(rows).values["n"]] == [0, 1]
