from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inpars import mine_negatives
from inpars.cli import main
from inpars.data.artifacts import facts_of
from inpars.data.corpora import Corpus, open_corpus
from inpars.data.corpora.memory import MemoryCorpus
from inpars.data.qrels import read_qrels
from inpars.data.queries import read_queries, write_synthetic_queries
from inpars.data.records import Document, SyntheticQuery, Triple
from inpars.errors import InparsError, OptionError
from inpars.retrieve.bm25 import BM25

# Every document has "wing"; the more often, the higher it ranks for it.
WINGS = [Document(f"w{n}", "wing " * n + f"number{n}") for n in range(1, 9)]


class PowerCut(MemoryCorpus):
    """Fails when a document is looked up for the given time."""

    def __init__(self, documents: list[Document], at: int) -> None:
        super().__init__(documents)
        self.left = at

    def __getitem__(self, doc_id: str) -> Document:
        self.left -= 1
        if self.left < 0:
            raise OSError("power cut")
        return super().__getitem__(doc_id)


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def triples_of(path: Path) -> dict[str, Triple]:
    return {row["query_id"]: Triple.from_row(row) for row in rows(path)}


def plain(text: str) -> str:
    return " ".join(text.lower().split())


@pytest.fixture
def mine(tmp_path: Path) -> Callable[..., Path]:
    """Mine for some queries and return the path of the triples."""

    def run(queries: list[SyntheticQuery], corpus: Any, name: str = "triples.jsonl", **options: Any) -> Path:
        path = tmp_path / f"queries-of-{name}"
        write_synthetic_queries(path, queries)
        return mine_negatives(path, corpus, tmp_path / name, **options)

    return run


@pytest.fixture(scope="module")
def xquad(collection: Callable[[str], Path]) -> tuple[Corpus, list[SyntheticQuery]]:
    """The corpus, and its human questions as queries written for the paragraph with the answer."""
    folder = collection("xquad-en")
    corpus, judged = open_corpus(folder), read_qrels(folder / "qrels" / "test.tsv")
    queries = []
    for query in read_queries(folder / "queries.jsonl"):
        [doc_id] = judged[query.query_id]
        queries.append(SyntheticQuery(query.text, doc_id, corpus[doc_id].contents, query_id=query.query_id))
    return corpus, queries


def test_no_question_of_a_real_collection_gets_a_negative_that_answers_it(
    xquad: tuple[Corpus, list[SyntheticQuery]], mine: Callable[..., Path]
) -> None:
    real, queries = xquad
    # Every paragraph stands twice, the copy in other case; and every tenth question was asked of two paragraphs.
    copies = [Document(f"copy-of-{d.doc_id}", d.text.upper(), d.title.upper()) for d in real]
    corpus = MemoryCorpus([*real, *copies])
    doc_ids = [document.doc_id for document in real]
    again = [SyntheticQuery(f" {query.query.upper()}", doc_ids[n % 240]) for n, query in enumerate(queries[::10])]
    answers: defaultdict[str, set[str]] = defaultdict(set)
    for query in [*queries, *again]:
        answers[plain(query.query)].add(query.doc_id)
    output = mine([*queries, *again], corpus, top_k=20, negatives_per_query=10)
    index = BM25.of(corpus)
    assert len(rows(output)) > 1200
    for row in rows(output):
        negatives, candidates = row["negative_ids"], index.search(row["query"], 20)
        assert negatives
        assert not answers[plain(row["query"])] & set(negatives)
        assert plain(corpus[row["positive_id"]].contents) not in {plain(corpus[n].contents) for n in negatives}
        assert negatives == [doc_id for doc_id in candidates if doc_id in negatives]
        assert row["scores"] == [candidates[doc_id] for doc_id in negatives]


