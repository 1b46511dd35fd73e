"""`inpars v1 generate`: v1's flags and files, with any language model, and no document asked for twice."""

from __future__ import annotations

import json
import math
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer
from v1_models import make_gpt2, v1, v1_process, write_collection

import inpars
from inpars.data.queries import read_synthetic_queries
from inpars.generate.prompts import load_template

sys.path.insert(0, str(Path(__file__).parents[1] / "models" / "language" / "openai"))
from server import Endpoint, Fault, text_choice


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-0123456789abcdef")
    monkeypatch.setenv("INPARS_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    """A loopback server, found as v1's users would set it up."""
    server = Endpoint()
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    yield server
    server.close()


@pytest.fixture(scope="module")
def gpt2(tmp_path_factory: pytest.TempPathFactory, toy_rows: list[dict[str, str]]) -> Path:
    return make_gpt2(tmp_path_factory.mktemp("models") / "gpt2", [row["text"] for row in toy_rows])


@pytest.fixture
def collection_tsv(tmp_path: Path, toy_rows: list[dict[str, str]]) -> Path:
    return write_collection(tmp_path / "collection.tsv", toy_rows[:12])


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def answering(texts: Callable[[str], str]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """What the server answers to a prompt; with `echo` the prompt comes before it."""

    def answer(body: dict[str, Any]) -> dict[str, Any]:
        said = body["prompt"] + " x" if body.get("echo") else texts(body["prompt"])
        choice = text_choice(said)
        if body.get("echo"):
            choice["logprobs"]["token_logprobs"][0] = None
        return {"choices": [choice], "usage": {"prompt_tokens": 9, "completion_tokens": 3}}

    return answer


def test_rows_are_v1s_in_the_collections_order(endpoint: Endpoint, collection_tsv: Path, tmp_path: Path) -> None:
    v1("generate", "--collection", collection_tsv, "--output", tmp_path / "q.jsonl", "--engine", "openai:tiny")
    rows = rows_of(tmp_path / "q.jsonl")
    assert [row["doc_id"] for row in rows] == [f"d{n:02d}" for n in range(12)]
    assert all(set(row) == {"doc_id", "doc_text", "question", "log_probs"} for row in rows)
    texts = dict(line.split("\t") for line in collection_tsv.read_text().splitlines())
    assert all(row["doc_text"] == texts[row["doc_id"]] for row in rows)
    assert all(len(row["log_probs"]) == len(row["question"].split()) for row in rows)


def test_one_window_after_the_other_leaves_nothing_aside(
    endpoint: Endpoint,
    collection_tsv: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("inpars.drop_in.v1.generate.WINDOW", 5)
    v1("generate", "--collection", collection_tsv, "--output", tmp_path / "q.jsonl", "--engine", "openai:tiny")
    assert [row["doc_id"] for row in rows_of(tmp_path / "q.jsonl")] == [f"d{n:02d}" for n in range(12)]
    assert "it is kept as" not in capfd.readouterr().err


def test_the_request_is_greedy_64_tokens_and_ends_at_a_blank_line(
    endpoint: Endpoint, collection_tsv: Path, tmp_path: Path
) -> None:
    v1("generate", "--collection", collection_tsv, "--output", tmp_path / "q.jsonl", "--engine", "openai:tiny")
    (body,) = {json.dumps(seen.body | {"prompt": ""}, sort_keys=True) for seen in endpoint.completions_seen}
    asked = json.loads(body)
    assert (asked["max_tokens"], asked["temperature"], asked["stop"]) == (64, 0.0, ["\n\n"])
    prompt = endpoint.completions_seen[0].body["prompt"]
    assert prompt.startswith("Example 1:\nDocument: We don't know a lot about the effects of caffeine")
    assert prompt.endswith("\nRelevant Query:")


def test_sampling_and_length_flags_reach_the_model(endpoint: Endpoint, collection_tsv: Path, tmp_path: Path) -> None:
    v1(
        "generate", f"--collection={collection_tsv}", f"--output={tmp_path / 'q.jsonl'}", "--engine=openai:tiny",
        "--temperature", "0.7", "--top_p", "0.9", "--max-tokens", "8", "--max_examples", "1_0",
    )  # fmt: skip
    assert len(rows_of(tmp_path / "q.jsonl")) == 10
    body = endpoint.completions_seen[0].body
    assert (body["temperature"], body["top_p"], body["max_tokens"]) == (0.7, 0.9, 8)


def test_documents_too_short_or_too_long_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "collection.tsv"
    path.write_text("a\tshort\nb\tof a middling length\nc\tmuch too long a document for this test\nd\t\n")
    limits = ["--min_doc_chars", "10", "--max_doc_chars", "25"]
    v1("generate", "--collection", path, "--output", tmp_path / "q.jsonl", "--engine", "dummy", *limits)
    assert [row["doc_id"] for row in rows_of(tmp_path / "q.jsonl")] == ["b"]
    v1("generate", "--collection", path, "--output", tmp_path / "all.jsonl", "--engine", "dummy")
    assert [row["doc_id"] for row in rows_of(tmp_path / "all.jsonl")] == ["a", "b", "c"]


def test_a_file_begun_by_v1_is_gone_on_with_by_doc_id(endpoint: Endpoint, collection_tsv: Path, tmp_path: Path) -> None:
    output = tmp_path / "q.jsonl"
    begun = [{"doc_id": f"d0{n}", "doc_text": "x", "question": "what?", "log_probs": [-1.0]} for n in (5, 0, 2)]
    # v1 was killed while it wrote the last line.
    output.write_text("".join(json.dumps(row) + "\n" for row in begun) + '{"doc_id": "d03", "doc_te')
    before = "".join(json.dumps(row) + "\n" for row in begun)
    flags = ["--collection", collection_tsv, "--output", output, "--engine", "openai:tiny"]
    v1("generate", *flags, "--max_examples", 8)
    assert output.read_text().startswith(before)
    assert [row["doc_id"] for row in rows_of(output)[3:]] == ["d01", "d03", "d04", "d06", "d07"]
    asked = len(endpoint.completions_seen)
    assert asked == 5
    v1("generate", *flags, "--max_examples", 8)
    assert len(endpoint.completions_seen) == asked
    v1("generate", *flags)
    assert sorted(row["doc_id"] for row in rows_of(output)) == [f"d{n:02d}" for n in range(12)]
    assert len(endpoint.completions_seen) == 9


def test_a_kill_loses_and_repeats_no_document(
    endpoint: Endpoint, toy_rows: list[dict[str, str]], tmp_path: Path
) -> None:
    texts = [(part, row) for part in range(19) for row in toy_rows]
    rows = [{"_id": f"{part}-{row['_id']}", "text": f"{row['text']} Part {part}."} for part, row in texts]
    path, output = write_collection(tmp_path / "c.tsv", rows), tmp_path / "q.jsonl"
    flags = ["generate", "--collection", path, "--output", output, "--engine", "openai:tiny", "--openai.concurrency", 4]
    process = v1_process(*flags)
    deadline = time.monotonic() + 60
    # The output has its first thousand and the next ones are under way.
    while not (output.exists() and len(endpoint.completions_seen) > 1050) and time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    done = len(output.read_text().splitlines())
    assert 0 < done < len(rows)
    v1(*flags)
    ids = [row["doc_id"] for row in rows_of(output)]
    assert ids == [row["_id"] for row in rows]
    # What was answered came from the cache; only what was under way at the kill is asked for again.
    assert len(endpoint.completions_seen) <= len(rows) + 8


def test_errors_are_tried_again_and_never_written_as_questions(
    endpoint: Endpoint, collection_tsv: Path, tmp_path: Path
) -> None:
    output = tmp_path / "q.jsonl"
    documents = collection_tsv.read_text().splitlines()
    bad = documents[3].split("\t")[1]
    endpoint.faults = lambda seen, attempt: Fault(400) if bad in seen.body["prompt"] else None
    flags = ["--collection", collection_tsv, "--output", output, "--engine", "openai:tiny"]
    v1("generate", *flags)
    assert len(rows_of(output)) == 11
    assert [row["doc_id"] for row in rows_of(tmp_path / "q.errors.jsonl")] == ["d03"]
    endpoint.faults = lambda seen, attempt: None
    v1("generate", *flags)
    assert rows_of(output)[-1]["doc_id"] == "d03"
    assert not (tmp_path / "q.errors.jsonl").exists()


def test_an_answer_without_a_question_is_dropped_with_its_reason_and_not_asked_for_again(
    endpoint: Endpoint, collection_tsv: Path, tmp_path: Path
) -> None:
    endpoint.answer = answering(lambda prompt: " \n")
    flags = ["--collection", collection_tsv, "--output", tmp_path / "q.jsonl", "--engine", "openai:tiny"]
    v1("generate", *flags)
    assert {row["reason"] for row in rows_of(tmp_path / "q.dropped.jsonl")} == {"empty answer"}
    assert not (tmp_path / "q.jsonl").exists()
    v1("generate", *flags)
    assert len(rows_of(tmp_path / "q.dropped.jsonl")) == 12


def test_good_bad_asks_with_bad_questions_and_splits_the_answer(
    endpoint: Endpoint, collection_tsv: Path, tmp_path: Path
) -> None:
    said = " What is the lift of a wing?\nBad Question: what is lift?\nBad Question: lift?"
    endpoint.answer = answering(lambda prompt: said)
    flags = ["--collection", collection_tsv, "--output", tmp_path / "q.jsonl", "--engine", "openai:tiny"]
    v1("generate", *flags, "--good_bad")
    assert endpoint.completions_seen[0].body["prompt"].endswith("Good Question:")
    for row in rows_of(tmp_path / "q.jsonl"):
        assert row["question"] == "What is the lift of a wing?"
        assert row["bad_question"] == "what is lift?"
        assert len(row["log_probs"]) == 7


def test_a_prompt_of_v1s_form_is_used_as_it_stands(endpoint: Endpoint, collection_tsv: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text('Passage {"a": 1}: {document_text}\nAsk:')
    flags = ["--collection", collection_tsv, "--engine", "openai:tiny", "--max_examples", 1]
    v1("generate", *flags, "--output", tmp_path / "q.jsonl", "--prompt_template", tmp_path / "mine.txt")
    text = rows_of(tmp_path / "q.jsonl")[0]["doc_text"]
    assert endpoint.completions_seen[0].body["prompt"] == f'Passage {{"a": 1}}: {text}\nAsk:'
    assert endpoint.completions_seen[0].body["stop"] == ["\n\n"]
    # v1's own files by name, which its users have no copy of here.
    v1("generate", *flags, "--output", tmp_path / "r.jsonl", "--prompt_template", "prompts/gbq_prompt.txt")
    asked = endpoint.completions_seen[1].body["prompt"]
    assert load_template("inpars-gbq").examples[0].bad_query in asked


def test_v1s_examples_stay_whole_for_a_long_document(endpoint: Endpoint, tmp_path: Path) -> None:
    (tmp_path / "c.tsv").write_text(f"long\t{'wing lift drag ' * 3000}\n")
    v1("generate", "--collection", tmp_path / "c.tsv", "--output", tmp_path / "q.jsonl", "--engine", "openai:tiny")
    prompt = endpoint.completions_seen[0].body["prompt"]
    assert all(example.document in prompt for example in load_template("inpars").examples)
    assert prompt.count("wing lift drag") > 150
    assert prompt.endswith("Relevant Query:")


def test_document_log_probs_of_an_endpoint_are_echoed(endpoint: Endpoint, collection_tsv: Path, tmp_path: Path) -> None:
    endpoint.answer = answering(lambda prompt: " what is it?")
    flags = ["--collection", collection_tsv, "--output", tmp_path / "q.jsonl", "--engine", "openai:tiny"]
    v1("generate", *flags, "--include_doc_probs")
    for row in rows_of(tmp_path / "q.jsonl"):
        # A value for each word but the first, and none for the word that was written after them.
        words = len(row["doc_text"].split())
        assert row["doc_log_probs"] == pytest.approx([-0.1 * n for n in range(2, words + 1)])


def test_document_log_probs_of_a_model_here_are_its_own(gpt2: Path, collection_tsv: Path, tmp_path: Path) -> None:
    options = ["--transformers.precision", "fp32", "--max_examples", 3, "--max_tokens", 4]
    flags = ["--collection", collection_tsv, "--output", tmp_path / "q.jsonl", "--engine", gpt2, *options]
    v1("generate", *flags, "--include-doc-probs")
    model, tokenizer = AutoModelForCausalLM.from_pretrained(gpt2), AutoTokenizer.from_pretrained(gpt2)
    rows = rows_of(tmp_path / "q.jsonl")
    assert rows
    for row in rows:
        ids = tokenizer(row["doc_text"], return_tensors="pt")["input_ids"]
        with torch.no_grad():
            loss = float(model(input_ids=ids, labels=ids).loss)
        assert len(row["doc_log_probs"]) == ids.shape[1] - 1
        assert math.fsum(row["doc_log_probs"]) / len(row["doc_log_probs"]) == pytest.approx(-loss, rel=1e-4)


@pytest.mark.parametrize("more", [["--openai.api", "chat"], []])
def test_a_server_that_echoes_nothing_is_told_of(
    endpoint: Endpoint, collection_tsv: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], more: list[str]
) -> None:
    flags = ["--collection", collection_tsv, "--output", tmp_path / "q.jsonl", "--engine", "openai:tiny"]
    v1("generate", *flags, "--include_doc_probs", *more, code=2)
    assert "does not tell the log-probabilities" in capfd.readouterr().err


@pytest.mark.parametrize("engine", [[], ["--engine", "curie"], ["--engine", "text-davinci-003"]])
def test_engines_that_no_longer_exist_are_named_and_nothing_stands_in_for_them(
    collection_tsv: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], engine: list[str]
) -> None:
    v1("generate", "--collection", collection_tsv, "--output", tmp_path / "q.jsonl", *engine, code=2)
    said = capfd.readouterr().err
    assert "no longer exists" in said
    assert "--engine: openai:NAME" in said
    assert os.listdir(tmp_path) == ["collection.tsv"]


def test_sleep_time_is_the_pace_of_requests(endpoint: Endpoint, collection_tsv: Path, tmp_path: Path) -> None:
    flags = ["--collection", collection_tsv, "--output", tmp_path / "q.jsonl", "--engine", "openai:tiny"]
    v1("generate", *flags, "--max_examples", 4, "--sleep_time", "0.3")
    times = sorted(seen.at for seen in endpoint.completions_seen)
    assert times[-1] - times[0] >= 0.55


def test_the_file_loads_as_ours(endpoint: Endpoint, collection_tsv: Path, tmp_path: Path) -> None:
    v1("generate", "--collection", collection_tsv, "--output", tmp_path / "q.jsonl", "--engine", "openai:tiny")
    queries = list(read_synthetic_queries(tmp_path / "q.jsonl"))
    assert all(query.query and query.log_probs and query.doc_text for query in queries)
    kept = inpars.filter(tmp_path / "q.jsonl", tmp_path / "k.jsonl", methods=["scores"])
    assert len(list(read_synthetic_queries(kept))) == 12


def test_an_unknown_flag_is_told_with_the_nearest_one(
    collection_tsv: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    v1("generate", "--collection", collection_tsv, "--output", tmp_path / "q.jsonl", "--engin", "dummy", code=2)
    out = capfd.readouterr()
    assert "--engine" in out.out + out.err


@pytest.mark.parametrize(("output", "said"), [("collection.tsv", "the place of the input"), ("", "is a folder")])
def test_an_output_that_cannot_be_is_refused(
    collection_tsv: Path, output: str, said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    before, path = collection_tsv.read_bytes(), collection_tsv.parent / output
    v1("generate", "--collection", collection_tsv, "--output", path, "--engine", "dummy", code=2)
    assert said in capfd.readouterr().err
    assert collection_tsv.read_bytes() == before
