"""Options of a language model that judges."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from inpars.errors import OptionError
from inpars.models.language.options import OpenAIOptions, TransformersOptions, VllmOptions
from inpars.options import Options, how

Asks = Literal["grade", "criteria"]
"""What a judge can be asked: one grade from 0 to 3, or yes or no to each of several criteria."""


class JudgingOptions(Options):
    """Options of a language model that judges pairs of query and document."""

    # Which model and which wording it is shows in the fingerprints, so that files may lie anywhere.
    model: str = how("", description="Language model that judges: a hub id, a path, smollm2, openai:NAME or vllm:NAME.")
    prompt: str = how("", description="YAML file with a prompt of your own; by default the one that ships.")
    max_doc_length: int = Field(1024, ge=1, description="Tokens of a document; what goes beyond is cut off.")
    max_new_tokens: int = Field(64, ge=1, description="Tokens of an answer; one that is cut off gives no verdict.")
    transformers: TransformersOptions = Field(
        default_factory=TransformersOptions, description="Options of the transformers backend."
    )
    openai: OpenAIOptions = Field(default_factory=OpenAIOptions, description="Options of the openai backend.")
    vllm: VllmOptions = Field(default_factory=VllmOptions, description="Options of the vllm backend.")

    def fingerprints(self, asks: Asks) -> dict[str, str]:
        """What identifies the `model` and the `prompt` as inputs. No weights are loaded; without a model no entry."""
        from inpars.models.judges.prompt import load_prompt
        from inpars.models.language import open_language_model

        found = {"prompt": load_prompt(self.prompt, asks).fingerprint()}
        if self.model:
            found["model"] = open_language_model(self.model, self).fingerprint()
        return found

    def check(self) -> None:
        """`OptionError` where there is no model to ask."""
        if not self.model:
            raise OptionError(
                "judging needs a language model",
                hint="name one (judge.model; in negatives relabel.judge.model): a hub id, a path, openai:NAME …",
            )
