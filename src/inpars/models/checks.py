"""Checks of models by their names and options alone, so that nothing is spent before one is found missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from inpars.errors import InparsError, OptionError, require_library
from inpars.models.files import model_json
from inpars.models.gguf.converting import check_convertible
from inpars.models.gguf.kinds import is_gguf
from inpars.models.judges.options import Asks, JudgingOptions
from inpars.models.language import open_language_model, split_spec
from inpars.models.language.base import check
from inpars.models.locate import locate, no_model, source, why_absent
from inpars.models.precision import check_device
from inpars.models.scorers.kinds import family_of, require_scorer
from inpars.models.scorers.likelihood.options import LikelihoodOptions
from inpars.models.scorers.likelihood.prompt import load_prompt
from inpars.models.scorers.options import ScoringOptions
from inpars.models.scorers.prompts import check_prompts
from inpars.models.vocabulary import require_fit_of_files, require_tokenizer_files

Check = Callable[[], object]
"""Raises `InparsError` for what is wrong."""

_NAMES = ("model", "reranker", "retriever", "scorer", "teacher", "base_model", "likelihood_model")
_AROUND = ("positive_aware", "relabel", "judge")
_ENGINES = {"onnx": ("onnxruntime", "onnx"), "openvino": ("openvino", "openvino")}


class Named(NamedTuple):
    """A model and the option that names it; `here` where it is loaded in this process, from a folder or the hub."""

    option: str
    model: str
    here: bool


def named_in(place: str, options: Mapping[str, Any]) -> Iterator[Named]:
    """Every model that options name, those of the options inside them too; `place` is where they stand."""
    run_here = options.get("backend", "auto") in ("auto", "transformers")
    for name in _NAMES:
        value = options.get(name) or ()
        for model in [value] if isinstance(value, str) else value:
            # Of a step before this one, which makes it.
            if model != "bm25" and not model.startswith("@"):
                yield Named(f"{place}.{name}", model, run_here and split_spec(model)[0] == "transformers")
    for name in _AROUND:
        if name in options:
            yield from named_in(f"{place}.{name}", options[name])


def model_checks(models: Iterator[Named]) -> Iterator[Check]:
    """A check for each: whether it is available, as far as the disk can tell and whether the Hub answers at all."""
    return (partial(check_model, named.model, named.option) for named in models if named.here)


def check_model(model: str | Path, option: str = "") -> None:
    """`InparsError` for a model that is not available, or whose files are broken, lack a tokenizer or do not fit.

    No library is loaded, but for a model in GGUF that has not been converted: only the libraries know what they read.
    """
    where = source(model)
    if why := why_absent(where):
        raise no_model(str(model), why, option)
    if Path(where).exists():
        try:
            if is_gguf(Path(where)):
                check_convertible(Path(where), str(model))
                return
            model_json(where, "config.json")
            require_tokenizer_files(where)
            require_fit_of_files(where)
        except InparsError as error:
            raise InparsError(f"{option}: {error.message}" if option else error.message, hint=error.hint) from None


def check_scorers(options: ScoringOptions, models: Iterable[str]) -> None:
    """`InparsError` where a model's files say that it does not score as `options` ask; nothing is loaded.

    A model that a step of a recipe makes may; of one that is not there `check_model` tells.
    """
    for model in models:
        where = locate(model)
        if not model.startswith("@") and not why_absent(where):
            require_scorer(where, family_of(where) if options.family == "auto" else options.family)
    check_prompts(options, models)
    _check_likelihood(options)


def _check_likelihood(options: ScoringOptions) -> None:
    """`OptionError` where a likelihood has no such prompt or engine, or its options are given to another family."""
    if options.family != "likelihood":
        if options.likelihood.identity() != LikelihoodOptions().identity():
            raise OptionError(
                f"the options of a likelihood play no part in family {options.family}",
                hint="did you mean --family likelihood?",
            )
        return
    load_prompt(options.likelihood.prompt)
    if options.engine not in ("auto", "eager"):
        raise OptionError(
            f"engine {options.engine} cannot run a causal language model for its likelihoods", hint="leave it out"
        )


def check_scoring(options: Any, purpose: str) -> None:
    """What a model that scores needs: the libraries, those of the engine that `options` name, and the device."""
    require_library("sentence_transformers", "train", purpose)
    if named := _ENGINES.get(getattr(options, "engine", "")):
        require_library(*named, f"engine {options.engine}")
    check_device(getattr(options, "device", None))


def check_language_model(model: str, options: Any, backend: str = "auto") -> None:
    """What a language model needs before it is first asked: libraries, devices, a key, a table of prices.

    `options` has the options of each backend under its name. Nothing heavy is loaded.
    """
    check(open_language_model(model, options, backend))


def judge_checks(options: JudgingOptions, asks: Asks) -> Iterator[Check]:
    """What a language model needs that judges: itself, and a prompt that asks for what is wanted."""
    from inpars.models.judges.prompt import load_prompt

    yield partial(load_prompt, options.prompt, asks)
    yield options.check
    if options.model:
        yield partial(check_language_model, options.model, options)
