"""What searching and reranking need, found before anything is searched."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from inpars.models.checks import Check, check_scoring
from inpars.rerank.config import RerankConfig, SearchConfig
from inpars.retrieve import check_retrieval


def checks(config: SearchConfig | RerankConfig) -> Iterator[Check]:
    """What the options ask for besides models: the first stage's language, libraries, the device."""
    if not (config.retriever or "").startswith("@"):
        searching = config.searching() if isinstance(config, RerankConfig) else config
        yield partial(check_retrieval, searching)
    if isinstance(config, RerankConfig):
        yield partial(check_scoring, config, "reranking")
