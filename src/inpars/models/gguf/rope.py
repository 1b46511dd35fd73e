"""What a GGUF file says about positions beyond the training length, which transformers leaves unread."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from inpars.models.gguf.header import F32, Header

FACTORS = ("rope_freqs.weight", "rope_factors_short.weight", "rope_factors_long.weight")
"""Tensors that divide the frequencies of the rotary embedding: no weights of any layer."""


def scale_positions(config: Any, path: Path, header: Header) -> str:
    """Set the scaling of the rotary embedding that a file asks for; returns what it asks for and cannot be set.

    `config` is the model's, of transformers. Llama 3.1 and its like have a factor for each frequency
    (`rope_freqs`), Phi-3 two sets of them; others say "linear" (Chen et al. 2023, arXiv 2306.15595) or "yarn"
    (Peng et al. 2023, arXiv 2309.00071).
    """
    asked = _asked(path, header)
    if not asked:
        return ""
    found = getattr(config, "rope_parameters", None)
    # Models with layers of two kinds have the parameters of each under its name.
    place = found.get("full_attention", found) if isinstance(found, dict) else None
    if not isinstance(place, dict) or "rope_theta" not in place or len(asked) == 1:
        return str(asked["rope_type"])
    if place.get("rope_type", "default") == "default":
        place.update(asked)
    return ""


def _asked(path: Path, header: Header) -> dict[str, Any]:
    context = header.of_model("context_length")
    own = {tensor.name: _numbers(path, header, tensor.name) for tensor in header.tensors if tensor.name in FACTORS}
    trained = header.of_model("rope.scaling.original_context_length", context)
    if own:
        short, long = (own.get(name, next(iter(own.values()))) for name in FACTORS[1:])
        # Factors without an attention factor leave the attention as it is.
        attention = header.of_model("rope.scaling.attn_factor", 1.0)
        return {
            "rope_type": "longrope",
            "short_factor": short,
            "long_factor": long,
            "factor": context / trained,
            "attention_factor": attention,
            "original_max_position_embeddings": trained,
        }
    kind = str(header.of_model("rope.scaling.type", "none"))
    factor = header.of_model("rope.scaling.factor", header.of_model("rope.scale_linear", 1.0))
    if kind == "none" and factor != 1.0:
        kind = "linear"
    if kind == "none" or (kind in ("linear", "yarn") and factor == 1.0):
        return {}
    if kind == "linear":
        return {"rope_type": kind, "factor": factor}
    if kind == "yarn":
        return {"rope_type": kind, "factor": factor, "original_max_position_embeddings": trained}
    return {"rope_type": kind}


def _numbers(path: Path, header: Header, name: str) -> list[float]:
    tensor = next(each for each in header.tensors if each.name == name)
    if tensor.kind != F32:
        return [1.0] * tensor.elements
    found = np.fromfile(path, dtype="<f4", count=tensor.elements, offset=header.data + tensor.offset)
    return [float(number) for number in found]
