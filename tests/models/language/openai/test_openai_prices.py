"""What answers cost, by a table of the user's own."""

from __future__ import annotations

import pytest

from inpars.errors import InparsError
from inpars.models.language.base import Prompt, Sampling
from inpars.models.language.openai import Price, price_of

TABLE = """
gpt-small: {input: 0.5, output: 2.0, cached_input: 0.1, batch_discount: 0.5}
gpt-large: {input: 10, output: 30}
"""


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "prices.yaml"
    path.write_text(TABLE)
    return path


def test_a_price_is_for_a_million_tokens(table):
    price = price_of("gpt-small", table)
    assert price.cost(1_000_000, 0) == pytest.approx(0.5)
    assert price.cost(0, 1_000_000) == pytest.approx(2.0)
    assert price.cost(1_000_000, 0, cached_tokens=400_000) == pytest.approx(0.6 * 0.5 + 0.4 * 0.1)
    assert price.cost(1_000_000, 1_000_000, batch=True) == pytest.approx(1.25)


def test_without_its_own_price_a_cached_token_costs_as_any_other_and_a_batch_too(table):
    price = price_of("gpt-large", table)
    assert price.cost(1000, 0, cached_tokens=500) == price.cost(1000, 0)
    assert price.cost(1000, 10, batch=True) == price.cost(1000, 10)


def test_answers_carry_their_cost(make, table):
    [answer] = make("gpt-small", prices=table).complete([Prompt("d1", "wings")], Sampling())
    assert answer.cost == pytest.approx(Price(input=0.5, output=2.0, cached_input=0.1).cost(100, 10, 40))


def test_without_a_table_no_cost_is_known(make):
    assert price_of("gpt-small", None) is None
    model = make("gpt-small")
    [answer] = model.complete([Prompt("d1", "wings")], Sampling())
    assert (model.price, answer.cost) == (None, None)


def test_without_token_counts_no_cost_is_known(endpoint, make, table):
    endpoint.answer = lambda body: {"choices": [{"text": "a", "index": 0}]}
    [answer] = make("gpt-small", prices=table).complete([Prompt("d1", "wings")], Sampling())
    assert (answer.cost, answer.prompt_tokens) == (None, 0)


def test_a_model_that_the_table_lacks_is_told_with_the_nearest_name(table):
    with pytest.raises(InparsError, match=r"unknown model .*'gpt-smal'\n.*did you mean 'gpt-small'"):
        price_of("gpt-smal", table)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tiny: {input: 1, outptu: 2}", "did you mean 'output'"),
        ("tiny: {input: -1, output: 2}", "greater than or equal to 0"),
        ("tiny: 3", "a model without a mapping"),
        ("- tiny", "found list"),
        ("tiny: {input: 1", "prices.yaml is not YAML"),
    ],
)
def test_a_table_that_will_not_do_is_told_with_its_place(tmp_path, text, message):
    path = tmp_path / "prices.yaml"
    path.write_text(text)
    with pytest.raises(InparsError, match=message):
        price_of("tiny", path)


def test_no_table_where_one_is_named(tmp_path):
    with pytest.raises(InparsError, match="nothing there"):
        price_of("tiny", tmp_path / "prices.yaml")
