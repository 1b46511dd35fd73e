"""BERT and its kin as classifiers: all layers over inputs end to end, the last for each first token alone."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import layer_norm

from inpars.models.engines.ragged.attention import pooled_attention, self_attention
from inpars.models.engines.ragged.linear import Activation, Format, Linear, activation_of

TYPES = ("bert", "electra", "roberta", "xlm-roberta", "camembert")


class Bert:
    """A classifier's logits, shape (inputs, labels), as `Classifier` over the same model."""

    def __init__(self, classifier: Any, format: Format, longest: int) -> None:
        model = classifier.model
        base, config = model.base_model, model.config
        activation = activation_of(str(config.hidden_act))
        self.heads = config.num_attention_heads
        scale = (config.hidden_size // self.heads) ** -0.5
        self.embeddings, self.project = base.embeddings, getattr(base, "embeddings_project", None)
        # Positions of RoBERTa and its kin begin after the padding's.
        self.first_position = 0 if config.model_type in ("bert", "electra") else int(config.pad_token_id) + 1
        *layers, last = base.encoder.layer
        self.layers = [_Layer(layer, format, activation, scale) for layer in layers]
        self.last = _LastLayer(last, activation, self.heads, scale)
        self.pooler, self.classifier = getattr(base, "pooler", None), model.classifier

    def __call__(self, ids: Tensor, types: Tensor | None, lengths: list[int]) -> Tensor:
        """`ids` and `types` are (tokens,), `lengths` says how many belong to each input."""
        positions = torch.cat([torch.arange(length) for length in lengths]) + self.first_position
        embedded = self.embeddings(
            input_ids=ids[None], token_type_ids=None if types is None else types[None], position_ids=positions[None]
        )
        hidden = (embedded if self.project is None else self.project(embedded))[0]
        for layer in self.layers:
            hidden = layer(hidden, self.heads, lengths)
        first = self.last(hidden, lengths)[:, None]
        logits: Tensor = self.classifier(first if self.pooler is None else self.pooler(first))
        return logits


class _Layer:
    def __init__(self, layer: Any, format: Format, activation: Activation, scale: float) -> None:
        own, out = layer.attention.self, layer.attention.output
        # Products come out scaled if the queries go in so.
        weight = torch.cat([own.query.weight * scale, own.key.weight, own.value.weight])
        bias = torch.cat([own.query.bias * scale, own.key.bias, own.value.bias])
        self.qkv, self.out = Linear(weight, bias, format), Linear(out.dense.weight, out.dense.bias, format)
        self.wide = Linear(layer.intermediate.dense.weight, layer.intermediate.dense.bias, format, activation)
        self.narrow = Linear(layer.output.dense.weight, layer.output.dense.bias, format)
        self.norms = (out.LayerNorm, layer.output.LayerNorm)

    def __call__(self, hidden: Tensor, heads: int, lengths: list[int]) -> Tensor:
        attended = self.out(self_attention(self.qkv(hidden), heads, lengths))
        hidden = _normed(self.norms[0], hidden + attended)
        return _normed(self.norms[1], self.narrow(self.wide(hidden)) + hidden)


class _LastLayer:
    """The last layer in fp32 for each input's first token, which is all that the classifier reads."""

    def __init__(self, layer: Any, activation: Activation, heads: int, scale: float) -> None:
        own, out = layer.attention.self, layer.attention.output
        self.heads = heads
        self.query = Linear(own.query.weight * scale, own.query.bias * scale, "fp32")
        self.key, self.value = (
            part.weight.detach().view(heads, -1, own.query.in_features) for part in (own.key, own.value)
        )
        self.value_bias = own.value.bias.detach()
        self.out = Linear(out.dense.weight, out.dense.bias, "fp32")
        self.wide = Linear(layer.intermediate.dense.weight, layer.intermediate.dense.bias, "fp32", activation)
        self.narrow = Linear(layer.output.dense.weight, layer.output.dense.bias, "fp32")
        self.norms = (out.LayerNorm, layer.output.LayerNorm)

    def __call__(self, hidden: Tensor, lengths: list[int]) -> Tensor:
        starts = torch.tensor([0, *lengths[:-1]]).cumsum(0)
        first = hidden[starts]
        query = self.query(first).view(len(first), self.heads, -1)
        attended = pooled_attention(query, self.key, self.value, hidden, lengths) + self.value_bias
        first = _normed(self.norms[0], first + self.out(attended))
        return _normed(self.norms[1], self.narrow(self.wide(first)) + first)


def _normed(norm: Any, hidden: Tensor) -> Tensor:
    normed: Tensor = layer_norm(hidden, norm.normalized_shape, norm.weight, norm.bias, norm.eps)
    return normed
