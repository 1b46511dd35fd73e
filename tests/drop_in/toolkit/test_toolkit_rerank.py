"""The toolkit's rerank: which first stage is taken, and that its run is TREC's."""

from __future__ import annotations

import json
import shutil

import pytest

from inpars.data.runs import ranked, read_run, write_run
from inpars.drop_in.toolkit.flags import read_flags
from inpars.drop_in.toolkit.rerank import RerankFlags, run, stage_options
from inpars.drop_in.toolkit.runs import given_run, published_run
from inpars.errors import InparsError
from inpars.rerank.config import RerankConfig


def flags_of(*arguments):
    return read_flags(RerankFlags, "rerank", [str(argument) for argument in arguments])


def test_flags_reach_the_stage(reranker):
    options = RerankConfig(**stage_options(flags_of("--output_run=o", f"--model={reranker}")))
    assert (options.top_k, options.fusion, options.precision, options.probability) == (1000, "none", "auto", False)
    assert options.scheme is None
    options = RerankConfig(
        **stage_options(
            flags_of(
                "--output_run=o", "--model", reranker, "--top_k=7", "--fp16", "--torch_compile", "--device", "cuda:1"
            )
        )
    )
    assert (options.top_k, options.precision, options.device) == (7, "fp16", "cuda:1")
    assert (options.compile, options.engine) == (True, "eager")


def test_without_a_run_bm25_is_searched_and_said(typed, reranker, toy_corpus, tmp_path, capsys):
    typed(
        "rerank", f"--model={reranker}/", f"--dataset={toy_corpus}", "--output_run", tmp_path / "run.txt",
        "--top_k=5", "--device=cpu", "--dataset_source=ir_datasets",
    )  # fmt: skip
    assert "first stage: BM25 over" in capsys.readouterr().err
    found, first = read_run(tmp_path / "run.txt"), read_run(tmp_path / "run.bm25.trec")
    assert set(found) == {f"q{n}" for n in range(10)}
    for query_id, scores in first.items():
        # Five are reranked, the others keep their order below them.
        before, after = ([doc_id for doc_id, _ in ranked(run)] for run in (scores, found[query_id]))
        assert set(after[:5]) == set(before[:5])
        assert after[5:] == before[5:]
    assert max(map(len, found.values())) > 20
    line = (tmp_path / "run.txt").read_text().splitlines()[0].split()
    assert (line[1], line[3], len(line)) == ("Q0", "1", 6)
    assert not (tmp_path / "run_fused.txt").exists()


def test_the_best_k_of_an_input_run_are_taken_by_score_whatever_their_order(typed, reranker, toy_corpus, tmp_path):
    (tmp_path / "in.txt").write_text("q0 Q0 d01 3 1.0 x\nq0 Q0 d02 1 9.0 x\nq0 Q0 d03 2 5.0 x\n")
    typed(
        "rerank", "--model", reranker, "--dataset", toy_corpus, "--input_run", tmp_path / "in.txt",
        "--output_run", tmp_path / "run.txt", "--top_k", 2, "--device", "cpu",
    )  # fmt: skip
    best = [doc_id for doc_id, _ in ranked(read_run(tmp_path / "run.txt")["q0"])]
    assert set(best[:2]) == {"d02", "d03"}
    assert best[2:] == ["d01"]


def test_what_lies_below_top_k_keeps_its_order_however_the_lines_stand_and_once(
    typed, reranker, toy_corpus, tmp_path, capsys
):
    run = {f"q{q}": {f"d{(7 * n + q) % 60:02d}": float(-n) for n in range(9)} for q in (2, 0, 1)}
    write_run(tmp_path / "sorted.txt", run, "x")
    lines = (tmp_path / "sorted.txt").read_text().splitlines()
    (tmp_path / "in.txt").write_text("".join(f"{line}\n" for line in sorted(lines, key=lambda line: line[::-1])))
    command = (
        "rerank", "--model", reranker, "--dataset", toy_corpus, "--input_run", tmp_path / "in.txt",
        "--output_run", tmp_path / "run.txt", "--top_k", 4, "--device", "cpu",
    )  # fmt: skip
    typed(*command)
    assert "15 more documents of the first stage keep their order below these" in capsys.readouterr().err
    written = (tmp_path / "run.txt").read_bytes()
    found = {q: [doc_id for doc_id, _ in ranked(scores)] for q, scores in read_run(tmp_path / "run.txt").items()}
    for query_id, scores in run.items():
        assert set(found[query_id][:4]) == set(list(scores)[:4])
        assert found[query_id][4:] == list(scores)[4:]
    typed(*command)
    assert (tmp_path / "run.txt").read_bytes() == written


