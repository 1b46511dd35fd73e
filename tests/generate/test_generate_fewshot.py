from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from inpars.data.corpora import open_corpus
from inpars.data.fewshot import Example, write_examples
from inpars.data.qrels import read_qrels
from inpars.data.queries import read_queries
from inpars.errors import InparsError, OptionError
from inpars.generate.fewshot import choose_examples


def choose(folder: Path | str, spec: str = "auto", n: int = 3, seed: int = 1) -> tuple[list[Example], str]:
    corpus = open_corpus(folder)
    return choose_examples(spec, corpus.name, corpus, n, seed)


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Path]:
    """A BEIR folder of documents d0 to d9, with the queries and the judgments given."""

    def build(name: str = "toy", order: int = 0, **splits: dict[str, dict[str, int]]) -> Path:
        folder = tmp_path / name
        (folder / "qrels").mkdir(parents=True)
        draw = random.Random(order)
        documents = [{"_id": f"d{n}", "title": f"T{n}", "text": "" if n == 9 else f"text {n}"} for n in range(10)]
        documents[9]["title"] = ""
        ids = sorted({query_id for judged in splits.values() for query_id in judged})
        queries = [{"_id": query_id, "text": f"query {query_id}"} for query_id in ids]
        rows = {
            split: [(q, d, g) for q, docs in judged.items() for d, g in docs.items()]
            for split, judged in splits.items()
        }
        for shuffled in (documents, queries, *rows.values()):
            draw.shuffle(shuffled)  # type: ignore[arg-type]
        (folder / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in documents))
        (folder / "queries.jsonl").write_text("".join(json.dumps(row) + "\n" for row in queries))
        for split, judged in rows.items():
            text = "".join(f"{q}\t{d}\t{g}\n" for q, d, g in judged)
            (folder / "qrels" / f"{split}.tsv").write_text("query-id\tcorpus-id\tscore\n" + text)
        return folder

    return build


MANY = {f"q{n}": {f"d{n}": 1} for n in range(9)}


def test_scifact_gives_examples_from_its_training_claims(collection: Callable[[str], Path]) -> None:
    folder = collection("scifact")
    examples, source = choose(folder, n=8)
    qrels = read_qrels(folder / "qrels" / "train.tsv")
    texts = {query.query_id: query.text for query in read_queries(folder / "queries.jsonl")}
    corpus = open_corpus(folder)
    assert source == "train"
    assert len({example.query_id for example in examples}) == len({example.doc_id for example in examples}) == 8
    for example in examples:
        assert qrels[example.query_id][example.doc_id] > 0
        assert example.query == texts[example.query_id]
        assert example.document == corpus[example.doc_id].contents
    assert not {example.query_id for example in examples} & read_qrels(folder / "qrels" / "test.tsv").keys()


def test_a_collection_judged_for_testing_alone_gives_test_queries(collection: Callable[[str], Path]) -> None:
    assert choose(collection("cranfield"))[1] == "test"


@pytest.mark.parametrize(
    ("splits", "source"),
    [
        (("train", "dev", "test"), "train"),
        (("dev", "test"), "dev"),
        (("validation", "test"), "dev"),
        (("test",), "test"),
    ],
)
def test_examples_come_from_train_else_dev_else_test(
    make: Callable[..., Path], splits: tuple[str, ...], source: str
) -> None:
    assert choose(make(**dict.fromkeys(splits, MANY)))[1] == source


def test_a_split_can_be_named(make: Callable[..., Path]) -> None:
    folder = make(train=MANY, test={"q9": {"d3": 1}})
    examples, source = choose(folder, "test", n=1)
    assert source == "test"
    assert examples == [Example("q9", "d3", "query q9", "T3 text 3")]


def test_none_means_none(make: Callable[..., Path]) -> None:
    assert choose(make(train=MANY), "none") == ([], "none")
    assert choose(make("other", train=MANY), n=0) == ([], "none")


def test_the_draw_follows_the_seed_and_not_the_order_of_the_files(make: Callable[..., Path]) -> None:
    one, other = make("one", order=1, train=MANY), make("other", order=2, train=MANY)
    assert (one / "queries.jsonl").read_text() != (other / "queries.jsonl").read_text()
    assert choose(one, seed=5)[0] == choose(other, seed=5)[0]
    assert len({tuple(example.query_id for example in choose(one, seed=seed)[0]) for seed in range(20)}) > 10


def test_a_query_is_shown_with_a_document_of_its_highest_grade_that_there_is(make: Callable[..., Path]) -> None:
    judged = {"q1": {"d1": 1, "d2": 3, "d3": 0, "missing": 4, "d9": 4}, "q2": {"d4": 0}, "q3": {"missing": 1}}
    examples, _ = choose(make(train=judged))
    assert [(example.query_id, example.doc_id) for example in examples] == [("q1", "d2")]


def test_no_document_is_shown_twice(make: Callable[..., Path]) -> None:
    examples, _ = choose(make(train={f"q{n}": {"d1": 1} for n in range(5)} | {"other": {"d2": 1, "d1": 1}}))
    assert sorted(example.doc_id for example in examples) == ["d1", "d2"]


def test_fewer_examples_than_asked_for_are_taken_and_it_says_so(
    make: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    examples, _ = choose(make(train={"q1": {"d1": 1}}), n=3)
    assert len(examples) == 1
    assert "3 few-shot examples were asked for, train has 1" in capsys.readouterr().err


def test_a_split_without_a_document_in_the_corpus_gives_way_to_the_next(make: Callable[..., Path]) -> None:
    folder = make(train={"q1": {"missing": 1}}, test=MANY)
    assert choose(folder)[1] == "test"
    with pytest.raises(OptionError, match="no relevant document of the split 'train' is in the corpus"):
        choose(folder, "train")


def test_a_corpus_without_judgments_says_what_can_be_done(make: Callable[..., Path]) -> None:
    folder = make()
    with pytest.raises(OptionError, match="has no judged split") as raised:
        choose(folder)
    assert all(way in raised.value.hint for way in ("--fewshot FILE", "inpars", "zero-shot"))


def test_a_split_that_is_not_there_names_those_that_are(make: Callable[..., Path]) -> None:
    with pytest.raises(OptionError, match="no judged split 'dev'; it has train, test"):
        choose(make(train=MANY, test=MANY), "dev")


def test_examples_come_from_a_file(make: Callable[..., Path], tmp_path: Path) -> None:
    examples = [Example(f"x{n}", "", f"query {n}", f"document {n}") for n in range(8)]
    folder = make(train=MANY)
    write_examples(tmp_path / "few.jsonl", examples)
    assert choose(folder, str(tmp_path / "few.jsonl"), n=8) == (examples, str(tmp_path / "few.jsonl"))
    drawn, _ = choose(folder, str(tmp_path / "few.jsonl"), n=3)
    write_examples(tmp_path / "few.jsonl", examples[::-1])
    assert choose(folder, str(tmp_path / "few.jsonl"), n=3)[0] == drawn
    assert len(drawn) == 3
    assert choose(folder, str(tmp_path / "few.jsonl"), n=3, seed=2)[0] != drawn


@pytest.mark.parametrize(("spec", "words"), [("tran", "did you mean 'train'?"), ("nowhere.jsonl", "no such file")])
def test_an_unknown_source_is_explained(make: Callable[..., Path], spec: str, words: str) -> None:
    with pytest.raises(InparsError) as raised:
        choose(make(train=MANY), spec)
    assert words in str(raised.value)


def test_python_docs_have_examples() -> None:
    examples, source = choose("python-docs")
    assert (len(examples), source) == (3, "test")
