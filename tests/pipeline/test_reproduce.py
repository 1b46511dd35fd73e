"""`inpars reproduce`: a published experiment is carried out, and its figures stand beside ours."""

import json
import shutil

import pytest

import inpars.cli
from inpars.data.beir import PARTS
from inpars.data.runs import read_run
from inpars.download.cache import cached_path
from inpars.download.catalogue import catalogue
from inpars.errors import InparsError
from inpars.pipeline.published import published as load_published
from inpars.pipeline.reproduce import reproduce

SYSTEMS = {
    "inpars-v1": {"evaluate.bm25": [0.6789], "evaluate.base": [0.777], "evaluate.tuned": [0.774]},
    "inpars-v2": {"evaluate.bm25": [0.6789], "evaluate.base": [0.777], "evaluate.tuned": [0.774, 0.775]},
    "promptagator": {
        "evaluate_retriever.bm25": [0.6789],
        "evaluate_retriever.tuned": [0.65],
        "evaluate.tuned": [0.731],
    },
    "inpars-light": {"evaluate.bm25": [0.6789]},
    "gpl": {"evaluate.bm25": [0.6789], "evaluate.tuned": [0.674]},
}


@pytest.fixture(scope="session")
def tiny(stand_ins):
    """What is set for a recipe, so that it runs here."""
    # GPL's rule would have four thousand queries written for each of sixty documents.
    return {**stand_ins, "gpl": [*stand_ins["gpl"], "generate.queries_per_document=3"]}


@pytest.mark.parametrize("method", SYSTEMS)
def test_a_method_runs_whole_and_each_figure_stands_beside_the_published_ones(method, tiny, toy_corpus, tmp_path):
    value = reproduce(method, dataset="scifact", output=tmp_path / "run", corpus=toy_corpus, set=tiny[method])
    assert json.loads((tmp_path / "run" / "reproduction.json").read_text()) == value
    found = {row["system"]: [beside["figure"] for beside in row["published"]] for row in value["systems"]}
    assert found == SYSTEMS[method]
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    for row in value["systems"]:
        step, system = row["system"].split(".")
        measured = metrics.get("earlier", {}).get(step, metrics)["systems"][system]
        assert row["ours"] == round(measured["nDCG@10"], 4)
        for beside in row["published"]:
            assert beside["difference"] == pytest.approx(row["ours"] - beside["figure"], abs=1e-6)
            assert beside["source"]
    assert value["noise"] == {"here": 0.001, "most": 0.08, "source": value["noise"]["source"]}
    assert value["counts"] == {"documents": 60, "queries": 10}
    assert value["differs"][:2] == ["60 documents where scifact has 5,183", "10 queries where scifact has 300"]
    set_here = [f"--set {each}" for each in tiny[method]]
    assert sorted(value["differs"][2:]) == sorted([*set_here, *load_published().methods[method].stand_ins])
    recipe = (tmp_path / "run" / "recipe.yaml").read_text()
    assert ("promptagator-scifact" in recipe) == (method == "promptagator")


@pytest.fixture
def quick(tiny):
    """InPars v1 at its shortest."""
    return [*tiny["inpars-v1"], "train.max_steps=1", "generate.max_generations=30", "rerank.top_k=5"]


@pytest.fixture
def arguana(toy_corpus, tmp_path):
    """A dataset whose queries are documents of its own, and find themselves first."""
    folder = tmp_path / "mine"
    shutil.copytree(toy_corpus, folder)
    rows = [json.loads(line) for line in (folder / "corpus.jsonl").read_text().splitlines()][:10]
    queries = [{"_id": row["_id"], "text": row["text"]} for row in rows]
    (folder / "queries.jsonl").write_text("".join(json.dumps(query) + "\n" for query in queries))
    (folder / "qrels" / "test.tsv").write_text("".join(f"d{n:02d}\td{n + 26:02d}\t1\n" for n in range(10)))
    return folder


def test_in_arguana_no_query_finds_itself_whatever_the_copys_name(arguana, quick, tmp_path):
    reproduce("inpars-v1", dataset="arguana", output=tmp_path / "run", corpus=arguana, set=quick)
    whole = read_run(tmp_path / "run" / "rerank" / "bm25.whole.trec")
    assert all(query_id in scores for query_id, scores in whole.items())
    for name in ("bm25", "base", "tuned"):
        run = read_run(tmp_path / "run" / "rerank" / f"{name}.trec")
        assert len(run) == 10
        assert not any(query_id in scores for query_id, scores in run.items())
        assert {len(scores) for scores in run.values()} == {5}, "as many are left as were asked for"


def test_a_run_finds_the_rule_by_the_corpus_own_name_and_others_have_none(arguana, quick, tmp_path):
    arguana.rename(tmp_path / "quora")
    inpars.run("inpars-v1", corpus=tmp_path / "quora", output=tmp_path / "run", set=quick)
    assert (tmp_path / "run" / "rerank" / "bm25.whole.trec").is_file()
    (tmp_path / "quora").rename(tmp_path / "other")
    inpars.run("inpars-v1", corpus=tmp_path / "other", output=tmp_path / "run2", set=quick)
    run = read_run(tmp_path / "run2" / "rerank" / "bm25.trec")
    assert all(query_id in scores for query_id, scores in run.items())


def test_a_second_call_does_nothing(arguana, quick, tmp_path, capsys):
    given = {"dataset": "arguana", "output": tmp_path / "run", "corpus": arguana, "set": quick}
    value = reproduce("inpars-v1", **given)
    stamps = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.trec")}
    assert reproduce("inpars-v1", **given) == value
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.trec")} == stamps
    assert "nothing to do" in capsys.readouterr().err


