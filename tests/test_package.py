"""The package as somebody meets it at a prompt: what it has, what completes, what help says."""

from __future__ import annotations

import pydoc
import rlcompleter
import subprocess
import sys

import inpars


def test_dir_shows_the_public_functions_and_nothing_else() -> None:
    assert [name for name in dir(inpars) if not name.startswith("_")] == sorted(inpars.__all__)
    assert {"__version__", "__doc__"} <= set(dir(inpars))


def test_they_complete() -> None:
    complete = rlcompleter.Completer({"inpars": inpars}).complete
    found = [complete("inpars.", number) for number in range(len(inpars.__all__) + 1)]
    assert [str(name).removeprefix("inpars.").rstrip("()") for name in found[:-1]] == sorted(inpars.__all__)
    assert found[-1] is None


def test_help_says_what_each_is_for() -> None:
    printed = pydoc.plain(pydoc.render_doc(inpars))
    described = printed[: printed.index("PACKAGE CONTENTS")]
    assert all(f"    {name} " in described for name in inpars.__all__)


def test_none_of_it_loads_a_heavy_library() -> None:
    code = "import sys, inpars; [getattr(inpars, name) for name in dir(inpars)]; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
