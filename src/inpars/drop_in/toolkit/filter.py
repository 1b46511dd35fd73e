"""The toolkit's `filter`: the best of the queries, by their own log-probabilities or by a reranker."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field

from inpars.drop_in.outputs import check_places
from inpars.drop_in.toolkit.datasets import Source, open_documents
from inpars.drop_in.toolkit.flags import BATCHES, DATASET, DEVICE, SCHEME, SOURCE, Flags
from inpars.drop_in.toolkit.models import scheme_for
from inpars.drop_in.toolkit.rows import as_toolkit
from inpars.filter import filter
from inpars.models.scorers.options import SchemeName


class FilterFlags(Flags):
    """Flags of the toolkit's `filter`."""

    idle: ClassVar[Mapping[str, str]] = {"batch_size": BATCHES}

    input: Path = Field(description="JSONL file of generated queries, the toolkit's, InPars v1's or ours.")
    filter_strategy: Literal["scores", "reranker"] = Field(
        description="scores: the mean log-probability of a query's tokens; reranker: a model's score of the pair."
    )
    output: Path = Field(description="JSONL file for the queries that are kept, the best first.")
    dataset: str | None = Field(None, description=f"{DATASET} Read where a row lacks its document's text.")
    dataset_source: Source = Field("ir_datasets", description=SOURCE)
    keep_top_k: int = Field(10_000, ge=1, description="Queries to keep.")
    model_name_or_path: str = Field("castorini/monot5-3b-msmarco-10k", description="Model of the strategy reranker.")
    min_tokens: int = Field(3, ge=0, description="Drop queries of fewer tokens.")
    max_tokens: int = Field(1000, ge=1, description="Drop queries of more tokens.")
    skip_questions_copied_from_context: bool = Field(
        False, description="Drop queries that stand word for word in their document."
    )
    scheme: SchemeName | None = Field(None, description=SCHEME)
    device: str | None = Field(None, description=DEVICE)
    fp16: bool = Field(False, description="Score in fp16; without it bf16 or fp32, whichever the processor is good at.")
    batch_size: int = Field(16, ge=1, description="")


FLAGS = FilterFlags


def run(flags: FilterFlags) -> None:
    """Write `--output` in the toolkit's columns, with `score`; what is dropped lies beside it."""
    check_places((flags.input, flags.dataset), flags.output)
    corpus = None
    reads_documents = flags.filter_strategy == "reranker" or flags.skip_questions_copied_from_context
    if reads_documents and flags.dataset is not None:
        corpus = open_documents(flags.dataset, flags.dataset_source)
    filter(flags.input, flags.output, corpus=corpus, **stage_options(flags))
    as_toolkit(flags.output, best_first=True)


def stage_options(flags: FilterFlags) -> dict[str, Any]:
    """The flags as options of our filter stage: its methods, in the toolkit's order."""
    tokens = {"min_tokens": flags.min_tokens, "max_tokens": flags.max_tokens}
    methods: list[str | dict[str, Any]] = [{"length": {"min_words": 1, "max_words": 1_000_000, **tokens}}]
    if flags.skip_questions_copied_from_context:
        methods.append({"copied": {"min_words": 1}})
    if flags.filter_strategy == "scores":
        methods.append({"scores": {"keep_top_k": flags.keep_top_k}})
    else:
        scorer = {
            "model": flags.model_name_or_path,
            "scheme": scheme_for("filter", flags.model_name_or_path, flags.scheme),
            "precision": "fp16" if flags.fp16 else "auto",
            "device": flags.device,
        }
        methods.append({"reranker": {"keep_top_k": flags.keep_top_k, **scorer}})
    return {"methods": tuple(methods)}
