"""The catalogue of what has been published: data in `catalogue.yaml`, found here by kind and name."""

from __future__ import annotations

import difflib
import os
from functools import lru_cache
from importlib import resources
from typing import Literal, get_args

from pydantic import model_validator

from inpars.data.mappings import parse_mapping
from inpars.errors import OptionError, unknown_name
from inpars.options import Options, parse_options

Kind = Literal["queries", "model", "runs", "fewshot"]
KINDS: tuple[Kind, ...] = get_args(Kind)

_SUFFIXES = {"queries": ".jsonl", "runs": ".trec", "fewshot": ".jsonl", "model": ""}


class Item(Options):
    """One thing to download: from a `url`, or from a `repo` of the Hub, `file` being empty for all of it."""

    kind: Kind
    name: str
    about: str
    url: str = ""
    repo: str = ""
    file: str = ""
    revision: str = ""
    size: str = ""

    @property
    def suffix(self) -> str:
        """The suffix of the file in the cache, which says what is in it."""
        return _SUFFIXES[self.kind]

    @property
    def source(self) -> str:
        """The address that identifies the item, whatever mirror it comes from."""
        if self.url:
            return self.url
        kind = "" if self.kind == "model" else "datasets/"
        path = f"/resolve/{self.revision}/{self.file}" if self.file else f"/tree/{self.revision}"
        return f"https://huggingface.co/{kind}{self.repo}{path}"

    @property
    def address(self) -> str:
        """`source`, with `HF_ENDPOINT` in the place of the Hub where that is set."""
        endpoint = os.environ.get("HF_ENDPOINT", "").rstrip("/")
        hub = "https://huggingface.co"
        return endpoint + self.source.removeprefix(hub) if endpoint and self.repo else self.source


class _Entry(Options):
    file: str = ""
    size: str = ""


class _Group(Options):
    kind: Kind
    about: str
    prefix: str = ""
    url: str = ""
    repo: str = ""
    file: str = ""
    revision: str = ""
    entries: dict[str, _Entry]

    @model_validator(mode="after")
    def _one_place(self) -> _Group:
        if bool(self.url) == bool(self.repo) or bool(self.repo) != bool(self.revision):
            raise ValueError("a group has either a url, or a repo with a revision")
        return self

    def items(self) -> list[Item]:
        """The group's entries, each with its own place."""
        return [
            Item(
                kind=self.kind,
                name=self.prefix + name,
                about=self.about,
                url=self.url.format(name=name),
                repo=self.repo.format(name=name),
                file=(entry.file or self.file).format(name=name),
                revision=self.revision,
                size=entry.size,
            )
            for name, entry in self.entries.items()
        ]


class Catalogue(Options):
    """All groups, and which names of datasets mean the same one."""

    spellings: list[list[str]]
    groups: list[_Group]

    def items(self, kind: str | None = None) -> list[Item]:
        """What there is, of one kind or of all, in the catalogue's order."""
        return [item for group in self.groups for item in group.items() if kind in (None, group.kind)]

    def find(self, kind: str, name: str) -> Item:
        """The item of that kind and name, in any spelling. `OptionError` with a suggestion where there is none."""
        if kind not in KINDS:
            raise unknown_name("kind", kind, KINDS)
        items = self.items(kind)
        for item in items:
            if self.canonical(name) == self.canonical(item.name) or (item.repo == name and not item.file):
                return item
        # Among all spellings, so that a typo in any of them leads to the item.
        known = {spelling: item.name for item in items for spelling in self._spellings_of(item.name)}
        close = difflib.get_close_matches(_plain(name), known, n=1)
        suggestion = f"did you mean {known[close[0]]!r}? " if close else ""
        what = "model" if kind == "model" else f"{kind} file"
        raise OptionError(
            f"there is no published {what} called {name!r}",
            hint=f"{suggestion}all of them: inpars download {kind} --list",
        )

    def canonical(self, name: str) -> str:
        """The first of a dataset's spellings, for any of them; a name that has one spelling is its own."""
        return self._spellings_of(name)[0]

    def _spellings_of(self, name: str) -> list[str]:
        prefix, slash, dataset = _plain(name).rpartition("/")
        names = next((names for names in self.spellings if dataset in names), [dataset])
        return [prefix + slash + each for each in names]


def _plain(name: str) -> str:
    return name.strip().lower().replace("_", "-")


@lru_cache(maxsize=1)
def catalogue() -> Catalogue:
    """The catalogue that ships with the package."""
    text = (resources.files("inpars.download") / "catalogue.yaml").read_text(encoding="utf-8")
    values = parse_mapping(text, "catalogue.yaml", expected="spellings and groups")
    return parse_options(Catalogue, "catalogue", values)