def test_every_query_is_in_the_triples_or_dropped_with_its_own_text(
    xquad: tuple[Corpus, list[SyntheticQuery]], mine: Callable[..., Path]
) -> None:
    corpus, queries = xquad
    output = mine(queries, corpus, top_k=1)
    dropped = rows(output.with_name("triples.dropped.jsonl"))
    texts = {query.query_id: query.query for query in queries}
    assert {row["query_id"]: row["query"] for row in rows(output) + dropped} == texts
    facts = facts_of(output)
    assert dropped
    assert (facts["queries"], facts["triples"], facts["dropped"]) == (1190, len(rows(output)), len(dropped))


def test_the_document_a_query_was_written_for_is_never_its_negative(mine: Callable[..., Path]) -> None:
    query = SyntheticQuery("wing", "w8")
    [row] = rows(mine([query], MemoryCorpus(WINGS), negatives_per_query=100))
    assert row["positive_id"] == "w8"
    assert row["negative_ids"] == ["w7", "w6", "w5", "w4", "w3", "w2", "w1"]


def test_a_document_for_which_the_same_query_was_generated_is_never_its_negative(mine: Callable[..., Path]) -> None:
    queries = [SyntheticQuery("Wing number", "w8"), SyntheticQuery("wing  NUMBER", "w7")]
    for row in rows(mine(queries, MemoryCorpus(WINGS), negatives_per_query=100)):
        assert row["negative_ids"] == ["w6", "w5", "w4", "w3", "w2", "w1"]


def test_what_the_judgments_call_relevant_is_never_a_negative(mine: Callable[..., Path], tmp_path: Path) -> None:
    qrels = tmp_path / "qrels.tsv"
    qrels.write_text("query-id\tcorpus-id\tscore\nq1\tw7\t1\nq1\tw6\t0\nq2\tw5\t1\n")
    queries = [SyntheticQuery("wing", "w8", query_id="q1")]
    [row] = rows(mine(queries, MemoryCorpus(WINGS), negatives_per_query=100, qrels=qrels))
    assert row["negative_ids"] == ["w6", "w5", "w4", "w3", "w2", "w1"]


def test_skip_top_leaves_out_the_best_and_top_k_is_how_deep_candidates_go(mine: Callable[..., Path]) -> None:
    query = SyntheticQuery("wing", "w1")
    [row] = rows(mine([query], MemoryCorpus(WINGS), skip_top=2, top_k=5, negatives_per_query=100))
    assert row["negative_ids"] == ["w6", "w5", "w4"]


@pytest.mark.parametrize("wanted", [1, 3, 7])
def test_as_many_different_negatives_are_drawn_as_asked_for_hardest_first(
    wanted: int, mine: Callable[..., Path]
) -> None:
    [row] = rows(mine([SyntheticQuery("wing", "w8")], MemoryCorpus(WINGS), negatives_per_query=wanted))
    assert len(set(row["negative_ids"])) == wanted
    assert row["negative_ids"] == sorted(row["negative_ids"], reverse=True)
    assert row["scores"] == sorted(row["scores"], reverse=True)


def test_every_candidate_is_drawn_as_often_as_any_other(mine: Callable[..., Path]) -> None:
    queries = [SyntheticQuery("wing", "w8", query_id=f"q{n}") for n in range(1400)]
    counts: defaultdict[str, int] = defaultdict(int)
    for row in rows(mine(queries, MemoryCorpus(WINGS))):
        counts[row["negative_ids"][0]] += 1
    # 200 each; five standard deviations are below 66.
    assert len(counts) == 7
    assert all(abs(count - 200) < 66 for count in counts.values())


def test_the_same_seed_draws_the_same_whatever_the_order_of_queries_and_another_seed_draws_others(
    xquad: tuple[Corpus, list[SyntheticQuery]], mine: Callable[..., Path]
) -> None:
    corpus, queries = xquad
    queries = queries[:300]
    shuffled = random.Random(1).sample(queries, len(queries))
    first = triples_of(mine(queries, corpus, "first.jsonl", seed=1))
    assert triples_of(mine(shuffled, corpus, "shuffled.jsonl", seed=1)) == first
    other = triples_of(mine(queries, corpus, "other.jsonl", seed=2))
    assert sum(other[q].negative_ids == first[q].negative_ids for q in first) < len(first) / 4


