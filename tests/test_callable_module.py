"""Each test runs in a fresh interpreter: what a name means depends on what was imported before."""

from __future__ import annotations

import subprocess
import sys

import pytest

STAGES = ["generate", "filter", "evaluate", "rerank", "train"]


def python(program: str) -> str:
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_can_be_called_right_after_importing_the_package(stage: str) -> None:
    call = f"import inpars\ntry:\n    inpars.{stage}()\nexcept TypeError as error:\n    print(error)"
    assert f"{stage}() missing" in python(call)


@pytest.mark.parametrize("stage", ["generate", "filter", "evaluate"])
def test_a_stage_can_be_called_after_something_inside_it_was_imported(stage: str) -> None:
    program = f"import inpars.{stage}.config, inpars\ntry:\n    inpars.{stage}()\nexcept TypeError as error:\n    "
    assert f"{stage}() missing" in python(program + "print(error)")


def test_calling_the_module_and_calling_its_function_do_the_same(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("called")
    row = '{"query": "what is lift on a wing", "doc_id": "d1", "doc_text": "lift"}\n'
    (folder / "queries.jsonl").write_text(row)
    python(
        "import inpars\nfrom inpars.filter import filter\n"
        f"inpars.filter('{folder}/queries.jsonl', '{folder}/module.jsonl')\n"
        f"filter('{folder}/queries.jsonl', '{folder}/function.jsonl')"
    )
    assert (folder / "module.jsonl").read_bytes() == (folder / "function.jsonl").read_bytes() != b""


@pytest.mark.parametrize("library", ["numpy", "pydantic", "torch", "scipy", "bm25s", "rich"])
def test_importing_the_package_imports_nothing_heavy(library: str) -> None:
    assert python(f"import inpars, sys; print({library!r} in sys.modules)") == "False"


def test_every_public_name_is_there() -> None:
    assert python("import inpars; print(all(callable(getattr(inpars, name)) for name in inpars.__all__))") == "True"


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    assert "no attribute 'gnerate'" in python(
        "import inpars\ntry:\n    inpars.gnerate\nexcept AttributeError as error:\n    print(error)"
    )
