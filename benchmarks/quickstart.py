"""`inpars run quickstart` on test collections with human judgments: every system, several seeds, before and after.

    python benchmarks/quickstart.py --output DIR [--seeds 1 2 3] [--before CHECKOUT] [--set STEP.OPTION=VALUE ...]
        [--likelihood] [--queries N] [COLLECTION ...]
    python benchmarks/quickstart.py --output DIR --parts [COLLECTION ...]

The collections are read from `../shared/collections`; at most N (300) judged queries of each, drawn by a fixed seed.
What is measured goes into DIR/results.jsonl, collection by collection, and a second call measures only what is
missing; the tables go to standard output as Markdown. `--before` runs the quickstart of another checkout on the same
queries and this machine, with the first seed. `--likelihood` adds query likelihood with the first seed. `--parts`
takes one part of the recipe away at a time, with the first seed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from importlib import metadata
from pathlib import Path
from statistics import fmean, stdev

import numpy as np

from inpars.data.corpora import open_corpus
from inpars.data.files import read_jsonl
from inpars.data.measures import parse_measures, per_query
from inpars.data.qrels import read_qrels
from inpars.data.queries import read_queries
from inpars.data.runs import read_run
from inpars.evaluate.significance import compare, holm

ROOT = Path(__file__).resolve().parents[1].parent / "shared" / "collections"
ENGLISH = (
    *("cacm", "cisi", "covidqa", "cranfield", "liveqa-med", "medline"),
    *("pira-en", "scifact", "squad-dev", "time", "vaswani", "xquad-en"),
)
SIX = ("cacm", "covidqa", "cranfield", "liveqa-med", "scifact", "time")
BEFORE = "tuned_fused"
"""The system of the recipe before that ours are compared with: its best by default."""
SYSTEMS = (
    *("bm25", "base_fused", "tuned_fused", "base_dense", "tuned_dense", "base_union", "tuned_union"),
    *("base_hybrid", "tuned_hybrid", "base_hybrid_likelihood", "tuned_hybrid_likelihood"),
)
PARTS = {
    "extracted queries": [],
    "no held-out set decides: the base, untuned": ["train.min_gain=99"],
    "only length and duplicates filtered": ["filter.methods=[length, duplicates]"],
    "fusion at the fixed weight": ["rerank.fusion=0.6"],
}
"""Overrides that take a part of the recipe away."""
MEASURE = "nDCG@10"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("collections", nargs="*")
    parser.add_argument("--output", type=Path, default=Path("build/quickstart"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--before", type=Path, help="another checkout, whose quickstart is run too")
    parser.add_argument("--set", action="append", default=[], help="override of a recipe option, as in `inpars run`")
    parser.add_argument("--likelihood", action="store_true", help="add query likelihood with the first seed")
    parser.add_argument("--parts", action="store_true", help="take one part away at a time")
    parser.add_argument("--queries", type=int, default=300, help="at most this many test queries of each; 0 means all")
    arguments = parser.parse_args()
    collections = arguments.collections or (SIX if arguments.parts else ENGLISH)
    for name in collections:
        if not (ROOT / name).is_dir():
            sys.exit(f"no collection {name!r} in {ROOT}")
    arguments.output.mkdir(parents=True, exist_ok=True)
    results = Results(arguments.output / "results.jsonl")
    for name in collections:
        measured = partial(measure, name, arguments.output, arguments.queries)
        if arguments.before:
            results.take(name, "before", 1, partial(measured, "before", 1, [], checkout=arguments.before))
        for seed in arguments.seeds:
            likely = arguments.likelihood and seed == arguments.seeds[0]
            overrides = [*arguments.set, *([] if likely else ["rerank.likelihood_model="])]
            results.take(name, "after", seed, partial(measured, "after", seed, overrides))
        for part, overrides in PARTS.items() if arguments.parts else ():
            recipe = "extractive" if part == "extracted queries" else "quickstart"
            overrides = [*arguments.set, *overrides, "rerank.likelihood_model="]
            results.take(name, part, 1, partial(measured, part, 1, overrides, recipe=recipe))
    print_tables(results, collections, PARTS if arguments.parts else ())


class Results:
    """What was measured, by collection, label and seed, in a file of JSON lines."""

    def __init__(self, path: Path) -> None:
        self.path = path
        rows = [row for _, row in read_jsonl(path)] if path.is_file() else []
        self.rows = {(row["collection"], row["label"], row["seed"]): row for row in rows}

    def take(self, collection: str, label: str, seed: int, measured: partial[dict]) -> None:
        """Measure what is not there yet, and keep it."""
        if (collection, label, seed) in self.rows:
            return
        row = {"collection": collection, "label": label, "seed": seed, **measured()}
        with self.path.open("a") as stream:
            stream.write(json.dumps(row) + "\n")
        self.rows[collection, label, seed] = row
        means = {name: round(fmean(values.values()), 4) for name, values in row["values"].items()}
        print(f"{collection}, {label}, seed {seed}, {row['seconds']:.0f} s: {means}", file=sys.stderr, flush=True)

    def seeds(self, collection: str, label: str) -> list[dict]:
        """The rows of a collection and a label, seed by seed."""
        return [row for key, row in sorted(self.rows.items()) if key[:2] == (collection, label)]


def measure(
    name: str,
    output: Path,
    queries: int,
    label: str,
    seed: int,
    overrides: list[str],
    *,
    recipe: str = "quickstart",
    checkout: Path | None = None,
) -> dict:
    """Run a recipe, and measure each of its systems query by query."""
    drawn, judged = sample(ROOT / name, output / f"{name}.queries.jsonl", queries)
    folder = output / name / f"{label}-{seed}".replace(" ", "-")
    command = [sys.executable, "-m", "inpars", "run", recipe, "--corpus", str(ROOT / name), "--output", str(folder)]
    command += ["--queries", str(drawn), "--qrels", str(judged)]
    seeds = [f"{step}.seed={seed}" for step in ("generate", "negatives", "train")]
    command += [part for override in (*seeds, *overrides) for part in ("--set", override)]
    environment = os.environ | {"HF_HUB_OFFLINE": "1"}
    if checkout is not None:
        environment["PYTHONPATH"] = str(checkout.resolve() / "src")
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=sys.stderr, env=environment)
    seconds = time.perf_counter() - started
    steps = json.loads((folder / "manifest.json").read_text())["steps"]
    rerank = steps["rerank"]["facts"]
    runs = {path.stem: read_run(path) for path in (folder / "rerank").glob("*.trec") if path.stem in SYSTEMS}
    if (folder / "rerank" / "base_dense.candidates.trec").is_file():
        runs |= on_fixed_candidates(name, folder, read_queries(drawn))
    qrels, measures = read_qrels(judged), parse_measures([MEASURE])
    values = {system: per_query(run, qrels, measures)[MEASURE].tolist() for system, run in runs.items()}
    return {
        "values": {system: dict(zip(qrels, of_system, strict=True)) for system, of_system in values.items()},
        "seconds": round(seconds, 1),
        "steps": {step: seconds_of(facts["facts"]) for step, facts in steps.items()},
        "train": {key: steps["train"]["facts"][key] for key in ("best_step", "best_base_share", "examples")},
        "weights": {run: facts["fusion_weight"] for run, facts in rerank.items() if "fusion_weight" in facts},
        "load": os.getloadavg()[0],
    }


def on_fixed_candidates(name: str, folder: Path, queries: list) -> dict[str, dict]:
    """Base and tuned model alone over the same candidates: BM25's best and the base's together."""
    from inpars.retrieve.dense import Dense

    candidates = read_run(folder / "rerank" / "base_dense.candidates.trec")
    texts = {query.query_id: query.text for query in queries}
    models = {"base": ("all-MiniLM-L6-v2", folder / "index" / "dense")}
    tuned = json.loads((folder / "train" / "model" / "inpars.json").read_text())["tuned"]
    models["tuned"] = (folder / "train" / "model", folder / "train" / "index") if tuned else models["base"]
    corpus = open_corpus(ROOT / name)
    return {
        f"{system}_union": Dense.of(corpus, model, index).score(texts, {}, {q: list(candidates[q]) for q in candidates})
        for system, (model, index) in models.items()
    }


def sample(collection: Path, output: Path, n: int) -> tuple[Path, Path]:
    """Files of at most `n` of the collection's judged queries, in their order, and of the judgments of these."""
    qrels = (collection / "qrels" / "test.tsv").read_text().splitlines(keepends=True)
    judged = {line.split("\t")[0] for line in qrels[1:] if int(line.split("\t")[2]) > 0}
    lines = (collection / "queries.jsonl").read_text().splitlines(keepends=True)
    lines = [line for line in lines if json.loads(line)["_id"] in judged]
    drawn = sorted(random.Random(1).sample(range(len(lines)), min(n or len(lines), len(lines))))
    output.write_text("".join(lines[place] for place in drawn))
    ids = {json.loads(lines[place])["_id"] for place in drawn}
    of_drawn = output.with_suffix(".tsv")
    of_drawn.write_text("".join([qrels[0], *(line for line in qrels[1:] if line.split("\t")[0] in ids)]))
    return output, of_drawn


