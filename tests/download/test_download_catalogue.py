"""The catalogue: what is published where, and by what names it is found."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from inpars.download import download
from inpars.download.catalogue import KINDS, Item, catalogue
from inpars.errors import OptionError

S3 = "https://zav-public.s3.amazonaws.com/inpars/"
HUB = "https://huggingface.co/"


def test_every_item_has_one_place_and_a_name_of_its_own() -> None:
    items = catalogue().items()
    assert {item.kind for item in items} == set(KINDS)
    for item in items:
        assert bool(item.url) != bool(item.repo)
        assert "{" not in item.source
        assert re.fullmatch(r"|[\d.]+ (kB|MB|GB)", item.size)
        assert catalogue().find(item.kind, item.name) is not None
        assert catalogue().find(item.kind, item.name) == item
    assert max(Counter(item.source for item in items).values()) == 1


def test_all_hundred_thousands_of_v1_are_there() -> None:
    names = [item.name for item in catalogue().items("queries") if item.name.startswith("v1/")]
    assert len(names) == 19


@pytest.mark.parametrize(
    ("kind", "names", "source"),
    [
        (
            "queries",
            ("v1/trec_covid", "v1/trec-covid", "V1/TREC-COVID"),
            f"{S3}trec_covid_synthetic_queries_100k.jsonl",
        ),
        ("queries", ("v1/scifacts", "v1/scifact"), f"{S3}scifacts_synthetic_queries_100k.jsonl"),
        ("queries", ("v1/touche", "v1/webis-touche2020"), f"{S3}touche_synthetic_queries_100k.jsonl"),
        (
            "queries",
            ("v2/touche", "v2/webis-touche2020"),
            f"{HUB}datasets/inpars/generated-data/resolve/main/webis-touche2020/queries_filtered_v2.jsonl",
        ),
        (
            "model",
            ("trec_covid", "trec-covid", "zeta-alpha-ai/monot5-3b-inpars-v2-trec_covid"),
            f"{HUB}zeta-alpha-ai/monot5-3b-inpars-v2-trec_covid/tree/main",
        ),
        (
            "runs",
            ("signal", "signal1m"),
            f"{HUB}datasets/unicamp-dl/beir-runs/resolve/514250ae1fb0faedcedb849e70b11c26a124db11/"
            "bm25/run.beir-v1.0.0-signal1m-flat.trec",
        ),
        (
            "runs",
            ("msmarco",),
            f"{HUB}datasets/unicamp-dl/beir-runs/resolve/514250ae1fb0faedcedb849e70b11c26a124db11/"
            "bm25/run.beir-v1.0.0-msmarco-flat-trec",
        ),
        (
            "fewshot",
            ("dbpedia", "dbpedia-entity"),
            f"{HUB}datasets/inpars/fewshot-examples/resolve/main/data/dbpedia-entity.json",
        ),
    ],
)
def test_an_item_is_found_by_every_usual_name(kind: str, names: tuple[str, ...], source: str) -> None:
    assert {catalogue().find(kind, name).source for name in names} == {source}


@pytest.mark.parametrize(
    ("kind", "name", "meant"),
    [
        ("queries", "v1/scifatc", "v1/scifacts"),
        ("queries", "v1/trec-covd", "v1/trec_covid"),
        ("queries", "v2/touche-20", "v2/webis-touche2020"),
        ("queries", "scifact", "v"),
        ("runs", "hotpot-qa", "hotpotqa"),
        ("model", "climate fever", "climate_fever"),
    ],
)
def test_a_typo_is_answered_with_what_was_meant(kind: str, name: str, meant: str) -> None:
    with pytest.raises(OptionError, match=f"called '{name}'") as raised:
        catalogue().find(kind, name)
    assert f"did you mean '{meant}" in raised.value.hint
    assert f"inpars download {kind} --list" in raised.value.hint


def test_an_unknown_kind_is_answered_with_those_that_there_are() -> None:
    with pytest.raises(OptionError, match="unknown kind 'query'") as raised:
        catalogue().find("query", "v1/nq")
    assert "did you mean 'queries'" in raised.value.hint


def test_a_model_is_not_copied_to_a_file() -> None:
    with pytest.raises(OptionError, match="output is for files"):
        download("model", "scifact", output="model")


def test_the_hubs_mirror_is_heeded_for_its_files_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://hub.example/")
    find: list[Item] = [catalogue().find("fewshot", "nq"), catalogue().find("queries", "v1/nq")]
    assert find[0].address == "http://hub.example/datasets/inpars/fewshot-examples/resolve/main/data/nq.json"
    assert find[1].address == find[1].source
