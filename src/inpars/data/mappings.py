"""Parse YAML mappings with clear errors."""

from __future__ import annotations

from typing import Any

import yaml

from inpars.errors import OptionError


def parse_mapping(text: str, where: str, *, expected: str, hint: str = "") -> dict[str, Any]:
    """The mapping in a YAML text. `OptionError`, which begins with `where`, for what is no YAML or no mapping."""
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise OptionError(f"{where} is not YAML: {' '.join(str(error).split())}", hint=hint) from None
    if not isinstance(value, dict):
        raise OptionError(f"{where}: expected {expected}; found {type(value).__name__}", hint=hint)
    return value
