"""A model in GGUF becomes a model of transformers that says the same."""

from __future__ import annotations

import json
import math
import multiprocessing
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_gguf import TEXT_END, TURN_END, dequantised, tiny_llama, vocabulary, write_gguf

from inpars.errors import InparsError, MissingDependency
from inpars.models.gguf import converting
from inpars.models.gguf.converting import check_convertible, conversion_path, converted, gguf_fingerprint


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    import torch

    monkeypatch.setenv("INPARS_CACHE", str(tmp_path / "cache"))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def load(folder: Path, **options: Any) -> Any:
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(folder, **options).eval()


def tokenizer_of(folder: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder)


def logits(model: Any, length: int = 48) -> Any:
    import torch

    ids = torch.randint(3, model.config.vocab_size, (2, length), generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        return model(ids).logits


def rounded(model: Any, dtype: Any) -> Any:
    """`model` with its weights, and nothing else, rounded."""
    import torch

    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(parameter.to(dtype))
    return model


@pytest.mark.parametrize(("kind", "kept"), [("F32", "float32"), ("F16", "float16"), ("BF16", "bfloat16")])
def test_plain_weights_are_kept_as_they_are(tmp_path: Path, kind: str, kept: str) -> None:
    import torch

    model = tiny_llama()
    folder = converted(write_gguf(tmp_path / "tiny.gguf", model, kind=kind), "tiny")
    found = load(folder, dtype="auto")
    assert found.dtype == getattr(torch, kept)
    expected = rounded(model, found.dtype)
    assert torch.equal(logits(found.float()), logits(expected))


@pytest.mark.parametrize("kind", ["Q8_0", "Q4_1"])
def test_quantised_weights_say_what_they_say_dequantised(tmp_path: Path, kind: str) -> None:
    import torch

    path = write_gguf(tmp_path / "tiny.gguf", tiny_llama(), kind=kind)
    found = load(converted(path, "tiny"), dtype="auto")
    assert found.dtype == torch.bfloat16
    expected = dequantised(tiny_llama(), kind)
    assert torch.equal(logits(found.float()), logits(rounded(expected, torch.bfloat16)))
    assert not torch.allclose(logits(found.float()), logits(tiny_llama()), atol=1e-3)


def test_an_output_matrix_of_its_own_stays_one(tmp_path: Path) -> None:
    import torch

    model = tiny_llama(tie_word_embeddings=False)
    found = load(converted(write_gguf(tmp_path / "tiny.gguf", model), "tiny"))
    assert not found.config.tie_word_embeddings
    assert torch.equal(logits(found), logits(model))


def test_what_is_saved_loads_without_gguf_and_knows_its_context(tmp_path: Path) -> None:
    folder = converted(write_gguf(tmp_path / "tiny.gguf", tiny_llama(), kind="Q8_0"), "tiny")
    config = json.loads((folder / "config.json").read_text())
    assert "quantization_config" not in config
    assert config["max_position_embeddings"] == 128
    assert json.loads((folder / "tokenizer_config.json").read_text()).keys().isdisjoint({"gguf_file"})


def test_answers_end_at_every_token_that_ends_one(tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "tiny.gguf", tiny_llama(), metadata={"tokenizer.ggml.eot_token_id": 7})
    found = load(converted(path, "tiny"))
    tokens, _ = vocabulary()
    ends = [tokens.index(TEXT_END), tokens.index(TURN_END), 7]
    assert found.generation_config.eos_token_id == found.config.eos_token_id == ends


def test_a_word_that_looks_like_an_end_is_none(tmp_path: Path) -> None:
    tokens, _ = vocabulary()
    # By its kind (1), the first token is text.
    kinds = [1, 3, 3, *[1] * (len(tokens) - 3)]
    path = write_gguf(tmp_path / "tiny.gguf", tiny_llama(), metadata={"tokenizer.ggml.token_type": kinds})
    assert load(converted(path, "tiny")).generation_config.eos_token_id == [2]


def test_the_tokenizer_writes_chats_and_reads_text_back(tmp_path: Path) -> None:
    tokenizer = tokenizer_of(converted(write_gguf(tmp_path / "tiny.gguf", tiny_llama()), "tiny"))
    turns = [{"role": "user", "content": "the wing"}]
    written = tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False)
    assert written == "<|im_start|>user\nthe wing<|im_end|>\n<|im_start|>assistant\n"
    ids = tokenizer(written)["input_ids"]
    assert ids[0] == 1
    assert ids.count(2) == 1
    assert tokenizer.decode(ids) == written


