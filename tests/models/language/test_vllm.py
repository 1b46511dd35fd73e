"""The vLLM backend, against a stand-in for vLLM: the real one needs a GPU to be imported and run.

Names, defaults, refusals and the shapes of what comes back are those of vLLM 0.33 (`entrypoints/llm.py`,
`sampling_params.py`, `outputs.py`, `logprobs.py`, `v1/engine/detokenizer.py`, `v1/engine/logprobs.py`).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from inpars.errors import InparsError, MissingDependency, OptionError
from inpars.models.language import open_language_model
from inpars.models.language.base import Answer, Completion, Message, Prompt, Sampling
from inpars.models.language.kept import KeptModel
from inpars.models.language.options import VllmOptions
from inpars.models.language.vllm import VllmModel

Script = Callable[[str, "SamplingParams", int], str]


class VLLMValidationError(Exception):
    """No ValueError, in 0.33."""


@dataclass
class SamplingParams:
    n: int = 1
    temperature: float = 1.0
    top_p: float = 1.0
    seed: int | None = None
    stop: list[str] | None = None
    max_tokens: int | None = 16
    logprobs: int | None = None

    def __post_init__(self) -> None:
        if not 0.0 <= self.temperature <= 2.0:
            raise VLLMValidationError(f"temperature must be in [0, 2], got {self.temperature}.")
        if self.temperature == 0 and self.n > 1:
            raise VLLMValidationError(f"n must be 1 when using greedy sampling, got {self.n}.")


@dataclass
class Logprob:
    logprob: float
    rank: int | None = None
    decoded_token: str | None = None


@dataclass
class CompletionOutput:
    index: int
    text: str
    token_ids: list[int]
    cumulative_logprob: float | None
    logprobs: list[dict[int, Logprob]] | None
    finish_reason: str | None = None
    stop_reason: int | str | None = None


@dataclass
class RequestOutput:
    request_id: str
    prompt: str | None
    prompt_token_ids: list[int]
    outputs: list[CompletionOutput]
    finished: bool = True
    num_cached_tokens: int | None = None


class LLM:
    """Emits the tokens of what `script` answers to a prompt, and finishes as vLLM would."""

    script: Script = staticmethod(lambda prompt, params, index: " lift of the wing<eos>")
    tokenizer: Any
    decoded: Callable[[str], str] = staticmethod(lambda token: token)

    def __init__(self, model: str, **arguments: Any) -> None:
        if model == "absent":
            raise OSError("absent is not a local folder")
        self.arguments = {"model": model, **arguments}
        self.calls: list[tuple[list[dict[str, Any]], list[SamplingParams]]] = []
        self.llm_engine = SimpleNamespace(
            model_config=SimpleNamespace(
                model=model,
                revision=arguments.get("revision"),
                dtype="torch.bfloat16",
                quantization=arguments.get("quantization"),
                max_model_len=arguments.get("max_model_len") or 40,
                logprobs_mode=arguments.get("logprobs_mode", "raw_logprobs"),
            )
        )

    def get_tokenizer(self) -> Any:
        return self.tokenizer

    def generate(
        self, prompts: list[dict[str, Any]], sampling_params: list[SamplingParams], *, use_tqdm: bool = True
    ) -> list[RequestOutput]:
        assert not use_tqdm
        assert len(prompts) == len(sampling_params)
        self.calls.append((prompts, sampling_params))
        for prompt in prompts:
            if not 0 < len(prompt["prompt_token_ids"]) < self.llm_engine.model_config.max_model_len:
                raise VLLMValidationError("The decoder prompt is empty or longer than the maximum model length.")
        return [
            RequestOutput(
                request_id=str(number),
                prompt=None,
                prompt_token_ids=prompt["prompt_token_ids"],
                outputs=[self._draw(prompt, params, index) for index in range(params.n)],
                num_cached_tokens=3 if len(self.calls) > 1 else None,
            )
            for number, (prompt, params) in enumerate(zip(prompts, sampling_params, strict=True))
        ]

    def _draw(self, prompt: dict[str, Any], params: SamplingParams, index: int) -> CompletionOutput:
        answer = self.script(self.tokenizer.decode(prompt["prompt_token_ids"]), params, index)
        ids = self.tokenizer.encode(answer, add_special_tokens=False)
        emitted: list[int] = []
        text, reason, stopped = "", "length", None
        for token_id in ids[: params.max_tokens]:
            emitted.append(token_id)
            if token_id == self.tokenizer.eos_token_id and len(emitted) == len(ids):
                reason = "stop"
                break
            text = self.tokenizer.decode(emitted, skip_special_tokens=True).rstrip("\ufffd")
            if stopped := next((stop for stop in params.stop or [] if stop in text), None):
                text, reason = text[: text.index(stopped)], "stop"
                break
        logprobs = None if params.logprobs is None else [self._chances(emitted, at) for at in range(len(emitted))]
        return CompletionOutput(index, text, emitted, None, logprobs, reason, stopped)

    def _chances(self, ids: list[int], at: int) -> dict[int, Logprob]:
        # The bytes of a character have no text but the last, which has it whole.
        before, until = (self.tokenizer.decode(ids[:end]).rstrip("\ufffd") for end in (at, at + 1))
        return {ids[at]: Logprob(-(at + 1) / 8, rank=1, decoded_token=self.decoded(until[len(before) :]))}


@pytest.fixture(autouse=True)
def vllm(monkeypatch: pytest.MonkeyPatch) -> type[LLM]:
    """The stand-in where `import vllm` finds it, with a byte-level tokenizer as most models have."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=300,
        show_progress=False,
        special_tokens=["<bos>", "<eos>", "<mark>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    tokenizer.train_from_iterator(["The lift of the wing , the drag of the cone"] * 9, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(single="<bos> $A", special_tokens=[("<bos>", 0)])
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<bos>",
        eos_token="<eos>",
        additional_special_tokens=["<mark>"],
        clean_up_tokenization_spaces=False,
    )
    fresh = type("LLM", (LLM,), {"tokenizer": wrapped})
    module = ModuleType("vllm")
    module.__spec__ = ModuleSpec("vllm", None)
    module.LLM, module.SamplingParams = fresh, SamplingParams  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "vllm", module)
    return fresh


