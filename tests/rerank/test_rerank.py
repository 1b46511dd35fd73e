"""The rerank stage with real, tiny models over real files."""

import json
import math
import shutil

import pytest

import inpars
from inpars.data.artifacts import facts_of, sidecar
from inpars.data.queries import read_queries
from inpars.data.runs import ranked, read_run
from inpars.errors import InparsError, OptionError
from inpars.models.engines import ENGINES
from inpars.models.locate import model_fingerprint
from inpars.rerank import fused_path, search


def test_the_model_scores_what_the_first_stage_found(toy_corpus, tmp_path, tiny_bi_encoder):
    run = inpars.rerank(toy_corpus, toy_corpus / "queries.jsonl", tmp_path / "m.trec", model=tiny_bi_encoder, top_k=7)
    first, reranked = read_run(tmp_path / "m.bm25.trec"), read_run(run)
    assert {q: set(s) for q, s in first.items()} == {q: set(s) for q, s in reranked.items()}
    assert all(len(scores) <= 7 for scores in reranked.values())
    assert first != reranked


def test_bi_encoder_scores_are_cosines_of_its_own_embeddings(toy_corpus, tmp_path, tiny_bi_encoder):
    from sentence_transformers import SentenceTransformer

    options = {"top_k": 3, "precision": "fp32", "device": "cpu"}
    queries = read_queries(toy_corpus / "queries.jsonl")
    run = read_run(inpars.rerank(toy_corpus, queries, tmp_path / "m.trec", model=tiny_bi_encoder, **options))
    model, corpus = SentenceTransformer(str(tiny_bi_encoder), device="cpu"), inpars.open_corpus(toy_corpus)
    doc_ids = list(run["q3"])
    embedded = model.encode([queries[3].text, *(corpus[d].contents for d in doc_ids)])
    expected = model.similarity(embedded[:1], embedded[1:])[0].tolist()
    assert list(run["q3"].values()) == pytest.approx(expected, abs=1e-5)


def test_cross_encoder_scores_are_plain_logits(toy_corpus, tmp_path, tiny_cross_encoder):
    from sentence_transformers import CrossEncoder
    from torch.nn import Identity

    options = {"top_k": 3, "precision": "fp32", "device": "cpu"}
    queries = read_queries(toy_corpus / "queries.jsonl")
    run = read_run(inpars.rerank(toy_corpus, queries, tmp_path / "m.trec", model=tiny_cross_encoder, **options))
    model, corpus = CrossEncoder(str(tiny_cross_encoder), device="cpu"), inpars.open_corpus(toy_corpus)
    expected = model.predict([(queries[3].text, corpus[d].contents) for d in run["q3"]], activation_fn=Identity())
    assert list(run["q3"].values()) == pytest.approx(expected.tolist(), abs=1e-5)


def test_the_batch_size_does_not_change_the_ranking(toy_corpus, tmp_path, tiny_bi_encoder):
    queries, rankings = toy_corpus / "queries.jsonl", []
    for size in (1, 4096):
        options = {"batch_tokens": size, "precision": "fp32", "fusion": "none"}
        run = inpars.rerank(toy_corpus, queries, tmp_path / f"{size}.trec", model=tiny_bi_encoder, **options)
        rankings.append({q: [d for d, _ in ranked(s)] for q, s in read_run(run).items()})
    assert rankings[0] == rankings[1]


