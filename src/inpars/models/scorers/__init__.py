"""Models that score a document for a query: one module a family, all with the same `score` method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from inpars.data.runs import Run
from inpars.errors import MissingDependency
from inpars.models.locate import locate
from inpars.models.scorers.kinds import family_of, require_scorer
from inpars.models.scorers.options import ScoringOptions, default_depth
from inpars.registry import Registry


class Scorer(Protocol):
    """A loaded model of one family."""

    def __init__(self, model: str | Path, options: ScoringOptions) -> None: ...

    def score(
        self, queries: Mapping[str, str], documents: Mapping[str, str], candidates: Mapping[str, Sequence[str]]
    ) -> Run:
        """Score each query's candidate documents; higher is better, in fp32.

        `queries` and `documents` map ids to texts, `candidates` a query id to document ids. Texts are
        looked up as they are needed, so that `documents` may read them from a corpus.
        """
        ...


__all__ = ["SCORERS", "Scorer", "default_depth", "family_of", "load_scorer"]

SCORERS: Registry[type[Scorer]] = Registry(
    "model family",
    {
        "bi-encoder": "inpars.models.scorers.bi_encoder:BiEncoder",
        "cross-encoder": "inpars.models.scorers.cross_encoder:CrossEncoder",
        "likelihood": "inpars.models.scorers.likelihood.scorer:Likelihood",
        "llm": "inpars.models.scorers.llm:Llm",
        "seq2seq": "inpars.models.scorers.seq2seq:Seq2Seq",
    },
)


def load_scorer(model: str | Path, options: ScoringOptions | None = None) -> Scorer:
    """Load a model for scoring. `InparsError` where there is none, or its files are broken."""
    options, where = options or ScoringOptions(), locate(model)
    try:
        import sentence_transformers  # noqa: F401 - fails here, with a hint, rather than in the middle
    except ImportError:
        raise MissingDependency("sentence-transformers", "train", f"the model {str(model)!r}") from None
    from inpars.models.quiet import quiet_loading

    with quiet_loading():
        family = family_of(where) if options.family == "auto" else options.family
        require_scorer(where, family)
        return SCORERS[family](where, options)
