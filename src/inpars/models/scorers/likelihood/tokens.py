"""From a prompt, a document and a query to the tokens of a tree: of the three only the document is ever cut."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from inpars.errors import OptionError
from inpars.models.scorers.likelihood.prompt import LikelihoodPrompt


class PromptTokens:
    """A prompt in a model's tokens, and texts as they stand in it.

    The prompt's beginning, each document, the cue and each query are tokenised apart, so that a document is the same
    tokens whatever is asked about it. Texts are put on one line, as the prompts of `generate` put them.
    """

    def __init__(
        self, tokenizer: Any, prompt: LikelihoodPrompt, max_doc_length: int, max_length: int | None = None
    ) -> None:
        """`max_length` limits all together; `OptionError` where the prompt leaves no room for a document."""
        self._tokenizer, self._max_doc_length, self._max_length = tokenizer, max_doc_length, max_length
        before, cue = prompt.parts()
        # White space around a text belongs to the tokens of its first word and of its last sign.
        head, self._mark = before.rstrip(), cue.rstrip()
        self._blanks = (before[len(head) :], cue[len(self._mark) :])
        # What stands before a text on its line, for tokenizers that treat the beginning of a text apart.
        self._anchors = (head.rsplit("\n", 1)[-1] or head, self._mark.rsplit("\n", 1)[-1])
        self.prefix = tuple(self._start(head))
        self._end = self._mark[: len(self._mark) - len(self._mark.lstrip())]
        (self._cue,), (self._rest,) = (
            self._after("a", [self._mark]),
            self._after(f"a{self._end}", [self._mark.lstrip()]),
        )
        self.fixed = len(self.prefix) + len(self._cue)
        if max_length is not None and self.fixed >= max_length:
            raise OptionError(
                f"the likelihood prompt takes {self.fixed:,} tokens without a document, and the model reads "
                f"{max_length:,} in all",
                hint="allow more (max_length), or take a prompt with fewer or shorter examples (likelihood.prompt)",
            )

    def documents(self, texts: Sequence[str]) -> list[list[int]]:
        """The tokens of each document, with the white space after it; one more than are read where it is longer."""
        found = self._after(self._anchors[0], [f"{self._blanks[0]}{_line(text)}{self._end}" for text in texts])
        return [ids[: self._max_doc_length + 1] for ids in found]

    def trunk(self, document: list[int], room: int) -> list[int]:
        """A document of at most `room` tokens, and the cue."""
        return [*document, *self._rest] if len(document) <= room else [*document[:room], *self._cue]

    def queries(self, texts: Sequence[str]) -> list[list[int]]:
        """The tokens of each query, whole; one without words has none."""
        lines = [_line(text) for text in texts]
        found = self._after(self._anchors[1], [f"{self._blanks[1]}{line}" for line in lines])
        # Cut only where the model has no more positions, as elsewhere.
        most = None if self._max_length is None else self._max_length - self.fixed
        return [ids[:most] if line else [] for ids, line in zip(found, lines, strict=True)]

    def room(self, query: Sequence[int]) -> int:
        """How many tokens of a document are read together with a query."""
        if self._max_length is None:
            return self._max_doc_length
        return max(0, min(self._max_doc_length, self._max_length - self.fixed - len(query)))

    def _start(self, text: str) -> list[int]:
        """The tokens of the text that begins an input, after those that the model begins every text with."""
        if not text:
            return list(self._ids([""], special=True)[0])
        (bare,), (whole,) = self._ids([text]), self._ids([text], special=True)
        for start in range(len(whole) - len(bare) + 1):
            if whole[start : start + len(bare)] == bare:
                return list(whole[: start + len(bare)])
        return list(bare)

    def _after(self, anchor: str, texts: Sequence[str]) -> list[list[int]]:
        """The tokens of each text as it stands after `anchor`."""
        if not texts:
            return []
        before, *found = self._ids([anchor, *(anchor + text for text in texts)])
        alone = [place for place, ids in enumerate(found) if ids[: len(before)] != before]
        # Where the anchor's last token reaches into the text, the text stands alone.
        for place, ids in zip(alone, self._ids([texts[place] for place in alone]) if alone else [], strict=True):
            found[place] = [*before, *ids]
        return [list(ids[len(before) :]) for ids in found]

    def _ids(self, texts: Sequence[str], special: bool = False) -> list[list[int]]:
        found: list[list[int]] = self._tokenizer(
            list(texts), add_special_tokens=special, return_attention_mask=False, verbose=False
        )["input_ids"]
        return found


def _line(text: str) -> str:
    return " ".join(text.split())
