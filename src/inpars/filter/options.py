"""Options of each filter method."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, model_validator

from inpars.data.languages import AUTO, in_language_of
from inpars.errors import OptionError, unknown_name
from inpars.filter.method import MethodOptions, Reads
from inpars.models.judges.options import JudgingOptions
from inpars.models.locate import model_fingerprint
from inpars.models.precision import Precision
from inpars.models.scorers.options import LoadingOptions, RetrieverPromptOptions, ScoringOptions
from inpars.options import added, how
from inpars.retrieve.options import LANGUAGE, RetrievalOptions

if TYPE_CHECKING:
    from inpars.data.corpora import Corpus

Scoring = Literal["mean_log_probs", "sum_log_probs", "mean_probs"]


def _on_one_line(value: object) -> object:
    # YAML reads a bare `name: statement` as a mapping.
    if isinstance(value, Mapping) and len(value) == 1:
        name, statement = next(iter(value.items()))
        return f"{name}: {statement}"
    return value


Criterion = Annotated[str, BeforeValidator(_on_one_line)]


class LengthOptions(MethodOptions):
    """Options of `length`."""

    needs_log_probs: ClassVar[bool] = True

    min_words: int = Field(3, ge=0, description="Fewest words a query may have.")
    max_words: int = Field(100, ge=1, description="Most words a query may have.")
    min_tokens: int = Field(0, ge=0, description="Fewest tokens, of queries whose log-probabilities are known.")
    max_tokens: int = Field(0, ge=0, description="Most tokens of them; 0 for no limit.")


class CopiedOptions(MethodOptions):
    """Options of `copied`."""

    # For rows that do not hold their document themselves.
    needs_corpus: ClassVar[bool] = True

    min_words: int = Field(4, ge=1, description="Queries shorter than this are never taken for copies.")
    max_share: float | None = Field(
        None, ge=0, lt=1, description="Also drop queries of whose n-grams a larger share stands in the document."
    )
    ngram: int = Field(3, ge=1, description="Words in an n-gram.")

    def identity(self) -> dict[str, Any]:
        """The options that the outcomes depend on: without a share, n-grams play no part."""
        unread = ("ngram",) if self.max_share is None else ()
        return {name: value for name, value in super().identity().items() if name not in unread}

    @property
    def reads(self) -> Reads:
        """Those that stand in no row."""
        return "of rows without text"


class EchoOptions(MethodOptions):
    """Options of `echo`."""

    needs_prompt: ClassVar[bool] = True

    max_share: float = Field(
        0.5, gt=0, le=1, description="Drop queries of whose words this share, or more, stands in the prompt alone."
    )


class LoopOptions(MethodOptions):
    """Options of `loop`."""

    repeated: int = Field(8, ge=2, description="Words in a row that say again what stood just before.")
    max_share: float = Field(
        0.5, gt=0, le=1, description="Or, of 20 words and more, the share of three-word runs that stood there before."
    )


class UnfinishedOptions(MethodOptions):
    """Options of `unfinished`."""

    min_words: int = Field(
        8, ge=1, description="Shorter queries count as finished, though their answer was cut off after them."
    )


class DuplicatesOptions(MethodOptions, LoadingOptions):
    """Options of `duplicates`: what makes two queries near each other, besides being equal."""

    kind: Literal["exact", "words", "minhash", "embeddings"] = Field(
        "words", description="Equal ones only; by words in common, all pairs or nearly all by MinHash; by meaning."
    )
    similarity: float | None = Field(
        None,
        gt=0,
        le=1,
        description="From where on queries are near: Jaccard of words (by default 0.8), cosine of embeddings (0.95).",
    )
    shingle: int = Field(1, ge=1, description="Words in a row that are compared as one.")
    permutations: int = Field(128, ge=16, description="Length of a MinHash signature: more of it misses fewer pairs.")
    # Which model it is shows in the fingerprint, so that it may lie anywhere.
    model: str = how("", description="Bi-encoder whose embeddings are compared: a folder or a hub id.")
    query_prompt: str | None = added(
        None, description="What the bi-encoder reads before each query; by default as its files say."
    )
    precision: Precision = Field("auto", description="Number format of the bi-encoder's matrix products.")
    device: str | None = how(None, description="Where to embed: cpu, cuda, cuda:1 …; by default the best there is.")

    @model_validator(mode="after")
    def _has_a_model(self) -> DuplicatesOptions:
        if self.kind == "embeddings" and not self.model:
            raise OptionError(
                "duplicates by embeddings need a bi-encoder",
                hint="give one with --duplicates.model, for example all-MiniLM-L6-v2",
            )
        if self.kind != "embeddings" and self.query_prompt is not None:
            raise OptionError(f"a query_prompt plays no part in duplicates by {self.kind}")
        return self

    @property
    def threshold(self) -> float:
        """The similarity, or the kind's own where none is given."""
        return self.similarity or (0.95 if self.kind == "embeddings" else 0.8)

    def identity(self) -> dict[str, Any]:
        """The options that the outcomes depend on: those of the kind."""
        read = {
            "exact": (),
            "words": ("shingle",),
            "minhash": ("shingle", "permutations"),
            "embeddings": ("precision", "query_prompt"),
        }
        values = super().identity()
        similarity = {} if self.kind == "exact" else {"similarity": self.threshold}
        return {"kind": self.kind, **similarity, **{name: values[name] for name in read[self.kind] if name in values}}

    def inputs(self) -> dict[str, str]:
        """The model's fingerprint, where one is asked."""
        return {"model": model_fingerprint(self.model)} if self.kind == "embeddings" else {}


