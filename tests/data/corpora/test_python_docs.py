import importlib

import pytest

from inpars.data.corpora import open_corpus
from inpars.data.corpora.memory import MemoryCorpus
from inpars.data.corpora.python_docs import open_python_docs


@pytest.fixture(scope="module")
def docs() -> MemoryCorpus:
    return open_python_docs()


def test_there_are_thousands_of_documents_with_ids_and_texts_of_their_own(docs: MemoryCorpus) -> None:
    assert len(docs) > 3000
    assert len({document.text for document in docs}) == len(docs)


@pytest.mark.parametrize("doc_id", ["json.dumps", "print", "os.path.join", "random.random", "csv", "str.join"])
def test_a_document_is_called_by_the_name_that_a_programmer_uses(docs: MemoryCorpus, doc_id: str) -> None:
    assert docs[doc_id].title == doc_id


def test_of_several_names_for_one_docstring_the_shallowest_stays(docs: MemoryCorpus) -> None:
    assert "asyncio.gather" in docs
    assert "asyncio.tasks.gather" not in docs


def test_the_text_is_the_docstring_without_its_indentation(docs: MemoryCorpus) -> None:
    lines = docs["json.dumps"].text.splitlines()
    assert lines[0] == "Serialize ``obj`` to a JSON formatted ``str``."
    assert lines[2][0] != " "


def test_private_names_tests_and_modules_with_side_effects_are_left_out(docs: MemoryCorpus) -> None:
    roots = {document.doc_id.split(".")[0] for document in docs}
    assert not {"this", "antigravity", "test", "idlelib", "tkinter"} & roots
    assert not [document.doc_id for document in docs if any(p.startswith("_") for p in document.doc_id.split("."))]


def test_every_document_has_at_least_three_words(docs: MemoryCorpus) -> None:
    assert min(len(document.text.split()) for document in docs) >= 3


def test_gathering_them_again_gives_the_same_corpus(docs: MemoryCorpus) -> None:
    assert open_corpus("python-docs").fingerprint() == docs.fingerprint()


def test_libraries_that_patch_the_standard_library_change_nothing() -> None:
    before = open_python_docs().fingerprint()
    importlib.import_module("transformers")  # adds methods to logging.Logger
    assert open_python_docs().fingerprint() == before
