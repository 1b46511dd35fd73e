"""What cannot be read or written, and what another process is at work on, as the command line tells it."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

Call = Callable[..., "subprocess.CompletedProcess[str]"]

BEGIN = "import sys, {}; {}; from inpars.cli import main; main()"


@pytest.fixture
def call(tmp_path: Path) -> Call:
    """`inpars ARGUMENTS` in the test's folder, which must end with this code, in time and without a traceback."""

    def run(*arguments: object, code: int = 2, **more: object) -> "subprocess.CompletedProcess[str]":
        environment = os.environ | {"COLUMNS": "200", "NO_COLOR": "1", "INPARS_CACHE": str(tmp_path / "cache")}
        command = [*more.pop("command", (sys.executable, "-m", "inpars")), *map(str, arguments)]
        done = subprocess.run(
            command, capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=120,
            stdin=subprocess.DEVNULL, **more,
        )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done

    return run


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """A folder of a few text files."""
    folder = tmp_path / "notes"
    folder.mkdir()
    for number in range(4):
        (folder / f"{number}.txt").write_text(f"The wing number {number} has lift. The blunt nose of a cone has drag.")
    return folder


def without_privileges() -> None:
    """In a child: root without its right to pass over permissions."""
    if os.geteuid() == 0:
        for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
            if ctypes.CDLL(None).prctl(24, capability, 0, 0, 0):  # PR_CAPBSET_DROP
                raise OSError("the system does not allow it")


@pytest.fixture
def plainly(tmp_path: Path, call: Call) -> Call:
    """`call` as a user whom permissions stop."""
    barred = tmp_path / "barred"
    barred.touch(0o000)
    try:
        probe = subprocess.run(["cat", barred], capture_output=True, check=False, preexec_fn=without_privileges)
    except (subprocess.SubprocessError, AttributeError):
        pytest.skip("running as root, and the system does not let a process give up its rights")
    finally:
        barred.unlink()
    if not probe.returncode:
        pytest.skip("the system does not heed permissions")
    return lambda *arguments, **more: call(*arguments, preexec_fn=without_privileges, **more)


def test_in_a_folder_what_is_no_file_is_passed_over_and_named(call: Call, notes: Path, tmp_path: Path) -> None:
    os.mkfifo(notes / "pipe")
    (notes / "broken.txt").symlink_to("gone.txt")
    (notes / "round.txt").symlink_to("round.txt")
    (notes / "again").symlink_to(".")
    (notes / "alias.txt").symlink_to("0.txt")
    told = call("generate", "notes", "--output", "q.jsonl", code=0).stderr
    assert (
        "4 entries of notes left out: again (a link to a folder), broken.txt (a link to nothing), pipe (a FIFO), "
        "round.txt (a link that leads back to itself)"
    ) in told
    assert '"doc_id":"alias.txt"' in (tmp_path / "q.jsonl").read_text()


