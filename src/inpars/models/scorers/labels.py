"""Which of a classifier's labels says that a document is relevant, by the labels' names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from inpars.errors import OptionError
from inpars.progress import say

_RELEVANT = {"relevant", "entailment", "duplicate", "paraphrase", "equivalent", "match", "true", "yes", "positive"}
"""What classifiers of relevance, and of whether a passage answers a question, call that label."""
_NEGATIONS = {"not", "non", "no", "0", "false"}
_TRAIN = "train it first, with a new head: inpars train --family cross-encoder --base-model MODEL"


def labels_of(config: Mapping[str, Any]) -> list[str]:
    """The labels that a config.json states, in their order; transformers leaves its default of two unsaid."""
    named = config.get("id2label")
    if isinstance(named, dict) and named:
        return [str(named[place]) for place in sorted(named, key=lambda place: str(place).zfill(9))]
    count = config.get("num_labels")
    return [f"LABEL_{number}" for number in range(count if isinstance(count, int) else 2)]


def relevant_label(model: str, labels: Sequence[str]) -> int:
    """The place of the label that counts as relevant: the only one, or of two that which is named so.

    Of two numbers, as in LABEL_0 and LABEL_1, it is the higher. `OptionError` for more labels, and for two
    names that tell nothing of relevance.
    """
    if len(labels) == 1:
        return 0
    told = ", ".join(labels)
    if len(labels) != 2:
        raise OptionError(
            f"the cross-encoder {model!r} has {len(labels)} outputs ({told}) where a reranker has one or two",
            hint=_TRAIN,
        )
    numbers = [_number(label) for label in labels]
    ranks = [_says_relevant(label) for label in labels] if None in numbers else numbers
    if ranks[0] == ranks[1]:
        raise OptionError(
            f"the two labels of the cross-encoder {model!r} ({told}) do not tell which of them is that of relevant "
            "documents",
            hint=f"call that one 'relevant' in id2label of its config.json, if one is; or {_TRAIN}",
        )
    return 0 if ranks[0] > ranks[1] else 1  # type: ignore[operator]


@cache
def say_relevant(model: str, label: str) -> None:
    """Say, once a model, by which label it ranks."""
    say(f"model {model!r}: the label {label!r} counts as relevant")


def _number(label: str) -> float | None:
    found = re.fullmatch(r"(?:label[_ ]?)?(-?\d+(?:\.\d+)?)", label.strip().lower())
    return float(found[1]) if found else None


def _says_relevant(label: str) -> bool:
    """Whether a name says so: `Relevant`, `isDuplicate`, but neither `non-relevant` nor `irrelevant`."""
    words = set(re.findall(r"[a-z]+|\d+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", label).lower()))
    return bool(words & _RELEVANT) and not words & _NEGATIONS
