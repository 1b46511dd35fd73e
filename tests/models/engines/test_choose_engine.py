"""The engine is the one asked for, the one measured here, or the first that can run the model."""

import json

import numpy as np
import pytest

from inpars.errors import OptionError
from inpars.models.engines import ENGINES, Unsuitable, choose
from inpars.models.engines.choose import Choice
from inpars.models.scorers.options import ScoringOptions


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("INPARS_CACHE", str(tmp_path))
    return tmp_path / "engines.json"


class Counted:
    """An engine that runs at a speed of the test's choosing."""

    tokens, made = 64, ()

    def __init__(self, model, *, precision, device, compile=False):
        type(self).made += (self.name,)

    def run(self, batch):
        return np.arange(len(batch), dtype=np.float32)[:, None]


class Quick(Counted):
    name = "openvino"


class Broken(Counted):
    name = "ragged"

    def run(self, batch):
        return -super().run(batch) - 1


class Slow(Counted):
    name = "eager"


class Absent(Counted):
    name = "ragged"

    def __init__(self, model, **options):
        raise Unsuitable("not today")


def install(monkeypatch, *engines):
    for engine in engines:
        engine.made = ()
        monkeypatch.setitem(ENGINES.entries, engine.name, f"{__name__}:{engine.__name__}")
    times = {"eager": 9.0, "openvino": 1.0, "ragged": 0.1}
    monkeypatch.setattr(choose, "_timed", lambda engine: (engine.run(choose._SAMPLE), times[engine.name]))


@pytest.fixture
def engines(monkeypatch):
    install(monkeypatch, Quick, Slow, Absent)


def choice(tiny_classifier, **options):
    return Choice(tiny_classifier, ScoringOptions(precision="fp32", **options), "cpu")


def test_the_engine_asked_for_is_made_whatever_is_faster(engines, tiny_classifier):
    assert choice(tiny_classifier, engine="eager").engine(10**9).name == "eager"


def test_an_engine_asked_for_that_cannot_run_the_model_is_an_error(engines, tiny_classifier):
    with pytest.raises(OptionError, match="ragged cannot run this model: not today"):
        choice(tiny_classifier, engine="ragged").engine(10)


def test_little_work_takes_the_first_that_can_and_says_why_not_another(engines, tiny_classifier, capsys, own_cache):
    assert choice(tiny_classifier).engine(10).name == "eager"
    assert "ragged cannot run this model: not today; scoring with engine eager" in capsys.readouterr().err
    assert not own_cache.exists()


def test_much_work_takes_the_fastest_and_remembers_it(engines, tiny_classifier, capsys, own_cache):
    assert choice(tiny_classifier).engine(10**9).name == "openvino"
    assert "pairs a second: eager" in capsys.readouterr().err
    assert list(json.loads(own_cache.read_text()).values()) == ["openvino"]
    Quick.made = Slow.made = ()
    assert choice(tiny_classifier).engine(10).name == "openvino"
    assert (Quick.made, Slow.made) == (("openvino",), ())


def test_an_engine_whose_scores_are_wrong_is_not_taken_however_fast(monkeypatch, tiny_classifier, capsys):
    install(monkeypatch, Quick, Slow, Broken)
    assert choice(tiny_classifier).engine(10**9).name == "openvino"
    assert "ragged" not in capsys.readouterr().err.split("pairs a second:")[1].splitlines()[0]


def test_what_was_measured_for_another_shape_is_not_taken(engines, tiny_classifier):
    choice(tiny_classifier).engine(10**9)
    other = Choice(lambda: tiny_classifier(num_hidden_layers=1), ScoringOptions(precision="fp32"), "cpu")
    assert other.engine(10).name == "eager"


def test_the_real_engines_are_measured_and_one_is_made(tiny_classifier, own_cache):
    made = choice(tiny_classifier).engine(10**9)
    assert made.name in ENGINES
    assert list(json.loads(own_cache.read_text()).values()) == [made.name]
