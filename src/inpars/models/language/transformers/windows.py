"""How many prompts are answered together, so that a kill loses little."""

from __future__ import annotations

from typing import Any

MOST_ROWS = 1000
"""Completions of a window: more make nothing faster."""

# Parameters times tokens of a window, by kind of device, any other being a GPU. On two cores that multiply bf16 they
# take 6 to 12 seconds, and below a minute where others work on them too; on a GPU of a data centre a few.
_WORK = {"cpu": 4e11, "mps": 5e13}
_WORK_OF_A_GPU = 5e14
# What reading a prompt takes, in tokens written: many are read at once.
_READING = 100


def prompts_in_window(config: Any, device: str, n: int, new_tokens: int) -> int:
    """Prompts of a window, at least one, for `n` completions each of at most `new_tokens` tokens.

    Follows from the arguments alone, so that a run that was killed cuts the same windows again.
    """
    work = _WORK.get(device.partition(":")[0], _WORK_OF_A_GPU)
    prompts = work / (parameters(config) * (_READING + n * new_tokens))
    return max(1, min(int(prompts), MOST_ROWS // n))


def parameters(config: Any) -> int:
    """About how many a model has, by its widths alone: weights need not be loaded for it."""
    text = config.get_text_config()
    return int(text.hidden_size * (12 * text.num_hidden_layers * text.hidden_size + text.vocab_size))
