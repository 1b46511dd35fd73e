"""What a file is that was taken for text, and the hint that goes with it."""

import io
import sqlite3
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from inpars.data.contents import not_text, web_page
from inpars.data.corpora import open_corpus
from inpars.data.files import read_jsonl, read_text, read_text_lines
from inpars.errors import InputError

WriteBytes = Callable[[str, bytes], Path]
LINE = b'{"id": "1", "text": "wings lift"}\n'


def parquet() -> bytes:
    stream = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table({"id": ["1"], "text": ["wings lift"]}), stream)
    return stream.getvalue()


def zipped(*names: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return stream.getvalue()


def tarred() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        member = tarfile.TarInfo("docs.jsonl")
        member.size = len(LINE)
        archive.addfile(member, io.BytesIO(LINE))
    return stream.getvalue()


def database(folder: Path) -> bytes:
    connection = sqlite3.connect(folder / "made.db")
    connection.execute("create table docs (id text)")
    connection.commit()
    connection.close()
    return (folder / "made.db").read_bytes()


@pytest.mark.parametrize(
    ("data", "found", "hint"),
    [
        (parquet(), "a Parquet file", ".parquet"),
        (zipped("docs.jsonl"), "a zip archive", "unpack it first"),
        (zipped("[Content_Types].xml", "xl/workbook.xml"), "an Excel workbook", "CSV UTF-8"),
        (zipped("[Content_Types].xml", "word/document.xml"), "a Word document", "plain text"),
        (tarred(), "a tar archive", "tar -xf"),
        (b"%PDF-1.7\n", "a PDF file", "pdftotext"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), "an old Office file (.xls or .doc)", "CSV UTF-8"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", "a Git LFS pointer", "git lfs pull"),
        ('{"id": "1"}\n'.encode("utf-16-le"), "UTF-16 text (LE) without a byte order mark", "iconv -f utf-16le"),
        ('{"id": "1"}\n'.encode("utf-16-be"), "UTF-16 text (BE) without a byte order mark", "iconv -f utf-16be"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_text_is_named_in_every_reader_of_text(
    write_bytes: WriteBytes, data: bytes, found: str, hint: str
) -> None:
    path = write_bytes("d.jsonl", data)
    for read in (read_jsonl, read_text_lines, open_corpus):
        with pytest.raises(InputError, match=r"d\.jsonl: expected a text file; found") as raised:
            list(read(path))  # type: ignore[operator]
        assert f"found {found}" in raised.value.message
        assert hint in raised.value.hint
    with pytest.raises(InputError, match="expected a text file"):
        read_text(path)


def test_a_database_is_named(write_bytes: WriteBytes, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="found an SQLite database"):
        list(read_jsonl(write_bytes("d.jsonl", database(tmp_path))))


@pytest.mark.parametrize("suffix", [".gz", ".zst", ".bz2", ".xz"])
def test_compressed_data_without_the_ending_are_told_how_to_be_called(write_bytes: WriteBytes, suffix: str) -> None:
    path = write_bytes(f"d.jsonl{suffix}", LINE)
    bare = path.rename(path.with_name("d.jsonl"))
    with pytest.raises(InputError, match="expected a text file; found") as raised:
        list(open_corpus(bare))
    assert raised.value.hint.endswith(f"mv {bare} {bare}{suffix}")


@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".xz"])
def test_data_that_are_not_compressed_are_told_so(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"d.jsonl{suffix}"
    path.write_bytes(LINE)
    with pytest.raises(InputError, match=f"expected readable {suffix} data") as raised:
        list(open_corpus(path))
    assert raised.value.hint == f"it is not compressed: mv {path} {tmp_path / 'd.jsonl'}"


@pytest.mark.parametrize("name", ["d.jsonl", "d.json", "d.csv", "d.tsv", "d.parquet", "d.arrow", "d", "d.run"])
def test_an_error_page_that_was_saved_as_data_is_told(write_bytes: WriteBytes, name: str) -> None:
    path = write_bytes(name, b"\n<!DOCTYPE html>\n<html><body>404</body></html>\n")
    path.write_bytes(path.read_bytes().lstrip())
    with pytest.raises(InputError, match=r"found a web page \(HTML\)") as raised:
        list(open_corpus(path))
    assert "download the file again" in raised.value.hint
    if name == "d.run":
        with pytest.raises(InputError, match=r"found a web page \(HTML\)"):
            list(read_text_lines(path))


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "gb18030", "shift_jis"])
def test_other_encodings_are_told_how_to_convert_this_very_file(write_bytes: WriteBytes, encoding: str) -> None:
    word = "café" if encoding in ("latin-1", "cp1252") else "日本"
    path = write_bytes("d.csv", f"id,text\n1,{word}\n".encode(encoding))
    with pytest.raises(InputError, match="line 2: expected UTF-8 text; found byte 0x") as raised:
        list(open_corpus(path))
    assert f"iconv -f cp1252 -t utf-8 {path} > NEW" in raised.value.hint
    assert "gb18030" in raised.value.hint


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"plain text\n",
        "\ufeffid,text\n".encode(),
        "日本語の文書です".encode(),
        b"a\0b",
        b"# PK\x03\x04",
        b"PAR1\tthe first",
        b"BZh and so on",
    ],
)
def test_text_is_text(head: bytes) -> None:
    assert not_text(head, Path("d.txt")) is None
    assert web_page(head) is None
