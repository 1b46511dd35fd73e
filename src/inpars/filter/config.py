"""Options of the filter stage: the methods, in order, each with its options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import Field, model_validator

from inpars.errors import OptionError, unknown_name
from inpars.filter.method import MethodOptions
from inpars.filter.options import (
    ConsistencyOptions,
    CopiedOptions,
    DuplicatesOptions,
    EchoOptions,
    JudgeOptions,
    LanguageOptions,
    LengthOptions,
    LoopOptions,
    RerankerOptions,
    ScoresOptions,
    TopKOptions,
    UnfinishedOptions,
)
from inpars.options import Options, how, parse_options

if TYPE_CHECKING:
    from inpars.data.corpora import Corpus


class FilterConfig(Options):
    """Keep the queries that are worth training on."""

    methods: tuple[str | dict[str, Any], ...] = Field(
        ("length", "echo", "loop", "unfinished", "duplicates"),
        description="Methods, in the order they are applied; in a recipe also with options: {length: {min_words: 4}}.",
    )
    unit_size: int = how(1000, ge=1, description="Queries in one resumable unit of a method that asks a model.")
    length: LengthOptions = Field(default_factory=LengthOptions, description="Options of length.")
    copied: CopiedOptions = Field(default_factory=CopiedOptions, description="Options of copied.")
    echo: EchoOptions = Field(default_factory=EchoOptions, description="Options of echo.")
    loop: LoopOptions = Field(default_factory=LoopOptions, description="Options of loop.")
    unfinished: UnfinishedOptions = Field(default_factory=UnfinishedOptions, description="Options of unfinished.")
    duplicates: DuplicatesOptions = Field(default_factory=DuplicatesOptions, description="Options of duplicates.")
    language: LanguageOptions = Field(default_factory=LanguageOptions, description="Options of language.")
    scores: ScoresOptions = Field(default_factory=ScoresOptions, description="Options of scores.")
    top_k: TopKOptions = Field(default_factory=TopKOptions, description="Options of top_k.")
    reranker: RerankerOptions = Field(default_factory=RerankerOptions, description="Options of reranker.")
    consistency: ConsistencyOptions = Field(default_factory=ConsistencyOptions, description="Options of consistency.")
    judge: JudgeOptions = Field(default_factory=JudgeOptions, description="Options of judge.")

    @model_validator(mode="after")
    def _are_methods(self) -> FilterConfig:
        self.steps()
        return self

    def steps(self) -> list[tuple[str, MethodOptions]]:
        """Each method's name and options, in order: its own field's, and over them those written with it."""
        return [self._step(method) for method in self.methods]

    def for_corpus(self, corpus: Corpus) -> FilterConfig:
        """The options with those of each method as they are for this corpus."""
        methods = [{name: options.for_corpus(corpus).model_dump(exclude_unset=True)} for name, options in self.steps()]
        return self.model_copy(update={"methods": tuple(methods)})

    def identity(self) -> dict[str, Any]:
        """The options that the output depends on: those of the methods that are applied."""
        return {"methods": [[name, options.identity()] for name, options in self.steps()]}

    def _step(self, method: str | dict[str, Any]) -> tuple[str, MethodOptions]:
        name, given = (method, None) if isinstance(method, str) else _only_entry(method)
        options = _FROM_OUTSIDE[name]() if name in _FROM_OUTSIDE else getattr(self, name, None)
        if not isinstance(options, MethodOptions):
            raise unknown_name("filter method", name, method_names())
        if given:
            fields = {field: getattr(options, field) for field in options.model_fields_set}
            written = {str(field).replace("-", "_"): value for field, value in given.items()}
            options = parse_options(type(options), f"filter.{name}", fields | written)
        return name, options


_FROM_OUTSIDE: dict[str, type[MethodOptions]] = {}


def add_method_options(name: str, options: type[MethodOptions]) -> None:
    """Let `methods` name a method from outside the package, which is written there with its options, if any."""
    _FROM_OUTSIDE[name] = options


def method_names() -> list[str]:
    """The methods that have options, which is all of them."""
    fields = FilterConfig.model_fields.items()
    own = [name for name, info in fields if isinstance(info.annotation, type) and issubclass(info.annotation, Options)]
    return [*own, *_FROM_OUTSIDE]


def _only_entry(method: Mapping[str, Any]) -> tuple[str, Mapping[str, Any] | None]:
    if len(method) != 1 or not isinstance(value := next(iter(method.values())), Mapping | None):
        raise OptionError(f"filter.methods: expected a name, or one name with its options; found {dict(method)!r}")
    return next(iter(method)), value
