"""Which GGUF files hold a language model that can be read here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tiny_gguf import tiny_llama, write_gguf

from inpars.errors import InparsError
from inpars.models.gguf.kinds import is_gguf, require_readable, why_unreadable


@pytest.mark.parametrize(
    ("architecture", "metadata", "what"),
    [
        ("bert", {}, "an encoder (bert)"),
        ("nomic-bert-moe", {}, "an encoder (nomic-bert-moe)"),
        ("t5encoder", {}, "an encoder (t5encoder)"),
        ("llama", {"llama.attention.causal": False}, "an encoder (llama)"),
        ("t5", {}, "an encoder with a decoder (t5)"),
        ("qwen3", {"qwen3.pooling_type": 3}, "a model of embeddings (qwen3)"),
        ("qwen3", {"qwen3.pooling_type": 4}, "a reranker (qwen3)"),
        ("clip", {}, "the part of a model that reads images or sound"),
        ("llama", {"general.type": "adapter"}, "a low-rank adapter, which goes on a model"),
        ("llama", {"general.type": "mmproj"}, "the part of a model that reads images or sound"),
    ],
)
def test_what_writes_nothing_is_named(tmp_path: Path, architecture: str, metadata: dict[str, Any], what: str) -> None:
    path = write_gguf(tmp_path / "model.gguf", architecture=architecture, metadata=metadata)
    assert why_unreadable(path) == f"it is {what}, and no language model that writes"


def test_nothing_is_wrong_with_a_language_model(tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "model.gguf", tiny_llama(), metadata={"llama.pooling_type": 0})
    assert why_unreadable(path) == ""
    require_readable(path, "mine")


def test_a_part_is_to_be_joined_with_the_others(tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "model-00001-of-00002.gguf", tiny_llama())
    assert "it is part 1 of 2 of a model; join them" in why_unreadable(path)
    assert "llama-gguf-split --merge" in why_unreadable(path)


def test_a_broken_file_is_told_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "model.gguf").write_bytes(b"GGUF\x03\x00")
    told = why_unreadable(tmp_path / "model.gguf")
    assert told == "expected a whole GGUF file; found 6 bytes; it is cut short: download or copy it again"


def test_a_file_is_known_by_its_name_or_its_beginning(tmp_path: Path) -> None:
    blob = tmp_path / "sha256-1234"
    write_gguf(blob, metadata={"general.name": "as Ollama keeps them"})
    (tmp_path / "notes.txt").write_text("GGU")
    assert is_gguf(blob)
    assert not is_gguf(tmp_path / "notes.txt")
    assert not is_gguf(tmp_path)
    assert not is_gguf(tmp_path / "none.gguf")


def test_an_architecture_that_the_library_does_not_read_is_named_with_a_way_out(tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "model.gguf", architecture="rwkv7")
    assert why_unreadable(path) == ""
    with pytest.raises(InparsError, match="'mine' cannot be loaded: its architecture is 'rwkv7'") as error:
        require_readable(path, "mine")
    assert "openai:NAME" in error.value.hint


@pytest.mark.parametrize("architecture", ["qwen2moe", "gpt-oss", "minimax-m2", "gemma3", "lfm2"])
def test_architectures_are_known_under_llama_cpps_names(tmp_path: Path, architecture: str) -> None:
    require_readable(write_gguf(tmp_path / "model.gguf", architecture=architecture), "mine")


def test_a_quantisation_that_the_library_does_not_read_is_named(tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "model.gguf", tiny_llama(), kind="Q8_0")
    data = path.read_bytes()
    # Of the first matrix the number of its format: Q8_0 is 8, Q8_1 is 9, and 99 is nobody's.
    name = b"token_embd.weight"
    place = data.index(name) + len(name) + 4 + 2 * 8
    assert data[place] == 8
    for number, called in ((9, "Q8_1"), (99, "number 99")):
        path.write_bytes(data[:place] + bytes([number]) + data[place + 1 :])
        with pytest.raises(InparsError, match=f"'token_embd.weight' is quantised as {called}, which gguf") as error:
            require_readable(path, "mine")
        assert "another quantisation" in error.value.hint


def test_a_file_cut_within_its_last_tensor_is_said_to_be(tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "model.gguf", tiny_llama())
    path.write_bytes(path.read_bytes()[:-64])
    with pytest.raises(InparsError, match=r"it is cut short: its tensor .* ends at byte"):
        require_readable(path, "mine")
