"""T5 and mT5: the encoder over inputs end to end, then the decoder's first step."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import rms_norm

from inpars.models.engines.ragged.attention import pooled_attention, self_attention
from inpars.models.engines.ragged.linear import Activation, Format, Linear, activation_of

TYPES = ("t5", "mt5")


class T5:
    """The logits of two target tokens, shape (inputs, 2), as `TargetLogits` over the same model."""

    def __init__(self, target_logits: Any, format: Format, longest: int) -> None:
        model = target_logits.model
        config = model.config
        activation = activation_of(config.dense_act_fn)
        self.start_id, self.heads, self.epsilon = target_logits.start_id, config.num_heads, config.layer_norm_epsilon
        self.format, self.longest = format, longest
        self.embedding = model.encoder.embed_tokens.weight.detach()
        self.encoder = [_EncoderBlock(block, format, activation, self.epsilon) for block in model.encoder.block]
        self.encoder_norm = model.encoder.final_layer_norm.weight.detach()
        self.first_attention = model.encoder.block[0].layer[0].SelfAttention
        self.decoder = [_DecoderBlock(block, config, activation) for block in model.decoder.block]
        self.decoder_norm = model.decoder.final_layer_norm.weight.detach()
        self.rows = model.lm_head.weight.detach()[target_logits.rows].float()
        if config.scale_decoder_outputs:
            self.rows = self.rows * config.d_model**-0.5
        self._bias = torch.empty(0, 0, 0)

    def __call__(self, ids: Tensor, types: Tensor | None, lengths: list[int]) -> Tensor:
        """`ids` is (tokens,), `lengths` says how many belong to each input."""
        hidden = self.embedding[ids]
        bias = self._position_bias(max(lengths))
        for block in self.encoder:
            block(hidden, self.heads, lengths, bias)
        hidden = rms_norm(hidden, hidden.shape[1:], self.encoder_norm, self.epsilon)
        step = self.embedding[self.start_id].expand(len(lengths), -1)
        for decoder in self.decoder:
            step = decoder(step, hidden, lengths)
        return rms_norm(step, step.shape[1:], self.decoder_norm, self.epsilon) @ self.rows.T

    def _position_bias(self, longest: int) -> Tensor:
        # A shorter input's bias is the corner of a longer one's: positions are relative.
        if longest > self._bias.shape[1]:
            longest = max(longest, self.longest)
            bias = self.first_attention.compute_bias(longest, longest)[0].float()
            self._bias = bias.contiguous() if self.format == "fp32" else bias.bfloat16().contiguous()
        return self._bias


class _FeedForward:
    """Two layers, or with a gate three (T5 1.1 and mT5)."""

    def __init__(self, dense: Any, format: Format, activation: Activation) -> None:
        gated = hasattr(dense, "wi_0")
        self.wide = Linear((dense.wi_0 if gated else dense.wi).weight, None, format, activation)
        self.gate = Linear(dense.wi_1.weight, None, format) if gated else None
        self.narrow = Linear(dense.wo.weight, None, format)

    def __call__(self, rows: Tensor) -> Tensor:
        inner = self.wide(rows)
        return self.narrow(inner if self.gate is None else inner * self.gate(rows))


class _EncoderBlock:
    def __init__(self, block: Any, format: Format, activation: Activation, epsilon: float) -> None:
        attention = block.layer[0].SelfAttention
        stacked = torch.cat([attention.q.weight, attention.k.weight, attention.v.weight])
        self.norms = [layer.layer_norm.weight.detach() for layer in block.layer]
        self.qkv, self.out = Linear(stacked, None, format), Linear(attention.o.weight, None, format)
        self.feed_forward = _FeedForward(block.layer[1].DenseReluDense, format, activation)
        self.epsilon = epsilon

    def __call__(self, hidden: Tensor, heads: int, lengths: list[int], bias: Tensor) -> None:
        normed = rms_norm(hidden, hidden.shape[1:], self.norms[0], self.epsilon)
        hidden.add_(self.out(self_attention(self.qkv(normed), heads, lengths, bias)))
        normed = rms_norm(hidden, hidden.shape[1:], self.norms[1], self.epsilon)
        hidden.add_(self.feed_forward(normed))


class _DecoderBlock:
    """One block for the one token that a decoder starts with, in fp32: it attends to itself alone."""

    def __init__(self, block: Any, config: Any, activation: Activation) -> None:
        own, cross = block.layer[0].SelfAttention, block.layer[1].EncDecAttention
        shape = (config.num_heads, config.d_kv, config.d_model)
        self.norms = [layer.layer_norm.weight.detach() for layer in block.layer]
        self.own = Linear(own.v.weight, None, "fp32"), Linear(own.o.weight, None, "fp32")
        self.query, self.out = Linear(cross.q.weight, None, "fp32"), Linear(cross.o.weight, None, "fp32")
        self.key, self.value = (weight.detach().view(shape) for weight in (cross.k.weight, cross.v.weight))
        self.feed_forward = _FeedForward(block.layer[2].DenseReluDense, "fp32", activation)
        self.epsilon, self.heads = config.layer_norm_epsilon, config.num_heads

    def __call__(self, step: Tensor, hidden: Tensor, lengths: list[int]) -> Tensor:
        value, out = self.own
        step = step + out(value(self._normed(step, 0)))
        query = self.query(self._normed(step, 1)).view(len(step), self.heads, -1)
        step = step + self.out(pooled_attention(query, self.key, self.value, hidden, lengths))
        return step + self.feed_forward(self._normed(step, 2))

    def _normed(self, step: Tensor, layer: int) -> Tensor:
        return rms_norm(step, step.shape[1:], self.norms[layer], self.epsilon)
