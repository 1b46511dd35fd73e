"""The toolkit's generate: its flags as our options, and rows with its columns."""

from __future__ import annotations

import json

import pytest

from inpars.data.artifacts import facts_of
from inpars.data.queries import read_synthetic_queries
from inpars.drop_in.toolkit.flags import read_flags
from inpars.drop_in.toolkit.generate import GenerateFlags, stage_options
from inpars.generate.config import GenerateConfig


def options_of(arguments=""):
    flags = read_flags(GenerateFlags, "generate", f"--dataset=x --output=o {arguments}".split())
    return GenerateConfig(**stage_options(flags))


def test_the_toolkits_defaults_reach_the_stage():
    options = options_of()
    assert options.model == "EleutherAI/gpt-j-6B"
    assert (options.prompt, options.n_fewshot_examples, options.seed) == ("inpars", 3, 1)
    assert (options.max_doc_length, options.max_query_length, options.max_prompt_length) == (256, 200, 2048)
    assert (options.max_new_tokens, options.max_generations) == (64, 100_000)
    assert (options.queries_per_document, options.temperature) == (1, 0)
    assert options.transformers.precision == "auto"
    assert options.fewshot == "auto"


def test_every_flag_reaches_the_stage():
    options = options_of(
        "--base_model gpt2 --prompt inpars-gbq --n_fewshot_examples 2 --max_doc_length 10 "
        "--max_query_length 11 --max_prompt_length 12 --max_new_tokens 13 --max_generations 1_4 "
        "--seed 15 --revision abc --fp16 "
        "--torch_compile --device cuda:1 --fewshot mine.jsonl"
    )
    assert options.fewshot == "mine.jsonl"
    assert (options.model, options.prompt, options.n_fewshot_examples) == ("gpt2", "inpars-gbq", 2)
    assert (options.max_doc_length, options.max_query_length, options.max_prompt_length) == (10, 11, 12)
    assert (options.max_new_tokens, options.max_generations, options.seed) == (13, 14, 15)
    how = options.transformers
    assert (how.revision, how.precision, how.compile, how.devices) == ("abc", "fp16", True, ("cuda:1",))
    assert options_of("--int8 --fp16").transformers.precision == "int8"


def test_promptagators_examples_are_shuffled_for_each_document_and_no_others():
    assert options_of("--prompt=promptagator-fiqa").shuffle_examples
    assert not options_of().shuffle_examples


def test_rows_have_the_toolkits_columns_and_ours_can_read_them(queries, toy_rows):
    rows = [json.loads(line) for line in queries.read_text().splitlines()]
    assert len(rows) > 50
    for row in rows:
        assert {"query", "log_probs", "prompt_text", "doc_id", "fewshot_examples", "text"} <= row.keys()
        assert row["prompt_text"].endswith("Relevant Query:")
        assert "doc_text" not in row
    texts = {row["_id"]: f"{row['title']} {row['text']}" for row in toy_rows}
    assert all(query.doc_text == texts[query.doc_id] for query in read_synthetic_queries(queries))


def test_the_same_command_again_changes_nothing(typed, queries, toy_corpus, tiny_models, capsys):
    before = queries.read_bytes()
    typed(
        "generate", f"--dataset={toy_corpus}", f"--base_model={tiny_models / 'gpt2'}", "--max_new_tokens", 12,
        "--output", queries, "--device=cpu",
    )  # fmt: skip
    assert "up to date" in capsys.readouterr().err
    assert queries.read_bytes() == before


def test_a_corpus_file_with_doc_id_and_text_will_do_and_its_ids_stay_strings(typed, tiny_models, tmp_path):
    corpus = tmp_path / "corpus.csv"
    corpus.write_text("doc_id,text\n007,lift and drag of a slender wing\n8,heat flow in a flat plate\n")
    typed(
        "generate", "--dataset", corpus, "--base_model", tiny_models / "gpt2", "--max_generations=10",
        "--max_new_tokens=5", "--output", tmp_path / "q.jsonl",
    )  # fmt: skip
    assert {query.doc_id for query in read_synthetic_queries(tmp_path / "q.jsonl")} <= {"007", "8"}
    assert facts_of(tmp_path / "q.jsonl")["documents"] == 2


def test_the_advice_to_give_examples_of_ones_own_names_a_flag_that_there_is(
    typed, write_jsonl, tiny_models, tmp_path, capsys
):
    corpus = write_jsonl([{"doc_id": str(n), "text": f"the lift of wing {n}"} for n in range(3)], "c.jsonl")
    examples = write_jsonl([{"query": "what lifts a wing", "document": "flow over it"}], "mine.jsonl")
    command = (
        "generate", "--dataset", corpus, "--base_model", tiny_models / "gpt2", "--prompt", "promptagator-fiqa",
        "--n_fewshot_examples=1", "--max_new_tokens=4", "--output", tmp_path / "out.jsonl",
    )  # fmt: skip
    with pytest.raises(SystemExit):
        typed(*command)
    assert "--fewshot FILE" in capsys.readouterr().err
    typed(*command, "--fewshot", examples)
    assert (tmp_path / "out.jsonl").is_file()


def test_the_corpus_is_never_overwritten(typed, write_jsonl, tiny_models, capsys):
    corpus = write_jsonl([{"doc_id": "0", "text": "lift"}], "c.jsonl")
    before = corpus.read_bytes()
    with pytest.raises(SystemExit):
        typed("generate", "--dataset", corpus, "--base_model", tiny_models / "gpt2", "--output", corpus)
    assert "the place of the input" in capsys.readouterr().err
    assert corpus.read_bytes() == before
