"""A look at what a language model writes, as it writes it: where most of it is no use, a run stops before it pays more.

The checks are those of the filters `echo`, `loop` and `unfinished`, which drop what only this look counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import get_args

from inpars.data.unusable import Fault
from inpars.errors import InparsError, shorten
from inpars.generate.backends import AGAIN, Written
from inpars.generate.config import GenerateConfig
from inpars.models.language.unanswered import way_out

FAULTS: tuple[Fault, ...] = get_args(Fault)

_TOLD = {"echo": "repeating the prompt", "loop": "in a loop", "unfinished": "cut off", "dropped": "without a query"}
_WAYS_OUT = {
    "echo": "a prompt that shows examples (--prompt inpars), or with other ones (--fewshot FILE)",
    "loop": "another prompt, such as --prompt inpars, whose answers end with their line",
    "unfinished": "more --max-new-tokens than {max_new_tokens}, or --prompt inpars, whose answers end with their line",
    "dropped": "another prompt",
}


class Unusable(InparsError):
    """Most of what a model wrote at first is no use, and it is asked no more."""


class Look:
    """Counts the first `look_after` answers, and which of them are no use."""

    def __init__(self, config: GenerateConfig) -> None:
        self._config = config
        self._answers = 0
        self._faults: Counter[str] = Counter()
        self._reasons: Counter[str] = Counter()
        self._example = ""

    def see(self, written: Written) -> None:
        """Count one document's answers, written now or before."""
        if written.error or self._answers >= self._config.look_after:
            return
        self._answers += self._config.queries_per_document
        found: Counter[str] = Counter({fault: int(written.usage.get(fault, 0)) for fault in FAULTS})
        reasons = [row["reason"] for row in written.dropped if row["reason"] != AGAIN]
        if not self._example and written.queries and found.total() == len(written.queries):
            self._example = written.queries[0].query
        found["dropped"] = len(reasons)
        self._faults += found
        self._reasons.update(reasons)

    def require_usable(self) -> None:
        """`Unusable` where enough answers were seen and the share that is no use is above `max_unusable`."""
        config, unusable = self._config, self._faults.total()
        if self._answers < config.look_after or unusable <= config.max_unusable * self._answers:
            return
        main = self._faults.most_common(1)[0][0]
        usual = _WAYS_OUT[main].format(max_new_tokens=config.max_new_tokens)
        ways = way_out(self._reasons.most_common(1)[0][0]) if main == "dropped" else ""
        example = f", such as {shorten(self._example, 100)}" if self._example else ""
        raise Unusable(
            f"stopped after {told_funnel(self._answers, 'answers', self._faults)}{example}; "
            f"{unusable / self._answers:.0%} are no use, more than max_unusable ({config.max_unusable:.0%})",
            hint=f"try {ways or usual}, or an instruction-tuned or a larger model; with "
            "--max-unusable 1 (in a run: --set generate.max_unusable=1) the same command goes on from what was written",
        )


def told_funnel(number: int, what: str, faults: Mapping[str, float]) -> str:
    """How many answers or queries there are, how many are no use and why, and how many are left, in words."""
    found = {fault: int(faults.get(fault, 0)) for fault in _TOLD}
    told = [f"{count:,} {_TOLD[fault]}" for fault, count in found.items() if count]
    return f"{number:,} {what}: {', '.join([*told, f'{number - sum(found.values()):,} usable'])}"
