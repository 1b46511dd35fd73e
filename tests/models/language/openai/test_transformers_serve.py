"""Against a real server that others wrote: `transformers serve`, with a tiny model made for the occasion."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from inpars.models.language.base import Message, Prompt, Sampling
from inpars.models.language.openai import OpenAIModel
from inpars.models.language.options import OpenAIOptions

NEEDED = ("torch", "transformers", "fastapi", "uvicorn")
PROGRAM = Path(sys.executable).with_name("transformers")
TEMPLATE = "{% for message in messages %}{{ message['role'] }}: {{ message['content'] }}\n{% endfor %}assistant:"


@pytest.fixture(scope="module")
def tiny_llama(tmp_path_factory, toy_rows):
    """A Llama of random weights, with a byte-level tokenizer of the toy documents and a chat template."""
    if lacking := [name for name in NEEDED if not importlib.util.find_spec(name)]:
        pytest.skip(f"transformers serve needs {', '.join(lacking)}: pip install 'inpars[dev]'")
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=["</s>"], initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator((row["text"] for row in toy_rows), trainer)
    folder = tmp_path_factory.mktemp("served") / "tiny-llama"
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="</s>", pad_token="</s>")
    fast.chat_template = TEMPLATE
    fast.save_pretrained(folder)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(fast),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=512,
        bos_token_id=None,
        eos_token_id=fast.eos_token_id,
        pad_token_id=fast.pad_token_id,
    )
    llama = LlamaForCausalLM(config)
    # Without this the server takes a temperature and is greedy all the same.
    llama.generation_config.do_sample = True
    llama.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def served(tiny_llama, tmp_path_factory):
    """The address of `transformers serve` with the tiny model loaded."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("served") / "log.txt"
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    command = [str(PROGRAM), "serve", str(tiny_llama), "--host", "127.0.0.1", "--port", str(port), "--device", "cpu"]
    with log.open("wb") as output:
        server = subprocess.Popen(command, stdout=output, stderr=output, env=environment)
    try:
        deadline = time.monotonic() + 120
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2).close()
                break
            except OSError:
                if server.poll() is not None or time.monotonic() > deadline:
                    pytest.fail(f"transformers serve did not start:\n{log.read_text()[-2000:]}")
                time.sleep(0.2)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


@pytest.fixture
def model(served, tiny_llama):
    return OpenAIModel(
        str(tiny_llama),
        OpenAIOptions(base_url=served, concurrency=4, retries=2, timeout=60.0, tokenizer=str(tiny_llama)),
    )


CHATS = [Prompt(f"c{n}", messages=(Message("system", "Ask."), Message("user", f"wing lift {n}"))) for n in range(4)]
TEXTS = [Prompt(f"t{n}", f"the boundary layer on plate {n}") for n in range(4)]


@pytest.mark.parametrize("prompts", [CHATS, TEXTS], ids=["chat", "completions"])
def test_every_prompt_is_answered(model, prompts):
    answers = {answer.key: answer for answer in model.complete(prompts, Sampling(max_new_tokens=8))}
    assert answers.keys() == {prompt.key for prompt in prompts}
    for prompt in prompts:
        answer = answers[prompt.key]
        assert (answer.error, answer.requests) == ("", 1)
        [completion] = answer.completions
        assert completion.text
        assert completion.finish_reason in ("length", "stop")
        assert 0 < answer.completion_tokens <= 8
        # This server takes the request for log-probabilities and gives none.
        assert completion.log_probs is None


def test_the_tokenizer_counts_as_the_server_does(model):
    [answer] = model.complete(TEXTS[:1], Sampling(max_new_tokens=4))
    assert model.tokenizer.exact
    assert answer.prompt_tokens == model.tokenizer.count(TEXTS[0].text)


def test_greedy_answers_are_those_of_the_model_itself(model, tiny_llama):
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer, llama = AutoTokenizer.from_pretrained(tiny_llama), AutoModelForCausalLM.from_pretrained(tiny_llama)
    inputs = tokenizer(TEXTS[1].text, return_tensors="pt")
    with torch.inference_mode():
        output = llama.generate(**inputs, max_new_tokens=8, do_sample=False)
    expected = tokenizer.decode(output[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
    [answer] = model.complete(TEXTS[1:2], Sampling(max_new_tokens=8))
    assert answer.completions[0].text == expected


def test_a_server_that_gives_one_completion_at_a_time_gives_all_in_the_end(model):
    [answer] = model.complete(CHATS[:1], Sampling(n=3, temperature=1.0, max_new_tokens=8))
    assert len(answer.completions) == 3
    assert answer.requests == 3
    assert len({completion.text for completion in answer.completions}) > 1


def test_text_ends_before_the_stop_string(model):
    [whole] = model.complete(TEXTS[2:3], Sampling(max_new_tokens=16))
    text = whole.completions[0].text
    stop = text[len(text) // 2 :][:2]
    [cut] = model.complete(TEXTS[2:3], Sampling(max_new_tokens=16, stop=(stop,)))
    assert cut.completions[0].text == text[: text.index(stop)]
    assert cut.completions[0].finish_reason == "stop"


def test_another_model_is_not_there(served):
    wrong = OpenAIModel("no-such-model", OpenAIOptions(base_url=served, retries=0))
    [answer] = wrong.complete(TEXTS[:1], Sampling(max_new_tokens=2))
    assert "Server is pinned to" in answer.error
