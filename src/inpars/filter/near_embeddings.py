"""Texts that mean nearly the same, by a bi-encoder (SemDeDup; Abbas et al. 2023, arXiv 2303.09540)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from inpars.data.files import atomic_write
from inpars.data.hashes import hash_of
from inpars.errors import OptionError
from inpars.filter.options import DuplicatesOptions
from inpars.models.locate import locate
from inpars.models.scorers import family_of, load_scorer
from inpars.models.scorers.bi_encoder import BiEncoder
from inpars.models.scorers.options import ScoringOptions
from inpars.progress import track
from inpars.retrieve.embeddings import require_numbers, unit_length

UNIT = 2048
"""Texts that are embedded before they are safe on disk, and compared with as many others at a time."""


def near_embeddings(
    texts: Sequence[str], similarity: float, options: DuplicatesOptions, folder: Path, unit_size: int = UNIT
) -> list[int | None]:
    """For each text the place of the first before it that is near it and has none itself, or None.

    Near means that the cosine of their embeddings by `options.model` reaches `similarity`. The
    embeddings lie in `folder`, in units that a kill leaves standing; in memory are two of them and
    the products of their rows, however many texts there are. `OptionError` for a model that is no
    bi-encoder.
    """
    near: list[int | None] = [None] * len(texts)
    alone = np.ones(len(texts), dtype=bool)
    units = list(_units(texts, options, folder, unit_size))
    for number, unit in enumerate(track(units, "filter: near", len(units))):
        rows, start = np.load(unit), number * unit_size
        for earlier, path in enumerate(units[:number]):
            places = earlier * unit_size + np.flatnonzero(alone[earlier * unit_size : (earlier + 1) * unit_size])
            open_rows = np.flatnonzero(alone[start : start + len(rows)])
            alike = rows[open_rows] @ np.load(path)[places - earlier * unit_size].T >= similarity
            for i in np.flatnonzero(alike.any(axis=1)).tolist():
                near[start + int(open_rows[i])] = int(places[alike[i].argmax()])
                alone[start + int(open_rows[i])] = False
        alike = rows @ rows.T >= similarity
        for i in np.flatnonzero(alone[start : start + len(rows)]).tolist():
            before = np.flatnonzero(alike[i, :i] & alone[start : start + i])
            if len(before):
                near[start + i] = start + int(before[0])
                alone[start + i] = False
    return near


def _units(texts: Sequence[str], options: DuplicatesOptions, folder: Path, unit_size: int) -> Iterator[Path]:
    """Files with the embeddings of `unit_size` texts each, float32, every row of length 1."""
    encoder = None
    starts = range(0, len(texts), unit_size)
    for start in track(starts, "filter: embed", len(starts)):
        some = list(texts[start : start + unit_size])
        # Named by what is in it: where other texts reach this method in the next run, it is another unit.
        unit = folder / f"{hash_of(some)[:16]}.npy"
        if not unit.is_file():
            encoder = encoder or _load(options)
            rows = require_numbers(encoder.embed_queries(some), [f"the query {text!r}" for text in some])
            with atomic_write(unit) as stream:
                np.save(stream, unit_length(rows))
        yield unit


def _load(options: DuplicatesOptions) -> BiEncoder:
    where = locate(options.model)
    if (family := family_of(where)) != "bi-encoder":
        raise OptionError(
            f"the model {options.model!r} is a {family}; to compare queries by meaning takes a bi-encoder"
        )
    scoring = {name: getattr(options, name) for name in ("precision", "device", "query_prompt", "trust_remote_code")}
    scorer = load_scorer(where, ScoringOptions(**scoring))
    assert isinstance(scorer, BiEncoder)
    return scorer
