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


@pytest.mark.slow
@needs_script
def test_the_example_leaves_a_table_of_metrics(toy_corpus, tmp_path):
    done = subprocess.run(
        ["bash", str(SCRIPT), str(toy_corpus), str(tmp_path / "out")],
        capture_output=True, text=True, check=False,
        env=os.environ | {"PYTHON": sys.executable, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    table = [line.split("\t") for line in (tmp_path / "out" / "metrics.txt").read_text().splitlines()]
    assert table[0][1:] == ["bm25", "reranked"]
    found = {name.strip(): (float(bm25), float(reranked)) for name, bm25, reranked in table[1:]}
    assert len(found) == 9
    assert found["num_q"] == (10, 10)
    assert all(0 <= value <= 1 for name, row in found.items() if not name.startswith("num") for value in row)
