"""A file over HTTP, from a server that does all that servers do."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from publisher import DATE, V1, Publisher

from inpars.download import download, http
from inpars.errors import InparsError, OptionError

NAMES = ["scifacts.jsonl", "scifacts.jsonl.lock", "scifacts.jsonl.source.json"]
PARTS = ["scifacts.jsonl.lock", "scifacts.jsonl.part", "scifacts.jsonl.part.json"]


def names_in(cache: Path) -> list[str]:
    folder = cache / "queries" / "v1"
    return sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []


def ranges(publisher: Publisher) -> list[str]:
    return [seen.headers.get("range", "") for seen in publisher.gets]


def test_a_file_arrives_whole_and_nothing_else_stays(mirror: Publisher, cache: Path, v1_file: bytes) -> None:
    path = download("queries", "v1/scifacts")
    assert path == cache / "queries" / "v1" / "scifacts.jsonl"
    assert path.read_bytes() == v1_file
    assert names_in(cache) == NAMES


@pytest.mark.parametrize(
    "faults",
    [
        ["cut 20000"],
        ["cut 20000", "cut 15000", "503", "cut 1"],
        ["reset"],
        ["stall 20000"],
        ["500", "502", "503", "504"],
        ["429 0.01", "408"],
        ["cut 20000", "elsewhere"],
        ["cut 20000", "misplaced"],
        ["cut 20000", "some 5000"],
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("server", ["good", "no ranges", "no validator", "weak etag", "date only"])
def test_whatever_goes_wrong_for_a_while_the_file_is_whole_in_the_end(
    mirror: Publisher, cache: Path, v1_file: bytes, faults: list[str], server: str
) -> None:
    mirror.ranges = server != "no ranges"
    mirror.weak = server == "weak etag"
    left_out = {"no validator": ("ETag", "Last-Modified"), "weak etag": ("Last-Modified",), "date only": ("ETag",)}
    mirror.headers = tuple(name for name in mirror.headers if name not in left_out.get(server, ()))
    mirror.script(*faults)
    assert download("queries", "v1/scifacts").read_bytes() == v1_file
    assert names_in(cache) == NAMES
    # Nothing but an ETag that promises the same bytes, or a date, allows to go on.
    validators = {seen.headers.get("if-range") for seen in mirror.gets if "range" in seen.headers}
    etag = f'"{hashlib.sha256(v1_file).hexdigest()}"'
    assert validators <= {"good": {etag}, "no ranges": {etag}, "date only": {DATE}}.get(server, set())


def test_a_server_that_falls_silent_is_left_after_a_while(
    mirror: Publisher, v1_file: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    mirror.script("stall 20000")
    assert download("queries", "v1/scifacts").read_bytes() == v1_file
    assert "no answer for 0.25 seconds; trying again" in " ".join(capsys.readouterr().err.split())


def test_where_the_server_tells_no_length_the_contents_decide(mirror: Publisher, cache: Path, v1_file: bytes) -> None:
    mirror.headers = ("ETag",)
    mirror.script("cut 20000")
    with pytest.raises(InparsError, match="its last line is"):
        download("queries", "v1/scifacts")
    assert names_in(cache) == ["scifacts.jsonl.lock"]
    assert download("queries", "v1/scifacts").read_bytes() == v1_file


def test_a_lost_connection_costs_no_byte_twice(mirror: Publisher, v1_file: bytes) -> None:
    mirror.script("cut 20000", "cut 7000")
    download("queries", "v1/scifacts")
    assert ranges(mirror) == ["", "bytes=20000-", "bytes=27000-"]
    assert sum(seen.sent for seen in mirror.gets) == len(v1_file)


def test_after_too_many_failures_what_came_is_kept_and_the_next_call_goes_on(
    mirror: Publisher, cache: Path, v1_file: bytes
) -> None:
    mirror.script("cut 20000", *["503"] * http.FAILURES)
    with pytest.raises(InparsError, match=r"cannot download .*scifacts.*: status 503") as raised:
        download("queries", "v1/scifacts")
    assert "the 20,000 bytes that came are kept" in raised.value.hint
    assert len(mirror.gets) == http.FAILURES
    assert names_in(cache) == PARTS
    mirror.script()
    assert download("queries", "v1/scifacts").read_bytes() == v1_file
    assert ranges(mirror)[-1] == "bytes=20000-"


def test_a_server_that_never_gets_further_is_given_up(mirror: Publisher) -> None:
    mirror.ranges = False
    mirror.script(*["cut 20000", "cut 100"] * 20)
    with pytest.raises(InparsError, match="cannot download"):
        download("queries", "v1/scifacts")
    assert len(mirror.gets) == http.FAILURES


def test_a_killed_download_goes_on_where_it_was(publisher: Publisher, cache: Path, v1_file: bytes) -> None:
    publisher.pace = 0.05
    environment = {
        name: value for name, value in os.environ.items() if name not in ("HF_HUB_OFFLINE", "INPARS_OFFLINE")
    }
    environment |= {"INPARS_MIRROR": publisher.url}
    command = [sys.executable, "-m", "inpars", "download", "queries", "v1/scifacts"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
        until = time.monotonic() + 30
        part = cache / "queries" / "v1" / "scifacts.jsonl.part"
        while not (part.is_file() and part.stat().st_size) and time.monotonic() < until:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    came = part.stat().st_size
    assert 0 < came < len(v1_file)
    assert names_in(cache) == PARTS
    publisher.pace = 0.0
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert Path(done.stdout.strip()).read_bytes() == v1_file
    assert ranges(publisher)[-1] == f"bytes={came}-"


def test_a_download_that_was_complete_but_not_named_yet_is_not_repeated(
    mirror: Publisher, cache: Path, v1_file: bytes
) -> None:
    part = cache / "queries" / "v1" / "scifacts.jsonl.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(v1_file)
    facts = {"url": mirror.url + V1, "length": len(v1_file), "etag": '"e"', "last_modified": ""}
    part.with_name(f"{part.name}.json").write_text(json.dumps(facts))
    assert download("queries", "v1/scifacts").read_bytes() == v1_file
    assert mirror.gets == []


@pytest.mark.parametrize("then", ["", "rest"], ids=["If-Range heeded", "If-Range ignored"])
@pytest.mark.parametrize("length", ["shorter than what came", "longer", "the same"])
def test_a_file_that_changes_between_two_attempts_is_not_mixed(
    mirror: Publisher, v1_file: bytes, then: str, length: str
) -> None:
    mirror.script("cut 20000", *["503"] * http.FAILURES)
    with pytest.raises(InparsError):
        download("queries", "v1/scifacts")
    lines = v1_file.replace(b"wings", b"WINGS").splitlines(keepends=True)
    changed = b"".join({"shorter than what came": lines[:50], "longer": [*lines, *lines], "the same": lines}[length])
    mirror.files[V1] = changed
    mirror.script(*[then] * bool(then))
    assert download("queries", "v1/scifacts").read_bytes() == changed


@pytest.mark.parametrize("contents", [b"not json", b'{"url": "http://other", "etag": "e"}', b"[]", None])
def test_a_part_that_nothing_is_known_of_is_begun_anew(
    mirror: Publisher, cache: Path, v1_file: bytes, contents: bytes | None
) -> None:
    part = cache / "queries" / "v1" / "scifacts.jsonl.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"x" * 1000)
    if contents is not None:
        part.with_name(f"{part.name}.json").write_bytes(contents)
    assert download("queries", "v1/scifacts").read_bytes() == v1_file
    assert ranges(mirror) == [""]


def test_a_page_in_place_of_the_file_is_shown_and_kept_nowhere(mirror: Publisher, cache: Path) -> None:
    mirror.script("page")
    with pytest.raises(InparsError, match=r"web page instead of the file: .*Log in to the guest network") as raised:
        download("queries", "v1/scifacts")
    assert raised.value.exit_code == 2
    assert names_in(cache) == ["scifacts.jsonl.lock"]


def test_a_page_does_not_cost_what_came_before_it(mirror: Publisher, v1_file: bytes) -> None:
    mirror.script("cut 20000", "page")
    with pytest.raises(InparsError, match="web page"):
        download("queries", "v1/scifacts")
    assert download("queries", "v1/scifacts").read_bytes() == v1_file
    assert ranges(mirror)[-1] == "bytes=20000-"


@pytest.mark.parametrize("number", [30_000, 1, 0])
def test_a_file_that_ends_too_early_by_the_servers_own_word_is_refused(
    mirror: Publisher, cache: Path, number: int
) -> None:
    mirror.script(f"short {number}")
    with pytest.raises(InparsError, match=r"its (first|last) line is|what came is empty") as raised:
        download("queries", "v1/scifacts")
    assert mirror.url not in str(raised.value) or "scifacts" in str(raised.value)
    assert names_in(cache) == ["scifacts.jsonl.lock"]


def test_an_address_without_a_file_is_an_error_at_once(mirror: Publisher, cache: Path) -> None:
    with pytest.raises(InparsError, match=rf"{mirror.url}/inpars/nq_.*jsonl is not to be had \(status 404\)") as raised:
        download("queries", "v1/nq")
    assert "inpars download --list" in raised.value.hint
    assert len(mirror.gets) == 1
    assert names_in(cache) == ["nq.jsonl.lock"]


def test_redirects_in_a_circle_are_an_error(mirror: Publisher) -> None:
    mirror.script(*["circle"] * 50)
    with pytest.raises(InparsError, match="sends in circles"):
        download("queries", "v1/scifacts")


def test_an_answer_that_sends_to_something_else_than_the_web_is_an_error_at_once(mirror: Publisher) -> None:
    mirror.script(*["file"] * http.FAILURES)
    with pytest.raises(InparsError, match="an address that is no web address"):
        download("queries", "v1/scifacts")
    assert len(mirror.gets) == 1


def test_contents_that_are_wrong_are_told_of_with_the_mirror_that_they_came_from(mirror: Publisher) -> None:
    mirror.files[V1] = b""
    with pytest.raises(InparsError, match=f"{mirror.url}{V1}: what came is empty"):
        download("queries", "v1/scifacts")


def test_a_server_that_asks_for_hours_is_not_waited_for(mirror: Publisher) -> None:
    mirror.script("429 7200")
    with pytest.raises(InparsError, match="status 429") as raised:
        download("queries", "v1/scifacts")
    assert "in 7,200 seconds" in raised.value.hint
    assert len(mirror.gets) == 1


def test_a_server_that_is_not_there_is_an_error_after_a_few_attempts(
    mirror: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INPARS_MIRROR", "http://127.0.0.1:9")
    with pytest.raises(InparsError, match=r"cannot download .*: connection lost"):
        download("queries", "v1/scifacts")


def test_a_mirror_stands_for_scheme_and_host_and_may_have_a_path(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "https://zav-public.s3.amazonaws.com/inpars/nq.jsonl"
    monkeypatch.setenv("INPARS_MIRROR", "http://mirror.example:8080/data/")
    assert http.mirrored(url) == "http://mirror.example:8080/data/inpars/nq.jsonl"
    monkeypatch.setenv("INPARS_MIRROR", " ")
    assert http.mirrored(url) == url
    ports = ("http://mirror.example:port", "http://mirror.example:99999")
    for wrong in ("mirror.example", "ftp://mirror.example", "http://", "http://[x", *ports):
        monkeypatch.setenv("INPARS_MIRROR", wrong)
        with pytest.raises(OptionError, match="INPARS_MIRROR: expected an address"):
            http.mirrored(url)


def test_what_may_be_secret_in_an_address_is_not_shown() -> None:
    assert http.public("https://me:secret@host.example:8/a/b?token=secret#x") == "https://host.example:8/a/b"
