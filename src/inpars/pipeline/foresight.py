"""What a recipe will take for a collection of a known size, told before anything is loaded or spent."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from inpars.pipeline.models import named_models
from inpars.pipeline.recipe import Recipe
from inpars.pipeline.steps import Step


@dataclass
class Foreseen:
    """Steps with what each will do, in words; at most so many pairs scored; the models that are loaded by name."""

    steps: list[tuple[str, str]] = field(default_factory=list)
    pairs: int = 0
    models: list[str] = field(default_factory=list)


def foresee(recipe: Recipe, documents: int, test_queries: int, given_queries: int = 0) -> Foreseen:
    """What the recipe takes for so many documents and test queries; `given_queries` are there already.

    Filters that keep what they like are counted as if they kept everything: the counts are upper limits.
    """
    found, counting = Foreseen(), _Counting(documents, test_queries, given_queries)
    for step in recipe.steps:
        said, pairs = getattr(counting, step.stage.name)(step)
        found.steps.append((step.name, said))
        found.pairs += pairs
        named = dict.fromkeys(each.model for each in named_models(step))
        found.models += [model for model in named if model not in found.models]
    return found


class _Counting:
    """A method for each stage, which gives words and pairs. The queries of each step are those of its input."""

    def __init__(self, documents: int, test_queries: int, given: int) -> None:
        self.documents, self.test_queries, self.given = documents, test_queries, given
        self.left: dict[str, int] = {}

    def generate(self, step: Step) -> tuple[str, int]:
        options = step.options.model_dump()
        asked = min(options["max_generations"], self.documents)
        self.left[step.name] = asked * options["queries_per_document"]
        each = "1 query" if options["queries_per_document"] == 1 else f"{options['queries_per_document']:,} queries"
        by = (
            f"by {options['model']}, prompt {options['prompt']}"
            if options["model"]
            else "from the documents' own words"
        )
        return f"{asked:,} documents, {each} each, {by}", 0

    def queries(self, step: Step) -> tuple[str, int]:
        self.left[step.name] = self.given
        return f"{self.given:,} queries that are there already", 0

    def filter(self, step: Step) -> tuple[str, int]:
        from inpars.filter.config import FilterConfig

        assert isinstance(step.options, FilterConfig)
        left, pairs, said = self.left[step.input], 0, []
        for name, chosen in step.options.steps():
            options = chosen.model_dump()
            if name == "reranker":
                pairs += left
            elif name == "consistency" and options["reranker"]:
                pairs += left * min(options["depth"], self.documents)
            limit = options.get("keep_top_k")
            before, left = left, _kept(left, limit)
            said.append(f"{name}: {before:,} queries" + (f", the best {left:,} kept" if left < before else ""))
        self.left[step.name] = left
        return "; ".join(said), pairs

    def negatives(self, step: Step) -> tuple[str, int]:
        options, left = step.options.model_dump(), self.left[step.input]
        self.left[step.name] = left
        each = options["negatives_per_query"]
        where = f"{' and '.join(options['retriever'])}'s best {options['top_k']:,}"
        return f"{each} for each of {left:,} queries, of {where}", left * (1 + each) if options["teacher"] else 0

    def train(self, step: Step) -> tuple[str, int]:
        options = step.options.model_dump()
        steps = options["max_steps"] or math.ceil(options["epochs"] * self.left[step.input] / options["batch_size"])
        return f"{options['base_model']}, {steps:,} steps of {options['batch_size']:,} queries", 0

    def search(self, step: Step) -> tuple[str, int]:
        return (
            f"{self.test_queries:,} queries, all {self.documents:,} documents encoded by the base and by the model",
            0,
        )

    def rerank(self, step: Step) -> tuple[str, int]:
        depth = min(step.options.model_dump()["top_k"], self.documents)
        said = f"{self.test_queries:,} queries, {depth:,} documents each, by the base and by the model"
        return said, 2 * self.test_queries * depth

    def evaluate(self, step: Step) -> tuple[str, int]:
        return ", ".join(step.options.model_dump()["measures"]), 0


def _kept(queries: int, limit: float | None) -> int:
    """What `keep_top_k` leaves: a number of queries, or a share below 1."""
    if not limit:
        return queries
    return min(queries, math.ceil(limit * queries) if limit < 1 else int(limit))
