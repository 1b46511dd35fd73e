"""Where a model goes: into the place of an older one of ours, and of nothing else."""

import json
from pathlib import Path

import pytest

import inpars
from inpars.cli import main
from inpars.errors import OptionError
from inpars.train import check_output

FAST = {"batch_size": 8, "held_out_queries": 10, "held_out_depth": 10, "max_length": 32, "max_steps": 2}


@pytest.mark.parametrize("found", ["folder", "file", "link to nothing"])
def test_what_is_no_model_of_ours_is_left_alone_before_anything_is_read(found, tmp_path, capsys):
    output = tmp_path / "model"
    if found == "folder":
        output.mkdir()
        (output / "notes.txt").write_text("mine")
    elif found == "file":
        output.write_text("mine")
    else:
        output.symlink_to(tmp_path / "nothing")
    with pytest.raises(SystemExit) as ended:
        main(["train", str(tmp_path / "no triples"), "--corpus", str(tmp_path / "no corpus"), "--output", str(output)])
    assert ended.value.code == 2
    assert "is there already, and no model that was trained here" in " ".join(capsys.readouterr().err.split())
    if found == "folder":
        assert (output / "notes.txt").read_text() == "mine"
    elif found == "file":
        assert output.read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


@pytest.mark.parametrize("output", [".", "../here"])
def test_the_current_folder_is_no_place_for_a_model(output, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(OptionError, match="the current folder"):
        inpars.train("triples.jsonl", "corpus", output)


@pytest.mark.parametrize("mark", ["inpars.json", "../model.meta.json", None])
def test_a_model_of_ours_and_an_empty_folder_make_way(mark, tmp_path):
    output = tmp_path / "model"
    output.mkdir()
    if mark:
        (output / "weights").write_text("1")
        (output / mark).write_text("{}")
    check_output(output)


def test_an_older_model_goes_as_a_whole_and_nothing_of_it_stays(toy_triples, toy_corpus, tiny_bi_encoder, tmp_path):
    def train(**options):
        return inpars.train(
            toy_triples, toy_corpus, tmp_path / "model", base_model=str(tiny_bi_encoder), **FAST | options
        )

    (tmp_path / "model").mkdir()
    model = train()
    (model / "of the older one").write_text("")
    train(seed=2)
    assert not (model / "of the older one").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model", "model.meta.json"]


@pytest.mark.parametrize(("given", "saved"), [("dot", "dot"), ("cos", "cosine"), ("", "dot")])
def test_the_similarity_is_saved_with_the_model_and_loads_with_it(
    given, saved, toy_triples, toy_corpus, tiny_bi_encoder, tmp_path
):
    from sentence_transformers import SentenceTransformer

    base = SentenceTransformer(str(tiny_bi_encoder), device="cpu", similarity_fn_name=None if given else "dot")
    base.save_pretrained(str(tmp_path / "base"), create_model_card=False)
    options = FAST | {"similarity": given, "loss": "softmax", "base_model": str(tmp_path / "base")}
    model = inpars.train(toy_triples, toy_corpus, tmp_path / "model", **options)
    loaded = SentenceTransformer(str(model), device="cpu")
    assert loaded.similarity_fn_name == saved
    embedded = loaded.encode(["wing lift", "cone nose"], normalize_embeddings=saved == "cosine")
    assert loaded.similarity(embedded[:1], embedded[1:]).item() == pytest.approx(embedded[0] @ embedded[1], rel=1e-4)
    assert json.loads((model / "inpars.json").read_text())["similarity"] == saved
    assert f"| similarity | {saved} |" in (model / "README.md").read_text()


@pytest.mark.parametrize("options", [{"family": "cross-encoder", "similarity": "dot"}, {"similarity": "euclidean"}])
def test_only_a_bi_encoder_compares_and_by_no_distance(options, tmp_path):
    with pytest.raises(OptionError, match="similarity"):
        inpars.train(Path("triples.jsonl"), "corpus", tmp_path / "model", **options)
