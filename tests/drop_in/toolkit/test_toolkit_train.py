"""The toolkit's train: texts in, a reranker out that says how it is asked; transformers' arguments as our options."""

from __future__ import annotations

import json
import shutil

import pytest

from inpars.data.artifacts import facts_of
from inpars.drop_in.toolkit.flags import read_flags
from inpars.drop_in.toolkit.texts import read_pairs_texts, read_triples_texts
from inpars.drop_in.toolkit.train import TrainFlags, run, stage_options
from inpars.drop_in.toolkit.training import check_passed_on
from inpars.errors import InparsError
from inpars.train.config import TrainConfig


def flags_of(arguments):
    return read_flags(TrainFlags, "train", f"--output_dir=m {arguments}".split())


@pytest.fixture
def options_of(tiny_models):
    def options(arguments="", rows=1000):
        return TrainConfig(**stage_options(flags_of(f"--base_model={tiny_models / 't5'} {arguments}"), rows))

    return options


@pytest.fixture
def tsv(tmp_path):
    def write(*lines):
        path = tmp_path / "texts.tsv"
        path.write_text("".join(f"{line}\n" for line in lines))
        return path

    return write


def test_the_toolkits_defaults_reach_the_stage(options_of):
    options = options_of("--max_steps=156")
    assert (options.family, options.scheme, options.loss, options.negatives_per_query) == (
        "seq2seq", "monot5", "pointwise", 1,
    )  # fmt: skip
    # Eight rows are four queries, each with its positive and one negative.
    assert (options.batch_size, options.micro_batch_size, options.max_steps, options.epochs) == (4, 4, 156, 0)
    assert (options.learning_rate, options.scheduler, options.warmup, options.weight_decay) == (5e-5, "linear", 0, 0)
    assert (options.max_length, options.seed, options.base_shares) == (300, 42, (0.0,))
    assert (options.keep, options.dropout) == ("last", 0.1)


def test_nothing_is_held_out_but_for_weights_that_are_chosen_by_it(options_of):
    assert options_of("--max_steps=156").held_out_queries == 0
    assert options_of("--max_steps=156 --keep=best").held_out_queries == 120


@pytest.mark.parametrize("count", [1, 3, 57])
def test_as_few_triples_as_the_toolkit_took(count, tsv, tiny_models, tmp_path):
    path = tsv(*(f"query {n}\tpositive passage {n}\tnegative passage {n}" for n in range(count)))
    arguments = ["--triples", str(path), "--base_model", str(tiny_models / "t5"), "--max_steps", "1"]
    run(read_flags(TrainFlags, "train", ["--output_dir", str(tmp_path / "m"), *arguments]))
    facts = json.loads((tmp_path / "m" / "inpars.json").read_text())
    assert facts["triples"] == facts["examples"] == count


def test_without_steps_three_passes_over_all_rows_are_made(options_of):
    assert options_of(rows=1000).max_steps == 375
    assert options_of("--num_train_epochs=1 --per_device_train_batch_size=10", rows=1001).max_steps == 101


def test_every_flag_reaches_the_stage(options_of):
    options = options_of(
        "--max_doc_length 200 --max_steps 10 --learning_rate 3e-4 --lr_scheduler_type constant_with_warmup "
        "--per_device_train_batch_size 6 --gradient_accumulation_steps 16 --weight_decay 5e-5 --warmup_steps 2 "
        "--optim adafactor --seed 7 --fp16 --device cuda:1"
    )
    assert (options.max_length, options.max_steps, options.learning_rate) == (200, 10, 3e-4)
    assert (options.scheduler, options.batch_size, options.micro_batch_size) == ("constant_with_warmup", 48, 3)
    assert (options.weight_decay, options.warmup, options.optimizer) == (5e-5, 0.2, "adafactor")
    assert (options.seed, options.precision, options.device) == (7, "fp16", "cuda:1")
    assert options_of("--warmup_ratio=0.1").warmup == options_of("--warmup_steps=0.1").warmup == 0.1
    assert (options_of("--bf16 True").precision, options_of("--no_cuda").device) == ("bf16", "cpu")
    assert options_of("--use_cpu").device == "cpu"
    assert options_of("--keep best").keep == "best"
    assert options_of("--scheme=mt5").scheme == "mt5"
    assert options_of("--adafactor").optimizer == options_of("--adafactor True").optimizer == "adafactor"
    assert options_of("--adafactor False").optimizer == "adamw_torch_fused"