@pytest.mark.parametrize("command", ["rerank", "filter", "train"])
def test_a_model_that_is_not_there_is_told_of_before_any_work(
    command, typed, sensible, triples, toy_corpus, tmp_path, capsys, monkeypatch
):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    arguments = {
        "rerank": ["--model=nowhere", f"--dataset={toy_corpus}", f"--output_run={tmp_path / 'o'}"],
        "filter": ["--model_name_or_path=nowhere", "--filter_strategy=reranker", f"--input={sensible}",
                   f"--output={tmp_path / 'o'}"],
        "train": ["--base_model=nowhere", f"--triples={triples}", f"--output_dir={tmp_path / 'o'}"],
    }  # fmt: skip
    with pytest.raises(SystemExit) as ended:
        typed(command, *arguments[command])
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert "there is no model 'nowhere'" in said
    assert "--family" not in said
    assert not any(tmp_path.iterdir())


def test_the_bm25_run_of_an_earlier_call_may_be_reranked_again(typed, reranker, toy_corpus, tmp_path):
    command = ("rerank", "--model", reranker, "--dataset", toy_corpus, "--top_k=3", "--device=cpu")
    typed(*command, "--output_run", tmp_path / "run.txt")
    written = (tmp_path / "run.txt").read_bytes()
    (tmp_path / "run.txt").unlink()
    typed(*command, "--input_run", tmp_path / "run.bm25.trec", "--output_run", tmp_path / "run.txt")
    assert (tmp_path / "run.txt").read_bytes() == written


def test_the_run_to_rerank_is_never_overwritten(typed, reranker, toy_corpus, tmp_path, capsys):
    (tmp_path / "in.txt").write_text("q0 Q0 d01 1 1.0 x\n")
    with pytest.raises(SystemExit):
        typed("rerank", "--model", reranker, "--dataset", toy_corpus, "--input_run", tmp_path / "in.txt",
              "--output_run", tmp_path / "x" / ".." / "in.txt")  # fmt: skip
    assert "the place of the input" in capsys.readouterr().err
    assert (tmp_path / "in.txt").read_text() == "q0 Q0 d01 1 1.0 x\n"


def test_corpus_and_queries_files_will_do_and_ids_stay_strings(typed, reranker, tmp_path):
    (tmp_path / "corpus.csv").write_text("doc_id,text\n007,lift of a slender wing\n08,heat flow\n")
    (tmp_path / "queries.csv").write_text("query_id,text\n01,slender lift\n")
    typed(
        "rerank", "--model", reranker, "--corpus", tmp_path / "corpus.csv", "--queries", tmp_path / "queries.csv",
        "--output_run", tmp_path / "run.txt", "--device", "cpu",
    )  # fmt: skip
    assert {q: set(scores) for q, scores in read_run(tmp_path / "run.txt").items()} == {"01": {"007"}}


@pytest.mark.parametrize(
    ("documents", "queries"), [("c.jsonl", "q.jsonl"), ("c.tsv", "q.tsv"), ("my.csv.jsonl", "q.tsv")]
)
def test_files_are_read_by_how_their_names_end(typed, reranker, tmp_path, documents, queries):
    files = {documents: ("doc_id", {"7": "lift of a slender wing"}), queries: ("query_id", {"1": "slender lift"})}
    for name, (column, rows) in files.items():
        if name.endswith(".jsonl"):
            lines = [json.dumps({column: key, "text": text}) for key, text in rows.items()]
        else:
            lines = [f"{column}\ttext", *(f"{key}\t{text}" for key, text in rows.items())]
        (tmp_path / name).write_text("".join(f"{line}\n" for line in lines))
    typed(
        "rerank", "--model", reranker, "--corpus", tmp_path / documents, "--queries", tmp_path / queries,
        "--output_run", tmp_path / "run.txt", "--device", "cpu",
    )  # fmt: skip
    assert {q: set(scores) for q, scores in read_run(tmp_path / "run.txt").items()} == {"1": {"7"}}


def test_a_file_of_another_format_is_named_with_those_that_there_are(typed, reranker, tmp_path, capsys):
    (tmp_path / "c.docx").write_text("x")
    (tmp_path / "q.tsv").write_text("1\tlift\n")
    with pytest.raises(SystemExit) as stopped:
        typed("rerank", "--model", reranker, "--corpus", tmp_path / "c.docx", "--queries", tmp_path / "q.tsv",
              "--output_run", tmp_path / "run.txt")  # fmt: skip
    assert stopped.value.code == 2
    said = capsys.readouterr().err
    assert "c.docx" in said
    assert ".jsonl" in said


