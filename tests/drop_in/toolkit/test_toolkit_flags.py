"""Every flag of the toolkit, with its default; and how flags are read."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

from inpars.drop_in.toolkit.evaluate import EvaluateFlags
from inpars.drop_in.toolkit.filter import FilterFlags
from inpars.drop_in.toolkit.flags import help_text, read_flags
from inpars.drop_in.toolkit.generate import GenerateFlags
from inpars.drop_in.toolkit.train import TrainFlags
from inpars.drop_in.toolkit.training import check_passed_on
from inpars.errors import OptionError
from inpars.train.config import TrainConfig

REQUIRED = object()
TOOLKIT = {
    "generate": {
        "base_model": "EleutherAI/gpt-j-6B", "prompt": "inpars", "dataset": REQUIRED, "dataset_source": "ir_datasets",
        "n_fewshot_examples": 3, "max_doc_length": 256, "max_query_length": 200, "max_prompt_length": 2048,
        "max_new_tokens": 64, "max_generations": 100_000, "batch_size": 1, "revision": None, "fp16": False,
        "int8": False, "torch_compile": False, "tf": False, "output": REQUIRED, "seed": 1, "device": None,
    },
    "filter": {
        "input": REQUIRED, "dataset": None, "dataset_source": "ir_datasets", "filter_strategy": REQUIRED,
        "keep_top_k": 10_000, "output": REQUIRED, "model_name_or_path": "castorini/monot5-3b-msmarco-10k",
        "min_tokens": 3, "max_tokens": 1000, "skip_questions_copied_from_context": False, "device": None,
        "fp16": False, "batch_size": 16,
    },
    "generate_triples": {
        "input": REQUIRED, "output": REQUIRED, "dataset": REQUIRED, "dataset_source": "ir_datasets",
        "index": "msmarco-passage", "max_hits": 1000, "n_samples": 100, "batch_size": 32, "threads": 12, "seed": 1,
    },
    "train": {
        "triples": None, "pairs": None, "base_model": "t5-base", "max_doc_length": 300, "output_dir": REQUIRED,
        "max_steps": -1, "num_train_epochs": 3.0, "learning_rate": 5e-5, "lr_scheduler_type": "linear",
        "per_device_train_batch_size": 8, "gradient_accumulation_steps": 1, "weight_decay": 0.0, "warmup_steps": 0,
        "seed": 42, "fp16": False, "bf16": False,
    },
    "rerank": {
        "model": "castorini/monot5-small-msmarco-100k", "input_run": None, "output_run": REQUIRED, "dataset": None,
        "dataset_source": "ir_datasets", "corpus": None, "queries": None, "device": None, "fp16": False,
        "torch_compile": False, "batch_size": 16, "top_k": 1000,
    },
    "evaluate": {
        "run": REQUIRED, "dataset": "msmarco", "qrels": None, "relevance_threshold": 1, "json": False,
        "remove_unjudged": False,
    },
}  # fmt: skip


@pytest.mark.parametrize("command", TOOLKIT)
def test_every_flag_is_there_with_its_default(command):
    kind = import_module(f"inpars.drop_in.toolkit.{command}").FLAGS
    fields = {name.rstrip("_"): info for name, info in kind.model_fields.items()}
    for flag, default in TOOLKIT[command].items():
        assert fields[flag].is_required() == (default is REQUIRED), flag
        if default is not REQUIRED:
            assert fields[flag].default == default, flag
            assert type(fields[flag].default) is type(default) or flag == "warmup_steps"


@pytest.mark.parametrize("command", TOOLKIT)
def test_help_shows_every_flag(command):
    printed = help_text(import_module(f"inpars.drop_in.toolkit.{command}").FLAGS, command)
    assert all(f"  --{flag} " in printed for flag in TOOLKIT[command])


def test_hyphens_and_underscores_blanks_and_equals_signs_are_alike():
    spelt = [
        ["--dataset", "x", "--output", "o", "--max_doc_length", "7"],
        ["--dataset=x", "--output=o", "--max-doc-length=7"],
    ]
    one, other = (read_flags(GenerateFlags, "generate", arguments) for arguments in spelt)
    assert one == other
    assert one.max_doc_length == 7
    assert one.output == Path("o")


def test_numbers_may_have_underscores():
    needed = ["--input=i", "--output=o", "--filter_strategy=scores"]
    assert read_flags(FilterFlags, "filter", [*needed, "--keep_top_k", "10_000"]).keep_top_k == 10_000


def test_a_value_may_have_an_equals_sign_or_be_negative():
    flags = read_flags(TrainFlags, "train", ["--output_dir=a=b", "--max_steps", "-1"])
    assert (flags.output_dir, flags.max_steps) == (Path("a=b"), -1)


def test_the_last_of_two_alike_counts():
    assert read_flags(EvaluateFlags, "evaluate", ["--run", "a", "--run", "b"]).run == "b"


def test_a_flag_for_several_values_takes_them_all_and_may_come_again():
    flags = read_flags(EvaluateFlags, "evaluate", ["--run=r", "--exclude", "a", "b", "--exclude=c"])
    assert flags.exclude == (Path("a"), Path("b"), Path("c"))
    with pytest.raises(OptionError, match="--exclude needs a value"):
        read_flags(EvaluateFlags, "evaluate", ["--run=r", "--exclude"])


@pytest.mark.parametrize(("typed", "expected"), [([], True), (["True"], True), (["false"], False)])
def test_a_switch_stands_alone_or_before_true_or_false(typed, expected):
    assert read_flags(TrainFlags, "train", ["--output_dir", "m", "--fp16", *typed]).fp16 is expected
    assert read_flags(EvaluateFlags, "evaluate", ["--run", "r", "--json"]).json_ is True


def test_a_training_switch_that_is_on_is_turned_off_as_transformers_own_parser_does(capsys):
    typed = ["--output_dir=m", "--no_dataloader_pin_memory", "--no-skip-memory-metrics", "--no_remove_unused_columns"]
    more = check_passed_on(read_flags(TrainFlags, "train", typed).more, set(TrainFlags.model_fields))
    assert TrainConfig(arguments=more).arguments == {"dataloader_pin_memory": False, "skip_memory_metrics": False}
    assert "--remove_unused_columns does nothing here: " in capsys.readouterr().err
    assert read_flags(TrainFlags, "train", ["--output_dir=m", "--no_cuda"]).no_cuda is True
    with pytest.raises(OptionError, match="unknown flag --no_tf"):
        read_flags(GenerateFlags, "generate", ["--dataset=x", "--output=o", "--no_tf"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--run", "r", "--qrel", "q"], "did you mean --qrels?"),
        (["--dataset", "scifact"], "--run is missing"),
        (["--run"], "--run needs a value"),
        (["--run", "--json"], "--run needs a value"),
        (["--run", "a", "b"], "takes one value"),
        (["run.txt", "--json"], "unexpected argument 'run.txt'"),
        (["--run", "r", "--relevance_threshold", "two"], "evaluate: option 'relevance_threshold': "),
        (["--run", "r", "--q", "q"], "did you mean --qrels?"),
        (["--run", "r", "--json", "maybe"], "maybe"),
    ],
)
def test_mistakes_are_named(arguments, said):
    with pytest.raises(OptionError) as error:
        read_flags(EvaluateFlags, "evaluate", arguments)
    assert said in str(error.value)


def test_a_choice_that_there_is_not_is_named_with_those_that_there_are():
    with pytest.raises(OptionError, match="'scores' or 'reranker'"):
        read_flags(FilterFlags, "filter", ["--input=i", "--output=o", "--filter_strategy=score"])


@pytest.mark.parametrize(
    ("command", "flag"),
    [
        ("generate", "--tf"), ("generate", "--batch_size=8"), ("filter", "--batch_size=8"),
        ("generate_triples", "--index=x"), ("generate_triples", "--batch_size=8"), ("generate_triples", "--threads=8"),
        ("rerank", "--batch_size=8"), ("train", "--save_steps=10"), ("train", "--do_train"),
        ("train", "--evaluation_strategy=no"), ("train", "--logging_dir=logs"),
        ("train", "--half_precision_backend=apex"), ("train", "--fp16_opt_level=O1"), ("train", "--tpu_num_cores=8"),
    ],
)  # fmt: skip
def test_a_flag_without_a_meaning_is_accepted_and_said_why(command, flag, capsys):
    kind = import_module(f"inpars.drop_in.toolkit.{command}").FLAGS
    needed = [f"--{name}={'scores' if name == 'filter_strategy' else 'x'}" for name in TOOLKIT[command]
              if TOOLKIT[command][name] is REQUIRED]  # fmt: skip
    read_flags(kind, command, needed)
    assert capsys.readouterr().err == ""
    read_flags(kind, command, [*needed, flag])
    said = capsys.readouterr().err
    assert f"{flag.partition('=')[0]} does nothing here: " in said
    assert said.count("\n") == 1
