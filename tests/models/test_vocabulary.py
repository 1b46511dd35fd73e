"""Tokenizers that do not fit their model's embedding: said when the model is loaded, and of its files alone."""

from __future__ import annotations

import copy
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from inpars.errors import InparsError
from inpars.models.language import open_language_model
from inpars.models.language.base import Prompt, Sampling
from inpars.models.scorers import load_scorer
from inpars.models.scorers.options import ScoringOptions
from inpars.models.vocabulary import require_fit_of_files, require_tokenizer_files
from inpars.train.config import TrainConfig
from inpars.train.families import FAMILIES

FAMILY_NAMES = ("bi-encoder", "cross-encoder", "llm", "seq2seq")
REFUSED = (
    r"its embedding has \d+ rows, and its tokenizer tokens with higher ids, 1 of them, up to '<extra>' with the id"
)


@pytest.fixture(scope="session")
def causal(tmp_path_factory: Any, tiny_tokenizer: Any) -> Path:
    """A causal language model whose tokenizer knows yes and no."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = copy.deepcopy(tiny_tokenizer)
    tokenizer.add_tokens(["yes", "no"])
    tokenizer.eos_token = "[SEP]"
    torch.manual_seed(0)
    folder: Path = tmp_path_factory.mktemp("models") / "causal"
    sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}
    LlamaForCausalLM(LlamaConfig(vocab_size=len(tokenizer), **sizes)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def grown(tiny_bi_encoder: Path, tiny_cross_encoder: Path, tiny_seq2seq: Path, causal: Path, tmp_path: Path) -> Any:
    """A copy of a family's model to whose tokenizer a token was added: ordinary, special, or one with a role."""
    models = dict(zip(FAMILY_NAMES, (tiny_bi_encoder, tiny_cross_encoder, causal, tiny_seq2seq), strict=True))

    def make(family: str, kind: str = "pad") -> str:
        from transformers import AutoTokenizer

        folder = tmp_path / family
        shutil.copytree(models[family], folder)
        tokenizer = AutoTokenizer.from_pretrained(folder)
        if kind == "pad":
            tokenizer.add_special_tokens({"pad_token": "<extra>"})
        else:
            tokenizer.add_tokens(["<extra>"], special_tokens=kind == "special")
        tokenizer.save_pretrained(folder)
        return str(folder)

    return make


def score(model: str, options: ScoringOptions) -> None:
    """Score one pair: the weights of some families are loaded with the first one alone."""
    load_scorer(model, options).score({"q": "wing lift"}, {"d": "drag flow"}, {"q": ["d"]})


@pytest.mark.parametrize("kind", ["pad", "ordinary"])
@pytest.mark.parametrize("family", FAMILY_NAMES)
def test_every_family_refuses_it_when_it_is_loaded(family: str, kind: str, grown: Any) -> None:
    scheme = {"scheme": "monot5"} if family == "seq2seq" else {}
    model = grown(family, kind)
    with pytest.raises(InparsError, match=REFUSED):
        score(model, ScoringOptions(family=family, **scheme))
    with pytest.raises(InparsError, match=REFUSED):
        FAMILIES[family](model, TrainConfig(family=family, base_model=model, **scheme))


def test_a_language_model_is_refused_before_it_writes(grown: Any) -> None:
    from inpars.generate.config import GenerateConfig

    model = open_language_model(grown("llm"), GenerateConfig())
    with pytest.raises(InparsError, match=REFUSED):
        list(model.complete([Prompt("a", text="wing lift")], Sampling(max_new_tokens=2)))


@pytest.mark.parametrize("family", FAMILY_NAMES)
def test_the_files_alone_tell_it(family: str, grown: Any) -> None:
    with pytest.raises(InparsError, match=REFUSED):
        require_fit_of_files(grown(family))


def test_models_that_fit(tiny_bi_encoder: Path, tiny_cross_encoder: Path, tiny_seq2seq: Path, causal: Path) -> None:
    for model in (tiny_bi_encoder, tiny_cross_encoder, tiny_seq2seq, causal):
        require_fit_of_files(str(model))


def test_a_special_token_that_nothing_writes_does_no_harm(grown: Any) -> None:
    # As the marks for images that text-only models of a family have in their tokenizers.
    model = grown("cross-encoder", "special")
    require_fit_of_files(model)
    score(model, ScoringOptions())


def test_one_that_the_chat_template_writes_does(grown: Any) -> None:
    model = grown("llm", "special")
    require_fit_of_files(model)
    (Path(model) / "chat_template.jinja").write_text("<extra>{{ messages[0]['content'] }}")
    with pytest.raises(InparsError, match=REFUSED):
        require_fit_of_files(model)


@pytest.mark.parametrize("file", ["config.json", "tokenizer.json", "tokenizer_config.json", "modules.json"])
@pytest.mark.parametrize("text", ["{", "[]", '"x"', "{}"])
def test_files_of_another_kind_tell_nothing(file: str, text: str, tiny_cross_encoder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(tiny_cross_encoder, folder)
    (folder / file).write_text(text)
    require_fit_of_files(str(folder))


def test_a_vocabulary_of_sentencepiece_is_a_list(tmp_path: Path) -> None:
    pieces = [[f"▁{n}", -1.0] for n in range(10)]
    (tmp_path / "tokenizer.json").write_text(json.dumps({"model": {"vocab": pieces}, "added_tokens": []}))
    for rows, fits in ((10, True), (9, False)):
        (tmp_path / "config.json").write_text(json.dumps({"text_config": {"vocab_size": rows}}))
        if fits:
            require_fit_of_files(str(tmp_path))
        else:
            with pytest.raises(InparsError, match=r"has 9 rows, and .* up to '▁9' with the id 9"):
                require_fit_of_files(str(tmp_path))


def test_it_takes_no_torch(tiny_cross_encoder: Path) -> None:
    code = (
        "import sys; from inpars.models.checks import check_model; check_model(sys.argv[1]);"
        "print('torch' in sys.modules, 'transformers' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tiny_cross_encoder)], capture_output=True, text=True)
    assert done.stdout.split() == ["False", "False"]


@pytest.mark.parametrize(
    "name",
    ["tokenizer.json", "vocab.txt", "spiece.model", "source.spm", "tokenizer_config.json", "tokenization_own.py"],
)
def test_a_tokenizer_may_be_in_any_family_s_own_file(name: str, tmp_path: Path) -> None:
    for file in ("config.json", "model.safetensors", "special_tokens_map.json", "README.md"):
        (tmp_path / file).write_text("{}")
    with pytest.raises(InparsError, match="it has no tokenizer that can be read"):
        require_tokenizer_files(str(tmp_path))
    (tmp_path / name).write_text("{}")
    require_tokenizer_files(str(tmp_path))
