"""Inputs end to end without padding, through matrices laid out for this processor, a batch a core."""

from inpars.models.engines.ragged.engine import Ragged

__all__ = ["Ragged"]
