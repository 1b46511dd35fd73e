"""`inpars prompts`."""

from cyclopts import App
from rich.console import Console
from rich.table import Table

from inpars.data.fewshot import Example
from inpars.data.records import Document
from inpars.generate.config import GenerateConfig
from inpars.generate.prompts.library import builtin_templates, load_template
from inpars.generate.prompts.prompter import Prompter
from inpars.generate.prompts.template import Template
from inpars.models.language.tokenizers import EstimatedTokenizer

app = App(name="prompts", help="List the prompts, or show one.")

_DEFAULTS = GenerateConfig()


@app.default
def prompts() -> None:
    """List the prompts."""
    table = Table(box=None, pad_edge=False)
    for column in ("name", "style", "examples", "description"):
        table.add_column(column, no_wrap=column != "description")
    for name, template in builtin_templates().items():
        table.add_row(name, template.style, _examples_of(template), template.description)
    console = Console(highlight=False)
    console.print(table)
    console.print(
        "\npromptagator alone is the one named after the corpus. A prompt of your own is a text file with {document} "
        "in it and a cue at its end, or a YAML file with the fields of a template.",
        markup=False,
    )


@app.command
def show(
    name: str,
    *,
    document: str = "‹the document›",
    query_form: str = "",
    n_fewshot_examples: int = _DEFAULTS.n_fewshot_examples,
) -> None:
    """Show what a language model is asked. Examples that come from the dataset are left as placeholders.

    Parameters
    ----------
    name
        Prompt to show: a name, or a file.
    document
        Text of the document.
    query_form
        Form of query to ask for: question, keywords, claim, title or mixed.
    n_fewshot_examples
        Examples in a prompt that has none of its own.
    """
    template = load_template(name)
    examples = [
        Example("", "", f"‹query {number}›", f"‹document {number}›", f"‹bad query {number}›")
        for number in range(1, n_fewshot_examples + 1)
        if template.needs_examples
    ]
    prompter = Prompter(
        template,
        examples,
        EstimatedTokenizer(),
        max_doc_length=_DEFAULTS.max_doc_length,
        max_query_length=_DEFAULTS.max_query_length,
        max_prompt_length=_DEFAULTS.max_prompt_length,
        max_new_tokens=_DEFAULTS.max_new_tokens,
        query_form=query_form,
    )
    console = Console(highlight=False)
    for fact in (template.description, template.source):
        if fact:
            console.print(f"# {fact}", markup=False, soft_wrap=True, style="dim")
    console.print(prompter.prompt(Document("", document)).text, markup=False, soft_wrap=True)


def _examples_of(template: Template) -> str:
    if template.needs_examples:
        return "the dataset's"
    return f"{len(template.examples)} of its own" if template.examples else "none"
