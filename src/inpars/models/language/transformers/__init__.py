"""Any causal language model of transformers, on this machine's processor or GPUs."""

from __future__ import annotations

from inpars.models.language.transformers.model import TransformersModel

__all__ = ["TransformersModel"]
