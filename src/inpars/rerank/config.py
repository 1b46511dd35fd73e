"""Options of the rerank stage."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from inpars.models.scorers.options import ScoringOptions


def _no_truth_value(value: object) -> object:
    # YAML reads a bare `off` as false, which would pass for the weight 0.
    if isinstance(value, bool):
        raise ValueError("a weight from 0 to 1, or auto, or none")
    return value


Weight = Annotated[float, BeforeValidator(_no_truth_value), Field(ge=0, le=1)]


class RerankConfig(ScoringOptions):
    """Rerank a first stage with a model."""

    first_stage: Literal["bm25"] = Field("bm25", description="What retrieves the candidates, unless a run is given.")
    top_k: int = Field(100, ge=1, description="Documents reranked for each query.")
    fusion: Literal["auto", "none"] | Weight = Field(
        "auto",
        description="Weight of the model against the first stage, 0 to 1; auto chooses it on held-out queries.",
    )
    language: str = Field("en", description="Language of the documents (ISO 639-1), for BM25's words.")
    k1: float = Field(0.9, ge=0, description="BM25's k1.")
    b: float = Field(0.4, ge=0, le=1, description="BM25's b.")
    unit_size: int = Field(500, ge=1, description="Queries in one resumable unit.")