def test_queries_that_are_given_go_before_the_datasets_own(typed, reranker, toy_corpus, tmp_path):
    (tmp_path / "q.tsv").write_text("mine\tslender lift\n")
    typed(
        "rerank", "--model", reranker, "--dataset", toy_corpus, "--queries", tmp_path / "q.tsv", "--top_k", 3,
        "--output_run", tmp_path / "run.txt", "--device", "cpu",
    )  # fmt: skip
    assert set(read_run(tmp_path / "run.txt")) == {"mine"}


def test_documents_of_a_run_that_the_dataset_lacks_are_left_out_and_named(
    typed, reranker, toy_corpus, tmp_path, capsys
):
    (tmp_path / "in.txt").write_text("q0 Q0 d01 1 2.0 x\nq0 Q0 elsewhere 2 1.0 x\n")
    typed(
        "rerank", "--model", reranker, "--dataset", toy_corpus, "--input_run", tmp_path / "in.txt",
        "--output_run", tmp_path / "run.txt", "--device", "cpu",
    )  # fmt: skip
    assert {q: set(scores) for q, scores in read_run(tmp_path / "run.txt").items()} == {"q0": {"d01"}}
    assert "elsewhere" in capsys.readouterr().err


@pytest.mark.parametrize("typo", ["run.txtt", "trec-covidd", "./trec-covid.txt"])
def test_a_typo_in_the_input_run_is_an_error_and_never_a_download(typo, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InparsError, match="expected a TREC run, or the name of a BEIR dataset"):
        given_run(typo)


def test_a_published_run_that_cannot_be_had_is_said_and_none(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("INPARS_CACHE", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert published_run("rerank", "trec-covid") is None
    assert "rerank: no published BM25 run of trec-covid" in capsys.readouterr().err


def test_a_folder_is_never_taken_for_a_published_dataset(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scifact").mkdir()
    assert published_run("rerank", "scifact") is None
    assert capsys.readouterr().err == ""


def test_in_arguana_no_query_finds_itself(typed, reranker, toy_corpus, tmp_path, capsys):
    folder = tmp_path / "arguana"
    shutil.copytree(toy_corpus, folder)
    queries = [json.loads(line) for line in (folder / "queries.jsonl").read_text().splitlines()]
    renamed = [{"_id": f"d{5 * n:02d}", "text": query["text"]} for n, query in enumerate(queries)]
    (folder / "queries.jsonl").write_text("".join(json.dumps(query) + "\n" for query in renamed))
    (folder / "qrels" / "test.tsv").write_text("".join(f"d{5 * n:02d}\td{n + 1:02d}\t1\n" for n in range(10)))
    typed(
        "rerank", "--model", reranker, "--dataset", folder, "--output_run", tmp_path / "run.txt", "--top_k=5",
        "--device=cpu",
    )  # fmt: skip
    found, first = read_run(tmp_path / "run.txt"), read_run(tmp_path / "run.bm25.trec")
    assert any(query_id in scores for query_id, scores in first.items())
    assert {q: set(scores) for q, scores in found.items()} == {q: set(scores) - {q} for q, scores in first.items()}
    assert "queries that found themselves are left out" in capsys.readouterr().err


@pytest.mark.parametrize("given", [[], ["--corpus=c.csv"], ["--queries=q.csv"]])
def test_documents_and_queries_are_needed(given):
    with pytest.raises(InparsError, match="rerank needs documents and queries"):
        run(flags_of("--output_run=o", *given))


def test_how_a_model_is_asked_can_be_said(tiny_models, capsys):
    assert stage_options(flags_of("--output_run=o", f"--model={tiny_models / 't5'}"))["scheme"] == "monot5"
    assert "unless --scheme says otherwise" in capsys.readouterr().err
    said = flags_of("--output_run=o", f"--model={tiny_models / 't5'}", "--scheme=mt5")
    assert stage_options(said)["scheme"] == "mt5"
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("kind", ["seq2seq", "cross-encoder"])
def test_fp16_on_a_cpu_scores_as_fp32_but_for_its_rounding(
    kind, typed, tiny_models, tiny_cross_encoder, toy_corpus, tmp_path
):
    model = [tiny_models / "t5", "--scheme=monot5"] if kind == "seq2seq" else [tiny_cross_encoder]
    for name, more in (("half", ["--fp16"]), ("whole", [])):
        typed(
            "rerank", "--model", *model, "--dataset", toy_corpus, "--device=cpu", "--top_k=5",
            "--output_run", tmp_path / f"{name}.txt", *more,
        )  # fmt: skip
    half, whole = (read_run(tmp_path / f"{name}.txt") for name in ("half", "whole"))
    assert half.keys() == whole.keys()
    for query_id, scores in half.items():
        assert scores == pytest.approx(whole[query_id], abs=0.05)
