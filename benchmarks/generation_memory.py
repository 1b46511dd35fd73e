"""Peak memory of `generate` for few documents and for many, beside the toolkit's way of holding all of them.

    python benchmarks/generation_memory.py [--documents 1000 20000] [--runs 3]

Writes a JSONL file of made-up documents (about 1 kB each) into a temporary folder and generates
queries for the first so many of them, each time in a process of its own. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

SIZES = (1_000, 20_000)
WAYS = ("dummy", "extractive", "all in memory")


def write_corpus(path: Path, documents: int) -> None:
    random_ = random.Random(7)
    words = ["".join(random_.choices("aeioubcdfglmnprstv", k=random_.randint(3, 9))) for _ in range(5_000)]
    with path.open("w", encoding="utf-8") as stream:
        for number in range(documents):
            text = ". ".join(" ".join(random_.choices(words, k=15)) for _ in range(10))
            stream.write(json.dumps({"_id": f"d{number}", "text": text}) + "\n")


def generate(way: str, corpus: str, documents: int, output: str) -> None:
    """`all in memory` builds every prompt, keeps every result and writes at the end, as the toolkit does."""
    import inpars

    if way != "all in memory":
        inpars.generate(corpus, output, backend=way, max_generations=documents)
        return
    from inpars.generate.prompts import Prompter, load_template
    from inpars.models.language.base import Sampling
    from inpars.models.language.dummy import DummyModel

    limits = {"max_doc_length": 256, "max_query_length": 200, "max_prompt_length": 2048, "max_new_tokens": 64}
    model = DummyModel()
    prompter = Prompter(load_template("inpars"), [], model.tokenizer, **limits)
    prompts = [prompter.prompt(document).prompt for document in inpars.open_corpus(corpus).sample(documents, 1)]
    answers = list(model.complete(prompts, Sampling(stop=("\n",))))
    rows = [
        json.dumps({"prompt": prompt.text, "query": answer.completions[0].text, "doc_id": prompt.key})
        for prompt, answer in zip(prompts, answers, strict=True)
    ]
    Path(output).write_text("\n".join(rows))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, nargs="+", default=SIZES)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--one", nargs=3, metavar=("WAY", "CORPUS", "DOCUMENTS"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if arguments.one:
            way, corpus, documents = arguments.one
            generate(way, corpus, int(documents), f"{folder}/queries.jsonl")
            print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
            return
        corpus = Path(folder) / "corpus.jsonl"
        write_corpus(corpus, max(arguments.documents))
        found: dict[tuple[str, int], list[float]] = {}
        for _ in range(arguments.runs):
            for documents in arguments.documents:
                for way in WAYS:
                    command = [sys.executable, __file__, "--one", way, str(corpus), str(documents)]
                    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
                    found.setdefault((way, documents), []).append(float(printed))
    print("| | " + " | ".join(f"{documents:,} documents" for documents in arguments.documents) + " | ratio |")
    print("| --- |" + " ---: |" * (len(arguments.documents) + 1))
    for way in WAYS:
        peaks = [median(found[way, documents]) for documents in arguments.documents]
        print(f"| {way} | " + " | ".join(f"{peak:.0f} MB" for peak in peaks) + f" | {peaks[-1] / peaks[0]:.2f} |")


if __name__ == "__main__":
    main()
