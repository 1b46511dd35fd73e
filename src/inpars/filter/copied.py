"""Drop queries that stand word for word in the document they were written for."""

from __future__ import annotations

import re
from collections.abc import Sequence

from inpars.data.records import SyntheticQuery
from inpars.filter.config import CopiedOptions

_WORD = re.compile(r"\w+")


def judge(queries: Sequence[SyntheticQuery], options: CopiedOptions) -> list[str | None]:
    """The reason to drop each query, or None.

    Compared word by word, without case and punctuation, against the document as the query's author
    saw it: a sentence that was cut out of the document is no copy.
    """
    reasons: list[str | None] = []
    for query in queries:
        words = _WORD.findall(query.query.lower())
        text = f" {' '.join(_WORD.findall(query.doc_text.lower()))} "
        copied = len(words) >= options.min_words and f" {' '.join(words)} " in text
        reasons.append("copied from the document" if copied else None)
    return reasons