def test_a_stopped_rerank_does_only_the_units_that_are_missing(toy_corpus, tmp_path, tiny_bi_encoder, monkeypatch):
    from inpars.models.scorers.bi_encoder import BiEncoder

    queries = toy_corpus / "queries.jsonl"
    options = {"top_k": 5, "unit_size": 15, "fusion": "none", "model": tiny_bi_encoder}
    whole = inpars.rerank(toy_corpus, queries, tmp_path / "whole.trec", **options)
    score, scored = BiEncoder.score, []

    def stop_at_the_third(self, texts, documents, candidates):
        if len(scored) == 2:
            raise KeyboardInterrupt
        scored.append(list(texts))
        return score(self, texts, documents, candidates)

    monkeypatch.setattr(BiEncoder, "score", stop_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        inpars.rerank(toy_corpus, queries, tmp_path / "halves.trec", **options)
    assert not (tmp_path / "halves.trec").exists()
    resumed = []
    monkeypatch.setattr(BiEncoder, "score", lambda self, *a: (resumed.append(list(a[0])), score(self, *a))[1])
    halves = inpars.rerank(toy_corpus, queries, tmp_path / "halves.trec", **options)
    assert [q for unit in scored + resumed for q in unit] == [f"q{n}" for n in range(10)]
    assert len(resumed) == 2
    assert read_run(halves) == read_run(whole)


def test_without_held_out_queries_the_prior_is_the_weight(toy_corpus, tmp_path, tiny_bi_encoder):
    run = inpars.rerank(toy_corpus, toy_corpus / "queries.jsonl", tmp_path / "m.trec", model=tiny_bi_encoder)
    assert facts_of(run)["fusion_weight"] == 0.6
    assert read_run(fused_path(run)).keys() == read_run(run).keys()


def test_a_fixed_weight_and_no_fusion_at_all(toy_corpus, tmp_path, tiny_bi_encoder):
    queries = toy_corpus / "queries.jsonl"
    fixed = inpars.rerank(toy_corpus, queries, tmp_path / "a.trec", model=tiny_bi_encoder, fusion=0.25)
    assert facts_of(fixed)["fusion_weight"] == 0.25
    plain = inpars.rerank(toy_corpus, queries, tmp_path / "b.trec", model=tiny_bi_encoder, fusion="none")
    assert not fused_path(plain).exists()
    inpars.rerank(toy_corpus, queries, fixed, model=tiny_bi_encoder, fusion="none")
    assert not fused_path(fixed).exists(), "an older fusion does not stay beside a run that has none"
    with pytest.raises(OptionError, match=r"rerank\.fusion"):
        inpars.rerank(toy_corpus, queries, tmp_path / "c.trec", model=tiny_bi_encoder, fusion=1.5)


def test_a_given_run_is_cut_to_top_k_by_score_not_by_the_order_of_its_lines(toy_corpus, tmp_path, tiny_bi_encoder):
    given = tmp_path / "given.trec"
    given.write_text("q0 Q0 d05 3 1.0 x\nq0 Q0 d07 1 9.0 x\nq0 Q0 d01 2 5.0 x\n")
    options = {"model": tiny_bi_encoder, "run": given, "top_k": 2, "fusion": "none"}
    run = read_run(inpars.rerank(toy_corpus, toy_corpus / "queries.jsonl", tmp_path / "m.trec", **options))
    assert set(run["q0"]) == {"d07", "d01"}


def test_of_tied_scores_those_with_the_last_ids_are_kept_whatever_the_order_of_the_lines(
    toy_corpus, tmp_path, tiny_bi_encoder
):
    given = tmp_path / "given.trec"
    doc_ids = ["d09", "d03", "d11", "d05", "d40"]
    given.write_text("".join(f"q0 Q0 {d} {n} {2 if d == 'd40' else 1} x\n" for n, d in enumerate(doc_ids, start=1)))
    options = {"model": tiny_bi_encoder, "run": given, "top_k": 3, "fusion": "none"}
    run = read_run(inpars.rerank(toy_corpus, toy_corpus / "queries.jsonl", tmp_path / "m.trec", **options))
    assert set(run["q0"]) == {"d40", "d11", "d09"}


def test_a_unit_holds_whole_queries_of_at_most_so_many_pairs(toy_corpus, tmp_path, tiny_bi_encoder, monkeypatch):
    from inpars.models.scorers.bi_encoder import BiEncoder

    given, units, score = tmp_path / "given.trec", [], BiEncoder.score
    depths = {"q0": 5, "q1": 4, "q2": 3, "q3": 20, "q4": 1, "q9": 9}
    lines = [f"{q} Q0 d{n:02d} {n} {-n} x" for q, depth in depths.items() for n in range(depth)]
    given.write_text("\n".join(lines))
    monkeypatch.setattr(BiEncoder, "score", lambda self, *a: (units.append(list(a[0])), score(self, *a))[1])
    options = {"model": tiny_bi_encoder, "run": given, "unit_size": 10, "fusion": "none"}
    run = inpars.rerank(toy_corpus, toy_corpus / "queries.jsonl", tmp_path / "m.trec", **options)
    assert units == [["q0", "q1"], ["q2"], ["q3"], ["q4", "q5", "q6", "q7", "q8", "q9"]]
    assert {q: len(scores) for q, scores in read_run(run).items()} == depths
    assert facts_of(run)["pairs"] == 42


def test_the_first_stage_is_searched_once(toy_corpus, tmp_path):
    queries = toy_corpus / "queries.jsonl"
    before = sidecar(search(toy_corpus, queries, tmp_path / "bm25.trec")).stat().st_mtime_ns
    assert sidecar(search(toy_corpus, queries, tmp_path / "bm25.trec")).stat().st_mtime_ns == before
    # What only a dense first stage reads changes nothing.
    assert sidecar(search(toy_corpus, queries, tmp_path / "bm25.trec", precision="fp32")).stat().st_mtime_ns == before
    search(toy_corpus, queries, tmp_path / "bm25.trec", k1=1.2)
    assert sidecar(tmp_path / "bm25.trec").stat().st_mtime_ns != before


def test_no_more_texts_are_held_than_the_scorer_asks_for(toy_corpus, tmp_path, tiny_bi_encoder, monkeypatch):
    """The scorer gets a mapping that reads the corpus at each look-up, not a dict of texts."""
    from inpars.models.scorers.bi_encoder import BiEncoder

    score, embed = BiEncoder.score, BiEncoder.embed_documents
    asked, sizes = [], []

    def watched(self, queries, documents, candidates):
        assert not isinstance(documents, dict)
        assert documents["d07"] is not documents["d07"], "read anew each time"
        assert list(documents) == [f"d{number:02d}" for number in range(60)]
        assert len(documents) == 60
        assert "d07" in documents
        assert "d99" not in documents
        asked.append(len(candidates))
        return score(self, queries, documents, candidates)

    monkeypatch.setattr(BiEncoder, "score", watched)
    monkeypatch.setattr(BiEncoder, "embed_documents", lambda s, texts: (sizes.append(len(texts)), embed(s, texts))[1])
    options = {"model": tiny_bi_encoder, "top_k": 5, "unit_size": 10, "fusion": "none"}
    inpars.rerank(toy_corpus, toy_corpus / "queries.jsonl", tmp_path / "m.trec", **options)
    assert asked == [2] * 5
    assert max(sizes) <= 10


def test_the_facts_say_what_was_scored_how_fast_and_by_which_engine(
    toy_corpus, tmp_path, tiny_bi_encoder, tiny_cross_encoder
):
    queries, options = toy_corpus / "queries.jsonl", {"top_k": 4, "fusion": "none", "device": "cpu"}
    one = facts_of(inpars.rerank(toy_corpus, queries, tmp_path / "c.trec", model=tiny_cross_encoder, **options))
    two = facts_of(inpars.rerank(toy_corpus, queries, tmp_path / "b.trec", model=tiny_bi_encoder, **options))
    assert (one["queries"], one["pairs"]) == (two["queries"], two["pairs"]) == (10, 40)
    assert one["pairs_per_second"] > 0
    assert one["engine"] in ENGINES
    assert two["engine"] is None
    assert one["inputs"]["model"] == model_fingerprint(tiny_cross_encoder) != two["inputs"]["model"]


@pytest.mark.parametrize("top_k", [5, 60])
def test_a_dense_first_stage_is_fused_and_reranked_like_any_other(
    toy_corpus, tmp_path, tiny_bi_encoder, tiny_cross_encoder, top_k
):
    queries = toy_corpus / "queries.jsonl"
    options = {"first_stage": "dense", "retriever": str(tiny_bi_encoder), "top_k": top_k}
    run = inpars.rerank(toy_corpus, queries, tmp_path / "m.trec", model=tiny_cross_encoder, **options)
    first, reranked = read_run(tmp_path / "m.dense.trec"), read_run(run)
    assert {q: set(s) for q, s in first.items()} == {q: set(s) for q, s in reranked.items()}
    assert all(len(scores) == top_k for scores in first.values())
    assert (tmp_path / "m.dense.index" / "embeddings.npy").exists()
    assert facts_of(run)["fusion_weight"] == 0.6


def test_an_index_is_shared_by_later_commands(toy_corpus, tmp_path, tiny_bi_encoder, monkeypatch):
    from inpars.models.scorers.bi_encoder import BiEncoder

    encoded, embed = [], BiEncoder.embed_documents
    monkeypatch.setattr(BiEncoder, "embed_documents", lambda s, texts: (encoded.append(len(texts)), embed(s, texts))[1])
    options = {"first_stage": "dense", "retriever": str(tiny_bi_encoder), "index": tmp_path / "index"}
    found = search(toy_corpus, toy_corpus / "queries.jsonl", tmp_path / "one.trec", top_k=9, **options)
    again = search(toy_corpus, toy_corpus / "queries.jsonl", tmp_path / "two.trec", top_k=9, **options)
    assert found.read_bytes() == again.read_bytes()
    assert encoded == [60]


def test_another_retriever_at_the_same_place_is_another_run(toy_corpus, tmp_path, tiny_bi_encoder):
    model = shutil.copytree(tiny_bi_encoder, tmp_path / "model")
    options = {"first_stage": "dense", "retriever": str(model)}
    arguments = (toy_corpus, toy_corpus / "queries.jsonl", tmp_path / "dense.trec")
    before = search(*arguments, **options).read_bytes()
    config = json.loads((model / "config_sentence_transformers.json").read_text())
    config["prompts"] = {"query": "wing ", "document": "heat plate jet "}
    (model / "config_sentence_transformers.json").write_text(json.dumps(config))
    assert search(*arguments, **options).read_bytes() != before


def test_probabilities_keep_the_ranking_and_lie_between_0_and_1(toy_corpus, tmp_path, tiny_cross_encoder):
    queries, options = toy_corpus / "queries.jsonl", {"model": tiny_cross_encoder, "top_k": 20}
    raw = read_run(inpars.rerank(toy_corpus, queries, tmp_path / "raw.trec", **options))
    shown = read_run(inpars.rerank(toy_corpus, queries, tmp_path / "p.trec", probability=True, **options))
    for query_id, scores in raw.items():
        assert [d for d, _ in ranked(shown[query_id])] == [d for d, _ in ranked(scores)]
        assert list(shown[query_id].values()) == pytest.approx([1 / (1 + math.exp(-s)) for s in scores.values()])
    fused = [read_run(fused_path(tmp_path / name)) for name in ("raw.trec", "p.trec")]
    assert fused[0] == fused[1], "scores are fused, not probabilities"


def test_a_bi_encoder_has_no_probabilities_and_says_so_before_any_work(toy_corpus, tmp_path, tiny_bi_encoder):
    arguments = (toy_corpus, toy_corpus / "queries.jsonl", tmp_path / "m.trec")
    with pytest.raises(OptionError, match="are similarities, and no probabilities"):
        inpars.rerank(*arguments, model=tiny_bi_encoder, probability=True)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_no_model_is_a_clear_error(toy_corpus, tmp_path, tiny_bi_encoder):
    broken = tmp_path / "broken"
    shutil.copytree(tiny_bi_encoder, broken)
    for name in ("modules.json", "config_sentence_transformers.json"):
        (broken / name).unlink()
    config = json.loads((broken / "config.json").read_text()) if (broken / "config.json").exists() else {}
    (broken / "config.json").write_text(json.dumps(config | {"architectures": ["SomethingElse"]}))
    with pytest.raises(InparsError, match="cannot tell what kind of model"):
        inpars.rerank(toy_corpus, toy_corpus / "queries.jsonl", tmp_path / "m.trec", model=broken)


def test_a_model_whose_scores_are_no_numbers_is_an_error_that_names_the_pair(toy_corpus, tmp_path, tiny_cross_encoder):
    import torch
    from transformers import AutoModelForSequenceClassification

    broken = shutil.copytree(tiny_cross_encoder, tmp_path / "broken")
    model = AutoModelForSequenceClassification.from_pretrained(broken)
    torch.nn.init.constant_(model.classifier.weight, math.nan)
    model.save_pretrained(broken)
    with pytest.raises(InparsError, match=r"score of document 'd\d\d' for query 'q0' is nan"):
        inpars.rerank(toy_corpus, toy_corpus / "queries.jsonl", tmp_path / "m.trec", model=broken, top_k=3)
    assert not (tmp_path / "m.trec").exists()


def three_labels(folder):
    names = {"id2label": {"0": "contradiction", "1": "entailment", "2": "neutral"}}
    (folder / "config.json").write_text(json.dumps(json.loads((folder / "config.json").read_text()) | names))


def two_labels_of_something_else(folder):
    names = {"id2label": {"0": "ham", "1": "spam"}}
    (folder / "config.json").write_text(json.dumps(json.loads((folder / "config.json").read_text()) | names))


def no_tokenizer(folder):
    for file in folder.glob("tokenizer*"):
        file.unlink()


def a_config_cut_short(folder):
    (folder / "config.json").write_text((folder / "config.json").read_text()[:40])


@pytest.mark.parametrize("family", ["auto", "cross-encoder"])
@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (three_labels, r"has 3 outputs \(contradiction, entailment, neutral\)"),
        (two_labels_of_something_else, r"\(ham, spam\) do not tell"),
        (no_tokenizer, "it has no tokenizer that can be read"),
        (a_config_cut_short, "expected a JSON object|not valid JSON|JSON"),
    ],
)
def test_a_model_whose_files_say_that_it_cannot_rerank_is_refused_before_anything_is_searched(
    damage, told, family, toy_corpus, tmp_path, tiny_cross_encoder
):
    model = shutil.copytree(tiny_cross_encoder, tmp_path / "model")
    damage(model)
    with pytest.raises(InparsError, match=told):
        inpars.rerank(toy_corpus, toy_corpus / "queries.jsonl", tmp_path / "out" / "m.trec", model=model, family=family)
    assert not (tmp_path / "out").exists()
