"""The best documents of many queries over postings, by numpy or by numba: the same bits from either.

A document is ranked by one whole number: the score's bits, which order as positive floats do, above
the place of its id among the sorted ids, so that of equal scores the larger id wins, as in trec_eval.
No two numbers are alike, so there is one right answer, whoever looks for it. Scores are summed in
float32 in the order of the query's terms.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from inpars.retrieve.postings import Postings

_LOW = 0xFFFFFFFF
_BLOCK = 64


class Best(NamedTuple):
    """The best documents of each query, shape (queries, k): the places of their ids among all ids, and their scores.

    Best first; `found` says how many of each row there are. Behind them the scores are 0, the ranks mean nothing.
    """

    ranks: np.ndarray
    scores: np.ndarray
    found: np.ndarray


Select = Callable[[Postings, Sequence[np.ndarray], np.ndarray], None]
"""Fills row i of the keys, which start as zeros, with those of query i's best documents, in any order."""


def best(index: Postings, queries: Sequence[np.ndarray], k: int, select: Select) -> Best:
    """The at most `k` documents with the highest scores of each query, an array of term numbers.

    Scores that tie are told apart as in a run: each is the next smaller float32 of the one before.
    """
    keys = np.zeros((len(queries), max(0, min(k, len(index.ranks)))), dtype=np.uint64)
    if keys.size:
        select(index, queries, keys)
    keys = np.ascontiguousarray(np.sort(keys, axis=1)[:, ::-1])
    found = np.count_nonzero(keys, axis=1)
    # Floats' bits count them: the one before is one less.
    steps = np.arange(keys.shape[1])
    bits = (keys >> np.uint64(32)).astype(np.int64) + steps
    bits = np.where(keys > 0, np.minimum.accumulate(bits, axis=1) - steps, 0)
    ranks = (keys & np.uint64(_LOW)).astype(np.int64)
    return Best(ranks, bits.astype(np.int32).view(np.float32), found)


def sums(index: Postings, terms: np.ndarray) -> np.ndarray:
    """The score of every document, float32, 0 for those without any of the terms."""
    total = np.zeros(len(index.ranks), dtype=np.float32)
    for term in terms.tolist():
        part = slice(index.offsets[term], index.offsets[term + 1])
        # No document stands twice among the postings of one term.
        total[index.documents[part]] += index.scores[part]
    return total


def with_numpy(index: Postings, queries: Sequence[np.ndarray], keys: np.ndarray) -> None:
    """`Select` without any other library."""
    k = keys.shape[1]
    for terms, row in zip(queries, keys, strict=True):
        total = sums(index, terms)
        matched = np.flatnonzero(total)
        scores = total[matched]
        if len(matched) > k:
            # All that reach the k-th score stay until ties are broken.
            kept = np.flatnonzero(scores >= np.partition(scores, len(scores) - k)[len(scores) - k])
            matched, scores = matched[kept], scores[kept]
        of_query = scores.view(np.uint32).astype(np.uint64) << np.uint64(32) | index.ranks[matched].astype(np.uint64)
        if len(of_query) > k:
            of_query = np.partition(of_query, len(of_query) - k)[len(of_query) - k :]
        row[: len(of_query)] = of_query


def with_numba(index: Postings, queries: Sequence[np.ndarray], keys: np.ndarray) -> None:
    """`Select` compiled; only where `compiled` gives something."""
    starts = np.cumsum([0, *(len(terms) for terms in queries)])
    terms = np.concatenate([np.empty(0, np.int64), *queries])
    kernel = compiled()
    assert kernel is not None
    kernel(index.offsets, index.documents, index.scores, index.ranks, terms, starts, keys)


@cache
def compiled() -> Callable[..., None] | None:
    """The kernel, compiled now or, by another process, before; None where numba is missing or switched off."""
    with warnings.catch_warnings():
        # What numba has to say about versions and caches is not for the person who searches.
        warnings.simplefilter("ignore")
        try:
            import numba
        except ImportError:
            return None
        if numba.config.DISABLE_JIT:
            return None
        types = numba.types

        def mapped(dtype: Any) -> Any:
            return types.Array(dtype, 1, "C", readonly=True)

        own = [types.Array(types.int64, 1, "C"), types.Array(types.int64, 1, "C"), types.Array(types.uint64, 2, "C")]
        signature = types.void(*map(mapped, (types.int64, types.int32, types.float32, types.uint32)), *own)
        for kept in (True, False):
            try:
                kernel: Callable[..., None] = numba.njit(signature, cache=kept, nogil=True)(_select)
                return kernel
            except (OSError, RuntimeError):
                # Nowhere to write the compiled code to.
                continue
    return None


def _select(
    offsets: np.ndarray,
    documents: np.ndarray,
    scores: np.ndarray,
    ranks: np.ndarray,
    terms: np.ndarray,
    starts: np.ndarray,
    keys: np.ndarray,
) -> None:
    """What numba compiles: query i has `terms[starts[i] : starts[i + 1]]`."""
    k = keys.shape[1]
    # Blocks need no remainder: what lies behind the documents stays 0.
    padded = (len(ranks) + _BLOCK - 1) // _BLOCK * _BLOCK
    summed = np.zeros(padded, np.float32)
    bits = summed.view(np.uint32)
    full = 2 * k + 1024
    pool = np.empty(full + _BLOCK, np.uint64)
    for query in range(len(starts) - 1):
        for place in range(starts[query], starts[query + 1]):
            term = terms[place]
            for posting in range(offsets[term], offsets[term + 1]):
                summed[documents[posting]] += scores[posting]
        size = 0
        # What is below the floor can no longer be among the best; 0 is a document without any term.
        floor, low = np.uint64(0), np.uint32(1)
        for start in range(0, padded, _BLOCK):
            highest = np.uint32(0)
            for document in range(start, start + _BLOCK):
                highest = max(highest, bits[document])
            if highest >= low:
                for document in range(start, start + _BLOCK):
                    if bits[document] >= low:
                        key = np.uint64(bits[document]) << np.uint64(32) | np.uint64(ranks[document])
                        if key > floor:
                            pool[size] = key
                            size += 1
            if highest > 0:
                for document in range(start, start + _BLOCK):
                    summed[document] = 0
            if size > full or (size > k and start + _BLOCK == padded):
                # Hoare's selection: the k largest to the front.
                first, last = 0, size - 1
                while first < last:
                    pivot = pool[(first + last) // 2]
                    left, right = first, last
                    while left <= right:
                        while pool[left] > pivot:
                            left += 1
                        while pool[right] < pivot:
                            right -= 1
                        if left <= right:
                            pool[left], pool[right] = pool[right], pool[left]
                            left += 1
                            right -= 1
                    if k <= right + 1:
                        last = right
                    elif k > left:
                        first = left
                    else:
                        break
                size = k
                floor = pool[0]
                for place in range(1, k):
                    floor = min(floor, pool[place])
                low = np.uint32(floor >> np.uint64(32))
        for place in range(size):
            keys[query, place] = pool[place]
