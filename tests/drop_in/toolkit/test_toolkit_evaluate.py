"""The toolkit's evaluate: trec_eval's figures in the toolkit's lines, with BEIR's own rules."""

from __future__ import annotations

import json
import shutil

import ir_measures
import pytest

from inpars.data.beir import PARTS, finds_itself, parts_of
from inpars.data.qrels import read_qrels
from inpars.data.runs import read_run, write_run
from inpars.drop_in.toolkit.datasets import open_documents
from inpars.errors import InparsError

NAMES = ["map", "ndcg_cut_10", "ndcg_cut_20", "P_10", "recip_rank", "recall_1000", "judged_10", "num_q", "num_ret"]
RUN = "".join(
    f"q{q} Q0 d{(q * 5 + shift * (q % 3)) % 60:02d} {shift} {9 - shift}.5 tag\n" for q in range(9) for shift in (1, 2)
)


@pytest.fixture
def run_file(tmp_path):
    # q9 has no line: it counts as 0. Of q0, q3, q6 both lines would be the same document.
    lines = dict.fromkeys((line.split()[0], line.split()[2]) for line in RUN.splitlines())
    path = tmp_path / "run.txt"
    path.write_text("".join(f"{q} Q0 {d} 1 {number}.5 tag\n" for number, (q, d) in enumerate(lines)))
    return path


@pytest.fixture
def figures(typed, capsys):
    def printed(*arguments):
        capsys.readouterr()
        typed("evaluate", *arguments, "--json")
        found = json.loads(capsys.readouterr().out)
        assert list(found) == NAMES
        return found

    return printed


def test_lines_are_the_toolkits_sorted_by_name(typed, figures, run_file, toy_corpus, capsys):
    found = figures("--dataset", toy_corpus, "--run", run_file)
    typed("evaluate", f"--dataset={toy_corpus}", f"--run={run_file}")
    assert capsys.readouterr().out.splitlines() == [f"{name}: {value}" for name, value in sorted(found.items())]
    assert all(isinstance(value, float) for value in found.values())
    assert found["num_q"] == 10


def test_figures_are_those_of_ir_measures_over_all_judged_queries(figures, run_file, toy_corpus):
    found = figures("--dataset", toy_corpus, "--run", run_file)
    measures = dict(zip(NAMES, ["AP", "nDCG@10", "nDCG@20", "P@10", "RR", "R@1000", "Judged@10"], strict=False))
    qrels = read_qrels(toy_corpus / "qrels" / "test.tsv")
    for name, measure in measures.items():
        values = ir_measures.iter_calc([ir_measures.parse_measure(measure)], qrels, read_run(run_file))
        assert found[name] == pytest.approx(sum(one.value for one in values) / 10, abs=5e-5), name
    assert found["num_q"] == 10
    assert found["num_ret"] == sum(map(len, read_run(run_file).values()))
    assert 0 < found["map"] < 1


def test_the_threshold_says_from_which_grade_a_document_is_relevant(figures, tmp_path):
    (tmp_path / "qrels.tsv").write_text("q\ta\t1\nq\tb\t2\n")
    (tmp_path / "run.txt").write_text("q Q0 a 1 3 x\nq Q0 b 2 2 x\nq Q0 c 3 1 x\n")
    given = ["--qrels", tmp_path / "qrels.tsv", "--run", tmp_path / "run.txt"]
    one, two = figures(*given), figures(*given, "--relevance_threshold", "2")
    assert (one["map"], one["recip_rank"], one["P_10"]) == (1, 1, 0.2)
    assert (two["map"], two["recip_rank"], two["P_10"]) == (0.5, 0.5, 0.1)
    assert one["ndcg_cut_10"] == two["ndcg_cut_10"]


