"""Options of the negatives stage."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from inpars.data.languages import AUTO, in_language_of
from inpars.models.judges.options import JudgingOptions
from inpars.models.scorers.options import RetrieverPromptOptions, ScoringOptions
from inpars.options import Options, how
from inpars.retrieve.options import LANGUAGE, OF_BM25, OF_DENSE, RetrievalOptions

if TYPE_CHECKING:
    from inpars.data.corpora import Corpus

BM25 = "bm25"
"""The one retriever that is no model."""


ROUND_BY_ROUND = "a judge is asked round by round, which takes a day each with the Batch API"


class PositiveAwareOptions(Options):
    """When a candidate comes too close to the positive to be trusted as a negative; off unless a limit is given.

    TopK-PercPos and TopK-MarginPos of NV-Retriever (arXiv 2407.15831).
    """

    # The hash of its files is among the inputs, so that a model may lie anywhere; so below.
    scorer: str | None = how(None, description="Model that compares; by default the retriever's own scores do.")
    max_share: float | None = Field(
        None, gt=0, le=1, description="Leave out what scores above this share of the positive's score (0.95)."
    )
    margin: float | None = Field(
        None, ge=0, description="Leave out what scores above the positive's score less this margin."
    )

    @property
    def on(self) -> bool:
        """Whether there is a limit to keep to."""
        return self.max_share is not None or self.margin is not None

    @model_validator(mode="after")
    def _has_a_limit(self) -> PositiveAwareOptions:
        if self.scorer is not None and not self.on:
            raise ValueError("a scorer needs a limit: max_share (0.95, for example) or margin")
        return self


class RelabelOptions(Options):
    """Finding false negatives, and what becomes of them (RLHN, arXiv 2505.16967); off without a scorer or a judge."""

    scorer: str | None = how(None, description="Model that finds false negatives.")
    threshold: float | None = Field(
        None, description="Score from which a candidate is a false negative; by default the positive's own score."
    )
    judge: JudgingOptions = Field(
        default_factory=JudgingOptions, description="Language model that grades candidates instead."
    )
    min_grade: int = Field(2, ge=1, le=3, description="Grade from which a candidate is a false negative.")
    action: Literal["drop", "promote"] = Field(
        "drop", description="Leave false negatives out, or make each a positive of its query."
    )

    @model_validator(mode="after")
    def _one_of_them(self) -> RelabelOptions:
        if self.scorer is not None and self.judge.model:
            raise ValueError("either a scorer or a judge, not both")
        if self.threshold is not None and self.scorer is None:
            raise ValueError("a threshold needs a scorer; a judge goes by min_grade")
        if self.judge.model and self.judge.openai.batch_api:
            raise ValueError(f"{ROUND_BY_ROUND}: leave out judge.openai.batch_api")
        return self


def _listed(given: Any) -> Any:
    return (given,) if isinstance(given, str) else given


class NegativesConfig(RetrieverPromptOptions):
    """Mine hard negatives for each query."""

    retriever: Annotated[tuple[str, ...], BeforeValidator(_listed)] = Field(
        (BM25,),
        min_length=1,
        description="What finds the candidates: bm25, a bi-encoder (folder or name on the hub), or several, merged.",
    )
    top_k: int = Field(100, ge=1, description="How deep the candidates of each retriever go.")
    skip_top: int = Field(0, ge=0, description="Leave out this many best candidates, which may answer the query.")
    sample: Literal["random", "top", "bottom"] = Field(
        "random", description="Which of the candidates: drawn at random, the best, or the last of them."
    )
    negatives_per_query: int = Field(1, ge=1, description="Negatives drawn for each query, without replacement.")
    easy_share: float = Field(0.0, ge=0, le=1, description="Share of them drawn at random from the whole corpus.")
    near_duplicates: float = Field(
        0.9,
        gt=0,
        le=1,
        description="Jaccard similarity of words from which a document counts as the positive again; 1: equal texts.",
    )
    positive_aware: PositiveAwareOptions = Field(
        default_factory=PositiveAwareOptions, description="Leave out what scores too close to the positive."
    )
    relabel: RelabelOptions = Field(
        default_factory=RelabelOptions, description="Find false negatives with a scorer or a judge."
    )
    teacher: str | None = how(
        None, description="Model whose scores go into the triples, for the losses margin-mse and kl."
    )
    scoring: ScoringOptions = Field(default_factory=ScoringOptions, description="How these models score.")
    index: Path | None = how(
        None, description="Folder that keeps what the retrievers search; by default one beside the output."
    )
    neighbours: Literal["exact", "faiss-flat", "faiss-hnsw"] = Field(
        "exact", description="How a bi-encoder's vectors are searched: exact needs no library, faiss-hnsw approximates."
    )
    vectors: Literal["float32", "float16"] = Field("float32", description="Number format of the encoded corpus.")
    language: str = Field(AUTO, description=LANGUAGE)
    k1: float = Field(0.9, ge=0, description="BM25's k1.")
    b: float = Field(0.4, ge=0, le=1, description="BM25's b.")
    seed: int = Field(1, description="Seed of the draw.")
    unit_size: int = Field(1000, ge=1, description="Queries in one resumable unit.")

    @model_validator(mode="after")
    def _go_together(self) -> NegativesConfig:
        if self.skip_top >= self.top_k:
            raise ValueError(f"skip_top {self.skip_top} leaves nothing of the top {self.top_k}")
        if len(set(self.retriever)) < len(self.retriever):
            raise ValueError("the same retriever twice")
        if self.of_retriever().gives_prompts and len(self.dense) != 1:
            raise ValueError(
                "retriever_query_prompt and retriever_passage_prompt are of the one dense retriever; "
                + ("several have theirs in their own files" if self.dense else "there is none")
            )
        if self.positive_aware.on and self.positive_aware.scorer is None and len(self.retriever) > 1:
            raise ValueError("several retrievers have no scores in common: give positive_aware a scorer")
        return self

    @property
    def dense(self) -> tuple[str, ...]:
        """The bi-encoders among the retrievers."""
        return tuple(name for name in self.retriever if name != BM25)

    def models(self) -> dict[str, str]:
        """Every model that is named, by what it is for; a judge apart."""
        found = {f"retriever {number}": name for number, name in enumerate(self.dense, start=1)}
        named = {
            "positive_aware": self.positive_aware.scorer,
            "relabel": self.relabel.scorer,
            "teacher": self.teacher,
        }
        return found | {purpose: name for purpose, name in named.items() if name is not None}

    def for_corpus(self, corpus: Corpus) -> NegativesConfig:
        """The options with the language of `corpus`, where BM25 is to recognise it."""
        return in_language_of(corpus, self) if BM25 in self.retriever else self

    def retrieval(self, retriever: str) -> RetrievalOptions:
        """The options of one of the retrievers."""
        shared = {name: getattr(self, name) for name in (*OF_BM25, *OF_DENSE)}
        if retriever == BM25:
            return RetrievalOptions(first_stage="bm25", **shared)
        return RetrievalOptions(first_stage="dense", retriever=retriever, **shared)

    def identity(self) -> dict[str, Any]:
        """The options that the triples depend on, without those that nothing reads."""
        values = super().identity()
        values["retriever"] = [BM25 if name == BM25 else "dense" for name in self.retriever]
        unread = {
            *(() if BM25 in self.retriever else OF_BM25),
            *(() if self.dense else OF_DENSE),
            *(() if self.models() else ("scoring",)),
        }
        return {name: value for name, value in values.items() if name not in unread}