def one(answers: Iterator[Answer]) -> Completion:
    (answer,) = answers
    (completion,) = answer.completions
    return completion


def drawn(llm: LLM) -> list[list[SamplingParams]]:
    return [params for _, params in llm.calls]


def test_loads_with_the_options_when_it_is_first_asked(vllm: type[LLM]) -> None:
    options = VllmOptions(revision="main", quantization="fp8", tensor_parallel_size=2, max_model_len=99)
    kept = open_language_model("vllm:some/model", SimpleNamespace(vllm=options))
    assert isinstance(kept, KeptModel)
    model = kept.model
    assert isinstance(model, VllmModel)
    assert model.name == "vllm:some/model"
    assert "llm" not in vars(model)
    assert (model.context_length, model.tokenizer.exact, model.tokenizer.count("the wing")) == (99, True, 2)
    assert model.llm.arguments == {
        "model": "some/model",
        "revision": "main",
        "dtype": "auto",
        "quantization": "fp8",
        "tensor_parallel_size": 2,
        "gpu_memory_utilization": 0.9,
        "max_model_len": 99,
        "trust_remote_code": False,
        "enable_prefix_caching": True,
        "logprobs_mode": "raw_logprobs",
    }


def test_what_is_left_out_is_left_to_vllm() -> None:
    arguments = VllmModel.load("m").llm.arguments
    assert (arguments["revision"], arguments["quantization"], arguments["max_model_len"]) == (None, None, None)


def test_a_missing_vllm_is_said_with_the_line_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vllm", None)
    with pytest.raises(MissingDependency, match=r'vllm:m needs.*\n.*pip install "inpars\[vllm\]"'):
        VllmModel.load("m")


