"""`inpars run` and `inpars recipes`."""

from pathlib import Path

from rich.console import Console

from inpars.pipeline import run as carry_out
from inpars.pipeline.recipe import load_recipe, recipe_names


def run(
    recipe: str = "quickstart",
    *,
    corpus: str,
    output: Path,
    queries: Path | None = None,
    qrels: Path | None = None,
    set: list[str] | None = None,
) -> None:
    """Carry out a recipe, from documents to a measured model. The same call again goes on where it stopped.

    Parameters
    ----------
    recipe
        Name of a recipe (see `inpars recipes`), or a YAML file.
    corpus
        A folder (BEIR or texts), a .jsonl/.csv/.tsv/.parquet file, ir_datasets:ID, hf:ID or python-docs.
    output
        Folder for the run.
    queries
        Test queries; by default those that come with the corpus.
    qrels
        Judgments for them.
    set
        An option of a step, as in --set train.epochs=2; may be given several times.
    """
    carry_out(recipe, corpus=corpus, output=output, queries=queries, qrels=qrels, set=set or [])


def recipes(name: str = "") -> None:
    """List the recipes, or show one with every option spelt out.

    Parameters
    ----------
    name
        Recipe to show.
    """
    console = Console(highlight=False)
    if name:
        console.print(load_recipe(name).to_yaml(), markup=False, soft_wrap=True)
        return
    for known in recipe_names():
        console.print(f"{known}: {load_recipe(known).description}", markup=False, soft_wrap=True)
