import pytest

from inpars.data.records import Document, SyntheticQuery, Triple, query_hash


@pytest.mark.parametrize(
    ("title", "text", "contents"),
    [
        ("Wings", "They lift.", "Wings They lift."),
        ("", "They lift.", "They lift."),
        ("Wings", "", "Wings"),
        ("", "", ""),
    ],
)
def test_search_and_prompts_use_title_and_text_without_a_stray_blank(title: str, text: str, contents: str) -> None:
    assert Document("d1", text, title).contents == contents


def test_the_id_of_a_synthetic_query_is_a_hash_of_what_it_is() -> None:
    one = SyntheticQuery("what is lift", "d1", generator="g", doc_text="a", log_probs=[-0.1], score=1.0)
    same = SyntheticQuery("what is lift", "d1", generator="g", doc_text="b")
    assert one.query_id == same.query_id == query_hash("what is lift", "d1", "g")
    assert len(one.query_id) == 16


def test_another_query_document_or_generator_gives_another_id() -> None:
    ids = {
        query_hash(*key)
        for key in [("q", "d", "g"), ("Q", "d", "g"), ("q", "D", "g"), ("q", "d", "G"), ("qd", "", "g")]
    }
    assert len(ids) == 5


def test_an_id_that_a_file_brings_is_kept() -> None:
    assert SyntheticQuery("q", "d1", query_id="mine").query_id == "mine"


def test_a_row_leaves_out_what_is_empty_and_keeps_a_score_of_zero() -> None:
    row = SyntheticQuery("q", "d1", score=0.0).to_row()
    assert row["score"] == 0.0
    assert not {"prompt_text", "fewshot_examples", "scores", "extra"} & set(row)


def test_a_full_row_reads_back() -> None:
    query = SyntheticQuery(
        "q", "007", "text", [-0.5, -1.0], "length", "prompt", ["e1"], "g", "", 1.5, {"copied": 0.2}, {"url": "x"}
    )
    row = query.to_row()
    assert row["url"] == "x"
    assert SyntheticQuery.from_row(row) == query


def test_null_fields_of_a_row_take_their_defaults() -> None:
    query = SyntheticQuery.from_row(
        {"query": "q", "doc_id": "d", "finish_reason": None, "scores": None, "log_probs": None}
    )
    assert (query.finish_reason, query.scores, query.log_probs) == ("stop", {}, None)


def test_a_triple_reads_back_from_its_row() -> None:
    triple = Triple("q1", "what", "d1", ["d2", "d3"], [2.0, 1.0])
    assert "positive_text" not in triple.to_row()
    assert Triple.from_row(triple.to_row()) == triple
    cut = Triple("q1", "what", "d1", ["d2"], positive_text="the rest")
    assert Triple.from_row(cut.to_row()) == cut
