"""Models that are not there, or whose files are broken: every family says so, scoring and training alike."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inpars.errors import InparsError
from inpars.models.locate import why_absent
from inpars.models.scorers import family_of, load_scorer
from inpars.models.scorers.options import ScoringOptions
from inpars.train.config import TrainConfig
from inpars.train.families import FAMILIES

FAMILY_NAMES = ("bi-encoder", "cross-encoder", "llm", "seq2seq")
Load = Callable[[str, str], Any]


def score(model: str, family: str) -> Any:
    """A score by a model: seq2seq's weights are loaded with the first pair alone."""
    scheme = {"scheme": "monot5"} if family == "seq2seq" else {}
    scorer = load_scorer(model, ScoringOptions(family=family, **scheme))
    return scorer.score({"q": "wing lift"}, {"d": "drag flow"}, {"q": ["d"]})


def prepare(model: str, family: str) -> Any:
    """A model loaded for training."""
    scheme = {"scheme": "monot5"} if family == "seq2seq" else {}
    return FAMILIES[family](model, TrainConfig(family=family, base_model=model, **scheme))


@pytest.fixture(scope="session")
def models(tiny_bi_encoder: Path, tiny_cross_encoder: Path, tiny_seq2seq: Path, tmp_path_factory: Any) -> Any:
    """A whole model of each family, by family."""
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    tokenizer = AutoTokenizer.from_pretrained(tiny_cross_encoder)
    tokenizer.add_tokens(["yes", "no"])
    llm = tmp_path_factory.mktemp("models") / "llm"
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2}
    LlamaForCausalLM(LlamaConfig(vocab_size=len(tokenizer), **sizes)).save_pretrained(llm)
    tokenizer.save_pretrained(llm)
    return dict(zip(FAMILY_NAMES, (tiny_bi_encoder, tiny_cross_encoder, llm, tiny_seq2seq), strict=True))


def refused(load: Load, model: str | Path, family: str) -> str:
    """What a person reads: one line on the model, and a hint."""
    with pytest.raises(InparsError) as error:
        load(str(model), family)
    assert error.value.exit_code == 2
    assert error.value.hint
    assert "\n" not in error.value.message
    assert repr(str(model)) in error.value.message
    return error.value.message


def empty_the_config(folder: Path) -> None:
    (folder / "config.json").write_text("")


def leave_braces_in_the_config(folder: Path) -> None:
    (folder / "config.json").write_text("{}")


def cut_the_weights_short(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])


def take_the_weights_away(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


def put_other_bytes_in_their_place(folder: Path) -> None:
    take_the_weights_away(folder)
    (folder / "pytorch_model.bin").write_bytes(b"no weights")


def say_another_shape(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"vocab_size": config["vocab_size"] + 1}))


def say_a_width_that_is_no_number(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"vocab_size": "many"}))


def take_the_tokenizer_away(folder: Path) -> None:
    for file in folder.glob("tokenizer*"):
        file.unlink()


BROKEN = [
    (empty_the_config, "not a valid JSON file"),
    (leave_braces_in_the_config, "Unrecognized model"),
    (cut_the_weights_short, "the file of its weights is broken or cut short"),
    (take_the_weights_away, "no file named model.safetensors"),
    (put_other_bytes_in_their_place, "the file of its weights is broken or cut short"),
    (say_another_shape, "its weights have other shapes than its config.json says"),
    (say_a_width_that_is_no_number, "its config.json: Validation error for field 'vocab_size'"),
    (take_the_tokenizer_away, "it has no tokenizer that can be read"),
]


def test_whole_models_load(models: dict[str, Path]) -> None:
    for family, folder in models.items():
        assert score(str(folder), family)["q"].keys() == {"d"}
        assert prepare(str(folder), family).model is not None


@pytest.mark.parametrize("load", [score, prepare])
@pytest.mark.parametrize("family", FAMILY_NAMES)
@pytest.mark.parametrize(("damage", "said"), BROKEN, ids=[damage.__name__ for damage, _ in BROKEN])
def test_broken_files(
    damage: Callable[[Path], None], said: str, family: str, load: Load, models: dict[str, Path], tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(models[family], folder)
    damage(folder)
    message = refused(load, folder, family)
    assert message.startswith(f"model '{folder}' cannot be loaded: ")
    assert said in message


@pytest.mark.parametrize("load", [score, prepare])
@pytest.mark.parametrize("family", FAMILY_NAMES)
def test_models_that_are_not_there(family: str, load: Load, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    assert refused(load, gone, family) == f"there is no model '{gone}': there is no such folder"
    assert "the folder has none of config.json, modules.json" in refused(load, tmp_path, family)
    assert "offline (HF_HUB_OFFLINE) the Hub's cache has no such model" in refused(load, "nosuch/model", family)


def test_the_family_of_a_model_that_is_not_there(tmp_path: Path) -> None:
    def ask(model: str, _: str) -> str:
        return family_of(model)

    assert refused(ask, tmp_path / "gone", "").endswith("there is no such folder")
    assert "the folder has none of config.json" in refused(ask, tmp_path, "")
    assert refused(ask, "nosuch/model", "").startswith("there is no model 'nosuch/model': there is no such folder, and")


def test_configurations_that_are_no_objects(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("[]")
    with pytest.raises(InparsError, match=r"config.json: expected a JSON object; found an array"):
        family_of(str(tmp_path))
    (tmp_path / "config.json").write_text("")
    with pytest.raises(InparsError, match=r"config.json, line 1: expected JSON"):
        family_of(str(tmp_path))


def test_an_adapter_that_names_no_base(tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text('{"peft_type": "LORA"}')
    with pytest.raises(InparsError, match="expected the adapter's base in 'base_model_name_or_path'; found None"):
        family_of(str(tmp_path))


def test_a_file_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "weights.bin").write_bytes(b"")
    assert why_absent(str(tmp_path / "weights.bin")) == "it is a file, where a model is a folder or a file in GGUF"


def test_offline_a_model_in_the_cache_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    assert "offline" in why_absent("some/model")
    snapshot = tmp_path / "models--some--model" / "snapshots" / "0123"
    snapshot.mkdir(parents=True)
    assert "offline" in why_absent("some/model")
    (snapshot / "config.json").write_text("{}")
    assert why_absent("some/model") == ""


def test_where_the_hub_may_be_asked_no_name_of_its_form_is_refused(hub: Callable[[int], str]) -> None:
    hub(404)
    assert why_absent("nosuch/model") == why_absent("nosuch-model") == ""
    assert why_absent("no/such/model") == why_absent("./model") == why_absent("model/") == "there is no such folder"
