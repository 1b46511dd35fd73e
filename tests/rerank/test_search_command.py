"""First stages through the command line."""

import pytest

from inpars.cli import main
from inpars.data.artifacts import facts_of
from inpars.data.runs import read_run


def inpars(*arguments):
    """The exit code of the command line."""
    try:
        main(list(map(str, arguments)))
    except SystemExit as exit_:
        return exit_.code
    return 0


def test_searching_and_reranking_from_dense_chain_through_files(
    toy_corpus, tmp_path, tiny_bi_encoder, tiny_cross_encoder
):
    queries, output = toy_corpus / "queries.jsonl", tmp_path / "whole.trec"
    dense = ("--first-stage", "dense", "--retriever", tiny_bi_encoder, "--top-k", 8, "--index", tmp_path / "index")
    whole = ("rerank", queries, "--corpus", toy_corpus, "--model", tiny_cross_encoder, "--output", output)
    assert inpars(*whole, *dense) == 0
    assert inpars("search", queries, "--corpus", toy_corpus, "--output", tmp_path / "first.trec", *dense) == 0
    rerank = ("rerank", queries, "--corpus", toy_corpus, "--model", tiny_cross_encoder, "--top_k", 8)
    assert inpars(*rerank, "--run", tmp_path / "first.trec", "--output", tmp_path / "apart.trec") == 0
    assert (tmp_path / "first.trec").read_bytes() == (tmp_path / "whole.dense.trec").read_bytes()
    assert read_run(tmp_path / "apart.trec") == read_run(output)
    assert all(len(scores) == 8 for scores in read_run(output).values())
    assert {path.name for path in (tmp_path / "index").iterdir()} >= {"embeddings.npy", "embeddings.ids.jsonl"}


def test_bm25_is_what_searches_where_nothing_is_said(toy_corpus, tmp_path):
    output = tmp_path / "run.trec"
    assert inpars("search", toy_corpus / "queries.jsonl", "--corpus", toy_corpus, "--output", output, "--top-k", 2) == 0
    facts = facts_of(output)
    assert (facts["queries"], facts["documents"]) == (10, 20)
    assert output.read_text().splitlines()[0].endswith(" bm25")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--first-stage", "dense"), "first_stage dense needs a bi-encoder"),
        (("--retriever", "some-model"), "--first-stage hybrid, or --first-stage dense?"),
        (("--first-stage", "dens"), "--first-stage: "),
        (("--family", "seq2seq"), "--family"),
    ],
)
def test_a_users_mistake_is_explained_and_leaves_nothing(toy_corpus, tmp_path, capsys, arguments, words):
    output = tmp_path / "run.trec"
    assert inpars("search", toy_corpus / "queries.jsonl", "--corpus", toy_corpus, "--output", output, *arguments) == 2
    told = capsys.readouterr()
    assert words in told.out + told.err
    assert not list(tmp_path.iterdir())


def test_queries_that_find_nothing_are_named(toy_corpus, tmp_path, capsys):
    (tmp_path / "q.tsv").write_text("q1\tlift of a wing\nq2\tzzyzx\nq3\t???\n")
    main(["search", str(tmp_path / "q.tsv"), "--corpus", str(toy_corpus), "--output", str(tmp_path / "r.trec")])
    assert "(2 without any: 'q2', 'q3')" in " ".join(capsys.readouterr().err.split())
