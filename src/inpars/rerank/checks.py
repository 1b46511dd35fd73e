"""What searching and reranking need, found before anything is searched."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from inpars.data.languages import check_language
from inpars.models.checks import Check, check_scorers, check_scoring
from inpars.models.scorers.likelihood.options import LikelihoodOptions
from inpars.rerank.config import RerankConfig, SearchConfig
from inpars.retrieve import check_retrieval


def checks(config: SearchConfig | RerankConfig, models: Sequence[str] = ()) -> Iterator[Check]:
    """What the options ask for: the first stage's language, libraries, the device, that `models` score."""
    searching = config.searching(*models[:1]) if isinstance(config, RerankConfig) else config
    made_by_step = (searching.retriever or "").startswith("@")
    itself = isinstance(config, RerankConfig) and config.searches_itself and not models
    if made_by_step or itself:
        if searching.first_stage == "hybrid":
            yield partial(check_language, searching.language)
    else:
        yield partial(check_retrieval, searching)
    if isinstance(config, RerankConfig):
        yield partial(check_scoring, config, "reranking")
        if config.likelihood_model:
            yield partial(check_scorers, config.likelihood_scoring(), [config.likelihood_model])
            # They are that model's.
            config = config.model_copy(update={"likelihood": LikelihoodOptions()})
        if models:
            yield partial(check_scorers, config, models)
