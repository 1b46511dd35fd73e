"""Query likelihood: the mean log-probability of a query's tokens after a prompt with the document."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from test_llm import make_model
from transformers import AutoModelForCausalLM, AutoTokenizer

from inpars.errors import InparsError, OptionError
from inpars.models.checks import check_scorers
from inpars.models.scorers import default_depth, load_scorer
from inpars.models.scorers.kinds import require_scorer
from inpars.models.scorers.likelihood.prompt import LikelihoodPrompt, load_prompt
from inpars.models.scorers.likelihood.scorer import Likelihood
from inpars.models.scorers.likelihood.tokens import PromptTokens
from inpars.models.scorers.options import ScoringOptions

QUERIES = {"a": "what is a shock wave?", "b": "heat flow", "c": " slender\nbodies! ", "same": "heat flow"}
DOCUMENTS = {
    "1": "A wing is studied. Lift and drag were measured, again and again.",
    "2": "(boundary layer) of a blunt cone",
    "3": "",
    "4": "heat flow " * 40,
    "5": "A line.\nAnother line?\n\n- 7.5\n",
}
CANDIDATES = {query_id: list(DOCUMENTS) for query_id in QUERIES}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A causal language model with heads in groups."""
    return make_model(tmp_path_factory.mktemp("models") / "llama", shape="llama", tie_word_embeddings=True)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INPARS_CACHE", str(tmp_path / "cache"))


def options(**more: Any) -> ScoringOptions:
    given: dict[str, Any] = {"family": "likelihood", "precision": "fp32", "device": "cpu", **more}
    return ScoringOptions(**given)


def scores_of(model: Path, candidates: Any = None, **more: Any) -> dict[tuple[str, str], float]:
    run = load_scorer(model, options(**more)).score(QUERIES, DOCUMENTS, candidates or CANDIDATES)
    return {(q, d): score for q, scores in run.items() for d, score in scores.items()}


@cache
def library_of(model: Path) -> tuple[Any, Any]:
    return AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32).eval(), AutoTokenizer.from_pretrained(model)


def plainly(model: Path, text: str, query: str) -> float:
    """The mean log-probability of ` query` after `text`, by transformers alone."""
    library, tokenizer = library_of(model)
    before, asked = (tokenizer(part, add_special_tokens=False)["input_ids"] for part in (text, f" {query}"))
    assert tokenizer(f"{text} {query}", add_special_tokens=False)["input_ids"] == before + asked
    with torch.inference_mode():
        logits = library(input_ids=torch.tensor([before + asked])).logits[0, len(before) - 1 : -1]
    return float(logits.log_softmax(-1)[range(len(asked)), asked].mean())


class Count:
    """Counts the trees that are read."""

    def __init__(self, scorer: Likelihood, monkeypatch: pytest.MonkeyPatch, fail_after: int = 1000) -> None:
        self.pairs: list[int] = []
        reader = scorer.model.reader
        read = reader.read

        def counted(prefix: Any, trees: Any) -> Any:
            if len(self.pairs) == fail_after:
                raise KeyboardInterrupt
            self.pairs.append(sum(len(tree.branches) for tree in trees))
            return read(prefix, trees)

        monkeypatch.setattr(reader, "read", counted)


def test_scores_are_those_of_transformers_after_the_whole_text(model: Path) -> None:
    found = scores_of(model)
    shown = load_prompt("inpars").examples[0]
    head = f"Example 1:\nDocument: {shown.document}\nRelevant Query: {shown.query}\n\nExample 2:\nDocument:"
    for (query_id, doc_id), score in found.items():
        document = " ".join(DOCUMENTS[doc_id].split())
        text = f"{head} {document}\nRelevant Query:"
        assert score == pytest.approx(plainly(model, text, " ".join(QUERIES[query_id].split())), abs=1e-4)
    assert torch.tensor(list(found.values())).std() > 0.01, "documents and queries must matter"


@pytest.mark.parametrize("batch_tokens", [1, 60, 100_000])
def test_scores_depend_neither_on_the_batches_nor_on_the_order(model: Path, batch_tokens: int) -> None:
    whole = scores_of(model, likelihood={"cache": "none"})
    turned = {query_id: list(DOCUMENTS)[::-1] for query_id in reversed(QUERIES)}
    again = scores_of(model, turned, batch_tokens=batch_tokens, likelihood={"cache": "none"})
    assert again == pytest.approx(whole, abs=1e-5)


