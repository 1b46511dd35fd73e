"""From texts to inputs: whatever has to give, the cue and the query stay."""

import numpy as np
import pytest

from inpars.models.scorers.scheme import SCHEMES
from inpars.models.scorers.tokens import PairTokens

QUERY = "lift of a slender wing"
DOCUMENT = "the boundary layer on a blunt body is studied. heat and pressure was measured in test 4."


@pytest.mark.parametrize("scheme", SCHEMES.values(), ids=SCHEMES)
def test_parts_tokenised_apart_are_the_prompt_tokenised_whole(t5_tokenizer, scheme):
    tokens = PairTokens(t5_tokenizer, 512, scheme.template)
    [joined] = tokens.pairs([QUERY], [DOCUMENT])
    prompt = scheme.template.replace("{query}", QUERY).replace("{document}", DOCUMENT)
    assert joined.ids.tolist() == t5_tokenizer(prompt)["input_ids"]
    assert joined.types is None


def test_only_the_document_is_cut_and_the_cue_survives(t5_tokenizer):
    tokens = PairTokens(t5_tokenizer, 60, SCHEMES["monot5"].template)
    [joined] = tokens.pairs([QUERY], [DOCUMENT * 9])
    assert len(joined.ids) == 60
    text = "".join(t5_tokenizer.convert_ids_to_tokens(joined.ids)).replace("▁", " ")
    assert text.startswith(f" Query: {QUERY} Document: the boundary")
    assert text.endswith(" Relevant:</s>")


def test_a_long_query_survives_where_the_model_has_positions_for_it(t5_tokenizer):
    tokens = PairTokens(t5_tokenizer, 60, SCHEMES["monot5"].template)
    [joined] = tokens.pairs([QUERY * 12], [DOCUMENT])
    whole = t5_tokenizer(SCHEMES["monot5"].template.format(query=QUERY * 12, document=""))["input_ids"]
    assert joined.ids.tolist() == whole


def test_a_query_longer_than_the_models_positions_is_cut_to_them(tiny_tokenizer):
    tokens = PairTokens(tiny_tokenizer, 32, positions=32)
    [joined] = tokens.pairs([QUERY * 12], [DOCUMENT])
    assert len(joined.ids) == 32
    assert joined.ids[-1] == tiny_tokenizer.sep_token_id


@pytest.mark.parametrize("length", [512, 16])
@pytest.mark.parametrize("types", [True, False])
def test_pairs_are_the_tokenizers_own(tiny_tokenizer, length, types, monkeypatch):
    names = ["input_ids", *(["token_type_ids"] if types else []), "attention_mask"]
    monkeypatch.setattr(tiny_tokenizer, "model_input_names", names)
    [joined] = PairTokens(tiny_tokenizer, length, positions=length).pairs([QUERY], [DOCUMENT])
    expected = tiny_tokenizer(QUERY, DOCUMENT, truncation="only_second", max_length=length)
    assert joined.ids.tolist() == expected["input_ids"]
    assert (None if joined.types is None else joined.types.tolist()) == expected.get("token_type_ids")
    assert (joined.types is not None) == types


def test_braces_in_texts_are_only_text(t5_tokenizer):
    [joined] = PairTokens(t5_tokenizer, 512, SCHEMES["monot5"].template).pairs(["{document}"], ["{query} {0}"])
    assert joined.ids.tolist() == t5_tokenizer("Query: {document} Document: {query} {0} Relevant:")["input_ids"]


def test_empty_texts_leave_what_is_around_them(t5_tokenizer):
    [joined] = PairTokens(t5_tokenizer, 512, SCHEMES["monot5"].template).pairs([""], [""])
    assert joined.ids.tolist() == t5_tokenizer("Query: Document: Relevant:")["input_ids"]
    assert joined.ids.dtype == np.int64
