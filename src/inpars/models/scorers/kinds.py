"""What kind of model a folder or a hub id holds, from its configuration files, never from its name."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from inpars.errors import InparsError, InputError, OptionError
from inpars.models.files import base_of_adapter, model_file, model_json, modules_of, require_configuration
from inpars.models.locate import locate
from inpars.models.scorers.labels import labels_of, relevant_label
from inpars.models.scorers.options import Family, ScorerFamily

_FAMILIES: tuple[Family, ...] = ("bi-encoder", "cross-encoder", "llm", "seq2seq")
_UNSUPPORTED = {
    "SparseEncoder": "a sparse encoder (SPLADE)",
    "MultiVectorEncoder": "a multi-vector model (ColBERT)",
}
_OF_OTHERS = {"sparse_encoder": "SparseEncoder", "pylate": "MultiVectorEncoder"}
"""Packages that classes of modules come from, by the kind of model that has them."""
_DECODERS = ("ForCausalLM", "LMHeadModel")
# Some that read images too can be loaded as causal language models.
_MAY_WRITE = (*_DECODERS, "ForConditionalGeneration")
_BASES: dict[Family, tuple[Family, ...]] = {
    # What has an encoder can become one; a classifier's or a decoder's head is left behind.
    "bi-encoder": _FAMILIES,
    "cross-encoder": ("bi-encoder", "cross-encoder", "seq2seq"),
    "llm": ("llm",),
    "seq2seq": ("seq2seq",),
}
"""The families that a model of each can be trained from."""


def family_of(model: str) -> Family:
    """The family of a saved model. `InparsError` where there is no such model, or its files do not tell."""
    if family := known_family(model):
        return family
    raise InparsError(
        f"cannot tell what kind of model {model!r} is: its files name none of {', '.join(_FAMILIES)}",
        hint="say which with --family; an encoder without a head ranks nothing before it is trained (inpars train)",
    )


def known_family(model: str) -> Family | None:
    """`family_of`, and None where the files do not tell."""
    config, saved = model_json(model, "config.json"), model_json(model, "config_sentence_transformers.json")
    if not (saved or config) and (base := base_of_adapter(model)):
        return known_family(locate(base))
    _require_supported(model, config, saved)
    kind = saved.get("model_type", "SentenceTransformer" if saved else "")
    architecture = architecture_of(config)
    if kind == "CrossEncoder":
        return "llm" if _has_logit_score(model) else "cross-encoder"
    if kind == "SentenceTransformer" or model_file(model, "modules.json"):
        return "bi-encoder"
    if architecture.endswith("ForSequenceClassification"):
        return "cross-encoder"
    # Some older checkpoints name no architecture.
    if config.get("is_encoder_decoder") and (not architecture or architecture.endswith("ForConditionalGeneration")):
        return "seq2seq"
    if architecture.endswith(_DECODERS):
        return "llm"
    require_configuration(model)
    return None


def require_scorer(model: str, family: ScorerFamily) -> None:
    """`OptionError` where a model's files say that it does not score as one of `family` does."""
    # What is broken is reported when the model is loaded.
    with suppress(InputError):
        if family == "likelihood":
            _require_causal(model)
            return
        if family == "cross-encoder":
            _require_no_adapter(model)
        found = known_family(model)
        if found not in (None, family):
            raise OptionError(
                f"the model {model!r} is of the family {found}, and cannot score as one of {family}",
                hint=f"leave out --family {family}",
            )
        config = model_json(model, "config.json")
        architecture = architecture_of(config)
        if family == "cross-encoder" and architecture.endswith("ForSequenceClassification"):
            relevant_label(model, labels_of(config))
        lacks_head = family == "cross-encoder" or (family == "llm" and not architecture.endswith(_MAY_WRITE))
        if found is None and architecture and lacks_head:
            raise OptionError(
                f"the model {model!r} is a {architecture} without a head that scores a pair; a new one is random",
                hint="train it first: inpars train --family cross-encoder --base-model MODEL",
            )


def require_base(model: str, family: Family) -> None:
    """`OptionError` where no model of `family` can be trained from this one, as its files say."""
    # What is broken is reported when the model is loaded.
    with suppress(InputError):
        if family != "llm" and not model_file(model, "modules.json"):
            _require_no_adapter(model)
        found = known_family(model)
        architecture = architecture_of(model_json(model, "config.json"))
        if found is None and family == "llm" and architecture and not architecture.endswith(_MAY_WRITE):
            raise OptionError(
                f"the base model {model!r} is a {architecture}, and no causal language model, which the family llm is",
                hint="give --family cross-encoder or bi-encoder",
            )
        if found is not None and found not in _BASES[family]:
            raise OptionError(
                f"the base model {model!r} is of the family {found}, from which none of {family} can be trained",
                hint=f"give --family {found}, or another base model",
            )


def _require_causal(model: str) -> None:
    _require_no_adapter(model)
    found, architecture = known_family(model), architecture_of(model_json(model, "config.json"))
    if found == "llm" or (found is None and (not architecture or architecture.endswith(_MAY_WRITE))):
        return
    raise OptionError(
        f"the model {model!r} is {f'of the family {found}' if found else f'a {architecture}'}, and no causal language "
        "model, whose likelihood of a query could be asked",
        hint="leave out --family likelihood, or give a model that writes, such as smollm2 or a hub id of Qwen's",
    )


def _require_no_adapter(model: str) -> None:
    if not model_file(model, "config.json") and (base := base_of_adapter(model)):
        raise OptionError(
            f"the model {model!r} is an adapter of {base!r}, which only the family llm takes as it is",
            hint="merge it first: peft's PeftModel.from_pretrained(base, adapter).merge_and_unload(), "
            "saved together with the tokenizer",
        )


def _require_supported(model: str, config: dict[str, Any], saved: dict[str, Any]) -> None:
    kind = saved.get("model_type", "")
    if architecture_of(config) == "HF_ColBERT":
        kind = "MultiVectorEncoder"
    elif kind in ("", "SentenceTransformer"):
        types = [str(module.get("type", "")).split(".") for module in modules_of(model)]
        kind = next((kind for part, kind in _OF_OTHERS.items() if any(part in names for names in types)), kind)
    if kind in _UNSUPPORTED:
        raise OptionError(
            f"the model {model!r} is {_UNSUPPORTED[kind]}, which is not supported",
            hint=f"give one of these families: {', '.join(_FAMILIES)}",
        )


def architecture_of(config: Mapping[str, Any]) -> str:
    """The first architecture that a config.json names; "" where it names none."""
    return str((config.get("architectures") or [""])[0])


def _has_logit_score(model: str) -> bool:
    return any(str(module.get("type", "")).endswith("LogitScore") for module in modules_of(model))
