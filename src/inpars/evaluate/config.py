"""Options of the evaluate stage."""

from __future__ import annotations

from pydantic import Field

from inpars.options import Options


class EvaluateConfig(Options):
    """Measure runs against judgments, and compare them."""

    measures: tuple[str, ...] = Field(
        ("nDCG@10", "AP", "R@100", "RR@10"), description="Measures, as ir-measures or trec_eval write them."
    )
    baseline: str = Field("", description="Run that the others are compared with; by default the first.")
    permutations: int = Field(9_999, ge=99, description="Resamples of the randomisation test.")
    bootstraps: int = Field(9_999, ge=99, description="Resamples of the bootstrap interval.")
    confidence: float = Field(0.95, gt=0.5, lt=1, description="Confidence of the interval.")
    seed: int = Field(1, description="Seed of the resampling.")