def test_cqadupstack_is_a_run_a_part_and_the_mean_over_them(toy_corpus, quick, tmp_path, monkeypatch):
    monkeypatch.setitem(PARTS, "cqadupstack", ("android", "english"))
    for part in PARTS["cqadupstack"]:
        shutil.copytree(toy_corpus, tmp_path / "copy" / part)
    # Of one part half the queries can find nothing.
    qrels = "".join(f"q{n}\t{'d' if n % 2 else 'x'}{n * 5:02d}\t1\n" for n in range(10))
    (tmp_path / "copy" / "english" / "qrels" / "test.tsv").write_text(qrels)
    value = reproduce("inpars-v1", dataset="CQADupStack", output=tmp_path / "run", corpus=tmp_path / "copy", set=quick)
    found = [json.loads((tmp_path / "run" / part / "metrics.json").read_text()) for part in ("android", "english")]
    each = [metrics["systems"]["bm25"]["nDCG@10"] for metrics in found]
    assert each[0] != each[1]
    assert value["systems"][0]["ours"] == pytest.approx(sum(each) / 2, abs=1e-4)
    assert value["counts"] == {"documents": 120, "queries": 20}


@pytest.fixture
def published(toy_rows, tmp_path, monkeypatch):
    """Put queries where a download would put them."""
    monkeypatch.setenv("INPARS_CACHE", str(tmp_path / "cache"))

    def put(name, rows=toy_rows):
        path = cached_path(catalogue().find("queries", name))
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = [{"query": row["text"][:30], "doc_id": row["_id"], "log_probs": [-1.0] * 4} for row in rows]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))

    return put


@pytest.mark.parametrize(
    ("method", "name", "steps"),
    [
        ("inpars-v1", "v1/scifacts", ["queries", "filter", "negatives"]),
        ("inpars-v2", "v2/scifact", ["queries", "negatives", "train"]),
    ],
)
def test_published_queries_stand_in_for_the_steps_that_they_came_of(
    published, quick, method, name, steps, toy_corpus, toy_rows, tmp_path, capsys
):
    published(name, [*toy_rows[:40], {"_id": "elsewhere", "text": "a query for a document that is not here"}])
    value = reproduce(
        method, dataset="scifact", output=tmp_path / "run", corpus=toy_corpus, published_queries=True,
        set=[each for each in quick if not each.startswith("generate.")],
    )  # fmt: skip
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    assert list(manifest["steps"])[:3] == steps
    assert manifest["steps"]["queries"]["facts"]["queries"] == 40
    (row,) = (tmp_path / "run" / "queries" / "queries.dropped.jsonl").read_text().splitlines()
    assert json.loads(row)["reason"] == "its document is not in the corpus"
    assert "queries from the authors, not generated" in value["differs"]


def test_queries_of_another_collection_are_an_error(published, quick, toy_corpus, tmp_path):
    published("v2/scifact", [{"_id": "elsewhere", "text": "of another collection"}])
    with pytest.raises(InparsError, match="no query whose document is there"):
        reproduce(
            "inpars-v2", dataset="scifact", output=tmp_path / "run", corpus=toy_corpus, published_queries=True,
            set=[each for each in quick if not each.startswith("generate.")],
        )  # fmt: skip


@pytest.mark.parametrize(
    ("method", "dataset", "more", "said"),
    [
        ("inpars-v3", "scifact", {}, "unknown method 'inpars-v3'"),
        ("inpars-v2", "scifct", {}, "did you mean 'scifact'"),
        ("inpars-v2", "robust04", {}, "not public"),
        ("inpars-v2", "cqadupstack", {"published_queries": True}, "do not say which of its 12 parts"),
        ("gpl", "scifact", {"published_queries": True}, "no queries of gpl are published"),
        ("inpars-v2", "scifact", {"set": ["evaluate.measures=[AP]"]}, "leaves out nDCG@10"),
        ("inpars-v2", "cqadupstack", {"queries": "q.jsonl", "qrels": "q.tsv"}, "each with queries of its own"),
    ],
)
def test_what_cannot_be_is_said_before_anything_begins(method, dataset, more, said, toy_corpus, tmp_path):
    given = {} if dataset == "robust04" else {"corpus": toy_corpus}
    with pytest.raises(InparsError) as raised:
        reproduce(method, dataset=dataset, output=tmp_path / "run", **given, **more)
    assert said in str(raised.value)
    assert not (tmp_path / "run").exists()


def test_the_command_prints_ours_theirs_the_difference_and_the_noise(quick, toy_corpus, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "150")
    settings = [part for each in quick for part in ("--set", each)]
    inpars.cli.main(
        ["reproduce", "inpars-v1", "--dataset", "fiqa", "--corpus", str(toy_corpus), "--output", str(tmp_path / "r"),
         *settings]
    )  # fmt: skip
    printed = capsys.readouterr().out
    value = json.loads((tmp_path / "r" / "reproduction.json").read_text())
    tuned = next(line for line in printed.splitlines() if "evaluate.tuned" in line)
    ours = value["systems"][2]["ours"]
    assert all(cell in tuned for cell in (f"{ours:.4f}", "0.492", f"{ours - 0.492:+.4f}", "0.003", "InPars-v1"))
    bm25 = next(line for line in printed.splitlines() if "evaluate.bm25" in line)
    assert "0.003" not in bm25
    assert "at most 0.080 apart" in printed
    assert "not as published" in printed
