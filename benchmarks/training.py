"""Training a seq2seq reranker on a processor, beside the toolkit's trainer: examples a second and the loss.

    python benchmarks/training.py [--steps 156] [--threads 2] [--systems ...]

A T5-small-shaped model with random weights learns from queries extracted from scifact, each with its document and one
negative of BM25: 8 passages a step, at most 300 tokens, AdamW at a constant 3e-4, from the same weights. The
toolkit is `train.py` of `inpars==0.2.1` as a script, patched in memory only where it does not run: its trainer takes
its tokenizer by another name. Every system trains in a process of its own, all steps, in `--rounds` rounds; loading and
the scoring of held-out queries before and after are not counted. Losses are those of the first word, which is the only
one that ours learns; the toolkit learns the end of the sentence too. Prints Markdown tables.
"""

from __future__ import annotations

import argparse
import json
import runpy
import shutil
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from statistics import fmean, median
from typing import Any

from side_by_side import in_process, install_peer

COLLECTION = Path(__file__).resolve().parents[1].parent / "shared" / "collections" / "scifact"
SYSTEMS = {
    "toolkit": ("toolkit", "fp32", 0.1),
    "toolkit, no dropout": ("toolkit", "fp32", 0.0),
    "inpars fp32": ("ours", "fp32", 0.0),
    "inpars fp32, dropout 0.1": ("ours", "fp32", 0.1),
    "inpars bf16": ("ours", "bf16", 0.0),
}


def make_parts(folder: Path, steps: int) -> None:
    """The model, and triples in both forms."""
    from small_t5 import make_small_t5

    import inpars
    from inpars.data.triples import export_texts, read_triples

    corpus = inpars.open_corpus(COLLECTION)
    make_small_t5(folder / "t5", (document.contents for document in corpus))
    inpars.generate(corpus, folder / "queries.jsonl", max_generations=4 * steps + 200, seed=3)
    inpars.mine_negatives(folder / "queries.jsonl", corpus, folder / "triples.jsonl", skip_top=10)
    export_texts(folder / "triples.tsv", read_triples(folder / "triples.jsonl"), corpus)


