"""Drop queries that say what an earlier query says."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Sequence

from inpars.data.records import SyntheticQuery
from inpars.filter.config import DuplicatesOptions

_WORD = re.compile(r"\w+")


def judge(queries: Sequence[SyntheticQuery], options: DuplicatesOptions) -> list[str | None]:
    """The reason to drop each query, or None. The first of several alike is kept.

    Near duplicates are exact in the sense of the set-similarity join: every pair whose word sets
    reach the Jaccard similarity is found. Two sets that similar must share one of the rarest
    `|x| - ceil(similarity |x|) + 1` words of each (prefix filtering; Chaudhuri et al., ICDE 2006).
    """
    word_sets = [frozenset(_WORD.findall(query.query.lower())) for query in queries]
    frequency = Counter(word for words in word_sets for word in words)
    holders: defaultdict[str, list[int]] = defaultdict(list)
    seen: dict[str, int] = {}
    reasons: list[str | None] = []
    for position, (query, words) in enumerate(zip(queries, word_sets, strict=True)):
        text = " ".join(query.query.lower().split())
        if text in seen:
            reasons.append(f"same as {queries[seen[text]].query_id}")
            continue
        size = len(words)
        rarest = sorted(words, key=lambda word: (frequency[word], word))
        # The product may lie a rounding error above a whole number.
        prefix = rarest[: size - math.ceil(options.similarity * size - 1e-9) + 1]
        candidates = {p for word in prefix for p in holders[word]} if options.similarity < 1 else set()
        alike = next((p for p in sorted(candidates) if _jaccard(words, word_sets[p]) >= options.similarity), None)
        if alike is not None:
            reasons.append(f"near duplicate of {queries[alike].query_id}")
            continue
        seen[text] = position
        for word in prefix:
            holders[word].append(position)
        reasons.append(None)
    return reasons


def _jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other)
