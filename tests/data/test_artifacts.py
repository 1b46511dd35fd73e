from pathlib import Path

import pytest

from inpars.data.artifacts import Artifact, facts_of, fingerprint_of, sidecar
from inpars.data.files import read_jsonl
from inpars.errors import OptionError
from inpars.options import Options


class Choice(Options):
    k: int = 1


def artifact(folder: Path, k: int = 1, stage: str = "filter", **inputs: str) -> Artifact:
    return Artifact(folder / "out.jsonl", stage, Choice(k=k), inputs or {"corpus": "abc"})


def finished(folder: Path) -> Artifact:
    made = artifact(folder)
    made.begin()
    made.write_unit(0, [{"n": 0}])
    made.finish(rows=made.merge())
    return made


def numbers(path: Path) -> list[int]:
    return [row["n"] for _, row in read_jsonl(path)]


def names_in(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_an_output_is_current_once_it_is_finished_and_not_before(tmp_path: Path) -> None:
    made = artifact(tmp_path)
    assert not made.is_current()
    made.begin()
    made.write_unit(0, [{"n": 0}])
    made.merge()
    assert not made.is_current()
    made.finish()
    assert artifact(tmp_path).is_current()


def test_a_finished_output_leaves_only_itself_and_its_sidecar(tmp_path: Path) -> None:
    finished(tmp_path)
    assert names_in(tmp_path) == ["out.jsonl", "out.jsonl.meta.json"]


def test_the_sidecar_says_what_was_made_from_what(tmp_path: Path) -> None:
    finished(tmp_path)
    facts = facts_of(tmp_path / "out.jsonl")
    assert (facts["stage"], facts["options"], facts["inputs"]) == ("filter", {"k": 1}, {"corpus": "abc"})
    assert facts["rows"] == 1
    assert facts["seconds"] >= 0


def test_other_options_inputs_or_stage_make_an_output_stale(tmp_path: Path) -> None:
    finished(tmp_path)
    assert not artifact(tmp_path, k=2).is_current()
    assert not artifact(tmp_path, corpus="abd").is_current()
    assert not artifact(tmp_path, stage="train").is_current()


@pytest.mark.parametrize("gone", ["out.jsonl", "out.jsonl.meta.json"])
def test_an_output_without_its_file_or_its_sidecar_is_not_current(tmp_path: Path, gone: str) -> None:
    made = finished(tmp_path)
    (tmp_path / gone).unlink()
    assert not made.is_current()


def test_a_rerun_with_the_same_options_finds_the_units_that_are_done(tmp_path: Path) -> None:
    killed = artifact(tmp_path)
    killed.begin()
    killed.write_unit(0, [{"n": 0}])
    killed.write_unit(2, [{"n": 2}])
    again = artifact(tmp_path)
    again.begin()
    assert [again.unit(number).is_file() for number in range(3)] == [True, False, True]
    again.write_unit(1, [{"n": 1}])
    assert again.merge() == 3
    assert numbers(tmp_path / "out.jsonl") == [0, 1, 2]


def test_a_rerun_with_other_options_starts_afresh(tmp_path: Path) -> None:
    killed = artifact(tmp_path)
    killed.begin()
    killed.write_unit(0, [{"n": 0}])
    other = artifact(tmp_path, k=2)
    other.begin()
    assert list(other.units()) == []


def test_units_of_an_unknown_owner_are_not_trusted(tmp_path: Path) -> None:
    killed = artifact(tmp_path)
    killed.begin()
    killed.write_unit(0, [{"n": 0}])
    (killed.folder / "fingerprint").unlink()
    again = artifact(tmp_path)
    again.begin()
    assert list(again.units()) == []


def test_beginning_again_makes_an_older_output_stale_at_once(tmp_path: Path) -> None:
    finished(tmp_path)
    artifact(tmp_path, k=2).begin()
    assert not artifact(tmp_path).is_current()
    assert not sidecar(tmp_path / "out.jsonl").exists()


def test_temporary_files_of_a_killed_run_are_removed_and_nothing_else(tmp_path: Path) -> None:
    killed = artifact(tmp_path)
    killed.begin()
    killed.write_unit(0, [{"n": 0}])
    (killed.folder / ".000001.jsonl.4711.tmp").write_text('{"n": ')
    (tmp_path / ".out.jsonl.4711.tmp").write_text("half a merge")
    (tmp_path / ".other.jsonl.4711.tmp").write_text("not ours")
    artifact(tmp_path).begin()
    assert names_in(killed.folder) == ["000000.jsonl", "fingerprint"]
    assert names_in(tmp_path) == [".other.jsonl.4711.tmp", ".out.jsonl.lock", ".out.jsonl.units"]


def test_units_are_merged_in_the_order_of_their_numbers_not_of_their_making(tmp_path: Path) -> None:
    made = artifact(tmp_path)
    made.begin()
    order = [10, 2, 1_000_000, 999_999, 0]
    for number in order:
        made.write_unit(number, [{"n": number}, {"n": number}])
    assert made.merge() == 10
    assert numbers(tmp_path / "out.jsonl") == [number for number in sorted(order) for _ in range(2)]


def test_a_unit_that_fails_is_not_there(tmp_path: Path) -> None:
    made = artifact(tmp_path)
    made.begin()
    with pytest.raises(ZeroDivisionError):
        made.write_unit(0, ({"n": 1 // number} for number in (1, 0)))
    assert names_in(made.folder) == ["fingerprint"]


def test_the_fingerprint_of_a_file_changes_with_its_contents_and_not_with_its_name(tmp_path: Path) -> None:
    first, second = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    first.write_text("x")
    second.write_text("x")
    before = fingerprint_of(first)
    assert fingerprint_of(second) == before
    first.write_text("y")
    assert fingerprint_of(first) != before


def test_the_fingerprint_of_a_file_changes_with_how_it_came_to_be(tmp_path: Path) -> None:
    finished(tmp_path)
    output = tmp_path / "out.jsonl"
    before = fingerprint_of(output)
    sidecar(output).write_text('{"fingerprint": "another"}')
    assert fingerprint_of(output) != before


def test_the_fingerprint_of_a_file_stays_where_only_the_clock_of_its_sidecar_differs(tmp_path: Path) -> None:
    finished(tmp_path)
    output = tmp_path / "out.jsonl"
    before = fingerprint_of(output)
    made = artifact(tmp_path)
    made.begin()
    made.write_unit(0, [{"n": 0}])
    made.finish(rows=made.merge(), host="another machine")
    assert fingerprint_of(output) == before


def test_the_fingerprint_of_a_folder_covers_names_and_contents_of_all_its_files(tmp_path: Path) -> None:
    model = tmp_path / "model"
    (model / "sub").mkdir(parents=True)
    (model / "sub" / "weights").write_text("1")
    seen = {fingerprint_of(model)}
    (model / "sub" / "weights").write_text("2")
    seen.add(fingerprint_of(model))
    (model / "sub" / "weights").rename(model / "sub" / "weights2")
    seen.add(fingerprint_of(model))
    (model / "config").write_text("")
    seen.add(fingerprint_of(model))
    assert len(seen) == 4


def test_units_that_a_kill_left_beside_a_finished_output_are_cleared_away(tmp_path: Path) -> None:
    made = finished(tmp_path)
    made.folder.mkdir()
    made.unit(0).write_text("{}")
    assert artifact(tmp_path).is_current()
    assert names_in(tmp_path) == ["out.jsonl", "out.jsonl.meta.json"]


def test_temporary_side_files_of_a_killed_run_are_removed(tmp_path: Path) -> None:
    made = artifact(tmp_path)
    (tmp_path / ".out.dropped.jsonl.123.tmp").write_text("half")
    (tmp_path / ".outlook.jsonl.123.tmp").write_text("another's")
    made.begin()
    assert not (tmp_path / ".out.dropped.jsonl.123.tmp").exists()
    assert (tmp_path / ".outlook.jsonl.123.tmp").exists()


def test_a_folder_in_the_outputs_place_is_an_error_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "out.jsonl").mkdir()
    with pytest.raises(OptionError, match=r"out\.jsonl is a folder"):
        artifact(tmp_path).begin()
    assert names_in(tmp_path) == ["out.jsonl"]
    # A model is a folder.
    artifact(tmp_path, stage="train").begin()


def test_a_file_in_the_place_of_the_outputs_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("mine")
    with pytest.raises(OptionError, match="cannot be written: Not a directory"):
        artifact(tmp_path / "notes").begin()
    assert (tmp_path / "notes").read_text() == "mine"