def test_a_model_that_vllm_cannot_load_stops_the_run() -> None:
    with pytest.raises(InparsError, match="cannot load 'absent': absent is not a local folder"):
        next(VllmModel.load("absent").complete([Prompt("k", "the")], Sampling()))


def test_a_ready_engine_is_taken_as_it_is(vllm: type[LLM]) -> None:
    llm = vllm("its/name", max_model_len=70)
    model = VllmModel(llm)
    assert (model.name, model.context_length, model.llm) == ("vllm:its/name", 70, llm)
    assert VllmModel(llm, name="mine").name == "vllm:mine"


def test_the_fingerprint_tells_models_apart(vllm: type[LLM], tmp_path: Path) -> None:
    variants = [{}, {"revision": "v2"}, {"dtype": "float16"}, {"quantization": "awq"}]
    models = [VllmModel.load("m", VllmOptions(**variant)) for variant in variants]  # type: ignore[arg-type]
    models += [VllmModel.load("other"), VllmModel(vllm("m")), VllmModel(vllm("m", revision="v2"))]
    assert len({model.fingerprint() for model in models}) == len(models)

    before = models[0].fingerprint()
    assert VllmModel.load("m", VllmOptions(window=1)).fingerprint() == before
    assert models[0].context_length
    assert models[0].fingerprint() == before, "loading does not change what it is"
    assert VllmModel(vllm("m"), name="mine").fingerprint() == models[5].fingerprint()

    (tmp_path / "weights").write_text("one")
    local = VllmModel.load(str(tmp_path)).fingerprint()
    (tmp_path / "weights").write_text("two")
    assert VllmModel.load(str(tmp_path)).fingerprint() != local


def test_prompts_are_handed_over_in_windows_and_answers_come_after_each(vllm: type[LLM]) -> None:
    llm, taken = vllm("m"), []

    def prompts() -> Iterator[Prompt]:
        for number in range(5):
            taken.append(number)
            yield Prompt(f"d{number}", f"the wing {number}")

    answers = VllmModel(llm, options=VllmOptions(window=2)).complete(prompts(), Sampling())
    assert next(answers).key == "d0"
    assert taken == [0, 1]
    assert [answer.key for answer in answers] == ["d1", "d2", "d3", "d4"]
    assert [len(prompts) for prompts, _ in llm.calls] == [2, 2, 1]


def test_a_window_counts_completions_and_what_does_not_fit_is_in_none(vllm: type[LLM]) -> None:
    llm = vllm("m")
    model = VllmModel(llm, options=VllmOptions(window=6))
    prompts = [Prompt("long", "the " * 99), *(Prompt(f"d{number}", f"the wing {number}") for number in range(5))]
    answers = list(model.complete(prompts, Sampling(n=3, temperature=1.0)))
    assert [len(prompts) for prompts, _ in llm.calls] == [2, 2, 1]
    assert [bool(answer.error) for answer in answers] == [True] + [False] * 5
    assert list(VllmModel(llm, options=VllmOptions(window=1)).complete(prompts[1:], Sampling(n=3, temperature=1.0)))
    assert [len(prompts) for prompts, _ in llm.calls[3:]] == [1] * 5


def test_answers_are_kept_and_asked_of_the_engine_once(vllm: type[LLM], tmp_path: Path) -> None:
    prompts = [Prompt(f"d{number}", f"the wing {number}") for number in range(5)]

    def ask() -> tuple[list[Answer], int]:
        kept = open_language_model("vllm:m", SimpleNamespace(vllm=VllmOptions(cache=str(tmp_path / "kept.sqlite"))))
        assert isinstance(kept, KeptModel)
        answers = list(kept.complete(prompts, Sampling()))
        return answers, len(kept.model.llm.calls)  # type: ignore[attr-defined]

    (first, calls), (second, none) = ask(), ask()
    assert (calls, none) == (1, 0)
    assert [answer.reused for answer in first + second] == [False] * 5 + [True] * 5
    assert [(a.key, a.completions, a.prompt_tokens, a.requests) for a in first] == [
        (a.key, a.completions, a.prompt_tokens, a.requests) for a in second
    ]


