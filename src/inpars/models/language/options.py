"""Options of the language models: how each is reached or run. What may not change an answer is marked so."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from inpars.options import Options, PassedOn, how


class TransformersOptions(Options):
    """A causal language model on this machine, through transformers."""

    revision: str = Field("", description="Branch, tag or commit of a hub model; by default the newest.")
    precision: Literal["auto", "bf16", "fp16", "fp32", "int8", "int4"] = Field(
        "auto", description="Number format; auto is bf16 where the processor multiplies it natively, else fp32."
    )
    devices: tuple[str, ...] = Field((), description="Devices, one worker each; by default every GPU, else the CPU.")
    batch_tokens: int = how(0, ge=0, description="Tokens that a batch may hold, prompts and answers; 0 chooses.")
    share_prefix: bool = how(True, description="Encode the beginning that all prompts share once for all.")
    cache: str = how(
        "", description="File that keeps every answer; by default in the user's cache folder; none keeps nothing."
    )
    compile: bool = how(False, description="Compile the model with torch.compile.")
    trust_remote_code: bool = Field(False, description="Run code that comes with the model.")


class OpenAIOptions(Options):
    """Any endpoint that speaks OpenAI's API."""

    base_url: str = Field("", description="Where the endpoint is; by default OPENAI_BASE_URL, else OpenAI itself.")
    api: Literal["auto", "completions", "chat"] = Field(
        "auto", description="Which call; auto is chat for chat prompts and completions for the others."
    )
    concurrency: int = how(16, ge=1, description="Requests under way at once.")
    requests_per_minute: int = how(0, ge=0, description="Most requests a minute; 0 is no limit.")
    tokens_per_minute: int = how(0, ge=0, description="Most tokens a minute, prompts and answers; 0 is no limit.")
    retries: int = how(8, ge=0, description="Further attempts after an overload, a timeout or a broken answer.")
    timeout: float = how(120.0, gt=0, description="Seconds to wait for an answer.")
    max_wait: float = how(120.0, gt=0, description="Longest wait in seconds between two attempts.")
    cache: Path | None = how(None, description="File that keeps every answer; by default in the user's cache folder.")
    batch_api: bool = how(False, description="Submit as a batch and end; the same command collects it later.")
    prices: Path | None = how(None, description="YAML file with dollars per million tokens, model by model.")
    tokenizer: str = Field("", description="Hub id or path of the model's tokenizer; without it tokens are estimated.")
    extra_body: PassedOn = Field(
        default_factory=dict,
        description="Further fields of the request, for what a server offers beyond the API: JSON, or a flag for each, "
        "as in --openai.extra-body.chat_template_kwargs.enable_thinking false.",
    )


class VllmOptions(Options):
    """A model run by vLLM in this process."""

    revision: str = Field("", description="Branch, tag or commit of a hub model; by default the newest.")
    dtype: Literal["auto", "bfloat16", "float16", "float32"] = Field("auto", description="Number format.")
    quantization: str = Field("", description="vLLM's name of a quantization method, as in fp8 or awq.")
    tensor_parallel_size: int = Field(1, ge=1, description="GPUs that share one copy of the model.")
    gpu_memory_utilization: float = how(0.9, gt=0, le=1, description="Share of the GPU's memory to use.")
    max_model_len: int = Field(0, ge=0, description="Longest prompt and answer together; 0 is the model's own.")
    window: int = how(2048, ge=1, description="Completions that are handed over at a time, at least one prompt's.")
    cache: str = how(
        "", description="File that keeps every answer; by default in the user's cache folder; none keeps nothing."
    )
    trust_remote_code: bool = Field(False, description="Run code that comes with the model.")
