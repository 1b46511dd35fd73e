"""The published experiments as data (`published.yaml`): figures with their sources, and what each dataset needs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

from pydantic import Field

from inpars.data.beir import parts_of
from inpars.data.mappings import parse_mapping
from inpars.download.catalogue import catalogue
from inpars.errors import OptionError, unknown_name
from inpars.options import Options
from inpars.pipeline.recipe import Recipe, checked_recipe, read_recipe
from inpars.pipeline.steps import Step

MEASURE = "nDCG@10"
"""What all figures are."""


class Column(Options):
    """Figures of one system by dataset, and the key of the source they were read in."""

    about: str
    source: str
    figures: dict[str, float]


class Noise(Options):
    """Two columns that only differ in the device that trained."""

    one: str
    other: str
    source: str


class PublishedQueries(Options):
    """Where `count` published queries stand in for steps of the recipe: all up to `replaces`."""

    prefix: str
    replaces: str
    count: int


class Cost(Options):
    """What the authors say a part took."""

    what: str
    source: str
    hours: str = ""
    seconds_per_query: float = 0.0


class Method(Options):
    """One method: its recipe has its name. `stand_ins` says which published models others stand in for."""

    compare: dict[str, list[str]]
    stand_ins: list[str] = Field(default_factory=list)
    note: str = ""
    published_queries: PublishedQueries | None = None
    above: dict[int, list[str]] = Field(default_factory=dict)
    queries: int = 0
    costs: list[Cost] = Field(default_factory=list)


class Dataset(Options):
    """One dataset: its place in the ir_datasets catalogue, "" where it is not public, and its size (0: not known)."""

    corpus: str = ""
    documents: int = 0
    queries: int = 0
    megabytes: int = 0


class Published(Options):
    """All of `published.yaml`."""

    sources: dict[str, str]
    columns: dict[str, Column]
    noise: Noise
    methods: dict[str, Method]
    datasets: dict[str, Dataset]
    models: dict[str, int]

    def name_of(self, dataset: str) -> str:
        """The dataset's name here, from any usual spelling. `OptionError` for one that no paper here measures."""
        plain = catalogue().canonical(dataset.removeprefix("ir_datasets:").removeprefix("beir/"))
        if plain not in self.datasets:
            raise unknown_name("dataset", dataset, self.datasets)
        return plain

    def noise_of(self, dataset: str) -> float | None:
        """How far the two devices lie apart on a dataset."""
        one, other = (self.columns[name].figures.get(dataset) for name in (self.noise.one, self.noise.other))
        return None if one is None or other is None else round(abs(one - other), 4)

    def most_noise(self) -> float:
        """The most that they lie apart on any."""
        return max(found for dataset in self.datasets if (found := self.noise_of(dataset)) is not None)


@lru_cache(maxsize=1)
def published() -> Published:
    """The data that ships with the package."""
    text = (resources.files("inpars.pipeline") / "published.yaml").read_text(encoding="utf-8")
    # Not as people's options are read: those may have dashes for underscores, and names here have dashes of their own.
    return Published.model_validate(parse_mapping(text, "published.yaml", expected="experiments"))


@dataclass(frozen=True)
class Experiment:
    """One method on one dataset."""

    method: str
    dataset: str

    @property
    def how(self) -> Method:
        """What the method needs."""
        return published().methods[self.method]

    @property
    def data(self) -> Dataset:
        """Where the dataset is, and how large."""
        return published().datasets[self.dataset]

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts that are measured one by one, or ("",) for a dataset that is whole."""
        return parts_of(self.dataset) or ("",)

    def recipe(self, documents: int, overrides: list[str], given_queries: str = "") -> Recipe:
        """The recipe with what this dataset needs, for a collection of so many documents, then the user's overrides.

        `given_queries` names a file of published queries that stands in for generating them.
        `OptionError` for an override that cannot be, and for one by which nothing is left to compare.
        """
        source = read_recipe(self.method)
        if given_queries:
            _replace(source, self.published_queries().replaces, given_queries)
        steps = source["steps"]
        own = [each for each in self._settings(steps, documents) if each.partition(".")[0] in steps]
        recipe = checked_recipe(source, [*own, *overrides])
        for step in recipe.steps:
            if step.stage.name == "evaluate" and MEASURE not in _measured(step):
                raise OptionError(
                    f"{step.name}.measures leaves out {MEASURE}", hint="the published figures are of that measure"
                )
        return recipe

    def published_queries(self) -> PublishedQueries:
        """Which published queries there are for this method and dataset; `OptionError` where there are none."""
        found = self.how.published_queries
        if found is None:
            raise OptionError(f"no queries of {self.method} are published", hint="leave out --published-queries")
        if self.parts != ("",):
            raise OptionError(
                f"the published queries for {self.dataset} do not say which of its {len(self.parts)} parts each is of",
                hint="leave out --published-queries",
            )
        return found

    def published_queries_name(self) -> str:
        """Their name among what can be downloaded."""
        return catalogue().find("queries", self.published_queries().prefix + self.dataset).name

    def _settings(self, steps: dict[str, Any], documents: int) -> list[str]:
        settings = [each for size, sets in sorted(self.how.above.items()) if documents > size for each in sets]
        if (steps.get("generate") or {}).get("prompt") == "promptagator":
            # By the dataset, whatever the folder is called that it lies in.
            settings.append(f"generate.prompt=promptagator-{self.dataset}")
        if self.how.queries and documents:
            least = steps["generate"]["queries_per_document"]
            settings.append(f"generate.queries_per_document={max(least, math.ceil(self.how.queries / documents))}")
        return settings


def experiment(method: str, dataset: str) -> Experiment:
    """The experiment of that name, in any usual spelling of the dataset; `OptionError` with what there is."""
    if method not in published().methods:
        raise unknown_name("method", method, published().methods)
    return Experiment(method, published().name_of(dataset))


def _replace(source: dict[str, Any], last: str, file: str) -> None:
    steps = source["steps"]
    names = list(steps)
    kept = {name: steps[name] for name in names[names.index(last) + 1 :]}
    source["steps"] = {"queries": {"file": file}, **kept}


def _measured(step: Step) -> list[str]:
    from inpars.data.measures import parse_measures

    return [str(measure) for measure in parse_measures(step.options.model_dump()["measures"])]
