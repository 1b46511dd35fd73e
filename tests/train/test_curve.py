"""The learning curve lies on disk as it stands, at every moment."""

import csv
import json

from inpars.train.curve import Curve


def table(folder):
    with (folder / "learning_curve.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_rows_are_written_as_they_come(tmp_path):
    curve = Curve(tmp_path / "new" / "folder")
    curve.add(0, ndcg=0.25)
    curve.add(10, loss=1.5)
    folder = tmp_path / "new" / "folder"
    assert json.loads((folder / "learning_curve.json").read_text()) == [
        {"step": 0, "ndcg": 0.25},
        {"step": 10, "loss": 1.5},
    ]
    assert table(folder) == [{"step": "0", "ndcg": "0.25", "loss": ""}, {"step": "10", "ndcg": "", "loss": "1.5"}]


def test_what_is_measured_at_one_step_is_one_row(tmp_path):
    curve = Curve(tmp_path)
    curve.add(10, loss=1.5)
    curve.add(10, ndcg=0.5)
    curve.add(20, loss=1.0)
    assert curve.rows == [{"step": 10, "loss": 1.5, "ndcg": 0.5}, {"step": 20, "loss": 1.0}]


def test_a_resumed_training_takes_up_the_rows_and_forgets_the_later_ones(tmp_path):
    first = Curve(tmp_path)
    for step in (10, 20, 30):
        first.add(step, loss=step / 10)
    resumed = Curve(tmp_path)
    assert resumed.rows == first.rows
    resumed.cut(20)
    assert [row["step"] for row in Curve(tmp_path).rows] == [10, 20]
    assert [row["step"] for row in table(tmp_path)] == ["10", "20"]
    resumed.add(30, loss=7.0)
    assert Curve(tmp_path).rows[-1] == {"step": 30, "loss": 7.0}


def test_no_step_left_is_an_empty_table(tmp_path):
    curve = Curve(tmp_path)
    curve.add(10, loss=1.0)
    curve.cut(5)
    assert Curve(tmp_path).rows == table(tmp_path) == []
    assert not list(tmp_path.glob(".*")), "no half-written file is left"
