"""One hash for values, as `files.file_hash` is one for files."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson


def hash_of(value: Any) -> str:
    """SHA-256, in hexadecimal, of a value as JSON with sorted keys: equal for mappings that differ only in order."""
    return hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).hexdigest()
