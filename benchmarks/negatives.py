"""Seconds and peak memory of mining negatives for 10,000 and for 100,000 queries over 100,000 documents.

    python benchmarks/negatives.py [--queries 10000 100000] [--documents 100000] [--top-k 100]

Makes up a corpus in a temporary folder: 60 words a document, drawn from a vocabulary of 50,000 by Zipf's law, and
queries of five words of their document. `inpars negatives` mines 5 negatives a query with BM25, each size in a process
of its own. The index is built before, once, in a process of its own too, and then reused. One more row mines the
smallest size in units of a tenth of the size: the triples must be the same. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

SIZES = (10_000, 100_000)
DOCUMENTS = 100_000
VOCABULARY = 50_000
WORDS = 60
QUERY_WORDS = 5
NEGATIVES = 5
UNIT = 1_000  # queries, the stage's default
SEED = 7


def write_collection(folder: Path, documents: int, sizes: list[int]) -> None:
    """A corpus, and for each size a file of queries about documents drawn with replacement."""
    rng = np.random.default_rng(SEED)
    weights = 1 / np.arange(1, VOCABULARY + 1)
    words = rng.choice(VOCABULARY, size=(documents, WORDS), p=weights / weights.sum())
    with (folder / "corpus.jsonl").open("w") as stream:
        for number, row in enumerate(words):
            text = " ".join(f"w{word}" for word in row)
            stream.write(json.dumps({"_id": f"doc-{number:08d}", "title": "", "text": text}) + "\n")
    for size in [1, *sizes]:
        with (folder / f"queries{size}.jsonl").open("w") as stream:
            for number, place in enumerate(rng.integers(documents, size=size).tolist()):
                query = " ".join(f"w{word}" for word in rng.choice(words[place], size=QUERY_WORDS))
                row = {"query_id": f"q{number}", "query": query, "doc_id": f"doc-{place:08d}", "doc_text": ""}
                stream.write(json.dumps(row) + "\n")


def measure(arguments: list[str]) -> None:
    """Run in a process of its own: `inpars negatives`, then its peak memory as JSON on standard output."""
    from inpars.negatives.command import negatives
    from inpars.negatives.config import NegativesConfig

    queries, corpus, index, output, top_k, unit = arguments
    options = NegativesConfig(top_k=int(top_k), negatives_per_query=NEGATIVES, index=Path(index), unit_size=int(unit))
    started = time.perf_counter()
    negatives(Path(queries), corpus=corpus, output=Path(output), options=options)
    seconds = time.perf_counter() - started
    # Linux counts kilobytes, macOS bytes.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    print(json.dumps({"peak": peak, "seconds": seconds}))


def mined(folder: Path, size: int, output: str, top_k: int, unit: int = UNIT) -> dict[str, Any]:
    from inpars.data.artifacts import facts_of

    files = [folder / f"queries{size}.jsonl", folder / "corpus.jsonl", folder / "index", folder / output]
    command = [sys.executable, __file__, "--measure", *map(str, files), str(top_k), str(unit)]
    done = subprocess.run(command, check=True, capture_output=True)
    return {**json.loads(done.stdout.splitlines()[-1]), "facts": facts_of(folder / output)}


def row(label: str, found: dict[str, Any]) -> str:
    facts = found["facts"]
    rate = facts["queries"] / found["seconds"]
    cells = (label, f"{facts['triples']:,}", f"{found['seconds']:,.1f}", f"{rate:,.0f}", f"{found['peak']:,.0f}")
    return f"| {' | '.join(cells)} |"


def installed(library: str) -> str:
    try:
        return f"{library} {version(library)}"
    except PackageNotFoundError:
        return f"no {library}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Seconds and peak memory of mining negatives.")
    parser.add_argument("--queries", type=int, nargs="+", default=list(SIZES), help="numbers of queries")
    parser.add_argument("--documents", type=int, default=DOCUMENTS, help="documents in the corpus")
    parser.add_argument("--top-k", type=int, default=100, help="candidates of each query")
    parser.add_argument("--measure", nargs=6, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        return measure(options.measure)
    with tempfile.TemporaryDirectory(prefix="inpars-benchmark-") as name:
        folder = Path(name)
        write_collection(folder, options.documents, options.queries)
        megabytes = (folder / "corpus.jsonl").stat().st_size / 2**20
        print(
            f"{NEGATIVES} negatives of BM25's best {options.top_k:,} for each query, over {options.documents:,} "
            f"documents ({megabytes:,.0f} MB).\n"
        )
        print("| queries | triples | seconds | queries/s | peak MB |")
        print("|---|---:|---:|---:|---:|", flush=True)
        print(row("1, with building the index", mined(folder, 1, "1.jsonl", options.top_k)), flush=True)
        for size in options.queries:
            print(row(f"{size:,}", mined(folder, size, f"{size}.jsonl", options.top_k)), flush=True)
        size = min(options.queries)
        small = max(1, UNIT // 10)
        print(row(f"{size:,}, units of {small}", mined(folder, size, "again.jsonl", options.top_k, small)))
        if (folder / f"{size}.jsonl").read_bytes() != (folder / "again.jsonl").read_bytes():
            raise SystemExit("the size of a unit shows in the triples")
    libraries = ", ".join(map(installed, ("inpars", "bm25s", "numba", "numpy")))
    print(f"\n{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {libraries}.")
    print("MB: peak resident memory of the whole process, interpreter, libraries and index included.")
    return None


if __name__ == "__main__":
    main()
