"""What tokens cost, from a table of the user's own: prices change too often to be built in."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from inpars.data.files import read_text
from inpars.data.mappings import parse_mapping
from inpars.errors import InputError, unknown_name
from inpars.options import Options, parse_options


class Price(Options):
    """Dollars per million tokens of one model."""

    input: float = Field(ge=0, description="A million tokens of prompts.")
    output: float = Field(ge=0, description="A million tokens of answers.")
    cached_input: float | None = Field(None, ge=0, description="A million prompt tokens that the server had at hand.")
    batch_discount: float = Field(0.0, ge=0, le=1, description="Share of the price that the Batch API takes off.")

    def cost(self, prompt_tokens: int, completion_tokens: int, cached_tokens: int = 0, batch: bool = False) -> float:
        """Dollars for so many tokens. `cached_tokens` are those of `prompt_tokens` that the server had at hand."""
        cached_price = self.input if self.cached_input is None else self.cached_input
        dollars = (
            (prompt_tokens - cached_tokens) * self.input
            + cached_tokens * cached_price
            + completion_tokens * self.output
        ) / 1e6
        return dollars * (1 - self.batch_discount) if batch else dollars


def price_of(model: str, table: Path | None) -> Price | None:
    """The price of `model` in a YAML table `{model: {input, output, cached_input, batch_discount}}`.

    None where there is no table. `InparsError` for a table that cannot be read or lacks the model.
    """
    if table is None:
        return None
    expected = "a mapping from each model's name to its prices"
    hint = "write it as: gpt-4o-mini: {input: 0.15, output: 0.60}, in dollars per million tokens"
    rows = parse_mapping(read_text(table), str(table), expected=expected, hint=hint)
    if not all(isinstance(row, dict) for row in rows.values()):
        raise InputError(table, expected=expected, found="a model without a mapping", hint=hint)
    if model not in rows:
        raise unknown_name(f"model in {table}:", model, map(str, rows))
    return parse_options(Price, f"{table}: {model}", rows[model])
