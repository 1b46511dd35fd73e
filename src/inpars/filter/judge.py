"""Drop queries that a language model finds wanting: by yes-or-no criteria, or by a grade from 0 to 3.

Criteria asked all at once follow NeMo Curator's answerability filter, the grade UMBRELA (Upadhyay et
al. 2024, arXiv 2406.06519).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from inpars.data.records import SyntheticQuery
from inpars.filter.method import Context, Dropped, Failed, Outcome
from inpars.filter.options import JudgeOptions
from inpars.filter.sources import source_text
from inpars.models.judges import Unreadable, open_judge


def judge(queries: Sequence[SyntheticQuery], options: JudgeOptions, context: Context) -> list[Outcome]:
    """Ask about each query and its document, as its author saw it; the reason to drop it, or None.

    Sets `scores["judge"]` to the grade, or to the share of criteria that hold, and for each criterion
    `scores["judge.<name>"]` to 1 or 0. An answer that says neither is a failure, never a verdict; a
    rerun asks again for those alone, and then at a temperature. `context.language_model`, where there
    is one, is asked in place of the options' model.
    """
    judging = open_judge(options, context.language_model)

    def ask(some: Sequence[SyntheticQuery]) -> list[Any]:
        pairs = [(query.query, source_text(query, context)) for query in some]
        again = [context.failures[query.query_id] for query in some]
        found: Sequence[Any] = (
            judging.grades(pairs, again)
            if options.mode == "grade"
            else judging.criteria(pairs, options.criteria, again)
        )
        return [Failed(value.cause) if isinstance(value, Unreadable) else value for value in found]

    values = context.each(queries, ask, at_once=judging.batches)
    context.facts |= judging.usage
    return [_outcome(query, value, options) for query, value in zip(queries, values, strict=True)]


def _outcome(query: SyntheticQuery, value: Any, options: JudgeOptions) -> Outcome:
    if isinstance(value, Failed):
        return value
    if options.mode == "grade":
        query.score = query.scores["judge"] = float(value)
        return None if value >= options.min_grade else Dropped(f"grade {value}, below {options.min_grade}")
    query.scores |= {f"judge.{name}": float(holds) for name, holds in value.items()}
    query.score = query.scores["judge"] = sum(value.values()) / len(value)
    lacking = [name for name in options.required or value if not value[name]]
    return Dropped(f"not {', not '.join(lacking)}") if lacking else None
