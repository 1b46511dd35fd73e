"""Whole runs, with a real, tiny model."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import inpars
from inpars.data.corpora import open_corpus
from inpars.data.held_out import HeldOut
from inpars.data.runs import read_run
from inpars.errors import InparsError
from inpars.retrieve.bm25 import BM25

FAST = [
    "generate.queries_per_document=3",
    "negatives.skip_top=0",
    "train.batch_size=8",
    "train.held_out_queries=10",
    "train.held_out_depth=10",
    "train.max_length=32",
    "train.learning_rate=1e-3",
    "rerank.unit_size=3",
    "rerank.first_stage=bm25",
    "evaluate.permutations=199",
    "evaluate.bootstraps=199",
]
MEASURES = ["nDCG@10", "AP", "R@100", "RR@10", "Judged@10"]
SYSTEMS = {"bm25", "base", "base_fused", "tuned", "tuned_fused"}


@pytest.fixture
def fast(tiny_bi_encoder):
    return [*FAST, f"train.base_model={tiny_bi_encoder}"]


def command_of(corpus, output, overrides):
    """The command that makes a run, for a process of its own."""
    command = [sys.executable, "-m", "inpars", "run", "extractive", "--corpus", str(corpus), "--output", str(output)]
    return command + [part for override in overrides for part in ("--set", override)]


def files(folder):
    """Every file of a run that must be the same from one run to the next, by name."""
    steady = (
        *("queries.jsonl", "triples.jsonl", ".trec", "metrics.json", "agreement.json", ".tsv"),
        *("recipe.yaml", ".safetensors"),
    )
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name.endswith(steady)
    }


def test_a_run_measures_every_system_and_says_what_it_did(toy_corpus, tmp_path, fast, capsys):
    metrics = inpars.run("extractive", corpus=toy_corpus, output=tmp_path / "run", set=fast)
    assert set(metrics["systems"]) == SYSTEMS
    assert {"nDCG@10", "AP", "R@100", "RR@10", "Judged@10"} == set(metrics["systems"]["bm25"])
    row = metrics["comparisons"][0]
    assert {"system", "baseline", "measure", "delta", "p_value", "ci_low", "ci_high"} <= set(row)
    assert ("tuned", "base") in {(r["system"], r["baseline"]) for r in metrics["comparisons"]}
    assert json.loads((tmp_path / "run" / "metrics.json").read_text()) == metrics
    assert metrics["test_set"] == {"kind": "test queries", "queries": 10}
    assert {p.name for p in (tmp_path / "run").iterdir()} == {
        "recipe.yaml", "manifest.json", "metrics.json", "agreement.json",
        "index", "generate", "filter", "negatives", "train", "rerank", "evaluate",
    }  # fmt: skip
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    assert manifest["finished"]
    assert manifest["corpus"]["documents"] == 60
    assert manifest["versions"]["torch"]
    assert manifest["steps"]["train"]["facts"]["steps"] > 0
    printed = capsys.readouterr().out
    assert all(system in printed for system in SYSTEMS)
    assert any(sentence.split(":")[0] in printed for sentence in metrics["verdict"])


def test_the_same_seed_gives_the_same_bytes(toy_corpus, tmp_path, fast):
    for name in "ab":
        inpars.run("extractive", corpus=toy_corpus, output=tmp_path / name, set=fast)
    one, two = files(tmp_path / "a"), files(tmp_path / "b")
    assert len(one) >= 12
    assert one == two


def test_a_second_call_does_nothing_and_says_so(toy_corpus, tmp_path, fast, capsys):
    run = lambda: inpars.run("extractive", corpus=toy_corpus, output=tmp_path / "run", set=fast)  # noqa: E731
    first = run()
    stamps = {p: p.stat().st_mtime_ns for p in (tmp_path / "run").rglob("*.meta.json")}
    capsys.readouterr()
    assert run() == first
    assert {p: p.stat().st_mtime_ns for p in (tmp_path / "run").rglob("*.meta.json")} == stamps
    assert "nothing to do" in capsys.readouterr().err
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    assert manifest["finished"], "the manifest of the call that did the work stays"
    assert not any(step["reused"] for step in manifest["steps"].values())


def test_metrics_that_a_kill_left_behind_are_brought_up_to_date(toy_corpus, tmp_path, fast):
    metrics = inpars.run("extractive", corpus=toy_corpus, output=tmp_path / "run", set=fast)
    (tmp_path / "run" / "metrics.json").write_text('{"recipe": "of an earlier call"}')
    inpars.run("extractive", corpus=toy_corpus, output=tmp_path / "run", set=fast)
    assert json.loads((tmp_path / "run" / "metrics.json").read_text()) == metrics


def test_a_changed_option_redoes_its_step_and_those_after_it(toy_corpus, tmp_path, fast):
    def reused(*more):
        inpars.run("extractive", corpus=toy_corpus, output=tmp_path / "run", set=[*fast, *more])
        steps = json.loads((tmp_path / "run" / "manifest.json").read_text())["steps"]
        return [name for name, step in steps.items() if step["reused"]]

    assert reused() == []
    assert reused("negatives.seed=2") == ["generate", "filter"]
    assert reused("negatives.seed=2", "evaluate.seed=2") == ["generate", "filter", "negatives", "train", "rerank"]


def test_a_changed_document_redoes_everything(toy_corpus, toy_rows, tmp_path, fast, write_jsonl):
    queries, qrels = toy_corpus / "queries.jsonl", toy_corpus / "qrels" / "test.tsv"
    for edition in (1, 2):
        corpus = write_jsonl([*toy_rows, {"_id": "new", "text": f"edition {edition} of this"}], "corpus.jsonl")
        inpars.run("extractive", corpus=corpus, queries=queries, qrels=qrels, output=tmp_path / "run", set=fast)
    steps = json.loads((tmp_path / "run" / "manifest.json").read_text())["steps"]
    assert not any(step["reused"] for step in steps.values())


def test_without_judgments_the_agreement_with_the_generator_is_measured_and_named_as_such(
    toy_corpus, tmp_path, fast, capsys
):
    corpus = toy_corpus / "corpus.jsonl"
    agreement = inpars.run("extractive", corpus=corpus, output=tmp_path / "run", set=[*fast, "rerank.top_k=4"])
    assert json.loads((tmp_path / "run" / "agreement.json").read_text()) == agreement
    assert not (tmp_path / "run" / "metrics.json").exists()
    assert set(agreement["systems"]) == SYSTEMS
    assert agreement["comparisons"] == []
    test_set = agreement["test_set"]
    assert (test_set["kind"], test_set["queries"], test_set["depth"]) == ("held-out synthetic queries", 10, 4)
    assert 0 < test_set["found"] < 10, "a query whose source is not retrieved is not helped to it"
    said = f"BM25 finds the source of {test_set['found']} of 10 held-out queries in its best 4"
    assert all(system["R@100"] == test_set["found"] / 10 for system in agreement["systems"].values())
    printed = capsys.readouterr()
    assert said in printed.out
    assert said in printed.err
    for word in ("agrees with the generator", "2405.07767", "twenty queries", "--qrels"):
        assert word in printed.out
    for word in ("beats", "best system", "worse", "p = ", "*"):
        assert word not in printed.out + "".join(agreement["verdict"])
    steps = json.loads((tmp_path / "run" / "manifest.json").read_text())["steps"]
    assert not steps["rerank"]["reused"]
    assert steps["rerank"]["facts"]["agreement/first_stage.trec"]["found"] == test_set["found"]
    assert inpars.run("extractive", corpus=corpus, output=tmp_path / "run", set=[*fast, "rerank.top_k=4"]) == agreement
    assert "nothing to do" in capsys.readouterr().err


def test_every_held_out_figure_is_that_of_the_runs_over_the_whole_corpus(toy_corpus, tmp_path, fast):
    """Measured again from the runs, whose candidates are the first stage's over the corpus that each query may see."""
    folder = tmp_path / "run"
    agreement = inpars.run(
        "extractive", corpus=toy_corpus / "corpus.jsonl", output=folder, set=[*fast, "rerank.top_k=4"]
    )
    held_out = HeldOut.load(folder / "train" / "model" / "held_out")
    files = {"bm25": "first_stage"} | {name: name for name in SYSTEMS - {"bm25"}}
    runs = {name: folder / "rerank" / "agreement" / f"{file}.trec" for name, file in files.items()}
    corpus = {document.doc_id: document for document in open_corpus(toy_corpus)}
    sources = {doc_id for judged in held_out.qrels.values() for doc_id in judged}
    cut = {d: text for d, text in held_out.documents.items() if d in sources and text != corpus[d].contents}
    documents = [(d, cut.get(d, document.contents)) for d, document in corpus.items()]
    whole = [(d, document.contents) for d, document in corpus.items()]
    found = read_run(runs["bm25"])
    for query in held_out.queries:
        index = BM25(documents if cut.keys() & held_out.qrels[query.query_id].keys() else whole)
        assert found.get(query.query_id, {}) == pytest.approx(index.search(query.text, 4))
    assert inpars.evaluate(runs, held_out.qrels, measures=MEASURES).systems == agreement["systems"]


