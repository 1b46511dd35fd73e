"""When the next request may be sent: limits per minute, and a pause for everyone after a refusal."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

# What a refusal adds to the gap between two requests, in seconds: the first one, and the most.
_FIRST_GAP, _WIDEST_GAP = 0.002, 2.0


class Pace:
    """Spreads requests evenly over each minute, and slows down when the server refuses some.

    Evenly, because servers count by the second too, and a burst that fills the minute is refused.
    """

    def __init__(
        self, requests_per_minute: int = 0, tokens_per_minute: int = 0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.clock = clock
        self._request_seconds = 60 / requests_per_minute if requests_per_minute else 0.0
        self._token_seconds = 60 / tokens_per_minute if tokens_per_minute else 0.0
        self._lock = threading.Lock()
        self._next_request = self._next_token = self._resume = self._slowed = float("-inf")
        self._gap = 0.0

    @property
    def counts_tokens(self) -> bool:
        """Whether there is a limit on tokens, so that they need to be counted."""
        return self._token_seconds > 0

    def claim(self, tokens: int = 0) -> float:
        """0.0 where a request of `tokens` may go now, and is booked; else the seconds after which to ask again."""
        with self._lock:
            now = self.clock()
            wait = max(self._next_request, self._next_token, self._resume) - now
            # Less than this is rounding.
            if wait > 1e-6:
                return wait
            gap = max(self._gap, self._request_seconds)
            # Who woke up late does not hold up those behind, but idle time is not saved up for a burst.
            self._next_request = max(self._next_request, now - gap) + gap
            self._next_token = now + tokens * self._token_seconds
            return 0.0

    def settle(self, booked: int, used: int) -> None:
        """A request that was booked with `booked` tokens has used `used`."""
        with self._lock:
            self._next_token += (used - booked) * self._token_seconds

    def served(self) -> None:
        """A request was answered: the gap that refusals left shrinks."""
        with self._lock:
            self._gap = self._gap * 0.9 if self._gap > _FIRST_GAP / 2 else 0.0

    def refused(self, sent: float, wait: float) -> None:
        """The server said "too many" to a request sent at `sent`: nobody sends for `wait` seconds, then all slower."""
        with self._lock:
            now = self.clock()
            # Requests sent before the last slowing down say nothing about the pace since.
            if sent > self._slowed:
                self._slowed = now
                self._gap = min(max(2 * self._gap, _FIRST_GAP), _WIDEST_GAP)
            self._resume = max(self._resume, now + wait)
