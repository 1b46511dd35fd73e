"""What training needs, found before the first step: libraries, arguments, and every document of every row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from inpars.data.columns import split_columns
from inpars.data.corpora import Corpus
from inpars.data.corpora.base import absent_from
from inpars.data.ids import is_whole
from inpars.data.languages import check_language
from inpars.data.paths import require_file
from inpars.data.queries import read_synthetic_queries
from inpars.data.records import SyntheticQuery
from inpars.data.sources import check_sources
from inpars.data.triples import read_triples
from inpars.errors import InparsError, OptionError, require_library, some
from inpars.models.checks import Check
from inpars.models.locate import locate
from inpars.models.precision import check_device
from inpars.models.scorers.kinds import require_base
from inpars.train.config import TrainConfig
from inpars.train.reading import kind_of

if TYPE_CHECKING:
    from inpars.train.monitor import Monitor


def checks(config: TrainConfig, corpus: Corpus | None) -> Iterator[Check]:
    """What the options ask for besides the base model, the queries to watch included. No model is loaded."""
    yield partial(require_library, "sentence_transformers", "train", "training")
    if Path(base := locate(config.base_model)).is_dir():
        yield partial(require_base, base, config.family)
    if config.family == "llm" and config.lora_rank:
        yield partial(require_library, "peft", "train", "training a LoRA adapter")
    yield partial(check_device, config.device)
    yield partial(_check_arguments, config)
    if config.held_out_queries:
        yield partial(check_language, config.language)
    for watched in (config.monitor_queries, config.monitor_qrels, config.monitor_run):
        if watched is not None:
            yield partial(require_file, Path(split_columns(str(watched))[0]))
    if corpus is not None:
        yield partial(open_monitor, config, corpus)


def check_examples(path: Path, corpus: Corpus, queries: Mapping[str, str] | None = None) -> None:
    """`InparsError` where the rows of `path` name documents that the corpus lacks, or are of another corpus."""
    if kind_of(path) == "queries":
        check_sources(path, read_synthetic_queries(path), corpus)
        return
    rows = 0
    doc_ids: dict[str, None] = {}
    for triple in read_triples(path, queries):
        rows += 1
        if not is_whole(triple.query_id):
            raise OptionError(
                f"{path}: the query id {triple.query_id!r} has blanks, which divide the fields of runs and judgments",
                hint="replace them, for example by '_'",
            )
        doc_ids |= dict.fromkeys((triple.positive_id, *triple.negative_ids))
    if absent := absent_from(corpus, doc_ids):
        raise InparsError(
            f"{path}: the corpus {corpus.name} lacks {len(absent):,} of the {len(doc_ids):,} documents of its {rows:,} "
            f"triples: {some(absent)}",
            hint="give the corpus that the negatives were mined from (--corpus), or leave these triples out",
        )
    # Where a query was cut out of its document, the row holds what is left of it.
    positives = (SyntheticQuery(t.query, t.positive_id, t.positive_text) for t in read_triples(path, queries))
    check_sources(path, positives, corpus, lacking=False)


def open_monitor(config: TrainConfig, corpus: Corpus) -> Monitor | None:
    """The queries to watch, read and checked; None where there are none."""
    if config.monitor_queries is None or config.monitor_run is None or config.monitor_qrels is None:
        return None
    from inpars.train.monitor import Monitor

    watched = (config.monitor_queries, config.monitor_run, config.monitor_qrels)
    return Monitor(corpus, *watched, config.monitor_depth, config.monitor_measures)


def _check_arguments(config: TrainConfig) -> None:
    try:
        from inpars.train.families.arguments import check_arguments
    except ImportError:
        # Told by another check.
        return
    check_arguments(config)