def test_figures_with_and_without_judgments_stand_in_files_of_their_own(toy_corpus, tmp_path, fast):
    queries, qrels = toy_corpus / "queries.jsonl", toy_corpus / "qrels" / "test.tsv"
    judged, corpus = {"queries": queries, "qrels": qrels}, toy_corpus / "corpus.jsonl"
    run = lambda **more: inpars.run("extractive", corpus=corpus, output=tmp_path / "run", set=fast, **more)  # noqa: E731
    read = lambda name: (tmp_path / "run" / name).read_bytes()  # noqa: E731
    synthetic = run()
    agreement, systems = read("agreement.json"), read("evaluate/agreement.json")
    metrics = run(**judged)
    judged_metrics = read("metrics.json")
    assert (read("agreement.json"), read("evaluate/agreement.json")) == (agreement, systems)
    assert run() == synthetic
    assert read("metrics.json") == judged_metrics
    assert run(**judged) == metrics != synthetic


def test_judged_queries_without_a_text_are_reported_and_count_0_as_they_do_for_evaluate(
    toy_corpus, tmp_path, fast, capsys, write_jsonl
):
    rows = [json.loads(line) for line in (toy_corpus / "queries.jsonl").read_text().splitlines()]
    queries, qrels = write_jsonl(rows[:7], "queries.jsonl"), toy_corpus / "qrels" / "test.tsv"
    metrics = inpars.run(
        "extractive", corpus=toy_corpus, queries=queries, qrels=qrels, output=tmp_path / "run", set=fast
    )
    printed = capsys.readouterr()
    assert "3 of 10 judged queries have no text and count 0: 'q7', 'q8', 'q9'" in printed.err
    assert "10 test queries (3 without text count 0)" in " ".join(printed.out.split())
    runs = {name: tmp_path / "run" / "rerank" / f"{name}.trec" for name in SYSTEMS}
    evaluation = inpars.evaluate(runs, qrels, measures=MEASURES)
    assert evaluation.systems == metrics["systems"]
    assert "3 of 10 judged queries are not in " in capsys.readouterr().err