def test_the_prompt_is_encoded_with_the_models_first_token(vllm: type[LLM]) -> None:
    llm = vllm("m")
    (answer,) = VllmModel(llm).complete([Prompt("k", "the wing")], Sampling())
    ((prompt,), _) = llm.calls[0]
    assert vllm.tokenizer.decode(prompt["prompt_token_ids"]) == "<bos>the wing"
    assert answer.prompt_tokens == len(prompt["prompt_token_ids"])


def test_sampling_is_handed_over(vllm: type[LLM]) -> None:
    llm = vllm("m")
    sampling = Sampling(n=3, temperature=0.7, top_p=0.9, max_new_tokens=5, stop=("\n", "wing"))
    (answer,) = VllmModel(llm).complete([Prompt("k", "the")], sampling)
    ((params,),) = drawn(llm)
    seed = params.seed
    assert params == SamplingParams(
        n=3, temperature=0.7, top_p=0.9, seed=seed, stop=["\n", "wing"], max_tokens=5, logprobs=0
    )
    assert len(answer.completions) == 3


def test_a_prompts_seed_depends_on_its_key_and_the_seed_alone(vllm: type[LLM]) -> None:
    def seeds(keys: str, seed: int, window: int) -> dict[str, int | None]:
        llm = vllm("m")
        model = VllmModel(llm, options=VllmOptions(window=window))
        list(model.complete([Prompt(key, "the") for key in keys], Sampling(temperature=1, seed=seed)))
        return dict(zip(keys, [params.seed for call in drawn(llm) for params in call], strict=True))

    together = seeds("abcd", seed=1, window=4)
    assert seeds("dca", seed=1, window=2) == {key: together[key] for key in "dca"}
    assert len({*together.values(), *seeds("abcd", seed=2, window=4).values()}) == 8


def test_greedy_completions_are_asked_for_once(vllm: type[LLM]) -> None:
    llm = vllm("m")
    (answer,) = VllmModel(llm).complete([Prompt("k", "the")], Sampling(n=3))
    first, second, third = answer.completions
    assert drawn(llm)[0][0].n == 1
    assert first == second == third
    assert first is not second
    assert answer.completion_tokens == len(first.tokens) + 1, "only what was emitted, the end token too"


def test_each_completion_is_its_own(vllm: type[LLM]) -> None:
    vllm.script = staticmethod(lambda prompt, params, index: " the" * (index + 1) + "<eos>")
    (answer,) = VllmModel(vllm("m")).complete([Prompt("k", "the")], Sampling(n=3, temperature=1))
    assert [completion.text for completion in answer.completions] == [" the", " the the", " the the the"]
    assert answer.completion_tokens == 2 + 3 + 4


def test_log_probs_are_of_the_tokens_in_the_text(vllm: type[LLM]) -> None:
    completion = one(VllmModel(vllm("m")).complete([Prompt("k", "the")], Sampling()))
    assert (completion.text, completion.finish_reason) == (" lift of the wing", "stop")
    assert "".join(completion.tokens) == completion.text
    assert completion.token_ids == vllm.tokenizer.encode(completion.text, add_special_tokens=False)
    assert completion.log_probs == [-(at + 1) / 8 for at in range(len(completion.tokens))]


def test_log_probs_end_with_the_token_that_the_stop_string_cuts(vllm: type[LLM]) -> None:
    completion = one(VllmModel(vllm("m")).complete([Prompt("k", "the")], Sampling(stop=("he wing",))))
    assert (completion.text, completion.finish_reason) == (" lift of t", "stop")
    assert completion.tokens[-1] == " the"
    assert completion.log_probs is not None
    assert len(completion.log_probs) == len(completion.tokens) == len(completion.token_ids)

    whole = one(VllmModel(vllm("m")).complete([Prompt("k", "the")], Sampling(stop=(" the",))))
    assert "".join(whole.tokens) == whole.text == " lift of"


