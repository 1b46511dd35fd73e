from __future__ import annotations

import math
import sys
from pathlib import Path

import pytest

from inpars.errors import OptionError
from inpars.registry import Registry


def test_a_method_is_loaded_when_it_is_first_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "outside_method.py").write_text("def judge():\n    return 'loaded'\n")
    monkeypatch.syspath_prepend(tmp_path)
    methods: Registry = Registry("method", {"mine": "outside_method:judge"})
    assert list(methods) == ["mine"]
    assert "outside_method" not in sys.modules
    assert methods["mine"]() == "loaded"


def test_methods_can_be_added_from_outside_without_changing_the_table_they_came_from() -> None:
    built_in = {"root": "math:sqrt"}
    methods: Registry = Registry("method", built_in)
    methods.register("power", "math:pow")
    assert methods["power"] is math.pow
    assert "power" in methods
    assert built_in == {"root": "math:sqrt"}


def test_an_unknown_name_gets_the_nearest_one_and_all_there_are() -> None:
    methods: Registry = Registry("filter method", {"length": "a:b", "copied": "a:b"})
    with pytest.raises(OptionError) as error:
        methods["lenght"]
    assert error.value.message == "unknown filter method 'lenght'"
    assert error.value.hint == "did you mean 'length'? available: copied, length"


def test_an_unknown_name_like_no_other_gets_no_suggestion() -> None:
    methods: Registry = Registry("filter method", {"length": "a:b"})
    with pytest.raises(OptionError) as error:
        methods["zzz"]
    assert error.value.hint == "available: length"
