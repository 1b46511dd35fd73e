"""Does training learn? Every family under every loss, on a rule that only training can teach.

    python benchmarks/learning.py [--families …] [--losses …] [--output DIR]

Each word of a made-up language has one translation. A document is relevant to a query if it holds
the translation of the query's first word; all other words of a query stand in relevant and other
documents alike, so that no match of words helps. Small models with random weights are made here,
trained through `inpars.train`, and loaded from the folder it writes. Printed is the pairwise
accuracy (a relevant document above another for the same query) on queries and documents none of
which were trained on, before and after. The teacher of the losses that distil is the rule, with noise.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    BertModel,
    PreTrainedTokenizerFast,
    Qwen3Config,
    Qwen3ForCausalLM,
    T5Config,
    T5ForConditionalGeneration,
)

import inpars
from inpars.data.corpora.memory import MemoryCorpus
from inpars.data.records import Document, Triple
from inpars.data.triples import write_triples
from inpars.models.scorers import load_scorer
from inpars.models.scorers.options import ScoringOptions

WORDS, FILLERS, GROUPS, GROUP = 16, 100, 800, 4
"""Words with a translation, words without, groups of documents to train on, and documents of a group."""

WIDTH, INITIAL = 64, 0.1
"""Of the models; at the usual 0.02 so small a one stands still for hundreds of steps."""
LOSSES = ("pointwise", "softmax", "margin-mse", "kl", "in-batch")
COMMON = {
    "precision": "fp32",
    "device": "cpu",
    "max_length": 32,
    "batch_size": 32,
    "micro_batch_size": 0,
    "negatives_per_query": GROUP - 1,
    "scheduler": "linear",
    "warmup": 0.1,
    "weight_decay": 0.0,
    "base_shares": [0.0],
    "held_out_queries": 50,
    "held_out_depth": 20,
}
# What is peculiar to a family; an adapter has the base's frozen random weights to work with.
WAYS: dict[str, dict[str, Any]] = {
    "seq2seq": {"family": "seq2seq", "scheme": "monot5", "max_steps": 600, "learning_rate": 2e-3},
    "cross-encoder": {"family": "cross-encoder", "max_steps": 400, "learning_rate": 1e-3},
    "bi-encoder": {"family": "bi-encoder", "max_steps": 300, "learning_rate": 2e-3},
    "llm": {"family": "llm", "lora_rank": 0, "max_steps": 300, "learning_rate": 2e-3},
    "llm, LoRA": {"family": "llm", "lora_rank": 16, "max_steps": 400, "learning_rate": 1e-2},
}
TEMPLATE = (
    '{{ messages | selectattr("role", "eq", "query") | map(attribute="content") | first }} [SEP] '
    '{{ messages | selectattr("role", "eq", "document") | map(attribute="content") | first }} [SEP]'
)


def language() -> tuple[list[str], list[str], list[str]]:
    """Words, the translation of each, and words that mean nothing."""
    words = [f"{c}{v}" for c in "bdfgklmnprst" for v in ("ab", "ec", "id", "of", "ug", "al", "em", "in", "or", "us")]
    return words[:WORDS], [f"{word}ola" for word in words[:WORDS]], [f"{word}ith" for word in words[:FILLERS]]


def make_groups(n: int, seed: int) -> list[tuple[str, list[str]]]:
    """`n` queries, each with its relevant document and, after it, others of the same words but one."""
    rng = np.random.default_rng(seed)
    words, translations, fillers = language()
    groups = []
    for _ in range(n):
        chosen = [fillers[i] for i in rng.choice(FILLERS, size=5, replace=False)]
        answers = rng.choice(WORDS, size=GROUP, replace=False)
        documents = []
        for answer in answers:
            text = [*chosen, translations[answer]]
            rng.shuffle(text)
            documents.append(" ".join(text))
        groups.append((" ".join([words[answers[0]], *chosen[:2]]), documents))
    return groups


def make_data(folder: Path, n: int = GROUPS) -> tuple[Path, MemoryCorpus]:
    """Triples with the scores of a noisy teacher, and their corpus."""
    rng = np.random.default_rng(1)
    documents, triples = [], []
    for number, (query, texts) in enumerate(make_groups(n, seed=0)):
        ids = [f"d{number}.{place}" for place in range(GROUP)]
        documents += [Document(doc_id, "", text) for doc_id, text in zip(ids, texts, strict=True)]
        taught = np.where(np.arange(GROUP) == 0, 3.0, -3.0) + rng.normal(0, 1, GROUP)
        triples.append(Triple(f"q{number}", query, ids[0], ids[1:], teacher_scores=taught.tolist()))
    write_triples(folder / "triples.jsonl", triples)
    return folder / "triples.jsonl", MemoryCorpus(documents)


def accuracy(model: Path, scheme: Any = None, n: int = 400) -> float:
    """How often a saved model puts the relevant document above another one; ties count half."""
    groups = make_groups(n, seed=3)
    queries = {str(number): query for number, (query, _) in enumerate(groups)}
    documents = {
        f"{number}.{place}": text for number, (_, texts) in enumerate(groups) for place, text in enumerate(texts)
    }
    candidates = {number: [f"{number}.{place}" for place in range(GROUP)] for number in queries}
    options = ScoringOptions(precision="fp32", device="cpu", scheme=scheme)
    run = load_scorer(model, options).score(queries, documents, candidates)
    scores = np.array([list(run[number].values()) for number in queries])
    return float(np.mean((scores[:, :1] > scores[:, 1:]) + 0.5 * (scores[:, :1] == scores[:, 1:])))


def make_tokenizer(end: str = "") -> PreTrainedTokenizerFast:
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    prompt = ["Query", "Document", "Relevant", ":", "true", "false", "yes", "no"]
    vocabulary = {
        token: number for number, token in enumerate([*special, *prompt, *(w for ws in language() for w in ws)])
    }
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    if end:
        single, pair = f"$A {end}", f"[CLS] $A {end} $B:1 {end}:1"
        pieces = [("[CLS]", 2), ("[SEP]", 3)]
        tokenizer.post_processor = processors.TemplateProcessing(single=single, pair=pair, special_tokens=pieces)
    names = {
        "unk_token": "[UNK]",
        "pad_token": "[PAD]",
        "cls_token": "[CLS]",
        "sep_token": "[SEP]",
        "eos_token": "[SEP]",
    }
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=32, **names)


def make_model(family: str, folder: Path) -> Path:
    """A small model of a family, with random weights."""
    torch.manual_seed(0)
    tokenizer = make_tokenizer(end="" if family == "llm" else "[SEP]")
    size = len(tokenizer)
    bert = BertConfig(
        vocab_size=size,
        hidden_size=WIDTH,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=2 * WIDTH,
        max_position_embeddings=32,
        initializer_range=INITIAL,
        num_labels=1,
    )
    if family == "cross-encoder":
        BertForSequenceClassification(bert).save_pretrained(folder)
    elif family == "seq2seq":
        config = T5Config(
            vocab_size=size,
            d_model=WIDTH,
            d_kv=WIDTH // 4,
            num_heads=4,
            d_ff=2 * WIDTH,
            num_layers=2,
            num_decoder_layers=1,
            decoder_start_token_id=0,
            pad_token_id=0,
            eos_token_id=3,
        )
        T5ForConditionalGeneration(config).save_pretrained(folder)
    elif family == "llm":
        tokenizer.chat_template = TEMPLATE
        config = Qwen3Config(
            vocab_size=size,
            hidden_size=WIDTH,
            intermediate_size=2 * WIDTH,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=4,
            head_dim=WIDTH // 4,
            initializer_range=INITIAL,
            max_position_embeddings=64,
            pad_token_id=0,
            bos_token_id=None,
            eos_token_id=3,
        )
        Qwen3ForCausalLM(config).save_pretrained(folder)
    else:
        return make_bi_encoder(bert, tokenizer, folder)
    tokenizer.save_pretrained(folder)
    return folder


def make_bi_encoder(config: BertConfig, tokenizer: Any, folder: Path) -> Path:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

    inner = folder / "bert"
    BertModel(config).save_pretrained(inner)
    tokenizer.save_pretrained(inner)
    modules = [Transformer(str(inner), max_seq_length=32), Pooling(WIDTH, "mean")]
    SentenceTransformer(modules=modules, device="cpu").save_pretrained(str(folder / "model"), create_model_card=False)
    return folder / "model"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--families", nargs="*", default=list(WAYS), choices=list(WAYS))
    parser.add_argument("--losses", nargs="*", default=list(LOSSES), choices=LOSSES)
    parser.add_argument("--output", type=Path, help="keep the models here")
    arguments = parser.parse_args()
    folder = arguments.output or Path(tempfile.mkdtemp())
    triples, corpus = make_data(folder)
    print("| family | loss | steps | accuracy before | after | seconds |")
    print("| --- | --- | ---: | ---: | ---: | ---: |")
    failed = []
    for name in arguments.families:
        way = WAYS[name]
        base = make_model(way["family"], folder / f"{name} base")
        before = accuracy(base, way.get("scheme"))
        for loss in arguments.losses:
            if loss == "in-batch" and way["family"] != "bi-encoder":
                continue
            start = time.perf_counter()
            options = {**COMMON, **way, "loss": loss, "base_model": str(base)}
            model = inpars.train(triples, corpus, folder / f"{name} {loss}", **options)
            seconds = time.perf_counter() - start
            after = accuracy(model)
            print(f"| {name} | {loss} | {way['max_steps']} | {before:.3f} | {after:.3f} | {seconds:.0f} |", flush=True)
            if after <= 0.95:
                failed.append(f"{name} {loss}")
    if failed:
        raise SystemExit(f"not learnt: {', '.join(failed)}")


if __name__ == "__main__":
    main()
