"""Options of the train stage."""

from __future__ import annotations

from pydantic import Field

from inpars.models.precision import Precision
from inpars.models.scorers.options import Family
from inpars.options import Options


class TrainConfig(Options):
    """Fine-tune a model on triples."""

    family: Family = Field("bi-encoder", description="Kind of model to train.")
    base_model: str = Field("all-MiniLM-L6-v2", description="Model to start from: a path or a hub id.")
    max_examples: int = Field(0, ge=0, description="Train on at most this many triples, drawn by seed; 0 means all.")
    epochs: float = Field(1.0, gt=0, description="Passes over the training triples.")
    max_steps: int = Field(0, ge=0, description="Stop after this many steps; 0 means after `epochs`.")
    batch_size: int = Field(64, ge=2, description="Triples in one step.")
    learning_rate: float = Field(5e-5, gt=0, description="Peak learning rate.")
    warmup: float = Field(
        0.1, ge=0, lt=1, description="Share of the steps in which the rate rises; it falls linearly after."
    )
    weight_decay: float = Field(0.01, ge=0, description="AdamW's weight decay.")
    dropout: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="Dropout while training. On a CPU drawing its masks costs more than the model itself.",
    )
    max_length: int = Field(128, ge=8, description="Tokens of a text that training reads.")
    base_shares: tuple[float, ...] = Field(
        (0.5,),
        min_length=1,
        description="Shares of the base in averages of base and trained weights to choose from.",
    )
    min_gain: float = Field(
        1.0, ge=0, description="Standard errors by which weights must beat the base on the held-out queries to be kept."
    )
    held_out_queries: int = Field(120, ge=10, description="Queries kept out of training to choose on.")
    held_out_depth: int = Field(20, ge=2, description="Documents reranked for each held-out query.")
    evaluations: int = Field(1, ge=1, description="Times the model is scored on the held-out queries while it trains.")
    language: str = Field("en", description="Language of the documents (ISO 639-1), for the held-out set's BM25.")
    precision: Precision = Field("auto", description="Number format of the matrix products.")
    device: str | None = Field(None, description="Where to train: cpu, cuda, cuda:1 …; by default the best there is.")
    seed: int = Field(1, description="Seed of the split, the order and the initial weights of new layers.")
