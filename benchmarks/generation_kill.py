"""What a generation by a model that runs here loses when it is killed with -9, and whether it shows afterwards.

    python benchmarks/generation_kill.py [MODEL] [--minutes 10] [--kills 10] [--documents 90] [--more 50]

MODEL is the folder of a causal language model; without one, a model of SmolLM2-135M's shape with random weights is
made, its tokenizer trained on the documents: docstrings of the standard library. A probe chooses how many queries a
document make a run of about so many minutes. That run is made once from end to end, and once more killed at random
seconds and started again; each has a cache of its own. Then `--more` documents are added.

Lost at a kill is the time since the last answer was kept, or since the process began where it had kept none yet; what
starting anew takes (imports, weights) shows in the sum of all processes' seconds. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path
from typing import Any

import inpars
from inpars.data.artifacts import facts_of
from inpars.data.records import Document

OPTIONS = {"prompt": "inpars", "temperature": 1.0, "max_new_tokens": 64}


def make_model(folder: Path) -> Path:
    """SmolLM2-135M's shape, random weights."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=8000, initial_alphabet=alphabet, special_tokens=["<|end|>"], show_progress=False
    )
    tokenizer.train_from_iterator((document.contents for document in inpars.open_corpus("python-docs")), trainer)
    shape = {"hidden_size": 576, "num_hidden_layers": 30, "intermediate_size": 1536}
    heads = {"num_attention_heads": 9, "num_key_value_heads": 3}
    more = {"max_position_embeddings": 2048, "tie_word_embeddings": True, "eos_token_id": 0, "bos_token_id": 0}
    torch.manual_seed(0)
    LlamaForCausalLM(LlamaConfig(vocab_size=49_152, **shape, **heads, **more)).save_pretrained(folder)
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|end|>").save_pretrained(folder)
    return folder


def write_corpus(path: Path, documents: list[Document]) -> Path:
    rows = ({"_id": each.doc_id, "title": each.title, "text": each.text} for each in documents)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def probe(model: Path, documents: list[Document], folder: Path) -> tuple[float, float]:
    """Seconds for the reading of a document and for each of its completions, from two short generations."""
    from inpars.models.language.transformers import TransformersModel

    ready = TransformersModel.load(str(model))
    corpus = write_corpus(folder / "probe.jsonl", documents[:4])
    seconds = []
    for number, n in enumerate((1, 1, 17)):  # the first loads the weights
        output = folder / f"probe-{number}" / "q.jsonl"
        inpars.generate(corpus, output, language_model=ready, queries_per_document=n, **OPTIONS)
        seconds.append(facts_of(output)["seconds"])
    each = max((seconds[2] - seconds[1]) / (4 * 16), 1e-6)
    return max(seconds[1] / 4 - each, 0.0), each


def start(model: Path, corpus: Path, folder: Path, n: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "inpars", "generate", corpus, "--output", folder / "q.jsonl", "--model", model]
    command += ["--queries-per-document", str(n)]
    command += [word for name, value in OPTIONS.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    return subprocess.Popen(command, env={**os.environ, "INPARS_CACHE": str(folder / "cache")}, stderr=subprocess.PIPE)


def finish(process: subprocess.Popen[bytes]) -> None:
    _, errors = process.communicate()
    if process.returncode:
        sys.exit(errors.decode())


def kept(folder: Path) -> tuple[int, float]:
    """How many answers there are, and when the last was kept."""
    file = folder / "cache" / "requests.sqlite"
    if not file.exists():
        return 0, 0.0
    connection = sqlite3.connect(file)
    try:
        [(count, last)] = connection.execute("SELECT count(*), max(received) FROM answers")
    except sqlite3.OperationalError:  # killed before there was a table
        return 0, 0.0
    finally:
        connection.close()
    return count, last or 0.0


def contents(folder: Path) -> dict[str, Any]:
    """The bytes of all that was written, and the sidecar but for its seconds."""
    files = {path.name: path.read_bytes() for path in folder.glob("q*.jsonl")}
    return files | {"facts": {name: value for name, value in facts_of(folder / "q.jsonl").items() if name != "seconds"}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, nargs="?", help="folder of a causal language model")
    parser.add_argument("--minutes", type=float, default=10, help="about how long a run takes that is not killed")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--documents", type=int, default=90)
    parser.add_argument("--more", type=int, default=50, help="documents added at the end")
    parser.add_argument("--seed", type=int, default=1, help="of the seconds at which it is killed")
    arguments = parser.parse_args()
    # As the command does, before torch is imported: what waits must not stall the others.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    long = (document for document in inpars.open_corpus("python-docs").shuffled(1) if len(document.contents) >= 250)
    documents = list(islice(long, arguments.documents + arguments.more))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = arguments.model or make_model(folder / "model")
        corpus = write_corpus(folder / "corpus.jsonl", documents[: arguments.documents])
        reading, each = probe(model, documents, folder)
        n = max(1, round((60 * arguments.minutes / arguments.documents - reading) / each))
        run(arguments, folder, model, corpus, n)
        before, _ = kept(folder / "killed")
        write_corpus(corpus, documents)
        finish(start(model, corpus, folder / "killed", n))
        asked = kept(folder / "killed")[0] - before
        print(f"\n{arguments.more} documents added: {asked} prompts asked")


def run(arguments: argparse.Namespace, folder: Path, model: Path, corpus: Path, n: int) -> None:
    """One run that is not killed and one that is, compared."""
    whole, killed = folder / "whole", folder / "killed"
    began = time.time()
    finish(start(model, corpus, whole, n))
    took = time.time() - began
    print(f"{arguments.documents} documents, {n} queries each: {took:.0f} s from end to end\n", flush=True)
    print("| kill | after s | answers kept before | and in it | s lost |\n| ---: | ---: | ---: | ---: | ---: |")
    moments, worst, total = random.Random(arguments.seed), 0.0, 0.0
    for number in range(arguments.kills):
        before, _ = kept(killed)
        began = time.time()
        process = start(model, corpus, killed, n)
        try:
            # Such spans that all the kills together come about as the run that is not killed ends.
            process.wait(moments.uniform(0.2, 1.8) * took / (arguments.kills + 1) + 5)
            print(f"| {number + 1} | ended by itself | | | |")
            break
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        at = time.time()
        process.communicate()
        count, last = kept(killed)
        lost = at - max(last, began)
        worst, total = max(worst, lost), total + at - began
        print(f"| {number + 1} | {at - began:.1f} | {before} | {count - before} | {lost:.1f} |", flush=True)
    began = time.time()
    finish(start(model, corpus, killed, n))
    total += time.time() - began
    same = "the same bytes" if contents(whole) == contents(killed) else "OTHER BYTES"
    print(f"\nmost lost at a kill: {worst:.1f} s; all processes together {total:.0f} s; at the end {same}")


if __name__ == "__main__":
    main()