@pytest.mark.parametrize(("way", "cut"), [("smollm", ["1", "2"]), ("gpt-2", ["12"])])
def test_digits_are_cut_as_the_file_says(tmp_path: Path, way: str, cut: list[str]) -> None:
    path = write_gguf(tmp_path / "tiny.gguf", tiny_llama(), metadata={"tokenizer.ggml.pre": way})
    assert tokenizer_of(converted(path, "tiny")).tokenize("12") == cut


def test_an_unknown_way_to_cut_text_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_gguf(tmp_path / "tiny.gguf", tiny_llama(), metadata={"tokenizer.ggml.pre": "viking"})
    converted(path, "tiny")
    assert "text is cut into words as GPT-2 does, and not as the file says (viking)" in capsys.readouterr().err


def test_a_mark_that_begins_every_text_is_put_where_the_file_wants_it(tmp_path: Path) -> None:
    ids = {}
    for wanted in (False, True):
        metadata = {"tokenizer.ggml.add_bos_token": wanted}
        path = write_gguf(tmp_path / f"{wanted}.gguf", tiny_llama(), metadata=metadata)
        ids[wanted] = tokenizer_of(converted(path, "tiny"))("the wing")["input_ids"]
    assert ids[True] == [1, *ids[False]]


def test_weights_that_the_library_leaves_out_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    more = {"blk.0.attn_q.bias": np.ones(32, dtype=np.float32)}
    converted(write_gguf(tmp_path / "tiny.gguf", tiny_llama(), tensors=more), "tiny")
    said = " ".join(capsys.readouterr().err.split())
    assert "transformers leaves out 32 of the file's" in said


