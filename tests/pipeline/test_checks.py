"""What would only fail in the middle of a run, found before the first step."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import inpars
from inpars.data.corpora import open_corpus
from inpars.data.corpora.memory import MemoryCorpus
from inpars.data.records import Document, Query
from inpars.data.test_sets import TestSet
from inpars.errors import InparsError
from inpars.pipeline.checks import check_judged, check_models, check_run, unfinished
from inpars.pipeline.recipe import load_recipe


def check(tmp_path: Path, *overrides: str, recipe: str = "extractive") -> None:
    steps = load_recipe(recipe, ["train.base_model=dir", *overrides]).steps
    check_models(unfinished(steps, tmp_path / "run"))


@pytest.fixture(autouse=True)
def a_folder_with_a_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dir").mkdir()
    for name in ("config.json", "tokenizer_config.json"):
        (tmp_path / "dir" / name).write_text("{}")


def test_models_that_can_be_had(tmp_path: Path) -> None:
    check(tmp_path)
    check(tmp_path, "generate.model=dir", "negatives.retriever=[bm25, dir]", "rerank.first_stage='@train'")


def test_models_of_a_server_and_of_vllm_are_not_looked_for(tmp_path: Path) -> None:
    check(tmp_path, "generate.model=openai:gpt-x", "filter.methods=[judge]", "filter.judge.model=vllm:some/model")
    check(tmp_path, "generate.model=gpt-x", "generate.backend=openai")


def test_methods_that_are_not_applied_need_no_models(tmp_path: Path) -> None:
    check(tmp_path, "filter.methods=[length, duplicates]", "filter.consistency.reranker=gone/x")
    check(tmp_path, "filter.methods=[duplicates]", "filter.duplicates.model=gone/x")


@pytest.mark.parametrize(
    ("option", "more"),
    [
        ("train.base_model", ()),
        ("generate.model", ()),
        ("negatives.retriever", ()),
        ("negatives.teacher", ()),
        ("negatives.relabel.scorer", ()),
        ("negatives.relabel.judge.model", ()),
        ("negatives.positive_aware.scorer", ("negatives.positive_aware.margin=1",)),
        ("filter.reranker.model", ("filter.methods=[reranker]",)),
        ("filter.consistency.retriever", ("filter.methods=[consistency]",)),
        ("filter.consistency.reranker", ("filter.methods=[consistency]",)),
        ("filter.judge.model", ("filter.methods=[judge]",)),
        ("filter.duplicates.model", ("filter.methods=[duplicates]", "filter.duplicates.kind=embeddings")),
        ("rerank.retriever", ("rerank.first_stage=dense",)),
    ],
)
def test_every_option_that_names_a_model(option: str, more: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for model, why in (
        ("./gone", "there is no such folder"),
        (str(tmp_path / "empty"), "the folder has none of config.json"),
        ("nosuch/model", "offline (HF_HUB_OFFLINE) the Hub's cache has no such model"),
    ):
        with pytest.raises(InparsError) as error:
            check(tmp_path, f"{option}={model}", *more)
        assert error.value.message.startswith(f"{option}: there is no model {model!r}: ")
        assert why in error.value.message


def test_steps_that_are_done_may_do_without_their_models(tmp_path: Path) -> None:
    gone = "train.base_model=./gone"
    steps = load_recipe("extractive", ["train.base_model=dir", gone])
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "recipe.yaml").write_text(steps.to_yaml())
    # A step that was killed has left sidecars, of its index for example, and no record.
    for facts in (None, {"errors": 1}, {"a": {"errors": 2}}):
        done = {step.name: {"facts": {}} for step in steps.steps if step.name != "train"}
        (tmp_path / "run" / "manifest.json").write_text(
            json.dumps({"steps": done | ({"train": {"facts": facts}} if facts else {})})
        )
        with pytest.raises(InparsError, match=r"train\.base_model"):
            check(tmp_path, gone)
    (tmp_path / "run" / "manifest.json").write_text(json.dumps({"steps": done | {"train": {"facts": {"errors": 0}}}}))
    check(tmp_path, gone)
    with pytest.raises(InparsError, match=r"train\.base_model"):
        check(tmp_path, gone, "negatives.seed=2")


def test_it_takes_no_torch(tmp_path: Path) -> None:
    code = (
        "import sys; from inpars.pipeline.recipe import load_recipe; from pathlib import Path; "
        "from inpars.pipeline.checks import check_models, unfinished; "
        "check_models(unfinished(load_recipe('extractive', ['train.base_model=dir']).steps, Path('run')));"
        "print('torch' in sys.modules, 'transformers' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_a_run_looks_before_its_first_step(tmp_path: Path, toy_corpus: Path) -> None:
    with pytest.raises(InparsError, match=r"train\.base_model: there is no model '\./gone'"):
        inpars.run("extractive", corpus=toy_corpus, output=tmp_path / "run", set=["train.base_model=./gone"])
    assert not (tmp_path / "run").exists()


ALL_WRONG = (
    "generate.prompt=./gone.txt",
    "generate.model=openai:gpt-x",
    "filter.methods=[language, judge, duplicates, scores]",
    "filter.language.languages=[qq]",
    "filter.judge.model=openai:gpt-x",
    "filter.judge.prompt=./gone.yaml",
    "filter.duplicates.kind=minhash",
    "filter.duplicates.similarity=0.9999",
    "negatives.language=xx",
    "negatives.teacher=./gone",
    "train.base_model=./gone",
    "train.optimizer=nonsense",
    "train.monitor_queries=./gone-queries.tsv",
    "train.monitor_qrels=./gone-qrels.tsv",
    "train.monitor_run=./gone-run.trec",
    "rerank.language=zz",
    "evaluate.measures=[nDCG@10, nonsense]",
)
FAULTS = (
    "generate: OpenAI needs a key",
    "generate: no prompt at gone.txt",
    "filter: unknown language 'qq'",
    "filter: OpenAI needs a key",
    "filter: no judge prompt at gone.yaml",
    "filter: MinHash does not tell pairs of similarity 0.9999",
    "negatives: unknown language 'xx'",
    "negatives.teacher: there is no model './gone'",
    "train.base_model: there is no model './gone'",
    "train: unknown optimizer 'nonsense'",
    "train: gone-queries.tsv: expected a readable file",
    "train: gone-qrels.tsv: expected a readable file",
    "train: gone-run.trec: expected a readable file",
    "rerank: unknown language 'zz'",
    "evaluate: unknown measure 'nonsense'",
)


def test_everything_that_is_wrong_is_told_at_once(
    tmp_path: Path, toy_corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with pytest.raises(InparsError) as error:
        inpars.run("extractive", corpus=toy_corpus, output=tmp_path / "run", set=ALL_WRONG)
    told = error.value.message.splitlines()
    assert told[0] == f"{len(told) - 1} errors, all found before anything was begun:"
    for fault in FAULTS:
        assert sum(line.startswith(f"  - {fault}") for line in told) == 1, fault
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("wrong", ["negatives.language=xx", "evaluate.measures=[nonsense]", "train.optimizer=nonsense"])
def test_a_step_that_is_there_with_other_options_is_looked_at_too(
    wrong: str, tmp_path: Path, toy_corpus: Path, tiny_bi_encoder: Path
) -> None:
    small = [f"train.base_model={tiny_bi_encoder}", "train.held_out_queries=10", "train.max_steps=1"]
    small += ["evaluate.permutations=99", "evaluate.bootstraps=99", "negatives.skip_top=0"]
    inpars.run("extractive", corpus=toy_corpus, output=tmp_path / "run", set=small)
    written = (tmp_path / "run" / "recipe.yaml").read_bytes()
    with pytest.raises(InparsError, match=r"^\w+: unknown"):
        inpars.run("extractive", corpus=toy_corpus, output=tmp_path / "run", set=[*small, wrong])
    assert (tmp_path / "run" / "recipe.yaml").read_bytes() == written


def test_options_of_several_steps_that_are_wrong_are_told_at_once() -> None:
    with pytest.raises(InparsError) as error:
        load_recipe("extractive", ["train.epoch=1", "negatives.topk=3", "generate.max_generations=0", "nonsense.x=1"])
    for name in ("train.epoch", "negatives.topk", "generate.max_generations", "unknown step 'nonsense'"):
        assert name in error.value.message


def test_ids_of_documents_and_test_queries_and_options_are_told_together(
    tmp_path: Path, write_jsonl: Callable[..., Path]
) -> None:
    corpus = MemoryCorpus([Document("a b", "wing lift"), Document("c", "drag flow")])
    test_set = TestSet([Query("q 1", "wing")], {"q 1": {"c": 1}}, "qrels.tsv")
    with pytest.raises(InparsError) as error:
        check_run(load_recipe("extractive", ["negatives.language=xx"]).steps, corpus, test_set, tmp_path / "run")
    for fault in ("memory, line 1: expected document ids", "qrels.tsv: expected query ids", "unknown language 'xx'"):
        assert fault in error.value.message


def test_judged_documents_that_the_corpus_lacks_are_counted(
    toy_corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus, queries = open_corpus(toy_corpus), [Query("q", "wing")]
    check_judged(TestSet(queries, {"q": {"d01": 1, "gone": 2, "lost": 0}}, "qrels.tsv"), corpus)
    said = " ".join(capsys.readouterr().err.split())
    assert "lacks 2 of 3 judged documents" in said
    assert "1 of them relevant, which nothing can find: 'gone', 'lost'" in said
    check_judged(TestSet(queries, {"q": {"d01": 1}}, "qrels.tsv"), corpus)
    assert not capsys.readouterr().err
    with pytest.raises(InparsError, match=r"qrels.tsv: none of the 2 relevant documents is in the corpus") as error:
        check_judged(TestSet(queries, {"q": {"gone": 2, "lost": 1, "d01": 0}}, "qrels.tsv"), corpus)
    assert "The first id in this one is 'd00'" in error.value.hint


RECIPE = """\
name: given
steps:
  queries: {{file: {file}}}
  filter: {{methods: [{method}]}}
  negatives: {{skip_top: 0}}
  train: {{base_model: {model}}}
  rerank: {{}}
  evaluate: {{}}
