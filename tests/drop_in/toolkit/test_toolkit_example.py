"""The example runs as it stands, and leaves a table of metrics."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from inpars.drop_in.toolkit.flags import read_flags
from inpars.drop_in.toolkit.recognise import OURS, is_toolkit_call

SCRIPT = Path(__file__).resolve().parents[3] / "examples" / "drop_in.sh"
COMMANDS = ("generate", "filter", "generate_triples", "train", "rerank", "evaluate")


needs_script = pytest.mark.skipif(not SCRIPT.is_file(), reason="needs the examples, which only a checkout has")


@needs_script
def test_the_example_types_each_of_the_six_commands_for_the_toolkit():
    joined = SCRIPT.read_text().replace("\\\n", " ")
    typed = re.findall(r'^"\$python" -m inpars\.(\w+) ([^>\n]+)', joined, re.MULTILINE)
    toolkit = [(command, shlex.split(arguments)) for command, arguments in typed if command in COMMANDS]
    assert [command for command, _ in toolkit] == [*COMMANDS, "evaluate"]
    for command, arguments in toolkit:
        assert command not in OURS or is_toolkit_call(command, arguments)
        read_flags(import_module(f"inpars.drop_in.toolkit.{command}").FLAGS, command, arguments)


@needs_script
def test_the_example_types_each_of_v1s_four_commands_with_flags_that_are_v1s():
    joined = SCRIPT.read_text().replace("\\\n", " ")
    typed = re.findall(r'^"\$python" -m inpars v1 (\w+) ([^>\n]+)', joined, re.MULTILINE)
    assert [command for command, _ in typed] == ["generate", "filter", "triples", "train"]
    for command, arguments in typed:
        module = import_module(f"inpars.drop_in.v1.{command}")
        flags = next(kind for name, kind in vars(module).items() if name.endswith("Flags"))
        words = iter(shlex.split(arguments))
        # Each flag has one value; what is unknown, missing or of the wrong kind is an error.
        flags.model_validate({flag.removeprefix("--"): value for flag, value in zip(words, words, strict=True)})


@needs_script
def test_the_example_leaves_a_table_of_metrics(toy_corpus, tmp_path):
    check_example(toy_corpus, tmp_path / "out", queries=10)


@pytest.mark.slow
@needs_script
def test_the_example_leaves_a_table_of_metrics_of_scifact(collection, tmp_path):
    check_example(collection("scifact"), tmp_path / "out", queries=300)


def check_example(dataset, output, queries):
    done = subprocess.run(
        ["bash", str(SCRIPT), str(dataset), str(output)],
        capture_output=True, text=True, check=False,
        env=os.environ | {"PYTHON": sys.executable, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    toolkit, v1 = (output / "metrics.txt").read_text().split("\n\n")
    table = [line.split("\t") for line in toolkit.splitlines()[1:]]
    assert table[0][1:] == ["bm25", "reranked"]
    found = {name.strip(): (float(bm25), float(reranked)) for name, bm25, reranked in table[1:]}
    assert len(found) == 9
    assert found["num_q"] == (queries, queries)
    assert all(0 <= value <= 1 for name, row in found.items() if not name.startswith("num") for value in row)
    rows = [line.split("\t") for line in v1.splitlines()[1:]]
    assert rows[0][:4] == ["step", "recip_rank", "map", "ndcg_cut_10"]
    assert [row[0] for row in rows[1:3]] == ["0", "2"]
    assert all(0 <= float(value) <= 1 for row in rows[1:] for value in row[1:])
