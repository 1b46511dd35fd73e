"""Tiny models written as GGUF, as llama.cpp's own converter writes them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

TEXT_END, TURN_END, TURN = "<|endoftext|>", "<|im_end|>", "<|im_start|>"
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
CONTROL, NORMAL = 3, 1
SHAPE = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "intermediate_size": 64,
    "max_position_embeddings": 128,
}


def vocabulary() -> tuple[list[str], list[str]]:
    """A byte-level vocabulary whose first three tokens are special, and its merges."""
    from tokenizers.pre_tokenizers import ByteLevel

    merges = ["t h", "th e", "Ġ the", "i n", "1 2", "Ġ w", "Ġw in"]
    tokens = [TEXT_END, TURN, TURN_END, *sorted(ByteLevel.alphabet()), *(merge.replace(" ", "") for merge in merges)]
    return tokens, merges


def tiny_llama(**more: Any) -> Any:
    """A Llama of random weights, larger than usual, so that it does not repeat itself."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokens, _ = vocabulary()
    torch.manual_seed(0)
    model = LlamaForCausalLM(LlamaConfig(vocab_size=len(tokens), **SHAPE, **{"tie_word_embeddings": True, **more}))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(4 if parameter.dim() > 1 else 1)
    return model.eval()


def write_gguf(
    path: Path,
    model: Any = None,
    *,
    architecture: str = "llama",
    kind: str = "F32",
    metadata: Mapping[str, Any] | None = None,
    tensors: Mapping[str, Any] | None = None,
) -> Path:
    """`model` as a file in GGUF, its matrices in the format `kind`; without one, a header with `metadata` alone."""
    import gguf

    writer = gguf.GGUFWriter(path, architecture)
    if model is not None:
        _header(writer, model)
    for key, value in (metadata or {}).items():
        _add(writer, key, value)
    if model is not None:
        for name, weights in _weights(model).items():
            as_is = kind == "F32" or weights.ndim == 1
            of = gguf.GGMLQuantizationType["F32" if as_is else kind]
            writer.add_tensor(name, weights if as_is else gguf.quantize(weights, of), raw_dtype=of)
    for name, weights in (tensors or {}).items():
        writer.add_tensor(name, weights)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def dequantised(model: Any, kind: str) -> Any:
    """`model` with its matrices as they come back from the format `kind`."""
    import gguf
    import torch

    of = gguf.GGMLQuantizationType[kind]
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.copy_(torch.from_numpy(gguf.dequantize(gguf.quantize(parameter.numpy(), of), of).copy()))
    return model


def _header(writer: Any, model: Any) -> None:
    config, (tokens, merges) = model.config, vocabulary()
    writer.add_name("Tiny Model")
    writer.add_license("apache-2.0")
    writer.add_languages(["en"])
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_rope_dimension_count(config.head_dim)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_vocab_size(config.vocab_size)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_types([CONTROL] * 3 + [NORMAL] * (len(tokens) - 3))
    writer.add_token_merges(merges)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_add_bos_token(False)
    writer.add_chat_template(TEMPLATE)


def _add(writer: Any, key: str, value: Any) -> None:
    kinds = {bool: "add_bool", int: "add_uint32", float: "add_float32", str: "add_string", list: "add_array"}
    # What is set twice counts as it was set last.
    writer.kv_data[0].pop(key, None)
    getattr(writer, kinds[type(value)])(key, value)


def _weights(model: Any) -> dict[str, Any]:
    config = model.config
    parts = {
        "self_attn.q_proj": "attn_q",
        "self_attn.k_proj": "attn_k",
        "self_attn.v_proj": "attn_v",
        "self_attn.o_proj": "attn_output",
        "mlp.gate_proj": "ffn_gate",
        "mlp.up_proj": "ffn_up",
        "mlp.down_proj": "ffn_down",
        "input_layernorm": "attn_norm",
        "post_attention_layernorm": "ffn_norm",
    }
    found = {}
    for name, tensor in model.state_dict().items():
        weights = tensor.float().numpy()
        if name == "lm_head.weight" and config.tie_word_embeddings:
            continue
        if (top := {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}).get(
            name.removesuffix(".weight")
        ):
            found[f"{top[name.removesuffix('.weight')]}.weight"] = weights
            continue
        _, _, layer, part = name.removesuffix(".weight").split(".", 3)
        heads = {"self_attn.q_proj": config.num_attention_heads, "self_attn.k_proj": config.num_key_value_heads}
        if part in heads:
            # llama.cpp has the halves of a rotation interleaved.
            shape = weights.shape
            weights = weights.reshape(heads[part], 2, -1, shape[1]).swapaxes(1, 2).reshape(shape)
        found[f"blk.{layer}.{parts[part]}.weight"] = weights.copy()
    return found
