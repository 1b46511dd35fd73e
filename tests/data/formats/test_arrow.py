"""Arrow files, in both their forms."""

from pathlib import Path

import pyarrow
import pytest

from inpars.data.formats import open_rows
from inpars.errors import InputError

ROWS = [{"id": f"{number:03d}", "text": f"text {number}"} for number in range(30)]


@pytest.mark.parametrize("name", ["r.arrow", "r.feather"])
@pytest.mark.parametrize("form", [pyarrow.ipc.new_stream, pyarrow.ipc.new_file])
def test_rows_of_both_forms_are_numbered_and_can_be_fetched_again(tmp_path: Path, name: str, form: object) -> None:
    table = pyarrow.Table.from_pylist(ROWS)
    table = table.append_column("kind", pyarrow.array(["a"] * 30).dictionary_encode())
    with form(str(tmp_path / name), table.schema) as writer:  # type: ignore[operator]
        writer.write_table(table, max_chunksize=7)
    source = open_rows(tmp_path / name)
    rows = list(source.rows())
    assert [(row.values["id"], row.values["kind"]) for row in rows] == [(row["id"], "a") for row in ROWS]
    assert [(row.locator, row.line) for row in rows] == [(n, n + 1) for n in range(30)]
    for locator in (29, 0, 7, 6, 14):
        assert source.fetch(locator) == rows[locator]


def test_what_is_no_arrow_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.arrow"
    path.write_bytes(b"id,text\n1,a\n")
    with pytest.raises(InputError, match=r"r.arrow: expected an Arrow file; found "):
        open_rows(path)
