"""Cross-encoders: a classifier with one output reads query and document together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from inpars.models.precision import default_device
from inpars.models.scorers.cross_encoder import CrossEncoder, load_cross_encoder_base
from inpars.models.scorers.options import ScoringOptions
from inpars.progress import say
from inpars.train.config import TrainConfig
from inpars.train.examples import Examples
from inpars.train.families.arguments import prepare


class CrossEncoderTrainee:
    """A sentence-transformers cross-encoder, trained by `CrossEncoderTrainer` with any loss of `PairLoss`."""

    def __init__(self, model: str, config: TrainConfig) -> None:
        self.config = config
        device = config.device or default_device()
        self.model, why_new = load_cross_encoder_base(model, device, config.trust_remote_code)
        if why_new:
            say(f"train: {config.base_model} gets a new head with one output, random at first: {why_new}")
        self.model.max_seq_length = min(int(self.model.max_seq_length or config.max_length), config.max_length)
        prepare(self.model, config)

    def scorer(self) -> CrossEncoder:
        """A scorer over the weights as they stand."""
        return CrossEncoder.over(self.model, ScoringOptions(precision=self.config.precision))

    def trainer(self, examples: Examples, folder: Path, steps: int) -> Any:
        """A trainer that reads pairs as the scorer does."""
        from inpars.train.families.inputs import TokenInputs
        from inpars.train.families.pair_loss import pair_trainer

        inputs = TokenInputs(self.scorer().tokens, int(self.model.tokenizer.pad_token_id or 0), self.model.device)
        return pair_trainer(self.model, self.config, examples, folder, steps, inputs)

    def save(self, folder: Path) -> None:
        """Write the model; it is used at the length it was trained at."""
        self.model.save_pretrained(str(folder), create_model_card=False)
