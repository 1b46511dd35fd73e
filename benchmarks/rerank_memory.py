"""Peak memory of reranking 1,000 documents for each of 100 and of 1,000 queries.

    python benchmarks/rerank_memory.py [--queries 100 1000]

Makes up a corpus of 20,000 documents and a run over it in a temporary folder, and a BERT-shaped
cross-encoder of two layers and 32 dimensions with random weights: what is measured is what the stage
holds, not the model. Each size is reranked by `inpars rerank` in a process of its own, and the smallest
once more after a kill. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

DOCUMENTS = 20_000
DEPTH = 1_000
SIZES = (100, 1_000)
LENGTH = 16
UNIT = 10_000  # pairs, the stage's default
SEED = 7
WORDS = [f"word{number}" for number in range(200)]


def doc_id(number: int) -> str:
    return f"doc-{number:08d}"


def write_corpus(folder: Path) -> None:
    """Texts of 60 words, of which the model reads a few: it is the texts that memory must not hold."""
    random_ = random.Random(SEED)
    with (folder / "corpus.jsonl").open("w", encoding="utf-8") as stream:
        for number in range(DOCUMENTS):
            row = {"_id": doc_id(number), "title": "", "text": " ".join(random_.choices(WORDS, k=60))}
            stream.write(json.dumps(row) + "\n")


def write_queries(folder: Path, size: int) -> None:
    """Queries of three words, and a run with documents drawn at random in no order."""
    random_ = random.Random(size)
    with (folder / f"queries{size}.jsonl").open("w") as queries, (folder / f"run{size}.trec").open("w") as run:
        for number in range(size):
            queries.write(json.dumps({"_id": f"q{number}", "text": " ".join(random_.choices(WORDS, k=3))}) + "\n")
            for place in random_.sample(range(DOCUMENTS), DEPTH):
                run.write(f"q{number} Q0 {doc_id(place)} 1 {random_.random():.6f} made-up\n")


def write_model(folder: Path) -> None:
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    vocabulary = {token: number for number, token in enumerate([*special, *WORDS])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        model_max_length=LENGTH,
    ).save_pretrained(folder)
    torch.manual_seed(SEED)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=LENGTH,
        num_labels=1,
    )
    BertForSequenceClassification(config).save_pretrained(folder)


def measure(arguments: list[str]) -> None:
    """Run in a process of its own: `inpars rerank`, then its peak memory as JSON on standard output."""
    from inpars.rerank.command import rerank
    from inpars.rerank.config import RerankConfig

    queries, corpus, model, run, output = arguments
    options = RerankConfig(top_k=DEPTH, device="cpu")
    rerank(Path(queries), corpus=corpus, model=model, output=Path(output), run=Path(run), options=options)
    # Linux counts kilobytes, macOS bytes.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    print(json.dumps({"peak": peak}))


def command(folder: Path, size: int, output: Path) -> list[str]:
    files = [f"queries{size}.jsonl", "corpus.jsonl", "model", f"run{size}.trec"]
    return [sys.executable, __file__, "--measure", *(str(folder / file) for file in files), str(output)]


def reranked(folder: Path, size: int, output: Path) -> dict[str, Any]:
    from inpars.data.artifacts import facts_of

    started = time.perf_counter()
    done = subprocess.run(command(folder, size, output), check=True, capture_output=True)
    wall = time.perf_counter() - started
    return {**facts_of(output), **json.loads(done.stdout.splitlines()[-1]), "wall": wall}


def killed(folder: Path, size: int, output: Path) -> int:
    """Kill a rerank when a third of it is done; returns the units that it leaves."""
    units = output.with_name(f".{output.name}.units")
    process = subprocess.Popen(command(folder, size, output), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and len(list(units.glob("*[0-9].jsonl"))) < max(1, size * DEPTH // UNIT // 3):
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    return len(list(units.glob("*[0-9].jsonl")))


def row(label: str, found: dict[str, Any]) -> str:
    cells = (label, f"{found['pairs']:,}", f"{found['peak']:,.0f}", f"{found['wall']:,.0f}", found["engine"])
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description="Peak memory of reranking.")
    parser.add_argument("--queries", type=int, nargs="+", default=list(SIZES), help="numbers of queries")
    parser.add_argument("--measure", nargs=5, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        return measure(options.measure)
    with tempfile.TemporaryDirectory(prefix="inpars-benchmark-") as name:
        folder = Path(name)
        write_corpus(folder)
        write_model(folder / "model")
        size_ = (folder / "corpus.jsonl").stat().st_size / 2**20
        print(f"Rerank {DEPTH:,} documents a query of a corpus of {DOCUMENTS:,} ({size_:,.0f} MB); a tiny model.\n")
        print("| queries | pairs | peak MB | seconds | engine |")
        print("|---|---:|---:|---:|---|", flush=True)
        for size in options.queries:
            write_queries(folder, size)
            print(row(f"{size:,}", reranked(folder, size, folder / f"{size}.trec")), flush=True)
        size = min(options.queries)
        again = folder / "again" / f"{size}.trec"
        units = killed(folder, size, again)
        print(row(f"{size:,}, killed after {units} units", reranked(folder, size, again)))
        if (folder / f"{size}.trec").read_bytes() != again.read_bytes():
            raise SystemExit("the resumed run differs from the whole one")
    libraries = ", ".join(f"{library} {version(library)}" for library in ("inpars", "torch", "transformers", "numpy"))
    print(f"\n{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {libraries}.")
    print("MB: peak resident memory of the whole process, interpreter, libraries and model included.")
    return None


if __name__ == "__main__":
    main()