def test_nothing_in_the_text_has_no_log_probs(vllm: type[LLM]) -> None:
    completion = one(VllmModel(vllm("m")).complete([Prompt("k", "the")], Sampling(stop=(" lift",))))
    assert (completion.text, completion.log_probs, completion.tokens) == ("", [], [])


def test_characters_of_several_tokens_keep_all_their_log_probs(vllm: type[LLM]) -> None:
    vllm.script = staticmethod(lambda prompt, params, index: " é 東<eos>")
    completion = one(VllmModel(vllm("m")).complete([Prompt("k", "the")], Sampling()))
    assert completion.text == "".join(completion.tokens) == " é 東"
    assert len(completion.log_probs or []) == len(" é 東".encode())


def test_a_character_that_the_limit_cuts_is_left_out(vllm: type[LLM]) -> None:
    vllm.script = staticmethod(lambda prompt, params, index: " the 東<eos>")
    completion = one(VllmModel(vllm("m")).complete([Prompt("k", "the")], Sampling(max_new_tokens=4)))
    assert (completion.text, completion.finish_reason) == (" the ", "length")
    assert completion.tokens == [" the", " "]


def test_special_tokens_inside_an_answer_are_left_out(vllm: type[LLM]) -> None:
    vllm.script = staticmethod(lambda prompt, params, index: " the<mark> wing<eos>")
    completion = one(VllmModel(vllm("m")).complete([Prompt("k", "the")], Sampling()))
    assert completion.text == "".join(completion.tokens) == " the wing"
    assert completion.log_probs is not None
    assert completion.log_probs == [-1 / 8, -3 / 8], "the second token is the mark"


def test_tokens_that_lose_their_space_alone_have_it_in_the_text(vllm: type[LLM]) -> None:
    # As versions of vLLM do with the tokens of SentencePiece.
    vllm.decoded = staticmethod(str.strip)
    completion = one(VllmModel(vllm("m")).complete([Prompt("k", "the")], Sampling()))
    assert "".join(completion.tokens) == completion.text == " lift of the wing"


def test_log_probs_can_be_left_out(vllm: type[LLM]) -> None:
    llm = vllm("m")
    completion = one(VllmModel(llm).complete([Prompt("k", "the")], Sampling(log_probs=False)))
    assert completion.log_probs is None
    assert drawn(llm)[0][0].logprobs is None


def test_an_engine_whose_log_probs_follow_the_temperature_is_refused(vllm: type[LLM]) -> None:
    model = VllmModel(vllm("m", logprobs_mode="processed_logprobs"))
    with pytest.raises(OptionError, match="processed_logprobs"):
        next(model.complete([Prompt("k", "the")], Sampling()))
    assert one(model.complete([Prompt("k", "the")], Sampling(log_probs=False))).text


def test_a_prompt_that_does_not_fit_fails_alone(vllm: type[LLM]) -> None:
    model = VllmModel(vllm("m", max_model_len=10))
    fits = " the" * 8
    prompts = [Prompt("fits", fits), Prompt("long", fits + " the"), Prompt("short", "the")]
    answers = {answer.key: answer for answer in model.complete(prompts, Sampling())}
    assert sorted(answers) == ["fits", "long", "short"]
    assert answers["fits"].prompt_tokens == 9
    assert answers["fits"].completions
    assert answers["short"].completions
    assert answers["long"].error == "the prompt has 10 tokens; vllm:m takes 1 to 9"
    assert (answers["long"].completions, answers["long"].requests) == ([], 0)


def test_a_prompt_without_tokens_fails_alone(vllm: type[LLM]) -> None:
    vllm.tokenizer.chat_template = "{{ '' }}"
    prompts = [Prompt("empty", messages=(Message("user", "the"),)), Prompt("text", "the")]
    answers = {answer.key: answer for answer in VllmModel(vllm("m")).complete(prompts, Sampling())}
    assert answers["empty"].error == "the prompt has 0 tokens; vllm:m takes 1 to 39"
    assert answers["text"].completions


