"""`inpars run` and `inpars recipes`."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console

from inpars.pipeline import run as carry_out
from inpars.pipeline.recipe import load_recipe, recipe_names, recipe_text
from inpars.pipeline.words import output_for, read_words
from inpars.progress import say


def run(
    *words: str,
    recipe: str | None = None,
    corpus: str | None = None,
    output: Path | None = None,
    queries: Path | None = None,
    qrels: Path | None = None,
    language: str | None = None,
    set: list[str] | None = None,
    replace: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Carry out a recipe, from documents to a measured model. The same call again goes on where it stopped.

    Parameters
    ----------
    words
        A corpus: a folder (BEIR or texts), a .jsonl/.csv/.tsv/.parquet file, ir_datasets:ID, hf:ID or python-docs.
        And a recipe, by default quickstart: its name (see `inpars recipes`), or a YAML file. In any order.
    recipe
        The recipe, where it is not among the words.
    corpus
        The corpus, where it is not among the words.
    output
        Folder for the run; by default CORPUS-RECIPE in the current folder.
    queries
        Test queries; by default those that come with the corpus, or stand in --qrels.
    qrels
        Judgments for them. Alone: for the corpus's own queries, or one file of question, document and grade.
    language
        Language of the documents (ISO 639-1) for every step; by default it is recognised from the text.
    set
        An option of a step, as in --set train.epochs=2; may be given several times.
    replace
        Let queries that a language model wrote give way to others.
    """
    typed = read_words(words, corpus, recipe)
    if output is None:
        output = output_for(typed.recipe, typed.corpus)
        say(f"run: working in {output} (--output names another folder)")
    carry_out(
        typed.recipe,
        corpus=typed.corpus,
        output=output,
        queries=queries,
        qrels=qrels,
        language=language,
        set=set or [],
        replace=replace,
    )


def recipes(name: str = "", *, all: Annotated[bool, Parameter(negative=())] = False) -> None:
    """List the recipes, or show one as it is written.

    Parameters
    ----------
    name
        Recipe to show: a name, or a YAML file.
    all
        Show it with every option spelt out, those with their defaults too.
    """
    console = Console(highlight=False)
    if name:
        shown = load_recipe(name).to_yaml() if all else recipe_text(name)
        console.print(shown.rstrip(), markup=False, soft_wrap=True)
        return
    for known in recipe_names():
        console.print(f"{known}: {load_recipe(known).description}", markup=False, soft_wrap=True)
