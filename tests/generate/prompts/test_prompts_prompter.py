from __future__ import annotations

import random
from typing import Any

import pytest

from inpars.data.fewshot import Example
from inpars.data.records import Document
from inpars.errors import OptionError
from inpars.generate.prompts import Prompter, Rendered, Template, builtin_templates, load_template
from inpars.models.language.base import Message, Tokenizer
from inpars.models.language.tokenizers import EstimatedTokenizer

LIMITS: dict[str, Any] = {
    "max_doc_length": 256,
    "max_query_length": 200,
    "max_prompt_length": 4096,
    "max_new_tokens": 64,
}
EXAMPLES = [
    Example("q1", "d1", "what is lift", "Lift is a force on a wing.", "lift"),
    Example("q2", "d2", "what is drag", "Drag slows a body in a flow.", "drag"),
    Example("q3", "d3", "what is a shock", "A shock is a jump in pressure.", "shock"),
]
WORDS = (
    *("wing", "lift", "drag", "flow", "shock", "layer", "Ärger", "naïve", "東京", "it's", "don't", "1,000"),
    *("{query}", "{document}", "{x}", "}", "{", "\\1", "%s"),
)

every_template = pytest.mark.parametrize("name", builtin_templates())


def make(name: str | Template, tokenizer: Tokenizer | None = None, **more: Any) -> Prompter:
    template = load_template(name) if isinstance(name, str) else name
    examples = more.pop("examples", EXAMPLES if template.needs_examples else [])
    return Prompter(template, examples, tokenizer or EstimatedTokenizer(), **LIMITS | more)


def words(number: int, seed: int) -> str:
    return " ".join(random.Random(seed).choices(WORDS, k=number))


def size(rendered: Rendered, tokenizer: Tokenizer) -> int:
    """Tokens of a prompt, its turns counted one by one."""
    prompt = rendered.prompt
    return sum(tokenizer.count(text) for text in ([turn.content for turn in prompt.messages] or [prompt.text]))


@every_template
def test_every_prompt_ends_in_its_cue(name: str, tokenizer: Tokenizer) -> None:
    template = load_template(name)
    cue = template.cue.replace("{form}", template.forms.get("default", ""))
    assert cue
    for contents in ("", "short", words(600, 1), "ends in white space \n\n "):
        rendered = make(name, tokenizer).prompt(Document("d", contents))
        assert rendered.text.endswith(cue)
        if template.style == "chat":
            assert rendered.prompt.messages[-1].role == "user"
            assert rendered.prompt.messages[-1].content.endswith(cue)
        else:
            assert rendered.prompt.text == rendered.text


@every_template
def test_an_over_long_document_is_cut_and_everything_else_stays(name: str, tokenizer: Tokenizer) -> None:
    prompter = make(name, tokenizer, max_doc_length=40)
    before, after = prompter.prompt(Document("d", "MARK")).text.split("MARK")
    long = words(1000, 2)
    rendered = prompter.prompt(Document("d", long))
    assert rendered.truncated
    assert rendered.text.startswith(before)
    assert rendered.text.endswith(after)
    kept = rendered.text[len(before) : len(rendered.text) - len(after)]
    assert long.startswith(kept)
    assert 0.5 * 40 <= tokenizer.count(kept) <= 40
    assert not prompter.prompt(Document("d", "short enough")).truncated


@every_template
def test_braces_in_documents_and_examples_are_text(name: str) -> None:
    tricky = 'a {query} {"json": [1]} {document} {{x}} {0} {number} {form} b'
    examples = [Example("", "", f"why {tricky}", f"because {tricky}", tricky)]
    prompter = make(name, examples=examples if load_template(name).takes_examples else [])
    text = prompter.prompt(Document("d", tricky)).text
    assert text.count(tricky) == (4 if "{bad_query}" in load_template(name).pattern else 3) - (
        0 if load_template(name).takes_examples else 2
    )


@every_template
def test_a_prompt_and_its_answer_fit_whatever_the_limits(name: str, tokenizer: Tokenizer) -> None:
    draw = random.Random(name)
    fitted = 0
    for trial in range(12):
        limits = {
            "max_doc_length": draw.randint(1, 300),
            "max_query_length": draw.randint(1, 30),
            "max_prompt_length": draw.randint(60, 3000),
            "max_new_tokens": draw.randint(1, 64),
            "context_length": draw.choice([None, draw.randint(60, 3000)]),
        }
        examples = [
            Example("", "", words(draw.randint(1, 60), trial), words(draw.randint(1, 500), n), "x") for n in range(3)
        ]
        shown = examples if load_template(name).needs_examples else []
        try:
            prompter = make(name, tokenizer, examples=shown, **limits)
        except OptionError:
            # No room for a document at all, which a test of its own is about.
            continue
        fitted += 1
        rendered = prompter.prompt(Document("d", words(1000, trial)))
        limit = min(limits["max_prompt_length"], limits["context_length"] or 10**6)
        assert size(rendered, tokenizer) + limits["max_new_tokens"] <= limit
    assert fitted >= 3