class LanguageOptions(MethodOptions):
    """Options of `language`."""

    # For rows that do not hold their document themselves.
    needs_corpus: ClassVar[bool] = True

    languages: tuple[str, ...] = Field(
        (), description="Languages that queries may be in (ISO 639-1); by default their document's."
    )
    among: tuple[str, ...] = Field(
        (), description="Languages that are told apart, if it is known which can occur; by default all but Latin."
    )
    margin: float = Field(
        0.2, ge=0, le=1, description="Drop queries for which another language is likelier by more than this."
    )
    min_confidence: float = Field(
        0.0, ge=0, le=1, description="Drop queries in whose language there is less confidence than this."
    )

    @property
    def reads(self) -> Reads:
        """Those that stand in no row, to see which language they are in."""
        return "none" if self.languages else "of rows without text"


class SelectionOptions(MethodOptions):
    """Which of the scored queries a method keeps; by default all."""

    keep_top_k: float | None = Field(
        None, gt=0, description="How many of the best-scored queries to keep: a number, or below 1 a share of them."
    )
    min_score: float | None = Field(None, description="Drop queries that score lower.")
    max_score: float | None = Field(None, description="Drop queries that score higher.")
    min_percentile: float | None = Field(
        None, ge=0, le=100, description="Drop queries that score below this percentile of the scores."
    )
    max_percentile: float | None = Field(
        None, ge=0, le=100, description="Drop queries that score above this percentile: the easiest ones."
    )
    max_per_document: int = Field(
        0, ge=0, description="Most queries to keep of one document, the best-scored; 0 for no limit."
    )

    @model_validator(mode="after")
    def _can_keep_something(self) -> SelectionOptions:
        if self.keep_top_k is not None and self.keep_top_k >= 1 and not self.keep_top_k.is_integer():
            raise OptionError(f"keep_top_k is a whole number, or a share below 1; found {self.keep_top_k:g}")
        for what in ("score", "percentile"):
            least, most = getattr(self, f"min_{what}"), getattr(self, f"max_{what}")
            if least is not None and most is not None and least > most:
                raise OptionError(f"min_{what} {least:g} is above max_{what} {most:g}: nothing would be kept")
        return self


class ScoresOptions(SelectionOptions):
    """Options of `scores`."""

    needs_log_probs: ClassVar[bool] = True

    scoring: Scoring = Field("mean_log_probs", description="How a query's token log-probabilities become its score.")


class TopKOptions(SelectionOptions):
    """Options of `top_k`."""

    keep_top_k: float | None = Field(
        10_000, gt=0, description="How many of the best-scored queries to keep: a number, or below 1 a share of them."
    )


class RerankerOptions(SelectionOptions, ScoringOptions):
    """Options of `reranker`: which model scores the queries, and which of them it keeps."""

    # For rows that do not hold their document themselves.
    needs_corpus: ClassVar[bool] = True

    # Which model it is shows in the fingerprint, so that it may lie anywhere.
    model: str = how(
        "castorini/monot5-3b-msmarco-10k", description="Model of any family that scores: a folder or a hub id."
    )
    keep_top_k: float | None = Field(
        10_000, gt=0, description="How many of the best-scored queries to keep: a number, or below 1 a share of them."
    )

    def inputs(self) -> dict[str, str]:
        """The model's fingerprint."""
        return {"model": model_fingerprint(self.model)}

    @property
    def reads(self) -> Reads:
        """Those that stand in no row."""
        return "of rows without text"