def test_figures_of_an_earlier_call_are_named_as_such(toy_corpus, tmp_path, fast, capsys):
    corpus = toy_corpus / "corpus.jsonl"
    judged = {"queries": toy_corpus / "queries.jsonl", "qrels": toy_corpus / "qrels" / "test.tsv"}
    inpars.run("extractive", corpus=corpus, output=tmp_path / "run", set=fast, **judged)
    capsys.readouterr()
    inpars.run("extractive", corpus=corpus, output=tmp_path / "run", set=[*fast, "train.seed=2"])
    assert "metrics.json is of an earlier call, with judgments, and not of this one" in capsys.readouterr().err


def test_a_finished_run_keeps_its_figures_where_the_base_is_gone(toy_corpus, tmp_path, fast, tiny_bi_encoder):
    base = shutil.copytree(tiny_bi_encoder, tmp_path / "base")
    options = [*fast, f"train.base_model={base}"]
    inpars.run("extractive", corpus=toy_corpus, output=tmp_path / "run", set=options)
    before = files(tmp_path / "run")
    base.rename(tmp_path / "moved")
    with pytest.raises(InparsError, match="there is no model"):
        inpars.run("extractive", corpus=toy_corpus, output=tmp_path / "run", set=options)
    assert files(tmp_path / "run") == before


def test_what_is_not_measured_need_not_hold_queries_out(toy_corpus, tmp_path, fast):
    recipe = tmp_path / "two.yaml"
    recipe.write_text(
        "steps:\n  generate: {}\n  draft: {stage: train, family: bi-encoder, keep: last, held_out_queries: 0, "
        "base_shares: [0]}\n  negatives: {}\n  train: {input: negatives}\n  rerank: {input: train}\n  evaluate: {}\n"
    )
    base = next(option for option in fast if option.startswith("train.base_model"))
    small = ["batch_size=8", "max_steps=2", "max_length=32"]
    options = [*fast, base.replace("train.", "draft."), *(f"draft.{option}" for option in small)]
    found = inpars.run(recipe, corpus=toy_corpus / "corpus.jsonl", output=tmp_path / "run", set=options)
    assert set(found["systems"]) == SYSTEMS


def test_where_the_base_is_kept_it_is_scored_once(toy_corpus, tmp_path, fast):
    folder = tmp_path / "run"
    metrics = inpars.run("extractive", corpus=toy_corpus, output=folder, set=[*fast, "train.min_gain=1000"])
    assert metrics["systems"]["tuned"] == metrics["systems"]["base"]
    for place in (folder / "rerank", folder / "rerank" / "agreement"):
        for name in ("", "_fused"):
            assert (place / f"tuned{name}.trec").read_bytes() == (place / f"base{name}.trec").read_bytes()


