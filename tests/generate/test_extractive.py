from __future__ import annotations

import json
import math
import random
import re
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from inpars.data.corpora import Corpus, open_corpus
from inpars.data.corpora.memory import MemoryCorpus
from inpars.data.records import Document, SyntheticQuery
from inpars.errors import OptionError
from inpars.generate.backends.extractive import Extractive
from inpars.generate.config import GenerateConfig, Mixture
from inpars.generate.unigram import words
from inpars.options import parse_options

KINDS = tuple(Mixture.model_fields)

MANUAL = Document(
    "manual",
    title="Notes on wing design",
    text="## Choosing a profile\nA thick profile stalls later than a thin one does. Test it in a tunnel.\n\n"
    "Materials for the spar\n----------------------\nSpruce bends well and splinters rarely. Carbon is lighter.\n",
)


def only(kind: str) -> dict[str, float]:
    return {name: float(name == kind) for name in KINDS}


def backend(corpus: Corpus, **options: Any) -> Extractive:
    extractive = {name: options.pop(name) for name in ("mixture", "hide", "smoothing", "max_words") if name in options}
    return Extractive(corpus, parse_options(GenerateConfig, "generate", {**options, "extractive": extractive}))


def all_queries(corpus: Corpus, **options: Any) -> list[SyntheticQuery]:
    writer = backend(corpus, **options)
    return [query for document in corpus for query in writer.queries(document)]


def plain(text: str) -> str:
    """The words of a text between single blanks, so that whole words are found in it."""
    return " " + " ".join(re.findall(r"\w+", text.lower())) + " "