def test_empty_and_odd_queries_shift_no_other(
    xquad: tuple[Corpus, list[SyntheticQuery]], mine: Callable[..., Path]
) -> None:
    corpus, queries = xquad
    good = queries[:50]
    odd = [SyntheticQuery(text, "p0") for text in ("", " ", "?!", "zzzzqq", "the", "\t\n", '"')]
    mixed = random.Random(1).sample([*good, *odd], len(good) + len(odd))
    clean, output = mine(good, corpus, "clean.jsonl"), mine(mixed, corpus, "mixed.jsonl")
    assert triples_of(output) == triples_of(clean)
    dropped = rows(output.with_name("mixed.dropped.jsonl"))
    assert {row["query"] for row in dropped} == {query.query for query in odd}
    assert {(row["dropped_by"], row["reason"]) for row in dropped} == {("negatives", "no candidate in the top 100")}


def test_positive_text_is_there_only_where_words_were_cut_from_the_document(mine: Callable[..., Path]) -> None:
    source = Document("s", "Wing one bends. Wing two does not.", "Wings")
    texts = {
        "whole": source.contents,
        "blanks": " Wings  Wing one bends.\nWing two does not. ",
        "unknown": "",
        "cut": "Wings Wing two does not.",
    }
    queries = [SyntheticQuery("wing", "s", text, query_id=name) for name, text in texts.items()]
    found = triples_of(mine(queries, MemoryCorpus([source, *WINGS])))
    assert {name: triple.positive_text for name, triple in found.items()} == {
        "whole": "",
        "blanks": "",
        "unknown": "",
        "cut": "Wings Wing two does not.",
    }


def test_a_query_for_a_document_that_the_corpus_lacks_is_an_error_that_names_both(mine: Callable[..., Path]) -> None:
    with pytest.raises(InparsError, match=r"query q1 was written for document '404', which memory lacks") as error:
        mine([SyntheticQuery("wing", "404", query_id="q1")], MemoryCorpus(WINGS))
    assert "corpus that the queries were generated from" in error.value.hint


def test_ids_that_look_like_numbers_stay_as_they_are(mine: Callable[..., Path]) -> None:
    corpus = MemoryCorpus([Document("007", "wing lift"), Document("7", "wing drag")])
    [row] = rows(mine([SyntheticQuery("wing", "007")], corpus))
    assert (row["positive_id"], row["negative_ids"]) == ("007", ["7"])


def test_other_queries_under_the_same_output_name_are_mined_anew(mine: Callable[..., Path]) -> None:
    corpus = MemoryCorpus(WINGS)
    first = mine([SyntheticQuery("wing number8", "w1", query_id="q1")], corpus)
    assert set(triples_of(first)) == {"q1"}
    second = mine([SyntheticQuery("wing number2", "w1", query_id="q2")], corpus)
    assert second == first
    assert set(triples_of(second)) == {"q2"}


def test_a_second_call_does_nothing(mine: Callable[..., Path]) -> None:
    queries = [SyntheticQuery("wing", "w1")]
    before = mine(queries, MemoryCorpus(WINGS)).stat().st_mtime_ns
    assert mine(queries, MemoryCorpus(WINGS)).stat().st_mtime_ns == before


def test_changed_judgments_do_it_again(mine: Callable[..., Path], tmp_path: Path) -> None:
    qrels, queries = tmp_path / "qrels.tsv", [SyntheticQuery("wing", "w8", query_id="q1")]
    for excluded in ("w7", "w6"):
        qrels.write_text(f"q1\t{excluded}\t1\n")
        [row] = rows(mine(queries, MemoryCorpus(WINGS), negatives_per_query=100, qrels=qrels))
        assert set(row["negative_ids"]) == {f"w{n}" for n in range(1, 8)} - {excluded}


