"""Versions of installed libraries."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import metadata


def versions_of(libraries: Iterable[str]) -> dict[str, str]:
    """The version of each library that is installed; those that are not are left out."""
    found = {}
    for library in libraries:
        try:
            found[library] = metadata.version(library)
        except metadata.PackageNotFoundError:
            continue
    return found
