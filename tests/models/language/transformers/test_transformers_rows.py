"""From tokens to text: characters of several tokens, stop strings across tokens, and what is kept of a completion."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from inpars.models.language.base import Completion, Sampling
from inpars.models.language.transformers.rows import Row, joins_texts


def write(bpe: Any, ids: list[int], stop: tuple[str, ...] = (), limit: int = 200) -> Row:
    """A row that was given these tokens up to its end; token number n has the log-probability -n."""
    sampling = Sampling(stop=stop, max_new_tokens=limit)
    row = Row.of(0, "key", 0, sampling)
    for number, token in enumerate(ids):
        if row.done is None:
            row.add(token, -float(number), bpe, {bpe.eos_token_id}, sampling)
    return row


def ended(bpe: Any, text: str, stop: tuple[str, ...] = ()) -> Completion:
    done = write(bpe, [*bpe(text)["input_ids"], bpe.eos_token_id], stop).done
    assert done is not None
    assert len(done.tokens) == len(done.token_ids) == len(done.log_probs or [])
    assert done.log_probs == [-float(number) for number in range(len(done.tokens))]
    assert "".join(done.tokens).startswith(done.text)
    return done


def test_a_completion_without_a_stop_string_is_its_whole_text(bpe: Any) -> None:
    text = " what is the drag of a cone? 🎉 東京タワー é\n"
    done = ended(bpe, text, ("never",))
    assert (done.text, done.finish_reason) == (text, "stop")
    assert done.token_ids == bpe(text)["input_ids"]
    assert "".join(done.tokens) == text


@pytest.mark.parametrize(
    ("text", "stop", "kept"),
    [
        (" a wing\n\nand more", ("\n\n",), " a wing"),
        (" a wing\nand\n\nmore", ("\n\n",), " a wing\nand"),
        (" a slender body", ("nder b",), " a sle"),
        (" a slender body of a wing", ("wing", "body"), " a slender "),
        (" a slender body of a wing", ("body of", "der"), " a slen"),
        ("\n\nat once", ("\n\n",), ""),
        (" drag🎉 and more", ("🎉",), " drag"),
        (" 東京タワー。高い", ("。",), " 東京タワー"),
        (" 東京タワー。高い", ("ワー。", "い"), " 東京タ"),
        (" a wing.", (".",), " a wing"),
        (" a wing", ("wings",), " a wing"),
    ],
)
def test_text_is_cut_before_the_earliest_stop_string_wherever_its_tokens_part(
    text: str, stop: tuple[str, ...], kept: str, bpe: Any
) -> None:
    done = ended(bpe, text, stop)
    assert (done.text, done.finish_reason) == (kept, "stop")


def test_stop_strings_are_found_however_the_text_is_parted_into_tokens(bpe: Any) -> None:
    letters = [token for character in " it is a\n\nwing🎉 of" for token in bpe(character)["input_ids"]]
    for stop, kept in (
        ("\n\n", " it is a"),
        ("a\n\nwing🎉", " it is "),
        ("🎉 o", " it is a\n\nwing"),
        ("is a", " it "),
    ):
        done = write(bpe, letters, (stop,)).done
        assert done is not None
        assert done.text == kept


def test_a_row_ends_with_the_token_that_completes_the_stop_string(bpe: Any) -> None:
    ids = bpe(" a wing\n\nand much more")["input_ids"]
    row = write(bpe, ids, ("\n\n",))
    assert "\n\n" in bpe.decode(row.token_ids)
    assert "\n\n" not in bpe.decode(row.token_ids[:-1])


def test_tokens_of_the_stop_string_are_left_out_and_one_that_begins_in_the_text_is_kept(bpe: Any) -> None:
    ids = bpe(" slender")["input_ids"]
    # " slender" is one token: it begins in the text and reaches into what is cut off.
    assert [bpe.decode([i]) for i in ids] == [" slender"]
    done = ended(bpe, " a slender body", ("ender",))
    assert (done.text, done.tokens) == (" a sl", [" a", " slender"])
    done = ended(bpe, " a slender body", (" slender",))
    assert (done.text, done.tokens) == (" a", [" a"])


def test_a_character_of_several_tokens_counts_all_of_them_and_never_shows_in_part(bpe: Any) -> None:
    ids = bpe("🎉")["input_ids"]
    assert len(ids) == 4
    row = write(bpe, ids[:-1])
    assert (row.text, row.done) == ("", None)
    done = ended(bpe, "🎉!")
    assert done.tokens == ["", "", "", "🎉", "!"]
    cut = ended(bpe, "a🎉🎉", ("🎉",))
    assert (cut.text, cut.tokens) == ("a", ["a"])


def test_half_a_character_at_the_models_own_end_is_left_out_with_its_tokens(bpe: Any) -> None:
    half = bpe("🎉")["input_ids"][:2]
    done = write(bpe, [*bpe(" wing")["input_ids"], *half, bpe.eos_token_id]).done
    assert done is not None
    assert (done.text, done.finish_reason, done.tokens) == (" wing", "stop", [" wing"])


def test_half_a_character_at_the_last_token_shows_as_the_replacement_character(bpe: Any) -> None:
    ids = [*bpe(" wing")["input_ids"], *bpe("🎉")["input_ids"][:2]]
    done = write(bpe, ids, limit=len(ids)).done
    assert done is not None
    assert (done.text, done.finish_reason) == (" wing\ufffd", "length")
    assert len(done.tokens) == len(done.token_ids) == len(done.log_probs or []) == len(ids)


def test_bytes_that_are_no_character_stay_where_they_are_once_more_text_follows(bpe: Any) -> None:
    half = bpe("🎉")["input_ids"][:2]
    done = write(bpe, [*half, *bpe(" wing")["input_ids"], bpe.eos_token_id]).done
    assert done is not None
    assert done.text == "\ufffd wing" == "".join(done.tokens)
    assert len(done.log_probs or []) == 3


def test_an_end_at_once_is_an_empty_completion(bpe: Any) -> None:
    done = write(bpe, [bpe.eos_token_id]).done
    assert done == Completion("", "stop", [], [], [])


def test_the_length_ends_a_row_and_a_stop_string_in_the_last_token_still_counts(bpe: Any) -> None:
    ids = bpe(" a wing of a body")["input_ids"]
    done = write(bpe, ids, limit=2).done
    assert done is not None
    assert (done.text, done.finish_reason, done.token_ids) == (bpe.decode(ids[:2]), "length", ids[:2])
    done = write(bpe, ids, ("wing",), limit=2).done
    assert done is not None
    assert (done.text, done.finish_reason) == (" a ", "stop")


def test_draws_are_fixed_by_seed_key_and_number_and_longer_rows_begin_alike() -> None:
    def draws(key: str, number: int, **sampling: Any) -> list[float]:
        found: list[float] = Row.of(0, key, number, Sampling(temperature=1.0, **sampling)).draws.tolist()
        return found

    assert draws("a", 0) == draws("a", 0)
    assert draws("a", 0, max_new_tokens=80)[:64] == draws("a", 0)
    assert len({tuple(draws(key, number, seed=seed)) for key in "ab" for number in (0, 1) for seed in (1, 2)}) == 8
    assert Row.of(0, "a", 0, Sampling(temperature=0.0)).draws.size == 0


@pytest.mark.parametrize("seed", range(20))
def test_text_that_is_decoded_bit_by_bit_is_that_of_all_tokens(bpe: Any, seed: int) -> None:
    """Random bytes, among them broken and unfinished characters, special tokens and the replacement character."""
    assert joins_texts(bpe)
    draw = np.random.default_rng(seed)
    ends = [bpe.eos_token_id]
    ids = [int(number) for number in draw.integers(0, len(bpe), 40) if number not in ends]
    mixed = [*ids[:10], *bpe(" é🎉 \ufffd東京")["input_ids"], *ids[10:20], *bpe("\ufffd")["input_ids"]]
    row, pieces = Row.of(0, "key", 0, Sampling(max_new_tokens=100)), []
    for number, token in enumerate(mixed, start=1):
        row.add(token, 0.0, bpe, set(ends), Sampling(max_new_tokens=100))
        text = bpe.decode(mixed[:number], skip_special_tokens=True, clean_up_tokenization_spaces=False)
        whole = text.rstrip("\ufffd")
        pieces.append(whole[len("".join(pieces)) :])
        assert row.pieces == pieces
    assert row._read > 0


def test_a_tokenizer_that_parts_words_by_blanks_is_decoded_whole(tiny_tokenizer: Any) -> None:
    assert not joins_texts(tiny_tokenizer)
    ids = tiny_tokenizer("the wing drag")["input_ids"]
    row = Row.of(0, "key", 0, Sampling(max_new_tokens=20))
    for token in ids[1:-1]:
        row.add(token, 0.0, tiny_tokenizer, set(), Sampling(max_new_tokens=20))
    assert row.text == tiny_tokenizer.decode(ids, skip_special_tokens=True)
