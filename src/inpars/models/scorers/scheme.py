"""What a seq2seq reranker is asked, and which two tokens are its answer (Nogueira et al. 2020, arXiv 2003.06713)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from inpars.data.files import read_json, write_json
from inpars.errors import InparsError, unknown_name

FILE = "inpars_scorer.json"
"""Lies beside the weights of every seq2seq reranker that is saved here."""


@dataclass(frozen=True)
class Scheme:
    """The prompt of a seq2seq reranker, with `{query}` before `{document}`, and its two target words.

    Each target is a word whose first token the decoder is to write first, or a token itself where it
    begins with "▁": `negative` for a document that is not relevant, `positive` for one that is.
    """

    template: str
    negative: str
    positive: str
    max_length: int = 512

    def target_ids(self, tokenizer: Any) -> tuple[int, int]:
        """The ids of the two target tokens, `(negative, positive)`."""
        vocabulary = tokenizer.get_vocab()
        ids = tuple(
            vocabulary.get(target, tokenizer.unk_token_id)
            if target.startswith("▁")
            else int(tokenizer(target, add_special_tokens=False)["input_ids"][0])
            for target in self.targets
        )
        if ids[0] == ids[1] or tokenizer.unk_token_id in ids:
            raise InparsError(
                f"the tokenizer has no two different tokens for {self.negative!r} and {self.positive!r}",
                hint="choose a scheme whose words it knows",
            )
        return ids[0], ids[1]

    @property
    def targets(self) -> tuple[str, str]:
        """The two target words."""
        return self.negative, self.positive

    def save(self, folder: Path) -> None:
        """Write the scheme beside the weights."""
        write_json(folder / FILE, asdict(self))

    @classmethod
    def load(cls, path: str | Path) -> Scheme:
        """Read what `save` wrote."""
        try:
            scheme = cls(**read_json(Path(path)))
        except TypeError as error:
            raise InparsError(f"{path} is no scheme of a reranker: {error}") from None
        if not 0 <= scheme.template.find("{query}") < scheme.template.find("{document}"):
            raise InparsError(f"{path}: the template needs {{query}} and, after it, {{document}}")
        return scheme


_FLAN = "Is the following passage relevant to the query?\nQuery: {query}\nPassage: {document}"

SCHEMES = {
    "monot5": Scheme("Query: {query} Document: {document} Relevant:", "false", "true"),
    "mt5": Scheme("Query: {query} Document: {document} Relevant:", "no", "yes"),
    "flan-t5": Scheme(
        "Is the following passage relevant to the query?\nQuery: {query}\nPassage: {document}", "no", "yes"
    ),
}

# Checkpoints by their full names on the hub, or up to the `*`.
_KNOWN = {
    "castorini/monot5-*": "monot5",
    "zeta-alpha-ai/monot5-3b-inpars-v2-*": "monot5",
    "unicamp-dl/mt5-*": "mt5",
    "unicamp-dl/InRanker-*": "monot5",
    "google/flan-t5-*": "flan-t5",
    "google/mt5-*": "mt5",
    "google/t5-v1_1-*": "monot5",
    "google-t5/t5-*": "monot5",
    "t5-*": "monot5",
}
# The one published mT5 reranker that answers otherwise.
_OTHERS = {"unicamp-dl/mt5-13b-mmarco-100k": Scheme(SCHEMES["mt5"].template, "▁", "▁true")}


def scheme_of(model: str, saved: str | Path | None, given: str | None = None) -> Scheme:
    """The scheme of a model: its own file `saved`, else `given`, else that of a known checkpoint.

    Never guessed: an unknown checkpoint without either is an error.
    """
    if saved is not None:
        return Scheme.load(saved)
    if given is not None:
        if given not in SCHEMES:
            raise unknown_name("scheme", given, SCHEMES)
        return SCHEMES[given]
    if model in _OTHERS:
        return _OTHERS[model]
    for pattern, name in _KNOWN.items():
        if model == pattern or (pattern.endswith("*") and model.startswith(pattern[:-1])):
            return SCHEMES[name]
    raise InparsError(
        f"cannot tell how {model!r} is to be asked: it is no known checkpoint and has no {FILE}",
        hint=f"say how it was trained with --scheme, one of: {', '.join(SCHEMES)}",
    )