def test_an_encoder_becomes_a_cross_encoder(tiny_cross_encoder):
    options = stage_options(flags_of(f"--base_model={tiny_cross_encoder}"), 8)
    assert (options["family"], options["scheme"]) == ("cross-encoder", None)


def test_other_arguments_of_transformers_are_passed_on_and_unknown_ones_are_not():
    more = flags_of("--gradient_checkpointing --adam_beta2=0.98 --report_to none --save_steps=5").more
    passed = check_passed_on(more, {"max_steps"})
    assert passed == {"gradient_checkpointing": True, "adam_beta2": "0.98", "report_to": "none"}
    with pytest.raises(InparsError, match=r"unknown flag --max_step\n.*did you mean --max_steps\?"):
        check_passed_on(flags_of("--max_step=3").more, {"max_steps"})


def test_the_model_says_how_it_is_asked_and_what_it_was_trained_on(reranker):
    scheme = json.loads((reranker / "inpars_scorer.json").read_text())
    assert (scheme["negative"], scheme["positive"], scheme["max_length"]) == ("false", "true", 300)
    assert scheme["template"].endswith("Relevant:")
    options = facts_of(reranker)["options"]
    assert (options["max_steps"], options["batch_size"], options["learning_rate"]) == (2, 4, 1e-3)
    assert options["arguments"] == {"logging_steps": 1}


def test_the_last_steps_weights_are_kept_whatever_they_measure(reranker):
    facts = json.loads((reranker / "inpars.json").read_text())
    assert (facts["best_step"], facts["tuned"]) == (2, True)
    assert facts["weights"]["model"] != facts["weights"]["base"]


def test_a_flan_base_is_asked_as_flan(tiny_models, tmp_path, capsys):
    (tmp_path / "flan-t5-tiny").symlink_to(tiny_models / "t5")
    assert stage_options(flags_of(f"--base_model={tmp_path / 'flan-t5-tiny'}"), 8)["scheme"] == "flan-t5"
    assert "asked as flan-t5" in capsys.readouterr().err


def test_where_nothing_is_said_the_papers_recipe_is_told(typed, tsv, tiny_models, tmp_path, capsys):
    arguments = ["train", "--triples", tsv("a\tb\tc"), "--base_model", tiny_models / "t5", "--max_steps=1"]
    typed(*arguments, "--output_dir", tmp_path / "m")
    assert "The papers' recipe is another: 156 steps of 128 rows at a constant 3e-4" in capsys.readouterr().err
    typed(*arguments, "--output_dir", tmp_path / "n", "--learning_rate=3e-4")
    assert "papers' recipe" not in capsys.readouterr().err


def test_pairs_are_trained_on_too(typed, tsv, tiny_cross_encoder, tmp_path):
    lines = [
        f"query {n}\t{word} of number {n}\t{label}" for n in range(30) for word, label in (("lift", 1), ("drag", 0))
    ]
    typed(
        "train", "--pairs", tsv(*lines), "--base_model", tiny_cross_encoder, "--output_dir", tmp_path / "m",
        "--max_steps=1", "--per_device_train_batch_size=4", "--learning_rate=1e-4",
    )  # fmt: skip
    assert facts_of(tmp_path / "m")["options"]["batch_size"] == 2
    assert (tmp_path / "m" / "model.safetensors").is_file()


