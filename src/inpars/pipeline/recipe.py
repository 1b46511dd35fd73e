"""Recipes: published methods, and one's own, as an ordered list of named steps."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from inpars.data.files import read_text
from inpars.data.languages import check_language
from inpars.data.mappings import parse_mapping
from inpars.data.paths import file_kind
from inpars.errors import InparsError, OptionError, faults_of, raise_faults, unknown_name
from inpars.options import Options, parse_options
from inpars.pipeline.references import is_reference, references
from inpars.pipeline.stages import STAGES
from inpars.pipeline.steps import MODEL, Stage, Step


@dataclass(frozen=True)
class Recipe:
    """A named list of steps, checked: every option is known, every step gets what its stage takes."""

    name: str
    description: str
    steps: tuple[Step, ...]

    def to_yaml(self) -> str:
        """The recipe with every option spelt out."""
        steps = {step.name: step.to_dict() for step in self.steps}
        value = {"name": self.name, "description": self.description, "steps": steps}
        return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=100)


def recipe_names() -> list[str]:
    """The recipes that ship with the package."""
    files = resources.files("inpars.recipes").iterdir()
    return sorted(file.name.removesuffix(".yaml") for file in files if file.name.endswith(".yaml"))


def load_recipe(recipe: str | Path, overrides: list[str] | None = None, language: str | None = None) -> Recipe:
    """A recipe by name, or from a YAML file, with `step.option=value` overrides applied.

    `language`, that of the documents, is what the recipe's own key `language` says, where it is given: it holds for
    every step that does not say another.

    `OptionError` names each step, option or value that cannot be, and what it could be instead.
    """
    source = read_recipe(recipe)
    return checked_recipe(source if language is None else {**source, "language": language}, overrides or [])


def checked_recipe(source: dict[str, Any], overrides: list[str]) -> Recipe:
    """The recipe of `source`, from `read_recipe`, with the overrides applied; `OptionError` as for `load_recipe`."""
    steps = source["steps"]
    if "language" in source:
        check_language(str(source["language"]))
        steps = {name: _in_language(source["language"], name, written) for name, written in steps.items()}
    faults = faults_of(*(partial(_override, steps, override) for override in overrides))
    faults += faults_of(*(partial(_parsed, str(name), written) for name, written in steps.items()))
    # How they go together is told once each of them is right in itself.
    raise_faults(faults)
    checked: dict[str, Step] = {}
    for name, written in steps.items():
        checked[str(name)] = step = _step(str(name), written, checked, [str(known) for known in steps])
        if step.stage.check is not None:
            faults += faults_of(partial(step.stage.check, step, dict(checked)))
    raise_faults(faults)
    return Recipe(str(source["name"]), str(source.get("description", "")).strip(), tuple(checked.values()))


def recipe_text(recipe: str | Path) -> str:
    """A recipe by name, or from a YAML file, as it is written; `InparsError` where there is none."""
    path = Path(recipe)
    if path.suffix in {".yaml", ".yml"}:
        if file_kind(path) == "nothing there":
            raise InparsError(
                f"no recipe at {path}", hint=f"recipes that ship with inpars: {', '.join(recipe_names())}"
            )
        return read_text(path)
    if str(recipe) in recipe_names():
        return (resources.files("inpars.recipes") / f"{recipe}.yaml").read_text(encoding="utf-8")
    raise unknown_name("recipe", str(recipe), recipe_names())


def read_recipe(recipe: str | Path) -> dict[str, Any]:
    """A recipe by name, or from a YAML file, as data: `name`, `description`, `steps`, and what it says of these:

    `language`, that of the documents, and `otherwise`, the recipe to take where its generator does not fit
    (`otherwise.for_corpus`).
    """
    text = recipe_text(recipe)
    expected = "a mapping with 'steps', each named, as in the quickstart recipe"
    source = parse_mapping(text, f"recipe {recipe}", expected=expected)
    if not isinstance(source.get("steps"), dict) or not source["steps"]:
        raise InparsError(f"recipe {recipe}: expected {expected}")
    if unknown := set(source) - {"name", "description", "language", "otherwise", "steps"}:
        raise OptionError(f"recipe {recipe}: unknown key {', '.join(sorted(map(repr, unknown)))}")
    return {"name": str(recipe), **source}


def _in_language(language: str, name: Any, written: Any) -> Any:
    """A step's options with the language filled in; whatever is wrong with them is found when they are parsed."""
    stage = str(written.get("stage", name)) if isinstance(written, dict) else str(name)
    if stage not in STAGES or not isinstance(written, dict | None):
        return written
    return _filled_in(language, STAGES[stage].config(), written or {})


