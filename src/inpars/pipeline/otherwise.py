"""The recipe to take where the language model of another one is not installed, or does not speak the language."""

from __future__ import annotations

from pathlib import Path

from inpars.data.corpora import Corpus
from inpars.data.languages import AUTO, language_of
from inpars.errors import InparsError
from inpars.models.languages import speaks
from inpars.models.locate import install_hint
from inpars.pipeline.recipe import Recipe, load_recipe, read_recipe
from inpars.progress import say


def for_corpus(
    chosen: Recipe, recipe: str | Path, overrides: list[str], language: str | None, corpus: Corpus
) -> Recipe:
    """`chosen`, which is `recipe` with the overrides, or the one that it names under `otherwise`; which is printed.

    Another one takes its place where the model that writes its queries comes in a package that is not installed, or
    does not speak the language of `corpus`. A recipe that names none, or whose model is another one, stands.
    """
    source = read_recipe(recipe)
    if not (other := source.get("otherwise")):
        return chosen
    written = str(source["steps"]["generate"]["model"])
    model = next((step.options.model_dump()["model"] for step in chosen.steps if step.name == "generate"), "")
    if model != written:
        return chosen
    try:
        spoken = language_of(corpus, language or str(source.get("language", AUTO)))
    except InparsError:
        # What is wrong with the documents is reported together with all else that is.
        return chosen
    if hint := install_hint(model):
        why = f"the language model {model} is not installed: {hint}"
    elif not speaks(model, spoken):
        why = f"the language model {model} does not speak the documents' language, {spoken}"
    else:
        say(f"run: queries are written by {model}, a language model on this machine")
        return chosen
    say(f"run: the recipe {other} in the place of {chosen.name}, with queries extracted from the documents: {why}")
    return load_recipe(str(other), overrides, language)
