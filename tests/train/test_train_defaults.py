"""Each family's own defaults, the same from Python, a recipe and the command line."""

import pytest

from inpars.cli import app
from inpars.errors import OptionError
from inpars.models.scorers import SCORERS
from inpars.options import parse_options
from inpars.train import command
from inpars.train.config import TrainConfig
from inpars.train.defaults import FAMILY_DEFAULTS


def parsed(**options):
    return parse_options(TrainConfig, "train", options)


def test_every_family_has_its_own_value_of_the_same_options():
    assert set(FAMILY_DEFAULTS) == set(SCORERS) - {"likelihood"}, "which needs no training"
    assert len({frozenset(own) for own in FAMILY_DEFAULTS.values()}) == 1
    own = {name for name, field in TrainConfig.model_fields.items() if "family's own" in (field.description or "")}
    assert own == set(FAMILY_DEFAULTS["seq2seq"]), "and --help says so of each"


def test_seq2seq_follows_the_inpars_script():
    config = parsed(family="seq2seq")
    assert (config.learning_rate, config.weight_decay, config.scheduler, config.warmup) == (3e-4, 5e-5, "constant", 0)
    assert (config.max_steps, config.batch_size * (1 + config.negatives_per_query)) == (156, 128)
    assert (config.loss, config.max_length, config.base_shares) == ("pointwise", 512, (0.0,))


def test_bi_encoders_stay_as_they_were():
    config = TrainConfig()
    assert (config.family, config.loss, config.base_model) == ("bi-encoder", "in-batch", "all-MiniLM-L6-v2")
    assert (config.learning_rate, config.warmup, config.scheduler, config.weight_decay) == (5e-5, 0.1, "linear", 0.01)
    assert (config.epochs, config.max_steps, config.batch_size, config.max_length) == (1, 0, 64, 128)
    assert config.base_shares == (0.5,)


def test_what_is_given_stands_and_null_means_the_familys_own():
    config = parsed(family="seq2seq", learning_rate=1e-3, batch_size=None)
    assert (config.learning_rate, config.batch_size) == (1e-3, 64)


def test_recorded_options_are_complete_and_make_the_same_options():
    config = parsed(family="llm", epochs=2)
    assert None not in [config.model_dump()[name] for name in FAMILY_DEFAULTS["llm"]]
    assert parsed(**config.model_dump()) == config


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"family": "seq2seq", "loss": "in-batch"}, "seq2seq has none"),
        ({"epochs": 0, "max_steps": 0}, "cannot both be 0"),
        ({"monitor_run": "run.trec"}, "go together"),
        ({"family": "sequence"}, "family"),
        ({"base_shares": [1.0]}, "less than 1"),
        ({"base_shares": []}, "base_shares"),
        ({"loss": "marginmse"}, "margin-mse"),
    ],
)
def test_options_that_cannot_be_are_refused_with_the_reason(options, message):
    with pytest.raises(OptionError, match=message):
        parsed(**options)


def called(monkeypatch, *flags):
    seen = {}
    monkeypatch.setattr(command, "stage", lambda triples, corpus, output, **options: seen.update(options))
    arguments = ["train", "t.jsonl", "--corpus", "c", "--output", "o", *flags]
    app(arguments, exit_on_error=False, result_action="return_value")
    return TrainConfig(**seen)


def test_the_command_line_fills_the_familys_own_too(monkeypatch):
    assert called(monkeypatch) == TrainConfig()
    assert called(monkeypatch, "--family", "seq2seq", "--base_model", "b") == TrainConfig(
        family="seq2seq", base_model="b"
    )


def test_the_command_line_reaches_every_training_argument(monkeypatch):
    config = called(
        monkeypatch,
        *("--arguments.gradient_checkpointing", "true", "--arguments.max-grad-norm", "0.5"),
        *("--arguments.adam_beta2", "1e-1", "--arguments.logging_steps", "3", "--arguments.run_name", "one"),
    )
    assert config.arguments == {
        "gradient_checkpointing": True,
        "max_grad_norm": 0.5,
        "adam_beta2": 0.1,
        "logging_steps": 3,
        "run_name": "one",
    }
