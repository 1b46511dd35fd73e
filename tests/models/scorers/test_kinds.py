"""What a model's files say that it is decides what it may score or be trained as."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inpars.errors import InparsError, OptionError
from inpars.models.scorers import family_of, load_scorer
from inpars.models.scorers.kinds import require_base, require_scorer
from inpars.models.scorers.options import ScoringOptions

FAMILIES = ("bi-encoder", "cross-encoder", "llm", "seq2seq")


@pytest.fixture
def saying(tmp_path: Path) -> Callable[..., str]:
    """A folder of configuration files alone."""

    def make(name: str = "model", **files: Any) -> str:
        folder = tmp_path / name
        folder.mkdir()
        for file, content in files.items():
            (folder / f"{file}.json").write_text(json.dumps(content))
        return str(folder)

    return make


@pytest.fixture
def models(saying: Any, tiny_bi_encoder: Path, tiny_cross_encoder: Path, tiny_seq2seq: Path) -> dict[str, str]:
    named = {"bi-encoder": tiny_bi_encoder, "cross-encoder": tiny_cross_encoder, "seq2seq": tiny_seq2seq}
    decoder = saying("decoder", config={"architectures": ["GPT2LMHeadModel"]})
    return {family: str(path) for family, path in named.items()} | {"llm": decoder}


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"config_sentence_transformers": {"model_type": "SparseEncoder"}}, r"a sparse encoder \(SPLADE\)"),
        ({"config_sentence_transformers": {"model_type": "MultiVectorEncoder"}}, r"a multi-vector model \(ColBERT\)"),
        ({"modules": [{"type": "sentence_transformers.sparse_encoder.models.SpladePooling"}]}, "SPLADE"),
        ({"modules": [{"type": "pylate.models.Dense.Dense"}], "config_sentence_transformers": {}}, "ColBERT"),
        ({"config": {"architectures": ["HF_ColBERT"]}}, "ColBERT"),
    ],
)
def test_kinds_that_are_not_supported(files: dict[str, Any], told: str, saying: Any) -> None:
    model = saying(**files)
    with pytest.raises(OptionError, match=f"is {told}" if told.startswith("a ") else told):
        family_of(model)
    for family in FAMILIES:
        for require in (require_scorer, require_base):
            with pytest.raises(OptionError, match="which is not supported"):
                require(model, family)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("kind", FAMILIES)
def test_a_model_scores_as_what_it_is(kind: str, family: str, models: dict[str, str]) -> None:
    assert family_of(models[kind]) == kind
    if kind == family:
        require_scorer(models[kind], family)
        return
    with pytest.raises(OptionError, match=f"is of the family {kind}, and cannot score as one of {family}"):
        load_scorer(models[kind], ScoringOptions(family=family))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("kind", FAMILIES)
def test_what_has_an_encoder_can_become_one(kind: str, family: str, models: dict[str, str]) -> None:
    if family == "bi-encoder" or kind == family or (family, kind) in {
        ("cross-encoder", "bi-encoder"),
        ("cross-encoder", "seq2seq"),
    }:  # fmt: skip
        require_base(models[kind], family)
        return
    with pytest.raises(OptionError, match=f"is of the family {kind}, from which none of {family}") as error:
        require_base(models[kind], family)
    assert f"give --family {kind}" in error.value.hint


@pytest.mark.parametrize("architecture", ["BertModel", "BertForMaskedLM"])
def test_an_encoder_without_a_head_ranks_nothing_before_it_is_trained(architecture: str, saying: Any) -> None:
    model = saying(config={"architectures": [architecture]})
    with pytest.raises(InparsError, match="cannot tell what kind of model") as error:
        family_of(model)
    assert "an encoder without a head ranks nothing before it is trained" in error.value.hint
    for family in ("cross-encoder", "llm"):
        with pytest.raises(OptionError, match=f"is a {architecture} without a head that scores a pair"):
            load_scorer(model, ScoringOptions(family=family))
    require_base(model, "cross-encoder")
    require_base(model, "bi-encoder")
    with pytest.raises(OptionError, match=f"is a {architecture}, and no causal language model"):
        require_base(model, "llm")


def test_what_reads_images_too_may_be_an_llm(saying: Any) -> None:
    model = saying(config={"architectures": ["Gemma3ForConditionalGeneration"]})
    require_scorer(model, "llm")
    require_base(model, "llm")
    with pytest.raises(OptionError, match="without a head"):
        require_scorer(model, "cross-encoder")


def test_an_adapter_is_to_be_merged_first(saying: Any, models: dict[str, str]) -> None:
    for kind, base in models.items():
        adapter = saying(f"adapter-{kind}", adapter_config={"base_model_name_or_path": base})
        for family in FAMILIES:
            if family == "llm":
                continue
            with pytest.raises(OptionError, match=r"is an adapter of .*, which only the family llm takes") as error:
                require_base(adapter, family)
            assert "merge_and_unload()" in error.value.hint
        with pytest.raises(OptionError, match="is an adapter of"):
            require_scorer(adapter, "cross-encoder")
        if kind == "llm":
            require_base(adapter, "llm")
        else:
            with pytest.raises(OptionError, match=f"is of the family {kind}"):
                require_base(adapter, "llm")


def test_code_in_the_place_of_weights_is_not_run(tiny_cross_encoder: Path, tmp_path: Path) -> None:
    import torch

    class Code:
        def __reduce__(self) -> Any:
            return (Path.touch, (tmp_path / "was-run",))

    folder = shutil.copytree(tiny_cross_encoder, tmp_path / "model")
    (folder / "model.safetensors").unlink()
    torch.save({"weight": Code()}, folder / "pytorch_model.bin")
    with pytest.raises(InparsError, match="holds more than weights, and reading it may run code") as error:
        load_scorer(folder)
    assert "model.safetensors" in error.value.hint
    assert not (tmp_path / "was-run").exists()


def test_code_that_comes_with_a_model_is_run_only_when_asked(
    tiny_bi_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_MODULES_CACHE", str(tmp_path / "modules"))
    folder = shutil.copytree(tiny_bi_encoder, tmp_path / "model")
    config = json.loads((folder / "config.json").read_text())
    own = {"AutoConfig": "own.OwnConfig", "AutoModel": "own.OwnModel"}
    (folder / "config.json").write_text(json.dumps(config | {"model_type": "own-bert", "auto_map": own}))
    (folder / "own.py").write_text(
        "from transformers import BertConfig, BertModel\n\n\n"
        "class OwnConfig(BertConfig):\n    model_type = 'own-bert'\n\n\n"
        "class OwnModel(BertModel):\n    config_class = OwnConfig\n"
    )
    with pytest.raises(OptionError, match="comes with code of its own, which is not run unless you ask") as error:
        load_scorer(folder)
    assert "--trust-remote-code" in error.value.hint
    pair = ({"q": "wing lift"}, {"d": "drag flow"}, {"q": ["d"]})
    trusted = load_scorer(folder, ScoringOptions(trust_remote_code=True, precision="fp32", device="cpu"))
    plain = load_scorer(tiny_bi_encoder, ScoringOptions(precision="fp32", device="cpu"))
    assert trusted.score(*pair)["q"]["d"] == pytest.approx(plain.score(*pair)["q"]["d"])
