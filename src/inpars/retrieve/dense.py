"""Dense retrieval with a bi-encoder over any corpus."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Protocol, cast

import numpy as np

from inpars.data.artifacts import facts_of
from inpars.data.corpora import Corpus
from inpars.data.records import Query
from inpars.data.runs import Run, tie_free
from inpars.errors import OptionError, shorten
from inpars.models.locate import locate, model_fingerprint
from inpars.models.scorers import family_of
from inpars.models.scorers.bi_encoder import BiEncoder
from inpars.models.scorers.options import ScoringOptions
from inpars.retrieve.embeddings import MATRIX, Embeddings, cosine, encode_corpus, require_numbers, unit_length
from inpars.retrieve.faiss_index import Flat, Hnsw, require_faiss
from inpars.retrieve.nearest import Exact, best
from inpars.retrieve.options import Neighbours, Vectors

QUERIES_AT_ONCE = 1024
"""Queries in one pass over the matrix."""

_DRAWN = 1000


class Nearest(Protocol):
    """A way to find rows with large dot products."""

    def nearest(self, queries: np.ndarray, k: int) -> list[np.ndarray]:
        """For each query, shape (queries, dimension), the places of its best rows, at least `k` if there are."""
        ...


class Dense:
    """A corpus encoded on disk, searched by the model's own similarity: cosine or dot product."""

    def __init__(self, encoder: BiEncoder, embeddings: Embeddings, neighbours: Nearest) -> None:
        self.encoder, self.doc_ids, self.matrix = encoder, embeddings.doc_ids, embeddings.matrix
        self._neighbours = neighbours
        self._origin: Dense | None = None

    @classmethod
    def of(
        cls,
        corpus: Corpus,
        model: str | Path,
        folder: str | Path | None = None,
        *,
        neighbours: Neighbours = "exact",
        vectors: Vectors = "float32",
        scoring: ScoringOptions | None = None,
    ) -> Dense:
        """Encode a corpus into `folder`, or reuse what lies there where corpus, model and options are the same.

        Without a folder a temporary one goes with the object. `neighbours` "exact" reads the matrix in
        bounded memory, "faiss-flat" and "faiss-hnsw" hold it in memory (`MissingDependency` where FAISS
        is not installed); `vectors` "float16" halves the disk. `OptionError` for a model that is no
        bi-encoder or compares by a distance.
        """
        scoring = scoring or ScoringOptions()
        if neighbours != "exact":
            require_faiss()
        encoder = _load(model, scoring)
        temporary = tempfile.mkdtemp(prefix="inpars-") if folder is None else None
        home = Path(folder or temporary or "")
        try:
            fingerprint = model_fingerprint(model)
            embeddings = encode_corpus(corpus, encoder, home, model_fingerprint=fingerprint, vectors=vectors)
            dense = cls(encoder, embeddings, _neighbours(neighbours, embeddings, home))
        except BaseException:
            if temporary is not None:
                shutil.rmtree(temporary, ignore_errors=True)
            raise
        if temporary is not None:
            weakref.finalize(dense, shutil.rmtree, temporary, ignore_errors=True)
        return dense

    def with_texts(self, texts: Mapping[str, str]) -> Dense:
        """The same corpus with other texts under some ids, searched exactly; nothing on disk changes."""
        # Copy on write: pages that nobody writes to are those of the file.
        matrix = np.load(str(cast(np.memmap, self.matrix).filename), mmap_mode="c")
        matrix[[self._places[doc_id] for doc_id in texts]] = self.embed_documents([*texts.values()])
        other = Dense(self.encoder, Embeddings(self.doc_ids, matrix), Exact(matrix, self.doc_ids))
        # A temporary folder goes with this object, and must not while its file is read.
        other._origin = self
        return other

    def search(self, query: str, k: int) -> dict[str, float]:
        """The `k` most similar documents, best first, no two scores alike."""
        return next(self.search_each([Query("", query)], k))[1]

    def search_each(self, queries: Iterable[Query], k: int) -> Iterator[tuple[str, dict[str, float]]]:
        """`(query id, documents as search gives them)` for each query, many at a time in bounded memory."""
        stream = iter(queries)
        while block := list(islice(stream, QUERIES_AT_ONCE)):
            for query, (_, documents) in zip(block, self.embedded_search(block, k), strict=True):
                yield query.query_id, documents

    def embedded_search(self, queries: Sequence[Query], k: int) -> Iterator[tuple[np.ndarray, dict[str, float]]]:
        """`(the query's embedding, documents as search gives them)` for each query."""
        embedded = self.embed_queries([query.text for query in queries])
        for embedding, found in zip(embedded, self._neighbours.nearest(embedded, k), strict=True):
            yield embedding, self._documents(embedding, found, k)

    def similarities(self, embedding: np.ndarray, doc_ids: Sequence[str]) -> dict[str, float]:
        """The scores of some documents for a query that is embedded."""
        rows = np.asarray(self.matrix[[self._places[doc_id] for doc_id in doc_ids]], dtype=np.float64)
        scores = (rows * embedding.astype(np.float64)).sum(axis=1).astype(np.float32)
        return dict(zip(doc_ids, scores.tolist(), strict=True))

    def score(
        self, queries: Mapping[str, str], documents: Mapping[str, str], candidates: Mapping[str, Sequence[str]]
    ) -> Run:
        """Score each query's candidates as a `Scorer` does, without encoding again what the matrix holds.

        Ids that the corpus lacks stand for texts in `documents`, which are encoded.
        """
        wanted = dict.fromkeys(doc_id for query_id in queries for doc_id in candidates.get(query_id, ()))
        others = [doc_id for doc_id in wanted if doc_id not in self._places]
        rows = self.embed_documents([documents[doc_id] for doc_id in others]) if others else self.matrix[:0]
        other = Dense(self.encoder, Embeddings(others, rows), Exact(rows, others))
        run: Run = {}
        for (query_id, _), embedding in zip(queries.items(), self.embed_queries([*queries.values()]), strict=True):
            asked = list(candidates.get(query_id, ()))
            known = self.similarities(embedding, [doc_id for doc_id in asked if doc_id in self._places])
            scores = known | other.similarities(embedding, [doc_id for doc_id in asked if doc_id not in known])
            run[query_id] = {doc_id: scores[doc_id] for doc_id in asked}
        return run

    @cached_property
    def spread(self) -> float:
        """The standard deviation of the scores between documents, over the pairs of at most 1,000 drawn at random.

        It is what a difference of scores is measured by, whatever the query: small where the model finds all documents
        of this corpus alike. 0 where there is nothing to tell apart.
        """
        drawn = np.random.default_rng(0).permutation(len(self.doc_ids))[:_DRAWN]
        rows = np.asarray(self.matrix[np.sort(drawn)], dtype=np.float64)
        pairs = (rows @ rows.T)[np.triu_indices(len(rows), k=1)]
        return float(pairs.std()) if len(pairs) else 0.0

    @cached_property
    def _places(self) -> dict[str, int]:
        return {doc_id: place for place, doc_id in enumerate(self.doc_ids)}

    def embed_queries(self, texts: Sequence[str]) -> np.ndarray:
        """Embeddings whose dot products with rows of `matrix` are scores; `InparsError` where one is no number."""
        rows = require_numbers(self.encoder.embed_queries(texts), [f"the query {text!r}" for text in texts])
        return unit_length(rows) if cosine(self.encoder) else rows

    def embed_documents(self, texts: Sequence[str]) -> np.ndarray:
        """Rows as `matrix` has them, of texts that need be no documents; `InparsError` where one is no number."""
        rows = require_numbers(self.encoder.embed_documents(texts), [f"the text {shorten(text)}" for text in texts])
        return (unit_length(rows) if cosine(self.encoder) else rows).astype(self.matrix.dtype)

    def search_all(self, queries: Iterable[Query], k: int) -> Run:
        """`search_each` as a run."""
        return dict(self.search_each(queries, k))

    def _documents(self, embedding: np.ndarray, places: np.ndarray, k: int) -> dict[str, float]:
        places, scores = best(self.matrix, self.doc_ids, embedding, places, k)
        return dict(tie_free({self.doc_ids[i]: s for i, s in zip(places.tolist(), scores.tolist(), strict=True)}))


def require_bi_encoder(model: str | Path) -> None:
    """`OptionError` where a model's files say that it is of another family; nothing is loaded."""
    if (family := family_of(locate(model))) != "bi-encoder":
        raise OptionError(
            f"the retriever {str(model)!r} is a {family}; dense retrieval needs a bi-encoder",
            hint="a model that reads query and document together can only rerank: give it with --model",
        )


def _load(model: str | Path, scoring: ScoringOptions) -> BiEncoder:
    require_bi_encoder(model)
    encoder = BiEncoder(locate(model), scoring)
    name = str(encoder.model.similarity_fn_name)
    if name not in ("cosine", "dot"):
        raise OptionError(f"the retriever {str(model)!r} compares by {name}; dense retrieval knows cosine and dot")
    return encoder


def _neighbours(kind: Neighbours, embeddings: Embeddings, folder: Path) -> Nearest:
    if kind == "faiss-flat":
        return Flat(embeddings.matrix)
    if kind == "faiss-hnsw":
        return Hnsw(embeddings.matrix, folder, str(facts_of(folder / MATRIX)["fingerprint"]))
    return Exact(embeddings.matrix, embeddings.doc_ids)