def test_pairs_train_a_base_whose_configuration_names_no_architecture(typed, tsv, tiny_models, tmp_path):
    base = tmp_path / "t5"
    shutil.copytree(tiny_models / "t5", base)
    config = json.loads((base / "config.json").read_text())
    (base / "config.json").write_text(json.dumps(config | {"architectures": None}))
    lines = [
        f"query {n}\t{word} of number {n}\t{label}" for n in range(30) for word, label in (("lift", 1), ("drag", 0))
    ]
    typed(
        "train", "--pairs", tsv(*lines), "--base_model", base, "--output_dir", tmp_path / "m",
        "--max_steps=1", "--per_device_train_batch_size=4", "--learning_rate=1e-4", "--use_cpu",
    )  # fmt: skip
    assert facts_of(tmp_path / "m")["options"]["family"] == "seq2seq"
    assert (tmp_path / "m" / "inpars_scorer.json").is_file()


@pytest.mark.parametrize("given", ["", "--triples=a.tsv --pairs=b.tsv"])
def test_either_triples_or_pairs_are_needed(given, tmp_path):
    with pytest.raises(InparsError, match="either --triples or --pairs"):
        run(read_flags(TrainFlags, "train", f"--output_dir={tmp_path / 'm'} {given}".split()))


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InparsError, match="no model that was trained here"):
        run(read_flags(TrainFlags, "train", ["--triples=t.tsv", "--output_dir", str(tmp_path)]))
    assert (tmp_path / "notes.txt").read_text() == "mine"


@pytest.fixture
def theirs(tiny_models, tmp_path):
    """What the toolkit's own train leaves."""
    folder = tmp_path / "reranker"
    shutil.copytree(tiny_models / "t5", folder)
    (folder / "training_args.bin").write_text("theirs")
    (folder / "checkpoint-1").mkdir()
    return folder


TEXTS = [f"query {n}\tlift of number {n}\tdrag of number {n}" for n in range(30)]


def test_a_model_of_the_toolkits_is_replaced_where_the_flag_says_so(typed, tsv, tiny_models, theirs, capsys):
    command = (
        "train", "--triples", tsv(*TEXTS), "--base_model", tiny_models / "t5", "--output_dir", f"{theirs}/",
        "--max_steps=1", "--per_device_train_batch_size=4", "--learning_rate=1e-3", "--use_cpu",
    )  # fmt: skip
    with pytest.raises(SystemExit):
        typed(*command)
    assert "no model that was trained here" in capsys.readouterr().err
    # What a call that was killed has left.
    shutil.copytree(theirs, theirs.with_name(f".{theirs.name}.older"))
    typed(*command, "--overwrite_output_dir")
    assert (theirs / "inpars.json").is_file()
    assert not (theirs / "training_args.bin").exists()
    assert not [path for path in theirs.parent.iterdir() if "older" in path.name]
    # Ours is there now: the same command again has nothing to do.
    typed(*command, "--overwrite_output_dir")
    assert "is up to date" in capsys.readouterr().err


def test_the_base_itself_is_not_replaced(theirs):
    given = ["--triples=t.tsv", f"--base_model={theirs}", f"--output_dir={theirs}/", "--overwrite_output_dir"]
    with pytest.raises(InparsError, match="the base model lies in --output_dir"):
        run(read_flags(TrainFlags, "train", given))
    assert (theirs / "config.json").is_file()


def test_a_training_that_fails_leaves_the_model_that_was_there(typed, tsv, tiny_models, theirs):
    for more in (["--optim=none_such"], ["--learning_rate=0", "--max_steps=1", "--use_cpu"]):
        with pytest.raises(SystemExit):
            typed("train", "--triples", tsv(*TEXTS), "--base_model", tiny_models / "t5", "--output_dir", theirs,
                  "--overwrite_output_dir", *more)  # fmt: skip
        assert (theirs / "training_args.bin").read_text() == "theirs"
        assert (theirs / "config.json").is_file()


def test_a_model_that_a_killed_call_has_left_aside_comes_back_where_training_fails(typed, tsv, tiny_models, theirs):
    theirs.rename(theirs.with_name(f".{theirs.name}.older"))
    with pytest.raises(SystemExit):
        typed("train", "--triples", tsv(*TEXTS), "--base_model", tiny_models / "t5", "--output_dir", theirs,
              "--overwrite_output_dir", "--optim=none_such")  # fmt: skip
    assert (theirs / "training_args.bin").read_text() == "theirs"


