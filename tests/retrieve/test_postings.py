"""Building an inverted index: the scores, the memory, the files."""

import tracemalloc

import bm25s
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inpars.errors import InparsError
from inpars.retrieve import postings
from inpars.retrieve.analysis import analyzer

WORDS = ["wing", "lift", "drag", "cone", "heat", "the", "and"]
texts = st.lists(st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join), min_size=1, max_size=30)


def named(some):
    return [(f"d{number}", text) for number, text in enumerate(some)]


def parts(index):
    """Everything an index holds, as plain values."""
    arrays = (index.offsets, index.documents, index.scores, index.ranks)
    return index.doc_ids, index.vocabulary, *((values.dtype.name, values.tolist()) for values in arrays)


@settings(max_examples=40, deadline=None)
@given(some=texts, k1=st.sampled_from([0.0, 0.9, 1.5]), b=st.sampled_from([0.0, 0.4, 1.0]))
def test_a_postings_score_is_that_of_bm25s_to_the_last_bit(some, k1, b):
    tokens = [analyzer("en")(text) for text in some]
    if not any(tokens):
        return
    index = postings.build(named(some), "en", k1=k1, b=b)
    theirs = bm25s.BM25(method="lucene", k1=k1, b=b)
    theirs.index(
        ([[index.vocabulary[token] for token in document] for document in tokens], dict(index.vocabulary)),
        show_progress=False,
    )
    assert index.scores.tolist() == theirs.scores["data"].tolist()
    assert index.documents.tolist() == theirs.scores["indices"].tolist()
    assert index.offsets.tolist() == theirs.scores["indptr"].tolist()


@pytest.mark.parametrize(
    ("name", "size"), [("TOKENS_AT_ONCE", 1), ("TOKENS_AT_ONCE", 7), ("_DOCUMENTS_AT_ONCE", 2), ("_KNOWN_WORDS", 3)]
)
def test_how_the_work_is_cut_does_not_show(monkeypatch, name, size):
    some = named(["wing the lift", "", "the", *(" ".join(WORDS[n % 7 :: 2] * (n % 5)) for n in range(40))])
    whole = parts(postings.build(some, "en", k1=0.9, b=0.4))
    monkeypatch.setattr(postings, name, size)
    assert parts(postings.build(some, "en", k1=0.9, b=0.4)) == whole


@pytest.mark.parametrize("often", [255, 256, 70_000])
def test_a_word_may_stand_in_a_document_any_number_of_times(often):
    index = postings.build([("a", "wing " * often), ("b", "wing cone")], "en", k1=0.9, b=0.4)
    average = (often + 2) / 2
    idf = np.float32(np.log(1 + 0.5 / 2.5))
    assert index.scores[0] == pytest.approx(idf * often / (0.9 * (0.6 + 0.4 * often / average) + often), rel=1e-6)


def test_a_word_that_says_nearly_nothing_still_counts():
    index = postings.build([("a", "wing"), ("b", "wing")], "en", k1=1e60, b=0.4)
    assert (index.scores > 0).all()


def test_documents_without_words_keep_their_place():
    index = postings.build([("c", ""), ("a", "wing"), ("b", "the")], "en", k1=0.9, b=0.4)
    assert (index.doc_ids, index.documents.tolist(), index.ranks.tolist()) == (["c", "a", "b"], [1], [2, 0, 1])


def test_what_is_saved_is_what_is_built_and_is_mapped_rather_than_read(tmp_path):
    some = named([" ".join(WORDS[n % 5 :]) for n in range(50)])
    assert postings.save(some, "en", tmp_path, k1=0.9, b=0.4) == 50
    loaded = postings.load(tmp_path)
    assert parts(loaded) == parts(postings.build(some, "en", k1=0.9, b=0.4))
    for values in (loaded.offsets, loaded.documents, loaded.scores, loaded.ranks):
        assert isinstance(values.base, np.memmap)
        assert not values.flags.writeable


def test_files_that_do_not_belong_together_are_refused(tmp_path):
    for number, folder in enumerate((tmp_path / "one", tmp_path / "other")):
        postings.save(named(WORDS[: 3 + number]), "en", folder, k1=0.9, b=0.4)
    (tmp_path / "one" / "bm25.ids.json").replace(tmp_path / "other" / "bm25.ids.json")
    with pytest.raises(ValueError, match="do not belong together"):
        postings.load(tmp_path / "other")


def test_a_failure_halfway_leaves_no_file_that_looks_whole(tmp_path):
    def documents():
        yield "a", "wing"
        raise InparsError("the disk is gone")

    with pytest.raises(InparsError, match="gone"):
        postings.save(documents(), "en", tmp_path, k1=0.9, b=0.4)
    assert not list(tmp_path.iterdir())


def test_indexing_into_files_holds_a_few_bytes_a_posting(tmp_path, monkeypatch):
    """Token numbers in Python lists take eight bytes a token, before anything is made of them."""
    monkeypatch.setattr(postings, "TOKENS_AT_ONCE", 1 << 12)
    rng = np.random.default_rng(0)
    words = np.array([f"w{number}" for number in range(500)])

    def documents(n):
        for number in range(n):
            yield str(number), " ".join(words[rng.integers(0, 500, 120)])

    def peak(n):
        tracemalloc.start()
        postings.save(documents(n), "en", tmp_path, k1=0.9, b=0.4)
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest, int(np.load(tmp_path / "bm25.offsets.npy")[-1])

    peak(10)
    (small, few), (large, many) = peak(500), peak(2500)
    assert (large - small) / (many - few) < 6


def test_more_documents_than_two_bytes_can_count():
    index = postings.build([(str(number), "wing") for number in range(70_000)], "en", k1=0.9, b=0.4)
    assert index.documents.tolist() == list(range(70_000))
    assert len(set(index.scores.tolist())) == 1
