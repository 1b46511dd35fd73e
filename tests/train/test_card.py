"""Model cards: what they say is so, and what they show runs."""

import re
import subprocess
import sys

import pytest
import yaml

from inpars.models.scorers import load_scorer
from inpars.models.scorers.options import ScoringOptions
from inpars.models.scorers.scheme import SCHEMES, Scheme
from inpars.train.card import model_card

CANDIDATES = [
    {"step": 0, "base_share": 1.0, "selection_score": 0.41, "gain_in_standard_errors": 0.0},
    {"step": 50, "base_share": 0.5, "selection_score": 0.4321, "gain_in_standard_errors": 0.4},
    {"step": 50, "base_share": 0.0, "selection_score": 0.5234, "gain_in_standard_errors": 3.21},
]
FACTS = {
    "family": "cross-encoder",
    "base_model": "some-lab/some-model",
    "loss": "pointwise",
    "hyper_parameters": {"learning_rate": 5e-5, "seed": 1},
    "examples": 1000,
    "steps": 50,
    "training_data": {"triples": "ab12", "corpus": "cd34"},
    "held_out_queries": 120,
    "candidates": CANDIDATES,
    "best_step": 50,
    "best_base_share": 0.0,
    "tuned": True,
    "weights": {"base": "aaaa", "model": "bbbb"},
    "versions": {"inpars": "1.0", "torch": "2.13.0"},
}


def card(folder, **facts):
    return model_card(folder, facts).read_text()


def front_matter(text):
    return yaml.safe_load(text.split("---\n")[1])


def snippet(text, folder):
    (code,) = re.findall(r"```python\n(.*?)\n```", text, re.DOTALL)
    return code.replace("path/to/this/folder", str(folder))


def test_the_front_matter_tells_the_hub_what_the_model_is(tmp_path):
    assert front_matter(card(tmp_path, **FACTS)) == {
        "base_model": "some-lab/some-model",
        "library_name": "sentence-transformers",
        "pipeline_tag": "text-ranking",
        "tags": ["inpars", "cross-encoder", "reranker"],
    }
    assert front_matter(card(tmp_path, **FACTS | {"family": "seq2seq"}))["library_name"] == "transformers"
    bi_encoder = front_matter(card(tmp_path, **FACTS | {"family": "bi-encoder"}))
    assert (bi_encoder["pipeline_tag"], bi_encoder["library_name"]) == ("sentence-similarity", "sentence-transformers")


def test_data_hyper_parameters_and_every_held_out_score_are_shown(tmp_path):
    text = card(tmp_path, **FACTS)
    for line in (
        "| sha256 of the triples | ab12 |",
        "| sha256 of the corpus | cd34 |",
        r"| learning\_rate | 5e-05 |",
        "| base | 100% | 0.4100 |  |  |",
        "| 50 | 50% | 0.4321 | +0.40 |  |",
        "| 50 | 0% | 0.5234 | +3.21 | yes |",
        "inpars 1.0, torch 2.13.0",
    ):
        assert line in text
    assert "120 synthetic queries" in text


def test_adapters_are_an_llms_alone(tmp_path):
    facts = FACTS | {"hyper_parameters": {"lora_rank": 16}}
    assert "lora" not in card(tmp_path, **facts)
    assert r"| lora\_rank | 16 |" in card(tmp_path, **facts | {"family": "llm"})


def test_a_gain_is_told_with_its_uncertainty(tmp_path):
    text = card(tmp_path, **FACTS)
    assert "selection score 0.5234, the base's 0.4100 (+3.2 standard errors)" in text
    assert "untouched" not in text


def test_an_untouched_base_says_so(tmp_path):
    facts = FACTS | {"tuned": False, "best_step": 0, "best_base_share": 1.0, "weights": {"base": "a", "model": "a"}}
    text = card(tmp_path, **facts)
    assert "No. **This is the untouched base model**" in text
    assert "The best that was tried: selection score 0.5234, the base's 0.4100" in text
    assert "| base | 100% | 0.4100 |  | yes |" in text
    assert "fine-tuned with" not in text


def test_tuned_weights_that_equal_the_base_are_given_away(tmp_path):
    assert "those of the base, bit for bit" in card(tmp_path, **FACTS | {"weights": {"base": "a", "model": "a"}})


@pytest.mark.parametrize("missing", [*FACTS, "everything"])
def test_a_missing_fact_is_left_out(tmp_path, missing):
    facts = {name: value for name, value in FACTS.items() if name != missing and missing != "everything"}
    text = card(tmp_path, **facts)
    assert "None" not in text
    assert front_matter(text)["tags"][0] == "inpars"


def test_text_from_outside_cannot_break_the_card(tmp_path):
    evil = "x|y\n\n# <script>alert(1)</script> [a](http://b) `c` **d**"
    facts = FACTS | {"base_model": evil, "loss": evil, "hyper_parameters": {evil: evil}, "versions": {evil: evil}}
    text = card(tmp_path, **facts)
    assert "<script>" not in text
    assert "base_model" not in front_matter(text)
    assert [line for line in text.splitlines() if line.startswith("# ")] == [text.split("---\n")[2].split("\n")[1]]
    for line in text.splitlines():
        assert not line.startswith("|") or len(re.findall(r"(?<!\\)\|", line)) in (3, 6)


def test_where_a_local_base_lay_is_not_told(tmp_path):
    text = card(tmp_path, **FACTS | {"base_model": str(tmp_path / "my-base")})
    assert "my-base" in text
    assert str(tmp_path) not in text
    assert "base_model" not in front_matter(text)


def run(code):
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("family", ["cross-encoder", "bi-encoder"])
def test_the_snippet_of_a_sentence_transformers_model_runs(tmp_path, family, tiny_cross_encoder, tiny_bi_encoder):
    folder = tiny_cross_encoder if family == "cross-encoder" else tiny_bi_encoder
    namespace = {}
    exec(snippet(card(tmp_path, **FACTS | {"family": family}), folder), namespace)
    assert namespace["scores"].size in (2, (1, 2)) or tuple(namespace["scores"].shape) == (1, 2)


@pytest.mark.parametrize("template", [SCHEMES["flan-t5"].template, 'Say "{query}"\n\\ for {document} it\'s:'])
def test_the_snippet_of_a_seq2seq_model_scores_as_inpars_does(tmp_path, tiny_tokenizer, template):
    import torch
    from transformers import T5Config, T5ForConditionalGeneration

    torch.manual_seed(0)
    config = T5Config(
        vocab_size=len(tiny_tokenizer),
        d_model=32,
        d_kv=16,
        num_heads=2,
        d_ff=64,
        num_layers=2,
        decoder_start_token_id=0,
        initializer_factor=3.0,
    )
    T5ForConditionalGeneration(config).save_pretrained(tmp_path)
    tiny_tokenizer.save_pretrained(tmp_path)
    scheme = Scheme(template, "drag", "lift", max_length=24)
    scheme.save(tmp_path)
    facts = FACTS | {"family": "seq2seq", "scheme": {**vars(scheme)}}
    namespace = {}
    exec(snippet(card(tmp_path, **facts), tmp_path), namespace)
    documents = {"short": "wing flow", "long": "shock wave heat plate " * 20}
    scorer = load_scorer(tmp_path, ScoringOptions(family="seq2seq", precision="fp32"))
    expected = scorer.score({"q": "wing theory"}, documents, {"q": list(documents)})["q"]
    shown = {doc_id: namespace["score"]("wing theory", text) for doc_id, text in documents.items()}
    assert shown == pytest.approx(expected, abs=1e-4)
    assert shown["short"] != pytest.approx(shown["long"], abs=1e-3)
