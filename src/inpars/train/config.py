"""Options of the train stage."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Optional, TypeVar

import yaml
from pydantic import BeforeValidator, Field, model_validator

from inpars.data.languages import AUTO, in_language_of
from inpars.models.precision import Precision
from inpars.models.scorers.options import Family, LoadingOptions, PromptOptions, SchemeName
from inpars.options import added
from inpars.retrieve.options import LANGUAGE
from inpars.train.defaults import FAMILY_DEFAULTS, with_defaults

Loss = Literal["pointwise", "softmax", "margin-mse", "kl", "in-batch"]

T = TypeVar("T")
if TYPE_CHECKING:
    from inpars.data.corpora import Corpus

    Own = Annotated[T, "never None once the options are made"]
else:
    Own = Optional
"""An option that is the family's own where it is not given: filled from `defaults.py`."""


def own(description: str, **constraints: Any) -> Any:
    """A field of which each family has its own default."""
    return Field(None, description=f"{description} [default: the family's own]", **constraints)


def _typed(given: Any) -> Any:
    """Values of a mapping as YAML reads them, since a command line only has strings."""
    if not isinstance(given, Mapping):
        return given
    return {str(k).replace("-", "_"): _value(v) if isinstance(v, str) else v for k, v in given.items()}


def _value(text: str) -> Any:
    try:
        return float(text) if any(mark in text for mark in ".eE") else yaml.safe_load(text)
    except (ValueError, yaml.YAMLError):
        try:
            return yaml.safe_load(text)
        except yaml.YAMLError:
            return text