@pytest.mark.parametrize("files", [["notes.txt"], ["config.json"], ["model.safetensors"]])
def test_nothing_but_a_model_is_ever_replaced(tmp_path, files):
    for name in files:
        (tmp_path / name).write_text("{}")
    given = ["--triples=t.tsv", "--overwrite_output_dir", "--output_dir", str(tmp_path)]
    with pytest.raises(InparsError, match="no model that was trained here"):
        run(read_flags(TrainFlags, "train", given))


def test_fp16_on_a_cpu_trains(typed, tsv, tiny_models, tmp_path):
    typed(
        "train", "--triples", tsv(*TEXTS), "--base_model", tiny_models / "t5", "--output_dir", tmp_path / "m",
        "--max_steps=1", "--per_device_train_batch_size=4", "--learning_rate=1e-3", "--use_cpu", "--fp16",
    )  # fmt: skip
    assert facts_of(tmp_path / "m")["options"]["precision"] == "fp16"


def test_lines_of_texts_become_triples_by_content(tsv):
    found = read_triples_texts(tsv("q1\ta\tb", "q1\ta\tc", "q2\ta\tb", "q1\ta\tb"))
    texts = {document.doc_id: document.text for document in found.corpus}
    assert sorted(texts.values()) == ["a", "b", "c"]
    assert found.rows == 8
    triples = [(t.query, texts[t.positive_id], [texts[n] for n in t.negative_ids]) for t in found.triples]
    assert triples == [("q1", "a", ["b", "c"]), ("q2", "a", ["b"])]
    assert found.triples[0].query_id != found.triples[1].query_id


def test_a_positive_of_the_query_is_no_negative_of_it(tsv, capsys):
    found = read_triples_texts(tsv("q\ta\ta", "q\ta\tb", "q\tb\tc", "r\tc\ta"))
    texts = {document.doc_id: document.text for document in found.corpus}
    triples = [(t.query, texts[t.positive_id], [texts[n] for n in t.negative_ids]) for t in found.triples]
    assert triples == [("q", "b", ["c"]), ("r", "c", ["a"])]
    said = capsys.readouterr().err
    assert "2 negatives that are positives of their own query are left out" in said
    assert "1 positives without a negative are left out" in said


def test_a_csv_writers_quotation_marks_are_undone_and_others_are_kept(tsv):
    found = read_triples_texts(tsv('"a ""quoted"" query"\t"with a\ttab"\tplain', '"open\tx\ty', 'say "no"\tx\ty'))
    assert [triple.query for triple in found.triples] == ['a "quoted" query', '"open', 'say "no"']
    assert "with a\ttab" in {document.text for document in found.corpus}


def test_pairs_share_their_querys_negatives_whatever_the_order(tsv, capsys):
    found = read_pairs_texts(tsv("q\tno1\t0", "q\tyes\t1", "q\tno2\t0", "q\talso\t1", "r\tno\t0", "s\tlone\t1"))
    texts = {document.doc_id: document.text for document in found.corpus}
    triples = [(t.query, texts[t.positive_id], [texts[n] for n in t.negative_ids]) for t in found.triples]
    assert triples == [("q", "yes", ["no1", "no2"]), ("q", "also", ["no1", "no2"])]
    assert found.rows == 6
    said = capsys.readouterr().err
    assert "1 queries without a passage of label 1" in said
    assert "1 positives without a negative" in said


@pytest.mark.parametrize(
    ("read", "line", "said"),
    [
        (read_triples_texts, "q\ta", "line 1: expected three columns"),
        (read_triples_texts, "q\ta\t", "expected a query with a positive and a negative"),
        (read_pairs_texts, "q\ta\tperhaps", "expected 1 or 0 as label"),
    ],
)
def test_lines_that_cannot_be_used_are_named(tsv, read, line, said):
    with pytest.raises(InparsError) as error:
        read(tsv(line))
    assert said in str(error.value)