def by_document(queries: Iterable[SyntheticQuery]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for query in queries:
        found.setdefault(query.doc_id, []).append(query.to_row())
    return found


@pytest.fixture(scope="module")
def xquad(collection: Callable[[str], Path]) -> Corpus:
    return open_corpus(collection("xquad-en"))


@pytest.fixture(scope="module")
def cranfield(collection: Callable[[str], Path]) -> Corpus:
    return open_corpus(collection("cranfield"))


def test_the_same_seed_gives_the_same_queries_and_another_seed_gives_others(xquad: Corpus) -> None:
    first, again, other = (all_queries(xquad, seed=seed) for seed in (1, 1, 2))
    assert first == again
    same = sum(a.query == b.query for a, b in zip(first, other, strict=False))
    assert same < len(first) / 4


def test_queries_do_not_depend_on_the_order_of_the_documents(xquad: Corpus) -> None:
    documents = list(xquad)
    shuffled = random.Random(5).sample(documents, len(documents))
    mixture = dict.fromkeys(KINDS, 1.0)
    one, other = (
        by_document(all_queries(MemoryCorpus(order), mixture=mixture, queries_per_document=3))
        for order in (documents, shuffled)
    )
    assert one == other


def test_queries_do_not_depend_on_which_documents_were_asked_before(xquad: Corpus) -> None:
    documents = xquad.sample(20, seed=1)
    writer = backend(xquad)
    forwards = [writer.queries(document) for document in documents]
    assert [writer.queries(document) for document in reversed(documents)] == forwards[::-1]


def test_each_document_gets_as_many_different_queries_as_asked_for(xquad: Corpus) -> None:
    found = by_document(all_queries(xquad, queries_per_document=4))
    assert set(map(len, found.values())) == {4}
    assert all(len({row["query"].lower() for row in rows}) == 4 for rows in found.values())


def test_query_ids_are_unique(xquad: Corpus) -> None:
    queries = all_queries(xquad, queries_per_document=4)
    assert len({query.query_id for query in queries}) == len(queries)


@pytest.mark.parametrize("text", ["", "?!", "one", "one two", "== -- =="])
def test_a_document_too_short_gives_no_query(text: str, xquad: Corpus) -> None:
    document = Document("short", text)
    writer = backend(MemoryCorpus([*xquad, document]), mixture=dict.fromkeys(KINDS, 1.0), queries_per_document=5)
    assert writer.queries(document) == []


def test_a_row_of_symbols_never_becomes_a_query() -> None:
    document = Document("table", "The table follows with all of its nine columns. " + "| - " * 60)
    for query in all_queries(MemoryCorpus([document]), queries_per_document=50, mixture=only("sentence")):
        assert words(query.query)


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_alone_gives_only_that_kind_and_weight_zero_gives_all_but_that(kind: str, xquad: Corpus) -> None:
    corpus = MemoryCorpus([*xquad.sample(60, seed=1), MANUAL])
    alone = all_queries(corpus, mixture=only(kind), queries_per_document=8)
    assert {query.generator for query in alone} == {f"extractive:{kind}"}
    others = all_queries(corpus, mixture={name: float(name != kind) for name in KINDS}, queries_per_document=8)
    assert {query.generator for query in others} == {f"extractive:{name}" for name in KINDS if name != kind}


def test_kinds_are_drawn_in_the_proportion_of_their_weights(cranfield: Corpus) -> None:
    # Every abstract of this length has sentences and terms, so that nothing is redrawn.
    corpus = MemoryCorpus(document for document in cranfield if len(document.contents) > 500)
    mixture = only("terms") | {"sentence": 3.0}
    kinds = Counter(query.generator for query in all_queries(corpus, mixture=mixture))
    assert kinds["extractive:terms"] / kinds.total() == pytest.approx(1 / 4, abs=0.06)


@pytest.mark.parametrize("weights", [dict.fromkeys(KINDS, 0.0), {"title": float("inf")}, {"title": -1.0}])
def test_a_mixture_from_which_nothing_can_be_drawn_is_refused(weights: dict[str, float]) -> None:
    with pytest.raises(OptionError, match=r"generate\.extractive\.mixture"):
        parse_options(GenerateConfig, "generate", {"extractive": {"mixture": weights}})


def test_a_title_query_is_the_title_and_a_heading_query_a_heading() -> None:
    corpus = MemoryCorpus([MANUAL])
    titles = all_queries(corpus, mixture=only("title"))
    headings = all_queries(corpus, mixture=only("heading"), queries_per_document=2)
    assert [query.query for query in titles] == ["Notes on wing design"]
    assert {query.query for query in headings} == {"Choosing a profile", "Materials for the spar"}


def test_a_sentence_query_stands_in_the_document_and_is_at_most_max_words_long(cranfield: Corpus) -> None:
    for query in all_queries(cranfield, mixture=only("sentence"), max_words=10):
        assert plain(query.query) in plain(cranfield[query.doc_id].text)
        assert len(query.query.split()) <= 10


def test_keywords_are_content_words_of_one_sentence_in_their_order() -> None:
    filler = [Document(f"f{n}", "The of and is in it was on by at") for n in range(9)]
    document = Document("d", "The spruce spar bends in the tunnel. It was on the shelf by the door at noon.")
    found = all_queries(MemoryCorpus([*filler, document]), mixture=only("keywords"), queries_per_document=8)
    one, other = ["spruce", "spar", "bends", "tunnel"], ["shelf", "door", "noon"]
    for query in (query for query in found if query.doc_id == "d"):
        chosen = query.query.split()
        assert chosen in ([w for w in one if w in chosen], [w for w in other if w in chosen])
        assert len(chosen) >= 2


@pytest.mark.parametrize("kind", ["title", "heading", "sentence"])
@pytest.mark.parametrize("name", ["cranfield", "xquad-en", "scifact"])
def test_what_is_hidden_does_not_stand_in_doc_text(kind: str, name: str, collection: Callable[[str], Path]) -> None:
    sample = open_corpus(collection(name)).sample(300, seed=1)
    corpus = MemoryCorpus([*sample, MANUAL])
    queries = all_queries(corpus, mixture=only(kind), hide=1, queries_per_document=2)
    assert queries
    for query in queries:
        assert plain(query.query) in plain(corpus[query.doc_id].contents)
        assert plain(query.query) not in plain(query.doc_text)
        assert len(words(query.doc_text)) >= 3


@pytest.mark.parametrize("kind", KINDS)
def test_hide_zero_never_cuts(kind: str, xquad: Corpus) -> None:
    corpus = MemoryCorpus([*xquad, MANUAL])
    queries = all_queries(corpus, mixture=only(kind), hide=0)
    assert queries
    assert all(query.doc_text == corpus[query.doc_id].contents for query in queries)


def test_hide_is_the_share_of_queries_that_are_cut(cranfield: Corpus) -> None:
    queries = all_queries(cranfield, mixture=only("sentence"), hide=0.7)
    cut = sum(query.doc_text != cranfield[query.doc_id].contents for query in queries)
    # Five standard deviations of a share of 1,300 draws are below 0.064.
    assert cut / len(queries) == pytest.approx(0.7, abs=0.064)


def test_a_title_that_the_text_repeats_is_hidden_there_too() -> None:
    document = Document(
        "d", "Lift of a wing: lift of a wing was measured. Drag was not measured at all.", "Lift of a wing"
    )
    [query] = all_queries(MemoryCorpus([document]), mixture=only("title"), hide=1)
    assert query.doc_text == "was measured. Drag was not measured at all."


def test_a_sentence_that_stands_twice_is_hidden_twice() -> None:
    repeated = "Spruce bends well and splinters rarely in tests."
    document = Document("d", f"{repeated} Carbon is lighter than most other things. {repeated}")
    for query in all_queries(MemoryCorpus([document]), mixture=only("sentence"), hide=1, queries_per_document=2):
        assert plain(query.query) not in plain(query.doc_text)


def test_a_document_of_one_sentence_gives_no_sentence_query_for_nothing_would_be_left() -> None:
    document = Document("d", "One sentence of more than nine words is all that stands here.")
    assert all_queries(MemoryCorpus([document]), mixture=only("sentence")) == []


@pytest.mark.parametrize("smoothing", [0.0, 0.2, 0.6])
def test_terms_carry_the_jelinek_mercer_log_probabilities(
    smoothing: float, xquad: Corpus, collection: Callable[[str], Path]
) -> None:
    lines = (collection("xquad-en") / "corpus.jsonl").read_text(encoding="utf-8").splitlines()
    texts = {row["_id"]: f"{row['title']} {row['text']}" for row in map(json.loads, lines)}
    own = {doc_id: Counter(words(text.lower())) for doc_id, text in texts.items()}
    everything = sum(own.values(), Counter())
    queries = all_queries(xquad, mixture=only("terms"), smoothing=smoothing)
    assert len(queries) == len(texts)
    for query in queries:
        counts = own[query.doc_id]
        expected = [
            math.log(
                (1 - smoothing) * counts[term] / counts.total()
                + smoothing * everything[term] / (everything.total() + 0.5)
            )
            for term in query.query.split()
        ]
        assert query.log_probs == pytest.approx(expected)


def test_terms_without_smoothing_all_come_from_the_document(xquad: Corpus) -> None:
    for query in all_queries(xquad, mixture=only("terms"), smoothing=0):
        assert set(query.query.split()) <= set(words(xquad[query.doc_id].contents.lower()))


def test_every_query_has_one_log_probability_a_word_none_above_zero(xquad: Corpus) -> None:
    for query in all_queries(xquad, queries_per_document=3):
        assert query.log_probs is not None
        assert len(query.log_probs) == len(words(query.query))
        assert max(query.log_probs) <= 0


@pytest.mark.parametrize("name", ["xquad-de", "pira-pt", "jaquad-dev-ja"])
def test_other_languages_give_queries_for_nearly_every_document(name: str, collection: Callable[[str], Path]) -> None:
    corpus = MemoryCorpus(open_corpus(collection(name)).sample(200, seed=1))
    assert len(by_document(all_queries(corpus))) >= 190