class TrainConfig(PromptOptions, LoadingOptions):
    """Fine-tune a model on triples, or on queries alone.

    Options with the family's own default follow the papers: inpars/train/defaults.py, docs/training.md.
    """

    family: Family = Field("bi-encoder", description="Kind of model to train.")
    base_model: Own[str] = own("Model to start from: a path or a hub id.")
    scheme: SchemeName | None = Field(
        None, description="Prompt and target words of a seq2seq base that is no known reranker."
    )

    instruction: str | None = Field(
        None, description="What makes a document relevant, told to an llm and saved with it; by default its own."
    )
    lora_rank: int = Field(16, ge=0, description="Rank of the adapters that an llm is trained by; 0 trains it whole.")
    lora_alpha: float = Field(32, gt=0, description="What the adapters' output is multiplied by, times their rank.")
    lora_dropout: float = Field(0.0, ge=0, lt=1, description="Dropout of the adapters' input.")
    lora_targets: tuple[str, ...] = Field(
        ("all-linear",),
        min_length=1,
        description="Names of the layers that get an adapter; by default all linear ones.",
    )

    similarity: Literal["", "cos", "dot"] = Field(
        "",
        description="How a bi-encoder compares, saved with it: cos, dot, or by default as the base's own files say.",
    )

    loss: Own[Loss] = own("What is minimised; in-batch is for bi-encoders, margin-mse and kl need a teacher's scores.")
    residual: Literal["none", "bm25"] = added(
        "none",
        description="What the loss in-batch adds to the similarities: with bm25 a model learns what BM25 lacks, "
        "for fusion with it.",
    )
    temperature: float = Field(1.0, gt=0, description="Temperature of both softmaxes in the loss kl.")
    negatives_per_query: Own[int] = own(
        "Negatives that a query is shown with, drawn anew in each epoch; 0 means all it has.", ge=0
    )
    max_examples: int = Field(0, ge=0, description="Train on at most this many triples, drawn by seed; 0 means all.")
    epochs: Own[float] = own("Passes over the queries; 0 means as many as `max_steps` takes.", ge=0)
    max_steps: Own[int] = own("Stop after this many steps; 0 means after `epochs`.", ge=0)
    batch_size: Own[int] = own("Queries in one step, over all devices.", ge=1)
    micro_batch_size: Own[int] = own("Queries in one forward pass on one device; 0 means all of a step's.", ge=0)

    optimizer: str = Field(
        "adamw_torch_fused", description="Any optimizer of transformers; adafactor is the TPU recipe's."
    )
    learning_rate: Own[float] = own("Peak learning rate.", ge=0)
    scheduler: Own[str] = own("Any schedule of transformers: linear, constant, cosine …")
    warmup: Own[float] = own("Share of the steps in which the rate rises, where the schedule warms up.", ge=0, lt=1)
    weight_decay: Own[float] = own("Weight decay.", ge=0)
    dropout: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="Dropout while training. On a CPU drawing its masks costs more than the model itself.",
    )
    max_length: Own[int] = own("Tokens of a text, or of a query with its document, that training reads.", ge=8)
    arguments: Annotated[dict[str, Any], BeforeValidator(_typed)] = Field(
        default_factory=dict,
        description="Any other Hugging Face training argument, as in --arguments.gradient_checkpointing true.",
    )

    base_shares: Own[tuple[Annotated[float, Field(ge=0, lt=1)], ...]] = own(
        "Shares of the base in averages of base and trained weights to choose from; 0 is the trained alone.",
        min_length=1,
    )
    keep: Literal["best", "last"] = Field(
        "best",
        description="Which weights: those that rank the held-out queries best, the untouched base's among them, "
        "or the last step's whatever they measure, as published recipes do.",
    )
    min_gain: float = Field(
        1.0,
        description="Standard errors by which weights must beat the base on the held-out queries to be kept; below 0 "
        "they may fall short of it by as much.",
    )
    held_out_queries: int = Field(
        120, ge=0, description="Queries kept out of training to choose weights by; 0 holds out none (keep last)."
    )
    held_out_depth: int = Field(20, ge=2, description="Documents reranked for each held-out query.")
    evaluations: int = Field(1, ge=1, description="Times the model is scored on the held-out queries while it trains.")
    eval_every: int = Field(0, ge=0, description="Score it every so many steps instead; 0 means `evaluations` times.")
    patience: int = Field(0, ge=0, description="Stop after so many evaluations without a better one; 0 means never.")

    monitor_queries: Path | None = Field(None, description="Your own queries, to watch; nothing is chosen by them.")
    monitor_qrels: Path | None = Field(None, description="Judgments of the queries to watch.")
    monitor_run: Path | None = Field(None, description="A first stage's run for the queries to watch.")
    monitor_depth: int = Field(100, ge=1, description="Documents reranked for each query to watch.")
    monitor_measures: tuple[str, ...] = Field(
        ("nDCG@10", "RR@10", "R@100"), min_length=1, description="What is measured on the queries to watch."
    )
    keep_every: int = Field(
        0, ge=0, description="Keep the weights of every so many steps, and of the last, in checkpoint-N; 0 keeps none."
    )

    language: str = Field(AUTO, description=LANGUAGE)
    precision: Precision = Field("auto", description="Number format of the matrix products.")
    device: str | None = Field(None, description="Where to train: cpu, cuda, cuda:1 …; by default the best there is.")
    seed: int = Field(1, description="Seed of the split, the order and the initial weights of new layers.")

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        family = given.get("family") or "bi-encoder"
        # An unknown family is an error of its own.
        return with_defaults(given, family if family in FAMILY_DEFAULTS else "bi-encoder")

    @model_validator(mode="after")
    def _check(self) -> TrainConfig:
        if self.loss == "in-batch" and self.family != "bi-encoder":
            raise ValueError(f"the loss in-batch compares embeddings, which a {self.family} has none of")
        if self.residual != "none" and self.loss != "in-batch":
            raise ValueError(f"residual {self.residual} is added in the loss in-batch, and this is {self.loss}")
        if self.similarity and self.family != "bi-encoder":
            raise ValueError(f"similarity compares embeddings, which a {self.family} has none of")
        if self.gives_prompts and self.family != "bi-encoder":
            raise ValueError(f"query_prompt and passage_prompt are of a bi-encoder, and this is a {self.family}")
        if not self.epochs and not self.max_steps:
            raise ValueError("epochs and max_steps cannot both be 0: nothing would end the training")
        if 0 < self.held_out_queries < 10:
            raise ValueError("held_out_queries: fewer than 10 tell nothing; 0 holds out none")
        if not self.held_out_queries and (self.keep != "last" or self.patience or len(self.base_shares) > 1):
            raise ValueError(
                "held_out_queries 0 leaves nothing to choose by: it needs keep last, one of base_shares and no patience"
            )
        watched = (self.monitor_queries, self.monitor_qrels, self.monitor_run)
        if any(watched) and not all(watched):
            raise ValueError("monitor_queries, monitor_qrels and monitor_run go together")
        return self

    def identity(self) -> dict[str, Any]:
        """The options that the model depends on: the base's own files count, wherever they lie."""
        return {name: value for name, value in super().identity().items() if name != "base_model"}

    def for_corpus(self, corpus: Corpus) -> TrainConfig:
        """The options with the language of `corpus`, where BM25 is to recognise it."""
        return in_language_of(corpus, self) if self.held_out_queries or self.residual == "bm25" else self

    @property
    def distils(self) -> bool:
        """Whether the loss needs a teacher's scores."""
        return self.loss in ("margin-mse", "kl")
