"""Stage `generate`: write queries for documents."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from inpars.callable_module import make_callable
from inpars.data.artifacts import Artifact
from inpars.data.corpora import Corpus, open_corpus
from inpars.data.records import Document
from inpars.generate.config import GenerateConfig
from inpars.options import parse_options
from inpars.progress import say, track


def generate(corpus: str | Path | Corpus, output: str | Path, **options: Any) -> Path:
    """Write synthetic queries for a sample of the documents of `corpus`.

    `corpus` is a spec or an open corpus; `options` are the fields of `GenerateConfig`. `output` gets
    one JSON line a query, document by document in the order of the sample. A document that can give
    no query gives none, and is counted. Returns `output`.
    """
    config = parse_options(GenerateConfig, "generate", options)
    corpus = open_corpus(corpus)
    artifact = Artifact(output, "generate", config, {"corpus": corpus.fingerprint()})
    if artifact.is_current():
        return artifact.output
    from inpars.generate.backends import BACKENDS

    total = min(len(corpus), config.max_generations)
    backend = BACKENDS[config.backend](corpus, config)
    artifact.begin()
    documents = track(islice(_eligible(corpus, config), total), "generate", total)
    read = 0
    for number in range(-(-total // config.unit_size)):
        unit = list(islice(documents, config.unit_size))
        read += len(unit)
        if unit and not artifact.unit(number).exists():
            artifact.write_unit(number, (query.to_row() for d in unit for query in backend.queries(d)))
    queries = artifact.merge()
    artifact.finish(documents=read, queries=queries)
    say(f"generate: {queries:,} queries for {read:,} documents -> {artifact.output}")
    return artifact.output


def _eligible(corpus: Corpus, config: GenerateConfig) -> Iterator[Document]:
    longest = config.max_doc_chars or float("inf")
    return (d for d in corpus.shuffled(config.seed) if config.min_doc_chars <= len(d.contents) <= longest)


make_callable(__name__)
