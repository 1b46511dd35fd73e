"""The ragged engine: a batch cut into pieces, a core for each, every piece without padding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch

from inpars.models.engines import Unsuitable
from inpars.models.engines.eager import Eager
from inpars.models.engines.ragged import bert, t5
from inpars.models.engines.ragged.linear import Format, check
from inpars.models.precision import ScoringPrecision, resolve
from inpars.models.scorers.tokens import Tokens

_PIECE = 2048
"""Tokens of one piece: its activations stay in a core's share of the cache."""


class Ragged:
    """For processors, and the families whose layers are at hand: T5 and mT5, BERT and its kin.

    Nothing is computed for padding; of the decoder's cross-attention and of a classifier's last layer
    only what the score depends on. A trial against the padded model guards against models that
    only look like their family.
    """

    name = "ragged"

    def __init__(self, model: Any, *, precision: ScoringPrecision, device: str, compile: bool = False) -> None:
        if device != "cpu":
            raise Unsuitable(f"it runs on processors, not on {device}")
        if compile:
            raise Unsuitable("it is not compiled")
        format = _format(precision)
        check(format)
        kind = self.check_kind(model)
        model.eval()
        expected = Eager(model, precision="fp32", device="cpu").run(_TRIAL)
        try:
            self._trunk = (t5.T5 if kind in t5.TYPES else bert.Bert)(model, format, longest=512)
            got = self.run(_TRIAL)
        except (AttributeError, RuntimeError) as error:
            raise Unsuitable(f"the model is not built like others of type {kind!r}: {error}") from error
        tolerance = 1e-3 if format == "fp32" else 0.1
        if not np.allclose(got, expected, rtol=tolerance, atol=tolerance * max(1.0, float(np.abs(expected).max()))):
            raise Unsuitable("its outputs differ from the padded model's")

    @staticmethod
    def check_kind(model: Any) -> str:
        """The model's type; `Unsuitable` where its layers are not at hand."""
        kind = str(model.model.config.model_type)
        if kind not in (*t5.TYPES, *bert.TYPES):
            raise Unsuitable(f"it does not know models of type {kind!r}")
        return kind

    @property
    def tokens(self) -> int:
        """Enough pieces that the cores finish together."""
        return 8 * _PIECE * int(torch.get_num_threads())

    def run(self, batch: Sequence[Tokens]) -> np.ndarray:
        """The outputs for each input, float32, shape (len(batch), outputs)."""
        pieces, cores = list(_pieces(batch)), torch.get_num_threads()
        if len(pieces) == 1 or cores == 1:
            return np.concatenate([self._piece(piece) for piece in pieces])
        # One piece a core needs no waiting within a layer. torch's number of threads is one for all.
        torch.set_num_threads(1)
        try:
            with ThreadPoolExecutor(cores) as pool:
                return np.concatenate(list(pool.map(self._piece, pieces)))
        finally:
            torch.set_num_threads(cores)

    def _piece(self, piece: Sequence[Tokens]) -> np.ndarray:
        with torch.inference_mode():
            ids = torch.from_numpy(np.concatenate([tokens.ids for tokens in piece]))
            kinds = [tokens.types for tokens in piece if tokens.types is not None]
            types = torch.from_numpy(np.concatenate(kinds)) if kinds else None
            outputs: np.ndarray = self._trunk(ids, types, [len(tokens.ids) for tokens in piece]).float().numpy()
        return outputs


def _format(precision: ScoringPrecision) -> Format:
    if precision == "int8":
        return "int8"
    found = resolve(precision, "cpu")
    if found == "fp16":
        raise Unsuitable("it multiplies in fp32, bf16 or int8")
    return found


def _pieces(batch: Sequence[Tokens]) -> Iterator[list[Tokens]]:
    piece: list[Tokens] = []
    size = 0
    for tokens in batch:
        if piece and size + len(tokens.ids) > _PIECE:
            yield piece
            piece, size = [], 0
        piece.append(tokens)
        size += len(tokens.ids)
    if piece:
        yield piece


# Ids that every vocabulary has, in inputs of unequal length.
_TRIAL = [Tokens(np.arange(1, 1 + length, dtype=np.int64) % 16 + 1, None) for length in (5, 11, 3)]
