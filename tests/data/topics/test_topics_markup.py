from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from inpars.data.queries import read_queries
from inpars.data.records import Query
from inpars.errors import InputError

WriteBytes = Callable[[str, bytes], Path]

SGML = """<top>
<head> Tipster Topic Description
<num> Number:  051
<dom> Domain:  Aerodynamics
<title> Topic:  Lift &amp; drag of
wings at &#233;cole R&D, a < b

<desc> Description:

What lifts a wing?

<narr> Narrative:
Anything.
</top>

<top lang="en">
<num> Number: MB02 </num>
<query> flow around plates </query>
<querytime> Tue Feb 08 </querytime>
</top>
"""

XML = """<?xml version="1.0" encoding="UTF-8"?>
<!-- <topic number="0"><query>not this one</query></topic> -->
<topics task="Aerodynamics" batch="1">
  <topic number="1" type="faceted">
    <query>lift &amp; drag
      of wings</query>
    <question>what lifts a wing?</question>
    <subtopic number="1" type="inf">How does it fly?</subtopic>
    <subtopic number="2" type="nav">Where?</subtopic>
  </topic>
  <topic number="2"><query>heat</query><question>why is a plate hot?</question></topic>
</topics>
"""


def texts(path: Path | str) -> dict[str, str]:
    return {query.query_id: query.text for query in read_queries(path)}


def test_sgml_topics_are_read_by_their_titles_with_entities_undone(write_bytes: WriteBytes) -> None:
    path = write_bytes("topics.051-100", SGML.encode())
    assert texts(path) == {"051": "Lift & drag of wings at école R&D, a < b", "MB02": "flow around plates"}


def test_another_field_of_a_topic_is_chosen_in_the_path(write_bytes: WriteBytes) -> None:
    sgml = write_bytes("topics.txt", SGML.partition('<top lang="en">')[0].encode())
    for name in ("desc", "description"):
        assert texts(f"{sgml}?text={name}") == {"051": "What lifts a wing?"}
    xml = write_bytes("topics.xml", XML.encode())
    assert texts(f"{xml}?text=question") == {"1": "what lifts a wing?", "2": "why is a plate hot?"}


def test_a_field_that_a_topic_lacks_is_told_with_those_that_it_has(write_bytes: WriteBytes) -> None:
    path = write_bytes("topics.xml", XML.encode())
    with pytest.raises(
        InputError, match=r"line 11: expected a field 'subtopic' in the topic '2'; found 'query', 'quest"
    ):
        read_queries(f"{path}?text=subtopic")


@pytest.mark.parametrize(
    ("xml", "expected"),
    [
        (XML, {"1": "lift & drag of wings", "2": "heat"}),
        ("<topics><topic number='1'>\n A 45-year-old\n man. </topic></topics>", {"1": "A 45-year-old man."}),
        (
            "<topics><topic number='1'><disease>flu</disease><gene>ABC</gene><gene>D</gene>"
            "<demographic>man</demographic></topic></topics>",
            {"1": "flu ABC D man"},
        ),
        (
            "<topics><topic number='1'><note>n</note><description>long</description><summary>short</summary></topic>"
            "</topics>",
            {"1": "long"},
        ),
        ("<topics><topic number='1'><field name='sign'>fever</field></topic></topics>", {"1": "sign: fever"}),
        ("<TOPICS><TOPIC><ID>1</ID><TITLE>lift</TITLE><NEED>x</NEED></TOPIC></TOPICS>", {"1": "lift"}),
        ("<topics><topic><number>Number: 7</number><title>lift</title></topic></topics>", {"7": "lift"}),
        ("<queries><query><id>q1</id><title>lift</title></query></queries>", {"q1": "lift"}),
        (
            "<topics><top lang='de'><num>C1</num><DE-title>Auftrieb</DE-title><DE-desc>x</DE-desc></top></topics>",
            {"C1": "Auftrieb"},
        ),
        (
            "<topic number='1'><query>a</query></topic>\n<topic number='2'><query>b</query></topic>",
            {"1": "a", "2": "b"},
        ),
        ("<t><topic number='1'><query>AT&T caf&eacute; &amp; x</query></topic></t>", {"1": "AT&T café & x"}),
        ("<t><topic number='1'><query><![CDATA[a & b < c]]></query></topic></t>", {"1": "a & b < c"}),
        ("<!DOCTYPE t SYSTEM 'topics.dtd'>\n<t><topic number='1'><query>a</query></topic></t>", {"1": "a"}),
    ],
    ids=[
        *("query", "its own text", "all fields", "description", "named fields", "elements for ids", "labelled number"),
        *("other elements", "a language's title", "no root", "a bare ampersand", "CDATA", "a document type"),
    ],
)
def test_xml_topics_are_read_as_the_tracks_write_them(
    write_bytes: WriteBytes, xml: str, expected: dict[str, str]
) -> None:
    assert texts(write_bytes("topics.xml.gz", xml.encode())) == expected


