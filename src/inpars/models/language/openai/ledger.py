"""Which batches were handed over, and what lies in each: the side of the cache that remembers what is not answered."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

from inpars.models.language.cache import Database


@dataclass(frozen=True, slots=True)
class Handed:
    """A batch: `id` is the server's, empty until it is known that the server has it."""

    uuid: str
    id: str
    intended: float


class Ledger:
    """Batches by our own uuid, and by request key the batch it lies in or the error that it ended in."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def intend(self, uuid: str, keys: Iterable[str]) -> None:
        """Write down that a batch of these requests is about to be handed over."""
        self._database.write(
            ("INSERT INTO batches VALUES (?, '', ?)", [(uuid, time.time())]),
            ("INSERT OR REPLACE INTO batched VALUES (?, ?, NULL)", ((key, uuid) for key in keys)),
        )

    def record(self, uuid: str, batch_id: str) -> None:
        """The server has the batch, as `batch_id`."""
        self._database.write(("UPDATE batches SET id = ? WHERE uuid = ?", [(batch_id, uuid)]))

    def close(self, uuid: str) -> None:
        """The batch is over: what is not answered in it waits no longer. Errors stay until they are told."""
        self._database.write(
            ("DELETE FROM batched WHERE uuid = ? AND error IS NULL", [(uuid,)]),
            ("DELETE FROM batches WHERE uuid = ?", [(uuid,)]),
        )

    def fail(self, errors: Iterable[tuple[str, str]]) -> None:
        """Keep `(key, error)` of requests that the server has refused."""
        self._database.write(("UPDATE batched SET error = ? WHERE key = ?", [(e, key) for key, e in errors]))

    def batch(self, key: str) -> Handed | None:
        """The batch in which the request `key` waits."""
        rows = self._database.read(
            "SELECT b.uuid, b.id, b.intended FROM batches b JOIN batched r USING (uuid)"
            " WHERE r.key = ? AND r.error IS NULL",
            (key,),
        )
        return Handed(*rows[0]) if rows else None

    def error(self, key: str) -> str:
        """The error that the request `key` ended in, or nothing."""
        rows = self._database.read("SELECT error FROM batched WHERE key = ? AND error IS NOT NULL", (key,))
        return str(rows[0][0]) if rows else ""

    def forget(self, key: str) -> None:
        """The error has been told; the request may be sent again."""
        self._database.write(("DELETE FROM batched WHERE key = ?", [(key,)]))
