"""Fixtures that all tests share: real collections, and tiny real models made in the session."""

from __future__ import annotations

import copy
import json
import os
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

WORDS = (
    *("wing", "lift", "drag", "flow", "shock", "layer", "heat", "plate", "speed", "sound", "pressure"),
    *("boundary", "theory", "method", "wave", "surface", "body", "angle", "slender", "cone", "blunt"),
    *("nose", "mach", "number", "ratio", "jet"),
)


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What tests keep and find again is the session's own, never the developer's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INPARS_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True)
def no_process_left_behind(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A test that fails while a process of its own works must not leave it to disturb the next one."""
    started: list[subprocess.Popen[Any]] = []

    class Watched(subprocess.Popen):  # type: ignore[type-arg]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            started.append(self)

    monkeypatch.setattr(subprocess, "Popen", Watched)
    yield
    for process in started:
        if process.poll() is None:
            process.kill()
        # Closes its pipes, and waits for it.
        with process:
            pass


@pytest.fixture(scope="session")
def collection() -> Callable[[str], Path]:
    """The folder of a real collection with human judgments, by name."""
    root = Path(__file__).resolve().parents[2] / "shared" / "collections"

    def find(name: str) -> Path:
        if not (root / name / "corpus.jsonl").is_file():
            pytest.skip(f"needs the test collection {name!r} in {root}")
        return root / name

    return find


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """Put a server on loopback in the place of the Hugging Face Hub; returns its address.

    It answers every request with the status that is given, or with None takes the connection and never says a word.
    """
    from huggingface_hub import constants

    from inpars.data.hub import ask, lacks_model

    open_servers = ExitStack()

    def put(status: int | None, **headers: str) -> str:
        if status is None:
            silent = open_servers.enter_context(socket.create_server(("127.0.0.1", 0)))
            address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        else:
            address = open_servers.enter_context(answering(status, headers))
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "ENDPOINT", address)
        for asked in (ask, lacks_model):
            asked.cache_clear()
        return address

    with open_servers:
        yield put
    for asked in (ask, lacks_model):
        asked.cache_clear()


@contextmanager
def answering(status: int, headers: Mapping[str, str]) -> Iterator[str]:
    """A server that gives every request the same answer."""

    class Same(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            for name, value in (*headers.items(), ("Content-Length", "0")):
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()

        do_HEAD = do_GET

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Same) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def write_jsonl(tmp_path: Path) -> Callable[..., Path]:
    """Write rows to a JSONL file in the test's folder and return its path."""

    def write(rows: list[dict[str, Any]], name: str = "rows.jsonl") -> Path:
        path = tmp_path / name
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="session")
def toy_rows() -> list[dict[str, str]]:
    """Sixty short documents about a few things each, no two alike."""
    rows = []
    for number in range(60):
        words = [WORDS[(number * step + step) % len(WORDS)] for step in range(1, 13)]
        text = f"{' '.join(words[:6])} is studied. {' '.join(words[6:])} was measured in test {number}."
        rows.append({"_id": f"d{number:02d}", "title": f"{words[0]} and {words[5]} study {number}", "text": text})
    return rows


@pytest.fixture(scope="session")
def toy_corpus(tmp_path_factory: pytest.TempPathFactory, toy_rows: list[dict[str, str]]) -> Path:
    """A BEIR folder of the toy documents, with ten test queries and their judgments."""
    folder = tmp_path_factory.mktemp("toy")
    (folder / "qrels").mkdir()
    dump = lambda rows: "".join(json.dumps(row) + "\n" for row in rows)  # noqa: E731
    (folder / "corpus.jsonl").write_text(dump(toy_rows))
    queries = [{"_id": f"q{n}", "text": " ".join(toy_rows[n * 5]["text"].split()[:4])} for n in range(10)]
    (folder / "queries.jsonl").write_text(dump(queries))
    qrels = "".join(f"q{n}\td{n * 5:02d}\t1\n" for n in range(10))
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n" + qrels)
    return folder


@pytest.fixture(scope="session")
def tiny_tokenizer(toy_rows: list[dict[str, str]]) -> Any:
    """A WordPiece tokenizer over the toy documents' words."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    words = sorted({word.strip(".") for row in toy_rows for word in f"{row['title']} {row['text']}".lower().split()})
    vocabulary = {token: number for number, token in enumerate(special + words)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        unk_token="[UNK]",
        pad_token="[PAD]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        model_max_length=64,
    )


def _tiny_config(vocabulary: int, **more: Any) -> Any:
    from transformers import BertConfig

    return BertConfig(
        vocab_size=vocabulary,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
        **more,
    )


@pytest.fixture(scope="session")
def tiny_bi_encoder(tmp_path_factory: pytest.TempPathFactory, tiny_tokenizer: Any) -> Path:
    """A BERT-shaped bi-encoder with random weights, saved as sentence-transformers saves it."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertModel

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("models")
    BertModel(_tiny_config(len(tiny_tokenizer))).save_pretrained(folder / "bert")
    tiny_tokenizer.save_pretrained(folder / "bert")
    transformer = Transformer(str(folder / "bert"), max_seq_length=64)
    model = SentenceTransformer(modules=[transformer, Pooling(32, "mean")], device="cpu")
    model.save_pretrained(str(folder / "bi-encoder"), create_model_card=False)
    return folder / "bi-encoder"


@pytest.fixture(scope="session")
def tiny_cross_encoder(tmp_path_factory: pytest.TempPathFactory, tiny_tokenizer: Any) -> Path:
    """A BERT-shaped cross-encoder with random weights and one output."""
    import torch
    from transformers import BertForSequenceClassification

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("models") / "cross-encoder"
    BertForSequenceClassification(_tiny_config(len(tiny_tokenizer), num_labels=1)).save_pretrained(folder)
    tiny_tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_seq2seq(tmp_path_factory: pytest.TempPathFactory, tiny_tokenizer: Any) -> Path:
    """A T5-shaped model with random weights, whose tokenizer knows monoT5's words."""
    import torch
    from transformers import T5Config, T5ForConditionalGeneration

    tokenizer = copy.deepcopy(tiny_tokenizer)
    tokenizer.add_tokens(["query", "document", "relevant", "true", "false", ":"])
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("models") / "seq2seq"
    config = T5Config(
        vocab_size=len(tokenizer),
        d_model=32,
        d_kv=16,
        d_ff=64,
        num_layers=2,
        num_heads=2,
        decoder_start_token_id=0,
        pad_token_id=0,
        eos_token_id=3,
        dropout_rate=0.1,
    )
    T5ForConditionalGeneration(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_causal(tmp_path_factory: pytest.TempPathFactory, tiny_tokenizer: Any) -> Path:
    """A Llama-shaped causal language model with random weights."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = copy.deepcopy(tiny_tokenizer)
    tokenizer.model_max_length = 1024
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("models") / "causal"
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=1024,
        initializer_range=0.2,
        pad_token_id=0,
        bos_token_id=None,
        eos_token_id=3,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
