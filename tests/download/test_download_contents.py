"""The look at a file that decides whether it may enter the cache."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from inpars.download.contents import Wrong, check_contents

QUERY = json.dumps({"question": "what is lift", "doc_id": 7, "log_probs": [-1.0]})
EXAMPLE = json.dumps({"query_id": "1", "doc_id": "d", "query": "what is lift", "document": "Wings lift." * 20_000})
LINE = "q1 Q0 d1 1 3.5 Anserini"


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("queries", f"{QUERY}\n{QUERY}\n"),
        ("queries", QUERY),
        ("queries", f"\ufeff{QUERY}\r\n{QUERY}\r\n\n\n"),
        ("queries", f'{QUERY}\n{{"query": "x", "doc_id": "1", "log_probs": [NaN]}}\n'),
        ("fewshot", f"{EXAMPLE}\n{EXAMPLE}\n{EXAMPLE}"),
        ("runs", f"{LINE}\n{LINE}\n"),
        ("runs", f"{LINE}\n{LINE}"),
        ("runs", "q1\tQ0\td1\t1\t3.5\tx\n"),
    ],
)
def test_whole_files_pass(tmp_path: Path, kind: str, text: str) -> None:
    (tmp_path / "file").write_text(text, encoding="utf-8", newline="")
    check_contents(kind, tmp_path / "file")


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        ("queries", "", "what came is empty"),
        ("queries", "\n\n", "what came is empty"),
        ("queries", "<html><body>404 Not Found", "a web page, not a file: .*404 Not Found"),
        ("queries", "\ufeff\n <?xml version='1.0'?><Error><Code>NoSuchKey", "a web page, not a file: .*NoSuchKey"),
        ("queries", '{"error": "no such file"}\n', "its first line is without 'query' or 'question'"),
        ("queries", '{"query": "x"}\n', "its first line is without 'doc_id'"),
        ("queries", f"{QUERY}\n{QUERY[:-5]}", "its last line is not the queries expected: '.*what is lift"),
        ("queries", f"{QUERY}\n[1]\n", "its last line is not the queries expected"),
        ("queries", "version https://git-lfs.github.com/spec/v1\n", "its first line is not the queries expected"),
        ("fewshot", f"{EXAMPLE}\n{EXAMPLE[:-10]}", "its last line is not the fewshot expected"),
        ("fewshot", f"{QUERY}\n", "without 'query'"),
        ("runs", f"{LINE}\nq1 Q0 d2", "its last line is of 3 columns instead of 6"),
        ("runs", f"{LINE}\nq1 Q0 d2 2 2.5 Anser", "its last line is cut"),
        ("runs", "q1 Q0 d1 1 high Anserini\n", "its first line is without a number as score"),
        ("runs", '{"a": 1}\n', "its first line is of 2 columns"),
    ],
)
def test_what_is_cut_or_something_else_is_refused(tmp_path: Path, kind: str, text: str, message: str) -> None:
    (tmp_path / "file").write_text(text, encoding="utf-8")
    with pytest.raises(Wrong, match=message) as raised:
        check_contents(kind, tmp_path / "file")
    assert len(str(raised.value)) < 500
