"""The `openai` backend: any endpoint that speaks OpenAI's API."""

from inpars.models.language.openai.model import OpenAIModel
from inpars.models.language.openai.prices import Price, price_of

__all__ = ["OpenAIModel", "Price", "price_of"]
