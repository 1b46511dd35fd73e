"""Seq2seq rerankers score as the published method does, in fp32, whatever the batch."""

import shutil

import numpy as np
import pytest
import torch

from inpars.errors import InparsError
from inpars.models.scorers import load_scorer
from inpars.models.scorers.options import ScoringOptions
from inpars.models.scorers.scheme import SCHEMES
from inpars.models.scorers.seq2seq import Seq2Seq


@pytest.fixture
def texts(toy_rows):
    documents = {row["_id"]: f"{row['title']} {row['text']}" for row in toy_rows}
    queries = {f"q{n}": " ".join(toy_rows[n]["text"].split()[: 3 + n]) for n in range(3)}
    return queries, documents, {query_id: list(documents) for query_id in queries}


def by_generation(folder, scheme, pairs):
    """Scores as the first generated token's, pair by pair, with nothing of ours but the prompt."""
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    model, tokenizer = AutoModelForSeq2SeqLM.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    no, yes = (tokenizer.get_vocab()[f"▁{word}"] for word in scheme.targets)
    scores = []
    for query, document in pairs:
        prompt = scheme.template.replace("{query}", query).replace("{document}", document)
        generated = model.generate(
            **tokenizer(prompt, return_tensors="pt", return_token_type_ids=False),
            max_new_tokens=1,
            return_dict_in_generate=True,
            output_logits=True,
        )
        scores.append(float(generated.logits[0][0, yes] - generated.logits[0][0, no]))
    return scores


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("engine", ["eager", "ragged"])
def test_scores_are_the_difference_of_the_first_generated_tokens_logits(tiny_t5, texts, scheme, engine):
    queries, documents, candidates = texts
    scorer = load_scorer(tiny_t5, ScoringOptions(scheme=scheme, engine=engine, precision="fp32", device="cpu"))
    run = scorer.score(queries, documents, candidates)
    pairs = [(queries["q1"], documents[doc_id]) for doc_id in candidates["q1"][:8]]
    expected = by_generation(tiny_t5, SCHEMES[scheme], pairs)
    assert [run["q1"][doc_id] for doc_id in candidates["q1"][:8]] == pytest.approx(expected, abs=1e-5)
    assert np.std(expected) > 1e-3


def test_a_model_without_scheme_is_refused_with_a_hint(tiny_t5):
    with pytest.raises(InparsError, match="cannot tell how"):
        load_scorer(tiny_t5)


def test_a_model_with_a_scheme_beside_its_weights_needs_no_option(tiny_t5, texts, tmp_path):
    folder = shutil.copytree(tiny_t5, tmp_path / "flan-in-its-name-only")
    SCHEMES["mt5"].save(folder)
    options = ScoringOptions(precision="fp32", device="cpu")
    queries, documents, candidates = texts
    given = load_scorer(tiny_t5, options.model_copy(update={"scheme": "mt5"})).score(queries, documents, candidates)
    assert load_scorer(folder, options).score(queries, documents, candidates) == given


@pytest.mark.parametrize("engine", ["eager", "ragged"])
def test_neither_batches_nor_neighbours_change_a_score(tiny_t5, texts, engine):
    queries, documents, candidates = texts
    made = {"scheme": "monot5", "engine": engine, "precision": "fp32", "device": "cpu"}
    whole = load_scorer(tiny_t5, ScoringOptions(**made)).score(queries, documents, candidates)
    small = load_scorer(tiny_t5, ScoringOptions(**made, batch_tokens=100)).score(queries, documents, candidates)
    few = {query_id: doc_ids[::7] for query_id, doc_ids in candidates.items()}
    alone = load_scorer(tiny_t5, ScoringOptions(**made)).score(queries, documents, few)
    for query_id, scores in alone.items():
        for doc_id, score in scores.items():
            assert score == pytest.approx(whole[query_id][doc_id], abs=1e-5)
            assert score == pytest.approx(small[query_id][doc_id], abs=1e-5)


def test_scores_stay_apart_where_probabilities_would_not(tiny_t5, texts):
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    model = AutoModelForSeq2SeqLM.from_pretrained(tiny_t5)
    model.shared.weight.data *= 4
    scorer = Seq2Seq.over(
        model, AutoTokenizer.from_pretrained(tiny_t5), SCHEMES["monot5"], ScoringOptions(precision="bf16", device="cpu")
    )
    model.lm_head.weight.data[list(SCHEMES["monot5"].target_ids(scorer.tokens.tokenizer))[1]] += 2
    scores = list(scorer.score(*texts)["q0"].values())
    probabilities = torch.tensor(scores).sigmoid().half().tolist()
    assert len(set(scores)) > len(set(probabilities))


def test_looking_at_a_model_while_it_trains_leaves_it_as_it_is(tiny_t5, texts):
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    model = AutoModelForSeq2SeqLM.from_pretrained(tiny_t5).train()
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    tokenizer, options = AutoTokenizer.from_pretrained(tiny_t5), ScoringOptions(precision="fp32", device="cpu")
    queries, documents, candidates = texts
    looked = Seq2Seq.over(model, tokenizer, SCHEMES["monot5"], options).score(queries, documents, candidates)
    loaded = load_scorer(tiny_t5, ScoringOptions(scheme="monot5", precision="fp32", device="cpu"))
    expected = loaded.score(queries, documents, candidates)
    assert looked["q2"] == pytest.approx(expected["q2"], abs=1e-5)
    assert model.training
    assert all(module.training for module in model.modules())
    assert all(torch.equal(before[name], weight) for name, weight in model.state_dict().items())
