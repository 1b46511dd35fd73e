from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from inpars.data.formats import open_rows
from inpars.errors import InputError

Write = Callable[[str, list[dict[str, Any]]], Path]
ROWS = [{"id": f"{n:03d}", "text": f"text {n}", "more": {"n": n}} for n in range(300)]


@pytest.mark.parametrize("name", ["r.parquet", "r.parquet.gz", "r.parquet.zst"])
def test_rows_are_numbered_and_can_be_fetched_again_in_any_order(write_documents: Write, name: str) -> None:
    source = open_rows(write_documents(name, ROWS))
    rows = list(source.rows())
    assert [row.values for row in rows] == ROWS
    assert [(row.locator, row.line) for row in rows] == [(n, n + 1) for n in range(300)]
    for locator in (299, 0, 150, 6, 7, 63, 64):
        assert source.fetch(locator) == rows[locator]


def test_dictionary_columns_that_differ_between_row_groups_are_read(tmp_path: Path) -> None:
    path = tmp_path / "r.parquet"
    tables = [pyarrow.table({"id": [f"{g}{n}" for n in "ab"], "title": [f"group {g}"] * 2}) for g in range(3)]
    tables = [t.set_column(1, "title", t["title"].dictionary_encode()) for t in tables]
    with pyarrow.parquet.ParquetWriter(path, tables[0].schema) as writer:
        for table in tables:
            writer.write_table(table)
    source = open_rows(path)
    assert [row.values["title"] for row in source.rows()] == [f"group {g}" for g in (0, 0, 1, 1, 2, 2)]
    assert source.fetch(5).values == {"id": "2b", "title": "group 2"}


def test_what_is_no_parquet_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.parquet"
    path.write_bytes(b"id,text\n1,a\n")
    with pytest.raises(InputError, match=r"r.parquet: expected a Parquet file; found "):
        open_rows(path)


def test_damaged_pages_are_an_input_error(write_documents: Write) -> None:
    path = write_documents("r.parquet", ROWS)
    data = bytearray(path.read_bytes())
    data[200:600] = b"\xff" * 400
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"r.parquet: expected readable Parquet data; found "):
        list(open_rows(path).rows())
