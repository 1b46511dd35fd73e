"""What the figures mean, in words, the unwelcome ones included."""

from __future__ import annotations

from typing import Any

_SIGNIFICANT = 0.05
_SPOKEN = {"bm25": "BM25", "dense": "dense search"}


def verdict(metrics: dict[str, Any], measure: str, *, best_step: int | None, synthetic: bool) -> list[str]:
    """Sentences about the tuned model against its base and against the first stage.

    `metrics` has `systems`, the first stage first, and `comparisons`, `measure` is the one spoken
    about, `best_step` the step of the weights that were kept (0: the base itself).
    """
    sentences = []
    first_stage = next(iter(metrics["systems"]))
    spoken = _SPOKEN.get(first_stage, first_stage)
    if best_step == 0:
        sentences.append(
            "Tuning did not help: no training step ranked the held-out queries clearly better than the base, "
            "so 'tuned' is the base."
        )
    else:
        sentences += _sentence(metrics, "tuned", "base", measure, "The tuned model", "the base")
        subject = f"Fused with {spoken}, the tuned model"
        sentences += _sentence(metrics, "tuned_fused", "base_fused", measure, subject, "the base fused likewise")
    best = max(metrics["systems"], key=lambda name: metrics["systems"][name][measure])
    if best == first_stage:
        sentences.append(f"Nothing here beats {spoken}: use {spoken}.")
    else:
        sentences += _sentence(metrics, best, first_stage, measure, f"The best system, {best},", spoken)
    if synthetic:
        sentences.append(
            "These are held-out synthetic queries, on which the model and the weight were also chosen: they show that "
            "training worked, not that search got better. Give --queries and --qrels to measure that."
        )
    return sentences


def _sentence(metrics: dict[str, Any], system: str, baseline: str, measure: str, subject: str, other: str) -> list[str]:
    for row in metrics["comparisons"]:
        if (row["system"], row["baseline"], row["measure"]) == (system, baseline, measure):
            delta, p = row["delta"], row["p_holm"]
            if delta > 0:
                verb = "beats" if p < _SIGNIFICANT else "is above"
            else:
                verb = "is worse than" if p < _SIGNIFICANT else "does not beat"
            chance = "" if p < _SIGNIFICANT else ", which may be chance"
            return [f"{subject} {verb} {other}: {delta:+.3f} {measure} (p = {p:.4f} after Holm's correction{chance})."]
    return []
