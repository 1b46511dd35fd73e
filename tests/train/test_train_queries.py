"""Training on synthetic queries alone: positives without negatives, told apart by each other's documents."""

import json
import shutil

import pytest

import inpars
from inpars.cli import main
from inpars.data.artifacts import facts_of, fingerprint_of, sidecar
from inpars.data.corpora import open_corpus
from inpars.data.queries import read_synthetic_queries
from inpars.data.triples import write_triples
from inpars.errors import InparsError, OptionError
from inpars.train.reading import read_examples

FAST = {"batch_size": 8, "held_out_queries": 10, "held_out_depth": 10, "max_length": 32, "learning_rate": 1e-3}


@pytest.fixture(scope="module")
def queries(toy_corpus, tmp_path_factory):
    folder = tmp_path_factory.mktemp("queries")
    return inpars.generate(toy_corpus, folder / "queries.jsonl", queries_per_document=3)


@pytest.fixture(scope="module")
def draft(queries, toy_corpus, tiny_bi_encoder, tmp_path_factory):
    output = tmp_path_factory.mktemp("draft") / "model"
    return inpars.train(queries, toy_corpus, output, base_model=str(tiny_bi_encoder), **FAST)


def test_a_query_becomes_an_example_with_its_document_as_its_author_saw_it(queries, toy_corpus):
    corpus = open_corpus(toy_corpus)
    read = list(read_synthetic_queries(queries))
    examples = list(read_examples(queries, corpus))
    assert [(e.query_id, e.query, e.positive_id) for e in examples] == [(q.query_id, q.query, q.doc_id) for q in read]
    assert not any(example.negative_ids for example in examples)
    cut = {e.query_id for e in examples if e.positive_text}
    assert cut, "some queries were cut out of their document"
    assert cut == {q.query_id for q in read if q.doc_text.split() != corpus[q.doc_id].contents.split()}


def test_a_bi_encoder_learns_from_queries_and_says_from_which(draft, queries):
    about = json.loads((draft / "inpars.json").read_text())
    assert about["training_data"]["queries"] == fingerprint_of(queries)
    assert "triples" not in about["training_data"]
    assert about["loss"] == "in-batch"
    assert about["steps"] > 1
    assert about["held_out_queries"] == 10


def test_queries_teach_what_triples_without_negatives_teach(draft, queries, toy_corpus, tiny_bi_encoder, tmp_path):
    bare = tmp_path / "triples.jsonl"
    write_triples(bare, read_examples(queries, open_corpus(toy_corpus)))
    same = inpars.train(bare, toy_corpus, tmp_path / "same", base_model=str(tiny_bi_encoder), **FAST)
    assert (same / "model.safetensors").read_bytes() == (draft / "model.safetensors").read_bytes()


@pytest.mark.parametrize("options", [{"family": "cross-encoder"}, {"family": "bi-encoder", "loss": "softmax"}])
def test_a_loss_that_needs_negatives_is_refused_at_once(queries, toy_corpus, tmp_path, options):
    with pytest.raises(OptionError, match="holds queries without any") as error:
        inpars.train(queries, toy_corpus, tmp_path / "model", **options, **FAST)
    assert "inpars negatives" in error.value.hint
    assert not list(tmp_path.iterdir())


def test_queries_of_another_corpus_are_refused(queries, toy_rows, tmp_path, tiny_bi_encoder, write_jsonl):
    corpus = write_jsonl(toy_rows[:5], "corpus.jsonl")
    with pytest.raises(InparsError, match="was written for document"):
        inpars.train(queries, corpus, tmp_path / "model", base_model=str(tiny_bi_encoder), **FAST)


def test_the_command_line_takes_queries_too(queries, toy_corpus, tmp_path, tiny_bi_encoder, draft):
    options = [f"--{name.replace('_', '-')}={value}" for name, value in FAST.items()]
    places = ["--corpus", str(toy_corpus), "--output", str(tmp_path / "model"), "--base-model", str(tiny_bi_encoder)]
    main(["train", str(queries), *places, *options])
    assert (tmp_path / "model" / "model.safetensors").read_bytes() == (draft / "model.safetensors").read_bytes()


def test_a_base_that_was_moved_is_the_same_base_and_one_that_changed_is_another(
    queries, toy_corpus, tmp_path, tiny_bi_encoder
):
    def train(base):
        model = inpars.train(queries, toy_corpus, tmp_path / "model", base_model=str(base), **FAST)
        return sidecar(model).stat().st_mtime_ns, facts_of(model)["fingerprint"]

    first, second = tmp_path / "one", tmp_path / "two"
    for folder in (first, second):
        shutil.copytree(tiny_bi_encoder, folder)
    trained = train(first)
    assert train(second) == trained
    (second / "README.md").write_text("another base")
    assert train(second)[1] != trained[1]
