"""A folder of plain text files as a corpus."""

import os
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from inpars.data.corpora import open_corpus
from inpars.data.corpora.base import Corpus
from inpars.data.files import digest_of
from inpars.data.records import Document
from inpars.data.runs import read_run, write_run
from inpars.errors import InputError, OptionError

Folder = Callable[..., Path]


@pytest.fixture
def notes(tmp_path: Path) -> Folder:
    """Write files into one folder, by path."""

    def write(**files: str | bytes) -> Path:
        for path, content in files.items():
            file = tmp_path / "notes" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return tmp_path / "notes"

    return write


@pytest.fixture
def many(notes: Folder) -> Path:
    return notes(**{f"{n % 3}/{n:02d}.txt": f"text {n}" for n in range(30)})


def ids(folder: Path) -> list[str]:
    return [document.doc_id for document in open_corpus(folder)]


def test_every_text_file_in_it_or_below_is_a_document_in_the_order_of_the_paths(notes: Folder) -> None:
    files = {"b.txt": "b", "a/b/c.rst": "c", "a/b.md": "b", "a.txt": "a", "a-b.txt": "a-b", "ä.TXT": "ä", "B.Md": "B"}
    folder = notes(**files, **{"table.csv": "id,text\n1,x\n", "txt": "no ending"})
    assert ids(folder) == ["B.Md", "a-b.txt", "a.txt", "a/b.md", "a/b/c.rst", "b.txt", "ä.TXT"]
    assert [document.text for document in open_corpus(str(folder))] == ["B", "a-b", "a", "b", "c", "b", "ä"]


@pytest.mark.parametrize(
    ("content", "title", "text"),
    [
        ("# Wings\n\nThey lift.\n", "Wings", "They lift."),
        ("\ufeff\r\n### Wings and drag \r\nThey lift.\r\n\r\n# Second", "Wings and drag", "They lift.\r\n\r\n# Second"),
        ("# C#", "C#", ""),
        ("They lift.\n# Wings\n", "", "They lift.\n# Wings"),
        ("#wings lift", "", "#wings lift"),
        ("#\nlift", "", "#\nlift"),
    ],
)
def test_the_title_is_the_heading_that_a_file_begins_with(notes: Folder, content: str, title: str, text: str) -> None:
    assert list(open_corpus(notes(**{"a.md": content}))) == [Document("a.md", text, title)]


def test_documents_are_counted_looked_up_shuffled_and_sampled(many: Path) -> None:
    corpus = open_corpus(many)
    documents = list(corpus)
    assert isinstance(corpus, Corpus)
    assert len(corpus) == len(documents) == 30
    assert corpus["1/07.txt"] == Document("1/07.txt", "text 7")
    assert "2/07.txt" not in corpus
    with pytest.raises(KeyError):
        corpus["../notes/1/07.txt"]
    sample = corpus.sample(10, seed=1)
    assert sample == open_corpus(many).sample(10, seed=1)
    assert sample != corpus.sample(10, seed=2)
    assert sorted(corpus.shuffled(3), key=documents.index) == documents


ENDINGS = (".txt", ".text", ".md", ".markdown", ".mdown", ".mkd", ".mkdn", ".mdx", ".Rmd", ".qmd", ".rst", ".MARKDOWN")


def test_the_endings_of_text_files_are_those_that_people_give_them(notes: Folder) -> None:
    assert ids(notes(**{f"a{ending}": "text" for ending in ENDINGS})) == sorted(f"a{ending}" for ending in ENDINGS)


def test_front_matter_and_underlined_headings_give_titles(notes: Folder) -> None:
    folder = notes(
        **{
            "a.md": "---\ntitle: Wings\n---\n\nThey lift.\n",
            "b.markdown": "\ufeffDrag\n====\n\nIt slows.\n",
            "c.md": "---\ntags: [x]\n---\n",
        }
    )
    corpus = open_corpus(folder)
    assert list(corpus) == [Document("a.md", "They lift.", "Wings"), Document("b.markdown", "It slows.", "Drag")]
    assert corpus["b.markdown"].title == "Drag"


