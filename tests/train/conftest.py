"""Triples of the toy documents."""

from __future__ import annotations

from pathlib import Path

import pytest

import inpars


@pytest.fixture(scope="session")
def toy_triples(toy_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three synthetic queries for each toy document, with two BM25 negatives each."""
    folder = tmp_path_factory.mktemp("triples")
    queries = inpars.generate(toy_corpus, folder / "queries.jsonl", queries_per_document=3)
    return inpars.mine_negatives(queries, toy_corpus, folder / "triples.jsonl", negatives_per_query=2)
