"""The cache: what is in it is whole, and is what was downloaded."""

from __future__ import annotations

import hashlib
import json
import threading
from pathlib import Path

import pytest
from publisher import V1, Publisher

from inpars.download import download
from inpars.download.cache import record_path
from inpars.errors import InparsError


def test_the_record_tells_where_the_file_is_from_and_what_it_holds(mirror: Publisher, v1_file: bytes) -> None:
    path = download("queries", "v1/scifact")
    record = json.loads(record_path(path).read_text())
    sha256 = hashlib.sha256(v1_file).hexdigest()
    assert record.pop("date").startswith("20")
    # The place itself, whatever mirror it came from.
    assert record == {
        "source": "https://zav-public.s3.amazonaws.com" + V1,
        "etag": f'"{sha256}"',
        "last_modified": "Wed, 21 Oct 2015 07:28:00 GMT",
        "size": len(v1_file),
        "sha256": sha256,
    }


def test_what_is_there_is_not_downloaded_again(mirror: Publisher) -> None:
    paths = {download("queries", name) for name in ("v1/scifact", "v1/scifacts", "V1/SciFact")}
    assert len(paths) == 1
    assert len(mirror.seen) == 1


@pytest.mark.parametrize("damage", ["a byte", "the end", "all"])
def test_a_file_that_has_changed_on_disk_is_reported_and_downloaded_again(
    mirror: Publisher, v1_file: bytes, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = download("queries", "v1/scifact")
    damaged = {"a byte": v1_file.replace(b"Mach", b"MACH", 1), "the end": v1_file[:-100], "all": b""}
    path.write_bytes(damaged[damage])
    capsys.readouterr()
    assert download("queries", "v1/scifact").read_bytes() == v1_file
    told = " ".join(capsys.readouterr().err.split())
    assert "downloading it again" in told
    assert ("changed since it was downloaded" if damage == "a byte" else f"instead of {len(v1_file):,}") in told
    assert len(mirror.gets) == 2


def test_a_file_that_has_changed_at_its_place_is_told_of(
    mirror: Publisher, v1_file: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    path = download("queries", "v1/scifact")
    path.write_bytes(b"")
    mirror.files[V1] = v1_file + v1_file
    assert download("queries", "v1/scifact").read_bytes() == v1_file + v1_file
    assert "v1/scifacts is not what it was when it was downloaded on 20" in " ".join(capsys.readouterr().err.split())


def test_a_file_from_another_place_is_not_taken_for_it(mirror: Publisher) -> None:
    path = download("queries", "v1/scifact")
    record = json.loads(record_path(path).read_text())
    record_path(path).write_text(json.dumps(record | {"source": "https://elsewhere.example/x"}))
    download("queries", "v1/scifact")
    assert len(mirror.gets) == 2


@pytest.mark.parametrize("how", ["INPARS_OFFLINE", "HF_HUB_OFFLINE", "offline"])
def test_offline_only_the_cache_is_used(mirror: Publisher, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    path = download("queries", "v1/scifact")
    if how != "offline":
        monkeypatch.setenv(how, "1")
    offline = how == "offline"
    assert download("queries", "v1/scifact", offline=offline) == path
    with pytest.raises(InparsError, match=r"offline, and queries 'v1/nq' is not in the cache: no .*nq.jsonl") as raised:
        download("queries", "v1/nq", offline=offline)
    assert "online: inpars download queries v1/nq" in raised.value.hint
    assert "https://zav-public.s3.amazonaws.com/inpars/nq_synthetic_queries_100k.jsonl" in raised.value.hint
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(InparsError, match=r"offline, and .* bytes instead of"):
        download("queries", "v1/scifact", offline=offline)
    assert len(mirror.seen) == 1


def test_a_file_put_there_by_hand_is_taken_in_once_it_is_checked(cache: Path, v1_file: bytes) -> None:
    path = cache / "queries" / "v1" / "scifacts.jsonl"
    path.parent.mkdir(parents=True)
    path.write_bytes(v1_file[:-50])
    with pytest.raises(InparsError, match=r"offline, and .* its last line is"):
        download("queries", "v1/scifact", offline=True)
    path.write_bytes(v1_file)
    assert download("queries", "v1/scifact", offline=True) == path
    path.write_bytes(v1_file.replace(b"Mach", b"MACH", 1))
    with pytest.raises(InparsError, match="changed since it was downloaded"):
        download("queries", "v1/scifact", offline=True)


def test_two_that_want_the_same_file_download_it_once(mirror: Publisher, v1_file: bytes) -> None:
    mirror.pace = 0.01
    came: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: came.append(download("queries", "v1/scifact").read_bytes())) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert came == [v1_file] * 3
    assert len(mirror.gets) == 1


def test_a_cache_that_cannot_be_written_is_a_users_error(
    mirror: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("INPARS_CACHE", str(tmp_path / "file"))
    with pytest.raises(InparsError, match=r"cannot keep .*scifacts.jsonl: ") as raised:
        download("queries", "v1/scifact")
    assert "INPARS_CACHE" in raised.value.hint


def test_queries_are_written_as_rows_of_ours(mirror: Publisher, tmp_path: Path) -> None:
    rows = [
        '{"doc_id": 7, "doc_text": "Wings lift.", "question": "what is lift", "log_probs": [-0.5, -0.25]}',
        '{"doc_id": "d8", "text": "Air drags.", "query": "what is drag", "log_probs": [NaN, -1.0], "score": NaN}',
    ]
    mirror.files[V1] = "\n".join(rows).encode()
    output = tmp_path / "queries.jsonl"
    assert download("queries", "v1/scifact", output=output) == output
    written = [json.loads(line) for line in output.read_text().splitlines()]
    assert [(row["query"], row["doc_id"], row["doc_text"]) for row in written] == [
        ("what is lift", "7", "Wings lift."),
        ("what is drag", "d8", "Air drags."),
    ]
    assert [row["log_probs"] for row in written] == [[-0.5, -0.25], None]
    assert all(len(row["query_id"]) == 16 and "score" not in row and "question" not in row for row in written)
