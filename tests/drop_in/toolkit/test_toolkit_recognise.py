"""Whose command is meant: the toolkit's, or ours of the same name."""

from __future__ import annotations

import errno
import subprocess
import sys

import pytest

from inpars.cli import exit_codes
from inpars.drop_in.toolkit.recognise import is_toolkit_call

THEIRS = [
    ("generate", "--prompt=inpars --dataset=trec-covid --base_model=EleutherAI/gpt-j-6B --output=q.jsonl"),
    ("generate", "--dataset scifact --output q.jsonl"),
    ("generate", "--base-model gpt2 --output q.jsonl"),
    ("filter", "--input=q.jsonl --dataset=trec-covid --filter_strategy=scores --output=k.jsonl"),
    ("train", "--triples=t.tsv --base_model=castorini/monot5-3b-msmarco-10k --output_dir=./reranker/ --max_steps=156"),
    ("train", "--pairs p.tsv --base_model t5-base"),
    ("train", "--triples t.tsv --base_model t5-base"),
    ("train", "--triples t.tsv --output-dir m"),
    ("rerank", "--model=./reranker/ --dataset=trec-covid --output_run=run.txt"),
    ("evaluate", "--dataset=trec-covid --run=run.txt"),
]
OURS = [
    ("generate", "scifact --output q.jsonl --model gpt2 --prompt inpars"),
    ("generate", "--corpus scifact --output q.jsonl"),
    ("filter", "q.jsonl --output k.jsonl --methods length"),
    ("train", "t.jsonl --corpus scifact --output m --base-model t5-base --max-steps 3"),
    ("train", "--triples t.jsonl --corpus scifact --output m --base-model t5-base"),
    ("rerank", "queries.jsonl --corpus scifact --model m --output r.trec --run bm25.trec"),
    ("evaluate", "bm25=a.trec b.trec --qrels test.tsv"),
    ("evaluate", ""),
]


@pytest.mark.parametrize(("command", "arguments"), THEIRS)
def test_flags_that_only_the_toolkit_has_mean_the_toolkit(command, arguments):
    assert is_toolkit_call(command, arguments.split())


@pytest.mark.parametrize(("command", "arguments"), OURS)
def test_everything_else_stays_ours(command, arguments):
    assert not is_toolkit_call(command, arguments.split())


def test_a_value_is_no_flag():
    assert not is_toolkit_call("filter", ["input", "--output", "dataset"])


def test_help_says_both(capsys, typed):
    typed("generate", "--help")
    printed = capsys.readouterr().out
    assert "--queries-per-document" in printed
    assert "--base_model" in printed
    assert "EleutherAI/gpt-j-6B" in printed


def test_our_command_still_answers_under_the_module(capsys, typed, toy_corpus, tmp_path):
    typed("generate", toy_corpus, "--output", tmp_path / "q.jsonl", "--max-generations", 5)
    assert (tmp_path / "q.jsonl").read_text().count("\n") == 5


def test_a_mistake_ends_with_code_2_and_no_traceback():
    arguments = ["--input", "q.jsonl", "--dataste", "x", "--output", "t.tsv"]
    done = subprocess.run(
        [sys.executable, "-m", "inpars.generate_triples", *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "did you mean --dataset?" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_failed_download_and_a_failing_disk_end_without_a_traceback(capsys):
    requests = pytest.importorskip("requests")
    with pytest.raises(SystemExit) as stopped, exit_codes():
        raise requests.exceptions.ConnectionError("no such host")
    assert stopped.value.code == 2
    assert "a download failed" in capsys.readouterr().err
    with pytest.raises(SystemExit) as stopped, exit_codes():
        raise OSError(errno.ENOSPC, "No space left on device", "q.jsonl")
    assert stopped.value.code == 2
    assert "inpars: q.jsonl: No space left on device\n  hint: free some space" in capsys.readouterr().err
    with pytest.raises(ZeroDivisionError), exit_codes():
        raise ZeroDivisionError


def test_recognising_and_helping_import_no_heavy_library():
    code = (
        "import sys; from inpars.drop_in.toolkit import main\n"
        "from inpars.drop_in.toolkit.recognise import is_toolkit_call; is_toolkit_call('train', ['--pairs', 'x'])\n"
        "for command in ('generate', 'filter', 'generate_triples', 'train', 'rerank', 'evaluate'):\n"
        "    main(command, ['--help'])\n"
        "print(sorted({'torch', 'transformers', 'sentence_transformers', 'datasets', 'openai'} & set(sys.modules)))"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.splitlines()[-1] == "[]"
