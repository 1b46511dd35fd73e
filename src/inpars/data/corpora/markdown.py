"""Title and text of a document written in Markdown, reStructuredText or as plain text."""

from __future__ import annotations

import json
import re
from typing import Any

import yaml

_HEADING = re.compile(r"#{1,6}[ \t]+(.*\S)")
_CLOSING = re.compile(r"[ \t]+#+$")
_UNDERLINED = re.compile(
    r"(?P<title>(?![#>|<`]|[*+-][ \t])\S(?:.*\S)?)[ \t]*\r?\n(?P<under>=+|-{2,})[ \t]*(?:\r?\n|\Z)"
)
# reStructuredText takes any punctuation, and may draw the line above the title as well.
_REST_LINE = r"([=\-`:.'\"~^_*+#<>])\{}{{2,}}"
_REST_UNDERLINED = re.compile(
    rf"(?:{_REST_LINE.format(1)}[ \t]*\r?\n)?[ \t]*(?P<title>\w(?:.*\S)?)[ \t]*\r?\n"
    rf"(?P<under>{_REST_LINE.format(4)})[ \t]*(?:\r?\n|\Z)"
)
_FENCED = re.compile(
    r"(?P<fence>---|\+\+\+)[ \t]*\r?\n(?P<block>.*?)"
    r"^(?P<end>---|\.\.\.|\+\+\+)[ \t]*(?:\r?\n|\Z)",
    re.DOTALL | re.MULTILINE,
)
_YAML_FIELD = re.compile(r"[A-Za-z_][\w .-]*:(?:\s|$)")
_TITLE_LINE = re.compile(r"^title\s*[:=][ \t]*(.*?)[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_NULL = ("null", "Null", "NULL", "~")
_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)

REST = (".rst",)
PLAIN = (".txt", ".text")
"""Endings of files in which there is no markup but a heading with number signs."""


def title_and_text(text: str, suffix: str) -> tuple[str, str]:
    """`(title, text)` of a file with this ending; the title is empty where there is none.

    In Markdown, front matter as Jekyll, Hugo, Obsidian and Docusaurus have it (YAML between `---`, TOML between `+++`,
    or a JSON object) is no text, and its `title` is the title. Else the title is the heading that the text begins with:
    after number signs, or underlined, as Markdown and reStructuredText write it.
    """
    text, title = text.strip(), ""
    if suffix not in (*PLAIN, *REST) and (front := front_matter(text)):
        fields, text = front
        title = next((_as_title(value) for name, value in fields.items() if str(name).lower() == "title"), "")
    heading = _heading(text, suffix)
    if heading and heading[0] and (not title or title == heading[0]):
        title, text = heading
    return title, text


def plain_title_and_text(text: str) -> tuple[str, str]:
    """`(title, text)` by a heading with number signs alone, which is all that was once looked for."""
    text = text.strip()
    heading = _HEADING.match(text)
    return (heading[1], text[heading.end() :].strip()) if heading else ("", text)


def _heading(text: str, suffix: str) -> tuple[str, str] | None:
    found = _HEADING.match(text)
    if found:
        title = found[1] if suffix in (*PLAIN, *REST) else _CLOSING.sub("", found[1])
        return title, text[found.end() :].strip()
    if suffix in PLAIN:
        return None
    underlined = (_REST_UNDERLINED if suffix in REST else _UNDERLINED).match(text)
    if not underlined or (suffix in REST and len(underlined["under"]) < min(4, len(underlined["title"]))):
        return None
    return underlined["title"], text[underlined.end() :].strip()


def front_matter(text: str) -> tuple[dict[Any, Any], str] | None:
    """`(fields, what follows)`, YAML's values as written; None where a text begins with something else, such as a line
    across the page."""
    if text.startswith("{"):
        try:
            fields, end = json.JSONDecoder().raw_decode(text)
        except (ValueError, RecursionError):
            return None
        rest = text[end:]
        return (fields, rest.strip()) if fields and rest[:1] in ("\r", "\n") else None
    if not (found := _FENCED.match(text)) or (found["fence"] == "+++") != (found["end"] == "+++"):
        return None
    fields = (_toml if found["fence"] == "+++" else _yaml)(found["block"])
    return None if fields is None else (fields, text[found.end() :].strip())


def _yaml(block: str) -> dict[Any, Any] | None:
    first = next((line for line in block.splitlines() if line.strip() and not line.startswith("#")), None)
    if first is None:
        return {}
    try:
        # Every value as it is written: a title may be a number or a date.
        fields = yaml.load(block, Loader=_LOADER)
    except (yaml.YAMLError, RecursionError):
        # A colon in the title that is not quoted, or a template's braces.
        return _title_line(block) if _YAML_FIELD.match(first) else None
    # Without YAML's types null is a word.
    return (
        {name: "" if value in _NULL else value for name, value in fields.items()} if isinstance(fields, dict) else None
    )


def _toml(block: str) -> dict[Any, Any] | None:
    try:
        import tomllib
    except ImportError:
        return _title_line(block)
    try:
        return tomllib.loads(block.replace("\r\n", "\n"))
    except tomllib.TOMLDecodeError:
        return _title_line(block) or None


def _title_line(block: str) -> dict[Any, Any]:
    found = _TITLE_LINE.search(block)
    return {"title": found[1].strip("\"'")} if found else {}


def _as_title(value: object) -> str:
    return " ".join(str(value).split()) if isinstance(value, (str, int, float)) else ""
