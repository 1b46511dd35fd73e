"""Query generation by the transformers backend, beside the InPars Toolkit's own loop.

    python benchmarks/generation.py [--documents 256] [--parts 4] [--rounds 4] [--threads 1]

The model is GPT-2-small-shaped with random weights, its tokenizer trained on the documents:
docstrings of the standard library of 250 characters or more. Both systems write 64 tokens for each,
greedily, with the `inpars` prompt. The toolkit is `inpars==0.2.1` from the package index, in a folder
of its own, with three patches in memory: the templates that its wheel lacks, no download of few-shot
examples that this prompt does not use, and no `return_dict`, which transformers no longer takes.

The toolkit takes the documents one after the other, so that it does one part of them in each round
(with as many rounds as parts, all of them); ours takes them together, all of them in every round.
Within a round the systems follow one another. Prints Markdown tables: documents a second with ratios of
medians over the rounds, where our time goes, and how far that is from the matrix products this
machine can do.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

from side_by_side import in_process, install_peer, matmul_peak, timed

NEW_TOKENS = 64
LIMITS = {"max_doc_length": 256, "max_query_length": 200, "max_prompt_length": 2048, "max_new_tokens": NEW_TOKENS}
SYSTEMS = {
    "toolkit, batch 1": ("toolkit", "1"),
    "toolkit, batch 8": ("toolkit", "8"),
    "inpars fp32": ("ours", "fp32"),
    "inpars bf16": ("ours", "bf16"),
}


def make_parts(folder: Path, documents: int) -> None:
    """A model, its tokenizer and the documents."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

    import inpars

    corpus = inpars.open_corpus("python-docs")
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=10_000, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    texts = [document.contents for document in corpus]
    tokenizer.train_from_iterator([*texts, toolkit_template()], trainer)
    # GPT-2's size of vocabulary: tokens beyond the trained ones can be written, not read.
    state = json.loads(tokenizer.to_str())
    vocabulary = state["model"]["vocab"]
    vocabulary |= {f"Ġ@{number}": number for number in range(len(vocabulary), 50_256)}
    vocabulary["<|endoftext|>"] = 50_256
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(json.dumps(state)),
        eos_token="<|endoftext|>",
        bos_token="<|endoftext|>",
        model_max_length=1024,
    )
    # The toolkit ends a query at token 198, which is GPT-2's line end.
    assert wrapped.encode("\n") == [198]
    torch.manual_seed(0)
    GPT2LMHeadModel(GPT2Config(eos_token_id=50_256, bos_token_id=50_256)).save_pretrained(folder / "model")
    wrapped.save_pretrained(folder / "model")
    long = (document for document in corpus.shuffled(1) if len(document.contents) >= 250)
    with (folder / "documents.jsonl").open("w") as stream:
        for document in islice(long, documents):
            stream.write(json.dumps([document.doc_id, " ".join(document.contents.split())]) + "\n")


def toolkit_template() -> str:
    from inpars.data.records import Document
    from inpars.generate.prompts import Prompter, load_template
    from inpars.models.language.tokenizers import EstimatedTokenizer

    prompter = Prompter(load_template("inpars"), [], EstimatedTokenizer(), **LIMITS)
    return prompter.prompt(Document("", "{document}")).text + " {query}\n"


def add_templates(peer: Path) -> None:
    """The file of prompts that the toolkit's wheel lacks."""
    prompts = peer / "prompts"
    prompts.mkdir()
    prompts.joinpath("templates.yaml").write_text(
        json.dumps({"inpars": {"mode": "static", "template": toolkit_template()}})
    )


def with_toolkit(folder: Path, documents: list[list[str]], batch_size: str) -> tuple[float, list[str], dict[str, Any]]:
    import inpars.inpars as toolkit
    from transformers import GPT2LMHeadModel

    generate = GPT2LMHeadModel.generate
    GPT2LMHeadModel.generate = lambda self, *a, return_dict=None, **options: generate(self, *a, **options)
    toolkit.load_examples = lambda *a, **k: []
    model = toolkit.InPars(
        base_model=str(folder / "model"), prompt="inpars", n_fewshot_examples=0, device="cpu", **LIMITS
    )
    started = time.perf_counter()
    rows = model.generate([d[1] for d in documents], [d[0] for d in documents], batch_size=int(batch_size))
    return time.perf_counter() - started, [row["query"] for row in rows], {}


def with_ours(folder: Path, documents: list[list[str]], precision: str) -> tuple[float, list[str], dict[str, Any]]:
    from inpars.data.records import Document
    from inpars.generate.backends.prompted import Prompted
    from inpars.generate.config import GenerateConfig
    from inpars.generate.prompts import load_template
    from inpars.models.language.options import TransformersOptions
    from inpars.models.language.transformers import TransformersModel
    from inpars.models.language.transformers.rows import Row

    options = TransformersOptions(precision=precision, devices=("cpu",))
    model = TransformersModel.load(str(folder / "model"), options)
    backend = Prompted(GenerateConfig(**LIMITS), model, load_template("inpars"), [])
    writer = model.writer
    seconds = dict.fromkeys(("prompts and tokens", "filling", "steps", "text"), 0.0)

    model._encode = timed(seconds, "prompts and tokens", model._encode)
    writer._encode = timed(seconds, "filling", writer._encode)
    writer._step = timed(seconds, "steps", writer._step)
    Row.add = timed(seconds, "text", Row.add)
    started = time.perf_counter()
    written = {each.doc_id: each for each in backend.write(Document(*document) for document in documents)}
    took = time.perf_counter() - started
    seconds["the rest"] = took - sum(seconds.values())
    usage = [each.usage for each in written.values()]
    counts = {
        name: sum(u.get(name, 0) for u in usage) for name in ("prompt_tokens", "cached_tokens", "completion_tokens")
    }
    queries = [written[doc_id].queries for doc_id, _ in documents]
    return took, [found[0].query if found else "" for found in queries], {"seconds": seconds} | counts


