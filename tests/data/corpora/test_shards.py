"""Documents in several files of one folder."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import pytest

from inpars.data.corpora import open_corpus
from inpars.data.outputs import check_outputs
from inpars.data.records import Document
from inpars.errors import InparsError, InputError, OptionError

Rows = list[dict[str, Any]]
Write = Callable[[str, Rows], Path]
WriteBytes = Callable[[str, bytes], Path]
ROWS = [{"id": f"{number:03d}", "title": f"T{number}", "text": f"text ä {number}"} for number in range(30)]
DOCUMENTS = [Document(row["id"], row["text"], row["title"]) for row in ROWS]
SHARDS = [
    "part-{}.jsonl",
    "part-{}.jsonl.gz",
    "part-{}.csv",
    "part-{}.csv.xz",
    "part-{}.tsv",
    "part-{}.json",
    "part-{}.arrow",
    "part-{}-c000.snappy.parquet",
    "msmarco_{}.gz",
    "deep/er/{}.jsonl",
]


@pytest.fixture
def shards(write_documents: Write, write_bytes: WriteBytes, tmp_path: Path) -> Callable[[str], Path]:
    """A folder with `ROWS` in three files whose names follow a pattern."""

    def write(pattern: str) -> Path:
        for number in range(3):
            name, rows = f"set/{pattern.format(number)}", ROWS[number * 10 : number * 10 + 10]
            if pattern == "msmarco_{}.gz":
                write_bytes(name, "".join(json.dumps(row) + "\n" for row in rows).encode())
            else:
                write_documents(name, rows)
        return tmp_path / "set"

    return write


@pytest.mark.parametrize("pattern", SHARDS)
def test_files_of_one_format_are_one_corpus(shards: Callable[[str], Path], pattern: str) -> None:
    corpus = open_corpus(shards(pattern))
    assert list(corpus) == DOCUMENTS
    assert len(corpus) == 30
    assert [corpus[document.doc_id] for document in DOCUMENTS] == DOCUMENTS
    assert "30" not in corpus
    assert sorted(corpus.sample(30, seed=1), key=DOCUMENTS.index) == DOCUMENTS


def test_the_fingerprint_changes_with_any_file_and_with_its_name(shards: Callable[[str], Path]) -> None:
    folder = shards("part-{}.jsonl")
    seen = [open_corpus(folder).fingerprint()]
    assert open_corpus(folder).fingerprint() == seen[0]
    seen.append(open_corpus(f"{folder}?text=title").fingerprint())
    (folder / "part-2.jsonl").write_text('{"id": "z", "text": "new"}\n')
    seen.append(open_corpus(folder).fingerprint())
    (folder / "part-2.jsonl").rename(folder / "part-3.jsonl")
    seen.append(open_corpus(folder).fingerprint())
    assert len(set(seen)) == 4


def test_more_files_than_are_kept_open_are_read_all_the_same(tmp_path: Path) -> None:
    for number in range(300):
        (tmp_path / f"{number:03d}.json").write_text(json.dumps({"id": f"d{number}", "text": f"t{number}"}, indent=1))
    corpus = open_corpus(tmp_path)
    assert len(corpus) == 300
    assert {document.doc_id: document.text for document in corpus.shuffled(1)} == {f"d{n}": f"t{n}" for n in range(300)}
    if os.path.isdir("/proc/self/fd"):
        assert len(os.listdir("/proc/self/fd")) < 250


def test_an_id_that_another_file_has_too_is_named_with_both_files(write_documents: Write, tmp_path: Path) -> None:
    write_documents("set/a.jsonl", ROWS[:3])
    write_documents("set/b.jsonl", ROWS[3:5] + ROWS[1:2])
    with pytest.raises(InputError) as raised:
        len(open_corpus(tmp_path / "set"))
    places = f"{tmp_path}/set/b.jsonl, line 3: expected every document id once; found id '001', which line 2 of"
    assert raised.value.message == f"{places} {tmp_path}/set/a.jsonl already has"


def test_an_id_with_blanks_is_named_with_its_file(write_documents: Write, tmp_path: Path) -> None:
    write_documents("set/a.jsonl", ROWS[:3])
    write_documents("set/b.jsonl", [ROWS[4], ROWS[5] | {"id": "a b"}, ROWS[6] | {"id": "c d"}])
    with pytest.raises(InputError, match=r"b\.jsonl, line 2: expected document ids without blanks.*'a b'"):
        len(open_corpus(tmp_path / "set"))


def test_a_file_that_cannot_be_read_beside_others_is_not_left_out(write_documents: Write, tmp_path: Path) -> None:
    write_documents("set/a.jsonl", ROWS[:3])
    (tmp_path / "set" / "b.jsonl").write_text('{"id": "x", "te')
    with pytest.raises(InputError, match=r"b\.jsonl, line 1: expected one JSON object"):
        open_corpus(tmp_path / "set")


def test_an_empty_part_is_no_fault(write_documents: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_documents("set/a.jsonl", ROWS)
    (tmp_path / "set" / "b.jsonl").touch()
    assert len(open_corpus(tmp_path / "set")) == 30
    assert "set: 1 file that is not a file of documents is passed over (1 .jsonl)" in capsys.readouterr().err


def test_columns_may_be_named_for_all_the_files(write_documents: Write, tmp_path: Path) -> None:
    for number in range(2):
        write_documents(f"set/{number}.jsonl", [{"nr": number, "words": "x"}])
    assert [document.doc_id for document in open_corpus(f"{tmp_path}/set?id=nr&text=words")] == ["0", "1"]
    with pytest.raises(InputError, match=r"0\.jsonl, line 1: expected a field with an id: "):
        open_corpus(tmp_path / "set")


def test_formats_that_differ_are_not_mixed(write_documents: Write, tmp_path: Path) -> None:
    write_documents("set/a.jsonl", ROWS)
    write_documents("set/a.csv", ROWS)
    with pytest.raises(InputError) as raised:
        open_corpus(tmp_path / "set")
    assert "documents in files of one format; found 1 .csv (a.csv), 1 .jsonl (a.jsonl)" in raised.value.message
    assert "into a folder of their own" in raised.value.hint


def test_text_files_and_files_of_documents_are_not_mixed(write_documents: Write, tmp_path: Path) -> None:
    write_documents("set/a.jsonl", ROWS)
    (tmp_path / "set" / "notes.md").write_text("words")
    with pytest.raises(InputError, match=r"found 1 of text \(as notes.md\) and 1 of rows \(as a.jsonl\)"):
        open_corpus(tmp_path / "set")


def test_what_tells_of_the_data_and_what_is_of_another_kind_is_passed_over_and_said(
    write_documents: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_documents("set/part-0.jsonl", ROWS)
    write_documents("set/asked.jsonl", [{"qid": "1", "question": "what lifts"}])
    for name, content in {
        "README.md": "---\ntags: x\n---\n# About",
        "_SUCCESS": "",
        ".part-0.jsonl.crc": "x",
        "queries.train.tsv": "1\twhat\n",
        "qrels.train.tsv": "1\t0\t001\t1\n",
        "qrels.txt": "1 0 001 1\n",
        "run-bm25.txt": "1 Q0 001 1 2.5 x\n",
        "~$part-0.txt": "x",
        "made.jsonl": '{"query": "x", "doc_id": "001", "log_probs": [], "doc_text": "y"}\n',
        "made.jsonl.meta.json": "{}",
        "made.dropped.jsonl": '{"reason": "x"}\n',
    }.items():
        (tmp_path / "set" / name).write_text(content)
    assert list(open_corpus(tmp_path / "set")) == DOCUMENTS
    said = " ".join(capsys.readouterr().err.split())
    assert (
        "7 files that are not files of documents are passed over (2 .tsv, 2 .txt, 1 .jsonl, 1 .md, 1 without an ending)"
        in said
    )
    assert "2 hidden entries are passed over (.part-0.jsonl.crc, ~$part-0.txt)" in said
    assert "3 outputs of inpars are passed over (made.dropped.jsonl, made.jsonl, made.jsonl.meta.json)" in said


def test_an_output_does_not_take_the_place_of_one_of_the_files(shards: Callable[[str], Path]) -> None:
    folder = shards("part-{}.jsonl")
    with pytest.raises(OptionError, match=r"part-1.jsonl would take the place of the input"):
        check_outputs((open_corpus(folder),), folder / "part-1.jsonl")
    check_outputs((open_corpus(folder),), folder / "queries.jsonl")


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """Two datasets as `save_to_disk` leaves them: one of one split in several files, one of two splits."""
    datasets.disable_progress_bars()
    whole = datasets.Dataset.from_list(ROWS)
    whole.save_to_disk(str(tmp_path / "one"), num_shards=3)
    parts = {"train": whole.select(range(20)), "test": whole.select(range(20, 30))}
    datasets.DatasetDict(parts).save_to_disk(str(tmp_path / "two"))
    whole.shuffle(seed=1).filter(lambda row: row["id"] < "010").save_to_disk(str(tmp_path / "some"))
    return tmp_path


@pytest.mark.parametrize("prefix", ["", "hf:"])
def test_what_datasets_saved_is_read_as_a_folder_or_by_its_scheme(saved: Path, prefix: str) -> None:
    corpus = open_corpus(f"{prefix}{saved / 'one'}")
    assert list(corpus) == DOCUMENTS
    assert corpus["017"] == DOCUMENTS[17]
    assert corpus.fingerprint() == open_corpus(saved / "one").fingerprint()
    assert {document.doc_id for document in open_corpus(f"{prefix}{saved / 'some'}")} == {f"{n:03d}" for n in range(10)}
    assert open_corpus(f"{prefix}{saved / 'one'}?text=title")["001"].text == "T1"


@pytest.mark.parametrize("prefix", ["", "hf:"])
def test_of_saved_splits_one_is_read_and_the_others_are_said(
    saved: Path, prefix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert len(open_corpus(f"{prefix}{saved / 'two'}")) == 20
    said = "".join(capsys.readouterr().err.split())
    assert f"{saved}/two:thesplit'train'isread,nottest;{saved}/two/trainnamesone" in said
    assert len(open_corpus(f"{prefix}{saved / 'two' / 'test'}")) == 10


def test_a_saved_split_may_be_named(saved: Path) -> None:
    assert len(open_corpus(f"hf:{saved / 'two'}::test")) == 10
    for name in ("one", "two"):
        with pytest.raises(InparsError, match="has no split 'dev'"):
            open_corpus(f"hf:{saved / name}::dev")


@pytest.mark.parametrize("state", ["{}", '{"_data_files": []}', "[1]"])
def test_a_saved_dataset_without_files_is_refused(tmp_path: Path, state: str) -> None:
    (tmp_path / "state.json").write_text(state)
    with pytest.raises(InputError, match=r"state.json: expected a list '_data_files', as datasets writes it; found"):
        open_corpus(tmp_path)


def test_among_more_text_files_tables_are_passed_over_whatever_is_in_them(
    write_documents: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(3):
        (tmp_path / f"{number}.md").write_text("words")
    write_documents("a.json", ROWS[:1])
    for name in ("package.json", "tsconfig.json", "data.csv"):
        (tmp_path / name).write_text('{"compilerOptions": 1,\n')
    assert [document.doc_id for document in open_corpus(tmp_path)] == ["0.md", "1.md", "2.md"]
    assert "4 files that are not text files are passed over (3 .json, 1 .csv)" in capsys.readouterr().err


def test_a_readme_beside_documents_that_cannot_be_read_is_no_corpus(write_documents: Write, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("about")
    (tmp_path / "package.json").write_text("{}")
    assert [document.doc_id for document in open_corpus(tmp_path)] == ["README.md"]
    write_documents("d.jsonl", [{"nr": 1, "words": "x"}])
    with pytest.raises(InputError, match=r"d\.jsonl, line 1: expected a field with an id"):
        open_corpus(tmp_path)


def test_files_that_are_named_as_something_else_may_be_named(write_documents: Write, tmp_path: Path) -> None:
    path = write_documents("topics-of-physics.jsonl", ROWS)
    with pytest.raises(InputError, match="expected a BEIR folder") as raised:
        open_corpus(tmp_path)
    assert raised.value.hint == f"does one of the files hold the documents? then name that: {path}"
    assert list(open_corpus(path)) == DOCUMENTS
