"""Peak memory and seconds to sample from a corpus and look documents up in it, beside pandas.

    python benchmarks/corpus_memory.py [--documents 100000 1000000]

Writes JSONL files of made-up documents (about 1 GB a million) into a temporary folder, removes them
afterwards, and measures each way of reading them in a process of its own. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

SIZES = (100_000, 1_000_000)
DRAWN = 1_000
SEED = 7
BYTES_A_DOCUMENT = 1_200


def doc_id(number: int) -> str:
    return f"doc-{number:08d}"


def write_corpus(path: Path, documents: int) -> None:
    """A title of 5 words and a text of 150, put together from 5,000 sentences of 15 words."""
    random_ = random.Random(SEED)
    letters = "aeioubcdfglmnprstv"
    words = ["".join(random_.choices(letters, k=random_.randint(3, 9))) for _ in range(20_000)]
    sentences = [" ".join(random_.choices(words, k=15)) + "." for _ in range(5_000)]
    with path.open("w", encoding="utf-8") as stream:
        for number in range(documents):
            row = {
                "_id": doc_id(number),
                "title": " ".join(random_.choices(words, k=5)),
                "text": " ".join(random_.choices(sentences, k=10)),
            }
            stream.write(json.dumps(row) + "\n")


def wanted_ids(documents: int) -> list[str]:
    return [doc_id(number) for number in random.Random(SEED).sample(range(documents), DRAWN)]


def with_inpars(path: Path, wanted: list[str]) -> tuple[int, int]:
    from inpars.data.corpora import open_corpus

    corpus = open_corpus(path)
    sampled = corpus.sample(DRAWN, SEED)
    texts = [corpus[wanted_id].text for wanted_id in wanted]
    return len({document.doc_id for document in sampled}), sum(map(len, texts))


def with_pandas(path: Path, wanted: list[str]) -> tuple[int, int]:
    import pandas

    frame = pandas.read_json(path, lines=True, dtype=False)
    sampled = frame.sample(DRAWN, random_state=SEED)
    by_id = dict(zip(frame["_id"], frame["text"], strict=True))
    texts = [by_id[wanted_id] for wanted_id in wanted]
    return sampled["_id"].nunique(), sum(map(len, texts))


WAYS = {"inpars": with_inpars, "pandas": with_pandas}


def measure(way: str, path: Path, documents: int) -> None:
    """Run in a process of its own: what `way` gives and takes, as JSON on standard output."""
    wanted = wanted_ids(documents)
    started = time.perf_counter()
    sampled, characters = WAYS[way](path, wanted)
    seconds = time.perf_counter() - started
    # Linux counts kilobytes, macOS bytes.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    print(json.dumps({"seconds": seconds, "peak": peak, "sampled": sampled, "characters": characters}))


def measured(way: str, path: Path, documents: int) -> dict[str, Any]:
    command = [sys.executable, __file__, "--measure", way, str(path), "--documents", str(documents)]
    result: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return result


def compare(documents: int, folder: Path) -> str:
    """The table rows for one size; both ways read the same file, just written and so in the page cache."""
    path = folder / f"{documents}.jsonl"
    write_corpus(path, documents)
    size = path.stat().st_size / 2**20
    found = {way: measured(way, path, documents) for way in WAYS}
    path.unlink()
    ours, theirs = found["inpars"], found["pandas"]
    if ours["characters"] != theirs["characters"] or {ours["sampled"], theirs["sampled"]} != {DRAWN}:
        raise SystemExit(f"the two ways disagree: {found}")
    cells = [f"{documents:,}", f"{size:,.0f}"]
    for measure_, digits in (("peak", 0), ("seconds", 1)):
        cells += [f"{ours[measure_]:,.{digits}f}", f"{theirs[measure_]:,.{digits}f}"]
        cells.append(f"{theirs[measure_] / ours[measure_]:.1f}×")
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description="Memory and time of sampling and look-up, beside pandas.")
    parser.add_argument("--documents", type=int, nargs="+", default=list(SIZES), help="sizes of the corpora")
    parser.add_argument("--measure", nargs=2, metavar=("WAY", "FILE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        way, path = options.measure
        return measure(way, Path(path), options.documents[0])
    if min(options.documents) < DRAWN:
        parser.error(f"--documents: at least {DRAWN:,} each, which is how many are drawn")
    with tempfile.TemporaryDirectory(prefix="inpars-benchmark-") as name:
        needed = max(options.documents) * BYTES_A_DOCUMENT
        if shutil.disk_usage(name).free < 1.5 * needed:
            parser.error(f"{name} has not the {1.5 * needed / 1e9:.1f} GB free that this needs; set TMPDIR")
        print(f"Sample {DRAWN:,} documents, then look {DRAWN:,} up by id; each way in a process of its own.\n")
        print("| documents | file MB | inpars MB | pandas MB | ratio | inpars s | pandas s | ratio |")
        print("|---:|---:|---:|---:|---:|---:|---:|---:|", flush=True)
        for documents in options.documents:
            print(compare(documents, Path(name)), flush=True)
    libraries = ", ".join(f"{library} {version(library)}" for library in ("inpars", "numpy", "orjson", "pandas"))
    print(f"\n{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {libraries}.")
    print("MB: peak resident memory of the whole process, interpreter and libraries included.")
    return None


if __name__ == "__main__":
    main()
