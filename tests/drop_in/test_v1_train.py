"""`inpars v1 train`: monoT5 on v1's triples, evaluated as it trains, results.csv and checkpoints kept."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import ir_measures
import pytest
from v1_models import v1, write_collection

import inpars
from inpars.data.qrels import read_qrels
from inpars.data.queries import read_queries
from inpars.data.runs import read_run, top_k, write_run
from inpars.drop_in.v1.train import TrainFlags
from inpars.train.config import TrainConfig

SMALL = [
    "--per_device_train_batch_size", "8", "--gradient_accumulation_steps", "2", "--device", "cpu",
    "--held_out_queries", "10",
]  # fmt: skip


@pytest.fixture(scope="module")
def t5(tiny_seq2seq: Path) -> Path:
    return tiny_seq2seq


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, toy_rows: list[dict[str, str]]) -> Path:
    """v1's files: a collection, questions, triples of both kinds, and a judged run of four documents a query."""
    folder = tmp_path_factory.mktemp("v1")
    write_collection(folder / "collection.tsv", toy_rows)
    with (folder / "q.jsonl").open("w") as stream:
        for row in toy_rows:
            question = " ".join(row["text"].split()[:4])
            row_of_v1 = {"doc_id": row["_id"], "doc_text": row["text"], "question": question, "log_probs": [-1.0]}
            stream.write(json.dumps(row_of_v1) + "\n")
    outputs = ["--output", folder / "t.tsv", "--output_ids", folder / "t.ids.tsv"]
    v1("triples", "--input", folder / "q.jsonl", "--corpus", folder / "collection.tsv", *outputs, "--n_samples", 2)
    queries = {f"q{n}": " ".join(toy_rows[n]["text"].split()[6:10]) for n in range(6)}
    (folder / "topics.txt").write_text("".join(f"{q}\t{text}\n" for q, text in queries.items()))
    run = {f"q{n}": {f"d{(n + 7 * k) % 60:02d}": 9.0 - k for k in range(4)} for n in range(6)}
    write_run(folder / "run.trec", run, "bm25")
    msmarco = "".join(f"{q}\t{d}\t{r}\n" for q, found in run.items() for r, d in enumerate(found, start=1))
    (folder / "run.tsv").write_text(msmarco)
    # Grade 2 for the source, 1 for what stands second in the run.
    qrels = "".join(f"q{n} 0 d{n:02d} 2\nq{n} 0 d{n + 7:02d} 1\n" for n in range(6))
    (folder / "qrels.txt").write_text(qrels)
    return folder


def watched(data: Path, **other: object) -> list[object]:
    files = {"queries": data / "topics.txt", "qrels": data / "qrels.txt", "run": data / "run.trec"} | other
    return [part for name, value in files.items() for part in (f"--{name}", value)]


def base(data: Path, t5: Path, output: Path) -> list[object]:
    return ["--base_model", t5, "--corpus", data / "collection.tsv", "--output_dir", output, *SMALL]


def results(folder: Path) -> list[dict[str, str]]:
    with (folder / "results.csv").open() as stream:
        return list(csv.DictReader(stream))


def last_step(folder: Path) -> int:
    steps: int = json.loads((folder / "model" / "inpars.json").read_text())["steps"]
    assert steps > 3
    return steps