def test_examples_are_shortened_before_the_document_and_the_longest_first() -> None:
    tokenizer = EstimatedTokenizer()
    examples = [Example("", "", f"q{n}", " ".join([f"w{n}"] * 100), "") for n in (50, 300, 1)]
    examples[2] = Example("", "", "q1", "w1 " * 10, "")
    lengths = []
    for longest in (2000, 600, 500, 400):
        prompter = make("promptagator-nfcorpus", tokenizer, examples=examples, max_prompt_length=longest)
        blocks = prompter.prompt(Document("d", "w " * 1000)).text.split("\n\n")
        lengths.append([tokenizer.count(block.removeprefix("Article: ").split("\nQuery:")[0]) for block in blocks])
    roomy, tight, tighter, least = lengths
    assert roomy == [200, 200, 20, 256]
    assert tight[3] == tighter[3] == 256
    assert tight[:2] > tighter[:2]
    for a, b, short, _ in (tight, tighter):
        assert abs(a - b) <= 1
        assert short == 20
    assert 30 <= least[0] <= 32
    assert least[2] == 20
    assert 16 <= least[3] < 256


def test_examples_of_the_dataset_are_cut_to_the_same_lengths() -> None:
    examples = [Example("q", "d", "query " * 50, "document " * 500, "")]
    text = (
        make("promptagator-nq", examples=examples, max_doc_length=20, max_query_length=7)
        .prompt(Document("d", "x"))
        .text
    )
    tokens = EstimatedTokenizer().count
    shown = text.split("\n\n")[0]
    document, query = shown.removeprefix("Passage: ").split("\nQuestion: ")
    assert 18 <= tokens(document) <= 20
    assert 6 <= tokens(query) <= 7


def test_examples_that_a_template_brings_along_stay_as_published_while_there_is_room() -> None:
    roomy = make("inpars").prompt(Document("d", "x")).text
    assert make("inpars", max_doc_length=20, max_query_length=2).prompt(Document("d", "x")).text == roomy
    assert len(make("inpars", max_prompt_length=500).prompt(Document("d", "x")).text) < len(roomy)


def test_a_document_never_spoils_the_form_of_one_line() -> None:
    rendered = make("inpars").prompt(Document("d", " two\n\nlines\tand  \u00a0 blanks ", title="A\ntitle"))
    assert "Document: A title two lines and blanks\nRelevant Query:" in rendered.text
    assert not rendered.truncated


def test_the_shared_part_is_the_same_for_every_document() -> None:
    for name in builtin_templates():
        prompter = make(name)
        texts = [prompter.prompt(Document(str(n), f"MARK{n}")).text for n in range(5)]
        assert len({text.split("MARK")[0] for text in texts}) == 1


def test_shuffled_examples_keep_their_numbers_in_order_and_depend_on_the_document_alone() -> None:
    template = Template(pattern="{number}. {document} => {query}")
    prompter = make(template, shuffle=True, seed=3)
    orders = {}
    for number in range(40):
        text = prompter.prompt(Document(f"d{number}", "MARK")).text
        lines = text.split("\n\n")
        assert [line.split(".")[0] for line in lines] == ["1", "2", "3", "4"]
        orders[f"d{number}"] = tuple(line.rsplit("what is ")[1] for line in lines[:3])
    assert len(set(orders.values())) == 6
    again = make(template, shuffle=True, seed=3)
    backwards = {key: again.prompt(Document(key, "MARK")).text for key in reversed(orders)}
    assert all(backwards[key].index(orders[key][0]) < backwards[key].index(orders[key][1]) for key in orders)
    other = make(template, shuffle=True, seed=4)
    assert any(other.prompt(Document(key, "MARK")).text != text for key, text in backwards.items())


def test_a_chat_shows_examples_as_earlier_turns() -> None:
    rendered = make("few-shot").prompt(Document("d7", "A wing."))
    assert [turn.role for turn in rendered.prompt.messages] == ["system", *["user", "assistant"] * 3, "user"]
    assert rendered.prompt.messages[1:3] == (
        Message("user", "Document: Lift is a force on a wing.\n\nQuery:"),
        Message("assistant", "what is lift"),
    )
    assert rendered.prompt.messages[-1] == Message("user", "Document: A wing.\n\nQuery:")
    assert rendered.prompt.key == "d7"
    assert rendered.prompt.text == ""
    assert rendered.text.endswith("\n\nassistant: what is a shock\n\nuser: Document: A wing.\n\nQuery:")