def test_the_encoding_that_xml_declares_holds(write_bytes: WriteBytes) -> None:
    xml = "<?xml version='1.0' encoding='ISO-8859-1'?>\n<t><topic number='1'><query>école</query></topic></t>"
    assert texts(write_bytes("topics.xml", xml.encode("latin1"))) == {"1": "école"}


@pytest.mark.parametrize(
    ("xml", "message"),
    [
        (
            "<t>\n<topic number='1'>\n<query>a < b</query></topic></t>",
            "line 3: expected well-formed XML; found not well",
        ),
        ("<t>\n<topic number='1'><query>a</query></t>", "line 2: expected well-formed XML; found mismatched tag"),
        ("<t>\n<topic><query>a</query></topic></t>", "line 2: expected the number of the topic, .*; found 'query'"),
        (
            "<t><topic><query>a</query><subtopic number='1'>s</subtopic></topic></t>",
            "line 1: expected the number of the",
        ),
        ("<html><body>hello</body></html>", "expected data; found a web page"),
        ("<t><topic number='1'><query/></topic></t>", "line 1: expected a query; found no text for '1'"),
    ],
)
def test_malformed_xml_is_told_with_its_line_and_cause(write_bytes: WriteBytes, xml: str, message: str) -> None:
    with pytest.raises(InputError, match=f"topics.xml(, |: ){message}"):
        read_queries(write_bytes("topics.xml", xml.encode()))


@pytest.mark.parametrize("value", ['"lol"', 'SYSTEM "file:///etc/hostname"'], ids=["internal", "external"])
def test_declared_entities_are_refused_so_that_none_can_grow_or_read_files(write_bytes: WriteBytes, value: str) -> None:
    xml = f"<!DOCTYPE t [\n<!ENTITY x {value}>]>\n<t><topic number='1'><query>&x;</query></topic></t>"
    with pytest.raises(InputError, match=r"line 2: expected XML without declarations of entities; found that of 'x'"):
        read_queries(write_bytes("topics.xml", xml.encode()))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("201:lift of wings\n202:heat: why\n", {"201": "lift of wings", "202": "heat: why"}),
        ("20001:1:lift of wings\n20002:4:heat\n", {"20001": "lift of wings", "20002": "heat"}),
        ("<200>What [PROTEINS] lift?\n<201>Heat?\n", {"200": "What [PROTEINS] lift?", "201": "Heat?"}),
        ("301\tlift of wings\n302\theat\n", {"301": "lift of wings", "302": "heat"}),
        ("query_id\tquery\n301\tlift of wings\n", {"301": "lift of wings"}),
    ],
)
def test_a_topic_in_each_line_is_read_whatever_the_ending(
    write_bytes: WriteBytes, text: str, expected: dict[str, str]
) -> None:
    for name in ("topics.txt", "wt09.topics.20001-20002", "queries.dev"):
        assert {q.query_id: q.text for q in read_queries(write_bytes(name, text.encode()))} == expected


@pytest.mark.parametrize(
    ("text", "hint"),
    [("q1 0 d1 1\n", "judgments"), ("q1 Q0 d1 1 2.5 x\n", "a run"), ("q1 Q0 d1 1 2.5\n", "a run")],
)
def test_another_kind_of_file_in_the_place_of_topics_is_named(write_bytes: WriteBytes, text: str, hint: str) -> None:
    with pytest.raises(InputError, match="expected TREC topics") as error:
        read_queries(write_bytes("topics.txt", text.encode()))
    assert error.value.hint == f"this looks like {hint}: is another file meant?"


def test_an_id_of_topics_cannot_be_chosen(write_bytes: WriteBytes) -> None:
    with pytest.raises(Exception, match="of topics only the field is chosen that is the query"):
        read_queries(f"{write_bytes('topics.xml', XML.encode())}?id=type")


def test_fields_are_chosen_for_the_whole_file_alike(write_bytes: WriteBytes) -> None:
    text = "<top><num>1</num><title></title><desc> Description: long</desc></top>"
    with pytest.raises(InputError, match="expected a query; found no text for '1'"):
        read_queries(write_bytes("topics.txt", text.encode()))
    assert read_queries(f"{write_bytes('topics.txt', text.encode())}?text=desc") == [Query("1", "long")]


def test_only_the_label_that_repeats_the_name_of_a_field_is_left_out(write_bytes: WriteBytes) -> None:
    text = "<top><num> Number: 1 <title> Description: a logic of wings </top>"
    assert texts(write_bytes("topics.txt", text.encode())) == {"1": "Description: a logic of wings"}
