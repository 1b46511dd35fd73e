"""Options of query likelihood."""

from __future__ import annotations

from pydantic import Field

from inpars.options import Options, how


class LikelihoodOptions(Options):
    """What a causal language model reads before a query whose likelihood it tells."""

    prompt: str = Field(
        "inpars", description="Prompt: inpars, upr, or a YAML file with a completion prompt such as generate takes."
    )
    max_doc_length: int = Field(192, ge=1, description="Tokens read of a document; of an example's, as many as it has.")
    cache: str = how(
        "", description="File that keeps every score; by default in the user's cache folder; none keeps nothing."
    )
