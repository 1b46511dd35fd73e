"""Cross-encoders: each query with its document and with its negatives, as a yes-or-no question."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from inpars.models.precision import default_device
from inpars.models.scorers.cross_encoder import CrossEncoder
from inpars.models.scorers.options import ScoringOptions
from inpars.train.config import TrainConfig
from inpars.train.examples import Example
from inpars.train.families.arguments import arguments, prepare


class CrossEncoderTrainee:
    """A sentence-transformers cross-encoder with one output, trained with `BinaryCrossEntropyLoss`."""

    def __init__(self, model: str, config: TrainConfig) -> None:
        from sentence_transformers import CrossEncoder as Model

        self.config = config
        self.model = Model(model, num_labels=1, max_length=config.max_length, device=config.device or default_device())
        prepare(self.model, config)

    def scorer(self) -> CrossEncoder:
        """A scorer over the weights as they stand."""
        return CrossEncoder.over(self.model, ScoringOptions(precision=self.config.precision))

    def trainer(self, examples: list[Example], folder: Path, steps: int) -> Any:
        """A trainer over rows `query, passage, label`; a batch holds as many rows as its triples have passages."""
        from datasets import Dataset
        from sentence_transformers import CrossEncoderTrainer, CrossEncoderTrainingArguments
        from sentence_transformers.cross_encoder.losses import BinaryCrossEntropyLoss

        rows: dict[str, list[Any]] = {"query": [], "passage": [], "label": []}
        for example in examples:
            for passage in (example.positive, *example.negatives):
                rows["query"].append(example.query)
                rows["passage"].append(passage)
                rows["label"].append(float(passage == example.positive))
        passages = 1 + len(examples[0].negatives)
        chosen = arguments(self.config, folder, steps)
        chosen["per_device_train_batch_size"] *= passages
        return CrossEncoderTrainer(
            model=self.model,
            args=CrossEncoderTrainingArguments(**chosen),
            train_dataset=Dataset.from_dict(rows),
            loss=BinaryCrossEntropyLoss(self.model),
        )

    def save(self, folder: Path) -> None:
        """Write the model; it is used at the length it was trained at."""
        self.model.save_pretrained(str(folder), create_model_card=False)
