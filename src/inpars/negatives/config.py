"""Options of the negatives stage."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from inpars.options import Options


class NegativesConfig(Options):
    """Mine hard negatives for each query."""

    retriever: Literal["bm25"] = Field("bm25", description="What finds the candidates.")
    top_k: int = Field(100, ge=1, description="How deep the candidates go.")
    skip_top: int = Field(0, ge=0, description="Leave out this many best candidates, which may answer the query.")
    negatives_per_query: int = Field(1, ge=1, description="Negatives drawn for each query, without replacement.")
    language: str = Field("en", description="Language of the documents (ISO 639-1), for BM25's words.")
    k1: float = Field(0.9, ge=0, description="BM25's k1.")
    b: float = Field(0.4, ge=0, le=1, description="BM25's b.")
    seed: int = Field(1, description="Seed of the draw.")
    unit_size: int = Field(1000, ge=1, description="Queries in one resumable unit.")
