"""The one interface of every language model: prompts in, completions out, in any order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol, runtime_checkable


class Message(NamedTuple):
    """One turn of a chat."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model is asked: a text to continue, or the turns of a chat. `key` is the caller's name for it."""

    key: str
    text: str = ""
    messages: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True)
class Sampling:
    """How completions are drawn. `temperature` 0 is greedy; `stop` are strings, cut off with all that follows.

    `seed` together with a prompt's key fixes what is drawn for it, whatever else is asked beside it,
    as far as the model can be held to that.
    """

    n: int = 1
    temperature: float = 0.0
    top_p: float = 1.0
    max_new_tokens: int = 64
    stop: tuple[str, ...] = ()
    seed: int = 1
    log_probs: bool = True


@dataclass(slots=True)
class Completion:
    """One continuation, cut before the first stop string.

    `log_probs` are natural logarithms under the model's own distribution (temperature 1, nothing
    cut off), one for each token that begins in `text`; `tokens` are the texts of those tokens,
    which joined give `text` (the last may reach beyond it) and `token_ids` their ids where they are
    known. `None` where the model tells no log-probabilities. `finish_reason` is "stop" (a stop
    string or the model's own end), "length", or what the model says. `reasoning` is what the server has
    cut out of the text, `refusal` what the model says in place of an answer. `thinking` says that the prompt
    ended in the mark that opens thoughts, so that the text begins inside them.
    """

    text: str
    finish_reason: str = "stop"
    log_probs: list[float] | None = None
    tokens: list[str] = field(default_factory=list)
    token_ids: list[int] = field(default_factory=list)
    reasoning: str = ""
    refusal: str = ""
    thinking: bool = False


@dataclass(slots=True)
class Answer:
    """What came back for one prompt: its completions, or the `error` that it ended in.

    Token counts are the model's own: `prompt_tokens` counts the prompt once, `completion_tokens`
    all emitted tokens, `cached_tokens` the part of the prompt that a server had at hand. `cost` is
    in dollars, None where no price is known. `reused` answers were kept from before: nothing was sent,
    computed or paid for them now.
    """

    key: str
    completions: list[Completion] = field(default_factory=list)
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    requests: int = 1
    cost: float | None = None
    reused: bool = False
    error: str = ""


class Tokenizer(Protocol):
    """Tokens as far as lengths go."""

    exact: bool
    """Whether these are the model's own tokens, not an estimate."""

    def count(self, text: str) -> int:
        """How many tokens `text` has, special ones not counted."""
        ...

    def truncate(self, text: str, tokens: int) -> str:
        """The longest beginning of `text` of at most `tokens` tokens; `text` itself where it is short enough."""
        ...


class LanguageModel(Protocol):
    """Any model that continues prompts."""

    @property
    def name(self) -> str:
        """As the user wrote it: `openai:gpt-4o-mini`, a hub id, a path."""
        ...

    @property
    def context_length(self) -> int | None:
        """Most tokens of prompt and completion together; None where it is not known."""
        ...

    @property
    def tokenizer(self) -> Tokenizer:
        """The model's own tokens, or an estimate of them."""
        ...

    def fingerprint(self) -> str:
        """What identifies the model as an input: two models that may answer differently differ in it."""
        ...

    def complete(self, prompts: Iterable[Prompt], sampling: Sampling) -> Iterator[Answer]:
        """One answer for each prompt, as they come, in any order.

        Prompts are drawn only as they are needed, so that any number of them takes bounded memory. A
        prompt that cannot be answered gives an answer with an `error`. What must stop the run (a
        wrong key, a spent quota, a model that is not there) raises `InparsError`.
        """
        ...


@runtime_checkable
class Batching(Protocol):
    """A model that may hand over all the prompts of a call as one batch."""

    @property
    def batches(self) -> bool:
        """Whether it does: then it answers none of them before all are done."""
        ...


def batches(model: LanguageModel) -> bool:
    """Whether the model hands over all the prompts of a call as one batch."""
    return isinstance(model, Batching) and model.batches


@runtime_checkable
class Checked(Protocol):
    """A model that needs more than its name to be asked, such as a key or a device."""

    def check(self) -> None:
        """`InparsError` where it cannot be asked, as far as that shows before it is."""
        ...


def check(model: LanguageModel) -> None:
    """`InparsError` where the model cannot be asked, as far as that shows before it is."""
    if isinstance(model, Checked):
        model.check()


@runtime_checkable
class Windowed(Protocol):
    """A model that answers a window of prompts at a time.

    The last digits of its log-probabilities may depend on which prompts are answered together. So a window
    depends only on the prompts that can be answered and on `sampling`, and its answers only on the window.
    """

    def windows(self, prompts: Iterable[Prompt | Answer], sampling: Sampling) -> Iterator[Iterable[Answer]]:
        """The answers to one window after the other, each to be taken whole before the next.

        An `Answer` among the prompts is there already, and comes out at once as a window of its own, as do
        prompts that cannot be answered. What `complete` raises is raised here too.
        """
        ...


class TokenPrice(Protocol):
    """What tokens cost."""

    def cost(self, prompt_tokens: int, completion_tokens: int, cached_tokens: int = 0, *, batch: bool = False) -> float:
        """Dollars for so many tokens. `cached_tokens` are those of `prompt_tokens` that the server had at hand."""
        ...


@runtime_checkable
class Priced(Protocol):
    """A model whose answers may cost money."""

    @property
    def price(self) -> TokenPrice | None:
        """What they cost; None where nobody has said."""
        ...
