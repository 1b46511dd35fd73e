"""Writers of real files in every form that a corpus may have."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
import zstandard

Rows = list[dict[str, Any]]


@pytest.fixture
def write_bytes(tmp_path: Path) -> Callable[[str, bytes], Path]:
    """Write bytes to a file in the test's folder, in folders below it too, compressed as its name says."""

    def write(name: str, data: bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_COMPRESSORS.get(path.suffix, bytes)(data))
        return path

    return write


@pytest.fixture
def write_documents(write_bytes: Callable[[str, bytes], Path]) -> Callable[[str, Rows], Path]:
    """Write rows to a file in the format that its name says."""

    def write(name: str, rows: Rows) -> Path:
        encode = next(encoder for suffix, encoder in _ENCODERS.items() if suffix in name)
        return write_bytes(name, encode(rows))

    return write


def _jsonl(rows: Rows) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def _csv(rows: Rows) -> bytes:
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue().encode()


def _tsv(rows: Rows) -> bytes:
    lines = [list(rows[0]), *(map(str, row.values()) for row in rows)]
    return "".join("\t".join(line) + "\n" for line in lines).encode()


def _parquet(rows: Rows) -> bytes:
    stream = io.BytesIO()
    # Small row groups, so that several are met.
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), stream, row_group_size=7)
    return stream.getvalue()


_COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".zst": zstandard.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
}


def _json(rows: Rows) -> bytes:
    return ("[" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "]").encode()


def _arrow(rows: Rows) -> bytes:
    stream = io.BytesIO()
    table = pyarrow.Table.from_pylist(rows)
    with pyarrow.ipc.new_stream(stream, table.schema) as writer:
        writer.write_table(table, max_chunksize=7)
    return stream.getvalue()


_ENCODERS: dict[str, Callable[[Rows], bytes]] = {
    ".jsonl": _jsonl,
    ".json": _json,
    ".csv": _csv,
    ".tsv": _tsv,
    ".parquet": _parquet,
    ".arrow": _arrow,
}
