"""The likelihood scorer: pairs in trees, read by a causal language model, and every score kept on disk."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
import orjson

from inpars.data.hashes import hash_of
from inpars.data.runs import Run
from inpars.errors import InparsError
from inpars.models.language.cache import AnswerCache, Database, cache_path
from inpars.models.language.kept import NOWHERE
from inpars.models.language.options import TransformersOptions
from inpars.models.language.transformers import TransformersModel
from inpars.models.language.transformers.reading import Reader, Tree
from inpars.models.precision import default_device
from inpars.models.scorers.likelihood.prompt import load_prompt
from inpars.models.scorers.likelihood.tokens import PromptTokens
from inpars.models.scorers.options import ScoringOptions
from inpars.models.scorers.pairs import batches
from inpars.progress import say

_WINDOW = 16384
"""Pairs whose texts are held at a time: enough that documents meet several queries and batches are even."""

_QUERIES_OF_A_TREE = 16
"""Always as many, so that after a kill what is left of a document's queries is divided as it was."""

# Another number where the same pair would be scored otherwise.
_VERSION = 1


class Pair(NamedTuple):
    """A query and a document, both as text."""

    query: str
    document: str


class Likelihood:
    """How likely a causal language model finds the query once it has read the document.

    The score is the mean, over the query's tokens, of the natural logarithm of the token's probability after a prompt
    with the document and the tokens before it, in fp32: query likelihood of UPR (Sachan et al. 2022, arXiv
    2204.07496). A query without words scores 0 with every document.

    Scores are kept in a file by model, prompt, lengths and both texts, batch by batch: a pair that was scored once is
    not scored again, and a run that was killed goes on in the same batches.
    """

    def __init__(self, model: str | Path, options: ScoringOptions) -> None:
        self._options = options
        device = options.device or default_device()
        self.model = TransformersModel.load(
            str(model),
            TransformersOptions(
                precision=options.precision, devices=(device,), trust_remote_code=options.trust_remote_code
            ),
        )
        self.model.check()
        limits = [limit for limit in (self.model.context_length, options.max_length) if limit]
        prompt = load_prompt(options.likelihood.prompt)
        longest = min(limits, default=None)
        self.tokens = PromptTokens(self.model.library_tokenizer, prompt, options.likelihood.max_doc_length, longest)
        self._lengths = [options.likelihood.max_doc_length, longest]
        self._prompt = prompt.fingerprint()
        self._engine: Reader | None = None

    @property
    def engine(self) -> Reader | None:
        """What reads; None before the first pairs are scored."""
        return self._engine

    def score(
        self, queries: Mapping[str, str], documents: Mapping[str, str], candidates: Mapping[str, Sequence[str]]
    ) -> Run:
        """Score each query's candidate documents; higher is better, at most 0."""
        run: Run = {query_id: {} for query_id in queries}
        pairs = ((query_id, doc_id) for query_id in queries for doc_id in candidates.get(query_id, ()))
        while window := list(islice(pairs, _WINDOW)):
            texts = {doc_id: documents[doc_id] for _, doc_id in window}
            asked = [Pair(queries[query_id], texts[doc_id]) for query_id, doc_id in window]
            scores = self._scores(asked)
            for (query_id, doc_id), pair in zip(window, asked, strict=True):
                run[query_id][doc_id] = scores[pair]
        return run

    def _scores(self, asked: Sequence[Pair]) -> dict[Pair, float]:
        keys = self._keys(asked)
        scores: dict[Pair, float] = {}
        for pair, key in keys.items():
            if self._cache is not None and (kept := self._cache.get(key)):
                scores[pair] = orjson.loads(kept[0])
        for found in self._computed([pair for pair in keys if pair not in scores]):
            # What is no number is told where it is used, and is asked again.
            good = [(keys[pair], orjson.dumps(score)) for pair, score in found.items() if math.isfinite(score)]
            if self._cache is not None and good:
                self._cache.put(good)
            scores |= found
        return scores

    def _computed(self, pairs: Sequence[Pair]) -> Iterator[dict[Pair, float]]:
        """The scores of pairs, batch by batch."""
        if not pairs:
            return
        if self._engine is None:
            self._engine = self.model.reader
            say(f"scoring with {self._engine.name} reading on {self._engine.device}")
        engine = self._engine
        trees = self._trees(pairs)
        lengths = [tree.tokens for tree, _ in trees]
        for places in batches(lengths, self._options.batch_tokens or engine.row_tokens):
            batch = [trees[place] for place in places]
            found: dict[Pair, float] = {}
            for (_, of_tree), branches in zip(
                batch, engine.read(self.tokens.prefix, [tree for tree, _ in batch]), strict=True
            ):
                for pair, log_probs in zip(of_tree, branches, strict=True):
                    found[pair] = float(np.mean(log_probs, dtype=np.float32))
            yield found
        if unasked := {pair: 0.0 for pair in pairs if not pair.query.strip()}:
            yield unasked

    def _trees(self, pairs: Sequence[Pair]) -> list[tuple[Tree, list[Pair]]]:
        """The pairs as trees, each with the pairs of its branches: a document and queries that it is read for."""
        queries, documents = (list(dict.fromkeys(texts)) for texts in zip(*pairs, strict=True))
        asked = dict(zip(queries, self.tokens.queries(queries), strict=True))
        read = dict(zip(documents, self.tokens.documents(documents), strict=True))
        # A query that is so long that it takes a part of the document's place has a trunk of its own.
        by_trunk: dict[tuple[str, int], list[Pair]] = {}
        for pair in pairs:
            if asked[pair.query]:
                room = min(len(read[pair.document]), self.tokens.room(asked[pair.query]))
                by_trunk.setdefault((pair.document, room), []).append(pair)
        trees = []
        for (document, room), of_trunk in by_trunk.items():
            trunk = self.tokens.trunk(read[document], room)
            for start in range(0, len(of_trunk), _QUERIES_OF_A_TREE):
                some = of_trunk[start : start + _QUERIES_OF_A_TREE]
                trees.append((Tree(trunk, [asked[pair.query] for pair in some]), some))
        return trees

    def _keys(self, pairs: Sequence[Pair]) -> dict[Pair, str]:
        """The hash of all that a pair's score depends on."""
        hashes = {text: hashlib.sha256(text.encode()).hexdigest() for text in {pair.document for pair in pairs}}
        return {pair: hash_of([self._identity, pair.query, hashes[pair.document]]) for pair in pairs}

    @cached_property
    def _identity(self) -> str:
        model = [self.model.fingerprint(), self.model.version]
        return hash_of(["likelihood", _VERSION, *model, self._prompt, *self._lengths])

    @cached_property
    def _cache(self) -> AnswerCache | None:
        given = self._options.likelihood.cache
        if given == NOWHERE:
            return None
        try:
            return AnswerCache(Database(cache_path(Path(given) if given else None), "likelihood"))
        except InparsError as error:
            if given:
                raise
            say(f"{error.message}: scores are not kept, and a kill loses those since the last unit")
            return None
