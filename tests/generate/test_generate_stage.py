from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import inpars
from inpars.data.artifacts import facts_of
from inpars.data.corpora import open_corpus
from inpars.data.corpora.memory import MemoryCorpus
from inpars.data.queries import read_synthetic_queries
from inpars.data.records import Document
from inpars.errors import OptionError


class PowerCut(MemoryCorpus):
    """Fails at one document of the first pass, which is the one that writes; statistics take a pass of their own."""

    def __init__(self, documents: list[Document], at: int) -> None:
        super().__init__(documents)
        self.at, self.passes = at, 0

    def shuffled(self, seed: int) -> Iterator[Document]:
        self.passes += 1
        writes = self.passes == 1
        for number, document in enumerate(super().shuffled(seed)):
            if writes and number == self.at:
                raise OSError("power cut")
            yield document


@pytest.fixture(scope="module")
def documents(collection: Callable[[str], Path]) -> list[Document]:
    return open_corpus(collection("cranfield")).sample(45, seed=3)


@pytest.fixture
def interrupted(documents: list[Document], tmp_path: Path) -> Path:
    """The output path of a run with units of ten that failed at its 26th document."""
    output = tmp_path / "interrupted.jsonl"
    with pytest.raises(OSError, match="power cut"):
        inpars.generate(PowerCut(documents, 25), output, unit_size=10)
    return output


def units(output: Path) -> list[Path]:
    return sorted((output.parent / f".{output.name}.units").glob("*[0-9].jsonl"))


def stamp(path: Path) -> tuple[int, int]:
    return path.stat().st_mtime_ns, path.stat().st_ino


def test_rows_load_and_belong_to_the_documents(documents: list[Document], tmp_path: Path) -> None:
    output = inpars.generate(MemoryCorpus(documents), tmp_path / "queries.jsonl", queries_per_document=2)
    queries = list(read_synthetic_queries(output))
    assert len(queries) == 2 * len(documents)
    assert {query.doc_id for query in queries} == {document.doc_id for document in documents}
    assert facts_of(output)["documents"] == 45
    assert facts_of(output)["queries"] == 90


def test_a_folder_a_file_and_an_open_corpus_give_the_same(toy_corpus: Path, tmp_path: Path) -> None:
    specs = (toy_corpus, str(toy_corpus / "corpus.jsonl"), open_corpus(toy_corpus))
    outputs = [inpars.generate(spec, tmp_path / f"{n}.jsonl").read_bytes() for n, spec in enumerate(specs)]
    assert outputs[0] == outputs[1] == outputs[2] != b""


def test_the_size_of_units_does_not_show_in_the_output(documents: list[Document], tmp_path: Path) -> None:
    outputs = [
        inpars.generate(MemoryCorpus(documents), tmp_path / f"{size}.jsonl", unit_size=size).read_bytes()
        for size in (1, 10, 45, 1000)
    ]
    assert len(set(outputs)) == 1


def test_bytes_are_the_same_in_another_process_with_other_string_hashes(
    documents: list[Document], tmp_path: Path, collection: Callable[[str], Path]
) -> None:
    corpus = collection("cranfield")
    program = "import sys, inpars; inpars.generate(sys.argv[1], sys.argv[2], max_generations=300)"
    outputs = []
    for hash_seed in ("1", "2"):
        output = tmp_path / f"{hash_seed}.jsonl"
        environment = os.environ | {"PYTHONHASHSEED": hash_seed}
        subprocess.run([sys.executable, "-c", program, corpus, output], env=environment, check=True)
        outputs.append(output.read_bytes())
    assert outputs[0] == outputs[1]


def test_a_failure_leaves_the_finished_units_and_no_output(interrupted: Path) -> None:
    assert len(units(interrupted)) == 2
    assert not interrupted.exists()


def test_a_rerun_after_a_failure_gives_the_bytes_of_an_uninterrupted_run(
    interrupted: Path, documents: list[Document], tmp_path: Path
) -> None:
    whole = inpars.generate(MemoryCorpus(documents), tmp_path / "whole.jsonl", unit_size=10)
    inpars.generate(MemoryCorpus(documents), interrupted, unit_size=10)
    assert interrupted.read_bytes() == whole.read_bytes()
    assert facts_of(interrupted)["documents"] == 45
    assert not units(interrupted)


