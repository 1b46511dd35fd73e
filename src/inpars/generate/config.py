"""Options of the generate stage."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from inpars.models.language.options import OpenAIOptions, TransformersOptions, VllmOptions
from inpars.options import Options, how


class Mixture(Options):
    """How often each kind of extracted query is drawn. A kind that a document cannot give is redrawn."""

    title: float = Field(1.0, ge=0, description="The document's title, hidden from the document.")
    heading: float = Field(0.5, ge=0, description="A heading or caption line inside the document.")
    sentence: float = Field(3.0, ge=0, description="A salient sentence, or a span of it.")
    keywords: float = Field(1.0, ge=0, description="The content words of a salient sentence.")
    terms: float = Field(1.0, ge=0, description="Known-item terms from the document's language model.")

    @model_validator(mode="after")
    def _draws_something(self) -> Mixture:
        if not 0 < sum(self.model_dump().values()) < float("inf"):
            raise ValueError("at least one kind needs a weight above 0, and all must be finite")
        return self


class ExtractiveOptions(Options):
    """Options of the `extractive` backend."""

    mixture: Mixture = Field(default_factory=Mixture, description="Weight of each kind of query.")
    hide: float = Field(
        0.9,
        ge=0,
        le=1,
        description="Share of queries (but those of terms) whose source is cut from the document.",
    )
    min_rest: int = Field(
        3, ge=1, description="Words that a document must keep when a query is cut out of it; else another is drawn."
    )
    smoothing: float = Field(
        0.2, ge=0, lt=1, description="Weight of the collection in the smoothed document language model."
    )
    max_words: int = Field(24, ge=3, description="Longest sentence taken whole; longer ones give a span.")
    statistics_documents: int = Field(20_000, ge=1, description="Documents sampled for the collection language model.")


class GenerateConfig(Options):
    """Write queries for documents."""

    model: str = Field(
        "",
        description="Language model: a hub id, a folder, a GGUF file, smollm2, openai:NAME or vllm:NAME. "
        "Without one, queries are extracted.",
    )
    backend: Literal["auto", "extractive", "transformers", "openai", "vllm", "dummy"] = Field(
        "auto", description="What writes the queries; auto follows from the model."
    )
    max_generations: int = Field(100_000, ge=1, description="At most this many documents, sampled by seed.")
    queries_per_document: int = Field(1, ge=1, description="Queries written for each document.")
    min_doc_chars: int = Field(0, ge=0, description="Leave out documents shorter than this.")
    max_doc_chars: int = Field(0, ge=0, description="Leave out documents longer than this; 0 means no limit.")
    seed: int = Field(1, description="Seed of the document sample, the few-shot examples and the queries.")
    unit_size: int = Field(1000, ge=1, description="Documents in one resumable unit.")
    prompt: str = Field("inpars", description="Prompt template: a name (`inpars prompts` lists them) or a file.")
    query_form: Literal["", "question", "keywords", "claim", "title", "mixed"] = Field(
        "",
        description="Form of the queries, for prompts that can ask for one; mixed draws one for each document. By "
        "default the prompt's own.",
    )
    fewshot: str = Field(
        "auto",
        description="Few-shot examples: a file, a split of the dataset, none, or auto: train, else dev, else test.",
    )
    n_fewshot_examples: int = Field(3, ge=0, description="Few-shot examples in a prompt that has none of its own.")
    shuffle_examples: bool = Field(
        False, description="Order the examples anew for each document, as Promptagator does; slower."
    )
    max_doc_length: int = Field(256, ge=1, description="Tokens of a document, in an example too.")
    max_query_length: int = Field(200, ge=1, description="Tokens of an example's query.")
    max_prompt_length: int = Field(2048, ge=1, description="Tokens of prompt and answer together.")
    max_new_tokens: int = Field(64, ge=1, description="Tokens of an answer.")
    temperature: float = Field(0.0, ge=0, description="Sampling temperature; 0 is greedy.")
    top_p: float = Field(1.0, gt=0, le=1, description="Sample among the likeliest tokens of this probability in all.")
    look_after: int = how(100, ge=1, description="Answers after which a run looks whether they are of any use.")
    max_unusable: float = how(
        0.5,
        ge=0,
        le=1,
        description="Stop after them where a larger share repeats the prompt, loops, is cut off or holds no query; "
        "1 never stops.",
    )
    store_prompts: bool = Field(True, description="Keep each prompt in its row; without it, its hash.")
    extractive: ExtractiveOptions = Field(
        default_factory=ExtractiveOptions, description="Options of the extractive backend."
    )
    transformers: TransformersOptions = Field(
        default_factory=TransformersOptions, description="Options of the transformers backend."
    )
    openai: OpenAIOptions = Field(default_factory=OpenAIOptions, description="Options of the openai backend.")
    vllm: VllmOptions = Field(default_factory=VllmOptions, description="Options of the vllm backend.")

    @model_validator(mode="after")
    def _model_is_none_of_the_backends(self) -> GenerateConfig:
        if self.model in ("extractive", "dummy"):
            raise ValueError(f"{self.model!r} is a backend, not a model: give backend={self.model} and no model")
        return self