def test_frequencies_are_divided_as_the_file_says(tmp_path: Path) -> None:
    """As llama.cpp's converter writes Llama 3.1's positions, and transformers computes them from its config."""
    import torch

    scaling = {"factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 32}
    model = tiny_llama(rope_parameters={"rope_type": "llama3", "rope_theta": 10000.0, **scaling})
    plain = 1 / 10000.0 ** (np.arange(0, 8, 2) / 8)
    factors = []
    for frequency in plain:
        length = 2 * math.pi / frequency
        smooth = (32 / length - 1) / (4 - 1)
        blended = 1 / ((1 - smooth) / 8 + smooth)
        factors.append(1.0 if length < 32 / 4 else 8.0 if length > 32 / 1 else blended)
    path = write_gguf(tmp_path / "tiny.gguf", model, tensors={"rope_freqs.weight": np.array(factors, dtype=np.float32)})
    found = load(converted(path, "tiny"))
    assert torch.allclose(found.model.rotary_emb.inv_freq, model.model.rotary_emb.inv_freq, rtol=1e-5)
    assert torch.allclose(logits(found, 120), logits(model, 120), atol=1e-4)
    assert not torch.allclose(logits(found, 120), logits(tiny_llama(), 120), atol=1e-2)


@pytest.mark.parametrize("kind", ["linear", "yarn"])
def test_a_context_made_longer_is_read_as_such(tmp_path: Path, kind: str) -> None:
    import torch

    own = {"original_max_position_embeddings": 32} if kind == "yarn" else {}
    model = tiny_llama(rope_parameters={"rope_type": kind, "rope_theta": 10000.0, "factor": 4.0, **own})
    metadata = {
        "llama.rope.scaling.type": kind,
        "llama.rope.scaling.factor": 4.0,
        "llama.rope.scaling.original_context_length": 32,
    }
    found = load(converted(write_gguf(tmp_path / "tiny.gguf", model, metadata=metadata), "tiny"))
    assert torch.allclose(logits(found, 120), logits(model, 120), atol=1e-4)
    assert not torch.allclose(logits(found, 120), logits(tiny_llama(), 120), atol=1e-2)


def test_an_unknown_scaling_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    metadata = {"llama.rope.scaling.type": "novel", "llama.rope.scaling.factor": 4.0}
    converted(write_gguf(tmp_path / "tiny.gguf", tiny_llama(), metadata=metadata), "tiny")
    assert "scales positions in a way that is not known here (novel)" in " ".join(capsys.readouterr().err.split())


def test_a_file_is_converted_once_wherever_it_lies(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_gguf(tmp_path / "tiny.gguf", tiny_llama(), kind="Q8_0")
    folder = converted(path, "tiny")
    assert capsys.readouterr().err.count("converting tiny") == 1
    (tmp_path / "elsewhere").mkdir()
    copy = shutil.copy(path, tmp_path / "elsewhere" / "renamed.gguf")
    assert converted(copy, "tiny") == folder
    assert capsys.readouterr().err == ""
    assert gguf_fingerprint(copy) == gguf_fingerprint(path)
    other = write_gguf(tmp_path / "other.gguf", tiny_llama(), kind="Q4_1")
    assert conversion_path(other) != folder
    assert gguf_fingerprint(other) != gguf_fingerprint(path)


def test_the_conversion_says_where_it_comes_from(tmp_path: Path) -> None:
    folder = converted(write_gguf(tmp_path / "tiny.gguf", tiny_llama()), "tiny")
    source = json.loads((folder / "source.json").read_text())
    assert source["file"] == "tiny.gguf"
    assert source["general"]["license"] == "apache-2.0"
    assert source["general"]["name"] == "Tiny Model"
    assert len(source["sha256"]) == 64
    assert folder.name.startswith("tiny-model-")


def test_what_a_killed_conversion_left_behind_is_cleared_away(tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "tiny.gguf", tiny_llama())
    folder = conversion_path(path)
    left = folder.with_name(f".{folder.name}.0123abcd.tmp")
    left.mkdir(parents=True)
    (left / "model.safetensors").write_bytes(b"half")
    assert converted(path, "tiny") == folder
    assert not left.exists()
    assert load(folder)


def test_nothing_is_left_behind_where_the_conversion_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny_llama()
    del model.model.layers[1].mlp
    path = write_gguf(tmp_path / "tiny.gguf", model)
    with pytest.raises(InparsError, match=r"the file has no weights for 'model\.layers\.1\.mlp"):
        converted(path, "tiny")
    assert [each.suffix for each in conversion_path(path).parent.iterdir()] == [".lock"]


def test_a_full_disk_is_told_before_anything_is_converted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_gguf(tmp_path / "tiny.gguf", tiny_llama())
    real = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(converting.shutil, "disk_usage", lambda _: real._replace(free=1000))
    with pytest.raises(InparsError, match=r"has 0 MB free, and the converted model takes \d") as error:
        converted(path, "tiny")
    assert "INPARS_CACHE" in error.value.hint


def test_a_cache_that_cannot_be_written_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_gguf(tmp_path / "tiny.gguf", tiny_llama())
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("INPARS_CACHE", str(tmp_path / "file"))
    with pytest.raises(InparsError, match="cannot keep the converted model in") as error:
        converted(path, "tiny")
    assert "INPARS_CACHE" in error.value.hint


def test_the_library_gguf_is_needed_only_to_convert(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    path = write_gguf(tmp_path / "tiny.gguf", tiny_llama())
    there = importlib.util.find_spec
    monkeypatch.setattr("inpars.errors.importlib.util.find_spec", lambda name: None if name == "gguf" else there(name))
    with pytest.raises(MissingDependency) as error:
        check_convertible(path, "tiny")
    assert error.value.hint == 'pip install "inpars[gguf]"'
    monkeypatch.undo()
    monkeypatch.setenv("INPARS_CACHE", str(tmp_path / "cache"))
    folder = converted(path, "tiny")
    monkeypatch.setattr("inpars.errors.importlib.util.find_spec", lambda name: None if name == "gguf" else there(name))
    check_convertible(path, "tiny")
    assert converted(path, "tiny") == folder


def _convert(path: Path, start: Any, found: Any) -> None:
    start.wait()
    found.put((str(converted(path, "tiny")), (conversion_path(path) / "config.json").stat().st_ino))


def test_of_two_processes_one_converts_and_both_have_the_model(tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "tiny.gguf", tiny_llama())
    import transformers.modeling_gguf_pytorch_utils  # noqa: F401 - so that the children need not

    context = multiprocessing.get_context("fork")
    start, found = context.Event(), context.Queue()
    processes = [context.Process(target=_convert, args=(path, start, found)) for _ in range(2)]
    for process in processes:
        process.start()
    start.set()
    results = [found.get(timeout=60) for _ in processes]
    for process in processes:
        process.join()
    assert results[0] == results[1]
    assert results[0][0] == str(conversion_path(path))
    assert sorted(each.name for each in conversion_path(path).parent.iterdir()) == sorted(
        [conversion_path(path).name, f"{conversion_path(path).name}.lock"]
    )
