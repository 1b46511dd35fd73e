"""Drop queries in another language than their document's, or than those that are wanted.

A query is short, and names of people and places look foreign in any language. So what drops it is
not that its language cannot be told, but that another one is clearly likelier. Latin is told apart
only where it is asked for: the terms of science come from it, and every thirtieth English sentence
about medicine was taken for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from inpars.data.records import SyntheticQuery
from inpars.errors import MissingDependency, OptionError
from inpars.filter.method import Context, Dropped, Outcome
from inpars.filter.options import LanguageOptions
from inpars.filter.sources import source_text

_READ = 1000
"""Characters that tell a document's language."""


def judge(queries: Sequence[SyntheticQuery], options: LanguageOptions, context: Context) -> list[Outcome]:
    """The reason to drop each query, or None; `scores["language"]` is the confidence in a wanted one, 0 to 1.

    Without `languages` the document's own is wanted; where that cannot be told, as of one without
    letters, the query is kept. `MissingDependency` where lingua is not installed.
    """
    detector = Detector(options)
    documents: dict[str, str] = {}
    languages: dict[str, Sequence[str]] = {}
    for query in queries:
        # What queries were cut out of is several texts in one language: the longest stands for them.
        known = documents.get(query.doc_id, "")
        documents[query.doc_id] = max(known, query.doc_text, key=lambda text: (len(text), text))

    def wanted(some: Sequence[SyntheticQuery]) -> list[Sequence[str]]:
        if options.languages:
            return [options.languages] * len(some)
        new = [query for query in {q.doc_id: q for q in some}.values() if query.doc_id not in languages]
        texts = [documents[query.doc_id] or source_text(query, context) for query in new]
        found = detector.languages([text[:_READ] for text in texts])
        languages.update(zip((query.doc_id for query in new), found, strict=True))
        return [languages[query.doc_id] for query in some]

    def ask(some: Sequence[SyntheticQuery]) -> list[Any]:
        confidences = detector.confidences([query.query for query in some])
        return [_measured(*pair) for pair in zip(confidences, wanted(some), strict=True)]

    values = context.each(queries, ask)
    return [_outcome(query, value, options) for query, value in zip(queries, values, strict=True)]


class Detector:
    """What tells languages apart, by their ISO 639-1 codes. It loads its n-gram models as it needs them."""

    def __init__(self, options: LanguageOptions) -> None:
        """`MissingDependency` where lingua is not installed, `OptionError` for languages that it cannot tell apart."""
        try:
            from lingua import IsoCode639_1, Language, LanguageDetectorBuilder
        except ImportError:
            raise MissingDependency("lingua-language-detector", "filters", "the filter method language") from None
        known, spoken = (
            {_code(language) for language in some} for some in (Language.all(), Language.all_spoken_ones())
        )
        chosen = {*options.among, *options.languages}
        if unknown := sorted(chosen - known):
            raise OptionError(
                f"unknown language {unknown[0]!r}", hint=f"ISO 639-1 codes that are known: {', '.join(sorted(known))}"
            )
        told_apart = sorted(chosen if options.among else spoken | chosen)
        if len(told_apart) < 2:
            raise OptionError("only one language to tell apart", hint="name another one in among, or none")
        if not set(told_apart) - set(options.languages or ()):
            raise OptionError(
                "every language that is told apart is wanted, so that no query would be dropped",
                hint="name in among others that can occur",
            )
        codes = [IsoCode639_1.from_str(code) for code in told_apart]
        self._lingua = LanguageDetectorBuilder.from_iso_codes_639_1(*codes).build()

    def confidences(self, texts: list[str]) -> list[dict[str, float]]:
        """For each text the confidence in every language; all 0 where nothing tells them apart."""
        found = self._lingua.compute_language_confidence_values_in_parallel(texts)
        return [{_code(value.language): value.value for value in values} for values in found]

    def languages(self, texts: list[str]) -> list[Sequence[str]]:
        """For each text the one language that it is in, or none where that cannot be told."""
        found = self._lingua.detect_languages_in_parallel_of(texts)
        return [() if language is None else (_code(language),) for language in found]


def _code(language: Any) -> str:
    code: str = language.iso_code_639_1.name.lower()
    return code


def _measured(confidence: dict[str, float], wanted: Sequence[str]) -> dict[str, Any] | None:
    """The likeliest of the wanted languages and of the others, each with its confidence; None without any wanted."""
    if not wanted:
        return None
    order = sorted(confidence, key=lambda language: (-confidence[language], language))
    best = next(language for language in order if language in wanted)
    other = next(language for language in order if language not in wanted)
    return {"wanted": best, "confidence": confidence[best], "other": other, "other_confidence": confidence[other]}


def _outcome(query: SyntheticQuery, value: dict[str, Any] | None, options: LanguageOptions) -> Outcome:
    if value is None:
        return None
    confidence, other = value["confidence"], value["other_confidence"]
    query.scores["language"] = confidence
    if other - confidence > options.margin:
        return Dropped(f"{value['other']} ({other:.2f}) is likelier than {value['wanted']} ({confidence:.2f})")
    if confidence < options.min_confidence:
        return Dropped(f"{value['wanted']} with confidence {confidence:.2f}, below {options.min_confidence:g}")
    return None