def test_a_window_of_nothing_that_fits_asks_nothing(vllm: type[LLM]) -> None:
    llm = vllm("m", max_model_len=3)
    (answer,) = VllmModel(llm).complete([Prompt("k", "the the the the")], Sampling())
    assert answer.error
    assert llm.calls == []


def test_an_answer_that_vllm_broke_off_is_an_error(vllm: type[LLM], monkeypatch: pytest.MonkeyPatch) -> None:
    draw = vllm._draw

    def abort(llm: LLM, prompt: Any, params: SamplingParams, index: int) -> CompletionOutput:
        output = draw(llm, prompt, params, index)
        output.finish_reason = "abort"
        return output

    monkeypatch.setattr(vllm, "_draw", abort)
    (answer,) = VllmModel(vllm("m")).complete([Prompt("k", "the")], Sampling())
    assert (answer.error, answer.completions) == ("vLLM gave up on the prompt: abort", [])


def test_tokens_from_the_prefix_cache_are_told(vllm: type[LLM]) -> None:
    model = VllmModel(vllm("m"), options=VllmOptions(window=1))
    answers = list(model.complete([Prompt(key, "the wing") for key in "ab"], Sampling()))
    assert [answer.cached_tokens for answer in answers] == [0, 3]


def test_chats_go_through_the_models_template_beside_texts(vllm: type[LLM]) -> None:
    vllm.tokenizer.chat_template = (
        "{% for m in messages %}<mark>{{ m.role }}: {{ m.content }}{% endfor %}"
        "{% if add_generation_prompt %}<mark>assistant:{% endif %}"
    )
    llm = vllm("m")
    chat = Prompt("c", messages=(Message("system", "be brief"), Message("user", "the wing")))
    keys = [answer.key for answer in VllmModel(llm).complete([chat, Prompt("t", "the wing")], Sampling())]
    assert keys == ["c", "t"]
    ((first, second), _) = llm.calls[0]
    turns = "<mark>system: be brief<mark>user: the wing<mark>assistant:"
    assert vllm.tokenizer.decode(first["prompt_token_ids"]) == turns
    assert vllm.tokenizer.decode(second["prompt_token_ids"]) == "<bos>the wing"


@pytest.mark.parametrize(
    ("template", "words"),
    [
        (None, "model 'vllm:m' has no chat template"),
        ("{{ raise_exception('no turns') }}", "chat template of model 'vllm:m' refuses the prompt's turns: no turns"),
    ],
)
def test_a_chat_that_the_model_has_no_template_for_stops_the_run(
    vllm: type[LLM], template: str | None, words: str
) -> None:
    vllm.tokenizer.chat_template = template
    chat = Prompt("c", messages=(Message("system", "be brief"),))
    with pytest.raises(OptionError, match=words):
        next(VllmModel(vllm("m")).complete([chat], Sampling()))


def test_a_template_without_a_system_turn_gets_it_from_the_user_and_no_thoughts_are_asked_for(vllm: type[LLM]) -> None:
    vllm.tokenizer.chat_template = (
        "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system turn') }}{% endif %}"
        "<mark>{{ m.role }}: {{ m.content }}{% endfor %}{% if enable_thinking is false %}<mark>{% endif %}"
    )
    llm = vllm("m")
    chat = Prompt("c", messages=(Message("system", "be brief"), Message("user", "the wing")))
    next(VllmModel(llm).complete([chat], Sampling()))
    (((prompt,), _),) = llm.calls
    assert vllm.tokenizer.decode(prompt["prompt_token_ids"]) == "<mark>user: be brief\n\nthe wing<mark>"


def test_sampling_that_vllm_refuses_stops_the_run(vllm: type[LLM]) -> None:
    with pytest.raises(OptionError, match=r"vLLM does not take these options: temperature must be in \[0, 2\]"):
        next(VllmModel(vllm("m")).complete([Prompt("k", "the")], Sampling(temperature=3)))
