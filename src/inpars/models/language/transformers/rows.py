"""One completion under way: its tokens, their text so far, and when it is done."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from inpars.data.seeds import generator
from inpars.models.language.base import Completion, Sampling


def joins_texts(tokenizer: Any) -> bool:
    """Whether the text of tokens is that of the first ones and that of the others, between whole characters.

    So it is of byte-level tokenizers; others take off a blank at the beginning, or put one between words.
    """
    try:
        return type(tokenizer.backend_tokenizer.decoder).__name__ == "ByteLevel"
    except AttributeError:
        return False


@dataclass
class Row:
    """Completion `number` of prompt `prompt`. `draws` are its random numbers, one a token; empty when greedy."""

    prompt: int
    number: int
    draws: np.ndarray
    token_ids: list[int] = field(default_factory=list)
    log_probs: list[float] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)
    text: str = ""
    done: Completion | None = None
    _read: int = 0
    """Tokens whose text will not change: where the tokenizer joins texts as they are, only later ones are decoded."""
    _fixed: str = ""

    @classmethod
    def of(cls, prompt: int, key: str, number: int, sampling: Sampling) -> Row:
        """Completion `number` of a prompt: what it draws depends on seed, key and number alone."""
        draws = np.empty(0)
        if sampling.temperature > 0:
            draws = generator(sampling.seed, key, str(number)).random(sampling.max_new_tokens)
        return cls(prompt, number, draws)

    def add(self, token_id: int, log_prob: float, tokenizer: Any, ends: set[int], sampling: Sampling) -> None:
        """Take one more token; sets `done` where it is the last."""
        self.token_ids.append(token_id)
        self.log_probs.append(log_prob)
        if token_id in ends:
            self.pieces.append("")
            self._finish("stop", len(self.text))
            return
        new = tokenizer.decode(
            self.token_ids[self._read :], skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        text = self._fixed + new
        # A character of several tokens shows once its last one is there.
        whole = text.rstrip("\ufffd") if len(self.token_ids) < sampling.max_new_tokens else text
        if whole == text and joins_texts(tokenizer):
            self._read, self._fixed = len(self.token_ids), text
        self.pieces.append(whole[len(self.text) :])
        searched = max(0, len(self.text) - max(map(len, sampling.stop), default=0))
        self.text = whole if len(whole) > len(self.text) else self.text
        stops = [place for stop in sampling.stop if (place := self.text.find(stop, searched)) >= 0]
        if stops:
            self._finish("stop", min(stops))
        elif len(self.token_ids) >= sampling.max_new_tokens:
            self._finish("length", len(self.text))

    def _finish(self, reason: str, end: int) -> None:
        kept, place = 0, 0
        for piece in self.pieces:
            if place >= end:
                break
            place += len(piece)
            kept += 1
        self.done = Completion(
            self.text[:end], reason, self.log_probs[:kept], self.pieces[:kept], self.token_ids[:kept]
        )
