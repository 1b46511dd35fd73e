"""What each filter and each way to choose negatives is worth: nDCG@10 of the tuned model, three seeds.

    python benchmarks/filters_and_negatives.py [--output DIR] [--collections …] [--seeds …] [--cells …] [--report]

Queries are extracted from the documents, and length and duplicates always filter them. From there a cell changes one
thing alone: a further filter, with BM25's negatives, or other negatives, without a further filter. all-MiniLM-L6-v2,
reading the first 128 tokens, is tuned on `--examples` queries in batches of 32 and reranks BM25's top 30 for at most
`--queries` test queries; the seed is that of the documents, the negatives and the training. The weights of the last
step are measured, whether or not they rank the held-out synthetic queries better than the base's and without an average
with these: both would hide what the data did.

Everything made stays in DIR, so that a run goes on where it was stopped and several processes may take different
collections or seeds; `--report` prints the Markdown tables of what is there.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import time
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from quickstart import ROOT, sample

os.environ.setdefault("HF_HUB_OFFLINE", "1")
MODEL = "all-MiniLM-L6-v2"
BASE, DRAFT = "(the base)", "(the draft)"
BASELINE = "none, BM25 random 11-100"
BM25_RANDOM: dict[str, Any] = {"retriever": "bm25", "top_k": 100, "skip_top": 10}
RERANK: dict[str, Any] = {"top_k": 30, "fusion": 0.6, "precision": "bf16"}
FILTERS: dict[str, list[Any]] = {
    "best half by log-probability": [{"scores": {"keep_top_k": 0.5}}],
    "best half by a reranker": [{"reranker": {"model": BASE, "keep_top_k": 0.5}}],
    "not the 30% easiest by a reranker": [{"reranker": {"model": BASE, "keep_top_k": None, "max_percentile": 70}}],
    "consistency, BM25, K=1": [{"consistency": {"retriever": "bm25", "top_k": 1}}],
    "consistency, draft, K=1": [{"consistency": {"retriever": DRAFT, "top_k": 1}}],
}
NEGATIVES: dict[str, dict[str, Any]] = {
    "in-batch alone": {},
    "any documents": {**BM25_RANDOM, "easy_share": 1.0},
    "half any, half BM25 random": {**BM25_RANDOM, "easy_share": 0.5},
    "BM25 best": {"retriever": "bm25", "sample": "top", "top_k": 100},
    "BM25 best, relabelled by a reranker": {
        "retriever": "bm25",
        "sample": "top",
        "top_k": 100,
        "relabel": {"scorer": BASE},
    },
    "dense random 11-100": {"retriever": BASE, "top_k": 100, "skip_top": 10},
    "dense best, at most 95% of the positive": {
        "retriever": BASE,
        "sample": "top",
        "top_k": 100,
        "positive_aware": {"max_share": 0.95},
    },
    "both merged, random 11-100": {"retriever": ["bm25", BASE], "top_k": 100, "skip_top": 10},
}
CELLS = [BASELINE, *FILTERS, *NEGATIVES]
Found = dict[str, dict[str, dict[str, dict[str, Any]]]]
"""What was measured, by cell, collection and seed."""
COLLECTIONS = ("scifact", "covidqa", "cranfield")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("build/filters_and_negatives"))
    parser.add_argument("--collections", nargs="+", default=list(COLLECTIONS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    parser.add_argument("--cells", nargs="+", default=CELLS, choices=CELLS, metavar="CELL")
    parser.add_argument("--examples", type=int, default=256)
    parser.add_argument("--queries", type=int, default=100)
    parser.add_argument("--report", action="store_true")
    arguments = parser.parse_args()
    if not arguments.report:
        for seed in arguments.seeds:
            for name in arguments.collections:
                work = Work(arguments, name, seed)
                for cell in arguments.cells:
                    work.cell(cell)
    report(arguments)


class Work:
    """One collection under one seed: what the cells share, and each cell."""

    def __init__(self, arguments: argparse.Namespace, name: str, seed: int) -> None:
        import inpars
        from inpars.data.test_sets import open_test_set

        self.arguments, self.seed = arguments, seed
        self.folder = arguments.output / name / str(seed)
        self.corpus = inpars.open_corpus(ROOT / name)
        queries, qrels = sample(ROOT / name, arguments.output / name / "queries.jsonl", arguments.queries)
        test_set = open_test_set(str(ROOT / name), queries, qrels)
        assert test_set is not None
        self.test_set = test_set
        self.base_model = shortened(arguments.output / "base")
        self.first_stage = inpars.search(
            self.corpus, test_set.queries, self.folder.parent / "bm25.trec", top_k=RERANK["top_k"]
        )

    def cell(self, name: str) -> None:
        """Make one cell, unless it is there."""
        import inpars

        folder = self.folder / "".join(c if c.isalnum() else "-" for c in name)
        if (folder / "cell.json").exists():
            return
        started = time.perf_counter()
        kept = self._queries()
        facts: dict[str, Any] = {"cell": name}
        if name in FILTERS:
            methods = self._named(FILTERS[name])
            kept = inpars.filter(kept, folder / "queries.jsonl", corpus=self.corpus, methods=methods)
        facts["queries"] = sum(1 for _ in kept.open())
        chosen = self._named(NEGATIVES.get(name, BM25_RANDOM))
        triples = kept
        if chosen:
            triples = folder / "triples.jsonl"
            inpars.mine_negatives(kept, self.corpus, triples, seed=self.seed, index=self.folder.parent / "i", **chosen)
        model = self._train(triples, folder / "model")
        reranked = folder / "tuned.trec"
        inpars.rerank(*(self.corpus, self.test_set.queries, reranked), model=model, run=self.first_stage, **RERANK)
        runs = {"tuned": reranked, "fused": folder / "tuned_fused.trec"}
        found = inpars.evaluate(runs, self.test_set.qrels, measures=["nDCG@10"])
        facts |= {system: values["nDCG@10"] for system, values in found.systems.items()}
        facts["seconds"] = time.perf_counter() - started
        (folder / "cell.json").write_text(json.dumps(facts))

    def base(self) -> None:
        """BM25 and the untuned model, for the report."""
        import inpars

        if (self.folder.parent / "base.json").exists():
            return
        reranked = self.folder.parent / "base.trec"
        inpars.rerank(
            *(self.corpus, self.test_set.queries, reranked), model=self.base_model, run=self.first_stage, **RERANK
        )
        runs = {"bm25": self.first_stage, "base": reranked, "base fused": self.folder.parent / "base_fused.trec"}
        found = inpars.evaluate(runs, self.test_set.qrels, measures=["nDCG@10"])
        values = {system: values["nDCG@10"] for system, values in found.systems.items()}
        (self.folder.parent / "base.json").write_text(json.dumps(values))

    def _queries(self) -> Path:
        import inpars

        extractive = {"mixture": {"title": 1, "heading": 1, "sentence": 3, "keywords": 0, "terms": 0.2}}
        extractive |= {"hide": 1.0, "min_rest": 12}
        queries = inpars.generate(
            self.corpus,
            self.folder / "generated.jsonl",
            max_generations=2000,
            queries_per_document=2,
            extractive=extractive,
            seed=self.seed,
        )
        return inpars.filter(queries, self.folder / "queries.jsonl", methods=["length", "duplicates"])

    def _named(self, options: Any) -> Any:
        """Options with the models that they name."""
        text = json.dumps(options).replace(BASE, str(self.base_model))
        return json.loads(text.replace(DRAFT, str(self._draft())) if DRAFT in text else text)

    def _draft(self) -> Path:
        return self._train(self._queries(), self.folder / "draft")

    def _train(self, data: Path, model: Path) -> Path:
        import inpars

        return inpars.train(
            data,
            self.corpus,
            model,
            base_model=str(self.base_model),
            base_shares=[0.0],
            batch_size=32,
            max_examples=self.arguments.examples,
            held_out_queries=10,
            held_out_depth=5,
            keep="last",
            precision="bf16",
            seed=self.seed,
        )


def shortened(folder: Path) -> Path:
    """The base model, told to read 128 tokens: half of the time or less, and what it is trained to read."""
    from inpars.models.locate import locate

    if not folder.exists():
        fresh = folder.with_name(f"{folder.name}.{os.getpid()}")
        shutil.copytree(locate(MODEL), fresh)
        settings = fresh / "sentence_bert_config.json"
        settings.write_text(json.dumps(json.loads(settings.read_text()) | {"max_seq_length": 128}))
        fresh.rename(folder)
    return folder


def report(arguments: argparse.Namespace) -> None:
    found: Found = {}
    for name in arguments.collections:
        if not (arguments.output / name / "base.json").exists():
            Work(arguments, name, arguments.seeds[0]).base()
        for path in sorted((arguments.output / name).glob("*/*/cell.json")):
            facts = json.loads(path.read_text())
            found.setdefault(facts["cell"], {}).setdefault(name, {})[path.parts[-3]] = facts
    for system in ("tuned", "fused"):
        print(f"\n### nDCG@10, {system}: mean ± standard deviation over seeds; differences: mean ± standard error\n")
        print("| filter or negatives | " + " | ".join(arguments.collections) + f" | less {BASELINE!r}, paired |")
        print("| --- |" + " ---: |" * (len(arguments.collections) + 1))
        for label in ("bm25", "base" if system == "tuned" else "base fused"):
            values = [
                json.loads((arguments.output / n / "base.json").read_text())[label] for n in arguments.collections
            ]
            print(f"| *{label}* | " + " | ".join(f"{value:.4f}" for value in values) + " | |")
        for cell in CELLS:
            if cell in found:
                print(f"| {cell} | " + " | ".join(row(arguments, found, cell, system)) + " |")


def row(arguments: argparse.Namespace, found: Found, cell: str, system: str) -> list[str]:
    """A line's cells; the last is the mean of the paired differences to the baseline, and its standard error."""
    cells, differences = [], []
    for name in arguments.collections:
        values = found[cell].get(name, {})
        measured = [facts[system] for facts in values.values()]
        spread = f" ± {stdev(measured):.4f}" if len(measured) > 1 else ""
        cells.append(f"{fmean(measured):.4f}{spread}" if measured else "")
        baseline = found[BASELINE].get(name, {})
        differences += [values[seed][system] - baseline[seed][system] for seed in values.keys() & baseline.keys()]
    error = stdev(differences) / len(differences) ** 0.5 if len(differences) > 1 else 0.0
    return [*cells, f"{fmean(differences):+.4f} ± {error:.4f}" if differences and cell != BASELINE else ""]


if __name__ == "__main__":
    main()
