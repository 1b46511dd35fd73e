"""Reading what a GGUF file says of itself, and refusing what is none."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from tiny_gguf import tiny_llama, vocabulary, write_gguf

from inpars.errors import InputError
from inpars.models.gguf.header import content_hash, part_of, read_header


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_gguf(tmp_path_factory.mktemp("gguf") / "tiny.gguf", tiny_llama(), kind="Q8_0")


def test_metadata_and_tensors_are_those_that_gguf_itself_reads(whole: Path) -> None:
    from gguf import GGUFReader

    header, theirs = read_header(whole), GGUFReader(whole)
    assert header.architecture == "llama"
    assert header.languages == ("en",)
    assert header.of_model("context_length") == 128
    assert header.of_model("nothing", 7) == 7
    for key, value in header.metadata.items():
        if key not in ("tokenizer.ggml.tokens", "tokenizer.ggml.merges"):
            assert value == theirs.fields[key].contents()
    assert header.metadata["tokenizer.ggml.tokens"] == vocabulary()[0]
    for ours, tensor in zip(header.tensors, theirs.tensors, strict=True):
        assert (ours.name, ours.shape, ours.kind) == (tensor.name, tuple(tensor.shape), tensor.tensor_type)
        assert header.data + ours.offset == tensor.data_offset
        assert ours.elements == tensor.n_elements


def test_of_a_long_vocabulary_only_the_length_is_read(tmp_path: Path) -> None:
    names = [f"token {number}" for number in range(2000)]
    header = read_header(write_gguf(tmp_path / "long.gguf", metadata={"words": names, "after": "it"}))
    assert header.metadata["words"] == 2000
    assert header.metadata["after"] == "it"


def test_a_file_cut_anywhere_in_its_header_or_before_its_last_tensor_is_said_to_be(whole: Path, tmp_path: Path) -> None:
    data, cut = whole.read_bytes(), tmp_path / "cut.gguf"
    header = read_header(whole)
    last = header.data + max(tensor.offset for tensor in header.tensors)
    for length in (4, 23, 24, 100, 3000, header.data - 64, last):
        cut.write_bytes(data[:length])
        with pytest.raises(InputError, match="expected a whole GGUF file") as error:
            read_header(cut)
        assert "cut short" in error.value.hint


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "an empty file"),
        (b"<!DOCTYPE html><html>", r"a web page \(HTML\)"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "a Git LFS pointer"),
        (b"PK\x03\x04....", "a zip archive"),
        (b"ggjt\x03\x00", "one that begins with b'ggjt'"),
        (b"GGUF\x01\x00\x00\x00" + bytes(32), "GGUF version 1"),
        (b"GGUF\x00\x00\x00\x03" + bytes(32), "big-endian GGUF version 3"),
        (b"GGUF\x03\x00\x00\x00" + b"\xff" * 32, "a broken header"),
    ],
)
def test_what_is_no_gguf_is_named(tmp_path: Path, content: bytes, found: str) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(content)
    with pytest.raises(InputError, match=f"found {found}"):
        read_header(path)


def test_a_file_that_has_changed_is_read_again(tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "a.gguf", metadata={"general.name": "first"})
    before = read_header(path).metadata["general.name"], content_hash(path)
    assert content_hash(path) == before[1]
    write_gguf(path, metadata={"general.name": "second"})
    os.utime(path, ns=(1, 1))
    assert read_header(path).metadata["general.name"] == "second"
    assert content_hash(path) != before[1]


def test_parts_are_told_by_the_name_and_by_the_header(tmp_path: Path) -> None:
    one = np.zeros(32, dtype=np.float32)
    named = write_gguf(tmp_path / "big-00002-of-00003.gguf", tensors={"a": one})
    said = write_gguf(tmp_path / "renamed.gguf", metadata={"split.no": 0, "split.count": 3}, tensors={"a": one})
    whole = write_gguf(tmp_path / "whole.gguf", metadata={"split.no": 0, "split.count": 1}, tensors={"a": one})
    assert [part_of(path, read_header(path)) for path in (named, said, whole)] == [(2, 3), (1, 3), (1, 1)]