def test_text_files_in_utf_16_are_read(notes: Folder) -> None:
    folder = notes(**{"a.md": "# Flügel\r\nAuftrieb".encode("utf-16"), "b.txt": "日本".encode("utf-16")})
    assert list(open_corpus(folder)) == [Document("a.md", "Auftrieb", "Flügel"), Document("b.txt", "日本")]


def said(folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert len(open_corpus(folder))
    return " ".join(capsys.readouterr().err.split())


def test_what_is_no_text_file_is_counted_by_its_ending(notes: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    texts = {f"{number}.md": "text" for number in range(3)}
    folder = notes(**texts, **{"a.html": "x", "b/c.HTML": "x", "d.pdf": "x", "Makefile": "x"})
    expected = "4 files that are not text files are passed over (2 .html, 1 .pdf, 1 without an ending)"
    assert said(folder, capsys) == f"{folder}: {expected}"


def test_a_folder_that_is_hardly_read_is_warned_of(notes: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    folder = notes(**{"README.md": "about"}, **{f"{number}.pdf": "x" for number in range(20)})
    expected = "warning: only 1 of 21 files will be read: 20 files that are not text files are passed over (20 .pdf)"
    assert said(folder, capsys) == f"{folder}: {expected}"


def test_hidden_entries_outputs_and_empty_files_are_said(notes: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    run = {"run/recipe.yaml": "", "run/manifest.json": "{}", "run/README.md": "x"}
    folder = notes(**{"a.md": "a", "b.md": "", "c.txt": " \n", ".git/x": "", "d/.e.md": "e"}, **run)
    assert said(folder, capsys) == (
        f"{folder}: 2 hidden entries are passed over (.git, d/.e.md); 1 output of inpars is passed over (run) "
        f"{folder}: 2 files that have no text are passed over"
    )


def test_nothing_is_said_where_all_is_read(notes: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(notes(**{"a.md": "a", "b.txt": "b"}), capsys) == ""


def test_what_a_stage_wrote_into_the_folder_is_no_document(notes: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    row = '{"query": "x", "doc_id": "a.md", "doc_text": "y", "log_probs": [-1.0]}\n'
    folder = notes(**{"a.md": "a", "q.jsonl": row, "q.jsonl.meta.json": "{}", "q.errors.jsonl": '{"doc_id": "a.md"}\n'})
    assert "3 outputs of inpars are passed over (q.errors.jsonl, q.jsonl, q.jsonl.meta.json)" in said(folder, capsys)
    assert ids(folder) == ["a.md"]


def test_what_is_hidden_is_passed_over(notes: Folder) -> None:
    assert ids(notes(**{"a.md": "a", ".b.md": "b", ".git/c.md": "c", "d/.venv/e/f.txt": "f"})) == ["a.md"]


def test_empty_files_are_passed_over_and_are_no_corpus(notes: Folder) -> None:
    folder = notes(**{"a.md": "", "b.md": "b", "c.md": " \n\n", "d.md": "d"})
    corpus = open_corpus(folder)
    assert [document.doc_id for document in corpus] == ["b.md", "d.md"]
    assert len(corpus) == 2
    assert corpus["d.md"].text == "d"
    assert "a.md" not in corpus
    (folder / "b.md").unlink()
    (folder / "d.md").unlink()
    with pytest.raises(InputError, match="notes: expected at least one document; found none"):
        len(open_corpus(folder))


def test_outputs_of_ours_are_no_documents(notes: Folder) -> None:
    run = {"my-run/recipe.yaml": "", "my-run/manifest.json": "{}", "my-run/train/model/README.md": "a card"}
    model = {"model/inpars.json": "{}", "model/vocab.txt": "the"}
    folder = notes(**{"cake/recipe.yaml": "", "cake/how.md": "bake", **run, **model})
    assert ids(folder) == ["cake/how.md"]


def test_a_file_name_with_blanks_gives_an_id_that_a_run_can_hold(notes: Folder, tmp_path: Path) -> None:
    folder = notes(**{"my notes/a\u3000b.md": "one", "100%.md": "two", "my%20notes/a.md": "three"})
    corpus = open_corpus(folder)
    assert ids(folder) == ["100%25.md", "my%20notes/a%E3%80%80b.md", "my%2520notes/a.md"]
    assert corpus["my%20notes/a%E3%80%80b.md"].text == "one"
    run = {"q1": {document.doc_id: float(len(document.text)) for document in corpus}}
    write_run(tmp_path / "run.trec", run, "tag")
    assert read_run(tmp_path / "run.trec")["q1"].keys() == run["q1"].keys()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such file names")
def test_a_file_name_that_is_not_utf_8_gives_an_id_that_is(notes: Folder) -> None:
    folder = notes(**{"a.md": "a"})
    with open(os.fsencode(folder) + b"/caf\xe9.md", "w") as stream:
        stream.write("b")
    assert ids(folder) == ["a.md", "caf%E9.md"]
    assert open_corpus(folder)["caf%E9.md"].text == "b"
    assert len(open_corpus(folder).fingerprint()) == 64


def test_a_file_that_is_not_utf_8_is_named(notes: Folder) -> None:
    folder = notes(**{"a.md": "a", "b/c.txt": "one\ncaf\xe9".encode("latin1")})
    with pytest.raises(InputError) as raised:
        len(open_corpus(folder))
    assert raised.value.message == f"{folder}/b/c.txt, line 2: expected UTF-8 text; found byte 0xe9 at column 4"
    assert "iconv" in raised.value.hint


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="there all folders can be read")
def test_a_folder_that_cannot_be_read_is_named_not_passed_over(notes: Folder) -> None:
    folder = notes(**{"a.md": "a", "b/c.md": "c"})
    (folder / "b").chmod(0)
    try:
        with pytest.raises(InputError, match=f"{folder}/b: expected a readable folder; found Permission denied"):
            open_corpus(folder)
    finally:
        (folder / "b").chmod(0o700)


def test_the_fingerprint_changes_with_a_files_content_its_name_and_the_number_of_files(notes: Folder) -> None:
    folder = notes(**{"a.md": "a", "b/c.md": "c"})
    seen = [open_corpus(folder).fingerprint()]
    notes(**{".hidden.md": "x", "table.csv": "y"})
    assert open_corpus(folder).fingerprint() == seen[0]
    notes(**{"a.md": "b"})
    seen.append(open_corpus(folder).fingerprint())
    (folder / "a.md").rename(folder / "aa.md")
    seen.append(open_corpus(folder).fingerprint())
    notes(**{"e.md": ""})
    seen.append(open_corpus(folder).fingerprint())
    (folder / "b" / "c.md").unlink()
    seen.append(open_corpus(folder).fingerprint())
    assert len(set(seen)) == 5


def test_the_fingerprint_is_that_of_paths_and_bytes_unless_titles_are_read_in_another_way(notes: Folder) -> None:
    folder = notes(**{"a.md": "# A\ntext", "b.txt": "B\n===\n"})
    assert open_corpus(folder).fingerprint() == digest_of(folder, ["a.md", "b.txt"]).hexdigest()
    notes(**{"a.md": "---\ntitle: A\n---\ntext"})
    assert open_corpus(folder).fingerprint() != digest_of(folder, ["a.md", "b.txt"]).hexdigest()


def test_a_folder_with_corpus_jsonl_stays_a_beir_folder(notes: Folder) -> None:
    folder = notes(**{"README.md": "about", "corpus.jsonl": '{"_id": "d1", "text": "x"}\n'})
    assert ids(folder) == ["d1"]


def test_columns_are_refused_for_a_folder_of_text_files(notes: Folder) -> None:
    with pytest.raises(OptionError, match="notes: a folder of text files has no columns"):
        open_corpus(f"{notes(**{'a.md': 'a'})}?text=abstract")


def test_no_more_than_one_document_is_held_at_a_time(notes: Folder) -> None:
    folder = notes(**{f"{n}.txt": "word " * 40_000 for n in range(40)})
    tracemalloc.start()
    corpus = open_corpus(folder)
    assert sum(len(document.text) for document in corpus) > 7_000_000
    assert all(len(document.text) == 199_999 for document in corpus.shuffled(1))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3_000_000
