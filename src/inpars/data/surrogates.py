"""Halves of characters: JSON may escape one (`\\ud83d`), as what cuts texts by UTF-16 leaves it."""

from __future__ import annotations

from typing import Any


def mended(value: Any) -> Any:
    """`value`, read from JSON, with the replacement character for what is no whole character."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [mended(item) for item in value]
    return {mended(key): mended(item) for key, item in value.items()} if isinstance(value, dict) else value


def may_be_broken(text: str) -> bool:
    """Whether JSON escapes a half of a character, or a whole one in two halves."""
    return "\\ud" in text or "\\uD" in text
