"""What must hold for any collection, any queries and any options."""

from __future__ import annotations

import contextlib
import hashlib
import re
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inpars import mine_negatives
from inpars.data.artifacts import facts_of
from inpars.data.corpora.memory import MemoryCorpus
from inpars.data.files import read_jsonl
from inpars.data.queries import write_synthetic_queries
from inpars.data.records import Document, SyntheticQuery, Triple
from inpars.errors import NothingProduced
from inpars.models.language.base import Answer, Completion, Prompt, Sampling
from inpars.models.language.tokenizers import EstimatedTokenizer

WORDS = ("wing", "lift", "drag", "flow", "Wing", "cone")
TEXTS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map(" ".join)
DOCUMENTS = st.lists(st.tuples(TEXTS, st.sampled_from(("", "wing", "a title"))), min_size=2, max_size=14)
# Few of them are asked of several documents, most of one.
QUERIES = st.lists(
    st.tuples(st.sampled_from(("wing", "WING", "drag flow")) | TEXTS, st.integers(0, 1000)), min_size=1, max_size=8
)
OPTIONS = st.fixed_dictionaries(
    {
        "sample": st.sampled_from(("random", "top", "bottom")),
        "top_k": st.integers(3, 12),
        "skip_top": st.integers(0, 2),
        "negatives_per_query": st.integers(1, 6),
        "easy_share": st.sampled_from((0.0, 0.3, 1.0)),
        "near_duplicates": st.sampled_from((0.5, 0.9, 1.0)),
        "positive_aware": st.sampled_from(({}, {"max_share": 0.9}, {"margin": 0.1})),
        "relabel": st.sampled_from(({}, {"action": "promote"}, {"action": "promote", "min_grade": 1})),
        "seed": st.integers(0, 3),
    }
)


class Fickle:
    """A judge whose answer is fixed by the texts, and now and then is none."""

    name = "fickle"
    tokenizer = EstimatedTokenizer()
    context_length = None

    def fingerprint(self) -> str:
        return "fickle"

    def complete(self, prompts: Iterable[Prompt], sampling: Sampling) -> Iterator[Answer]:
        for prompt in prompts:
            number = hashlib.sha256(prompt.messages[-1].content.lower().encode()).digest()[0] % 8
            yield Answer(prompt.key, [Completion(f"Grade: {max(0, number - 4)}" if number < 7 else "no idea")])


def mined(queries: list[SyntheticQuery], corpus: MemoryCorpus, folder: Path, **options: Any) -> dict[str, Any]:
    write_synthetic_queries(folder / "queries.jsonl", queries)
    judge = {"language_model": Fickle()} if options["relabel"] else {}
    output = folder / "triples.jsonl"
    with contextlib.suppress(NothingProduced):
        mine_negatives(folder / "queries.jsonl", corpus, output, **judge, **options)
    found: dict[str, Any] = {"facts": facts_of(output)}
    for part in ("", ".dropped", ".errors"):
        path = folder / f"triples{part}.jsonl"
        found[part] = [row for _, row in read_jsonl(path)] if path.exists() else []
    return found


def words(text: str) -> str:
    return " ".join(text.lower().split())


def jaccard(one: str, other: str) -> float:
    return len(set(one.lower().split()) & set(other.lower().split())) / len(set(f"{one} {other}".lower().split()))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(DOCUMENTS, QUERIES, OPTIONS, st.randoms(use_true_random=False))
def test_no_positive_among_the_negatives_no_row_lost_and_the_order_does_not_show(
    documents: list[tuple[str, str]], asked: list[tuple[str, int]], options: dict[str, Any], random: Any
) -> None:
    corpus = MemoryCorpus([Document(f"d{n}", text, title) for n, (text, title) in enumerate(documents)])
    queries = [SyntheticQuery(text, f"d{place % len(documents)}") for text, place in asked]
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "one").mkdir()
        (Path(name) / "other").mkdir()
        found = mined(queries, corpus, Path(name) / "one", **options)
        shuffled = random.sample(queries, len(queries))
        other = mined(shuffled, corpus, Path(name) / "other", unit_size=random.randint(1, 4), **options)

    # No row lost, and none in two places. A query that the file has twice is there twice.
    kept = Counter[str]()
    sources: defaultdict[str, set[str]] = defaultdict(set)
    for query in queries:
        sources[words(query.query)].add(query.doc_id)
    asked_for = Counter(query.query_id for query in queries)
    source_of = {query.query_id: query.doc_id for query in queries}
    triples = [Triple.from_row(row) for row in found[""]]
    kept.update(t.query_id for t in triples if t.positive_id == source_of[t.query_id])
    dropped = Counter(row["query_id"] for row in found[".dropped"])
    errors = Counter(row["query_id"] for row in found[".errors"])
    assert kept + dropped + errors == asked_for
    assert not kept.keys() & dropped.keys()
    assert not (kept + dropped).keys() & errors.keys()
    facts = found["facts"]
    assert (facts["queries"], facts["dropped"], facts["errors"]) == (len(queries), dropped.total(), errors.total())
    assert facts["candidates"]["looked_at"] == sum(facts["candidates"].values()) - facts["candidates"]["looked_at"]

    # No positive of a query is its negative, nor of a query in the same words; nor what says the same.
    positives: defaultdict[str, set[str]] = defaultdict(set)
    for triple in triples:
        positives[words(triple.query)] |= sources[words(triple.query)] | {triple.positive_id}
    for triple in triples:
        negatives = triple.negative_ids
        assert 0 < len(negatives) == len(set(negatives)) <= options["negatives_per_query"]
        assert len(triple.scores) == len(triple.ranks) == len(negatives)
        assert not positives[words(triple.query)] & set(negatives)
        for negative, positive in product(negatives, sources[words(triple.query)] | {triple.positive_id}):
            texts = [corpus[doc_id].contents for doc_id in (negative, positive)]
            assert words(texts[0]) != words(texts[1])
            if options["near_duplicates"] < 1:
                assert jaccard(*texts) < options["near_duplicates"]

    # The same rows whatever the order of the input and the size of a unit.
    def sorted_rows(rows: list[dict[str, Any]]) -> list[str]:
        return sorted(re.sub(r"\s+", " ", str(sorted(row.items()))) for row in rows)

    for part in ("", ".dropped", ".errors"):
        assert sorted_rows(found[part]) == sorted_rows(other[part])
    assert found["facts"]["candidates"] == other["facts"]["candidates"]
