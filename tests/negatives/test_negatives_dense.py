"""Bi-encoders as retrievers, merged rankings, and a teacher's scores, with tiny real models."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inpars.data.corpora import open_corpus
from inpars.data.records import SyntheticQuery
from inpars.data.triples import read_triples
from inpars.models.scorers import load_scorer
from inpars.models.scorers.options import ScoringOptions
from inpars.negatives.candidates import merged
from inpars.retrieve.bm25 import BM25
from inpars.retrieve.dense import Dense

EXACT = {"precision": "fp32", "device": "cpu", "engine": "eager"}
QUERIES = [SyntheticQuery("slender cone", "d07"), SyntheticQuery("pressure on a blunt body", "d31")]


@pytest.fixture(scope="module")
def dense(toy_corpus: Path, tiny_bi_encoder: Path) -> Dense:
    return Dense.of(open_corpus(toy_corpus), tiny_bi_encoder, scoring=ScoringOptions(precision="fp32", device="cpu"))


def test_reciprocal_rank_fusion_orders_the_union_and_breaks_ties_by_id() -> None:
    found = merged([["a", "b", "c"], ["c", "d"]])
    assert list(found) == ["c", "a", "d", "b"]
    assert found == pytest.approx({"c": 1 / 63 + 1 / 61, "a": 1 / 61, "b": 1 / 62, "d": 1 / 62})


def test_a_bi_encoder_finds_the_candidates(
    mined: Callable[..., Any], toy_corpus: Path, tiny_bi_encoder: Path, dense: Dense
) -> None:
    options = {"sample": "top", "top_k": 20, "negatives_per_query": 60, "near_duplicates": 1, "scoring": EXACT}
    found = mined(QUERIES, open_corpus(toy_corpus), retriever=str(tiny_bi_encoder), **options)
    for query, triple in zip(QUERIES, found.triples, strict=True):
        scores = dense.search(query.query, 20)
        expected = [doc_id for doc_id in scores if doc_id != query.doc_id]
        assert triple.negative_ids == expected
        np.testing.assert_allclose(triple.scores, [scores[doc_id] for doc_id in expected], rtol=1e-5)


def test_several_retrievers_give_the_union_of_what_each_finds(
    mined: Callable[..., Any], toy_corpus: Path, tiny_bi_encoder: Path, dense: Dense
) -> None:
    corpus = open_corpus(toy_corpus)
    options = {"top_k": 10, "negatives_per_query": 60, "near_duplicates": 1, "scoring": EXACT}
    found = mined(QUERIES, corpus, retriever=["bm25", str(tiny_bi_encoder)], **options)
    index = BM25.of(corpus)
    for query, triple in zip(QUERIES, found.triples, strict=True):
        union = merged([index.search(query.query, 10), dense.search(query.query, 10)])
        assert len(union) > 10
        ranks = {doc_id: rank for rank, doc_id in enumerate(union, start=1)}
        assert triple.negative_ids == [doc_id for doc_id in union if doc_id != query.doc_id]
        assert triple.ranks == [ranks[doc_id] for doc_id in triple.negative_ids]
        assert triple.scores == pytest.approx([union[doc_id] for doc_id in triple.negative_ids])


def test_the_encoded_corpus_is_kept_beside_the_output_or_in_the_index_folder(
    mined: Callable[..., Any], toy_corpus: Path, tiny_bi_encoder: Path, tmp_path: Path
) -> None:
    options = {"retriever": str(tiny_bi_encoder), "scoring": EXACT}
    beside = mined(QUERIES, open_corpus(toy_corpus), **options)
    assert (tmp_path / "triples.index" / "embeddings.npy").is_file()
    kept = tmp_path / "kept"
    first = mined(QUERIES, open_corpus(toy_corpus), "first.jsonl", index=kept, **options)
    written = (kept / "embeddings.npy").stat().st_mtime_ns
    again = mined(QUERIES, open_corpus(toy_corpus), "again.jsonl", index=kept, seed=1, **options)
    assert (kept / "embeddings.npy").stat().st_mtime_ns == written
    assert beside.triples == first.triples == again.triples


@pytest.fixture
def other_bi_encoder(tiny_bi_encoder: Path, tmp_path: Path) -> Path:
    """A copy with other weights."""
    from safetensors.numpy import load_file, save_file

    shutil.copytree(tiny_bi_encoder, tmp_path / "other")
    [weights] = (tmp_path / "other").rglob("model.safetensors")
    changed = {}
    for name, value in load_file(weights).items():
        changed[name] = value + np.float32(0.3) * np.sin(np.arange(value.size, dtype=np.float32)).reshape(value.shape)
    save_file(changed, weights, metadata={"format": "pt"})
    return tmp_path / "other"


def test_a_model_elsewhere_with_the_same_files_is_the_same_and_other_weights_mine_anew(
    mined: Callable[..., Any], toy_corpus: Path, tiny_bi_encoder: Path, other_bi_encoder: Path, tmp_path: Path
) -> None:
    options = {"scoring": EXACT, "negatives_per_query": 5, "sample": "top"}
    corpus, moved = open_corpus(toy_corpus), tmp_path / "moved"
    shutil.copytree(tiny_bi_encoder, moved)
    first = mined(QUERIES, corpus, retriever=str(tiny_bi_encoder), **options)
    before = first.output.stat().st_mtime_ns
    assert mined(QUERIES, corpus, retriever=str(moved), **options).output.stat().st_mtime_ns == before
    assert mined(QUERIES, corpus, retriever=str(other_bi_encoder), **options).triples != first.triples


def test_several_bi_encoders_keep_their_vectors_apart(
    mined: Callable[..., Any], toy_corpus: Path, tiny_bi_encoder: Path, other_bi_encoder: Path, tmp_path: Path
) -> None:
    options = {"retriever": [str(tiny_bi_encoder), str(other_bi_encoder)], "scoring": EXACT, "index": tmp_path / "kept"}
    mined(QUERIES, open_corpus(toy_corpus), **options)
    matrices = list((tmp_path / "kept").rglob("embeddings.npy"))
    assert len(matrices) == 2
    written = [matrix.stat().st_mtime_ns for matrix in matrices]
    mined(QUERIES, open_corpus(toy_corpus), "again.jsonl", **options)
    assert [matrix.stat().st_mtime_ns for matrix in matrices] == written


def test_a_teacher_scores_the_positive_as_it_is_trained_on_and_each_negative(
    mined: Callable[..., Any], toy_corpus: Path, tiny_cross_encoder: Path, grades_by: Any
) -> None:
    corpus = open_corpus(toy_corpus)
    queries = [*QUERIES, SyntheticQuery("wing lift", "d07", "a text that the query was cut from")]
    found = mined(
        queries,
        corpus,
        teacher=str(tiny_cross_encoder),
        negatives_per_query=4,
        easy_share=0.3,
        scoring=EXACT,
        language_model=grades_by(lambda text: f"Grade: {len(text) % 2 * 3}"),
        relabel={"action": "promote"},
    )
    assert len(found.triples) > len(queries)
    scorer = load_scorer(tiny_cross_encoder, ScoringOptions(**EXACT))
    texts = {document.doc_id: document.contents for document in corpus}
    for triple in read_triples(found.output):
        passages = texts | {"positive": triple.positive_text or texts[triple.positive_id]}
        scores = scorer.score({"q": triple.query}, passages, {"q": ["positive", *triple.negative_ids]})["q"]
        np.testing.assert_allclose(triple.teacher_scores, list(scores.values()), rtol=1e-4, atol=1e-6)
    assert sum(bool(triple.positive_text) for triple in found.triples) == 1


def test_nothing_is_loaded_where_only_the_joining_is_left(
    mined: Callable[..., Any], toy_corpus: Path, tiny_bi_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {"retriever": str(tiny_bi_encoder), "scoring": EXACT, "unit_size": 1}
    expected = mined(QUERIES, open_corpus(toy_corpus), **options).output.read_bytes()

    def power_cut(*_: Any) -> None:
        raise OSError("power cut")

    with monkeypatch.context() as patched:
        patched.setattr("inpars.negatives.units.merge", power_cut)
        with pytest.raises(OSError, match="power cut"):
            mined(QUERIES, open_corpus(toy_corpus), "cut.jsonl", **options)
    assert not (tmp_path / "cut.jsonl").exists()
    monkeypatch.setattr("inpars.negatives.mining.Miner", power_cut)
    assert mined(QUERIES, open_corpus(toy_corpus), "cut.jsonl", **options).output.read_bytes() == expected


def test_the_command_loads_no_heavy_library() -> None:
    script = "import sys, inpars.negatives.command; assert not {'torch', 'numba', 'openai', 'bm25s'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True)
