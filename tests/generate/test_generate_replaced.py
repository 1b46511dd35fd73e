"""What a language model wrote is set aside for other queries, and is back when it is wanted again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

import inpars
from inpars.data.artifacts import facts_of, is_set_aside, set_aside_path, sidecar
from inpars.data.corpora.memory import MemoryCorpus
from inpars.data.lock import is_lock
from inpars.data.records import Document
from inpars.errors import NothingProduced
from inpars.generate import replaced
from inpars.models.language.base import Answer, Prompt, Sampling
from inpars.models.language.dummy import DummyModel


class Counting(DummyModel):
    """Says nothing of one document, and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__("counting")
        self.asked: list[str] = []

    def complete(self, prompts: Iterable[Prompt], sampling: Sampling) -> Iterator[Answer]:
        for answer in super().complete(prompts, sampling):
            self.asked.append(answer.key)
            if answer.key == "d3":
                answer.completions[0].text = " "
            yield answer


@pytest.fixture
def corpus() -> MemoryCorpus:
    texts = (f"Wing flutter at speed {i} was measured. The drag of body {i} was low in the tunnel." for i in range(12))
    return MemoryCorpus([Document(f"d{i}", text) for i, text in enumerate(texts)])


@pytest.fixture
def write(corpus: MemoryCorpus, tmp_path: Path) -> Callable[..., tuple[Path, Counting]]:
    def call(**options: Any) -> tuple[Path, Counting]:
        model = Counting()
        inpars.generate(options.pop("corpus", corpus), tmp_path / "q.jsonl", language_model=model, **options)
        return tmp_path / "q.jsonl", model

    return call


Write = Callable[..., tuple[Path, Counting]]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file() and path.suffix != ".json"}


def test_other_options_set_the_queries_aside_with_all_that_goes_with_them(
    write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output, _ = write()
    first, facts = contents(tmp_path), facts_of(output)
    write(temperature=0.9)
    aside = tmp_path / f"q.{facts['fingerprint'][:8]}.jsonl"
    assert f"it is kept as {aside}" in capsys.readouterr().err.replace("\n", "")
    assert aside.read_bytes() == first["q.jsonl"] != output.read_bytes()
    assert (tmp_path / f"{aside.stem}.dropped.jsonl").read_bytes() == first["q.dropped.jsonl"]
    assert facts_of(aside) == facts


def test_the_same_options_again_bring_them_back_and_ask_nothing(write: Write, tmp_path: Path) -> None:
    output, _ = write()
    first, facts = contents(tmp_path), facts_of(output)
    write(temperature=0.9)
    second = output.read_bytes()
    output, model = write()
    assert model.asked == []
    assert {name: content for name, content in contents(tmp_path).items() if name in first} == first
    assert facts_of(output) == facts
    output, model = write(temperature=0.9)
    assert model.asked == []
    assert output.read_bytes() == second
    assert len(list(tmp_path.glob("q.*.jsonl.meta.json"))) == 1, "one of the two is in place"


def test_a_forgotten_model_costs_nothing(write: Write, corpus: MemoryCorpus, tmp_path: Path) -> None:
    output, _ = write()
    written = output.read_bytes()
    inpars.generate(corpus, output)
    assert output.read_bytes() != written
    assert b"completion" not in (tmp_path / "q.dropped.jsonl").read_bytes(), "what the extractor dropped, not the model"
    output, model = write()
    assert (model.asked, output.read_bytes()) == ([], written)
    # Extracted queries are not worth keeping: they cost nothing.
    assert not list(tmp_path.glob("q.*.jsonl.meta.json"))


def test_other_documents_set_them_aside_too(write: Write, corpus: MemoryCorpus, tmp_path: Path) -> None:
    output, _ = write()
    written = output.read_bytes()
    write(corpus=MemoryCorpus([*corpus, Document("new", "Another text stands here now, of some length.")]))
    (aside,) = (path for path in tmp_path.glob("q.*.jsonl") if is_set_aside(path) and "dropped" not in path.name)
    assert aside.read_bytes() == written


def test_the_few_shot_examples_go_with_their_queries(write: Write, tmp_path: Path) -> None:
    examples = tmp_path / "mine.jsonl"
    examples.write_text('{"query": "q", "document": "d", "query_id": "7"}\n')
    write(prompt="few-shot", fewshot=str(examples))
    shown = (tmp_path / "q.fewshot.jsonl").read_bytes()
    write()
    assert not (tmp_path / "q.fewshot.jsonl").exists()
    assert (tmp_path / f"q.{_only_aside(tmp_path)}.fewshot.jsonl").read_bytes() == shown
    write(prompt="few-shot", fewshot=str(examples))
    assert (tmp_path / "q.fewshot.jsonl").read_bytes() == shown


def _only_aside(folder: Path) -> str:
    (meta,) = folder.glob("q.*.jsonl.meta.json")
    return meta.name.split(".")[1]


@pytest.mark.parametrize("back", [False, True])
def test_a_kill_at_any_moment_loses_no_query_and_the_next_call_ends_the_same(
    back: bool, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The calls that move files fail one after the other, each time with everything before them done."""
    output, _ = write()
    written = output.read_bytes()
    if back:
        write(temperature=0.9)
    options: dict[str, Any] = {} if back else {"temperature": 0.9}
    for moment in range(100):
        left = [moment]

        def step(call: Callable[..., Any], left: list[int] = left) -> Callable[..., Any]:
            def stepped(*arguments: Any, **more: Any) -> Any:
                if is_lock(Path(arguments[0])):
                    return call(*arguments, **more)
                if left[0] == 0:
                    raise KeyboardInterrupt
                left[0] -= 1
                return call(*arguments, **more)

            return stepped

        with monkeypatch.context() as patch:
            for owner, name in ((replaced.os, "link"), (replaced.os, "replace"), (Path, "unlink")):
                patch.setattr(owner, name, step(getattr(owner, name)))
            try:
                write(**options)
                break
            except KeyboardInterrupt:
                pass
        places = [path for path in tmp_path.glob("q*.jsonl") if sidecar(path).exists()]
        assert written in [path.read_bytes() for path in places], "it is whole somewhere, with its sidecar"
    assert moment > 10
    output, model = write()
    assert (model.asked, output.read_bytes()) == ([], written)
    assert json.loads(sidecar(output).read_text())["queries"] == 11


def test_queries_whose_sidecar_is_gone_are_set_aside_too(write: Write, tmp_path: Path) -> None:
    output, _ = write()
    written = output.read_bytes()
    # So a kill leaves it that came while errors were asked for again.
    sidecar(output).unlink()
    write(temperature=0.9)
    aside = [path.read_bytes() for path in tmp_path.glob("q.*.jsonl") if is_set_aside(path)]
    assert written in aside


def test_an_output_without_queries_is_not_set_aside(write: Write, tmp_path: Path) -> None:
    with pytest.raises(NothingProduced):
        write(prompt="chain-of-thought")
    write()
    assert not list(tmp_path.glob("q.*.jsonl.meta.json"))


def test_names_of_what_is_set_aside() -> None:
    for name, aside in {
        "queries.jsonl": "queries.01234567.jsonl",
        "my.queries.jsonl": "my.queries.01234567.jsonl",
        "q.jsonl.gz": "q.01234567.jsonl.gz",
        "q": "q.01234567",
    }.items():
        assert set_aside_path(Path(name), "0123456789") == Path(aside)
        assert is_set_aside(Path(aside))
        assert not is_set_aside(Path(name))
