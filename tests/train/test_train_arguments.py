"""Hugging Face training arguments: all that are the user's reach the trainer, the others are refused with a reason."""

import pytest
from transformers import TrainingArguments

from inpars.errors import OptionError
from inpars.train.config import TrainConfig
from inpars.train.families.arguments import check_arguments, make_arguments


def made(tmp_path, **options):
    config = TrainConfig(device="cpu", precision="fp32", **options)
    check_arguments(config)
    return make_arguments(TrainingArguments, config, tmp_path, 50)


def test_the_users_own_arguments_come_last(tmp_path):
    args = made(tmp_path, arguments={"max_grad_norm": 0.25, "logging_steps": 7, "torch_compile": False})
    assert (args.max_grad_norm, args.logging_steps, args.torch_compile) == (0.25, 7, False)


def test_options_become_arguments(tmp_path):
    args = made(tmp_path, family="seq2seq", optimizer="adafactor", learning_rate=1e-3, batch_size=32)
    assert (args.optim, args.learning_rate, args.lr_scheduler_type) == ("adafactor", 1e-3, "constant")
    assert (args.per_device_train_batch_size, args.gradient_accumulation_steps, args.max_steps) == (4, 8, 50)


@pytest.mark.parametrize(
    ("options", "message", "hint"),
    [
        ({"arguments": {"gradient_chekpointing": True}}, "unknown training argument", "'gradient_checkpointing'"),
        ({"arguments": {"learning_rate": 1.0}}, "option of its own", "give learning_rate"),
        ({"arguments": {"gradient_accumulation_steps": 2}}, "option of its own", "micro_batch_size"),
        ({"arguments": {"output_dir": "x"}}, "folder of its own", ""),
        ({"arguments": {"save_steps": 5}}, "checkpoint", ""),
        ({"optimizer": "adamfactor"}, "unknown optimizer", "'adafactor'"),
        ({"scheduler": "constnat"}, "unknown scheduler", "'constant'"),
        ({"arguments": {"logging_strategy": "sometimes"}}, "sometimes", ""),
        ({"arguments": {"max_grad_norm": "abc"}}, "max_grad_norm: expected 1.0 or the like; found 'abc'", ""),
    ],
)
def test_what_cannot_be_given_is_refused(tmp_path, options, message, hint):
    with pytest.raises(OptionError, match=message) as error:
        made(tmp_path, **options)
    assert hint in error.value.hint
