"""The next token of every row, and how likely the model held it."""

from __future__ import annotations

import torch
from torch import Tensor

_LIKELIEST = 1024


def pick(logits: Tensor, draws: Tensor | None, temperature: float, top_p: float) -> tuple[Tensor, Tensor]:
    """Token ids and their natural log-probabilities, (rows,) each, from logits (rows, vocabulary).

    Greedy without `draws`; else by inverse transform: each row takes the token in which its number
    in [0, 1) falls, so that a row's choice depends on nothing but its own number and logits. The
    log-probabilities are those of the logits as they are, before temperature and `top_p`.
    """
    logits = logits.float()
    if draws is None:
        best, chosen = logits.max(-1)
        return chosen, best - logits.logsumexp(-1)
    probabilities = (logits / temperature).softmax(-1)
    chosen = _drawn(probabilities, draws) if top_p >= 1 else _drawn_from_top(probabilities, draws, top_p)
    return chosen, logits.gather(-1, chosen[:, None])[:, 0] - logits.logsumexp(-1)


def _drawn(weights: Tensor, draws: Tensor) -> Tensor:
    cumulative = weights.double().cumsum(-1)
    places = torch.searchsorted(cumulative, (draws.double() * cumulative[:, -1])[:, None], right=True)[:, 0]
    return places.clamp_(max=weights.shape[-1] - 1)


def _drawn_from_top(probabilities: Tensor, draws: Tensor, top_p: float) -> Tensor:
    """Among the fewest tokens that have `top_p` together (Holtzman et al. 2020, arXiv 1904.09751)."""
    weights, tokens = probabilities.topk(min(_LIKELIEST, probabilities.shape[-1]), dim=-1)
    chosen = _drawn_in_order(weights, tokens, draws, top_p)
    # Only the rows that need more are sorted whole: no row's choice may hang on another's.
    wide = (weights.sum(-1) < top_p).nonzero()[:, 0]
    if len(wide):
        weights, tokens = probabilities[wide].sort(dim=-1, descending=True)
        chosen[wide] = _drawn_in_order(weights, tokens, draws[wide], top_p)
    return chosen


def _drawn_in_order(weights: Tensor, tokens: Tensor, draws: Tensor, top_p: float) -> Tensor:
    """A token of each row's nucleus; the likeliest come first in `weights` and `tokens`."""
    before = weights.cumsum(-1) - weights
    places = _drawn(weights.masked_fill(before >= top_p, 0.0), draws)
    return tokens.gather(-1, places[:, None])[:, 0]
