"""A corpus as a matrix on disk, encoded once, in units that a kill leaves standing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from inpars.data.artifacts import Artifact
from inpars.data.corpora import Corpus
from inpars.data.files import read_json, read_jsonl, write_json, write_jsonl
from inpars.data.lock import check_locks, locks_released, take_lock
from inpars.errors import InparsError, system_error
from inpars.models.scorers.bi_encoder import BiEncoder
from inpars.options import Options, added
from inpars.progress import progress_bar, say
from inpars.retrieve.options import Vectors

MATRIX = "embeddings.npy"

UNIT = 4096
"""Documents encoded before they are safe on disk."""


class EncodingOptions(Options):
    """What the matrix depends on, apart from the corpus and the model."""

    vectors: Vectors
    precision: str
    unit_size: int
    passage_prompt: str = added("")


class Embeddings(NamedTuple):
    """The documents' ids, and their embeddings in the same order, shape (documents, dimension), memory-mapped."""

    doc_ids: list[str]
    matrix: np.ndarray


@locks_released()
def encode_corpus(
    corpus: Corpus,
    encoder: BiEncoder,
    folder: str | Path,
    *,
    model_fingerprint: str,
    vectors: Vectors = "float32",
    unit_size: int = UNIT,
) -> Embeddings:
    """Encode `title + " " + text` of every document into `folder`, unless it already holds just that.

    `embeddings.npy` is the matrix (of length 1 each where the model compares by cosine), and
    `embeddings.ids.jsonl` names its rows. What another corpus, model or option left there is replaced.
    """
    read = {"precision": encoder.precision, "passage_prompt": encoder.prompts.passage}
    options = EncodingOptions(vectors=vectors, unit_size=unit_size, **read)
    inputs = {"corpus": corpus.fingerprint(), "model": model_fingerprint}
    artifact = Artifact(Path(folder) / MATRIX, "encode", options, inputs)
    ids = artifact.side_file("ids")
    if ids.is_file() and artifact.is_current(silent=True):
        embeddings = _load(artifact, ids)
        # Another process may have begun one of its own between the two files.
        if artifact.is_finished():
            return embeddings
    if artifact.output.exists():
        say(f"encode: {folder} holds another corpus, model or option; encoding anew")
    artifact.begin()
    # Until both files are open nobody may put others in their place.
    take_lock(artifact.lock, artifact.output)
    doc_ids = _encode(corpus, encoder, artifact, np.dtype(vectors), unit_size)
    write_jsonl(ids, ({"doc_id": doc_id} for doc_id in doc_ids))
    if _part(artifact).exists():
        os.replace(_part(artifact), artifact.output)
    artifact.finish(documents=len(doc_ids))
    say(f"encode: {len(doc_ids):,} documents -> {artifact.output}")
    return _load(artifact, ids)


def _load(artifact: Artifact, ids: Path) -> Embeddings:
    return Embeddings([row["doc_id"] for _, row in read_jsonl(ids)], np.load(artifact.output, mmap_mode="r"))


def _encode(corpus: Corpus, encoder: BiEncoder, artifact: Artifact, dtype: np.dtype, unit_size: int) -> list[str]:
    total = len(corpus)
    done = _rows_done(artifact, total)
    doc_ids: list[str] = []
    stream = iter(corpus)
    with progress_bar() as bar:
        task = bar.add_task("encode", total=total, completed=done)
        while documents := list(islice(stream, unit_size)):
            start = len(doc_ids)
            doc_ids += [document.doc_id for document in documents]
            if len(doc_ids) <= done:
                continue
            rows = encoder.embed_documents([document.contents for document in documents])
            require_numbers(rows, [f"document {document.doc_id!r}" for document in documents])
            _write(_part(artifact), start, total, (unit_length(rows) if cosine(encoder) else rows).astype(dtype))
            write_json(_progress(artifact), {"rows": len(doc_ids)})
            bar.update(task, completed=len(doc_ids))
    return doc_ids


def _write(path: Path, start: int, total: int, rows: np.ndarray) -> None:
    """Write `rows` from row `start` on of the .npy file that is to have `total`; `InparsError` where the disk fails."""
    # Not memory-mapped: on a full disk that would end the process (SIGBUS), where a write says what is wrong.
    check_locks()
    header = {
        "descr": np.lib.format.dtype_to_descr(rows.dtype),
        "fortran_order": False,
        "shape": (total, rows.shape[1]),
    }
    try:
        with path.open("r+b" if start else "wb") as stream:
            np.lib.format.write_array_header_1_0(stream, header)
            stream.seek(start * rows[0].nbytes, os.SEEK_CUR)
            stream.write(np.ascontiguousarray(rows).data)
    except OSError as error:
        raise system_error(error, path) from None


def _rows_done(artifact: Artifact, total: int) -> int:
    rows = int(read_json(_progress(artifact))["rows"]) if _progress(artifact).is_file() else 0
    # A whole matrix may have gone to its place already.
    if rows and (_part(artifact).is_file() or rows == total):
        return rows
    # A matrix without its count may have been cut off while it was made.
    _part(artifact).unlink(missing_ok=True)
    return 0


def _part(artifact: Artifact) -> Path:
    return artifact.folder / MATRIX


def _progress(artifact: Artifact) -> Path:
    return artifact.folder / "rows.json"


def cosine(encoder: BiEncoder) -> bool:
    """Whether the model compares by the angle alone."""
    return str(encoder.model.similarity_fn_name) == "cosine"


def require_numbers(rows: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """The rows as they are; `InparsError` with the name of the first that has something that is no number."""
    if len(broken := np.flatnonzero(~np.isfinite(rows).all(axis=1))):
        raise InparsError(
            f"the bi-encoder gives {names[broken[0]]} an embedding that is no number",
            hint="are its weights whole? a model made for bf16 can fail in fp16: try --precision fp32",
        )
    return rows


def unit_length(rows: np.ndarray) -> np.ndarray:
    """Each row divided by its length; rows of nothing but zeros stay so."""
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))[:, None]
    scaled: np.ndarray = rows / np.maximum(lengths, np.finfo(np.float32).tiny)
    return scaled
