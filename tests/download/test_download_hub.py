"""Files and models of a Hub on loopback, by its own library, which reads its settings once a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from publisher import COMMIT, Publisher

RUN = b"".join(b"q%d Q0 d%d 1 %d.5 Anserini\n" % (n, n, n) for n in range(2000))
Call = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def call(publisher: Publisher, cache: Path, tmp_path: Path) -> Call:
    """Run `inpars download` against the server as the Hub and as the mirror."""
    changed = {
        "HF_ENDPOINT": publisher.url,
        "INPARS_MIRROR": publisher.url,
        "HF_HOME": str(tmp_path / "hub"),
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "COLUMNS": "300",
    }

    def run(*arguments: object, code: int = 0, **more: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "inpars.download", *map(str, arguments)]
        done = subprocess.run(command, env={**os.environ, **changed, **more}, capture_output=True, text=True)
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done

    return run


def test_a_run_comes_from_the_hub_once_and_is_recorded(
    publisher: Publisher, call: Call, cache: Path, tmp_path: Path
) -> None:
    publisher.publish("unicamp-dl/beir-runs", "datasets", {"bm25/run.beir-v1.0.0-scifact-flat.trec": RUN})
    publisher.script("cut 10000")
    path = Path(call("runs", "scifact").stdout.strip())
    assert path == cache / "runs" / "scifact.trec"
    assert path.read_bytes() == RUN
    record = json.loads(path.with_name("scifact.trec.source.json").read_text())
    assert (record["revision"], record["size"]) == (COMMIT, len(RUN))
    assert record["source"].startswith("https://huggingface.co/datasets/unicamp-dl/beir-runs/resolve/")
    assert sorted(entry.name for entry in path.parent.iterdir()) == [
        "scifact.trec",
        "scifact.trec.lock",
        "scifact.trec.source.json",
    ]
    asked = len(publisher.seen)
    call("runs", "scifact", "--output", tmp_path / "run.trec", "--offline")
    assert (tmp_path / "run.trec").read_bytes() == RUN
    assert len(publisher.seen) == asked


def test_a_file_without_the_hubs_sha256_is_refused(publisher: Publisher, call: Call, cache: Path) -> None:
    publisher.publish("unicamp-dl/beir-runs", "datasets", {"bm25/run.beir-v1.0.0-scifact-flat.trec": RUN})
    other = RUN.replace(b"Q0", b"q0")
    # The Hub tells of one file by its revision and sends another by its commit, of the same length.
    publisher.files[f"/datasets/unicamp-dl/beir-runs/resolve/{COMMIT}/bm25/run.beir-v1.0.0-scifact-flat.trec"] = other
    done = call("runs", "scifact", code=2)
    assert "it has not the SHA-256 that the Hub tells" in done.stderr
    assert [entry.name for entry in (cache / "runs").iterdir()] == ["scifact.trec.lock"]


def test_what_the_hub_lacks_is_answered_with_what_it_has(publisher: Publisher, call: Call) -> None:
    row = b'{"query": "q", "document": "d"}\n'
    publisher.publish("inpars/fewshot-examples", "datasets", {"data/fiqa.json": row, "README.md": b"x"})
    publisher.publish("zeta-alpha-ai/monot5-3b-inpars-v2-nq", "models", {"config.json": b"{}"})
    done = call("fewshot", "scifact", code=2)
    assert f"the Hub has nothing at {publisher.url}/datasets/inpars/fewshot-examples" in done.stderr
    assert "there are: data/fiqa.json\n" in done.stderr
    done = call("model", "scifact", code=2)
    assert "there are: zeta-alpha-ai/monot5-3b-inpars-v2-nq\n" in done.stderr


@pytest.mark.parametrize("address", ["hub.example", "http://hub.example:port", "http://hub.example:99999"])
def test_a_hub_whose_address_is_none_is_told_of(call: Call, address: str) -> None:
    for arguments in (("queries", "v2/nq"), ("model", "nq")):
        assert "HF_ENDPOINT: expected an address" in call(*arguments, code=2, HF_ENDPOINT=address).stderr
    assert "v2/nq" in call("queries", "--list", HF_ENDPOINT=address).stdout


def test_a_model_comes_whole_in_safe_formats_and_is_found_offline(publisher: Publisher, call: Call) -> None:
    files = {
        "config.json": b"{}",
        "model.safetensors": b"weights",
        "pytorch_model.bin": b"pickled",
        "tf_model.h5": b"x",
    }
    publisher.publish("zeta-alpha-ai/monot5-3b-inpars-v2-scifact", "models", files)
    folder = Path(call("model", "scifact").stdout.strip())
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "model.safetensors"]
    assert (folder / "model.safetensors").read_bytes() == b"weights"
    asked = len(publisher.seen)
    assert call("model", "scifact", INPARS_OFFLINE="1").stdout.strip() == str(folder)
    assert len(publisher.seen) == asked


def test_a_model_that_is_not_whole_is_not_taken_for_one_offline(publisher: Publisher, call: Call) -> None:
    files = {"config.json": b"{}", "pytorch_model.bin": b"pickled"}
    publisher.publish("zeta-alpha-ai/monot5-3b-inpars-v2-nq", "models", files)
    folder = Path(call("model", "nq").stdout.strip())
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "pytorch_model.bin"]
    (folder / "pytorch_model.bin").unlink()
    done = call("model", "nq", "--offline", code=2)
    assert "offline, and the model 'zeta-alpha-ai/monot5-3b-inpars-v2-nq' is not whole" in done.stderr


def test_the_list_asks_for_the_sizes_that_are_not_known(publisher: Publisher, call: Call, v1_file: bytes) -> None:
    publisher.publish("inpars/fewshot-examples", "datasets", {"data/fiqa.json": b"x" * 1234})
    weights = {"config.json": b"{}", "model.safetensors": b"w" * 2000, "pytorch_model.bin": b"w" * 2000}
    publisher.publish("zeta-alpha-ai/monot5-3b-inpars-v2-nq", "models", weights)
    lines = [line.split() for line in call("--list").stdout.splitlines()]
    assert ["queries", "v1/scifacts", f"{len(v1_file) / 1000:.1f}", "kB"] in lines
    assert ["queries", "v1/nq", "size", "unknown"] in lines
    assert ["queries", "v2/scifact", "9.87", "MB"] in lines
    assert ["fewshot", "fiqa", "1.23", "kB"] in lines
    assert ["model", "nq", "2", "kB"] in lines
    assert all(seen.method == "HEAD" or seen.path.startswith("/api/models/") for seen in publisher.seen)
    call("queries", "v1/scifact")
    call("model", "nq")
    asked = len(publisher.seen)
    lines = [line.split() for line in call("queries", "--list", "--offline").stdout.splitlines()]
    assert ["queries", "v1/scifacts", f"{len(v1_file) / 1000:.1f}", "kB", "in", "the", "cache"] in lines
    assert ["queries", "v1/nq", "size", "unknown"] in lines
    assert not any(line[0] == "runs" for line in lines)
    lines = [line.split() for line in call("model", "--list", "--offline").stdout.splitlines()]
    assert ["model", "nq", "2", "kB", "in", "the", "cache"] in lines
    assert len(publisher.seen) == asked
