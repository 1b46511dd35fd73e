"""What a seq2seq reranker is asked is read or known, never guessed."""

import json

import pytest

from inpars.errors import InparsError
from inpars.models.scorers.scheme import SCHEMES, Scheme, scheme_of


@pytest.mark.parametrize(
    ("checkpoint", "targets"),
    [
        ("castorini/monot5-small-msmarco-10k", ("false", "true")),
        ("castorini/monot5-3b-msmarco-10k", ("false", "true")),
        ("castorini/monot5-3b-med-msmarco", ("false", "true")),
        ("zeta-alpha-ai/monot5-3b-inpars-v2-scifact", ("false", "true")),
        ("unicamp-dl/mt5-base-mmarco-v2", ("no", "yes")),
        ("unicamp-dl/mt5-13b-mmarco-100k", ("▁", "▁true")),
        ("google/flan-t5-xl", ("no", "yes")),
    ],
)
def test_published_checkpoints_have_their_own_targets(checkpoint, targets):
    assert scheme_of(checkpoint, None).targets == targets


def test_flan_is_asked_in_its_own_words():
    assert scheme_of("google/flan-t5-base", None).template.startswith("Is the following passage relevant")
    assert scheme_of("castorini/monot5-base-msmarco", None).template.endswith("Relevant:")


@pytest.mark.parametrize("name", ["./reranker", "someone/flan-t5-reranker", "my-castorini/monot5-x", "google/pegasus"])
def test_an_unknown_checkpoint_is_an_error_with_a_hint_whatever_its_name_holds(name):
    with pytest.raises(InparsError, match="no known checkpoint") as caught:
        scheme_of(name, None)
    assert "--scheme" in caught.value.hint


def test_a_models_own_file_comes_before_its_name_and_before_what_is_asked_for(tmp_path):
    own = Scheme("Q {query} D {document} ?", "bad", "good", 128)
    own.save(tmp_path)
    assert scheme_of("castorini/monot5-base-msmarco", tmp_path / "inpars_scorer.json", "flan-t5") == own


def test_a_scheme_can_be_given_for_an_unknown_checkpoint():
    assert scheme_of("./reranker", None, "flan-t5") is SCHEMES["flan-t5"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"template": "Document: {document} Query: {query}"}, "needs {query} and, after it, {document}"),
        ({"template": "Relevant?"}, "needs {query} and, after it, {document}"),
        ({"token_true": "true"}, "no scheme of a reranker"),
    ],
)
def test_a_broken_scheme_file_says_what_is_wrong(tmp_path, change, told):
    path = tmp_path / "inpars_scorer.json"
    path.write_text(json.dumps({"template": "{query} {document}", "negative": "no", "positive": "yes", **change}))
    with pytest.raises(InparsError) as caught:
        Scheme.load(path)
    assert told in str(caught.value)
    assert str(path) in str(caught.value)


def test_targets_that_the_tokenizer_cannot_tell_apart_are_an_error(t5_tokenizer):
    with pytest.raises(InparsError, match="no two different tokens"):
        Scheme("{query} {document}", "true", "true").target_ids(t5_tokenizer)


def test_targets_are_the_words_first_tokens(t5_tokenizer):
    vocabulary = t5_tokenizer.get_vocab()
    assert SCHEMES["monot5"].target_ids(t5_tokenizer) == (vocabulary["▁false"], vocabulary["▁true"])
    assert Scheme("{query} {document}", "▁", "▁true").target_ids(t5_tokenizer)[1] == vocabulary["▁true"]
