from __future__ import annotations

import pytest

from inpars.data.copies import Copies
from inpars.data.corpora.memory import MemoryCorpus
from inpars.data.records import Document

DOCUMENTS = [
    Document("source", "Lift is a force.", "Wings"),
    Document("spaced", "lift  is a FORCE.", "wings"),
    Document("retitled", "Lift is a force.", "Aircraft"),
    Document("untitled", "Wings Lift is a force."),
    Document("other", "Drag is a force.", "Wings"),
    Document("reordered", "A force is lift.", "Wings"),
    Document("title", "", "Wings"),
    Document("same-title", "", "wings"),
    Document("other-title", "", "Cones"),
]


@pytest.mark.parametrize(
    ("doc_id", "copies"),
    [
        ("source", {"source", "spaced", "retitled", "untitled"}),
        ("retitled", {"source", "spaced", "retitled"}),
        ("untitled", {"source", "spaced", "untitled"}),
        ("other", {"other"}),
        ("reordered", {"reordered"}),
        ("title", {"title", "same-title"}),
        ("other-title", {"other-title"}),
    ],
)
def test_a_copy_has_the_same_words_or_the_same_text_under_another_title(doc_id: str, copies: set[str]) -> None:
    ids = [document.doc_id for document in DOCUMENTS]
    found = Copies(MemoryCorpus(DOCUMENTS), ids)
    assert {other for other in ids if found.alike(doc_id, other)} == copies


def test_what_is_held_grows_with_the_copies_and_not_with_their_pairs() -> None:
    documents = [Document(str(number), "All the same.") for number in range(500)]
    copies = Copies(MemoryCorpus(documents), (document.doc_id for document in documents))
    assert all(copies.alike("0", document.doc_id) for document in documents)
    assert sum(map(len, copies._holders.values())) == 2 * len(documents)


def test_a_document_that_the_corpus_lacks_is_like_itself_alone() -> None:
    copies = Copies(MemoryCorpus(DOCUMENTS), ["absent"])
    assert copies.alike("absent", "absent")
    assert not copies.alike("absent", "source")
