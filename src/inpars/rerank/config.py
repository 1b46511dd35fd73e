"""Options of first-stage search and of the rerank stage."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from inpars.errors import OptionError
from inpars.models.precision import Precision
from inpars.models.scorers.options import (
    LoadingOptions,
    PromptOptions,
    RetrieverPromptOptions,
    ScoringOptions,
    default_depth,
)
from inpars.options import Options, added, how
from inpars.retrieve.options import RetrievalOptions


def _no_truth_value(value: object) -> object:
    # YAML reads a bare `off` as false, which would pass for the weight 0.
    if isinstance(value, bool):
        raise ValueError("a weight from 0 to 1, or auto, or none")
    return value


LIKELIHOOD_WEIGHT = 0.3
"""Of the likelihood of a small model. No query that such a model wrote can tell: its source is likely by birth."""

Weight = Annotated[float, BeforeValidator(_no_truth_value), Field(ge=0, le=1)]


class SearchConfig(RetrievalOptions, PromptOptions, LoadingOptions):
    """Search a corpus: the first stage alone."""

    top_k: int = Field(1000, ge=1, description="Documents retrieved for each query.")
    precision: Literal["auto", "bf16", "fp16", "fp32"] = Field(
        "auto", description="Number format of the bi-encoder's matrix products."
    )
    batch_tokens: int = how(0, ge=0, description="Tokens encoded at once; 0 leaves it to the model.")
    device: str | None = how(None, description="Where to encode: cpu, cuda, cuda:1 …; by default the best there is.")

    def check(self) -> None:
        """`OptionError` where the first stage and the options of another do not go together."""
        super().check()
        if self.first_stage == "bm25" and self.gives_prompts:
            raise OptionError(
                "a query_prompt or passage_prompt of the first stage plays no part in first_stage bm25",
                hint="did you mean --first-stage dense?",
            )

    def identity(self) -> dict[str, Any]:
        """The options that the run depends on: those that its first stage reads."""
        values = self.read(super().identity())
        if self.first_stage == "bm25":
            del values["precision"]
        return values

    def scoring(self) -> ScoringOptions:
        """The options of the bi-encoder."""
        names = ("precision", "batch_tokens", "device", *PromptOptions.model_fields, *LoadingOptions.model_fields)
        return ScoringOptions(family="bi-encoder", **{name: getattr(self, name) for name in names})


class RerankConfig(ScoringOptions, RetrievalOptions, RetrieverPromptOptions):
    """Rerank a first stage with a model."""

    top_k: int = Field(
        100, ge=1, description="Documents reranked for each query; by default 20 for a likelihood on a processor."
    )
    fusion: Literal["auto", "none"] | Weight = Field(
        "auto",
        description="Weight of the model against the first stage, 0 to 1; auto chooses it on held-out queries.",
    )
    probability: bool = Field(
        False, description="Write the probability of relevance (the sigmoid of the score); the ranking is the same."
    )
    unit_size: int = Field(10_000, ge=1, description="Pairs in one resumable unit.")
    # The hash of its files is among the inputs, so that the model may lie anywhere.
    likelihood_model: str = how(
        "", description="Causal language model whose likelihood of the query reorders the best of the fusion."
    )
    likelihood_depth: int = added(
        0, ge=0, description="Documents whose likelihood is asked; 0: 20 on a processor, 100 on a GPU."
    )
    likelihood_weight: float = added(
        LIKELIHOOD_WEIGHT, ge=0, le=1, description="Weight of the likelihood against the fusion."
    )
    likelihood_pairs: int = how(
        0, ge=0, description="Leave the likelihood out where it would take more pairs than this; 0: never."
    )

    @model_validator(mode="before")
    @classmethod
    def _depth_of_a_likelihood(cls, given: Any) -> Any:
        if isinstance(given, Mapping) and given.get("family") == "likelihood" and "top_k" not in given:
            return {**given, "top_k": default_depth("likelihood", given.get("device"))}
        return given

    @property
    def searches_itself(self) -> bool:
        """Whether the model, a bi-encoder, is the retriever of its own hybrid first stage."""
        return self.first_stage == "hybrid" and self.retriever is None

    @property
    def depth(self) -> int:
        """The most candidates that a query can have."""
        return 2 * self.top_k if self.searches_itself else self.top_k

    @property
    def beside(self) -> str:
        """The first stage that the model is fused with."""
        return "bm25" if self.searches_itself else self.first_stage

    def check(self) -> None:
        """`OptionError` where the first stage and the options of another do not go together."""
        if not self.searches_itself:
            super().check()

    def identity(self) -> dict[str, Any]:
        """The options that the run depends on; the likelihood, which comes after it, is none of them."""
        values = super().identity()
        return {name: value for name, value in values.items() if not name.startswith("likelihood_")}

    def likelihood_scoring(self) -> ScoringOptions:
        """The options of the language model whose likelihood is asked."""
        # What a model reads at most, its engine and int8 are the reranker's.
        precision: Precision = "auto" if self.precision == "int8" else self.precision
        names = ("likelihood", "batch_tokens", "device", "trust_remote_code")
        values = {name: getattr(self, name) for name in names}
        return ScoringOptions(family="likelihood", precision=precision, **values)

    def searching(self, model: str | Path = "") -> SearchConfig:
        """The options of the first stage; `model` is what reranks, and searches where no retriever is named."""
        values = {name: getattr(self, name) for name in SearchConfig.model_fields}
        # int8 is for a reranker's engine; a bi-encoder has none.
        precision: Precision = "auto" if self.precision == "int8" else self.precision
        if self.searches_itself:
            return SearchConfig(**{**values, "precision": precision, "retriever": str(model)})
        return SearchConfig(**{**values, "precision": precision, **self.of_retriever().model_dump()})


class FuseConfig(Options):
    """Fuse runs of the same queries into one."""

    weights: tuple[Weight, ...] = Field(
        (), description="A weight for each run, in the order of the runs; by default all are alike."
    )
    top_k: int = Field(1000, ge=1, description="Documents kept for each query.")
