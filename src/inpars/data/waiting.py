"""How long a server asks to be left alone."""

from __future__ import annotations

import email.utils
import time
from collections.abc import Mapping


def retry_after(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """The seconds that a server asks to wait, from `retry-after-ms` or `Retry-After` (seconds, or a date).

    None where it asks for none, or in words that are neither; a date that has passed is 0. The case of the headers'
    names does not matter. `now` stands for the time of day, in seconds since the epoch.
    """
    found = {name.lower(): value for name, value in headers.items()}
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            return max(0.0, float(found.get(name) or "") / unit)
        except ValueError:
            continue
    date = email.utils.parsedate_tz(found.get("retry-after") or "")
    if date is None:
        return None
    then: float = email.utils.mktime_tz(date)
    return max(0.0, then - (time.time() if now is None else now))
