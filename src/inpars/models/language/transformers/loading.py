"""From a model's name to its weights and tokenizer, in the number format asked for."""

from __future__ import annotations

import logging
from typing import Any, cast

from inpars.errors import InparsError, OptionError, require_library, shorten
from inpars.models.language.options import TransformersOptions
from inpars.models.loading import failures
from inpars.models.locate import install_hint, locate, source, why_absent
from inpars.models.precision import Precision, resolve
from inpars.models.quiet import quiet_loading


def load_tokenizer(name: str, options: TransformersOptions) -> Any:
    """The model's tokenizer. `InparsError` where there is none."""
    from transformers import AutoTokenizer

    _require_reach(name)
    try:
        tokenizer = AutoTokenizer.from_pretrained(locate(name), **_source(options))
    except failures() as error:
        raise _unloadable(name, error) from None
    if len(tokenizer) < 2:
        # Where there are no files of one, the library makes one up.
        raise _unloadable(name, "its tokenizer has no vocabulary")
    return tokenizer


def load_config(name: str, options: TransformersOptions) -> Any:
    """The model's configuration. `InparsError` where there is none."""
    from transformers import AutoConfig

    _require_reach(name)
    try:
        return AutoConfig.from_pretrained(locate(name), **_source(options))
    except failures() as error:
        raise _unloadable(name, error) from None


def load_model(name: str, options: TransformersOptions, device: str) -> Any:
    """The model, ready to write on `device` ("auto" spreads it over all GPUs)."""
    import torch
    from transformers import AutoModelForCausalLM

    arguments: dict[str, Any] = _source(options)
    if options.precision in ("int8", "int4"):
        arguments["quantization_config"] = _quantization(options.precision)
        arguments["device_map"] = device
    else:
        # Where the weights go over several devices, the first one says what they all can do.
        format = resolve(cast(Precision, options.precision), "cuda" if device == "auto" else device)
        arguments["dtype"] = {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}[format]
        if device == "auto":
            arguments["device_map"] = device
    where = locate(name)
    try:
        with quiet_loading():
            model, found = AutoModelForCausalLM.from_pretrained(where, output_loading_info=True, **arguments)
    except failures() as error:
        raise _unloadable(name, error) from None
    if absent := sorted(found["missing_keys"]):
        raise _unloadable(name, f"its files have no weights for {shorten(', '.join(absent))}")
    if "device_map" not in arguments:
        model = model.to(device)
        # The compiler has a packing of its own.
        if device == "cpu" and not options.compile:
            from inpars.models.language.transformers.packing import pack

            with torch.inference_mode():
                pack(model)
    return model.eval()


def _quantization(precision: str) -> Any:
    """8 bits (Dettmers et al. 2022, arXiv 2208.07339) or 4 (Dettmers et al. 2023, arXiv 2305.14314)."""
    require_library("bitsandbytes", "quantized", f"precision {precision}")
    import torch
    from transformers import BitsAndBytesConfig

    # It warns of every product on a processor.
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
    if precision == "int8":
        return BitsAndBytesConfig(load_in_8bit=True)
    return BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.bfloat16)


def _source(options: TransformersOptions) -> dict[str, Any]:
    source: dict[str, Any] = {"trust_remote_code": options.trust_remote_code}
    if options.revision:
        source["revision"] = options.revision
    return source


def _require_reach(name: str) -> None:
    """`InparsError` where the libraries would take long to find out that the model is out of reach."""
    if why := why_absent(source(name)):
        raise _unloadable(name, why)


def _unloadable(name: str, error: Exception | str) -> InparsError:
    said = " ".join(str(error).split())
    if "trust_remote_code" in said:
        return OptionError(
            f"model {name!r} comes with code of its own", hint="--transformers.trust-remote-code runs it"
        )
    if "Repo id must be" in said:
        said = "there is no such folder"
    if "Unrecognized configuration class" in said:
        said = "it is no causal language model"
    return InparsError(
        f"model {name!r} cannot be loaded: {said[:300]}",
        hint=install_hint(name)
        or "--model takes a folder or a GGUF file with a causal language model, a hub id, openai:NAME or vllm:NAME",
    )
