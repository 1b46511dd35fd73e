"""TREC's document files."""

from collections.abc import Callable
from pathlib import Path

import pytest

from inpars.data.corpora import open_corpus
from inpars.data.records import Document
from inpars.errors import InputError

WriteBytes = Callable[[str, bytes], Path]
TEXT = """<DOC>
<DOCNO> FT911-1 </DOCNO>
<DATE>910514</DATE>
<HEADLINE>
Wings &amp; lift
</HEADLINE>
<TEXT>
<P>They lift.</P>
</TEXT>
<TEXT>More.</TEXT>
</DOC>

<doc><docno>AP-2</docno><text>Drag &lt; lift</text></doc>
<DOC>
<DOCNO>3</DOCNO>
All of it.
</DOC>
"""


def test_what_wikiextractor_writes_is_read(write_bytes: WriteBytes) -> None:
    text = """<doc id="12" url="https://w.org/?curid=12" title="Lift &amp; drag">
Lift &amp; drag

Both act on <b>wings</b>.
</doc>
<doc id="25" revid="7" url="" title="Heat">
Heat

Heat flows.

</doc>
"""
    corpus = open_corpus(write_bytes("wiki_00", text.encode()))
    assert list(corpus) == [
        Document("12", "Both act on  wings .", "Lift & drag"),
        Document("25", "Heat flows.", "Heat"),
    ]
    assert corpus["25"].title == "Heat"


@pytest.mark.parametrize("name", ["ft911_1", "ft.sgml", "ft.txt", "ft.gz", "FT.Z.xz"])
def test_a_file_of_trec_documents_is_known_by_its_content(write_bytes: WriteBytes, name: str) -> None:
    corpus = open_corpus(write_bytes(name, TEXT.encode()))
    documents = list(corpus)
    assert [document.doc_id for document in documents] == ["FT911-1", "AP-2", "3"]
    assert documents[0].title == "Wings & lift"
    assert documents[0].text.split() == ["They", "lift.", "More."]
    assert documents[1:] == [Document("AP-2", "Drag < lift"), Document("3", "All of it.")]
    assert [corpus[document.doc_id] for document in documents] == documents


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"<DOC>\n<TEXT>x</TEXT>\n</DOC>\n", "line 1: expected <DOCNO> in the document"),
        (b"<DOC>\n<DOCNO>1</DOCNO>\nx\n", "line 1: expected </DOC>; found the end of the file"),
        (b"<DOC>\n<DOCNO>1</DOCNO>\n</DOC>\nlost words\n", "line 4: expected <DOC>; found 'lost words'"),
        (b"<DOC>\n<DOCNO>1</DOCNO>\ncaf\xe9\n</DOC>\n", "line 3: expected UTF-8 text; found byte 0xe9"),
    ],
)
def test_what_is_no_document_is_named_by_its_line(write_bytes: WriteBytes, data: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        list(open_corpus(write_bytes("ft", data)))