def seconds_of(facts: dict) -> float:
    """Seconds of a stage; rerank's facts hold one sidecar for each of its runs."""
    return round(facts["seconds"] if "seconds" in facts else sum(part["seconds"] for part in facts.values()), 1)


def print_tables(results: Results, collections: Iterator[str], parts: Iterator[str]) -> None:
    measured = [name for name in collections if results.seeds(name, "after")]
    seeds = {name: results.seeds(name, "after") for name in measured}
    systems = [s for s in SYSTEMS if any(s in row["values"] for rows in seeds.values() for row in rows)]
    print(f"\n### {MEASURE}, mean (standard deviation over seeds)\n")
    header(["collection", "queries", "seeds", "before", *systems])
    columns = defaultdict(list)
    for name, rows in seeds.items():
        cells = []
        for system in ("before", *systems):
            found = means_of(results.seeds(name, "before"), BEFORE) if system == "before" else means_of(rows, system)
            columns[system].append(fmean(found) if found else None)
            spread = f" ({stdev(found):.4f})" if len(found) > 1 and stdev(found) else ""
            cells.append(f"{fmean(found):.4f}{spread}" if found else "")
        row(name, len(rows[0]["values"]["bm25"]), len(rows), *cells)
    whole = [column for column in columns.values() if None not in column]
    row("**mean**", "", "", *(f"**{fmean(c):.4f}**" if c in whole else "" for c in columns.values()))
    pairs = [("base_hybrid", "before"), ("tuned_hybrid", "before"), ("tuned_hybrid_likelihood", "before")]
    pairs += [("tuned_hybrid", "base_hybrid"), ("tuned_union", "base_union"), ("tuned_dense", "base_dense")]
    print("\n### Differences, means over seeds by query (p after Holm's correction over the collections)\n")
    header(["collection", *(" - ".join(pair) for pair in pairs), "weight base / tuned", "kept", "seconds"])
    found = {pair: [difference(results, name, *pair) for name in measured] for pair in pairs}
    adjusted = {}
    for pair, differences in found.items():
        known = [d for d in differences if d is not None]
        p_values = iter(holm([d.p_value for d in known]))
        adjusted[pair] = [None if d is None else (d.delta, next(p_values)) for d in differences]
    for place, (name, rows) in enumerate(seeds.items()):
        cells = [adjusted[pair][place] for pair in pairs]
        weights = [
            "/".join(f"{r['weights'][f'{m}_dense.trec']:.2f}" for r in rows if f"{m}_dense.trec" in r["weights"])
            for m in ("base", "tuned")
        ]
        kept = "/".join(f"{r['train']['best_step']} ({r['train']['best_base_share']:.0%})" for r in rows)
        seconds = fmean(r["seconds"] for r in rows)
        shown = ("" if cell is None else f"{cell[0]:+.4f} ({cell[1]:.3f})" for cell in cells)
        row(name, *shown, " / ".join(weights), kept, f"{seconds:.0f}")
    deltas = {pair: [cell[0] for cell in cells if cell is not None] for pair, cells in adjusted.items()}
    row("**mean**", *(f"**{fmean(d):+.4f}**" if d else "" for d in deltas.values()), "", "", "")
    if parts:
        print(f"\n### One part taken away: {MEASURE} of tuned_hybrid, less that of the whole\n")
        header(["collection", "whole", *parts])
        for name in measured:
            whole_value = fmean(means_of(results.seeds(name, "after")[:1], "tuned_hybrid"))
            values = [means_of(results.seeds(name, part), "tuned_hybrid") for part in parts]
            row(name, f"{whole_value:.4f}", *(f"{fmean(v) - whole_value:+.4f}" if v else "" for v in values))
    versions = ("torch", "transformers", "sentence-transformers", "bm25s")
    print(f"\nPython {platform.python_version()}, {os.cpu_count()} cores, {processor()}, "
          + ", ".join(f"{name} {metadata.version(name)}" for name in versions) + ".")  # fmt: skip


def means_of(rows: list[dict], system: str) -> list[float]:
    """The mean over queries for each seed that has the system."""
    return [fmean(row["values"][system].values()) for row in rows if system in row["values"]]


def difference(results: Results, name: str, system: str, baseline: str):
    """The paired difference of two systems of a collection by query, each averaged over seeds; None without both."""
    values = []
    for each in (system, baseline):
        label, named = ("before", BEFORE) if each == "before" else ("after", each)
        rows = [row["values"][named] for row in results.seeds(name, label) if named in row["values"]]
        if not rows:
            return None
        values.append(np.array([fmean(row[q] for row in rows) for q in rows[0]]))
    return compare(*values, permutations=9999, bootstraps=999, confidence=0.95, seed=1)


def processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").is_file() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def row(*cells: object) -> None:
    print("| " + " | ".join(map(str, cells)) + " |")


def header(columns: list[str]) -> None:
    row(*columns)
    print("|" + " --- |" * len(columns))


if __name__ == "__main__":
    main()
