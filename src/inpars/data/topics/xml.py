"""TREC's topics in XML, `<topic number="1"><query>…`, as most tracks have had them since 2009."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from inpars.data.topics.topic import IDS, Topic, plain_name
from inpars.errors import InputError

_DECLARATION = re.compile(r"<\?xml\s[^>]*\?>")
_NOT_XML = re.compile(r"<!\[CDATA\[.*?\]\]>|&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[0-9a-fA-F]+);)(?:\w+;)?", re.DOTALL)


def read(path: Path, text: str) -> Iterator[Topic]:
    """The topics in a text: elements `topic`, or of another name, that have a number as attribute or as element.

    `InputError` for malformed XML, and for one that declares entities, which may grow without end.
    An `&` that should have been `&amp;`, as in some of TREC's own files, is taken for one.
    """
    root, lines = _parsed(path, text)
    topics = _topics(root)
    if not topics:
        names = list(dict.fromkeys(f"<{_name(element)}>" for element in root.iter() if element is not root))
        raise InputError(path, expected='topics, such as <topic number="1">', found=", ".join(names[:5]) or "none")
    for element in topics:
        fields: dict[str, str] = {}
        for child in element:
            name, words = _name(child), _words("".join(child.itertext()))
            if label := child.get("name"):
                words = f"{label}: {words}"
            fields[name] = f"{fields[name]} {words}" if name in fields else words
        own = _words(f"{element.text or ''} {' '.join(child.tail or '' for child in element)}")
        topic_id = _id(element)
        fields = {name: words for name, words in fields.items() if name not in IDS}
        yield Topic(lines[element], topic_id, fields | ({"": own} if own else {}))


def _topics(root: Element) -> list[Element]:
    numbered = [element for element in root.iter() if _id(element)]
    for name in ("topic", "top", "query", "question"):
        if found := [element for element in numbered if _name(element) == name]:
            return found
    # That they lack numbers is reported when each is read.
    unnumbered = [element for element in root.iter() if _name(element) in ("topic", "top")]
    return unnumbered or [element for element in numbered if _name(element) == _name(numbered[0])]


def _id(element: Element) -> str:
    attributes = {name.lower(): value for name, value in element.attrib.items()}
    children = {_name(child): _words("".join(child.itertext())) for child in element if not len(child)}
    found = next((place[name] for name in IDS for place in (attributes, children) if place.get(name)), "")
    return re.sub(r"^number\s*:\s*", "", found.strip(), flags=re.IGNORECASE)


def _name(element: Element) -> str:
    return plain_name(element.tag.rpartition(":")[2])


def _words(text: str) -> str:
    return " ".join(text.split())


def _parsed(path: Path, text: str) -> tuple[Element, dict[Element, int]]:
    """The root element, and the line of every element."""
    builder, parser = TreeBuilder(), expat.ParserCreate()
    lines: dict[Element, int] = {}

    def start(name: str, attributes: dict[str, str]) -> None:
        lines[builder.start(name, attributes)] = parser.CurrentLineNumber

    def entity(name: str, *_: Any) -> None:
        raise InputError(
            path,
            line=parser.CurrentLineNumber,
            expected="XML without declarations of entities",
            found=f"that of {name!r}",
            hint="take the <!DOCTYPE …> with its <!ENTITY …> out of the file",
        )

    parser.StartElementHandler, parser.EndElementHandler = start, builder.end
    parser.CharacterDataHandler, parser.EntityDeclHandler = builder.data, entity
    text = _NOT_XML.sub(_mended, _DECLARATION.sub("", text))
    if "<!DOCTYPE" not in text:
        # Files that were put together have several roots.
        text = f"<topics>{text}</topics>"
    try:
        parser.Parse(text.encode(), True)
    except expat.ExpatError as error:
        message = expat.ErrorString(error.code)
        hint = "a < in a text is written &lt;"
        raise InputError(path, line=error.lineno, expected="well-formed XML", found=message, hint=hint) from None
    return builder.close(), lines


def _mended(found: re.Match[str]) -> str:
    """HTML's characters by name, and a bare `&`, as XML has them; CDATA as it is."""
    if found[0].startswith("<"):
        return found[0]
    character = html.unescape(found[0]) if found[0].endswith(";") else found[0]
    return character.replace("&", "&amp;") if "&" in character else character
