"""Documents that are never negatives, and what it takes to know them."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inpars.data.corpora.memory import MemoryCorpus
from inpars.data.queries import write_synthetic_queries
from inpars.data.records import Document, SyntheticQuery
from inpars.negatives.exclusion import KnownPositives, Wording

SENTENCE = "the lift of a slender wing grows with its angle until the flow over it breaks away from the surface"


def same(one: Document, other: Document, similarity: float = 0.9) -> bool:
    return Wording.of(one).says_the_same(Wording.of(other), similarity)


def test_a_document_in_nearly_the_same_words_is_a_near_duplicate() -> None:
    words = SENTENCE.split()
    one, changed = Document("1", SENTENCE), Document("2", " ".join([*words[:-1], "plate"]))
    # Of its 18 different words, 17 are shared by the two and 19 are in one of them: 0.89.
    assert len(set(words)) == 18
    assert not same(one, changed, 0.9)
    assert same(one, changed, 0.88)


def test_case_blanks_order_and_title_do_not_make_another_document() -> None:
    one = Document("1", SENTENCE, "Wings")
    assert same(one, Document("2", SENTENCE.upper().replace(" ", "\n")))
    assert same(one, Document("3", " ".join(SENTENCE.split()[::-1]), "Quite another title"))
    assert same(Document("4", "", "Wings"), Document("5", "wings"))
    assert not same(one, Document("6", "The lift of a wing.", "Wings"))


def test_similarity_one_asks_for_equal_texts() -> None:
    one = Document("1", "lift and drag")
    assert same(one, Document("2", "LIFT  and drag"), 1.0)
    assert not same(one, Document("3", "drag and lift"), 1.0)
    assert not same(one, Document("4", "lift and and drag"), 1.0)


def test_two_empty_documents_say_the_same_and_an_empty_one_says_nothing_of_a_full_one() -> None:
    assert same(Document("1", ""), Document("2", " "))
    assert not same(Document("1", ""), Document("2", "wing"))
    assert not same(Document("1", "", "wing"), Document("2", "", "cone"))


def test_near_duplicates_of_the_source_are_no_negatives(mined: Callable[..., Any]) -> None:
    near = " ".join(SENTENCE.split()[:-1])
    corpus = MemoryCorpus([Document("s", SENTENCE), Document("near", near), Document("far", "a slender wing")])
    query = SyntheticQuery("slender wing", "s")
    [triple] = mined([query], corpus, negatives_per_query=9).triples
    assert triple.negative_ids == ["far"]
    [triple] = mined([query], corpus, negatives_per_query=9, near_duplicates=1).triples
    assert set(triple.negative_ids) == {"far", "near"}


def test_no_negative_is_a_copy_of_another_document_that_the_query_was_generated_for(mined: Callable[..., Any]) -> None:
    texts = {"d0": SENTENCE, "d1": "a wing of another plan", "copy": SENTENCE.upper(), "far": "the wing in a jet"}
    corpus = MemoryCorpus([Document(doc_id, text) for doc_id, text in texts.items()])
    queries = [SyntheticQuery("wing", "d0"), SyntheticQuery("Wing", "d1")]
    triples = mined(queries, corpus, negatives_per_query=9).triples
    assert [(t.positive_id, t.negative_ids) for t in triples] == [("d0", ["far"]), ("d1", ["far"])]


@pytest.mark.parametrize("judged", [1, 1500], ids=["few", "more than are held"])
def test_no_negative_is_a_copy_of_a_judged_document_and_those_the_corpus_lacks_do_no_harm(
    judged: int, mined: Callable[..., Any], tmp_path: Path
) -> None:
    known = [Document(f"j{n}", f"{SENTENCE} number{n}") for n in range(judged)]
    copies = [Document(f"copy{n}", f"NUMBER{n} {SENTENCE}") for n in {0, judged - 1}]
    corpus = MemoryCorpus([Document("s", "a wing"), *known, *copies, Document("far", "the wing in a jet")])
    rows = [*(f"q\tj{n}\t1" for n in range(judged)), "q\tgone\t1"]
    (tmp_path / "qrels.tsv").write_text("\n".join(rows) + "\n")
    query = SyntheticQuery("wing", "s", query_id="q")
    options = {"negatives_per_query": 9, "top_k": 2000, "near_duplicates": 0.99}
    [triple] = mined([query], corpus, qrels=tmp_path / "qrels.tsv", **options).triples
    assert triple.negative_ids == ["far"]


def test_what_says_the_same_as_a_promoted_document_is_no_negative_beside_known_positives(
    mined: Callable[..., Any], grades_by: Any
) -> None:
    texts = {"d0": "wing", "d1": "wing plan", "good": SENTENCE, "copy": SENTENCE.upper(), "far": "wing in a jet"}
    corpus = MemoryCorpus([Document(doc_id, text) for doc_id, text in texts.items()])
    queries = [SyntheticQuery("slender wing", "d0"), SyntheticQuery("slender wing", "d1")]
    judge = grades_by(lambda text: f"Grade: {3 if SENTENCE in text else 0}")
    relabel = {"action": "promote"}
    triples = mined(queries, corpus, negatives_per_query=9, relabel=relabel, language_model=judge).triples
    found = {(t.positive_id, *t.negative_ids) for t in triples}
    assert found == {("d0", "far"), ("good", "far"), ("d1", "far")}


def test_memory_for_known_positives_is_that_of_the_queries_that_come_again(tmp_path: Path) -> None:
    def peak(count: int, repeated: int) -> int:
        path = tmp_path / f"{count}-{repeated}.jsonl"
        texts = (f"a query about the subject {n % (count - repeated)}" for n in range(count))
        write_synthetic_queries(path, (SyntheticQuery(text, f"document {n}") for n, text in enumerate(texts)))
        tracemalloc.start()
        known = KnownPositives(path)
        held, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert known.queries == count
        assert known.of(SyntheticQuery("A query about  the subject 0", "x")) == {"x"} | (
            {"document 0", f"document {count - repeated}"} if repeated else set()
        )
        return held

    peak(100, 0)  # what is loaded once
    assert peak(4000, 0) < 20_000
    assert 20_000 < peak(4000, 100) < 80_000


@pytest.mark.parametrize("grade", [1, 2])
def test_judged_documents_are_known_by_query_id(grade: int, tmp_path: Path) -> None:
    write_synthetic_queries(tmp_path / "queries.jsonl", [SyntheticQuery("wing", "w1", query_id="q1")])
    (tmp_path / "qrels.tsv").write_text(f"q1\tw2\t{grade}\nq1\tw3\t0\nq2\tw4\t1\n")
    known = KnownPositives(tmp_path / "queries.jsonl", tmp_path / "qrels.tsv")
    assert known.of(SyntheticQuery("wing", "w1", query_id="q1")) == {"w1", "w2"}
