"""Texts that have nearly the same words, found by MinHash: a few pairs at the edge may be missed.

Broder (1997), with locality-sensitive hashing in bands as in datasketch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from inpars.data.segmentation import segment
from inpars.errors import MissingDependency, OptionError
from inpars.filter.near_words import first_near
from inpars.filter.words import shingles

# Too many candidates cost a comparison each, one that is missed is lost.
_WEIGHTS = (0.1, 0.9)


def near_minhash(texts: Sequence[str], similarity: float, length: int, permutations: int) -> list[int | None]:
    """For each text the place of the first before it that is near it and has none itself, or None.

    Near means as in `near_words`. Only the candidates are approximate: each is verified by the exact
    similarity, so that what is found is near. `MissingDependency` where datasketch is not installed,
    `OptionError` for a similarity that is too near 1 for so many permutations.
    """
    index = open_index(similarity, permutations)
    from datasketch import MinHash

    sets = [shingles(segment(text), length) for text in texts]
    near: list[int | None] = []
    for place, elements in enumerate(sets):
        # Texts without words are near nothing; their signatures would all be the same.
        if not elements:
            near.append(None)
            continue
        signature = MinHash(num_perm=permutations)
        signature.update_batch(["\x1f".join(element).encode() for element in elements])
        near.append(first_near(elements, set(index.query(signature)), sets, similarity))
        if near[-1] is None:
            index.insert(place, signature)
    return near


def open_index(similarity: float, permutations: int) -> Any:
    """An empty index of signatures; errors as for `near_minhash`."""
    try:
        from datasketch import MinHashLSH
    except ImportError:
        raise MissingDependency("datasketch", "filters", "duplicates of the kind minhash") from None
    try:
        return MinHashLSH(threshold=similarity, num_perm=permutations, weights=_WEIGHTS)
    except ValueError:
        # Its signatures would be compared in one band.
        raise OptionError(
            f"MinHash does not tell pairs of similarity {similarity:g} by {permutations} permutations",
            hint="take the kind words, which finds every pair, a lower similarity or more permutations",
        ) from None
