"""What lies at a path, and whether an output can lie there."""

import os
import socket
from pathlib import Path

import pytest

from inpars.data.paths import file_kind, require_file, require_place
from inpars.errors import InputError, OptionError


def test_a_path_is_told_by_what_lies_there_links_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    Path("folder").mkdir()
    os.mkfifo("fifo")
    Path("link").symlink_to("fifo")
    Path("broken").symlink_to("gone")
    Path("round").symlink_to("round")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("socket")
    kinds = {
        name: file_kind(name) for name in ("file", "folder", "fifo", "link", "broken", "round", "socket", "file/x")
    }
    assert kinds == {
        "file": "a file",
        "folder": "a folder",
        "fifo": "a FIFO",
        "link": "a FIFO",
        "broken": "a link to nothing",
        "round": "a link that leads back to itself",
        "socket": "a socket",
        "file/x": "nothing there",
    }
    assert (file_kind("/dev/null"), file_kind("gone")) == ("a device", "nothing there")


def test_an_input_that_can_be_read_only_once_is_refused_with_what_to_do(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(InputError, match="fifo: expected a readable file; found a FIFO") as raised:
        require_file(tmp_path / "fifo")
    assert raised.value.hint == "inputs are read more than once: write it to a file first, and name that"
    with pytest.raises(InputError, match="found nothing there") as raised:
        require_file(tmp_path / "gone")
    assert not raised.value.hint


def test_a_place_for_an_output_may_be_taken_or_empty_and_its_folder_need_not_be_there(tmp_path: Path) -> None:
    (tmp_path / "old").touch()
    for name in ("old", "new", "deep/er/new"):
        require_place(tmp_path / name)
    require_place(tmp_path, folder=True)
    require_place(tmp_path / "deep" / "er", folder=True)
    assert [path.name for path in tmp_path.iterdir()] == ["old"]


def test_a_folder_is_no_place_for_a_file_nor_a_file_for_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OptionError, match="is a folder"):
        require_place(tmp_path)
    with pytest.raises(OptionError, match="file is a file"):
        require_place(tmp_path / "file", folder=True)


@pytest.mark.parametrize("name", ["/dev/fd/1", "/proc/self/fd/1", "/dev/new", "/sys/new"])
def test_a_name_that_stands_for_something_else_is_no_place_even_where_it_leads_to_a_file(name: str) -> None:
    with pytest.raises(OptionError, match=rf"the output {name} is "):
        require_place(Path(name))


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="the system has no /dev/shm")
def test_the_file_system_in_memory_is_a_place_for_files() -> None:
    require_place(Path("/dev/shm/inpars-output.jsonl"))
