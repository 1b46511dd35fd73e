import gzip
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import zstandard

from inpars.data.files import (
    atomic_write,
    file_hash,
    format_suffix,
    read_document,
    read_json,
    read_jsonl,
    read_lines,
    read_text,
    read_text_lines,
    write_json,
    write_jsonl,
)
from inpars.errors import InputError, OptionError

WriteBytes = Callable[[str, bytes], Path]
ROWS = [{"n": number, "text": "naïve café"} for number in range(1000)]


def names_in(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.jsonl.gz", "rows.jsonl.zst", "rows.jsonl.bz2", "rows.jsonl.xz"])
def test_what_is_written_reads_back(tmp_path: Path, name: str) -> None:
    assert write_jsonl(tmp_path / name, ROWS) == 1000
    assert [row for _, row in read_jsonl(tmp_path / name)] == ROWS
    assert names_in(tmp_path) == [name]


@pytest.mark.parametrize(
    ("name", "magic"), [("a.gz", b"\x1f\x8b"), ("a.zst", b"\x28\xb5\x2f\xfd"), ("a.bz2", b"BZh"), ("a.xz", b"\xfd7zXZ")]
)
def test_the_suffix_decides_the_compression(tmp_path: Path, name: str, magic: bytes) -> None:
    write_jsonl(tmp_path / name, ROWS)
    assert (tmp_path / name).read_bytes().startswith(magic)
    assert (tmp_path / name).stat().st_size < 10_000


def test_a_folder_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").mkdir()
    with pytest.raises(OptionError, match=r"a\.jsonl is a folder"):
        write_jsonl(tmp_path / "a.jsonl", ROWS)
    assert names_in(tmp_path) == ["a.jsonl"]


@pytest.mark.parametrize("suffix", ["gz", "zst", "bz2", "xz"])
def test_equal_contents_give_equal_compressed_bytes_whatever_the_file_is_called(tmp_path: Path, suffix: str) -> None:
    write_jsonl(tmp_path / f"one.jsonl.{suffix}", ROWS)
    os.utime(tmp_path / f"one.jsonl.{suffix}", (0, 0))
    write_jsonl(tmp_path / f"two.jsonl.{suffix}", ROWS)
    assert file_hash(tmp_path / f"one.jsonl.{suffix}") == file_hash(tmp_path / f"two.jsonl.{suffix}")


@pytest.mark.parametrize("name", ["out.jsonl", "out.jsonl.gz", "out.jsonl.zst"])
def test_an_exception_in_the_middle_of_writing_leaves_nothing_behind(tmp_path: Path, name: str) -> None:
    def rows() -> Iterator[dict[str, Any]]:
        yield {"n": 1}
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        write_jsonl(tmp_path / name, rows())
    assert names_in(tmp_path) == []


def test_an_exception_in_the_middle_of_writing_leaves_the_older_file_untouched(tmp_path: Path) -> None:
    target = tmp_path / "out.jsonl"
    target.write_text("older\n")

    def fail_halfway() -> None:
        with atomic_write(target) as stream:
            stream.write(b"newer\n")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_halfway()
    assert target.read_text() == "older\n"
    assert names_in(tmp_path) == ["out.jsonl"]


def test_until_it_is_complete_a_file_does_not_have_its_name(tmp_path: Path) -> None:
    with atomic_write(tmp_path / "out.txt") as stream:
        stream.write(b"half")
        assert not (tmp_path / "out.txt").exists()
    assert (tmp_path / "out.txt").read_bytes() == b"half"


def test_writing_makes_the_folders_it_needs(tmp_path: Path) -> None:
    write_json(tmp_path / "a" / "b" / "value.json", {"k": [1, None]})
    assert read_json(tmp_path / "a" / "b" / "value.json") == {"k": [1, None]}


def test_lines_come_with_their_number_and_their_offset_in_the_decompressed_stream(write_bytes: WriteBytes) -> None:
    path = write_bytes("lines.txt.gz", "ä\r\n\nlast".encode())
    assert list(read_lines(path)) == [(1, 0, "ä\r\n".encode()), (2, 4, b"\n"), (3, 5, b"last")]


def test_text_lines_lose_byte_order_mark_line_ends_and_blank_lines(write_bytes: WriteBytes) -> None:
    path = write_bytes("lines.txt", b"\xef\xbb\xbffirst\r\n\r\n  \nfourth\n")
    assert list(read_text_lines(path)) == [(1, "first"), (4, "fourth")]


def test_a_zst_file_of_several_frames_is_read_to_its_end(write_bytes: WriteBytes, tmp_path: Path) -> None:
    frames = [zstandard.compress(b'{"n":%d}\n' % number) for number in range(3)]
    (tmp_path / "rows.jsonl.zst").write_bytes(b"".join(frames))
    assert [row["n"] for _, row in read_jsonl(tmp_path / "rows.jsonl.zst")] == [0, 1, 2]


@pytest.mark.parametrize("suffix", ["gz", "zst", "bz2", "xz"])
def test_compressed_data_that_are_cut_off_are_an_error_and_not_a_shorter_file(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"rows.jsonl.{suffix}"
    write_jsonl(path, ({"n": number, "noise": os.urandom(20).hex()} for number in range(5000)))
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(InputError, match=rf"rows.jsonl.{suffix}, line \d+: expected readable .{suffix} data") as raised:
        list(read_jsonl(path))
    assert "end-of-stream" in str(raised.value) or "end-of-frame" in str(raised.value)
    assert raised.value.line is not None
    # bzip2 has all of it in one block.
    assert (0 if suffix == "bz2" else 1) < raised.value.line <= 5000


@pytest.mark.parametrize("suffix", ["gz", "zst", "bz2", "xz"])
def test_data_that_are_not_compressed_as_the_name_says_are_an_error(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"rows.jsonl.{suffix}"
    path.write_bytes(b'{"n": 1}\n')
    with pytest.raises(InputError, match=f"line 1: expected readable .{suffix} data; found "):
        list(read_jsonl(path))


def test_gzip_data_with_damaged_bytes_are_an_error(tmp_path: Path) -> None:
    data = bytearray(gzip.compress(os.urandom(100_000).hex().encode()))
    data[5000:5100] = b"\xff" * 100
    (tmp_path / "rows.txt.gz").write_bytes(data)
    with pytest.raises(InputError, match=r"expected readable .gz data"):
        list(read_lines(tmp_path / "rows.txt.gz"))


def test_bytes_that_are_not_utf_8_are_named_with_line_and_column(write_bytes: WriteBytes) -> None:
    path = write_bytes("rows.jsonl", b'{"t": "fine"}\n{"t": "caf\xe9"}\n')
    with pytest.raises(InputError) as raised:
        list(read_jsonl(path))
    assert f"{path}, line 2: expected UTF-8 text; found byte 0xe9 at column 11" in str(raised.value)
    assert "iconv" in raised.value.hint


def test_after_a_byte_order_mark_the_bad_byte_is_still_the_one_named(write_bytes: WriteBytes) -> None:
    path = write_bytes("lines.txt", b"\xef\xbb\xbfcaf\xe9\n")
    with pytest.raises(InputError, match="line 1: expected UTF-8 text; found byte 0xe9 at column 4"):
        list(read_text_lines(path))


@pytest.mark.parametrize(
    ("line", "found"), [(b'{"a": 1', "'{\"a\": 1'"), (b"[1, 2]", r"\[1, 2\]"), (b"7", "7"), (b"null", "None")]
)
def test_a_line_that_is_no_json_object_is_shown(write_bytes: WriteBytes, line: bytes, found: str) -> None:
    path = write_bytes("rows.jsonl", b'{"a": 1}\n' + line + b"\n")
    with pytest.raises(InputError, match=f"rows.jsonl, line 2: expected one JSON object; found {found}"):
        list(read_jsonl(path))


def test_numbers_that_json_lacks_but_python_writes_are_none(write_bytes: WriteBytes) -> None:
    path = write_bytes("rows.jsonl", b'\xef\xbb\xbf{"a": NaN, "b": [1, -Infinity, Infinity], "c": "NaN"}\n{"a": 1}\n')
    assert [row for _, row in read_jsonl(path)] == [{"a": None, "b": [1, None, None], "c": "NaN"}, {"a": 1}]


@pytest.mark.parametrize("line", [b'{"a": NaN', b'{"a": nan}', b'{"NaN": x}', b"NaN", b"[NaN]"])
def test_a_line_is_not_json_because_a_nan_is_in_it(write_bytes: WriteBytes, line: bytes) -> None:
    path = write_bytes("rows.jsonl", line + b"\n")
    with pytest.raises(InputError, match="line 1: expected one JSON object"):
        list(read_jsonl(path))


def test_a_long_broken_line_is_shown_in_part_only(write_bytes: WriteBytes) -> None:
    path = write_bytes("rows.jsonl", b'{"a": "' + b"x" * 100_000 + b"\n")
    with pytest.raises(InputError) as raised:
        list(read_jsonl(path))
    assert len(str(raised.value)) < len(str(path)) + 300


def test_a_file_that_is_not_there_and_a_folder_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none.jsonl: expected a readable file; found nothing there"):
        list(read_jsonl(tmp_path / "none.jsonl"))
    with pytest.raises(InputError, match="expected a readable file; found a folder"):
        list(read_jsonl(tmp_path))


def test_broken_json_in_a_file_of_ours_is_an_input_error(write_bytes: WriteBytes) -> None:
    with pytest.raises(InputError, match=r"meta.json, line 2: expected JSON"):
        read_json(write_bytes("meta.json", b'{"a":\n}'))


def test_the_format_is_the_suffix_below_the_compression() -> None:
    suffixes = [format_suffix(Path(name)) for name in ("a.jsonl", "a.b.CSV", "a.tsv.gz", "a.parquet.zst", "a")]
    assert suffixes == [".jsonl", ".csv", ".tsv", ".parquet", ""]


WIDE = ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"]


@pytest.mark.parametrize("encoding", WIDE)
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_utf_16_and_utf_32_with_a_byte_order_mark_are_read_as_any_text(
    write_bytes: WriteBytes, encoding: str, suffix: str
) -> None:
    mark = "" if encoding in ("utf-16", "utf-32") else "\ufeff"
    text = f'{mark}{{"t": "naïve 日本 😀"}}\r\n\r\n{{"t": "{"x" * 100_000}"}}\r\n'
    path = write_bytes(f"rows.jsonl{suffix}", text.encode(encoding))
    assert [(number, row["t"][:11]) for number, row in read_jsonl(path)] == [(1, "naïve 日本 😀"), (3, "x" * 11)]
    assert [number for number, _ in read_text_lines(path)] == [1, 3]


def test_utf_16_that_is_cut_off_is_an_error_and_not_a_shorter_file(write_bytes: WriteBytes) -> None:
    path = write_bytes("rows.jsonl", '{"t": "a"}\n'.encode("utf-16")[:-1])
    with pytest.raises(InputError, match=r"rows.jsonl, line \d: expected UTF-16 text, as its byte order mark says"):
        list(read_jsonl(path))


def test_lines_that_end_in_a_carriage_return_alone_are_lines(write_bytes: WriteBytes) -> None:
    path = write_bytes("lines.txt", b"first\r\rthird\rfourth")
    assert list(read_text_lines(path)) == [(1, "first"), (3, "third"), (4, "fourth")]


def test_a_document_keeps_its_line_ends_and_a_text_has_those_of_unix(write_bytes: WriteBytes) -> None:
    path = write_bytes("d.txt", b"\xef\xbb\xbfone\r\ntwo\rthree\n")
    assert read_document(path) == "one\r\ntwo\rthree\n"
    assert read_text(path) == "one\ntwo\nthree\n"


def test_a_document_that_is_not_utf_8_is_named_by_the_line(write_bytes: WriteBytes) -> None:
    with pytest.raises(InputError, match="line 3: expected UTF-8 text; found byte 0xe9 at column 4"):
        read_document(write_bytes("d.txt", b"one\n\ncaf\xe9\n"))


@pytest.mark.parametrize(("data", "hint"), [(b"[\n{}\n]", "jq -c '.[]'"), (b'{\n"a": 1}', "jq -c '.'")])
def test_json_that_is_not_in_lines_is_told_how_to_be_written_in_lines(
    write_bytes: WriteBytes, data: bytes, hint: str
) -> None:
    path = write_bytes("rows.jsonl", data)
    with pytest.raises(InputError, match="line 1: expected one JSON object") as raised:
        list(read_jsonl(path))
    assert raised.value.hint == f"write one object a line: {hint} {path} > NEW"