def test_unjudged_documents_can_be_left_out(figures, tmp_path):
    (tmp_path / "qrels.txt").write_text("q 0 a 1\nq 0 b 0\n")
    (tmp_path / "run.txt").write_text("q Q0 x 1 4 t\nq Q0 b 2 3 t\nq Q0 a 3 2 t\n")
    given = ["--qrels", tmp_path / "qrels.txt", "--run", tmp_path / "run.txt"]
    whole, judged = figures(*given), figures(*given, "--remove_unjudged")
    assert (whole["recip_rank"], whole["judged_10"], whole["num_ret"]) == (0.3333, 0.6667, 3)
    assert (judged["recip_rank"], judged["judged_10"], judged["num_ret"]) == (0.5, 1, 2)


def test_judgments_that_are_given_are_taken_whatever_the_dataset(figures, run_file, toy_corpus):
    own = figures("--dataset", toy_corpus, "--run", run_file)
    assert (
        figures("--dataset", "no-such-dataset", "--qrels", toy_corpus / "qrels" / "test.tsv", "--run", run_file) == own
    )


def test_the_run_bm25_is_searched_where_none_is_published(figures, toy_corpus, capsys):
    found = figures("--dataset", toy_corpus, "--run", "bm25")
    assert found["recip_rank"] > 0.3
    assert found["num_q"] == 10


@pytest.mark.parametrize("run", ["bm52", "no-such.txt"])
def test_a_run_that_is_not_there_is_an_error(typed, run, toy_corpus, capsys):
    with pytest.raises(SystemExit) as stopped:
        typed("evaluate", "--dataset", toy_corpus, "--run", run)
    assert stopped.value.code == 2
    assert "expected a TREC run" in capsys.readouterr().err


def test_queries_that_were_few_shot_examples_do_not_count(typed, figures, tiny_models, toy_corpus, run_file, capsys):
    typed(
        "generate", "--dataset", toy_corpus, "--base_model", tiny_models / "gpt2", "--prompt", "promptagator-fiqa",
        "--n_fewshot_examples", 4, "--max_generations", 3, "--max_new_tokens", 4,
        "--output", run_file.with_name("q.jsonl"),
    )  # fmt: skip
    assert figures("--dataset", toy_corpus, "--run", run_file)["num_q"] == 6
    assert figures("--dataset", toy_corpus, "--run", run_file, "--keep_fewshot")["num_q"] == 10


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder to be in."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


EXAMPLE = {"query_id": "q4", "doc_id": "d20", "query": "x", "document": "y"}


@pytest.mark.parametrize(
    ("file", "text", "left"),
    [
        ("any.fewshot.jsonl", json.dumps(EXAMPLE) + "\n", 9),
        ("query_ids_to_remove_from_eval.tsv", "q3\twhat is lift\nq4\twhat is drag\nelse\tx\n", 8),
        ("query_ids_to_remove_from_eval.tsv", "", 10),
    ],
)
def test_bm25_and_a_run_leave_the_same_queries_out(figures, run_file, toy_corpus, here, capsys, file, text, left):
    (here / file).write_text(text)
    for run in ("bm25", run_file, shutil.copy(run_file, here / "run.txt")):
        assert figures("--dataset", toy_corpus, "--run", run)["num_q"] == left
        typed_anew = figures("--dataset", toy_corpus, "--run", run, "--keep_fewshot")
        assert typed_anew["num_q"] == 10


def test_the_toolkits_list_beside_a_run_is_found_from_anywhere(typed, run_file, toy_corpus, here, capsys):
    run_file.with_name("query_ids_to_remove_from_eval.tsv").write_text("q3\twhat is lift\n")
    typed("evaluate", "--dataset", toy_corpus, "--run", run_file)
    said = capsys.readouterr()
    assert "num_q: 9.0" in said.out
    assert "1 query was a few-shot example and is left out; --keep_fewshot counts them" in said.err