@pytest.fixture(scope="module")
def trained(data: Path, t5: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("trained") / "model"
    steps = ["--epochs", "1", "--eval_steps", "2", "--save_every_n_steps", "3", "--logging_steps", "2"]
    more = ["--relevance_threshold", "2", "--max_eval_queries", "5", "--max_eval_docs_per_query", "3"]
    triples = ["--triples_train", data / "t.tsv", "--learning_rate", "1e-3", "--per_device_eval_batch_size", "16"]
    # As in v1's own example, the folder has other things in it.
    output.mkdir()
    (output / "collection.tsv").write_text("mine")
    v1("train", *base(data, t5, output), *triples, *watched(data), *steps, *more)
    assert (output / "collection.tsv").read_text() == "mine"
    return output


def test_results_are_kept_for_each_evaluation(trained: Path) -> None:
    rows = results(trained)
    # Before the first step, at every second one, and at the last.
    assert [int(row["step"]) for row in rows] == sorted({*range(0, last_step(trained), 2), last_step(trained)})
    columns = ["step", "recip_rank", "map", "ndcg_cut_10", "ndcg_cut_20", "P_20", "P_30", "MRR@10"]
    assert list(rows[0]) == columns
    losses = [row for row in json.loads((trained / "model" / "learning_curve.json").read_text()) if "loss" in row]
    assert [row["step"] for row in losses][:2] == [2, 4]


def test_results_are_those_of_reranking_the_run_at_the_threshold(
    trained: Path, data: Path, t5: Path, tmp_path: Path
) -> None:
    queries = [q for q in read_queries_of(data) if q.query_id != "q5"]
    run = {q: top_k(scores, 3) for q, scores in read_run(data / "run.trec").items() if q != "q5"}
    write_run(tmp_path / "run.trec", run, "bm25")
    measured, last = {}, str(last_step(trained))
    for name, model in (("0", t5), (last, trained / "model" / f"checkpoint-{last}")):
        scheme = {} if name == last else {"scheme": "monot5"}
        options = {"fusion": "none", "precision": "fp32", "device": "cpu", "top_k": 3, **scheme}
        output = tmp_path / f"{name}.trec"
        inpars.rerank(data / "collection.tsv", queries, output, model=model, run=tmp_path / "run.trec", **options)
        names = {"recip_rank": "RR(rel=2)", "map": "AP(rel=2)", "ndcg_cut_10": "nDCG@10", "P_20": "P(rel=2)@20"}
        qrels = {q: grades for q, grades in read_qrels(data / "qrels.txt").items() if q != "q5"}
        measures = {column: ir_measures.parse_measure(measure) for column, measure in names.items()}
        found = ir_measures.calc_aggregate(list(measures.values()), qrels, read_run(output))
        measured[name] = {column: found[measure] for column, measure in measures.items()}
    for row in results(trained):
        for column, value in measured.get(row["step"], {}).items():
            assert float(row[column]) == pytest.approx(value, abs=1e-4), (row["step"], column)
    assert 0 < measured["0"]["P_20"] <= 1 / 20


def read_queries_of(data: Path) -> list[Any]:
    path = data / "topics.tsv"
    path.write_text((data / "topics.txt").read_text())
    return read_queries(path)


def test_checkpoints_are_kept_every_n_steps_and_say_how_they_are_asked(trained: Path) -> None:
    kept = sorted(path.name for path in (trained / "model").glob("checkpoint-*"))
    assert kept == ["checkpoint-3", f"checkpoint-{last_step(trained)}"]
    for name in kept:
        assert json.loads((trained / "model" / name / "inpars_scorer.json").read_text())["positive"] == "true"


def test_the_judged_queries_choose_nothing(trained: Path, data: Path, t5: Path, tmp_path: Path) -> None:
    steps = ["--epochs", "1", "--eval_steps", "4", "--save_every_n_steps", "3", "--learning_rate", "1e-3"]
    v1("train", *base(data, t5, tmp_path / "m"), "--triples_train", data / "t.ids.jsonl", *steps)
    v1("train", *base(data, t5, tmp_path / "w"), "--triples_train", data / "t.ids.jsonl", *steps, *watched(data))
    facts = [json.loads((tmp_path / name / "model" / "inpars.json").read_text()) for name in ("m", "w")]
    assert facts[0]["weights"] == facts[1]["weights"]
    assert facts[0]["candidates"] == facts[1]["candidates"]
    assert not (tmp_path / "m" / "results.csv").exists()


def test_training_is_v1s_gpu_recipe_where_nothing_is_said(data: Path, t5: Path, tmp_path: Path) -> None:
    output = tmp_path / "model"
    flags = ["--base_model", t5, "--corpus", data / "collection.tsv", "--output_dir", output, "--device", "cpu"]
    v1("train", *flags, "--triples_train", data / "t.ids.jsonl", "--held_out_queries", "10")
    options = json.loads((tmp_path / "model" / "model.meta.json").read_text())["options"]
    expected = {
        "family": "seq2seq",
        "scheme": "monot5",
        "learning_rate": 3e-4,
        "weight_decay": 5e-5,
        "scheduler": "constant",
        "batch_size": 64,
        "micro_batch_size": 4,
        "max_length": 512,
        "epochs": 1.0,
        "eval_every": 100,
        "keep_every": 100,
        "negatives_per_query": 1,
        "dropout": 0.1,
        "keep": "last",
    }
    assert {name: options[name] for name in expected} == expected
    assert TrainConfig(**options).optimizer.startswith("adamw")


def test_the_last_steps_weights_are_kept_or_the_best_where_the_flag_says_so(
    trained: Path, data: Path, t5: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    facts = json.loads((trained / "model" / "inpars.json").read_text())
    assert (facts["best_step"], facts["tuned"]) == (last_step(trained), True)
    flags = [*base(data, t5, tmp_path / "m"), "--triples_train", data / "t.tsv", *watched(data)]
    for keep, said in (("best", "weights are chosen on held-out synthetic ones"), ("last", "the last step's weights")):
        v1("train", *flags, "--keep", keep)
        assert f"the judged queries are only watched; {said}" in capfd.readouterr().err
        options = json.loads((tmp_path / "m" / "model.meta.json").read_text())["options"]
        assert options["keep"] == keep


def test_triples_of_ids_find_their_questions(data: Path, t5: Path, tmp_path: Path) -> None:
    questions = ["--synthetic_queries", data / "q.jsonl"]
    by_line = tmp_path / "v1.ids.tsv"
    ids = [json.loads(line)["doc_id"] for line in (data / "q.jsonl").read_text().splitlines()]
    rows = [line.split("\t") for line in (data / "t.ids.tsv").read_text().splitlines()]
    by_line.write_text("".join(f"{ids.index(positive)}\t{positive}\t{negative}\n" for _, positive, negative in rows))
    losses = []
    for number, triples in enumerate((data / "t.ids.jsonl", data / "t.ids.tsv", by_line)):
        output = tmp_path / str(number)
        v1("train", *base(data, t5, output), "--triples_train", triples, *(questions if number else []))
        curve = json.loads((output / "model" / "learning_curve.json").read_text())
        losses.append(curve[-1])
    assert losses[0] == losses[1] == losses[2]


def test_triples_of_ids_without_their_questions_or_with_others_are_refused(
    data: Path, t5: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    flags = [*base(data, t5, tmp_path / "m"), "--triples_train", data / "t.ids.tsv"]
    v1("train", *flags, code=2)
    assert "--synthetic_queries" in capfd.readouterr().err
    other = tmp_path / "other.jsonl"
    other.write_text("".join((data / "q.jsonl").read_text().splitlines(keepends=True)[1:]))
    shifted = tmp_path / "shifted.tsv"
    shifted.write_text("0\td00\td05\n")
    flags = [*base(data, t5, tmp_path / "m"), "--triples_train", shifted, "--synthetic_queries", other]
    v1("train", *flags, code=2)
    assert "with its document" in capfd.readouterr().err


def test_a_run_of_ranks_is_taken_too(trained: Path, data: Path, t5: Path, tmp_path: Path) -> None:
    output = tmp_path / "model"
    v1(
        "train", *base(data, t5, output), "--triples_train", data / "t.tsv", *watched(data, run=data / "run.tsv"),
        "--max_eval_queries", 5, "--max_eval_docs_per_query", 3, "--relevance_threshold", 2,
    )  # fmt: skip
    assert results(output)[0] == results(trained)[0]


def test_files_to_evaluate_on_go_together(
    data: Path, t5: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    flags = [*base(data, t5, tmp_path / "m"), "--triples_train", data / "t.tsv"]
    v1("train", *flags, "--queries", data / "topics.txt", code=2)
    assert "go together" in capfd.readouterr().err


def test_a_folder_that_is_no_model_of_ours_is_left_alone(
    data: Path, t5: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "m" / "model").mkdir(parents=True)
    (tmp_path / "m" / "model" / "precious").write_text("mine")
    v1("train", *base(data, t5, tmp_path / "m"), "--triples_train", data / "t.tsv", code=2)
    assert "is there already" in capfd.readouterr().err
    assert (tmp_path / "m" / "model" / "precious").read_text() == "mine"


def test_v1_trains_on_every_question_unless_weights_are_chosen_by_some(data: Path, t5: Path, tmp_path: Path) -> None:
    few = tmp_path / "few.tsv"
    few.write_text("".join((data / "t.tsv").read_text().splitlines(keepends=True)[:4]))
    flags = [part for part in base(data, t5, tmp_path / "m") if part not in ("--held_out_queries", "10")]
    v1("train", *flags, "--triples_train", few)
    facts = json.loads((tmp_path / "m" / "model" / "inpars.json").read_text())
    assert facts["triples"] == len({tuple(line.split("\t")[:2]) for line in few.read_text().splitlines()})
    assert TrainFlags(output_dir=tmp_path, keep="best").held_out() == 120
    assert TrainFlags(output_dir=tmp_path, keep="best", held_out_queries=30).held_out() == 30
    assert TrainFlags(output_dir=tmp_path).held_out() == 0