class Watch:
    """Notes when training steps begin and end, and the loss of the first word in each."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.losses: list[float] = []

    def over(self, trainer: type, first_word: Any) -> type:
        """The trainer, watched; `first_word` gives the loss of the first word from the arguments of `compute_loss`."""
        watch = self

        class Watched(trainer):  # type: ignore[misc, valid-type]
            def training_step(self, *args: Any, **kwargs: Any) -> Any:
                watch.times.append(time.perf_counter())
                done = super().training_step(*args, **kwargs)
                watch.times.append(time.perf_counter())
                return done

            def compute_loss(self, model: Any, inputs: Any, return_outputs: bool = False, **kwargs: Any) -> Any:
                loss, own = first_word(super().compute_loss, model, inputs, kwargs)
                watch.losses.append(own)
                return loss

        return Watched

    def told(self, examples: int) -> dict[str, Any]:
        """Examples a second, the losses and the number of steps."""
        steps = len(self.times) // 2
        # The last optimiser step has no mark of its own; it is counted as the mean of the others.
        seconds = (self.times[-1] - self.times[0]) * steps / (steps - 1) if steps > 1 else 0.0
        return {"rate": examples * steps / seconds, "losses": self.losses, "steps": steps}


def with_toolkit(folder: Path, steps: int, dropout: float) -> dict[str, Any]:
    import transformers
    from torch.nn.functional import cross_entropy

    watch = Watch()

    def first_word(compute: Any, model: Any, inputs: Any, kwargs: Any) -> Any:
        loss, outputs = compute(model, inputs, return_outputs=True, **kwargs)
        return loss, float(cross_entropy(outputs["logits"][:, 0].detach(), inputs["labels"][:, 0]))

    class Renamed(watch.over(transformers.Seq2SeqTrainer, first_word)):  # type: ignore[misc]
        def __init__(self, *, tokenizer: Any, **options: Any) -> None:
            super().__init__(processing_class=tokenizer, **options)

    # The module that is imported from is not the one that `import` gives: it was replaced by a lazy one.
    sys.modules["transformers"].Seq2SeqTrainer = Renamed  # type: ignore[attr-defined]
    base = with_dropout(folder / "t5", dropout)
    flags = {"triples": folder / "triples.tsv", "base_model": base, "output_dir": folder / "toolkit"}
    flags |= {"max_steps": steps, "per_device_train_batch_size": 8, "learning_rate": 3e-4, "weight_decay": 5e-5}
    flags |= {"lr_scheduler_type": "constant", "save_strategy": "no", "report_to": "none", "use_cpu": True}
    sys.argv = ["train", *(f"--{name}={value}" for name, value in flags.items())]
    runpy.run_module("inpars.train", run_name="__main__")
    return watch.told(8)


def with_dropout(model: Path, dropout: float) -> Path:
    """A copy of the model with that rate in its configuration, which is where the toolkit takes it from."""
    copy = model.with_name(f"{model.name}-{dropout}")
    shutil.copytree(model, copy, dirs_exist_ok=True)
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps(config | {"dropout_rate": dropout}))
    return copy


def with_ours(folder: Path, steps: int, precision: str, dropout: float, output: str) -> dict[str, Any]:
    import inpars
    from inpars.train.families import seq2seq

    watch = Watch()

    def first_word(compute: Any, model: Any, inputs: Any, kwargs: Any) -> Any:
        loss = compute(model, inputs, **kwargs)
        return loss, float(loss.detach())

    seq2seq.Seq2SeqTrainer = watch.over(seq2seq.Seq2SeqTrainer, first_word)
    inpars.train(
        folder / "triples.jsonl",
        COLLECTION,
        output,
        family="seq2seq",
        base_model=str(folder / "t5"),
        max_steps=steps,
        batch_size=4,
        max_length=300,
        held_out_queries=10,
        held_out_depth=2,
        precision=precision,
        dropout=dropout,
        device="cpu",
    )
    return watch.told(8)


def one(arguments: argparse.Namespace) -> None:
    import torch

    torch.set_num_threads(arguments.threads)
    folder = Path(arguments.folder)
    system, precision, dropout = SYSTEMS[arguments.one]
    with tempfile.TemporaryDirectory() as output:
        if system == "toolkit":
            found = with_toolkit(folder, arguments.steps, dropout)
        else:
            found = with_ours(folder, arguments.steps, precision, dropout, f"{output}/model")
    print(json.dumps(found))


def run(arguments: argparse.Namespace, folder: Path, label: str) -> Any:
    return in_process(
        __file__,
        ["--steps", arguments.steps, "--one", label],
        folder=folder,
        threads=arguments.threads,
        peer=label.startswith("toolkit"),
        HF_DATASETS_CACHE=str(folder / "datasets"),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=156)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--systems", nargs="+", default=list(SYSTEMS), choices=list(SYSTEMS))
    parser.add_argument("--folder", default="", help=argparse.SUPPRESS)
    parser.add_argument("--one", default="", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        one(arguments)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_parts(folder, arguments.steps)
        install_peer(folder)
        found: dict[str, list[Any]] = {}
        for number in range(arguments.rounds):
            for label in arguments.systems:
                found.setdefault(label, []).append(run(arguments, folder, label))
                print(f"round {number}: {label}: {found[label][-1]['rate']:.2f} examples/s", file=sys.stderr)
    report(arguments, found)


def report(arguments: argparse.Namespace, found: dict[str, list[Any]]) -> None:
    told = ", ".join(f"{name} {version(name)}" for name in ("torch", "transformers", "accelerate"))
    print(
        f"{arguments.steps} steps of 8 passages, {arguments.rounds} round(s), {arguments.threads} thread(s), {told}\n"
    )
    tenth = max(1, arguments.steps // 8)
    marks = range(0, arguments.steps - tenth + 1, tenth)
    columns = ["", "examples/s", f"to {next(iter(found))}", *(f"loss {m + 1}-{m + tenth}" for m in marks)]
    print("| " + " | ".join(columns) + " |\n| --- |" + " ---: |" * (len(columns) - 1))
    rates = {label: median(each["rate"] for each in rounds) for label, rounds in found.items()}
    base = next(iter(rates.values()))
    for label, rounds in found.items():
        losses = rounds[0]["losses"]
        curve = [f"{fmean(losses[mark : mark + tenth]):.3f}" for mark in marks]
        print(f"| {label} | {rates[label]:.2f} | {rates[label] / base:.1f} | " + " | ".join(curve) + " |")


if __name__ == "__main__":
    main()
