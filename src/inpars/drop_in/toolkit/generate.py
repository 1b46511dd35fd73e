"""The toolkit's `generate`: queries for documents, from a causal language model and a few-shot prompt."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from inpars.drop_in.outputs import check_places
from inpars.drop_in.toolkit.datasets import Source, open_documents
from inpars.drop_in.toolkit.flags import BATCHES, DATASET, DEVICE, SOURCE, Flags
from inpars.drop_in.toolkit.rows import as_toolkit
from inpars.generate import generate


class GenerateFlags(Flags):
    """Flags of the toolkit's `generate`."""

    idle: ClassVar[Mapping[str, str]] = {
        "tf": "transformers 5 has no TensorFlow any more, the model runs in PyTorch",
        "batch_size": BATCHES,
    }

    dataset: str = Field(description=DATASET)
    output: Path = Field(description="JSONL file for the queries.")
    base_model: str = Field("EleutherAI/gpt-j-6B", description="Causal language model: a hub id or a folder.")
    prompt: str = Field(
        "inpars", description="inpars, inpars-gbq, promptagator, promptagator-DATASET, or a template file."
    )
    dataset_source: Source = Field("ir_datasets", description=SOURCE)
    n_fewshot_examples: int = Field(3, ge=0, description="Labelled examples in a prompt that has none of its own.")
    fewshot: str = Field(
        "auto", description="File of few-shot examples of your own (JSON lines of query and document)."
    )
    max_doc_length: int = Field(256, ge=1, description="Tokens of a document.")
    max_query_length: int = Field(200, ge=1, description="Tokens of an example's query.")
    max_prompt_length: int = Field(2048, ge=1, description="Tokens of prompt and answer together.")
    max_new_tokens: int = Field(64, ge=1, description="Tokens of an answer.")
    max_generations: int = Field(100_000, ge=1, description="At most this many documents, sampled by seed.")
    batch_size: int = Field(1, ge=1, description="")
    revision: str | None = Field(None, description="Branch, tag or commit of a hub model.")
    fp16: bool = Field(
        False, description="Weights in fp16; without it bf16 or fp32, whichever the processor is good at."
    )
    int8: bool = Field(False, description="Weights in 8 bits.")
    torch_compile: bool = Field(False, description="Compile the model.")
    tf: bool = Field(False, description="")
    seed: int = Field(1, description="Seed of the sample of documents and of the examples.")
    device: str | None = Field(None, description=DEVICE)


FLAGS = GenerateFlags


def run(flags: GenerateFlags) -> None:
    """Write `--output` in the toolkit's columns."""
    check_places((flags.dataset, flags.prompt, flags.fewshot), flags.output)
    generate(open_documents(flags.dataset, flags.dataset_source), flags.output, **stage_options(flags))
    as_toolkit(flags.output)


def stage_options(flags: GenerateFlags) -> dict[str, Any]:
    """The flags as options of our generate stage."""
    same = ("prompt", "n_fewshot_examples", "fewshot", "max_doc_length", "max_query_length", "max_prompt_length")
    more = ("max_new_tokens", "max_generations", "seed")
    return {
        "model": flags.base_model,
        "backend": "transformers",
        # As the toolkit, whatever a model writes.
        "max_unusable": 1.0,
        # Promptagator's examples stand in another order before each document.
        "shuffle_examples": flags.prompt.startswith("promptagator"),
        "transformers": {
            "revision": flags.revision or "",
            "precision": "int8" if flags.int8 else "fp16" if flags.fp16 else "auto",
            "compile": flags.torch_compile,
            "devices": (flags.device,) if flags.device else (),
        },
        **{name: getattr(flags, name) for name in (*same, *more)},
    }