def _filled_in(language: str, kind: type[Options], written: dict[str, Any]) -> dict[str, Any]:
    filled = dict(written)
    for name, field in kind.model_fields.items():
        if name == "language" and field.annotation is str:
            filled.setdefault(name, language)
        elif isinstance(field.annotation, type) and issubclass(field.annotation, Options):
            inner = filled.get(name) or {}
            if isinstance(inner, dict) and (inner := _filled_in(language, field.annotation, inner)):
                filled[name] = inner
    return filled


def _override(steps: dict[str, Any], override: str) -> None:
    target, equals, value = override.partition("=")
    name, *path = target.strip().split(".")
    if not equals or not path:
        raise OptionError(f"--set {override!r}: expected step.option=value, as in train.epochs=2")
    if name not in steps:
        raise unknown_name("step", name, steps)
    inner: dict[str, Any] = dict(steps[name] or {})
    steps[name] = inner
    for part in path[:-1]:
        part = part.replace("-", "_")
        existing = inner.get(part)
        inner[part] = dict(existing) if isinstance(existing, dict) else {}
        inner = inner[part]
    inner[path[-1].replace("-", "_")] = _value(override, value.strip())


def _value(override: str, text: str) -> Any:
    # Nothing after the sign is the empty text, as in generate.model= for no model; YAML has null for None, and
    # wants quotes around @train, which no shell leaves there.
    if not text or is_reference(text):
        return text
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        raise OptionError(
            f"--set {override!r}: what follows the '=' is no YAML", hint="are its brackets closed?"
        ) from None


def _parsed(name: str, written: Any) -> tuple[Stage, Any, Options]:
    """A step's stage, the input that it names, and its options."""
    if not re.fullmatch(r"\w[\w-]*", name):
        raise OptionError(f"step {name!r}: a step is named in letters, digits, '_' and '-': its folder is called so")
    if written is not None and not isinstance(written, dict):
        raise OptionError(f"step {name!r}: expected options as a mapping; found {written!r}")
    options = dict(written or {})
    stage = STAGES[str(options.pop("stage", name))]
    chosen = options.pop("input", None)
    if is_reference(retriever := options.get("first_stage")):
        options |= {"first_stage": "dense", "retriever": retriever}
    return stage, chosen, parse_options(stage.config(), name, options)


def _step(name: str, written: Any, earlier: dict[str, Step], names: Iterable[str]) -> Step:
    stage, chosen, options = _parsed(name, written)
    _check_references(name, options.model_dump(), earlier, names)
    return Step(name, stage, _input(name, stage, chosen, earlier), options)


def _input(name: str, stage: Stage, chosen: Any, earlier: dict[str, Step]) -> str:
    """The step that `name` takes its input from: the one chosen, else the last that gives what is wanted most."""
    if chosen is not None and chosen not in earlier:
        raise unknown_name(f"input of step {name!r}", str(chosen), earlier)
    taken = " or ".join(stage.takes)
    if stage.takes and chosen is None:
        giving = [step.name for kind in reversed(stage.takes) for step in earlier.values() if step.stage.gives == kind]
        if not giving:
            raise OptionError(f"step {name!r} takes {taken}, and no step before it gives any")
        chosen = giving[-1]
    if stage.takes and (gives := earlier[chosen].stage.gives) not in stage.takes:
        raise OptionError(f"step {name!r} takes {taken}, and its input {chosen!r} gives {gives}")
    return str(chosen or "")


def _check_references(name: str, options: dict[str, Any], earlier: dict[str, Step], names: Iterable[str]) -> None:
    models = [step.name for step in earlier.values() if step.stage.gives == MODEL]
    for place, referred in references(options):
        where = ".".join((name, *place))
        hint = f"models before it: {', '.join('@' + model for model in models) or 'none'}"
        if referred not in earlier:
            if referred in names:
                raise OptionError(f"{where}: step {referred!r} does not come before step {name!r}", hint=hint)
            raise unknown_name(f"step in {where}", referred, models)
        if referred not in models:
            gives = earlier[referred].stage.gives
            raise OptionError(f"{where}: step {referred!r} gives {gives}, where a model is wanted", hint=hint)
        family = earlier[referred].options.model_dump()["family"]
        if place[-1] == "retriever" and family != "bi-encoder":
            raise OptionError(
                f"{where}: step {referred!r} trains a {family}, and only a bi-encoder can retrieve", hint=hint
            )
