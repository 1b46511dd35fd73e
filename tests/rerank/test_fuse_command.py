"""`inpars fuse`: runs of any systems as one."""

import pytest

import inpars
from inpars.cli import main
from inpars.data.runs import read_run, write_run
from inpars.errors import InparsError, OptionError
from inpars.retrieve.fusion import fuse

RUNS = [
    {"q1": {"a": 3.0, "b": 2.0}, "q2": {"c": 1.0, "d": 0.5}},
    {"q1": {"b": 9.0, "c": 1.0}, "q2": {"d": 0.9, "c": 0.1}},
    {"q1": {"a": 0.2, "c": 0.1}},
]


@pytest.fixture
def files(tmp_path):
    for number, run in enumerate(RUNS):
        write_run(tmp_path / f"{number}.trec", run, "x")
    return [tmp_path / f"{number}.trec" for number in range(len(RUNS))]


def test_any_number_of_runs_is_fused_with_weights(files, tmp_path, capsys):
    weights = [flag for weight in (0.5, 0.2, 0.3) for flag in ("--weights", weight)]
    main(["fuse", *map(str, [*files, *weights, "--output", tmp_path / "out.trec"])])
    found = read_run(tmp_path / "out.trec")
    assert found["q1"] == pytest.approx(fuse([run["q1"] for run in RUNS], [0.5, 0.2, 0.3]), abs=1e-6)
    assert found["q2"] == pytest.approx(fuse([run["q2"] for run in RUNS[:2]], [0.5, 0.2]), abs=1e-6)
    assert "1 of 2 queries are not in every run" in " ".join(capsys.readouterr().err.split())


def test_without_weights_all_are_alike(files, tmp_path):
    run = read_run(inpars.fuse(files[:2], tmp_path / "out.trec", top_k=2))
    expected = fuse([run["q1"] for run in RUNS[:2]], [0.5, 0.5])
    assert run["q1"] == pytest.approx(dict(sorted(expected.items(), key=lambda row: -row[1])[:2]), abs=1e-6)


@pytest.mark.parametrize(("count", "weights"), [(1, (1.0,)), (3, (0.5, 0.5)), (2, (0.5, 0.3, 0.2))])
def test_a_weight_for_each_of_two_runs_or_more(files, tmp_path, count, weights):
    with pytest.raises(OptionError, match=rf"{count} runs? and {len(weights)} weights"):
        inpars.fuse(files[:count], tmp_path / "out.trec", weights=weights)


def test_runs_of_other_queries_are_refused(files, tmp_path):
    write_run(tmp_path / "other.trec", {"q9": {"a": 1.0}}, "x")
    with pytest.raises(InparsError, match="no query in common"):
        inpars.fuse([files[0], tmp_path / "other.trec"], tmp_path / "out.trec")
    assert not (tmp_path / "out.trec").exists()
