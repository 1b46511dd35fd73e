"""How the first stage searches: options shared by every stage that retrieves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field
from typing_extensions import Self

from inpars.data.languages import AUTO, in_language_of
from inpars.errors import OptionError
from inpars.options import Options, added, how
from inpars.retrieve.fusion import PRIOR

if TYPE_CHECKING:
    from inpars.data.corpora import Corpus

Neighbours = Literal["exact", "faiss-flat", "faiss-hnsw"]
Vectors = Literal["float32", "float16"]

LANGUAGE = "Language of the documents (ISO 639-1), for BM25's words; auto recognises it from the text."

OF_BM25 = ("language", "k1", "b")
OF_DENSE = ("neighbours", "vectors")
OF_HYBRID = ("hybrid_weight",)


def spoken(first_stage: str) -> str:
    """What a first stage is called in a sentence."""
    return {"bm25": "BM25", "dense": "dense search", "hybrid": "hybrid search"}.get(first_stage, first_stage)


class RetrievalOptions(Options):
    """Options of first-stage search."""

    first_stage: Literal["bm25", "dense", "hybrid"] = Field(
        "bm25",
        description="What retrieves the candidates: BM25, a bi-encoder (dense), or both, their best together (hybrid).",
    )
    # The hash of its files is among the inputs, so that the model may lie anywhere.
    retriever: str | None = how(None, description="Bi-encoder of a dense or hybrid first stage: a folder or a name.")
    index: Path | None = how(
        None, description="Folder that keeps the index for later commands; by default one beside the output."
    )
    dense_index: Path | None = how(
        None, description="Folder that keeps the encoded corpus of a hybrid first stage; by default the index's own."
    )
    hybrid_weight: float = added(
        PRIOR, ge=0, le=1, description="Weight of the bi-encoder against BM25 in a hybrid first stage."
    )
    neighbours: Literal["exact", "faiss-flat", "faiss-hnsw"] = Field(
        "exact", description="How the dense first stage searches: exact needs no library, faiss-hnsw approximates."
    )
    vectors: Literal["float32", "float16"] = Field("float32", description="Number format of the encoded corpus.")
    language: str = Field(AUTO, description=LANGUAGE)
    k1: float = Field(0.9, ge=0, description="BM25's k1.")
    b: float = Field(0.4, ge=0, le=1, description="BM25's b.")

    def check(self) -> None:
        """`OptionError` where the first stage and the options of another do not go together."""
        if self.first_stage != "bm25" and self.retriever is None:
            raise OptionError(
                f"first_stage {self.first_stage} needs a bi-encoder",
                hint="give one with --retriever, for example --retriever all-MiniLM-L6-v2",
            )
        if self.first_stage == "bm25" and self.retriever is not None:
            raise OptionError(
                "a retriever plays no part in first_stage bm25",
                hint="did you mean --first-stage hybrid, or --first-stage dense?",
            )

    def for_corpus(self, corpus: Corpus) -> Self:
        """The options with the language of `corpus`, where BM25 is to recognise it."""
        return self if self.first_stage == "dense" else in_language_of(corpus, self)

    def of_bm25(self) -> RetrievalOptions:
        """BM25's part of a hybrid first stage."""
        return self._part(first_stage="bm25", retriever=None)

    def of_dense(self) -> RetrievalOptions:
        """The bi-encoder's part of a hybrid first stage."""
        return self._part(first_stage="dense", index=self.dense_index or self.index)

    def _part(self, **update: Any) -> RetrievalOptions:
        values = {name: getattr(self, name) for name in RetrievalOptions.model_fields}
        return RetrievalOptions(**values | update)

    def read(self, values: dict[str, Any]) -> dict[str, Any]:
        """`values` without the options that the chosen first stage does not read."""
        unread = {"bm25": OF_DENSE + OF_HYBRID, "dense": OF_BM25 + OF_HYBRID, "hybrid": ()}[self.first_stage]
        return {name: value for name, value in values.items() if name not in unread}
