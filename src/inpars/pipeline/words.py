"""`inpars run` as people type it: a recipe and a corpus in any order, and a folder for the run that nobody named."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from inpars.data.columns import split_columns
from inpars.data.corpora.open import SPECS, is_spec
from inpars.data.files import COMPRESSIONS
from inpars.data.recorded import recorded_corpus, recorded_manifest
from inpars.errors import InparsError, OptionError
from inpars.pipeline.recipe import recipe_names


class Typed(NamedTuple):
    """What the words of a command line come to."""

    recipe: str
    corpus: str


def read_words(words: Sequence[str], corpus: str | None, recipe: str | None = None) -> Typed:
    """The recipe (by default the quickstart) and the corpus among `words`; the others are those of the flags.

    A recipe's name, and what ends in .yaml or .yml, is the recipe; anything else the corpus. `OptionError` for two
    of either, for no corpus, and for a word that is neither.
    """
    recipes = [word for word in words if _is_recipe(word)]
    corpora = [word for word in words if not _is_recipe(word)]
    for word in corpora:
        if not is_spec(word):
            raise _unknown(word)
    corpora += [corpus] if corpus is not None else []
    recipes += [recipe] if recipe is not None else []
    for kind, found in (("recipes", recipes), ("corpora", corpora)):
        if len(found) > 1:
            raise OptionError(f"two {kind}, {found[0]!r} and {found[1]!r}", hint="a run has one: leave the other out")
    if not corpora:
        raise OptionError("a run needs a corpus", hint=f"inpars run CORPUS, where a corpus is {SPECS}")
    return Typed(recipes[0] if recipes else "quickstart", corpora[0])


def output_for(recipe: str, corpus: str) -> Path:
    """A folder for the run in the current one, named after corpus and recipe.

    `InparsError` where it would lie in the corpus's own folder, or holds a run of another corpus.
    """
    output = Path(f"{_name_of(corpus)}-{Path(recipe).stem}")
    place = Path(split_columns(corpus)[0])
    if place.is_dir() and output.resolve().is_relative_to(place.resolve()):
        raise InparsError(
            f"the run's folder, {output}, would lie inside the corpus {corpus}",
            hint=f"name a place outside of it: --output {Path('..') / output}",
        )
    other = recorded_corpus(recorded_manifest(output))
    if other is not None and not _same(other, corpus):
        raise InparsError(f"{output} holds a run of another corpus, {other}", hint="name another folder with --output")
    return output


def _is_recipe(word: str) -> bool:
    return word in recipe_names() or word.endswith((".yaml", ".yml"))


def _unknown(word: str) -> OptionError:
    folder = Path(word).parent
    beside = [str(folder / path.name) for path in folder.iterdir()] if folder.is_dir() else []
    close = difflib.get_close_matches(word, [*recipe_names(), "python-docs", *beside], n=1)
    suggestion = f"did you mean {close[0]!r}? " if close else ""
    return OptionError(
        f"{word!r} is neither a recipe nor a corpus: there is no such file or folder",
        hint=f"{suggestion}recipes: {', '.join(recipe_names())}; a corpus is {SPECS}",
    )


def _name_of(corpus: str) -> str:
    """A corpus's name as that of a folder: without its place, its endings and what a file system may not take."""
    location = split_columns(corpus)[0]
    if location.startswith("hf:"):
        location = location.split(":")[1]
    path = Path(location).resolve() if Path(location).exists() else Path(location.removeprefix("ir_datasets:"))
    if path.name.startswith("corpus.jsonl"):
        path = path.parent
    name = path.name
    for ending in COMPRESSIONS:
        name = name.removesuffix(ending)
    name = name.rsplit(".", 1)[0] if path.is_file() and "." in name else name
    return re.sub(r"[^\w.-]+", "-", name).strip("-.") or "corpus"


def _same(one: str, other: str) -> bool:
    return one == other or Path(split_columns(one)[0]).resolve() == Path(split_columns(other)[0]).resolve()
