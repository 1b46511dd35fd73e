"""Queries shown on screen: the likeliest for the model that wrote them, and the least likely."""

from inpars.data.queries import read_synthetic_queries
from inpars.filter.examples import Ends


def examples(path):
    ends = Ends()
    for query in read_synthetic_queries(path):
        ends.add(query)
    return ends.lines()


def row(number, mean, **more):
    return {
        "query_id": str(number),
        "query": f"query {number}",
        "doc_id": f"d{number}",
        "log_probs": [mean, mean],
        **more,
    }


def test_three_of_each_end_are_shown_with_their_documents(write_jsonl):
    path = write_jsonl([row(number, -float(number) / 10) for number in range(8)])
    likely, unlikely = examples(path)
    assert likely == "the likeliest for the model: 'query 0' (d0); 'query 1' (d1); 'query 2' (d2)"
    assert unlikely == "the least likely for the model: 'query 7' (d7); 'query 6' (d6); 'query 5' (d5)"


def test_without_log_probabilities_or_a_model_there_is_nothing_to_show(write_jsonl):
    rows = [row(n, -1.0) | {"log_probs": None} for n in range(5)] + [row(9, -1.0)]
    assert list(examples(write_jsonl(rows))) == []
    extracted = [row(n, -1.0, generator="extractive") for n in range(5)]
    assert list(examples(write_jsonl(extracted))) == []
