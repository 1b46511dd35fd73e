from __future__ import annotations

from pathlib import Path

import pytest

from inpars.errors import InputError, OptionError
from inpars.generate.prompts import Shown, builtin_templates, load_template

# Descriptors as they stand in the InPars toolkit's templates.yaml; fiqa has no cue there.
TASKS = {
    "arguana": "Argument: {document}\nCounter argument: {query}",
    "hotpotqa": "Evidence: {document}\nVexed question: {query}",
    "dbpedia-entity": "entity: {document}\nquery: {query}",
    "nfcorpus": "Article: {document}\nQuery: {query}",
    "webis-touche2020": "{document}\nDebate: {query}",
    "trec-covid": "{document}\nQuestion: {query}",
    "scifact": "{document}\nFinding: {query}",
    "scidocs": "{document}\nThe passage is about {query}",
    "fever": "{document}\nIs it true that {query}",
}
OTHERS = ("nq", "quora", "climate-fever", "cqadupstack", "msmarco", "bioasq", "signal1m", "trec-news", "robust04")


@pytest.mark.parametrize("task", TASKS)
def test_promptagators_descriptors_are_the_published_ones(task: str) -> None:
    template = load_template(f"promptagator-{task}")
    assert (template.pattern, template.separator, template.header) == (TASKS[task], "\n\n", "")
    assert template.needs_examples


def test_fiqa_has_a_cue_and_says_what_differs() -> None:
    template = load_template("promptagator-fiqa")
    assert template.pattern == "{document}\nQuestion: {query}"
    assert "no cue" in template.source


def test_every_dataset_of_beir_has_its_prompt() -> None:
    assert {f"promptagator-{task}" for task in (*TASKS, *OTHERS, "fiqa")} < set(builtin_templates())


def test_every_template_says_what_it_is_and_where_it_comes_from() -> None:
    for name, template in builtin_templates().items():
        assert template.name == name
        assert template.description
        assert template.source


def test_no_name_finds_two_templates() -> None:
    names = [name for template in builtin_templates().values() for name in (template.name, *template.aliases)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("promptagator-dbpedia", "promptagator-dbpedia-entity"),
        ("promptagator-touche", "promptagator-webis-touche2020"),
        ("promptagator-trec_covid", "promptagator-trec-covid"),
        ("INPARS", "inpars"),
        ("gbq", "inpars-gbq"),
    ],
)
def test_other_spellings_are_found(alias: str, name: str) -> None:
    assert load_template(alias).name == name


@pytest.mark.parametrize(
    ("dataset", "task"),
    [
        ("scifact", "scifact"),
        ("ir_datasets:beir/scifact", "scifact"),
        ("ir_datasets:beir/scifact/test", "scifact"),
        ("ir_datasets:beir/cqadupstack/android", "cqadupstack"),
        ("/data/beir/trec-covid/corpus.jsonl.gz", "trec-covid"),
        ("data/trec-covid/", "trec-covid"),
        ("data/fiqa.tsv.gz?id=number", "fiqa"),
        ("dbpedia", "dbpedia-entity"),
        ("beir/webis-touche2020/v2", "webis-touche2020"),
    ],
)
def test_promptagator_alone_follows_the_corpus(dataset: str, task: str) -> None:
    assert load_template("promptagator", dataset).name == f"promptagator-{task}"


@pytest.mark.parametrize("dataset", ["", "cranfield", "/data/fever/mine/corpus.jsonl"])
def test_promptagator_for_an_unknown_corpus_lists_the_prompts(dataset: str) -> None:
    with pytest.raises(OptionError, match="no Promptagator prompt") as raised:
        load_template("promptagator", dataset)
    assert "promptagator-arguana" in raised.value.hint
    assert dataset in raised.value.message


def test_an_unknown_name_is_suggested() -> None:
    with pytest.raises(OptionError, match="unknown prompt 'inpars-gbg'") as raised:
        load_template("inpars-gbg")
    assert "did you mean 'inpars-gbq'?" in raised.value.hint