def test_a_rerun_takes_finished_units_as_they_are(interrupted: Path, documents: list[Document]) -> None:
    mark = b'{"query": "mark of a unit that was not written again", "doc_id": "1"}\n'
    units(interrupted)[0].write_bytes(mark)
    inpars.generate(MemoryCorpus(documents), interrupted, unit_size=10)
    assert interrupted.read_bytes().startswith(mark)


def test_a_rerun_writes_a_unit_that_is_missing(interrupted: Path, documents: list[Document], tmp_path: Path) -> None:
    units(interrupted)[0].unlink()
    whole = inpars.generate(MemoryCorpus(documents), tmp_path / "whole.jsonl", unit_size=10)
    inpars.generate(MemoryCorpus(documents), interrupted, unit_size=10)
    assert interrupted.read_bytes() == whole.read_bytes()


def test_a_rerun_with_other_options_takes_no_unit_of_the_first(
    interrupted: Path, documents: list[Document], tmp_path: Path
) -> None:
    whole = inpars.generate(MemoryCorpus(documents), tmp_path / "whole.jsonl", unit_size=10, seed=2)
    inpars.generate(MemoryCorpus(documents), interrupted, unit_size=10, seed=2)
    assert interrupted.read_bytes() == whole.read_bytes()


def test_a_second_call_does_nothing(documents: list[Document], tmp_path: Path) -> None:
    output = inpars.generate(MemoryCorpus(documents), tmp_path / "queries.jsonl")
    before = stamp(output)
    inpars.generate(MemoryCorpus(documents), output)
    assert stamp(output) == before


@pytest.mark.parametrize("change", [{"seed": 2}, {"extractive": {"hide": 0.1}}, {"queries_per_document": 2}])
def test_a_changed_option_does_it_again(change: dict[str, Any], documents: list[Document], tmp_path: Path) -> None:
    output = inpars.generate(MemoryCorpus(documents), tmp_path / "queries.jsonl")
    before = output.read_bytes()
    inpars.generate(MemoryCorpus(documents), output, **change)
    assert output.read_bytes() != before


def test_a_changed_document_does_it_again(documents: list[Document], tmp_path: Path) -> None:
    output = inpars.generate(MemoryCorpus(documents), tmp_path / "queries.jsonl")
    before = stamp(output)
    inpars.generate(MemoryCorpus([*documents[:-1], Document("new", "Another text stands here now.")]), output)
    assert stamp(output) != before


def test_documents_that_are_too_short_or_too_long_are_left_out(documents: list[Document], tmp_path: Path) -> None:
    output = inpars.generate(MemoryCorpus(documents), tmp_path / "queries.jsonl", min_doc_chars=700, max_doc_chars=1200)
    right = {document.doc_id for document in documents if 700 <= len(document.contents) <= 1200}
    assert {query.doc_id for query in read_synthetic_queries(output)} == right
    assert 0 < len(right) < len(documents)
    assert facts_of(output)["documents"] == len(right)


def test_max_generations_is_the_number_of_documents_and_a_smaller_sample_starts_a_larger_one(
    documents: list[Document], tmp_path: Path
) -> None:
    corpus = MemoryCorpus(documents)
    small, large = (
        inpars.generate(corpus, tmp_path / f"{n}.jsonl", max_generations=n, queries_per_document=2) for n in (7, 20)
    )
    assert len({query.doc_id for query in read_synthetic_queries(small)}) == 7
    assert large.read_bytes().startswith(small.read_bytes())


def test_max_generations_counts_only_eligible_documents(documents: list[Document], tmp_path: Path) -> None:
    output = inpars.generate(MemoryCorpus(documents), tmp_path / "queries.jsonl", min_doc_chars=700, max_generations=5)
    assert len({query.doc_id for query in read_synthetic_queries(output)}) == 5


def test_documents_without_a_query_are_counted(tmp_path: Path, documents: list[Document]) -> None:
    corpus = MemoryCorpus([*documents, Document("empty", "")])
    output = inpars.generate(corpus, tmp_path / "queries.jsonl")
    assert facts_of(output)["documents"] == 46
    assert facts_of(output)["queries"] == 45


def test_an_unknown_nested_option_is_suggested_and_nothing_is_written(
    documents: list[Document], tmp_path: Path
) -> None:
    with pytest.raises(OptionError, match=r"'generate.extractive.mixture.sentences'; did you mean 'sentence'"):
        inpars.generate(MemoryCorpus(documents), tmp_path / "queries.jsonl", extractive={"mixture": {"sentences": 1}})
    assert not list(tmp_path.iterdir())
