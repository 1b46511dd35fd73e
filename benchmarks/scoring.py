"""Pairs a second of rerankers on a processor: every engine, beside the toolkit's classes and sentence-transformers.

    python benchmarks/scoring.py [--queries 8] [--depth 16] [--rounds 3] [--threads 2]

The pairs are test queries of scifact with the documents that BM25 finds for them, at most 512 tokens
together. Two models: a T5-small-shaped one with random weights and a vocabulary trained on the
collection, and all-MiniLM-L6-v2 with a classifier's head on top, untrained. Every system scores all pairs, in a
process of its own, loading apart; within a round the systems follow one another.

The toolkit's monoT5 is the class of `inpars==0.2.1`, at its default batch of 16, patched in memory only where it does
not run: the dataset readers it imports are left out, and `torch.compile`, which its `generate` goes around, does
nothing. Its wheel has no cross-encoder; "toolkit MonoBERT" does what the class in its repository does: batches of 16 in
the order given, padded to the longest, only the document cut. Prints Markdown tables: medians over the rounds,
ratios, and how the scores differ from those of plain torch in fp32 over the same inputs ("inpars eager fp32").
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from side_by_side import in_process, install_peer, matmul_peak

COLLECTION = Path(__file__).resolve().parents[1].parent / "shared" / "collections" / "scifact"
OURS = [
    *(("ragged", "fp32"), ("ragged", "bf16"), ("ragged", "int8"), ("eager", "fp32")),
    *(("openvino", "fp32"), ("openvino", "bf16"), ("onnx", "fp32"), ("onnx", "int8")),
]
SYSTEMS = {
    "t5": {"toolkit MonoT5": ("toolkit", "")} | {f"inpars {e} {p}": (e, p) for e, p in OURS},
    "minilm": {"toolkit MonoBERT": ("loop", ""), "CrossEncoder.predict": ("predict", "")}
    | {f"inpars {e} {p}": (e, p) for e, p in OURS},
}


def make_parts(folder: Path, queries: int, depth: int) -> None:
    """Both models and the pairs."""
    from sentence_transformers import CrossEncoder
    from small_t5 import make_small_t5

    import inpars
    from inpars.data.queries import read_queries
    from inpars.models.locate import locate
    from inpars.retrieve.bm25 import BM25

    corpus = inpars.open_corpus(COLLECTION)
    make_small_t5(folder / "t5", (document.contents for document in corpus))
    CrossEncoder(locate("all-MiniLM-L6-v2"), num_labels=1, device="cpu").save_pretrained(
        str(folder / "minilm"), create_model_card=False
    )
    index = BM25.of(corpus)
    pairs = []
    for query in read_queries(COLLECTION / "queries.jsonl")[:queries]:
        pairs += [[query.text, corpus[doc_id].contents] for doc_id in index.search(query.text, depth)]
    (folder / "pairs.json").write_text(json.dumps(pairs))


def with_toolkit(model: str, pairs: list[list[str]]) -> tuple[float, list[float]]:
    import math

    import torch

    torch.compile = lambda model, **options: model
    from inpars.rerank import MonoT5Reranker

    reranker = MonoT5Reranker(model, batch_size=16, silent=True)
    started = time.perf_counter()
    probabilities = reranker.rescore(pairs)
    return time.perf_counter() - started, [math.log(p / (1 - p)) for p in probabilities]


def with_loop(model: str, pairs: list[list[str]]) -> tuple[float, list[float]]:
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model)
    classifier = AutoModelForSequenceClassification.from_pretrained(model).eval()
    started = time.perf_counter()
    scores: list[float] = []
    with torch.inference_mode():
        for start in range(0, len(pairs), 16):
            queries, documents = zip(*pairs[start : start + 16], strict=True)
            inputs = tokenizer(
                list(queries),
                list(documents),
                padding=True,
                truncation="only_second",
                max_length=tokenizer.model_max_length,
                return_tensors="pt",
            )
            scores += classifier(**inputs).logits[:, 0].tolist()
    return time.perf_counter() - started, scores


def with_predict(model: str, pairs: list[list[str]]) -> tuple[float, list[float]]:
    from sentence_transformers import CrossEncoder
    from torch.nn import Identity

    scorer = CrossEncoder(model, device="cpu")
    started = time.perf_counter()
    scores = scorer.predict(pairs, activation_fn=Identity(), show_progress_bar=False)
    return time.perf_counter() - started, scores.tolist()


def with_ours(model: str, pairs: list[list[str]], engine: str, precision: str) -> tuple[float, list[float]]:
    from inpars.models.scorers import load_scorer
    from inpars.models.scorers.options import ScoringOptions

    scorer = load_scorer(model, ScoringOptions(engine=engine, precision=precision, device="cpu"))
    queries = {query: query for query, _ in pairs}
    documents = {document: document for _, document in pairs}
    candidates = {query: [d for q, d in pairs if q == query] for query in queries}
    # Engines are made at the first call, which belongs to loading.
    scorer.score({"warm": pairs[0][0]}, {"up": pairs[0][1]}, {"warm": ["up"]})
    started = time.perf_counter()
    run = scorer.score(queries, documents, candidates)
    return time.perf_counter() - started, [run[query][document] for query, document in pairs]


def one(arguments: argparse.Namespace) -> None:
    import torch

    torch.set_num_threads(arguments.threads)
    model, system, precision = arguments.one
    if system == "peak":
        print(json.dumps(matmul_peak()))
        return
    folder = Path(arguments.folder)
    pairs = json.loads((folder / "pairs.json").read_text())
    began = time.perf_counter()
    others = {"toolkit": with_toolkit, "loop": with_loop, "predict": with_predict}
    if system in others:
        took, scores = others[system](str(folder / model), pairs)
    else:
        took, scores = with_ours(str(folder / model), pairs, system, precision)
    loading = time.perf_counter() - began - took
    print(json.dumps({"rate": len(pairs) / took, "scores": scores, "loading": loading}))


def run(arguments: argparse.Namespace, folder: Path, model: str, system: str, precision: str) -> Any:
    own = ["--one", model, system, precision]
    try:
        return in_process(__file__, own, folder=folder, threads=arguments.threads, peer=system == "toolkit")
    except RuntimeError as error:
        print(f"{model}: {system} {precision}: {str(error).splitlines()[-1]}", file=sys.stderr)
        return None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--queries", type=int, default=8)
    parser.add_argument("--depth", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--models", nargs="+", default=list(SYSTEMS), choices=list(SYSTEMS))
    parser.add_argument("--folder", default="", help=argparse.SUPPRESS)
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        one(arguments)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_parts(folder, arguments.queries, arguments.depth)
        # The toolkit's readers of datasets need libraries that scoring does not.
        (install_peer(folder) / "dataset.py").write_text("load_corpus = load_queries = None\n")
        found: dict[tuple[str, str], list[Any]] = {}
        peaks = []
        for number in range(arguments.rounds):
            peaks.append(run(arguments, folder, "", "peak", ""))
            for model in arguments.models:
                for label, (system, precision) in SYSTEMS[model].items():
                    if (result := run(arguments, folder, model, system, precision)) is not None:
                        found.setdefault((model, label), []).append(result)
                        print(f"round {number}: {model}: {label}: {result['rate']:.2f} pairs/s", file=sys.stderr)
        pairs = json.loads((folder / "pairs.json").read_text())
        lengths = {model: token_lengths(folder / model, pairs) for model in arguments.models}
    report(arguments, found, peaks, lengths, [query for query, _ in pairs])


def token_lengths(model: Path, pairs: list[list[str]]) -> list[int]:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model)
    return [min(512, len(tokenizer(q, d, verbose=False)["input_ids"])) for q, d in pairs]


def report(
    arguments: argparse.Namespace,
    found: dict[tuple[str, str], list[Any]],
    peaks: list[Any],
    lengths: Any,
    groups: list[str],
) -> None:
    told = ", ".join(f"{name} {version(name)}" for name in ("torch", "transformers", "sentence-transformers"))
    print(f"{len(groups)} pairs, {arguments.rounds} rounds, {arguments.threads} thread(s), {told}; ", end="")
    peak = {name: median(each[name] for each in peaks) for name in peaks[0]}
    print("matmul peak " + ", ".join(f"{name} {value:.0f} GFLOP/s" for name, value in peak.items()) + "\n")
    for model in arguments.models:
        print(f"### {model}: {sum(lengths[model]) / len(groups):.0f} tokens a pair, at most {max(lengths[model])}\n")
        labels = [label for label in SYSTEMS[model] if (model, label) in found]
        exact = found[model, "inpars eager fp32"][0]["scores"]
        baselines = [label for label in labels if not label.startswith("inpars")]
        columns = [
            "",
            "pairs/s",
            *(f"to {label}" for label in baselines),
            "s to load",
            "largest difference",
            "order kept",
        ]
        print("| " + " | ".join(columns) + " |\n| --- |" + " ---: |" * (len(columns) - 1))
        rates = {label: median(each["rate"] for each in found[model, label]) for label in labels}
        for label in labels:
            results = found[model, label]
            difference = max(abs(a - b) for a, b in zip(results[0]["scores"], exact, strict=True))
            cells = [f"{rates[label]:.2f}", *(f"{rates[label] / rates[base]:.1f}" for base in baselines)]
            cells += [f"{median(each['loading'] for each in results):.1f}", f"{difference:.1e}"]
            cells.append(f"{order_kept(exact, results[0]['scores'], groups):.2%}")
            print(f"| {label} | " + " | ".join(cells) + " |")
        print()


def order_kept(expected: list[float], scores: list[float], groups: list[str]) -> float:
    """Share of two documents of one query that are in the same order."""
    kept = total = 0
    for a in range(len(groups)):
        for b in range(a):
            if groups[a] == groups[b] and expected[a] != expected[b]:
                total += 1
                kept += (expected[a] > expected[b]) == (scores[a] > scores[b])
    return kept / total


if __name__ == "__main__":
    main()