def operations(facts: dict[str, Any], documents: int) -> float:
    """GFLOP a document: linear layers of every token, the output matrix of written ones, attention."""
    layers, width, vocabulary = 12, 768, 50_257
    shared = facts["cached_tokens"] / documents
    own = facts["prompt_tokens"] / documents - shared
    new = facts["completion_tokens"] / documents
    linear = 2 * 12 * width * width * layers * (own + new)
    seen = shared + (own + new) / 2
    return (linear + 2 * width * vocabulary * new + 4 * width * layers * seen * (own + new)) / 1e9


def one(arguments: argparse.Namespace) -> None:
    import torch

    torch.set_num_threads(arguments.threads)
    system, how, part = arguments.one
    folder = Path(arguments.folder)
    lines = (folder / "documents.jsonl").read_text().splitlines()
    size = -(-len(lines) // arguments.parts)
    if system == "toolkit":
        lines = lines[int(part) * size : (int(part) + 1) * size]
    documents = [json.loads(line) for line in lines]
    if system == "peak":
        print(json.dumps(matmul_peak()))
        return
    took, queries, facts = (with_toolkit if system == "toolkit" else with_ours)(folder, documents, how)
    print(
        json.dumps(
            {"system": system, "rate": len(documents) / took, "documents": len(documents), "queries": queries, **facts}
        )
    )


def run(arguments: argparse.Namespace, folder: Path, system: str, how: str, part: int) -> Any:
    own = ["--parts", arguments.parts, "--one", system, how, part]
    return in_process(__file__, own, folder=folder, threads=arguments.threads, peer=system == "toolkit")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=256)
    parser.add_argument("--parts", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--systems", nargs="+", default=list(SYSTEMS), choices=list(SYSTEMS))
    parser.add_argument("--folder", default="", help=argparse.SUPPRESS)
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        one(arguments)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_parts(folder, arguments.documents)
        add_templates(install_peer(folder, "ftfy", "wcwidth"))
        found: dict[str, list[Any]] = {system: [] for system in arguments.systems}
        peaks = []
        for part in range(arguments.rounds):
            peaks.append(run(arguments, folder, "peak", "", part))
            for system in arguments.systems:
                found[system].append(run(arguments, folder, *SYSTEMS[system], part))
                print(f"round {part}: {system}: {found[system][-1]['rate']:.3f} documents/s", file=sys.stderr)
    report(arguments, found, peaks)


def written(rounds: list[Any]) -> list[str]:
    """The queries of a system for all documents it took, in order."""
    whole = SYSTEMS["toolkit, batch 1"][0] != rounds[0]["system"]
    return rounds[0]["queries"] if whole else [query for each in rounds for query in each["queries"]]


def report(arguments: argparse.Namespace, found: dict[str, list[Any]], peaks: list[Any]) -> None:
    libraries = ", ".join(f"{library} {version(library)}" for library in ("torch", "transformers"))
    print(f"{arguments.documents} documents, {arguments.rounds} rounds, {arguments.threads} thread(s), {libraries}\n")
    rates = {system: median(part["rate"] for part in parts) for system, parts in found.items()}
    base = next(iter(found))
    print(f"| | documents/s | s a document | to {base} | same queries |\n| --- | ---: | ---: | ---: | ---: |")
    for system, rate in rates.items():
        same = [a == b for a, b in zip(written(found[system]), written(found[base]), strict=False)]
        print(f"| {system} | {rate:.3f} | {1 / rate:.3f} | {rate / rates[base]:.1f} | {sum(same)} of {len(same)} |")
    ours = [system for system in found if SYSTEMS[system][0] == "ours"]
    if not ours:
        return
    names = list(found[ours[0]][0]["seconds"])
    print("\n| ms a document | " + " | ".join(names) + " | GFLOP | GFLOP/s | matmul peak | share |")
    print("| --- |" + " ---: |" * (len(names) + 4))
    for system in ours:
        parts = found[system]
        count = sum(part["documents"] for part in parts)
        spent = [f"{1000 * sum(part['seconds'][name] for part in parts) / count:.0f}" for name in names]
        facts = {
            name: sum(part[name] for part in parts) for name in ("prompt_tokens", "cached_tokens", "completion_tokens")
        }
        work, peak = operations(facts, count), median(each[SYSTEMS[system][1]] for each in peaks)
        speed = work * rates[system]
        print(f"| {system} | " + " | ".join(spent) + f" | {work:.1f} | {speed:.0f} | {peak:.0f} | {speed / peak:.0%} |")
        tokens = {name: round(value / count) for name, value in facts.items()}
        print(f"\n{system}: tokens a document: {tokens}\n", file=sys.stderr)


if __name__ == "__main__":
    main()