def test_a_prompt_can_be_asked_for_without_examples() -> None:
    assert make("promptagator-scifact", examples=[]).prompt(Document("d", "A wing.")).text == "A wing.\nFinding:"


@pytest.mark.parametrize("name", ["zero-shot", "few-shot", "chain-of-thought"])
def test_a_form_of_query_can_be_asked_for(name: str) -> None:
    texts = {
        form: make(name, query_form=form).prompt(Document("d", "A wing.")).text
        for form in ("", "question", "keywords", "claim", "title")
    }
    assert len(set(texts.values())) == 5
    assert not any("{form}" in text for text in texts.values())
    assert "keywords" in texts["keywords"]


def test_an_example_of_the_templates_own_keeps_its_form_whatever_is_asked_for() -> None:
    texts = {form: make("searches", query_form=form).prompt(Document("d", "A wing.")).text for form in ("", "keywords")}
    assert texts[""].endswith("Document: A wing.\nRelevant Query:")
    # One beginning for all, which a model reads once.
    assert texts["keywords"] == texts[""].removesuffix("Query:") + "Search:"
    assert texts[""].count("Relevant Query:") == 4
    assert "Relevant Search: put changes aside" in texts[""]
    of_dataset = make("searches", query_form="keywords", examples=EXAMPLES).prompt(Document("d", "A wing.")).text
    assert of_dataset.count("Relevant Search:") == 4
    assert "Relevant Query:" not in of_dataset


def test_shuffled_examples_take_their_forms_along() -> None:
    prompter = make("searches", shuffle=True)
    texts = {prompter.prompt(Document(f"d{n}", "A wing.")).text for n in range(9)}
    assert len(texts) > 1
    assert all("Search: put changes aside" in text and "Query: Is a little" in text for text in texts)


def test_mixed_draws_a_form_for_each_document_by_seed_and_id() -> None:
    def cues(seed: int) -> list[str]:
        prompter = make("searches", query_form="mixed", seed=seed)
        return [prompter.prompt(Document(f"d{n}", "A wing.")).text.rpartition("\n")[2] for n in range(40)]

    assert set(cues(1)) == {"Relevant Query:", "Relevant Search:"}
    assert cues(1) == cues(1) != cues(2)
    assert 10 < cues(1).count("Relevant Search:") < 30


def test_every_form_fits_where_mixed_draws_it() -> None:
    template = Template(
        pattern="{document}\n{form}: {query}",
        forms={"default": "Q", "question": "Q", "title": "the title of a text that says much the same as this text"},
    )
    room = {"max_prompt_length": 120, "max_doc_length": 100}
    prompter = make(template, query_form="mixed", examples=[], **room)
    for number in range(20):
        rendered = prompter.prompt(Document(f"d{number}", words(400, number)))
        assert size(rendered, EstimatedTokenizer()) + 64 <= 120


def test_a_form_that_a_template_cannot_ask_for_is_an_error() -> None:
    with pytest.raises(OptionError, match="'inpars' cannot ask for a form of query") as raised:
        make("inpars", query_form="claim")
    assert "chain-of-thought, few-shot, zero-shot" in raised.value.hint
    with pytest.raises(OptionError, match="'inpars' cannot ask for a form of query") as raised:
        make("inpars", query_form="mixed")
    assert "searches, zero-shot" in raised.value.hint
    with pytest.raises(OptionError, match="unknown query form") as raised:
        make("zero-shot", query_form="titel")
    assert "did you mean 'title'?" in raised.value.hint


@pytest.mark.parametrize(
    ("limits", "names"),
    [
        (
            {"max_prompt_length": 120},
            ["--max-prompt-length is 120", "allow more (--max-prompt-length)", "fewer examples"],
        ),
        ({"context_length": 120}, ["the model's context is 120", "a model with a longer context"]),
        ({"max_new_tokens": 4090}, ["the answer 4,090", "--max-new-tokens"]),
        ({"examples": [Example("", "", "q " * 5000, "d", "")], "max_query_length": 5000}, ["fewer examples"]),
    ],
)
def test_a_prompt_without_room_for_a_document_says_what_is_too_long(limits: dict[str, Any], names: list[str]) -> None:
    with pytest.raises(OptionError, match="leaves no room for a document") as raised:
        make("promptagator-scifact", **{"examples": [Example("", "", "q", "d " * 100, "")] * 9} | limits)
    for name in names:
        assert name in str(raised.value)


def test_a_template_that_shows_bad_queries_needs_them() -> None:
    with pytest.raises(OptionError, match="there is none for 'what is lift'"):
        make("inpars-gbq", examples=[Example("q1", "d1", "what is lift", "Lift is a force.")])
    assert "Bad Question: drag" in make("inpars-gbq", examples=EXAMPLES).prompt(Document("d", "x")).text