"""


@pytest.mark.parametrize(
    ("row", "method", "said"),
    [
        ({"doc_id": "d{n:02d}", "log_probs": None}, "scores", "filter: the scores filter needs log-probabilities"),
        ({"doc_id": "d{n:02d}", "doc_text": "nothing of this is there"}, "length", "queries: .* are of another corpus"),
        ({"doc_id": "x{n}"}, "length", "queries: .* no query whose document is there"),
        (
            {"doc_id": "d{n:02d}", "query_id": "q {n}"},
            "length",
            "queries: .*, line 1: expected query ids",
        ),
        (None, "length", "queries: .*: expected a JSONL file of generated queries; found no such file"),
    ],
)
def test_queries_from_a_file(
    row: dict[str, Any] | None,
    method: str,
    said: str,
    toy_corpus: Path,
    tiny_bi_encoder: Path,
    write_jsonl: Callable[..., Path],
    tmp_path: Path,
) -> None:
    fill = lambda value, n: value.format(n=n) if isinstance(value, str) else value  # noqa: E731
    file = Path("nowhere.jsonl")
    if row is not None:
        rows = [{"query": f"what is lift {n}", **{k: fill(v, n) for k, v in row.items()}} for n in range(20)]
        file = write_jsonl(rows, "queries.jsonl")
    recipe = tmp_path / "given.yaml"
    recipe.write_text(RECIPE.format(file=file, method=method, model=tiny_bi_encoder))
    with pytest.raises(InparsError, match=said):
        inpars.run(recipe, corpus=toy_corpus, output=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_missing_library_of_a_later_step(tmp_path: Path, toy_corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for library in ("sentence_transformers", "datasketch", "lingua", "faiss"):
        monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(InparsError) as error:
        inpars.run(
            "extractive",
            corpus=toy_corpus,
            output=tmp_path / "run",
            set=[
                "filter.methods=[duplicates, language]",
                "filter.duplicates.kind=minhash",
                "negatives.retriever=all-MiniLM-L6-v2",
                "negatives.neighbours=faiss-hnsw",
            ],
        )
    for library in ("sentence-transformers", "datasketch", "lingua-language-detector", "faiss-cpu"):
        assert f"needs the library '{library}'" in error.value.message
