"""How likely a model finds given continuations of given texts: many rows at once, and what they share read once."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from inpars.models.language.transformers.prefix_attention import shared_prefix_attention
from inpars.models.language.transformers.slots import Slots
from inpars.models.language.transformers.writing import agree, require_causal, shares_prefix
from inpars.progress import say

# Tokens that are read together. More make a processor no faster: what a layer computes no longer lies in its cache.
_ROW_TOKENS = {"cpu": 1024, "cuda": 16384}
# Rows of logits that are held in fp32 at a time.
_LOGITS_AT_ONCE = 256


class Tree(NamedTuple):
    """A text, as token ids, and its continuations, each of at least one token."""

    trunk: list[int]
    branches: list[list[int]]

    @property
    def tokens(self) -> int:
        """How many are read: all but the last of each continuation, after which nothing is asked."""
        return len(self.trunk) + sum(len(branch) - 1 for branch in self.branches)


LogProbs = list[list[list[float]]]
"""For each tree, each branch and each of its tokens, the natural logarithm of its probability."""


class TreeReader:
    """Reads a prefix once for all trees, and a trunk once for all its branches.

    A tree is one row: the trunk, and after it the branches side by side. Each begins at the place that follows the
    trunk, and sees the trunk and itself alone.
    """

    name = "shared prefix"

    def __init__(self, model: PreTrainedModel) -> None:
        self.model = model
        self.device = model.get_input_embeddings().weight.device
        self.row_tokens = _ROW_TOKENS.get(self.device.type, 1024)
        self._seen = _Seen()

    @torch.inference_mode()  # type: ignore[untyped-decorator]
    def read(self, prefix: tuple[int, ...], trees: Sequence[Tree]) -> LogProbs:
        """The log-probabilities of the branches' tokens after `prefix` and their trunks, in fp32."""
        if prefix != self._seen.prefix_tokens:
            self._seen.forget_prefix()
            self._seen.record_prefix(prefix)
            if prefix:
                self._run(self.model.base_model, torch.tensor([prefix]), torch.arange(len(prefix))[None])
        rows = _Rows(trees)
        self._seen.read(
            rows.mask(self.device, self.model.dtype) if any(len(tree.branches) > 1 for tree in trees) else None
        )
        with _only_at(self.model, rows.asked.to(self.device)):
            logits = self._run(self.model, rows.ids, rows.positions + len(prefix)).logits[0]
        return rows.log_probs(logits)

    def _run(self, model: Any, ids: Tensor, positions: Tensor) -> Any:
        with shared_prefix_attention(self.model, self._seen):
            return model(
                input_ids=ids.to(self.device),
                position_ids=positions.to(self.device),
                past_key_values=self._seen,
                use_cache=True,
                return_dict=True,
            )