class ConsistencyOptions(MethodOptions, ScoringOptions, RetrieverPromptOptions):
    """Options of `consistency`: which search must find a query's document again, and how well."""

    needs_corpus: ClassVar[bool] = True

    # Which models they are shows in the fingerprints, so that files may lie anywhere.
    retriever: str = how("bm25", description="What searches: bm25, or a bi-encoder, as a folder or a hub id.")
    reranker: str = how(
        "", description="Model that ranks the retriever's best anew; without one the retriever's rank counts."
    )
    top_k: int = Field(1, ge=1, description="The document must be among this many; Promptagator 1, InPars-light 3.")
    depth: int = Field(100, ge=1, description="Documents retrieved for each query, and reranked.")
    language: str = Field(AUTO, description=LANGUAGE)
    k1: float = Field(0.9, ge=0, description="BM25's k1.")
    b: float = Field(0.4, ge=0, le=1, description="BM25's b.")
    index: Path | None = how(None, description="Folder that keeps the index for later commands; by default it goes.")

    @model_validator(mode="after")
    def _has_readers_of_prompts(self) -> ConsistencyOptions:
        if self.of_retriever().gives_prompts and self.retriever == "bm25":
            raise OptionError("retriever_query_prompt and retriever_passage_prompt play no part in a search by bm25")
        if self.gives_prompts and not self.reranker:
            raise OptionError(
                "query_prompt and passage_prompt are the reranker's, and there is none",
                hint="the retriever's are retriever_query_prompt and retriever_passage_prompt",
            )
        return self

    def identity(self) -> dict[str, Any]:
        """The options that the outcomes depend on: those that the chosen search reads."""
        values = super().identity()
        dense = self.retriever != "bm25"
        unread = ["language", "k1", "b"] if dense else []
        if not self.reranker:
            unread += ["family", "scheme", "instruction"] + ([] if dense else ["precision"])
        return {name: value for name, value in values.items() if name not in unread}

    def for_corpus(self, corpus: Corpus) -> ConsistencyOptions:
        """The options with the language of `corpus`, where BM25 is to recognise it."""
        return in_language_of(corpus, self) if self.retriever == "bm25" else self

    def inputs(self) -> dict[str, str]:
        """Fingerprints of the models."""
        models = {"retriever": self.retriever if self.retriever != "bm25" else "", "reranker": self.reranker}
        return {name: model_fingerprint(model) for name, model in models.items() if model}

    def retrieval(self) -> RetrievalOptions:
        """The options of the retriever."""
        dense = self.retriever != "bm25"
        names = ("language", "k1", "b", "index")
        return RetrievalOptions(
            first_stage="dense" if dense else "bm25",
            retriever=self.retriever if dense else None,
            **{name: getattr(self, name) for name in names},
        )

    def encoding(self) -> ScoringOptions:
        """How a dense retriever encodes: as the reranker scores, as far as that goes for both."""
        # int8 is for a reranker's engine; a bi-encoder has none.
        precision = "auto" if self.precision == "int8" else self.precision
        return ScoringOptions(
            family="bi-encoder",
            precision=precision,
            batch_tokens=self.batch_tokens,
            device=self.device,
            trust_remote_code=self.trust_remote_code,
            **self.of_retriever().model_dump(),
        )

    @property
    def reads(self) -> Reads:
        """All of them: each is to be found again."""
        return "all"


class JudgeOptions(MethodOptions, JudgingOptions):
    """Options of `judge`: what a language model is asked about each query, and which answers keep it."""

    # For rows that do not hold their document themselves.
    needs_corpus: ClassVar[bool] = True
    asks_language_model: ClassVar[bool] = True

    mode: Literal["criteria", "grade"] = Field(
        "criteria", description="Ask yes or no to each criterion, or one grade of the document for the query, 0 to 3."
    )
    criteria: tuple[Criterion, ...] = Field(
        ("answerable", "specific", "standalone", "natural"),
        description="Criteria by name, or one's own as 'name: statement'.",
    )
    required: tuple[str, ...] = Field((), description="Names of criteria that must hold; by default all.")
    min_grade: int = Field(2, ge=0, le=3, description="Drop queries whose document has a lower grade.")

    @model_validator(mode="after")
    def _requires_what_it_asks(self) -> JudgeOptions:
        asked = [criterion.partition(":")[0].strip() for criterion in self.criteria]
        for name in self.required:
            if name not in asked:
                raise unknown_name("required criterion", name, asked)
        return self

    def identity(self) -> dict[str, Any]:
        """The options that the outcomes depend on: those of the mode."""
        unread = ("criteria", "required") if self.mode == "grade" else ("min_grade",)
        return {name: value for name, value in super().identity().items() if name not in unread}

    def inputs(self) -> dict[str, str]:
        """Fingerprints of the prompt and of the model, if one is named."""
        return self.fingerprints(self.mode)

    @property
    def reads(self) -> Reads:
        """Those that stand in no row."""
        return "of rows without text"
