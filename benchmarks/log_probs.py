"""The log-probabilities of what is generated, beside one pass of the model over prompt and answer.

    python benchmarks/log_probs.py [--documents 64]

Models of three kinds with random weights and a tokenizer trained on the documents, in fp32; prompts
of `inpars` for docstrings of the standard library; greedy and sampled, ended by a stop string or by
length. Prints a Markdown table with the largest difference over all tokens.
"""

from __future__ import annotations

import argparse
from collections import Counter
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoModelForCausalLM, GPT2Config, GPTJConfig, LlamaConfig, PreTrainedTokenizerFast

import inpars
from inpars.generate.prompts import Prompter, load_template
from inpars.models.language.base import Sampling
from inpars.models.language.transformers import TransformersModel

WIDTH, LAYERS, HEADS, POSITIONS = 256, 4, 4, 1024
WAYS = {
    "greedy": {},
    "temperature 0.7": {"temperature": 0.7},
    "temperature 1, top-p 0.9": {"temperature": 1.0, "top_p": 0.9},
}


def shapes(vocabulary: int) -> dict[str, Any]:
    common = {"vocab_size": vocabulary, "eos_token_id": 0, "bos_token_id": 0}
    small = {"n_embd": WIDTH, "n_layer": LAYERS, "n_head": HEADS, "n_positions": POSITIONS}
    llama = {"hidden_size": WIDTH, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS, "num_key_value_heads": 2}
    return {
        "GPT-2": GPT2Config(**common, **small),
        "GPT-J": GPTJConfig(**common, **small, rotary_dim=32),
        "Llama, grouped heads": LlamaConfig(
            **common, **llama, intermediate_size=4 * WIDTH, max_position_embeddings=POSITIONS
        ),
    }


def train_tokenizer(texts: list[str]) -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=4000, initial_alphabet=alphabet, special_tokens=["<|end|>"])
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|end|>")


@torch.inference_mode()
def one_pass(model: Any, prompt: list[int], written: list[int]) -> torch.Tensor:
    logits = model(input_ids=torch.tensor([prompt + written])).logits[0, len(prompt) - 1 : -1]
    return logits.log_softmax(-1)[range(len(written)), written]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=64)
    documents = inpars.open_corpus("python-docs").sample(parser.parse_args().documents, 1)
    tokenizer = train_tokenizer([document.contents for document in inpars.open_corpus("python-docs")])
    print("| model | | tokens | ended by stop | by length | largest difference |")
    print("| --- | --- | ---: | ---: | ---: | ---: |")
    for name, config in shapes(len(tokenizer)).items():
        torch.manual_seed(0)
        model = AutoModelForCausalLM.from_config(config).eval()
        for parameter in model.parameters():
            parameter.data.mul_(2)  # wider weights give answers that vary
        ours = TransformersModel(model, tokenizer, name=name)
        limits = {"max_doc_length": 128, "max_query_length": 64, "max_prompt_length": POSITIONS, "max_new_tokens": 48}
        prompter = Prompter(load_template("inpars"), [], ours.tokenizer, **limits)
        prompts = {document.doc_id: prompter.prompt(document).prompt for document in documents}
        for way, options in WAYS.items():
            worst, tokens, ends = 0.0, 0, Counter()
            for answer in ours.complete(prompts.values(), Sampling(max_new_tokens=48, stop=("q",), **options)):
                (completion,) = answer.completions
                ends[completion.finish_reason] += 1
                if not completion.token_ids:
                    continue
                expected = one_pass(model, tokenizer(prompts[answer.key].text)["input_ids"], completion.token_ids)
                difference = (torch.tensor(completion.log_probs) - expected).abs().max()
                worst, tokens = max(worst, float(difference)), tokens + len(completion.token_ids)
            print(f"| {name} | {way} | {tokens:,} | {ends['stop']} | {ends['length']} | {worst:.1e} |")


if __name__ == "__main__":
    main()
