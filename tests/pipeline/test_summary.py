"""The table at the end of a run."""

import pytest
from rich.console import Console

from inpars.pipeline.summary import summary


def printed(p_holm, system="tuned", baseline="bm25", measure="nDCG@10"):
    comparison = {"system": system, "baseline": baseline, "measure": measure, "p_holm": p_holm}
    systems = {"bm25": {measure: 0.4}, "base": {measure: 0.45}, "tuned": {measure: 0.5}}
    console = Console(width=80)
    with console.capture() as captured:
        console.print(summary({"systems": systems, "comparisons": [comparison]}, "notes: 3 test queries"))
    return " ".join(captured.get().split())


def test_the_star_is_explained_where_a_system_has_one():
    assert "0.5000*" in printed(0.049)
    assert "* differs from bm25, p < 0.05" in printed(0.049)


@pytest.mark.parametrize("compared", [(0.05,), (0.01, "tuned", "base"), (0.01, "tuned", "bm25", "Judged@10")])
def test_without_a_star_there_is_nothing_to_explain(compared):
    table = printed(*compared)
    assert "0.5000" in table
    assert "*" not in table
    assert "differs" not in table