def test_without_held_out_queries_and_without_judgments_there_is_nothing_to_measure(toy_corpus, tmp_path, fast):
    nothing = ["train.held_out_queries=0", "train.keep=last", "train.base_shares=[0]"]
    with pytest.raises(InparsError, match="nothing to measure"):
        inpars.run("extractive", corpus=toy_corpus / "corpus.jsonl", output=tmp_path / "run", set=[*fast, *nothing])
    assert not (tmp_path / "run").exists()
    metrics = inpars.run("extractive", corpus=toy_corpus, output=tmp_path / "run", set=[*fast, *nothing])
    assert set(metrics["systems"]) == SYSTEMS
    assert not (tmp_path / "run" / "agreement.json").exists()


def test_a_killed_run_goes_on_where_it_stopped(toy_corpus, tmp_path, fast):
    """kill -9, again and again, at moments spread over the whole run; the end is that of a quiet run."""
    command = command_of(toy_corpus, tmp_path / "killed", fast)
    environment = os.environ | {"HF_HUB_OFFLINE": "1"}
    started = time.monotonic()
    subprocess.run([*command[:-2 * len(fast) - 1], str(tmp_path / "quiet"), *command[-2 * len(fast) :]],
                   check=True, capture_output=True, env=environment)  # fmt: skip
    whole = time.monotonic() - started
    for share in (0.25, 0.5, 0.7, 0.8, 0.9):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
        time.sleep(share * whole)
        process.send_signal(signal.SIGKILL)
        process.wait()
    done = subprocess.run(command, capture_output=True, env=environment, text=True)
    assert done.returncode == 0, done.stderr
    assert files(tmp_path / "killed") == files(tmp_path / "quiet")
    assert not list((tmp_path / "killed").rglob(".*"))


def test_a_second_run_in_the_same_folder_is_refused_and_the_first_ends_as_if_alone(toy_corpus, tmp_path, fast):
    command = command_of(toy_corpus, tmp_path / "run", fast)
    first = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    while first.poll() is None and not (tmp_path / "run" / "generate").exists():
        time.sleep(0.05)
    # However fast the machine is, the first is at work when the second comes.
    first.send_signal(signal.SIGSTOP)
    second = subprocess.run(command, capture_output=True, text=True, check=False)
    first.send_signal(signal.SIGCONT)
    assert second.returncode == 2
    assert f"process {first.pid} on this machine" in second.stderr
    assert f"is at work on {tmp_path / 'run'} since " in second.stderr
    assert "Traceback" not in second.stderr
    _, told = first.communicate()
    assert first.returncode == 0, told
    # In a process like the first: how many threads torch has shows in the last digits.
    alone = [str(tmp_path / "alone") if part == str(tmp_path / "run") else part for part in command]
    subprocess.run(alone, capture_output=True, check=True)
    assert files(tmp_path / "run") == files(tmp_path / "alone")
    assert not list((tmp_path / "run").rglob(".*"))


def test_a_run_directory_in_which_a_kill_left_nothing_but_its_lock_is_a_run_directory(toy_corpus, tmp_path, fast):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".run.lock").touch()
    os.utime(tmp_path / "run" / ".run.lock", (0, 0))
    inpars.run("extractive", corpus=toy_corpus, output=tmp_path / "run", set=fast)
    assert not list((tmp_path / "run").rglob(".*"))


def test_a_folder_with_other_files_is_not_taken_for_a_run(toy_corpus, tmp_path):
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(InparsError, match="no run directory"):
        inpars.run("extractive", corpus=toy_corpus, output=tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]


def test_queries_without_judgments_are_refused_before_any_work(toy_corpus, tmp_path):
    with pytest.raises(InparsError, match="go together"):
        inpars.run("extractive", corpus=toy_corpus, queries=toy_corpus / "queries.jsonl", output=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_python_docs_brings_its_own_judged_test_set():
    from inpars.data.test_sets import open_test_set

    test_set = open_test_set("python-docs", None, None)
    assert test_set is not None
    assert len(test_set.queries) >= 120
    assert {grade for judged in test_set.qrels.values() for grade in judged.values()} == {0, 1, 2}


def test_a_run_directory_is_found_relative_to_where_one_stands(toy_corpus, tmp_path, fast, monkeypatch):
    monkeypatch.chdir(tmp_path)
    inpars.run("extractive", corpus=toy_corpus, output="run", set=[*fast, "rerank.fusion=none"])
    assert set(json.loads(Path("run/metrics.json").read_text())["systems"]) == {"bm25", "base", "tuned"}
