"""Of a classifier's two labels the one that is named so counts as relevant, and none is guessed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from inpars.errors import OptionError
from inpars.models.scorers import labels as module
from inpars.models.scorers import load_scorer
from inpars.models.scorers.kinds import require_scorer
from inpars.models.scorers.labels import labels_of, relevant_label
from inpars.models.scorers.options import ScoringOptions

EXACT = ScoringOptions(precision="fp32", device="cpu")


@pytest.mark.parametrize(
    ("other", "relevant"),
    [
        ("irrelevant", "relevant"),
        ("Not relevant", "Relevant"),
        ("NON-RELEVANT", "RELEVANT"),
        ("not_entailment", "entailment"),
        ("contradiction", "entailment"),
        ("mismatch", "match"),
        ("no match", "match"),
        ("notDuplicate", "isDuplicate"),
        ("no", "yes"),
        ("False", "True"),
        ("0", "1"),
        ("-1", "1"),
        ("1", "2"),
        ("relevant_0", "relevant_1"),
        ("LABEL_0", "LABEL_1"),
        ("NEGATIVE", "POSITIVE"),
    ],
)
def test_a_name_says_which_label_counts_whatever_its_place(other: str, relevant: str) -> None:
    assert relevant_label("m", [other, relevant]) == 1
    assert relevant_label("m", [relevant, other]) == 0


@pytest.mark.parametrize(
    "labels",
    [
        ("ham", "spam"),
        ("1 star", "2 stars"),
        ("relevant", "partially relevant"),
        ("0", "spam"),
        ("not_match", "not_relevant"),
        ("LABEL_1", "LABEL_1"),
    ],
)
def test_two_names_that_tell_nothing_of_relevance_are_refused(labels: tuple[str, str]) -> None:
    with pytest.raises(OptionError, match=r"do not tell which of them is that of relevant documents") as error:
        relevant_label("m", labels)
    assert "id2label" in error.value.hint
    assert "with a new head" in error.value.hint


def test_labels_that_a_config_leaves_unsaid_are_the_two_defaults() -> None:
    assert labels_of({}) == ["LABEL_0", "LABEL_1"]
    assert labels_of({"num_labels": 1}) == ["LABEL_0"]
    assert labels_of({"id2label": {"1": "b", "0": "a", "10": "k", "2": "c"}}) == ["a", "b", "c", "k"]


def test_the_order_of_labels_does_not_turn_the_ranking_and_the_label_is_said_once(
    tiny_cross_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import AutoModelForSequenceClassification

    told: list[str] = []
    monkeypatch.setattr(module, "say", told.append)
    folder = shutil.copytree(tiny_cross_encoder, tmp_path / "model")
    AutoModelForSequenceClassification.from_pretrained(
        folder, num_labels=2, ignore_mismatched_sizes=True
    ).save_pretrained(folder)
    config = json.loads((folder / "config.json").read_text())
    pair: Any = ({"q": "wing lift"}, {"d": "drag flow"}, {"q": ["d"]})
    scores = []
    for names in ({}, {"id2label": {"0": "match", "1": "mismatch"}}, {"id2label": {"0": "0", "1": "1"}}):
        (folder / "config.json").write_text(json.dumps(config | names))
        scores += [load_scorer(folder, EXACT).score(*pair)["q"]["d"] for _ in range(2)]
    assert scores[0] != 0
    assert scores == pytest.approx([scores[0], scores[0], -scores[0], -scores[0], scores[0], scores[0]])
    assert [line.split(": ", 1)[1] for line in told] == [
        f"the label '{label}' counts as relevant" for label in ("LABEL_1", "match", "1")
    ]
    (folder / "config.json").write_text(json.dumps(config | {"id2label": {"0": "ham", "1": "spam"}}))
    with pytest.raises(OptionError, match=r"\(ham, spam\) do not tell"):
        require_scorer(str(folder), "cross-encoder")
