from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import Field, ValidationError

from inpars.errors import OptionError
from inpars.generate.config import GenerateConfig
from inpars.options import Options, added, parse_options


class Inner(Options):
    max_words: int = Field(24, ge=3)


class Outer(Options):
    top_k: int = Field(100, ge=1)
    inner: Inner = Field(default_factory=Inner)


def test_options_that_are_not_given_have_their_defaults() -> None:
    assert parse_options(Outer, "stage", {"top_k": 5}) == Outer(top_k=5, inner=Inner(max_words=24))


def test_dashes_and_underscores_name_the_same_option() -> None:
    assert parse_options(Outer, "stage", {"top-k": 7}) == parse_options(Outer, "stage", {"top_k": 7})


def test_nested_options_are_read_from_a_mapping() -> None:
    assert parse_options(Outer, "stage", {"inner": {"max_words": 4}}).inner.max_words == 4


def test_an_unknown_option_is_named_with_its_stage_and_the_nearest_one_suggested() -> None:
    with pytest.raises(OptionError, match=r"unknown option 'stage.topk'; did you mean 'top_k'\?"):
        parse_options(Outer, "stage", {"topk": 7})


def test_an_unknown_option_like_no_other_lists_what_there_is() -> None:
    with pytest.raises(OptionError, match=r"unknown option 'stage.zzz'; options: top_k, inner$"):
        parse_options(Outer, "stage", {"zzz": 7})


def test_an_unknown_nested_option_is_named_in_full_and_suggested_from_its_own_level() -> None:
    with pytest.raises(OptionError, match=r"unknown option 'stage.inner.max_word'; did you mean 'max_words'\?"):
        parse_options(Outer, "stage", {"inner": {"max_word": 4}})


def test_a_wrong_value_is_named_with_the_rule_it_breaks_and_what_was_found() -> None:
    with pytest.raises(OptionError, match=r"option 'stage.inner.max_words': .*greater than or equal to 3; found 2"):
        parse_options(Outer, "stage", {"inner": {"max_words": 2}})


def test_every_wrong_option_is_told_at_once() -> None:
    with pytest.raises(OptionError) as error:
        parse_options(Outer, "stage", {"top_k": "many", "wrong": 1, "inner": 3})
    assert all(name in str(error.value) for name in ("stage.top_k", "stage.wrong", "stage.inner"))


def test_options_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Outer().top_k = 3  # type: ignore[misc]


def test_dashes_are_taken_in_nested_options_too():
    config = parse_options(GenerateConfig, "generate", {"extractive": {"max-words": 5}})
    assert config.extractive.max_words == 5


def test_an_option_given_with_a_dash_and_with_an_underscore_is_refused():
    with pytest.raises(OptionError, match="given twice"):
        parse_options(GenerateConfig, "generate", {"max-generations": 1, "max_generations": 2})


def test_a_key_that_is_no_name_is_refused_like_any_unknown_one():
    with pytest.raises(OptionError, match=r"unknown option 'generate\.1'"):
        parse_options(GenerateConfig, "generate", {1: 2})


class Named(Options):
    model: str = ""
    index: Path | None = None


def test_a_model_may_be_named_by_a_path() -> None:
    named = parse_options(Named, "stage", {"model": Path("models") / "mine", "index": Path("here")})
    assert (named.model, named.index) == (str(Path("models") / "mine"), Path("here"))


def test_an_option_that_came_later_has_a_part_in_the_identity_only_where_it_is_set():
    class Grown(Options):
        old: int = 1
        new: str | None = added(None)

    assert Grown().identity() == {"old": 1}
    assert Grown(new="").identity() == {"old": 1, "new": ""}
