"""A model that makes questions up from the words of its prompt, for tests and dry runs."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate

from inpars.data.seeds import generator
from inpars.models.language.base import Answer, Completion, Prompt, Sampling, Tokenizer
from inpars.models.language.tokenizers import EstimatedTokenizer

_WORD = re.compile(r"[^\W_]+")
_WORDS_READ = 64


class DummyModel:
    """Asks "what is WORD WORD", its words drawn from the last ones of the prompt.

    What it answers is fixed by the prompt's key and text and, above temperature 0, by the seed. Each
    word is one token. `fails` says by a prompt's key with which error to answer it, None for no error.
    """

    def __init__(
        self,
        name: str = "",
        *,
        context_length: int | None = None,
        fails: Callable[[str], str | None] = lambda key: None,
    ) -> None:
        self.name = f"dummy:{name}" if name else "dummy"
        self.context_length = context_length
        self.tokenizer: Tokenizer = EstimatedTokenizer()
        self._fails = fails

    @classmethod
    def load(cls, name: str, options: None = None) -> DummyModel:
        """The model of any name; there are no options."""
        return cls(name)

    def fingerprint(self) -> str:
        """A hash of the name."""
        return hashlib.sha256(self.name.encode()).hexdigest()

    def complete(self, prompts: Iterable[Prompt], sampling: Sampling) -> Iterator[Answer]:
        """One answer for each prompt, in order."""
        for prompt in prompts:
            if error := self._fails(prompt.key):
                yield Answer(prompt.key, error=error)
                continue
            text = prompt.text or "\n".join(message.content for message in prompt.messages)
            completions = [_draw(prompt.key, text, sampling, number) for number in range(sampling.n)]
            yield Answer(
                prompt.key,
                completions,
                prompt_tokens=self.tokenizer.count(text),
                completion_tokens=sum(len(completion.tokens) for completion in completions),
            )


def _draw(key: str, text: str, sampling: Sampling, number: int) -> Completion:
    random = generator(sampling.seed, key, text, str(number)) if sampling.temperature else generator(0, key, text)
    words = _WORD.findall(text)[-_WORDS_READ:] or ["this"]
    chosen = random.choice(words, size=int(random.integers(2, 7)))
    tokens = ["what", " is", *(f" {word}" for word in chosen)]
    log_probs = (-random.exponential(0.7, size=len(tokens))).tolist()

    finish_reason = "length" if len(tokens) > sampling.max_new_tokens else "stop"
    tokens = tokens[: sampling.max_new_tokens]
    written = "".join(tokens)
    if stops := [place for stop in sampling.stop if (place := written.find(stop)) >= 0]:
        finish_reason, written = "stop", written[: min(stops)]
    starts = accumulate(map(len, tokens), initial=0)
    tokens = [token for token, start in zip(tokens, starts, strict=False) if start < len(written)]
    return Completion(written, finish_reason, log_probs[: len(tokens)] if sampling.log_probs else None, tokens)
