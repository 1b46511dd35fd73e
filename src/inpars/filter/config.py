"""Options of the filter stage and of each of its methods."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from inpars.options import Options

Scoring = Literal["mean_log_probs", "sum_log_probs", "mean_probs"]


class LengthOptions(Options):
    """Options of `length`."""

    min_words: int = Field(3, ge=0, description="Fewest words a query may have.")
    max_words: int = Field(100, ge=1, description="Most words a query may have.")


class CopiedOptions(Options):
    """Options of `copied`."""

    min_words: int = Field(4, ge=1, description="Queries shorter than this are never taken for copies.")


class DuplicatesOptions(Options):
    """Options of `duplicates`."""

    similarity: float = Field(
        0.8,
        gt=0,
        le=1,
        description="Jaccard similarity of words from which queries are near duplicates; 1 for exact ones only.",
    )


class ScoresOptions(Options):
    """Options of `scores`."""

    scoring: Scoring = Field("mean_log_probs", description="How a query's token log-probabilities become its score.")
    min_score: float | None = Field(None, description="Drop queries that score lower.")


class TopKOptions(Options):
    """Options of `top_k`."""

    keep_top_k: float = Field(
        10_000, gt=0, description="How many of the best-scored queries to keep: a number, or below 1 a share of them."
    )


class FilterConfig(Options):
    """Keep the queries that are worth training on."""

    methods: tuple[str, ...] = Field(("length", "duplicates"), description="Methods, in the order they are applied.")
    length: LengthOptions = Field(default_factory=LengthOptions, description="Options of length.")
    copied: CopiedOptions = Field(default_factory=CopiedOptions, description="Options of copied.")
    duplicates: DuplicatesOptions = Field(default_factory=DuplicatesOptions, description="Options of duplicates.")
    scores: ScoresOptions = Field(default_factory=ScoresOptions, description="Options of scores.")
    top_k: TopKOptions = Field(default_factory=TopKOptions, description="Options of top_k.")