class PlainReader:
    """Reads each branch after the prefix and its trunk, in a row of its own, with the model's own attention."""

    name = "plain"

    def __init__(self, model: PreTrainedModel) -> None:
        self.model = model
        self.device = model.get_input_embeddings().weight.device
        self.row_tokens = _ROW_TOKENS.get(self.device.type, 1024)

    @torch.inference_mode()  # type: ignore[untyped-decorator]
    def read(self, prefix: tuple[int, ...], trees: Sequence[Tree]) -> LogProbs:
        """As `TreeReader.read`."""
        alone = [Tree([*prefix, *tree.trunk], [branch]) for tree in trees for branch in tree.branches]
        found: list[list[float]] = []
        # Rows of a few trees with many branches are more than those trees' tokens.
        size = max(1, self.row_tokens // max(tree.tokens for tree in alone))
        for start in range(0, len(alone), size):
            rows = _Rows(alone[start : start + size])
            with _only_at(self.model, rows.asked.to(self.device)):
                logits = self.model(
                    input_ids=rows.ids.to(self.device),
                    attention_mask=rows.real.long().to(self.device),
                    use_cache=False,
                    return_dict=True,
                ).logits[0]
            found += [branches[0] for branches in rows.log_probs(logits)]
        each = iter(found)
        return [[next(each) for _ in tree.branches] for tree in trees]


Reader = TreeReader | PlainReader


def reader_for(model: PreTrainedModel, share_prefix: bool = True) -> Reader:
    """The fastest reader that finds with `model` what the model itself finds.

    `InparsError` where it is no causal language model.
    """
    require_causal(model)
    plain = PlainReader(model)
    if not share_prefix:
        return plain
    if shares_prefix(model) and _same(TreeReader(model), plain):
        return TreeReader(model)
    say(f"likelihood: {type(model).__name__} reads without a shared prefix: its attention is not of the common kind")
    return plain


def _same(tree_reader: TreeReader, plain: PlainReader) -> bool:
    """Whether both read the same, tried on two short trees: not every model heeds the places that it is given."""
    vocabulary = plain.model.config.get_text_config().vocab_size
    ids = torch.randint(1, vocabulary, (40,), generator=torch.Generator().manual_seed(0)).tolist()
    trees = [Tree(ids[20:28], [ids[28:32], ids[32:35]]), Tree(ids[35:38], [ids[38:40]])]
    try:
        found, expected = (
            torch.tensor([value for tree in reader.read(tuple(ids[:18]), trees) for branch in tree for value in branch])
            for reader in (tree_reader, plain)
        )
    except (AttributeError, TypeError, ValueError, LookupError, RuntimeError, AssertionError):
        return False
    return agree(found, expected, plain.model)


class _Seen(Slots):
    """The prefix's keys and values; of what is read after it nothing is kept."""

    def __init__(self) -> None:
        super().__init__(0, 0)

    def read(self, mask: Tensor | None) -> None:
        """What the model reads next are rows after the prefix, masked as `Slots.mask` says."""
        self._recording, self.filling, self.mask = False, True, mask

    def record_prefix(self, tokens: tuple[int, ...]) -> None:
        """What the model writes next is the prefix."""
        super().record_prefix(tokens)
        self.mask = None

    def update(self, key: Tensor, value: Tensor, layer_idx: int, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
        """Keep what is the prefix's; gives what the layer's queries are to meet besides the prefix."""
        return super().update(key, value, layer_idx) if self._recording else (key, value)


class _Rows:
    """Trees as rows of one length, padded on the right, and where in them the branches' tokens are foretold."""

    def __init__(self, trees: Sequence[Tree]) -> None:
        longest = max(tree.tokens for tree in trees)
        self.ids, self.positions, self._branch = (torch.zeros(len(trees), longest, dtype=torch.long) for _ in range(3))
        self.real = torch.zeros(len(trees), longest, dtype=torch.bool)
        asked: list[int] = []
        self._at: list[int] = []
        self._tokens: list[int] = []
        self._lengths = [[len(branch) for branch in tree.branches] for tree in trees]
        for row, (trunk, branches) in enumerate(trees):
            ids, positions, branch_of = list(trunk), list(range(len(trunk))), [0] * len(trunk)
            # What follows the trunk is foretold at its end for all branches alike.
            end = len(asked)
            asked.append(row * longest + len(trunk) - 1)
            for number, branch in enumerate(branches, start=1):
                self._at += [end, *range(len(asked), len(asked) + len(branch) - 1)]
                self._tokens += branch
                asked += range(row * longest + len(ids), row * longest + len(ids) + len(branch) - 1)
                ids += branch[:-1]
                positions += range(len(trunk), len(trunk) + len(branch) - 1)
                branch_of += [number] * (len(branch) - 1)
            for store, values in ((self.ids, ids), (self.positions, positions), (self._branch, branch_of)):
                store[row, : len(ids)] = torch.tensor(values)
            self.real[row, : len(ids)] = True
        self.asked = torch.tensor(asked)

    def mask(self, device: torch.device, dtype: torch.dtype) -> Tensor:
        """0 where a token sees another, minus infinity elsewhere, (rows, 1, tokens, tokens)."""
        branch = self._branch.to(device)
        seen = (branch[:, None, :] == 0) | (branch[:, None, :] == branch[:, :, None])
        hidden = ~seen.tril_()[:, None]
        return torch.zeros(hidden.shape, device=device, dtype=dtype).masked_fill_(hidden, float("-inf"))

    def log_probs(self, logits: Tensor) -> LogProbs:
        """What `logits`, (places asked, vocabulary), say of the branches' tokens."""
        at, tokens = torch.tensor(self._at), torch.tensor(self._tokens)
        sums = torch.cat([part.float().logsumexp(-1) for part in logits.split(_LOGITS_AT_ONCE)])
        at = at.to(logits.device)
        found = iter((logits[at, tokens.to(logits.device)].float() - sums[at]).tolist())
        return [[[next(found) for _ in range(length)] for length in lengths] for lengths in self._lengths]


@contextlib.contextmanager
def _only_at(model: PreTrainedModel, places: Tensor) -> Iterator[None]:
    """Within it the model gives logits at `places` of its flattened rows alone: (1, places, vocabulary).

    A hook leaves to the model what it does around the product: casts, scaling, soft caps.
    """

    def pick(_: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor]:
        return (inputs[0].flatten(0, 1)[places][None],)

    with model.get_output_embeddings().register_forward_pre_hook(pick):
        yield