def test_queries_to_leave_out_are_read_from_any_of_the_files_that_name_them(figures, run_file, toy_corpus, here):
    (here / "mine.jsonl").write_text(json.dumps(EXAMPLE) + "\n")
    (here / "theirs.tsv").write_text("q3\twhat is lift\n")
    generated = {"query": "x", "text": "y", "doc_id": "d00", "log_probs": [-1.0], "prompt_text": ""}
    rows = [generated | {"fewshot_examples": shown} for shown in (["q1", "q2"], ["q2", "q1"])]
    (here / "queries.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    for run in ("bm25", run_file):
        given = ["--dataset", toy_corpus, "--run", run, "--exclude", "mine.jsonl", "theirs.tsv"]
        assert figures(*given)["num_q"] == 8
        assert figures(*given, "--exclude", "queries.jsonl")["num_q"] == 6
        assert figures(*given, "--exclude=queries.jsonl", "--keep_fewshot")["num_q"] == 6


def test_where_nothing_is_left_the_flag_that_is_named_is_one_that_there_is(typed, run_file, toy_corpus, here, capsys):
    (here / "query_ids_to_remove_from_eval.tsv").write_text("".join(f"q{n}\tx\n" for n in range(10)))
    with pytest.raises(SystemExit):
        typed("evaluate", "--dataset", toy_corpus, "--run", run_file)
    assert "hint: --keep-fewshot" in capsys.readouterr().err
    typed("evaluate", "--dataset", toy_corpus, "--run", run_file, "--keep-fewshot")
    assert "num_q: 10.0" in capsys.readouterr().out


@pytest.mark.parametrize(
    "dataset", ["arguana", "beir/arguana", "quora", "ir_datasets:beir/quora/test", "/some/where/arguana/"]
)
def test_rules_are_found_by_name(dataset):
    assert finds_itself(dataset)


def test_other_datasets_have_no_such_rules():
    assert not finds_itself("scifact")
    assert parts_of("scifact") == ()
    assert parts_of("cqadupstack/android") == ()
    assert len(parts_of("beir/cqadupstack")) == len(set(PARTS["cqadupstack"])) == 12


@pytest.mark.parametrize(("name", "expected"), [("arguana", 1.0), ("scifact", 0.5)])
def test_a_query_that_finds_itself_is_left_out_where_queries_are_documents(figures, tmp_path, name, expected):
    folder = tmp_path / name
    (folder / "qrels").mkdir(parents=True)
    (folder / "queries.jsonl").write_text('{"_id": "a", "text": "x"}\n')
    (folder / "qrels" / "test.tsv").write_text("a\tb\t1\n")
    (tmp_path / "run.txt").write_text("a Q0 a 1 2 t\na Q0 b 2 1 t\n")
    assert figures("--dataset", folder, "--run", tmp_path / "run.txt")["recip_rank"] == expected


@pytest.fixture
def cqadupstack(tmp_path, toy_corpus):
    """Twelve parts, of which each has a better run than the one before it."""
    folder, runs = tmp_path / "cqadupstack", tmp_path / "runs"
    runs.mkdir()
    for number, part in enumerate(PARTS["cqadupstack"]):
        shutil.copytree(toy_corpus, folder / part)
        hits = {f"q{q}": {f"d{q * 5:02d}": 1.0} for q in range(number % 10)} | {"q9": {"d01": 1.0}}
        write_run(runs / f"run.{part}.trec", hits, "t")
    return folder, runs


def test_cqadupstack_is_the_mean_over_its_twelve_parts(figures, cqadupstack):
    folder, runs = cqadupstack
    found = figures("--dataset", folder, "--run", runs)
    assert found["recip_rank"] == pytest.approx(sum(n % 10 for n in range(12)) / 120)
    assert found["num_q"] == 120
    assert figures("--dataset", folder, "--run", runs / "run.{part}.trec") == found


def test_one_run_is_none_for_a_dataset_in_parts_and_neither_are_its_documents(typed, cqadupstack, run_file, capsys):
    folder, runs = cqadupstack
    for given in (run_file, runs.parent / "cqadupstack"):
        with pytest.raises(SystemExit):
            typed("evaluate", "--dataset", folder, "--run", given)
    said = capsys.readouterr().err
    assert "the dataset has parts with a run each" in said
    assert "expected one run with 'android' in its name" in said
    with pytest.raises(InparsError, match="12 datasets"):
        open_documents(str(folder))
    with pytest.raises(InparsError, match="12 datasets"):
        open_documents("cqadupstack")