def test_only_the_document_is_cut(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = PromptTokens(AutoTokenizer.from_pretrained(model), load_prompt("inpars"), 7)
    decode = tokens._tokenizer.decode
    (document,), (query,) = tokens.documents([DOCUMENTS["4"]]), tokens.queries([QUERIES["a"]])
    trunk = decode(tokens.trunk(document, tokens.room(query)))
    assert trunk.endswith("\nRelevant Query:")
    cut = trunk.removesuffix("\nRelevant Query:")
    assert (" heat flow" * 40).startswith(cut)
    assert 0 < len(tokens._tokenizer(cut)["input_ids"]) <= 7
    assert decode(query) == " what is a shock wave?"
    monkeypatch.setitem(DOCUMENTS, "cut", cut)
    seven = scores_of(model, likelihood={"max_doc_length": 7})
    assert seven["a", "4"] == pytest.approx(scores_of(model, {"a": ["cut"]})["a", "cut"], abs=1e-5)


def test_a_length_of_all_together_cuts_the_document_by_the_query_that_is_asked(model: Path) -> None:
    tokens = PromptTokens(AutoTokenizer.from_pretrained(model), load_prompt("inpars"), 192)
    (query,) = tokens.queries([QUERIES["a"]])
    limited = scores_of(model, max_length=tokens.fixed + len(query) + 5)
    assert limited["a", "4"] == pytest.approx(scores_of(model, likelihood={"max_doc_length": 5})["a", "4"], abs=1e-5)
    room = 5 + len(query) - len(tokens.queries([QUERIES["b"]])[0])
    wanted = scores_of(model, likelihood={"max_doc_length": room})["b", "4"]
    assert limited["b", "4"] == pytest.approx(wanted, abs=1e-5)
    with pytest.raises(OptionError, match="tokens without a document, and the model reads 20 in all"):
        load_scorer(model, options(max_length=20))


def test_a_query_without_words_tells_nothing(model: Path) -> None:
    run = load_scorer(model, options()).score({"q": " \n"}, DOCUMENTS, {"q": ["1", "2"]})
    assert run == {"q": {"1": 0.0, "2": 0.0}}
    assert load_scorer(model, options()).score({"q": "x"}, DOCUMENTS, {}) == {"q": {}}


def test_a_pair_is_scored_once(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = load_scorer(model, options())
    count = Count(first, monkeypatch)
    run = first.score(QUERIES, DOCUMENTS, CANDIDATES)
    # The same words under another id are the same query.
    assert sum(count.pairs) == 3 * len(DOCUMENTS)
    assert run["same"] == run["b"]
    second = load_scorer(model, options())
    count = Count(second, monkeypatch)
    assert second.score(QUERIES, DOCUMENTS, CANDIDATES) == run
    assert count.pairs == []
    second.score({"a": QUERIES["a"], "new": "a wing"}, {**DOCUMENTS, "6": "new"}, {"a": ["1", "6"], "new": ["1"]})
    assert sum(count.pairs) == 2


@pytest.mark.parametrize(
    "other",
    [{"likelihood": {"max_doc_length": 8}}, {"likelihood": {"prompt": "upr"}}, {"max_length": 500}],
    ids=["length", "prompt", "whole"],
)
def test_what_was_read_otherwise_is_scored_anew(
    other: dict[str, Any], model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores_of(model)
    scorer = load_scorer(model, options(**other))
    count = Count(scorer, monkeypatch)
    scorer.score(QUERIES, DOCUMENTS, CANDIDATES)
    assert sum(count.pairs) == 3 * len(DOCUMENTS)


def test_a_model_with_other_weights_is_asked_anew(model: Path, tmp_path: Path) -> None:
    torch.manual_seed(1)
    library = AutoModelForCausalLM.from_pretrained(model)
    with torch.no_grad():
        library.model.layers[0].mlp.up_proj.weight.mul_(1.5)
    library.save_pretrained(tmp_path / "other")
    AutoTokenizer.from_pretrained(model).save_pretrained(tmp_path / "other")
    assert scores_of(tmp_path / "other") != pytest.approx(scores_of(model), abs=1e-3)


def test_after_a_kill_what_is_left_is_scored_in_the_same_batches(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = load_scorer(model, options(batch_tokens=60, likelihood={"cache": "none"}))
    count = Count(whole, monkeypatch)
    expected = whole.score(QUERIES, DOCUMENTS, CANDIDATES)
    assert len(count.pairs) > 3
    killed = load_scorer(model, options(batch_tokens=60))
    Count(killed, monkeypatch, fail_after=2)
    with pytest.raises(KeyboardInterrupt):
        killed.score(QUERIES, DOCUMENTS, CANDIDATES)
    resumed = load_scorer(model, options(batch_tokens=60))
    left = Count(resumed, monkeypatch)
    assert resumed.score(QUERIES, DOCUMENTS, CANDIDATES) == expected
    assert left.pairs == count.pairs[2:]


def test_a_cache_that_cannot_be_written_is_told_if_it_was_named(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InparsError, match="cannot keep answers") as error:
        scores_of(model, likelihood={"cache": str(tmp_path / "file" / "x.sqlite")})
    assert "--likelihood.cache" in error.value.hint
    monkeypatch.setenv("INPARS_CACHE", str(tmp_path / "file" / "x"))
    scores_of(model, {"a": ["1"]})
    assert "scores are not kept" in capsys.readouterr().err


def test_a_score_that_is_no_number_is_not_kept(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scorer = load_scorer(model, options())
    monkeypatch.setattr(
        scorer.model.reader, "read", lambda _, trees: [[[float("nan")] for _ in tree.branches] for tree in trees]
    )
    run = scorer.score(QUERIES, DOCUMENTS, {"a": ["1"]})
    assert run["a"]["1"] != run["a"]["1"]
    assert scores_of(model, {"a": ["1"]})["a", "1"] < 0


@pytest.mark.parametrize(
    ("family", "why"),
    [("tiny_seq2seq", "of the family seq2seq"), ("tiny_bi_encoder", "of the family bi-encoder")],
)
def test_what_does_not_write_has_no_likelihood(family: str, why: str, request: pytest.FixtureRequest) -> None:
    folder = request.getfixturevalue(family)
    with pytest.raises(OptionError, match=f"is {why}, and no causal language model"):
        load_scorer(folder, options())
    with pytest.raises(OptionError, match=f"is {why}, and no causal language model"):
        check_scorers(options(), [str(folder)])


def test_files_say_whether_a_model_writes(tmp_path: Path) -> None:
    def saying(architecture: str) -> str:
        (tmp_path / "config.json").write_text(json.dumps({"architectures": [architecture]}))
        return str(tmp_path)

    for architecture in ("GPT2LMHeadModel", "Qwen3ForCausalLM", "Gemma3ForConditionalGeneration"):
        require_scorer(saying(architecture), "likelihood")
    with pytest.raises(OptionError, match="is a BertForMaskedLM, and no causal language model"):
        require_scorer(saying("BertForMaskedLM"), "likelihood")


def test_an_adapter_is_to_be_merged_first(model: Path, tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": str(model)}))
    with pytest.raises(OptionError, match=r"is an adapter of .*, which only the family llm takes as it is"):
        check_scorers(options(), [str(tmp_path)])


def test_a_reranker_that_says_yes_or_no_has_a_likelihood_too(model: Path, tmp_path: Path) -> None:
    from inpars.models.scorers.llm import load_reranker

    load_reranker(str(model), "cpu", torch.float32).save_pretrained(str(tmp_path / "saved"), create_model_card=False)
    assert scores_of(tmp_path / "saved") == pytest.approx(scores_of(model), abs=1e-5)


def test_options_that_play_no_part_are_told(model: Path) -> None:
    check_scorers(options(), [str(model)])
    with pytest.raises(OptionError, match="unknown likelihood prompt 'inpar'"):
        check_scorers(options(likelihood={"prompt": "inpar"}), [str(model)])
    with pytest.raises(OptionError, match="engine onnx cannot run a causal language model"):
        check_scorers(options(engine="onnx"), [str(model)])
    with pytest.raises(OptionError, match="play no part in family llm"):
        check_scorers(options(family="llm", likelihood={"max_doc_length": 7}), [str(model)])


def test_outputs_of_other_families_are_what_they_were(tmp_path: Path) -> None:
    assert "likelihood" not in ScoringOptions().identity()
    given = ScoringOptions(family="likelihood").identity()["likelihood"]
    assert given == {"prompt": load_prompt("inpars").fingerprint(), "max_doc_length": 192}
    file = tmp_path / "prompt.yaml"
    found = []
    for cue in ("Query:", "Question:"):
        file.write_text(f'pattern: "{{document}}\\n{cue} {{query}}"\n')
        load_prompt.cache_clear()
        found.append(options(likelihood={"prompt": str(file), "cache": "none"}).identity()["likelihood"]["prompt"])
    assert found[0] != found[1]


def test_the_depth_is_its_own_on_a_processor() -> None:
    assert default_depth("likelihood", "cpu") == 20
    assert default_depth("likelihood", "cuda:1") == 100
    assert default_depth("cross-encoder", "cpu") == 100


def test_a_prompt_has_its_examples_before_the_document() -> None:
    prompt = LikelihoodPrompt(
        header="Look.\n",
        pattern="{number}. {document} {x}\nQ: {query} !",
        examples=({"document": "d {query}", "query": "q {document}"},),
    )
    assert prompt.parts() == ("Look.\n\n1. d {query} {x}\nQ: q {document} !\n\n2. ", " {x}\nQ: ")
    assert load_prompt("upr").parts() == ("Passage: ", ". Please write a question based on this passage. ")


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("{document} {document} cue {query}", "stand in it once"),
        ("{query} is asked of {document}, see", "must come before"),
        ("{document}\n{query}", "a cue is needed"),
    ],
)
def test_a_pattern_needs_a_document_a_cue_and_a_query(pattern: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        LikelihoodPrompt(pattern=pattern)


def test_a_file_may_be_a_template_of_generates(model: Path, tmp_path: Path) -> None:
    from importlib import resources

    from inpars.generate.prompts import builtin_templates

    written = resources.files("inpars.generate.prompts") / "builtin" / "inpars.yaml"
    prompt, template = load_prompt(str(written)), builtin_templates()["inpars"]
    assert len(prompt.examples) == 3
    assert prompt.parts()[1].rstrip() == f"\n{template.cue}"
    # What is asked by default is what generate asks, with one example of its three.
    assert load_prompt("inpars").pattern == template.pattern
    assert load_prompt("inpars").examples[0].model_dump() == template.examples[0].model_dump(exclude={"bad_query"})
    chat = tmp_path / "chat.yaml"
    chat.write_text('style: chat\npattern: "{document} Write."\n')
    with pytest.raises(OptionError, match="it is a chat"):
        load_prompt(str(chat))
    chat.write_text("pattern: 1\nfoo: 2\n")
    with pytest.raises(OptionError, match=r"unknown option 'likelihood prompt .*foo'"):
        load_prompt(str(chat))


@pytest.mark.parametrize("starts", [True, False])
def test_a_tokenizer_that_treats_the_beginning_of_a_text_apart(
    starts: bool, toy_rows: list[dict[str, str]], make_sentencepiece: Callable[[bool], Any]
) -> None:
    tokenizer = make_sentencepiece(starts)
    tokens = PromptTokens(tokenizer, LikelihoodPrompt(pattern="Document: {document}\nQuery: {query}"), 100)
    document, query = toy_rows[0]["text"], "wing heat flow"
    trunk = tokens.trunk(tokens.documents([document])[0], 100)
    apart = [*tokens.prefix, *trunk, *tokens.queries([query])[0]]
    whole = tokenizer(f"Document: {document}\nQuery: {query}")["input_ids"]
    assert apart == (whole[:-1] if starts else whole)


@pytest.fixture
def make_sentencepiece(toy_rows: list[dict[str, str]]) -> Callable[[bool], Any]:
    """A tokenizer that puts a blank before every text, as Llama 2's does, with marks for beginning and end or none."""

    def make(marks: bool) -> Any:
        from tokenizers import Tokenizer, decoders, models, normalizers, processors, trainers
        from transformers import PreTrainedTokenizerFast

        tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
        tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
        tokenizer.decoder = decoders.Replace("▁", " ")
        trainer = trainers.BpeTrainer(vocab_size=200, special_tokens=["<unk>", "<s>", "</s>"], show_progress=False)
        texts = [row["text"] for row in toy_rows] + ["Document: Query:\n"]
        # As one word, so that pieces reach over no blank but begin with one.
        tokenizer.train_from_iterator((word for text in texts for word in text.split()), trainer)
        if marks:
            special = [("<s>", 1), ("</s>", 2)]
            tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=special)
        return PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", unk_token="<unk>")

    return make
