"""`inpars run quickstart` on every English test collection: effectiveness, significance, seconds.

    python benchmarks/quickstart.py [--output DIR] [--set STEP.OPTION=VALUE ...] [--queries N] [COLLECTION ...]

The collections are read from `../shared/collections`. The run directories stay in DIR, so that a
second call only prints the tables again; the tables go to standard output as Markdown. `--queries` takes at
most N test queries of each collection, drawn by seed, for models that are slow.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from statistics import fmean

ROOT = Path(__file__).resolve().parents[1].parent / "shared" / "collections"
ENGLISH = (
    *("cacm", "cisi", "covidqa", "cranfield", "liveqa-med", "medline"),
    *("pira-en", "scifact", "squad-dev", "time", "vaswani", "xquad-en"),
)
PAIRS = (("tuned_fused", "bm25"), ("tuned", "base"), ("tuned_fused", "base_fused"))
SYSTEMS = ("bm25", "base", "base_fused", "tuned", "tuned_fused")
STAGES = ("generate", "filter", "negatives", "train", "rerank", "evaluate")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("collections", nargs="*", default=ENGLISH)
    parser.add_argument("--output", type=Path, default=Path("build/quickstart"))
    parser.add_argument("--set", action="append", default=[], help="override of a recipe option, as in `inpars run`")
    parser.add_argument("--queries", type=int, default=0, help="at most this many test queries of each; 0 means all")
    arguments = parser.parse_args()
    results = {}
    for name in arguments.collections:
        if not (ROOT / name).is_dir():
            sys.exit(f"no collection {name!r} in {ROOT}")
        results[name] = run(name, arguments.output / name, arguments.set, arguments.queries)
    print_tables(results)


def run(name: str, folder: Path, overrides: list[str], queries: int) -> dict:
    command = [sys.executable, "-m", "inpars", "run", "quickstart"]
    command += ["--corpus", str(ROOT / name), "--output", str(folder)]
    if queries:
        drawn, judged = sample(ROOT / name, folder.with_name(f"{name}.queries.jsonl"), queries)
        command += ["--queries", str(drawn), "--qrels", str(judged)]
    for override in overrides:
        command += ["--set", override]
    subprocess.run(command, check=True, stdout=sys.stderr, env=os.environ | {"HF_HUB_OFFLINE": "1"})
    metrics = json.loads((folder / "metrics.json").read_text())
    manifest = json.loads((folder / "manifest.json").read_text())
    return {"metrics": metrics, "seconds": seconds(manifest), "facts": manifest["steps"]}


def sample(collection: Path, output: Path, n: int) -> tuple[Path, Path]:
    """Files of at most `n` of the collection's judged queries, in their order, and of the judgments of these."""
    qrels = (collection / "qrels" / "test.tsv").read_text().splitlines(keepends=True)
    judged = {line.split("\t")[0] for line in qrels[1:]}
    lines = (collection / "queries.jsonl").read_text().splitlines(keepends=True)
    lines = [line for line in lines if json.loads(line)["_id"] in judged]
    drawn = sorted(random.Random(1).sample(range(len(lines)), min(n, len(lines))))
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text("".join(lines[place] for place in drawn))
    ids = {json.loads(lines[place])["_id"] for place in drawn}
    of_drawn = output.with_suffix(".tsv")
    of_drawn.write_text("".join([qrels[0], *(line for line in qrels[1:] if line.split("\t")[0] in ids)]))
    return output, of_drawn


def seconds(manifest: dict) -> dict[str, float]:
    """Seconds of each stage; rerank's facts hold one sidecar for each of its runs."""
    found = {}
    for name, step in manifest["steps"].items():
        facts = step["facts"]
        found[name] = facts["seconds"] if "seconds" in facts else sum(part["seconds"] for part in facts.values())
    return found


def print_tables(results: dict[str, dict]) -> None:
    for measure in ("nDCG@10", "R@100"):
        print(f"\n### {measure}\n")
        header(["collection", "queries", *SYSTEMS])
        rows = []
        for name, result in results.items():
            values = [result["metrics"]["systems"][system][measure] for system in SYSTEMS]
            rows.append(values)
            row(name, result["metrics"]["test_set"]["queries"], *(f"{value:.4f}" for value in values))
        means = [fmean(column) for column in zip(*rows, strict=True)]
        row("**mean**", "", *(f"**{mean:.4f}**" for mean in means))
    print("\n### Differences in nDCG@10 (p after Holm's correction), weights and seconds\n")
    header(["collection", *(" - ".join(pair) for pair in PAIRS), "weights", "kept", "seconds"])
    for name, result in results.items():
        cells = [difference(result, *pair) for pair in PAIRS]
        rerank = result["facts"]["rerank"]["facts"]
        weights = " / ".join(str(rerank[f"{system}.trec"]["fusion_weight"]) for system in ("base", "tuned"))
        train = result["facts"]["train"]["facts"]
        kept = f"step {train['best_step']}, {train['best_base_share']:.0%} base" if train["best_step"] else "base"
        row(name, *cells, weights, kept, f"{sum(result['seconds'].values()):.0f}")
    print("\n### Seconds by stage\n")
    header(["collection", *STAGES])
    for name, result in results.items():
        row(name, *(f"{result['seconds'][stage]:.1f}" for stage in STAGES))
    versions = ", ".join(
        f"{p} {metadata.version(p)}" for p in ("torch", "transformers", "sentence-transformers", "bm25s")
    )
    print(f"\nPython {platform.python_version()}, {os.cpu_count()} cores, {versions}.")


def difference(result: dict, system: str, baseline: str) -> str:
    for found in result["metrics"]["comparisons"]:
        if (found["system"], found["baseline"], found["measure"]) == (system, baseline, "nDCG@10"):
            return f"{found['delta']:+.4f} ({found['p_holm']:.4f})"
    return ""


def row(*cells: object) -> None:
    print("| " + " | ".join(map(str, cells)) + " |")


def header(columns: list[str]) -> None:
    row(*columns)
    print("|" + " --- |" * len(columns))


if __name__ == "__main__":
    main()
