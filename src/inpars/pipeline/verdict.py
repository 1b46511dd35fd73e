"""What the figures mean, in words, the unwelcome ones included."""

from __future__ import annotations

from typing import Any

_SIGNIFICANT = 0.05


def verdict(metrics: dict[str, Any], measure: str, *, best_step: int | None, synthetic: bool) -> list[str]:
    """Sentences about the tuned model against its base and against the first stage.

    `metrics` has `systems` and `comparisons`, `measure` is the one spoken about, `best_step` the
    step of the weights that were kept (0: the base itself).
    """
    sentences = []
    if best_step == 0:
        sentences.append(
            "Tuning did not help: no training step ranked the held-out queries clearly better than the base, "
            "so 'tuned' is the base."
        )
    else:
        sentences += _sentence(metrics, "tuned", "base", measure, "The tuned model", "the base")
        sentences += _sentence(
            metrics, "tuned_fused", "base_fused", measure, "Fused with BM25, the tuned model", "the base fused likewise"
        )
    best = max(metrics["systems"], key=lambda name: metrics["systems"][name][measure])
    if best == "bm25":
        sentences.append("Nothing here beats BM25: use BM25.")
    else:
        sentences += _sentence(metrics, best, "bm25", measure, f"The best system, {best},", "BM25")
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
