"""BM25 of this checkout beside that of an earlier one: effectiveness, documents indexed and queries searched a second.

    git worktree add /tmp/before COMMIT
    python benchmarks/analysis.py --before /tmp/before [--queries 300] [--rounds 7]

Every test collection in `../shared/collections`, at most so many of its judged queries, drawn by seed. Speed is that
of one thread over texts in memory, in a process for each checkout and round, one checkout after the other within a
round: documents of ASCII characters alone, other documents in Latin script, and Japanese ones. Both backends of the
search are numpy's. Prints Markdown tables; speeds are medians over the rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from statistics import fmean, median
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
COLLECTIONS = ROOT.parent / "shared" / "collections"
ENGLISH = (
    *("cacm", "cisi", "covidqa", "cranfield", "liveqa-med", "medline"),
    *("pira-en", "scifact", "squad-dev", "time", "vaswani", "xquad-en"),
)
OTHERS = {"faquad-pt": "pt", "pira-pt": "pt", "xquad-de": "de", "jaquad-dev-ja": "ja"}
TEXTS = {
    "ASCII": (("scifact", "covidqa", "squad-dev"), "en", True),
    "other Latin": (("xquad-de", "pira-pt", "faquad-pt"), "pt", False),
    "Japanese": (("jaquad-dev-ja",), "ja", False),
}
DOCUMENTS = 6000


def effectiveness(queries: int) -> dict[str, float]:
    """nDCG@10 by collection."""
    import ir_measures

    from inpars.data.corpora import open_corpus
    from inpars.data.qrels import read_qrels
    from inpars.data.queries import read_queries
    from inpars.data.test_sets import open_test_set
    from inpars.retrieve.bm25 import BM25

    measure = ir_measures.parse_measure("nDCG@10")
    found = {}
    for name in (*ENGLISH, *OTHERS, "python-docs"):
        if name == "python-docs":
            test_set = open_test_set(name, None, None)
            corpus, asked, qrels = open_corpus(name), test_set.queries, test_set.qrels
        else:
            folder = COLLECTIONS / name
            corpus, qrels = open_corpus(folder), read_qrels(folder / "qrels" / "test.tsv")
            asked = [
                q
                for q in read_queries(folder / "queries.jsonl")
                if any(g > 0 for g in qrels.get(q.query_id, {}).values())
            ]
        drawn = sorted(random.Random(1).sample(range(len(asked)), min(queries, len(asked))))
        asked = [asked[place] for place in drawn]
        index = BM25(
            ((document.doc_id, document.contents) for document in corpus),
            language=OTHERS.get(name, "en"),
            backend="numpy",
        )
        judged = {query.query_id: qrels[query.query_id] for query in asked}
        found[name] = float(ir_measures.calc_aggregate([measure], judged, index.search_all(asked, 100))[measure])
    return found


def speed(kind: str) -> tuple[float, float]:
    """Documents indexed and queries searched a second."""
    from inpars.data.corpora import open_corpus
    from inpars.data.queries import read_queries
    from inpars.retrieve.bm25 import BM25

    names, language, ascii_alone = TEXTS[kind]
    texts = [document.contents for name in names for document in open_corpus(COLLECTIONS / name)]
    texts = [text for text in texts if text.isascii() == ascii_alone]
    rows = [(f"d{number}", texts[number % len(texts)]) for number in range(DOCUMENTS)]
    asked = [query for name in names for query in read_queries(COLLECTIONS / name / "queries.jsonl")][:1000]
    BM25(rows[:50], language=language, backend="numpy").search_all(asked[:5], 100)
    started = time.perf_counter()
    index = BM25(rows, language=language, backend="numpy")
    indexed = time.perf_counter()
    index.search_all(asked, 100)
    return DOCUMENTS / (indexed - started), len(asked) / (time.perf_counter() - indexed)


def in_checkout(checkout: Path, *arguments: str) -> Any:
    environment = os.environ | {"PYTHONPATH": str(checkout / "src"), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, __file__, "--one", *arguments]
    done = subprocess.run(command, check=True, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return json.loads(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", type=Path, help="a checkout of an earlier commit")
    parser.add_argument("--queries", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        what, value = arguments.one
        print(json.dumps(effectiveness(int(value)) if what == "effectiveness" else speed(value)))
        return
    if arguments.before is None:
        parser.error("--before names the checkout to compare with")
    checkouts = (arguments.before, ROOT)
    before, after = (in_checkout(checkout, "effectiveness", str(arguments.queries)) for checkout in checkouts)
    print("| BM25, nDCG@10 | before | after | difference |\n| --- | ---: | ---: | ---: |")
    for name, value in after.items():
        print(f"| {name} | {before[name]:.4f} | {value:.4f} | {value - before[name]:+.4f} |")
    means = [fmean(found[name] for name in ENGLISH) for found in (before, after)]
    print(f"| **mean of the twelve English** | {means[0]:.4f} | {means[1]:.4f} | {means[1] - means[0]:+.4f} |\n")
    print(
        "| | documents indexed a second: before | after | ratio | queries searched a second: before | after | ratio |"
    )
    print("| --- |" + " ---: |" * 6)
    for kind in TEXTS:
        rounds = [[in_checkout(checkout, "speed", kind) for checkout in checkouts] for _ in range(arguments.rounds)]
        cells = [kind]
        for place in (0, 1):
            old, new = (median(found[side][place] for found in rounds) for side in (0, 1))
            cells += [f"{old:,.0f}", f"{new:,.0f}", f"{new / old:.2f}"]
        print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
