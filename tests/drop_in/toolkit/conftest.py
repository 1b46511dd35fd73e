"""Tiny models and the files that the toolkit's commands make of them, one after the other."""

from __future__ import annotations

import json
import runpy
from collections.abc import Callable
from pathlib import Path

import pytest

from inpars.drop_in.toolkit import main

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"


@pytest.fixture(scope="session")
def typed() -> Callable[..., None]:
    """Carry out one of the toolkit's commands as it would be typed."""

    def run(command: str, *arguments: object) -> None:
        main(command, [str(argument) for argument in arguments])

    return run


@pytest.fixture(scope="session")
def tiny_models(toy_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `gpt2` and `t5`, made as the example makes them."""
    if not EXAMPLES.is_dir():
        pytest.skip("needs the examples, which only a checkout has")
    folder = tmp_path_factory.mktemp("tiny")
    runpy.run_path(str(EXAMPLES / "tiny_models.py"))["make"](str(toy_corpus), folder)
    return folder


@pytest.fixture(scope="session")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the session's files lie."""
    return tmp_path_factory.mktemp("work")


@pytest.fixture(scope="session")
def queries(typed: Callable[..., None], toy_corpus: Path, tiny_models: Path, work: Path) -> Path:
    """What generate writes for all sixty documents."""
    output = work / "queries.jsonl"
    typed(
        "generate", f"--dataset={toy_corpus}", f"--base_model={tiny_models / 'gpt2'}", "--prompt=inpars",
        "--max_new_tokens", 12, "--device", "cpu", "--output", output,
    )  # fmt: skip
    return output


@pytest.fixture(scope="session")
def sensible(toy_rows: list[dict[str, str]], work: Path) -> Path:
    """A file as the toolkit's generate writes it, with queries that BM25 finds something for."""
    rows = [
        {
            "doc_id": row["_id"],
            "text": f"{row['title']} {row['text']}",
            "query": f"{' '.join(row['text'].split()[:3])} {row['text'].split()[-1]}",
            "log_probs": [-1.0, -0.5, -0.25, -float(row["_id"][1:])],
            "prompt_text": "",
            "fewshot_examples": [],
        }
        for row in toy_rows
    ]
    path = work / "sensible.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture(scope="session")
def triples(typed: Callable[..., None], toy_corpus: Path, sensible: Path, work: Path) -> Path:
    """What generate_triples writes for them."""
    output = work / "triples.tsv"
    typed("generate_triples", "--input", sensible, "--dataset", toy_corpus, "--output", output, "--n_samples", 5)
    return output


@pytest.fixture(scope="session")
def reranker(typed: Callable[..., None], triples: Path, tiny_models: Path, work: Path) -> Path:
    """What train makes of them."""
    output = work / "reranker"
    typed(
        "train", f"--triples={triples}", f"--base_model={tiny_models / 't5'}", f"--output_dir={output}/",
        "--max_steps=2", "--learning_rate=1e-3", "--save_steps=100", "--logging_steps=1", "--use_cpu",
    )  # fmt: skip
    return output
