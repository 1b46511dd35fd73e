"""`inpars v1 filter`: the questions that the language model was surest of."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from inpars.data.files import write_jsonl
from inpars.data.queries import read_synthetic_queries
from inpars.drop_in.outputs import check_places
from inpars.drop_in.v1.rows import to_v1
from inpars.errors import OptionError
from inpars.filter import filter
from inpars.options import Options


class FilterFlags(Options):
    """Flags of filter_queries_by_score.py."""

    input: Path = Field(description="JSONL file of questions: v1's, the toolkit's or ours.")
    output: Path = Field(description="JSONL file for the best-scored ones, best first.")
    top_k: int = Field(50_000, ge=1, description="How many to keep.")
    min_tokens: int = Field(3, ge=0, description="Drop questions of fewer tokens.")
    max_tokens: int = Field(10_000_000, ge=1, description="Drop questions of more tokens.")
    scoring_function: Literal["mean_log_probs", "sum_log_probs", "mean_probs", "len"] = Field(
        "mean_log_probs", description="How token log-probabilities become a score."
    )
    skip_questions_copied_from_context: bool = Field(
        False, description="Drop questions that stand word for word in their document."
    )


def run(flags: FilterFlags) -> Path:
    """Score, select and sort the questions; returns the output. The dropped ones lie beside it, each with its reason.

    `OptionError` for `len`, under which v1 gave no score: it sorted by the first token's log-probability.
    """
    if flags.scoring_function == "len":
        raise OptionError(
            "scoring_function len is no score: v1 compared the lists of log-probabilities number by number",
            hint="take mean_log_probs; len's other limit, documents of 300 characters or more, is "
            "`inpars v1 generate --min_doc_chars 300`",
        )
    check_places((flags.input,), flags.output)
    tokens = {"min_tokens": flags.min_tokens, "max_tokens": flags.max_tokens}
    methods: list[dict[str, dict[str, object]]] = [
        {"length": {"min_words": 1, "max_words": 10_000_000, **tokens}},
        {"scores": {"scoring": flags.scoring_function, "keep_top_k": flags.top_k}},
    ]
    if flags.skip_questions_copied_from_context:
        methods.insert(1, {"copied": {"min_words": 1}})
    output = filter(flags.input, flags.output, methods=methods)
    # The stage keeps the order of its input, v1 put the best first.
    kept = sorted(read_synthetic_queries(output), key=lambda query: (-(query.score or 0.0), query.query_id))
    write_jsonl(output, map(to_v1, kept))
    return output
