"""The templates that ship with the package, and those in a user's files."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from pathlib import Path
from string import Formatter

from inpars.data.beir import dataset_names
from inpars.data.files import read_text
from inpars.data.mappings import parse_mapping
from inpars.errors import OptionError, unknown_name
from inpars.generate.prompts.template import Template
from inpars.options import parse_options

_TASKS = "promptagator-"
_FIELDS = {"document", "document_text", "query"}


@lru_cache(maxsize=1)
def builtin_templates() -> dict[str, Template]:
    """The templates that ship with the package, by name."""
    folder = resources.files("inpars.generate.prompts") / "builtin"
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".yaml")), key=lambda file: file.name)
    return {
        name: _from_yaml(name, name, file.read_text(encoding="utf-8"))
        for file in files
        for name in [file.name.removesuffix(".yaml")]
    }


def load_template(name: str | Path, dataset: str = "") -> Template:
    """A template by name, or from a file.

    `name` is that of a built-in one; `promptagator`, for the one made for `dataset` (a name such as
    scifact, or a corpus spec that ends in it); a YAML file with the fields of `Template`; or a text
    file with `{document}` in it, as the InPars toolkit takes it (v1's `{document_text}` too, and braces
    doubled for `str.format`), its cue last. `OptionError` says what cannot be and what could be instead.
    """
    known = builtin_templates()
    if str(name) == "promptagator":
        return _for_dataset(dataset)
    if found := _named(str(name)):
        return known[found]
    path = Path(name)
    if path.suffix in {".yaml", ".yml"}:
        return _from_yaml(path.stem, f"prompt {path}", _text_of(path))
    if path.is_file() or path.suffix == ".txt":
        return _from_text(path)
    raise unknown_name("prompt", str(name), ["promptagator", *known])


def _for_dataset(dataset: str) -> Template:
    for name in dataset_names(dataset):
        if found := _named(_TASKS + name):
            return builtin_templates()[found]
    tasks = [name for name in builtin_templates() if name.startswith(_TASKS)]
    what = f"the corpus {dataset!r}" if dataset else "a corpus without a name"
    raise OptionError(
        f"there is no Promptagator prompt for {what}",
        hint=f"choose the one that fits your task, or write your own file: {', '.join(tasks)}",
    )


def _named(name: str) -> str | None:
    """The built-in template of that name or alias, however its words are joined."""
    plain = name.lower().replace("_", "-")
    for known, template in builtin_templates().items():
        if plain == known or plain in template.aliases:
            return known
    return None


def _from_yaml(name: str, where: str, text: str) -> Template:
    values = parse_mapping(text, where, expected="the fields of a template")
    return parse_options(Template, where, {"name": name, **values})


def _from_text(path: Path) -> Template:
    """The toolkit's form: one text with the document's place in it, nothing else filled in."""
    text = _single_braces(_text_of(path)).replace("{document_text}", "{document}").rstrip().removesuffix("{query}")
    if "{document}" not in text:
        raise OptionError(
            f"prompt {path}: expected {{document}} in it, where the document goes; found none",
            hint="the text ends in a cue for the query, such as: Document: {document}\\nQuery:",
        )
    if "{query}" in text:
        raise OptionError(
            f"prompt {path}: {{query}} can only stand at the end",
            hint="examples with their queries belong in a YAML template: inpars prompts show inpars",
        )
    return parse_options(Template, f"prompt {path}", {"name": path.stem, "pattern": text})


def _single_braces(text: str) -> str:
    """`text` with `{{` and `}}` as `str.format` would write them, where it is all a format of the reference's fields.

    Any other braces were never doubled for `str.format`, which the reference would have failed on.
    """
    try:
        parts = list(Formatter().parse(text))
    except ValueError:
        return text
    if any(name is not None and (name not in _FIELDS or spec or conversion) for _, name, spec, conversion in parts):
        return text
    return "".join(literal + ("" if name is None else f"{{{name}}}") for literal, name, _, _ in parts)


def _text_of(path: Path) -> str:
    if not path.is_file():
        raise OptionError(
            f"no prompt at {path}", hint=f"a file, or one of: promptagator, {', '.join(builtin_templates())}"
        )
    return read_text(path)
