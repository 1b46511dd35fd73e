"""The command line, as its users meet it: a process of its own."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest


def inpars(*arguments, code=0, module="inpars", cwd=None):
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "COLUMNS": "200", "NO_COLOR": "1"}
    done = subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)], capture_output=True, text=True, env=environment, cwd=cwd
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


def test_help_names_every_stage():
    printed = inpars("--help").stdout
    assert all(
        name in printed for name in ("run", "recipes", "generate", "filter", "negatives", "train", "rerank", "evaluate")
    )


@pytest.mark.parametrize("stage", ["generate", "filter", "negatives", "train", "rerank", "evaluate"])
def test_every_stage_runs_as_a_module_too(stage):
    assert f"inpars {stage}" in inpars("--help", module=f"inpars.{stage}").stdout


def test_help_imports_no_heavy_library():
    code = (
        "import sys; from inpars.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'torch', 'transformers', 'numpy', 'scipy', 'bm25s', 'pydantic'} & set(sys.modules)))"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.splitlines()[-1] == "[]"


def test_stages_chain_through_files(toy_corpus, tmp_path, tiny_bi_encoder):
    q, k, t, m, r = (tmp_path / name for name in ("q.jsonl", "k.jsonl", "t.jsonl", "model", "r.trec"))
    inpars("generate", toy_corpus, "--output", q, "--queries_per_document", 3, "--extractive.hide", 0.5)
    inpars("filter", q, "--output", k, "--methods", "length", "--methods", "duplicates", "--length.min-words", 2)
    inpars("negatives", k, "--corpus", toy_corpus, "--output", t)
    inpars(
        "train", t, "--corpus", toy_corpus, "--output", m, "--base-model", tiny_bi_encoder, "--batch-size", 8,
        "--held-out-queries", 10,
    )  # fmt: skip
    queries, qrels = toy_corpus / "queries.jsonl", toy_corpus / "qrels" / "test.tsv"
    inpars("rerank", queries, "--corpus", toy_corpus, "--model", m, "--output", r)
    printed = inpars(
        "evaluate", f"bm25={tmp_path}/r.bm25.trec", r, tmp_path / "r_fused.trec", "--qrels", qrels,
        "--output", tmp_path / "metrics.json",
    ).stdout  # fmt: skip
    assert "r_fused" in printed
    assert set(json.loads((tmp_path / "metrics.json").read_text())["systems"]) == {"bm25", "r", "r_fused"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "--corpus", "nowhere.jsonl", "--output", "out"], "nowhere.jsonl"),
        (["run", "--corpus", "nowhere", "--output", "out"], "unknown corpus 'nowhere'"),
        (["run", "quickstrat", "--corpus", "python-docs", "--output", "out"], "did you mean 'quickstart'"),
        (["run", "--corpus", "python-docs", "--output", "out", "--set", "train.epoch=1"], "did you mean 'epochs'"),
        (["generate", "python-docs", "--output", "out", "--max-generation", "3"], "--max-generations"),
        (["generate", "python-docs", "--output", "out", "--max-generations", "0"], "--max-generations: "),
        (["generate", "python-docs", "--output", "out", "--extractive.hide", "2"], "--extractive.hide: "),
        (["generate", "python-docs", "--output", "out", "--model", "extractive"], "is a backend, not a model"),
        (
            ["generate", "python-docs", "--output", "out", "--model", "m", "--queries-per-document", "3"],
            "3 greedy answers to one prompt are the same answer",
        ),
        (["filter", "nowhere.jsonl", "--output", "out"], "nowhere.jsonl"),
        (["evaluate", "nowhere.trec", "--qrels", "nowhere.tsv"], "nowhere.tsv"),
        (["nonsense"], "nonsense"),
        (["run"], "a run needs a corpus"),
        (["run", "python-docs", "--corpus", "python-docs"], "two corpora"),
        (["run", "gpl", "quickstart", "python-docs"], "two recipes"),
        (["run", "nowhere"], "'nowhere' is neither a recipe nor a corpus"),
    ],
)
def test_a_users_mistake_is_explained_and_exits_with_2(arguments, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = inpars(*arguments, code=2)
    assert words in done.stdout + done.stderr
    assert not list(tmp_path.iterdir()), "a failed call leaves nothing behind"


def test_a_run_takes_a_corpus_and_a_recipe_in_any_order_and_names_its_folder(toy_corpus, tmp_path, tiny_bi_encoder):
    (tmp_path / "mine.yaml").write_text("name: mine\nsteps:\n  generate: {max_generations: 20}\n  filter: {}\n")
    for words in ((toy_corpus, "mine.yaml"), ("mine.yaml", toy_corpus)):
        done = inpars("run", *words, cwd=tmp_path)
        folder = f"{toy_corpus.name}-mine"
        assert f"working in {folder}" in done.stderr
        assert (tmp_path / folder / "filter" / "queries.jsonl").is_file()
    assert "nothing to do" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.yaml", folder]


def test_a_recipe_is_shown_as_it_is_written_or_with_all_its_options():
    from importlib import resources

    written = (resources.files("inpars.recipes") / "quickstart.yaml").read_text()
    assert inpars("recipes", "quickstart").stdout.strip() == written.strip()
    everything = inpars("recipes", "quickstart", "--all").stdout
    assert "learning_rate: 5.0e-05" in everything
    assert len(everything) > 3 * len(written)
    assert "did you mean 'quickstart'" in inpars("recipes", "quickstrat", code=2).stderr


def test_several_errors_stand_on_a_line_each(toy_corpus, tmp_path):
    wrong = [
        "--set",
        "negatives.language=xx",
        "--set",
        "evaluate.measures=[nonsense]",
        "--set",
        "train.base_model=./no",
    ]
    lines = inpars("run", "extractive", toy_corpus, *wrong, cwd=tmp_path, code=2).stderr.splitlines()
    assert "inpars: 3 errors, all found before anything was begun:" in lines
    assert sum(line.startswith("  - ") for line in lines) == 3
    assert not list(tmp_path.iterdir())


def test_a_broken_line_names_file_and_line_and_leaves_no_output(tmp_path):
    corpus = tmp_path / "corpus.jsonl"
    corpus.write_text('{"_id": "1", "text": "fine words here"}\n{"_id": "2", "text": broken}\n')
    done = inpars("generate", corpus, "--output", tmp_path / "q.jsonl", code=2)
    assert "corpus.jsonl, line 2: expected one JSON object" in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["corpus.jsonl"]


def test_stopped_from_the_keyboard_it_says_how_to_go_on(tmp_path):
    # Under `nohup make test &` the shell has it ignored, which every child inherits.
    hears = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from inpars.cli import main; "
    command = [sys.executable, "-c", f"{hears}main()", "generate", "python-docs", "--queries-per-document", "50"]
    started = subprocess.Popen([*command, "--output", tmp_path / "q.jsonl"], stderr=subprocess.PIPE, text=True)
    while started.poll() is None and not (tmp_path / ".q.jsonl.units").exists():
        time.sleep(0.05)
    started.send_signal(signal.SIGINT)
    _, told = started.communicate(timeout=60)
    assert started.returncode == 130
    assert "the same command goes on from here" in told
    assert not list(tmp_path.glob(".*.lock"))
