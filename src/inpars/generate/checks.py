"""What generating needs, found before the first document is read."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from inpars.data.corpora import Corpus
from inpars.data.fewshot import read_examples
from inpars.generate.config import GenerateConfig
from inpars.models.checks import Check, check_language_model


def checks(config: GenerateConfig, corpus: Corpus | None) -> Iterator[Check]:
    """What the options ask for besides the model: its key and prices, the prompt, the few-shot examples."""
    if not config.model:
        return
    from inpars.generate.prompts import load_template

    yield partial(check_language_model, config.model, config, config.backend)
    if corpus is not None:
        yield partial(load_template, config.prompt, corpus.name)
    if config.n_fewshot_examples and Path(config.fewshot).is_file():
        yield partial(read_examples, config.fewshot)
