"""Every answer ever received, on disk: what a model was asked once it is not asked again."""

from __future__ import annotations

import sqlite3
import threading
import time
import weakref
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from inpars.data.places import cache_folder
from inpars.errors import InparsError

_TABLES = """
CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, content BLOB, batch INTEGER, received REAL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS batches (uuid TEXT PRIMARY KEY, id TEXT, intended REAL);
CREATE TABLE IF NOT EXISTS batched (key TEXT PRIMARY KEY, uuid TEXT, error TEXT) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS batched_uuid ON batched (uuid);
"""


class Database:
    """An SQLite file that threads and processes share; every write is on disk when the call returns."""

    def __init__(self, path: Path, backend: str = "openai") -> None:
        """`backend` is whose option `cache` names the file. `InparsError` where there can be no such file."""
        self.path = path
        self._other_file = f"name another file with --{backend}.cache"
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path, timeout=60, check_same_thread=False, isolation_level=None)
            weakref.finalize(self, self._connection.close)
            self._prepare()
        except (OSError, sqlite3.Error) as error:
            raise InparsError(f"cannot keep answers in {path}: {error}", hint=self._other_file) from None

    def read(self, statement: str, values: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        """The rows that a query gives. `InparsError` where the file is broken."""
        with self._lock:
            try:
                return self._connection.execute(statement, values).fetchall()
            except sqlite3.Error as error:
                raise InparsError(f"cannot read {self.path}: {error}", hint=self._other_file) from None

    def write(self, *statements: tuple[str, Iterable[tuple[object, ...]]]) -> None:
        """Run each statement for each of its tuples of values, all or nothing. `InparsError` where the disk fails."""
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                for statement, values in statements:
                    self._connection.executemany(statement, values)
                self._connection.execute("COMMIT")
            except sqlite3.Error as error:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise InparsError(f"cannot write to {self.path}: {error}", hint="is the disk full?") from None

    def _prepare(self) -> None:
        # The switch to WAL does not wait for other processes that switch too, as everything else does.
        for attempt in range(100):
            try:
                self._connection.execute("PRAGMA journal_mode=WAL")
                break
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or attempt == 99:
                    raise
                time.sleep(0.05)
        # A killed process loses nothing this way; only a machine that loses power may lose the last answers.
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.executescript(_TABLES)


class AnswerCache:
    """Answers by the key of their request, in whatever form they came."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, key: str) -> tuple[bytes, bool] | None:
        """The answer to the request `key`, as received, and whether the Batch API's price is still to be counted."""
        rows = self._database.read("SELECT content, batch FROM answers WHERE key = ?", (key,))
        return (zlib.decompress(rows[0][0]), bool(rows[0][1])) if rows else None

    def put(self, answers: Iterable[tuple[str, bytes]], *, batch: bool = False) -> None:
        """Keep answers; `batch` says that they came by the Batch API, at a price that is still to be counted."""
        now = time.time()
        rows = [(key, zlib.compress(content, 1), int(batch), now) for key, content in answers]
        self._database.write(("INSERT OR IGNORE INTO answers VALUES (?, ?, ?, ?)", rows))

    def forget(self, key: str) -> None:
        """Keep this answer no longer."""
        self._database.write(("DELETE FROM answers WHERE key = ?", [(key,)]))

    def settle(self, key: str) -> None:
        """The price of this answer has been counted."""
        self._database.write(("UPDATE answers SET batch = 0 WHERE key = ?", [(key,)]))


def cache_path(given: Path | None) -> Path:
    """The file of the cache: the one given, else in the folder of all our caches."""
    return given if given is not None else cache_folder() / "requests.sqlite"
