"""From the options to what writes the queries."""

from __future__ import annotations

from inpars.data.corpora import Corpus
from inpars.data.fewshot import Example
from inpars.errors import OptionError
from inpars.generate.backends import Backend
from inpars.generate.config import GenerateConfig
from inpars.generate.prompts.template import Template
from inpars.models.language import open_language_model
from inpars.models.language.base import LanguageModel
from inpars.progress import say


def choose_backend(corpus: Corpus, config: GenerateConfig, language_model: LanguageModel | None = None) -> Backend:
    """The extractive backend, or a language model with its prompt and few-shot examples.

    A model's weights are not loaded yet. `OptionError` where backend and model do not go together.
    """
    name = check_choice(config, ready_model=language_model is not None)
    if name == "extractive":
        from inpars.generate.backends.extractive import Extractive

        return Extractive(corpus, config)
    if language_model is None:
        language_model = open_language_model(config.model, config, config.backend)
    from inpars.generate.backends.prompted import Prompted
    from inpars.generate.fewshot import choose_examples
    from inpars.generate.prompts import load_template

    template = load_template(config.prompt, corpus.name)
    examples: list[Example] = []
    if shows_examples(config, template):
        examples, split = choose_examples(config.fewshot, corpus.name, corpus, config.n_fewshot_examples, config.seed)
        say(f"generate: {len(examples)} few-shot examples from {split}")
    return Prompted(config, language_model, template, examples)


def check_choice(config: GenerateConfig, *, ready_model: bool = False) -> str:
    """The backend's name, or "transformers" for any that follows from the model; errors as for `choose_backend`."""
    name = config.backend
    if name == "auto":
        name = "transformers" if ready_model or config.model else "extractive"
    if name == "extractive":
        if ready_model or config.model:
            raise OptionError(
                "the extractive backend takes no model", hint="leave out --model, or the backend: auto finds it"
            )
        return name
    if config.queries_per_document > 1 and not config.temperature:
        raise OptionError(
            f"{config.queries_per_document} greedy answers to one prompt are the same answer, paid for each time",
            hint="ask for one query a document (queries_per_document 1), or sample (temperature 0.7, for example)",
        )
    if not ready_model and not config.model and name != "dummy":
        raise OptionError(
            f"the backend {name!r} needs a model", hint="--model NAME: a hub id, a path, smollm2, openai:NAME …"
        )
    return name


def shows_examples(config: GenerateConfig, template: Template) -> bool:
    """Whether prompts of this template have few-shot examples in them."""
    asked = template.takes_examples and config.fewshot not in ("auto", "none")
    return bool(config.n_fewshot_examples and (template.needs_examples or asked))
