from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("lingua")

from inpars.cli import main
from inpars.data.queries import read_queries, read_synthetic_queries
from inpars.data.records import SyntheticQuery
from inpars.errors import InparsError, OptionError
from inpars.filter.language import judge
from inpars.filter.method import Context
from inpars.filter.options import LanguageOptions

# Few, so that their models load fast.
AMONG = ("de", "en", "ja", "pt")
ENGLISH = "The wing of an aircraft gives it lift, which rises with the angle of attack until the flow separates."
GERMAN = "Der Flügel eines Flugzeugs gibt ihm Auftrieb, der mit dem Anstellwinkel wächst, bis die Strömung abreißt."

Reasons = Callable[..., list[str | None]]


def query(text: str, document: str = "") -> SyntheticQuery:
    return SyntheticQuery(text, f"d{document[:3]}", document)


def test_a_query_in_another_language_than_its_document_is_dropped(reasons: Reasons) -> None:
    queries = [
        query("when does the flow separate", ENGLISH),
        query("wann reißt die Strömung ab", ENGLISH),
        query("wann reißt die Strömung ab", GERMAN),
        query("when does the flow separate", GERMAN),
    ]
    found = reasons(judge, queries, LanguageOptions(among=AMONG))
    assert [reason and reason[:2] for reason in found] == [None, "de", None, "en"]
    assert "is likelier than en" in str(found[1])


@pytest.mark.parametrize(("language", "kept"), [("de", [True, False]), ("en", [False, True])])
def test_wanted_languages_are_the_same_for_every_document(language: str, kept: list[bool], reasons: Reasons) -> None:
    queries = [query("wann reißt die Strömung ab", ENGLISH), query("when does the flow separate", GERMAN)]
    found = reasons(judge, queries, LanguageOptions(among=AMONG, languages=(language,)))
    assert [reason is None for reason in found] == kept


def test_several_languages_may_be_wanted(context: Context) -> None:
    queries = [query("wann reißt die Strömung ab"), query("quando o fluxo se separa da asa")]
    outcomes = judge(queries, LanguageOptions(among=AMONG, languages=("de", "en")), context)
    assert [outcome is None for outcome in outcomes] == [True, False]


def test_the_score_is_the_confidence_in_the_wanted_language_and_no_quality(context: Context) -> None:
    one = query("when does the flow separate from the wing", ENGLISH)
    one.score = -1.5
    judge([one], LanguageOptions(among=AMONG), context)
    assert 0.9 < one.scores["language"] <= 1
    assert one.score == -1.5


def test_names_and_queries_without_letters_are_kept_unless_confidence_is_asked_for(
    context: Context, tmp_path: Path
) -> None:
    queries = [query("2.5 / 1937 ?", ENGLISH), query("NASA X-15", ENGLISH)]
    assert judge(queries, LanguageOptions(among=AMONG, margin=0.9), context) == [None, None]
    strict = judge(queries, LanguageOptions(among=AMONG, margin=0.9, min_confidence=0.99), Context(tmp_path, "l"))
    assert [outcome is None for outcome in strict] == [False, False]


def test_the_query_of_a_document_without_letters_is_kept(reasons: Reasons) -> None:
    assert reasons(judge, [query("wann reißt die Strömung ab", "1 2 3")], LanguageOptions(among=AMONG)) == [None]


def test_terms_of_science_are_taken_for_latin_only_where_latin_is_asked_for(context: Context, tmp_path: Path) -> None:
    text = "The effect of N-acetylcysteine in the nucleus accumbens on neurotransmission and relapse to cocaine."
    assert judge([query(text, ENGLISH)], LanguageOptions(), context) == [None]
    latin = LanguageOptions(among=("en", "la"))
    (dropped,) = judge([query(text, ENGLISH)], latin, Context(tmp_path / "latin", "language"))
    assert "la (" in str(dropped)
    ovid = query("In nova fert animus mutatas dicere formas corpora", ENGLISH)
    assert judge([ovid], LanguageOptions(languages=("la",)), Context(tmp_path / "wanted", "language")) == [None]


def test_the_longest_text_of_a_document_says_in_which_language_it_is(context: Context) -> None:
    rest = SyntheticQuery("when does the flow separate", "d", "NASA Berlin-Tempelhof: Der Flügel, die Flügel")
    whole = SyntheticQuery("when does the flow separate from the wing", "d", f"{rest.doc_text} {ENGLISH} {ENGLISH}")
    for queries in ([rest, whole], [whole, rest]):
        outcomes = judge(queries, LanguageOptions(among=AMONG), Context(context.folder / queries[0].query_id, "l"))
        assert outcomes == [None, None]


def test_a_row_without_its_document_needs_the_corpus(context: Context) -> None:
    with pytest.raises(InparsError, match="no corpus was given"):
        judge([query("wann reißt die Strömung ab")], LanguageOptions(among=AMONG), context)


@pytest.mark.parametrize("options", [{"languages": ("xx",)}, {"among": ("en", "english")}])
def test_an_unknown_language_is_refused_with_those_that_are_known(options: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(OptionError, match="unknown language") as error:
        judge([], LanguageOptions.model_validate(options), Context(Path("unused"), "language"))
    assert "af, ar" in error.value.hint


def test_where_every_language_is_wanted_there_is_none_to_tell_a_query_by(context: Context) -> None:
    with pytest.raises(OptionError, match="every language that is told apart is wanted") as error:
        judge([query("der Flügel")], LanguageOptions(languages=("de", "en"), among=("de", "en")), context)
    assert "among" in error.value.hint


def test_one_language_alone_cannot_be_told_apart(context: Context) -> None:
    with pytest.raises(OptionError, match="only one language"):
        judge([], LanguageOptions(among=("en",), languages=("en",)), context)


@pytest.mark.parametrize(
    ("name", "language"), [("xquad-en", "en"), ("xquad-de", "de"), ("faquad-pt", "pt"), ("jaquad-dev-ja", "ja")]
)
def test_people_s_questions_are_hardly_ever_taken_for_another_language(
    name: str, language: str, collection: Callable[[str], Path], context: Context
) -> None:
    queries = [query(one.text) for one in read_queries(collection(name) / "queries.jsonl")[:500]]
    own = judge(queries, LanguageOptions(among=AMONG, languages=(language,)), context)
    assert sum(outcome is not None for outcome in own) <= 0.015 * len(queries)
    other = "de" if language == "en" else "en"
    others = LanguageOptions(among=AMONG, languages=(other,))
    foreign = judge(queries, others, Context(context.folder / "other", "language"))
    assert sum(outcome is not None for outcome in foreign) >= 0.97 * len(queries)


def test_the_command_reads_documents_that_rows_do_not_hold_from_the_corpus(
    write_jsonl: Callable[..., Path], tmp_path: Path
) -> None:
    corpus = write_jsonl([{"_id": "de", "text": GERMAN}, {"_id": "en", "text": ENGLISH}], "corpus.jsonl")
    rows = [{"query": "when does the flow separate", "doc_id": doc_id} for doc_id in ("de", "en")]
    output = tmp_path / "kept.jsonl"
    command = ["filter", str(write_jsonl(rows)), "--output", str(output), "--methods", "language"]
    with pytest.raises(SystemExit) as stopped:
        main(command)
    assert stopped.value.code == 2
    main([*command, "--corpus", str(corpus), "--language.among", "de", "--language.among", "en"])
    assert [query.doc_id for query in read_synthetic_queries(output)] == ["en"]
