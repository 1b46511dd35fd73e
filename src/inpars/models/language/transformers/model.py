"""The `transformers` backend: prompts in windows, each sorted and written together."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from functools import cached_property, partial
from typing import Any

from inpars.errors import OptionError, require_library
from inpars.models.language.base import Answer, Prompt, Sampling
from inpars.models.language.chats import write_chat
from inpars.models.language.options import TransformersOptions
from inpars.models.language.thoughts import LONGEST_MARK, opens_thoughts
from inpars.models.language.tokenizers import ModelTokenizer
from inpars.models.language.transformers.windows import prompts_in_window
from inpars.models.language.windows import Window, cut
from inpars.models.locate import cached_commit, model_fingerprint
from inpars.models.precision import check_device
from inpars.models.vocabulary import require_fit


class TransformersModel:
    """A causal language model. Weights are loaded when the first prompt comes.

    `TransformersModel.load(name)` takes a hub id or a path; `TransformersModel(model, tokenizer)`
    takes a model that the caller has loaded, which is used as it stands.
    """

    def __init__(
        self,
        model: Any = None,
        tokenizer: Any = None,
        *,
        name: str = "",
        options: TransformersOptions | None = None,
    ) -> None:
        self.options = options or TransformersOptions()
        self.name = name or str(getattr(model, "name_or_path", "") or type(model).__name__)
        self._model = model
        self._ready = model is not None
        if self._ready:
            self._tokenizer = tokenizer
            self._config = model.config

    @classmethod
    def load(cls, name: str, options: TransformersOptions | None = None) -> TransformersModel:
        """The model called `name`. `MissingDependency` without torch and transformers."""
        for library in ("torch", "transformers"):
            require_library(library, "train", f"the language model {name!r}")
        return cls(name=name, options=options)

    @cached_property
    def _tokenizer(self) -> Any:
        from inpars.models.language.transformers.loading import load_tokenizer

        return load_tokenizer(self.name, self.options)

    @cached_property
    def _config(self) -> Any:
        from inpars.models.language.transformers.loading import load_config

        return load_config(self.name, self.options)

    @cached_property
    def tokenizer(self) -> ModelTokenizer:
        """The model's own tokens."""
        return ModelTokenizer(self._tokenizer)

    @property
    def library_tokenizer(self) -> Any:
        """The model's tokenizer as transformers has it."""
        return self._tokenizer

    @property
    def context_length(self) -> int | None:
        """The most positions that the model has."""
        text_config = self._config.get_text_config()
        length: int | None = getattr(text_config, "max_position_embeddings", None)
        return length

    def fingerprint(self) -> str:
        """Of a local model its files' contents, of a hub model its name; with the revision and the precision."""
        if self._ready:
            return _weights_hash(self._model)
        identity = (model_fingerprint(self.name), self.options.revision, self.options.precision)
        return hashlib.sha256("\x1f".join(identity).encode()).hexdigest()

    @property
    def version(self) -> str:
        """The commit of a hub model, as it lies in the hub's cache."""
        return "" if self._ready else cached_commit(self.name, self.options.revision)

    def check(self) -> None:
        """`InparsError` for a library or a device that the options ask for and that is not there."""
        if self._ready:
            return
        if self.options.precision in ("int8", "int4"):
            require_library("bitsandbytes", "quantized", f"precision {self.options.precision}")
        for device in self.options.devices:
            # The weights are spread over whatever there is.
            if device != "auto":
                check_device(device)

    def complete(self, prompts: Iterable[Prompt], sampling: Sampling) -> Iterator[Answer]:
        """Answers as they are written, window by window; within a window the longest prompts come first."""
        for window in self.windows(prompts, sampling):
            yield from window

    def windows(self, prompts: Iterable[Prompt | Answer], sampling: Sampling) -> Iterator[Iterable[Answer]]:
        """Windows as `base.Windowed` has them, on all devices."""
        if sampling.temperature == 0 and sampling.n > 1:
            raise OptionError(
                f"{sampling.n} greedy completions of a prompt would be the same",
                hint="set a temperature, for example 0.7",
            )
        devices = self._devices()
        size = prompts_in_window(self._config, devices[0], sampling.n, sampling.max_new_tokens)
        windows = cut(prompts, partial(self._fitting, new_tokens=sampling.max_new_tokens), size)
        if len(devices) > 1 and not self._ready:
            from inpars.models.language.transformers.workers import complete_on

            yield from complete_on(devices, self.name, self.options, windows, sampling)
            return
        for window in windows:
            yield [window] if isinstance(window, Answer) else self.answer(window, sampling)

    def answer(self, window: Window, sampling: Sampling) -> Iterator[Answer]:
        """The answers to one window of prompts, on one device."""
        for ended in self.writer.run([key for key, _ in window], [ids for _, ids in window], sampling):
            key, ids = window[ended.prompt]
            if opens_thoughts(self._tokenizer.decode(ids[-LONGEST_MARK:])):
                for completion in ended.completions:
                    completion.thinking = True
            yield Answer(
                key,
                ended.completions,
                prompt_tokens=len(ids),
                completion_tokens=ended.tokens,
                cached_tokens=ended.shared_tokens,
                requests=0,
            )

    def text_log_probs(self, text: str) -> list[float]:
        """The log-probability of each token of `text` after those before it, from one forward pass.

        The first token has none, unless the tokenizer begins every text with a token of its own. What
        goes beyond the context is cut off.
        """
        import torch

        _ = self.writer  # loads the weights
        read = self._tokenizer(text, verbose=False)["input_ids"][: self.context_length]
        if len(read) < 2:
            return []
        ids = torch.tensor([read], device=self._model.get_input_embeddings().weight.device)
        with torch.inference_mode():
            logits = self._model(input_ids=ids, use_cache=False).logits[0, :-1].float()
        found: list[float] = logits.log_softmax(-1).gather(1, ids[0, 1:, None])[:, 0].tolist()
        return found

    @cached_property
    def writer(self) -> Any:
        """What writes completions with this model; loads the weights."""
        from inpars.models.language.transformers.writing import writer_for

        return writer_for(self._loaded(), self._tokenizer, self.options)

    @cached_property
    def reader(self) -> Any:
        """What finds how likely this model holds given continuations; loads the weights."""
        from inpars.models.language.transformers.reading import reader_for

        return reader_for(self._loaded(), self.options.share_prefix)

    def _loaded(self) -> Any:
        from inpars.models.language.transformers.loading import load_model

        if self._model is None:
            self._model = load_model(self.name, self.options, self._devices()[0])
        require_fit(self.name, self._tokenizer, self._model)
        return self._model

    def _devices(self) -> tuple[str, ...]:
        if self.options.devices:
            return self.options.devices
        import torch

        from inpars.models.precision import default_device

        gpus = torch.cuda.device_count()
        return tuple(f"cuda:{number}" for number in range(gpus)) if gpus > 1 else (default_device(),)

    def _fitting(self, prompt: Prompt, new_tokens: int) -> list[int] | Answer:
        """The prompt's tokens, or the answer that says why the model cannot take them."""
        ids, limit = self._encode(prompt), self.context_length
        if ids and (not limit or len(ids) + new_tokens <= limit):
            return ids
        found = f"{len(ids)} tokens and {new_tokens} new ones: the model takes {limit} in all"
        error = found if ids else "the prompt has no tokens"
        return Answer(prompt.key, prompt_tokens=len(ids), requests=0, error=error)

    def _encode(self, prompt: Prompt) -> list[int]:
        text = self._chat(prompt) if prompt.messages else prompt.text
        # A chat template writes the special tokens itself.
        ids: list[int] = self._tokenizer(text, add_special_tokens=not prompt.messages, verbose=False)["input_ids"]
        return ids

    def _chat(self, prompt: Prompt) -> str:
        written: str = write_chat(self._tokenizer, prompt.messages, self.name, tokenize=False)
        return written


def _weights_hash(model: Any) -> str:
    """A hash of a loaded model's shapes and of the sums of its weights."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(f"{name}{tuple(tensor.shape)}{tensor.dtype}{tensor.double().sum().item()!r}".encode())
    return digest.hexdigest()
