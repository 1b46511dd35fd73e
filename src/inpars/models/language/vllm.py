"""A model that vLLM runs in this process, asked a window of prompts at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

from inpars.data.hashes import hash_of
from inpars.data.seeds import generator
from inpars.errors import InparsError, OptionError, require_library
from inpars.models.language.base import Answer, Completion, Prompt, Sampling
from inpars.models.language.chats import write_chat
from inpars.models.language.options import VllmOptions
from inpars.models.language.thoughts import LONGEST_MARK, opens_thoughts
from inpars.models.language.tokenizers import ModelTokenizer
from inpars.models.language.windows import Window, cut
from inpars.models.locate import cached_commit, locate, model_fingerprint


class VllmModel:
    """vLLM's offline engine, its prefix cache on: a beginning that prompts share is encoded once.

    Each prompt has a seed of its own. Yet vLLM's arithmetic depends a little on what it computes in
    the same step, so another window may end in other answers, greedy ones too.
    """

    def __init__(self, llm: Any = None, *, name: str = "", options: VllmOptions | None = None) -> None:
        """`llm` is a ready `vllm.LLM`; without one, `name` and `options` make it when it is first needed."""
        self.options = options or VllmOptions()
        facts: Any = self.options
        if llm is not None:
            self.llm = llm
            facts = llm.llm_engine.model_config
        self._model = name if llm is None else str(facts.model)
        self._facts = [str(fact or "") for fact in (facts.revision, facts.dtype, facts.quantization)]
        self.name = f"vllm:{name or self._model}"

    @classmethod
    def load(cls, name: str, options: VllmOptions | None = None) -> VllmModel:
        """The model of a hub id or a path; its weights are loaded when it is first asked.

        `MissingDependency` where vLLM is not installed.
        """
        require_library("vllm", "vllm", f"the model vllm:{name}")
        return cls(name=name, options=options)

    def fingerprint(self) -> str:
        """A hash of the model (its files' contents where it is local), its revision and its number formats."""
        return hash_of(["vllm", model_fingerprint(self._model), *self._facts])

    @cached_property
    def llm(self) -> Any:
        """The `vllm.LLM` itself. `InparsError` where it is not available."""
        options = self.options
        try:
            from vllm import LLM

            return LLM(
                model=locate(self._model),
                revision=options.revision or None,
                dtype=options.dtype,
                quantization=options.quantization or None,
                tensor_parallel_size=options.tensor_parallel_size,
                gpu_memory_utilization=options.gpu_memory_utilization,
                max_model_len=options.max_model_len or None,
                trust_remote_code=options.trust_remote_code,
                enable_prefix_caching=True,
                logprobs_mode="raw_logprobs",
            )
        except Exception as error:  # which exceptions these are differs with the versions of vLLM
            raise InparsError(
                f"vLLM cannot load {self._model!r}: {error}", hint="what vLLM itself wrote above may say more"
            ) from error

    @cached_property
    def context_length(self) -> int:
        """Most tokens of prompt and completion together."""
        return int(self.llm.llm_engine.model_config.max_model_len)

    @cached_property
    def tokenizer(self) -> ModelTokenizer:
        """The model's own."""
        return ModelTokenizer(self.llm.get_tokenizer())

    @cached_property
    def _special(self) -> frozenset[int]:
        return frozenset(self.llm.get_tokenizer().all_special_ids)

    @property
    def version(self) -> str:
        """The commit of a hub model, as it lies in the hub's cache."""
        return cached_commit(self._model, self.options.revision)

    def complete(self, prompts: Iterable[Prompt], sampling: Sampling) -> Iterator[Answer]:
        """The answers to one window of prompts after the other."""
        for window in self.windows(prompts, sampling):
            yield from window

    def windows(self, prompts: Iterable[Prompt | Answer], sampling: Sampling) -> Iterator[Iterable[Answer]]:
        """Windows as `base.Windowed` has them, of the option `window`'s size."""
        mode = self.llm.llm_engine.model_config.logprobs_mode
        if sampling.log_probs and mode != "raw_logprobs":
            raise OptionError(
                f"{self.name} gives {mode} where log-probabilities under the model itself are needed",
                hint='make it with logprobs_mode="raw_logprobs", which is vLLM\'s default',
            )
        for window in cut(prompts, self._encode, max(1, self.options.window // sampling.n)):
            yield [window] if isinstance(window, Answer) else self._answers(window, sampling)

    def _answers(self, window: Window, sampling: Sampling) -> Iterator[Answer]:
        requests = [{"prompt_token_ids": ids} for _, ids in window]
        params = [_params(key, sampling) for key, _ in window]
        outputs = self.llm.generate(requests, params, use_tqdm=False)
        for (key, _), output in zip(window, outputs, strict=True):
            yield self._answer(key, output, sampling)

    def _encode(self, prompt: Prompt) -> list[int] | Answer:
        tokenizer = self.llm.get_tokenizer()
        if prompt.messages:
            ids = list(write_chat(tokenizer, prompt.messages, self.name, return_dict=False))
        else:
            ids = list(tokenizer.encode(prompt.text))
        # For one prompt that does not fit, vLLM would refuse the whole window.
        if not 0 < len(ids) < self.context_length:
            error = f"the prompt has {len(ids)} tokens; {self.name} takes 1 to {self.context_length - 1}"
            return Answer(prompt.key, requests=0, error=error)
        return ids

    def _answer(self, key: str, output: Any, sampling: Sampling) -> Answer:
        answer = Answer(
            key,
            prompt_tokens=len(output.prompt_token_ids),
            completion_tokens=sum(len(drawn.token_ids) for drawn in output.outputs),
            cached_tokens=output.num_cached_tokens or 0,
            requests=0,
        )
        if failed := {drawn.finish_reason for drawn in output.outputs} & {"abort", "error"}:
            answer.error = f"vLLM gave up on the prompt: {failed.pop()}"
            return answer
        repeats = 1 if sampling.temperature else sampling.n
        answer.completions = [self._completion(drawn) for drawn in output.outputs for _ in range(repeats)]
        thinking = opens_thoughts(self.llm.get_tokenizer().decode(list(output.prompt_token_ids)[-LONGEST_MARK:]))
        for completion in answer.completions:
            completion.thinking = thinking
        return answer

    def _completion(self, drawn: Any) -> Completion:
        completion = Completion(drawn.text, finish_reason=drawn.finish_reason or "")
        if drawn.logprobs is None:
            return completion
        completion.log_probs, place = [], 0
        # Not strict: with speculative decoding there are log-probs of tokens drawn after the stop string.
        for token_id, chances in zip(drawn.token_ids, drawn.logprobs, strict=False):
            if place >= len(drawn.text):
                break
            # vLLM leaves special tokens out of the text.
            if token_id in self._special:
                continue
            token = _as_in(drawn.text, place, chances[token_id].decoded_token or "")
            completion.tokens.append(token)
            completion.token_ids.append(token_id)
            completion.log_probs.append(chances[token_id].logprob)
            place += len(token)
        return completion


def _params(key: str, sampling: Sampling) -> Any:
    from vllm import SamplingParams

    try:
        return SamplingParams(
            # vLLM refuses to draw several greedily; they would be equal.
            n=sampling.n if sampling.temperature else 1,
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            max_tokens=sampling.max_new_tokens,
            stop=list(sampling.stop),
            # Completion i of a prompt is drawn with seed + i.
            seed=int(generator(sampling.seed, key).integers(2**48)),
            # The emitted token's alone: the number is of the likeliest ones beside it.
            logprobs=0 if sampling.log_probs else None,
        )
    except Exception as error:  # a ValueError in some versions of vLLM, in others not
        raise OptionError(f"vLLM does not take these options: {error}") from error


def _as_in(text: str, place: int, token: str) -> str:
    """`token` as it stands in `text` at `place`: decoded alone, some lose the space before them."""
    if not text.startswith(token, place):
        spaces = len(text) - place - len(text[place:].lstrip(" "))
        if text.startswith(token, place + spaces):
            return " " * spaces + token
    return token
