"""Files of questions as InPars v1 has them: appended to, and their rows."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson

from inpars.data.files import read_jsonl
from inpars.data.lock import check_locks
from inpars.data.records import SyntheticQuery
from inpars.errors import InputError, system_error
from inpars.progress import say

_MORE = ("bad_question", "doc_log_probs")


def to_v1(query: SyntheticQuery) -> dict[str, Any]:
    """A row with v1's fields: `doc_id, doc_text, question, log_probs` and, where known, `bad_question, doc_log_probs`.

    One that was scored has its `score` and, so that it can be followed, its `query_id` besides.
    Without log-probabilities `log_probs` is empty, since v1 takes its length.
    """
    row: dict[str, Any] = {
        "doc_id": query.doc_id,
        "doc_text": query.doc_text,
        "question": query.query,
        "log_probs": query.log_probs or [],
    }
    row |= {name: query.extra[name] for name in _MORE if name in query.extra}
    return row if query.score is None else row | {"score": query.score, "query_id": query.query_id}


def append(path: Path, rows: Iterable[dict[str, Any]]) -> int:
    """Write `rows` to the end of a JSONL file, on the disk before this returns; returns how many.

    `InparsError` where the disk fails; a row that is not whole is cut off by `doc_ids`.
    """
    lines = [orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows]
    if lines:
        check_locks()
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with path.open("ab") as stream:
                stream.write(b"".join(lines))
        except OSError as error:
            raise system_error(error, path) from None
    return len(lines)


def doc_ids(path: Path) -> set[str]:
    """The ids of the documents that a file has rows for; none where there is no file.

    A line that a kill has left unfinished at the end is cut off first: its document has no row yet.
    """
    if not path.is_file():
        return set()
    _mend(path)
    found = set()
    for number, row in read_jsonl(path):
        if "doc_id" not in row:
            raise InputError(path, line=number, expected="the field 'doc_id'", found=", ".join(map(repr, row)))
        found.add(str(row["doc_id"]))
    return found


def _mend(path: Path) -> None:
    with path.open("rb+") as stream:
        # Backwards over the last line alone, whatever the size of the file.
        end = stream.seek(0, 2)
        tail, start = b"", end
        while start and b"\n" not in tail:
            start = max(0, start - (1 << 16))
            stream.seek(start)
            tail = stream.read(end - start)
        unfinished = tail[tail.rfind(b"\n") + 1 :]
        if not unfinished.strip():
            return
        try:
            orjson.loads(unfinished)
        except orjson.JSONDecodeError:
            stream.truncate(end - len(unfinished))
            say(f"v1: the last line of {path} was unfinished; its document is asked for again")
        else:
            stream.seek(end)
            stream.write(b"\n")