def test_a_yaml_file_is_a_template(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        'pattern: "{document}\\nAnswer as {\\"query\\": …}:"\nstop: ["}"]\nexamples: [{document: a, query: b}]\n'
    )
    template = load_template(path)
    assert template.name == "mine"
    assert template.cue == 'Answer as {"query": …}:'
    assert template.stop == ("}",)
    assert template.examples == (Shown(document="a", query="b"),)


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("mine.yaml", "pattern: '{document} Q:'\npatern: x", "did you mean 'pattern'?"),
        ("mine.yaml", "description: x", "mine.yaml.pattern"),
        ("mine.yaml", "pattern: '{document}'", "a cue is needed"),
        ("mine.yaml", "pattern: [", "is not YAML"),
        ("mine.yaml", "just words", "expected the fields of a template; found str"),
        ("mine.txt", "Query:", "expected {document} in it"),
        ("mine.txt", "Document: {document}\n{query}", "a cue is needed"),
        ("mine.txt", "{document}\nQuery: {query}\n\n{query} again:", "only stand at the end"),
    ],
)
def test_a_file_that_cannot_work_is_explained(tmp_path: Path, file: str, text: str, words: str) -> None:
    path = tmp_path / file
    path.write_text(text)
    with pytest.raises(OptionError) as raised:
        load_template(path)
    assert words in str(raised.value)
    assert str(path) in str(raised.value)


@pytest.mark.parametrize(
    "text",
    [
        "Some {json: 1}.\n\nDocument: {document}\nQuery: {query}\n",
        "Some {json: 1}.\n\nDocument: {document_text}\nQuery:",
        "Some {json: 1}.\n\nDocument: {document}\nQuery:   \n\n",
    ],
)
def test_a_text_file_of_the_reference_is_a_template(tmp_path: Path, text: str) -> None:
    path = tmp_path / "prompt.txt"
    path.write_text(text)
    template = load_template(str(path))
    assert template.asks == "Some {json: 1}.\n\nDocument: {document}\nQuery:"
    assert template.cue == "Query:"
    assert not template.needs_examples
    assert template.stop == ("\n",)


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ('As {{"query": "x"}}.\n{document}\nQuery: {query}', 'As {"query": "x"}.\n{document}\nQuery:'),
        ('As {{"query": "x"}}.\n{document_text}\nQuery:', 'As {"query": "x"}.\n{document}\nQuery:'),
        # Not one that str.format could take: its braces are as they are meant.
        ('As {{"a": {"b": 1}}}.\n{document}\nQuery:', 'As {{"a": {"b": 1}}}.\n{document}\nQuery:'),
        ("A {{set}} of {others}.\n{document}\nQuery:", "A {{set}} of {others}.\n{document}\nQuery:"),
        ("A {{set}} and }.\n{document}\nQuery:", "A {{set}} and }.\n{document}\nQuery:"),
        ("A {{set}}.\n{document!r}\n{document}\nQuery:", "A {{set}}.\n{document!r}\n{document}\nQuery:"),
    ],
)
def test_braces_doubled_for_the_references_format_are_single_for_the_model(
    tmp_path: Path, text: str, asked: str
) -> None:
    path = tmp_path / "prompt.txt"
    path.write_text(text)
    assert load_template(path).asks == asked


@pytest.mark.parametrize("name", ["nowhere.yaml", "nowhere.txt"])
def test_a_file_that_is_not_there_is_named(name: str) -> None:
    with pytest.raises(OptionError, match=f"no prompt at {name}"):
        load_template(name)


def test_a_file_in_another_encoding_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "latin.txt").write_bytes("Größe {document} Frage:".encode("latin1"))
    with pytest.raises(InputError, match=r"latin\.txt, line 1: expected UTF-8 text"):
        load_template(tmp_path / "latin.txt")


def test_a_folder_of_a_built_in_name_does_not_hide_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "inpars").mkdir()
    (tmp_path / "zero-shot").write_text("{document} Q:")
    monkeypatch.chdir(tmp_path)
    assert load_template("inpars").examples
    assert load_template("zero-shot").style == "chat"
