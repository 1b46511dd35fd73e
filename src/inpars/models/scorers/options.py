"""How a model scores: options shared by every stage that scores pairs."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from inpars.models.precision import ScoringPrecision, default_device
from inpars.models.scorers.likelihood.options import LikelihoodOptions
from inpars.options import Options, added, how

Family = Literal["bi-encoder", "cross-encoder", "llm", "seq2seq"]
"""The kinds of model that their files tell apart."""

ScorerFamily = Literal["bi-encoder", "cross-encoder", "likelihood", "llm", "seq2seq"]
"""The ways to score; `likelihood` with any causal language model, if asked for."""

SchemeName = Literal["monot5", "mt5", "flan-t5"]


class LoadingOptions(Options):
    """How models are loaded."""

    trust_remote_code: bool = how(False, description="Run code that comes with a model.")


class PromptOptions(Options):
    """What a bi-encoder reads before each text."""

    query_prompt: str | None = added(
        None, description="What a bi-encoder reads before each query, such as 'query: '; by default as its files say."
    )
    passage_prompt: str | None = added(
        None, description="What it reads before each passage, such as 'passage: '; by default as its files say."
    )

    @property
    def gives_prompts(self) -> bool:
        """Whether a prompt is given, if only to say that there is none."""
        return (self.query_prompt, self.passage_prompt) != (None, None)


class RetrieverPromptOptions(Options):
    """The same of a dense retriever, where another model scores what it finds."""

    retriever_query_prompt: str | None = added(
        None, description="What a dense retriever reads before each query; by default as its files say."
    )
    retriever_passage_prompt: str | None = added(
        None, description="What a dense retriever reads before each passage; by default as its files say."
    )

    def of_retriever(self) -> PromptOptions:
        """The retriever's prompts."""
        return PromptOptions(query_prompt=self.retriever_query_prompt, passage_prompt=self.retriever_passage_prompt)


class ScoringOptions(PromptOptions, LoadingOptions):
    """Options of scoring (query, document) pairs with a model."""

    family: Literal["auto", "bi-encoder", "cross-encoder", "likelihood", "llm", "seq2seq"] = Field(
        "auto",
        description="Kind of model; auto reads it from the model's own files. "
        "likelihood: how likely any causal language model finds the query after the document.",
    )
    scheme: SchemeName | None = Field(
        None,
        description="Prompt and target tokens of a seq2seq model that neither is known nor has an inpars_scorer.json.",
    )
    instruction: str | None = Field(
        None, description="What makes a document relevant, told to an LLM reranker; by default what it was saved with."
    )
    likelihood: LikelihoodOptions = Field(
        default_factory=LikelihoodOptions, description="What a model of family likelihood reads."
    )
    max_length: int = Field(
        0, ge=0, description="Tokens read of a text, or of a query with its document; 0 is the model's own length."
    )
    precision: ScoringPrecision = Field("auto", description="Number format of the matrix products.")
    engine: Literal["auto", "eager", "ragged", "onnx", "openvino"] = how(
        "auto", description="What multiplies the matrices; auto takes the fastest here, eager is plain torch."
    )
    batch_tokens: int = how(0, ge=0, description="Tokens scored at once; 0 leaves it to the engine.")
    compile: bool = how(False, description="Compile the model with torch.compile (engine eager).")
    device: str | None = how(None, description="Where to score: cpu, cuda, cuda:1 …; by default the best there is.")

    def identity(self) -> dict[str, Any]:
        """The options that scores depend on; of a likelihood only where it is asked for, its prompt as it reads."""
        values = super().identity()
        likelihood = values.pop("likelihood")
        if self.family != "likelihood":
            return values
        from inpars.models.scorers.likelihood.prompt import load_prompt

        return values | {"likelihood": likelihood | {"prompt": load_prompt(self.likelihood.prompt).fingerprint()}}

    def length(self, own: int) -> int:
        """How many tokens to read with a model that reads `own`: no more than it can."""
        return min(self.max_length, own) if self.max_length else own


def default_depth(family: str, device: str | None = None) -> int:
    """How many documents a query to rerank where nobody says: fewer where a language model reads them on a processor.

    `device` is by default the best there is.
    """
    return 20 if family == "likelihood" and (device or default_device()).startswith("cpu") else 100