def test_a_rerun_after_a_failure_gives_the_bytes_of_an_uninterrupted_run(
    xquad: tuple[Corpus, list[SyntheticQuery]], mine: Callable[..., Path], tmp_path: Path
) -> None:
    documents, queries = list(xquad[0]), xquad[1][:100]
    whole = mine(queries, MemoryCorpus(documents), "whole.jsonl", unit_size=10, top_k=10)
    with pytest.raises(OSError, match="power cut"):
        mine(queries, PowerCut(documents, 220), "broken.jsonl", unit_size=10, top_k=10)
    finished = sorted((tmp_path / ".broken.jsonl.units").glob("*.jsonl"))
    assert 0 < len(finished) < 10
    finished[0].unlink()
    resumed = mine(queries, MemoryCorpus(documents), "broken.jsonl", unit_size=10, top_k=10)
    assert resumed.read_bytes() == whole.read_bytes()


@pytest.mark.parametrize("name", ["triples.jsonl", "triples.dropped.jsonl", "triples.errors.jsonl"])
def test_neither_an_output_nor_its_side_file_may_take_the_place_of_the_queries(name: str, tmp_path: Path) -> None:
    write_synthetic_queries(tmp_path / name, [SyntheticQuery("wing", "w8")])
    before = (tmp_path / name).read_bytes()
    with pytest.raises(OptionError, match=f"{name} would take the place of the input"):
        mine_negatives(tmp_path / name, MemoryCorpus(WINGS), tmp_path / "triples.jsonl")
    assert (tmp_path / name).read_bytes() == before


def test_an_unknown_option_is_suggested(mine: Callable[..., Path]) -> None:
    with pytest.raises(OptionError, match=r"'negatives.topk'; did you mean 'top_k'"):
        mine([SyntheticQuery("wing", "w1")], MemoryCorpus(WINGS), topk=5)


def test_an_unknown_language_is_suggested(mine: Callable[..., Path]) -> None:
    with pytest.raises(OptionError, match="unknown language 'eng'"):
        mine([SyntheticQuery("wing", "w1")], MemoryCorpus(WINGS), language="eng")


def test_a_table_tells_what_became_of_the_candidates(
    mine: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    queries = [SyntheticQuery("wing", "w8"), SyntheticQuery("WING", "w7")]
    output = mine(queries, MemoryCorpus([*WINGS, Document("copy", "WING " * 8 + "number8")]), negatives_per_query=9)
    told = [" ".join(line.split()) for line in capsys.readouterr().err.splitlines()]
    assert any(line.startswith("18 candidates looked at") for line in told)
    assert "the source itself 2 11.1%" in told
    assert "another known positive 2 11.1%" in told
    assert "says the same as a positive 2 11.1%" in told
    assert "a negative 12 66.7%" in told
    facts = facts_of(output)["candidates"]
    assert {name: count for name, count in facts.items() if count} == {
        "looked_at": 18,
        "source": 2,
        "known_positive": 2,
        "near_duplicate": 2,
        "accepted": 12,
    }


def test_the_command_takes_every_option_by_its_flag(tmp_path: Path) -> None:
    write_synthetic_queries(tmp_path / "queries.jsonl", [SyntheticQuery("wing", "w5")])
    corpus = tmp_path / "corpus.jsonl"
    corpus.write_text("".join(json.dumps({"_id": d.doc_id, "text": d.text}) + "\n" for d in WINGS))
    files = [str(tmp_path / "queries.jsonl"), "--corpus", str(corpus), "--output", str(tmp_path / "triples.jsonl")]
    flags = ["--retriever", "bm25", "--sample", "bottom", "--negatives_per_query", "2", "--positive-aware.margin", "0"]
    main(["negatives", *files, *flags])
    [row] = rows(tmp_path / "triples.jsonl")
    assert row["negative_ids"] == ["w2", "w1"]
