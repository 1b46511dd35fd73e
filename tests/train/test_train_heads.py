"""A cross-encoder's head: kept where it has one output, new, and said to be so, where the base's is another's."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import inpars
from inpars.errors import InparsError
from inpars.models.scorers import load_scorer
from inpars.models.scorers.cross_encoder import load_cross_encoder_base
from inpars.models.scorers.options import ScoringOptions

NLI = ("contradiction", "entailment", "neutral")
FAST = {"batch_size": 8, "held_out_queries": 10, "held_out_depth": 10, "max_length": 48, "max_steps": 2, "keep": "last"}
PAIR = ({"q": "wing lift"}, {"d": "drag flow"}, {"q": ["d"]})
EXACT = ScoringOptions(precision="fp32", device="cpu")


@pytest.fixture
def classifier(tiny_cross_encoder: Path, tmp_path: Path) -> Callable[..., Path]:
    """A classifier with these labels."""
    from transformers import AutoModelForSequenceClassification

    def make(*labels: str, **config: Any) -> Path:
        torch.manual_seed(0)
        folder = tmp_path / "classifier"
        shutil.copytree(tiny_cross_encoder, folder)
        names = {"id2label": dict(enumerate(labels)), "label2id": {label: n for n, label in enumerate(labels)}}
        given = {"num_labels": len(labels), "ignore_mismatched_sizes": True, **names, **config}
        AutoModelForSequenceClassification.from_pretrained(folder, **given).save_pretrained(folder)
        return folder

    return make


@pytest.mark.parametrize(
    "labels", [NLI, ("entailment", "not_entailment"), ("LABEL_0", "LABEL_1", "LABEL_2", "LABEL_3")]
)
def test_a_classifier_of_several_labels_gets_a_new_head(
    labels: tuple[str, ...], classifier: Any, toy_triples: Path, toy_corpus: Path, tmp_path: Path, capsys: Any
) -> None:
    base = classifier(*labels, problem_type="single_label_classification")
    options = {"family": "cross-encoder", "base_model": str(base), **FAST}
    model = inpars.train(toy_triples, toy_corpus, tmp_path / "m", **options)
    told = " ".join(capsys.readouterr().err.split())
    assert f"gets a new head with one output, random at first: its own has {len(labels)} outputs: {labels[0]}," in told
    assert load_scorer(model).score(*PAIR)["q"].keys() == {"d"}
    config = json.loads((model / "config.json").read_text())
    assert len(config.get("id2label", [0])) == 1
    assert config.get("problem_type") is None


def test_all_but_the_head_is_the_base_s_own(classifier: Any) -> None:
    from transformers import AutoModelForSequenceClassification

    base = classifier(*NLI)
    loaded, why = load_cross_encoder_base(str(base), "cpu")
    assert why == "its own has 3 outputs: contradiction, entailment, neutral"
    before = AutoModelForSequenceClassification.from_pretrained(base).state_dict()
    after = loaded.transformers_model.state_dict()
    assert before.keys() == after.keys()
    assert {name for name in before if not torch.equal(before[name], after[name])} == {
        "classifier.weight",
        "classifier.bias",
    }


@pytest.mark.parametrize("problem_type", [None, "regression"])
def test_a_head_with_one_output_is_kept(problem_type: str | None, classifier: Any) -> None:
    loaded, why = load_cross_encoder_base(str(classifier("score", problem_type=problem_type)), "cpu")
    assert (loaded.num_labels, why) == (1, "")


@pytest.mark.parametrize("kind", ["BertModel", "BertForMaskedLM"])
def test_an_encoder_without_a_head_gets_one(kind: str, tiny_bi_encoder: Path, tmp_path: Path) -> None:
    import transformers

    folder = shutil.copytree(tiny_bi_encoder, tmp_path / "encoder")
    for name in ("modules.json", "config_sentence_transformers.json"):
        (folder / name).unlink()
    getattr(transformers, kind).from_pretrained(folder).save_pretrained(folder)
    loaded, why = load_cross_encoder_base(str(folder), "cpu")
    assert (loaded.num_labels, why) == (1, f"it is a {kind}")


def test_an_embedding_of_another_shape_is_still_an_error(classifier: Any) -> None:
    base = classifier(*NLI)
    config = json.loads((base / "config.json").read_text())
    (base / "config.json").write_text(json.dumps(config | {"vocab_size": config["vocab_size"] + 1}))
    with pytest.raises(InparsError, match=r"its weights have other shapes than its config.json says"):
        load_cross_encoder_base(str(base), "cpu")


def test_three_labels_do_not_rank_untrained(classifier: Any) -> None:
    with pytest.raises(
        InparsError, match=r"3 outputs \(contradiction, entailment, neutral\) where a reranker"
    ) as error:
        load_scorer(classifier(*NLI))
    assert "train it first" in error.value.hint


@pytest.mark.parametrize(
    ("labels", "relevant"),
    [
        (("LABEL_0", "LABEL_1"), 1),
        (("irrelevant", "relevant"), 1),
        (("relevant", "irrelevant"), 0),
        (("entailment", "not_entailment"), 0),
        (("no", "yes"), 1),
        (("match", "mismatch"), 0),
    ],
)
def test_of_two_labels_the_one_that_is_named_so_is_relevant(
    labels: tuple[str, str], relevant: int, classifier: Any
) -> None:
    from sentence_transformers import CrossEncoder

    model = classifier(*labels)
    score = load_scorer(model, EXACT).score(*PAIR)["q"]["d"]
    logits = CrossEncoder(str(model), device="cpu").predict([("wing lift", "drag flow")])[0]
    assert score == pytest.approx(float(logits[relevant] - logits[1 - relevant]), abs=1e-5)
