"""Pairs a second of query likelihood on a processor, beside transformers in padded batches.

    python benchmarks/likelihood.py --model smollm2 [--queries 50] [--depth 20] [--rounds 3] [--threads 2]

The pairs are judged queries of python-docs with the documents that BM25 finds for them, prompt and lengths the
defaults of family `likelihood`. Both systems multiply in the same format, start from texts, and compute logits at the
query's tokens alone; transformers reads the whole prompt for each pair, in batches of 16 sorted by length, padded to
the longest. Each scores all pairs in a process of its own, loading apart and nothing kept; within a round they follow
one another. Prints a Markdown table: medians over the rounds, tokens read, and how far the scores lie apart.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from side_by_side import in_process, matmul_peak

SYSTEMS = ("transformers", "inpars")


def make_pairs(folder: Path, queries: int, depth: int) -> None:
    import inpars
    from inpars.data.test_sets import open_test_set
    from inpars.retrieve.bm25 import BM25

    corpus = inpars.open_corpus("python-docs")
    test_set = open_test_set("python-docs", None, None)
    assert test_set is not None
    index = BM25.of(corpus)
    pairs = [
        [query.text, corpus[doc_id].contents]
        for query in test_set.queries[:queries]
        for doc_id in index.search(query.text, depth)
    ]
    (folder / "pairs.json").write_text(json.dumps(pairs))


def with_transformers(model: Any, tokens: Any, pairs: list[list[str]]) -> tuple[list[float], int]:
    import torch

    rows = []
    for query, document in pairs:
        asked = tokens.queries([query])[0]
        trunk = tokens.trunk(tokens.documents([document])[0], tokens.room(asked))
        rows.append(([*tokens.prefix, *trunk], asked))
    order = sorted(range(len(rows)), key=lambda place: -sum(map(len, rows[place])))
    scores, read = [0.0] * len(rows), 0
    with torch.inference_mode():
        for start in range(0, len(order), 16):
            batch = order[start : start + 16]
            longest = sum(map(len, rows[batch[0]]))
            ids = torch.zeros(len(batch), longest, dtype=torch.long)
            for row, place in enumerate(batch):
                text = [*rows[place][0], *rows[place][1]]
                ids[row, : len(text)] = torch.tensor(text)
            read += ids.numel()
            hidden = model.base_model(input_ids=ids, use_cache=False).last_hidden_state
            for row, place in enumerate(batch):
                before, asked = rows[place]
                logits = model.lm_head(hidden[row, len(before) - 1 : len(before) + len(asked) - 1]).float()
                scores[place] = float(logits.log_softmax(-1)[range(len(asked)), asked].mean())
    return scores, read


def with_ours(scorer: Any, pairs: list[list[str]]) -> tuple[list[float], int]:
    engine, read = scorer.model.reader, 0
    of_trees = engine.read

    def counted(prefix: Any, trees: Any) -> Any:
        nonlocal read
        read += len(trees) * max(tree.tokens for tree in trees)
        return of_trees(prefix, trees)

    engine.read = counted
    queries, documents = {query: query for query, _ in pairs}, {document: document for _, document in pairs}
    run = scorer.score(queries, documents, {query: [d for q, d in pairs if q == query] for query in queries})
    return [run[query][document] for query, document in pairs], read


def one(arguments: argparse.Namespace) -> None:
    import torch

    from inpars.models.scorers import load_scorer
    from inpars.models.scorers.options import ScoringOptions

    torch.set_num_threads(arguments.threads)
    if arguments.one == "peak":
        print(json.dumps(matmul_peak()))
        return
    pairs = json.loads((Path(arguments.folder) / "pairs.json").read_text())
    options = ScoringOptions(family="likelihood", device="cpu", likelihood={"cache": "none"})
    scorer: Any = load_scorer(arguments.model, options)
    if arguments.one == "inpars":
        assert scorer.model.reader
        started = time.perf_counter()
        scores, read = with_ours(scorer, pairs)
    else:
        from transformers import AutoModelForCausalLM

        from inpars.models.locate import locate
        from inpars.models.precision import resolve

        dtype = {"bf16": torch.bfloat16, "fp32": torch.float32}[resolve("auto", "cpu")]
        model = AutoModelForCausalLM.from_pretrained(locate(arguments.model), dtype=dtype).eval()
        started = time.perf_counter()
        scores, read = with_transformers(model, scorer.tokens, pairs)
    print(json.dumps({"seconds": time.perf_counter() - started, "scores": scores, "read": read}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="smollm2")
    parser.add_argument("--queries", type=int, default=50)
    parser.add_argument("--depth", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--folder", default="", help=argparse.SUPPRESS)
    parser.add_argument("--one", default="", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        one(arguments)
        return
    found: dict[str, list[Any]] = {}
    with tempfile.TemporaryDirectory() as name:
        make_pairs(Path(name), arguments.queries, arguments.depth)
        pairs = len(json.loads((Path(name) / "pairs.json").read_text()))
        for _ in range(arguments.rounds):
            for system in ("peak", *SYSTEMS):
                own = ["--one", system, "--model", arguments.model]
                found.setdefault(system, []).append(
                    in_process(__file__, own, folder=Path(name), threads=arguments.threads)
                )
    peak = {kind: median(each[kind] for each in found["peak"]) for kind in ("fp32", "bf16")}
    print(f"{pairs} pairs, {arguments.rounds} rounds, {arguments.threads} thread(s); matmul peak ", end="")
    print(", ".join(f"{kind} {value:.0f} GFLOP/s" for kind, value in peak.items()) + "\n")
    print("| | pairs/s | tokens a pair | largest difference |\n| --- | ---: | ---: | ---: |")
    for system in SYSTEMS:
        results = found[system]
        rate = pairs / median(each["seconds"] for each in results)
        apart = zip(results[0]["scores"], found["transformers"][0]["scores"], strict=True)
        read = results[0]["read"] / pairs
        print(f"| {system} | {rate:.1f} | {read:.0f} | {max(abs(a - b) for a, b in apart):.3f} |")


if __name__ == "__main__":
    main()
