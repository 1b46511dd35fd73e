"""What generating needs, found before the first document is read."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from inpars.data.corpora import Corpus
from inpars.generate.backends.choose import check_choice, shows_examples
from inpars.generate.config import GenerateConfig
from inpars.models.checks import Check, check_language_model


def checks(config: GenerateConfig, corpus: Corpus | None) -> Iterator[Check]:
    """What the options ask for besides the model: its key and prices, the prompt, the few-shot examples."""
    yield partial(check_choice, config)
    if not config.model:
        return
    yield partial(check_language_model, config.model, config, config.backend)
    if corpus is not None:
        yield partial(_check_prompt, config, corpus)


def _check_prompt(config: GenerateConfig, corpus: Corpus) -> None:
    from inpars.generate.fewshot import choose_examples
    from inpars.generate.prompts import load_template

    if shows_examples(config, load_template(config.prompt, corpus.name)):
        choose_examples(config.fewshot, corpus.name, corpus, config.n_fewshot_examples, config.seed)