@pytest.mark.parametrize(
    "arguments",
    [
        ["generate", "pipe.jsonl", "--output", "o.jsonl"],
        ["plan", "pipe.jsonl"],
        ["filter", "pipe.jsonl", "--output", "o.jsonl"],
        ["negatives", "pipe.jsonl", "--corpus", "notes", "--output", "o.jsonl"],
        ["train", "pipe.jsonl", "--corpus", "notes", "--output", "o"],
        ["search", "pipe.jsonl", "--corpus", "notes", "--output", "o.trec"],
        ["rerank", "pipe.jsonl", "--corpus", "notes", "--model", "m", "--output", "o.trec"],
        ["evaluate", "pipe.jsonl", "--qrels", "pipe.jsonl"],
        ["run", "--corpus", "pipe.jsonl", "--output", "o"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_a_fifo_as_an_input_is_refused_and_not_waited_for(
    arguments: list[str], call: Call, notes: Path, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "pipe.jsonl")
    told = call(*arguments).stderr
    assert "pipe.jsonl: expected a readable file; found a FIFO" in told
    assert "write it to a file first" in told
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notes", "pipe.jsonl"]


def test_what_comes_through_a_pipe_cannot_be_read_twice(call: Call, notes: Path) -> None:
    command = ("bash", "-c", f'exec {sys.executable} -m inpars "$@" < <(cat notes/0.txt)', "-")
    if not Path("/bin/bash").exists():
        pytest.skip("needs bash")
    done = call("generate", "/dev/fd/0", "--output", "o.jsonl", command=command)
    assert "/dev/fd/0: expected a readable file; found a FIFO" in done.stderr


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("pipe", "the output pipe is a FIFO"),
        ("/dev/null", "the output /dev/null is a device"),
        ("/dev/stdout", "the output /dev/stdout is "),
        ("/dev/new", "the output /dev/new is in a folder of devices"),
        ("notes", "the output notes is a folder"),
        (".", "the output . is a folder"),
        ("notes/0.txt/q.jsonl", "the output notes/0.txt/q.jsonl cannot be written: Not a directory"),
        ("gone/q.jsonl", "gone is a link to nothing"),
        ("n" * 250, "cannot be written: File name too long\n  hint: give it a shorter name"),
    ],
)
def test_an_output_that_cannot_be_is_refused_before_the_work(
    output: str, words: str, call: Call, notes: Path, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "gone").symlink_to("nowhere")
    before = sorted(tmp_path.iterdir())
    assert words in call("generate", "notes", "--output", output).stderr
    assert sorted(tmp_path.iterdir()) == before
    assert Path("/dev/null").is_char_device()


@pytest.mark.parametrize(
    "arguments",
    [
        ["filter", "absent.jsonl"],
        ["negatives", "absent.jsonl", "--corpus", "notes"],
        ["search", "absent.tsv", "--corpus", "notes"],
        ["evaluate", "absent.trec", "--qrels", "absent.tsv"],
        ["download", "queries", "v1/scifact"],
        ["run", "--corpus", "notes"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_every_stage_looks_at_its_output_first(arguments: list[str], call: Call, notes: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    told = call(*arguments, "--output", "pipe").stderr
    assert "the output pipe is a FIFO" in told


@pytest.mark.parametrize("where", ["notes/1.txt", "notes", "corpus.jsonl"])
def test_an_input_without_permission_is_an_error_with_its_path(
    where: str, plainly: Call, notes: Path, tmp_path: Path
) -> None:
    (tmp_path / "corpus.jsonl").write_text('{"_id": "1", "text": "a wing"}\n')
    (tmp_path / where).chmod(0o000)
    told = plainly("generate", where.partition("/")[0], "--output", "q.jsonl").stderr
    (tmp_path / where).chmod(0o755)
    assert f"inpars: {where}: expected a readable f" in told
    assert "found Permission denied" in told


@pytest.mark.parametrize("output", ["locked/q.jsonl", "locked/deeper/q.jsonl"])
def test_a_folder_without_permission_is_told_of_before_the_work(
    output: str, plainly: Call, notes: Path, tmp_path: Path
) -> None:
    (tmp_path / "locked").mkdir(0o555)
    train = ["train", "absent.jsonl", "--corpus", "notes"]
    for arguments in (["generate", "notes"], ["run", "--corpus", "notes"], train):
        told = plainly(*arguments, "--output", output).stderr
        assert f"the output {output} cannot be written: Permission denied" in told
        assert not list((tmp_path / "locked").iterdir())


def test_on_a_full_disk_what_is_finished_stays_and_a_rerun_goes_on(call: Call, notes: Path, tmp_path: Path) -> None:
    full = BEGIN.format("resource", "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))")
    arguments = ["generate", "notes", "--output", "q.jsonl", "--unit-size", 1, "--queries-per-document", 2]
    for number in range(4, 40):
        (notes / f"{number}.txt").write_text(f"A plate number {number} has heat. The shock of a jet has sound.")
    told = call(*arguments, command=(sys.executable, "-c", full)).stderr
    assert "q.jsonl: File too large" in told
    units = sorted((tmp_path / ".q.jsonl.units").glob("??????.jsonl"))
    assert len(units) == 40
    for unit in units:
        unit.write_text(unit.read_text().replace("extractive", "kept"))
    call(*arguments, code=0)
    rows = (tmp_path / "q.jsonl").read_text()
    assert "kept" in rows
    assert "extractive" not in rows
    assert not list(tmp_path.glob(".*"))


def test_a_matrix_that_the_disk_has_no_room_for_ends_in_a_message_and_no_signal(
    call: Call, toy_corpus: Path, tiny_bi_encoder: Path, tmp_path: Path
) -> None:
    full = BEGIN.format("resource", "resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000))")
    arguments = ["search", toy_corpus / "queries.jsonl", "--corpus", toy_corpus, "--output", "r.trec"]
    arguments += ["--first-stage", "dense", "--retriever", tiny_bi_encoder]
    told = call(*arguments, command=(sys.executable, "-c", full)).stderr
    assert "r.index/.embeddings.npy.units/embeddings.npy: File too large" in told
    call(*arguments, code=0)
    assert len((tmp_path / "r.trec").read_text().splitlines()) == 10 * 60


def test_what_nobody_takes_is_told_of_too(call: Call, tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    done = call("recipes", command=("sh", "-c", f'exec {sys.executable} -m inpars "$@" > /dev/full', "-"))
    assert "No space left on device" in done.stderr
    assert "Exception ignored" not in done.stderr


def test_two_generations_of_one_output_do_not_meet(call: Call, tmp_path: Path) -> None:
    arguments = ["generate", "python-docs", "--queries-per-document", "3", "--output"]
    command = [sys.executable, "-m", "inpars", *arguments, str(tmp_path / "q.jsonl")]
    first = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    while first.poll() is None and not (tmp_path / ".q.jsonl.units").exists():
        time.sleep(0.01)
    first.send_signal(signal.SIGSTOP)  # Stopped, so that it is still at work whatever the machine's speed.
    told = call(*arguments, tmp_path / "q.jsonl").stderr
    assert f"process {first.pid} on this machine" in told
    first.send_signal(signal.SIGCONT)
    first.communicate()
    assert first.returncode == 0
    call(*arguments, tmp_path / "other.jsonl", code=0)
    assert (tmp_path / "q.jsonl").read_bytes() == (tmp_path / "other.jsonl").read_bytes()
