"""What the tests of the filter methods share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from inpars.data.records import SyntheticQuery
from inpars.filter.method import Context, Dropped


@pytest.fixture
def context(tmp_path: Path) -> Context:
    """What a method that needs nothing but the queries is given."""
    return Context(tmp_path / "units", "method")


@pytest.fixture
def reasons(context: Context) -> Callable[..., list[str | None]]:
    """Apply a method; for each query the reason it is dropped for, or None."""

    def apply(judge: Callable[..., Any], queries: Sequence[SyntheticQuery], options: Any) -> list[str | None]:
        outcomes = judge(queries, options, context)
        assert all(outcome is None or isinstance(outcome, Dropped) for outcome in outcomes)
        return [outcome and outcome.reason for outcome in outcomes]

    return apply
