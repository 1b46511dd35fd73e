"""What the figures mean, in words, the unwelcome ones included."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from inpars.retrieve.options import spoken

if TYPE_CHECKING:
    from inpars.rerank.held_out import Found

_SIGNIFICANT = 0.05


def verdict(metrics: dict[str, Any], measure: str, *, best_step: int | None) -> list[str]:
    """Sentences about the tuned model against its base and against the first stage, on judged queries.

    `metrics` has `systems`, the first stage first, and `comparisons`, `measure` is the one spoken
    about, `best_step` the step of the weights that were kept (0: the base itself). The base may have
    no figures: one that ranks nothing by itself.
    """
    sentences = []
    first_stage = next(iter(metrics["systems"]))
    name = spoken(first_stage)
    if best_step == 0:
        # A base that is no model of the trained family is measured as what it is, and trained with a new head.
        kept = (
            "is the base" if _alike(metrics, "tuned", "base") else "is the base as training began, its head untrained"
        )
        sentences.append(
            "Tuning did not help: no checkpoint was clearly better on the held-out queries than the base, "
            f"so 'tuned' {kept}."
        )
    else:
        sentences += _sentence(metrics, "tuned", "base", measure, "The tuned model", "the base")
        subject = f"Fused with {name}, the tuned model"
        sentences += _sentence(metrics, "tuned_fused", "base_fused", measure, subject, "the base fused the same way")
        subject = f"Searching together with {name}, the tuned model"
        sentences += _sentence(metrics, "tuned_hybrid", "base_hybrid", measure, subject, "the base doing the same")
        if "tuned" in metrics["systems"] and "base" not in metrics["systems"]:
            sentences.append("The base ranks nothing before it is trained, so there is none to compare with.")
    best = max(metrics["systems"], key=lambda name: metrics["systems"][name][measure])
    if best == first_stage:
        sentences.append(f"Nothing here beats {name}: use {name}.")
    else:
        sentences += _sentence(metrics, best, first_stage, measure, f"The best system, {best},", name)
    return sentences


def agreement(found: Found, first_stage: str, *, trained_first_stage: bool = False) -> list[str]:
    """Sentences about figures on held-out queries that the generator wrote: what they are, and what they are not.

    `found` says what the first stage finds of them. `trained_first_stage` says that the first stage is a
    model that this run has trained.
    """
    missed = found.queries - found.found
    counted = f"; the other {missed:,} count 0 for every system" if missed else ""
    sentences = [
        f"{found.told(first_stage)}{counted}.",
        "These figures say how far each system agrees with the generator: whether the document that a query was "
        "written from comes back near the top. They do not say which system serves people better. Each query has one "
        "document that counts, and the others that answer it count as wrong; rankings of systems by such queries have "
        "little to do with those by human judgments (Kendall's tau .157, arXiv 2405.07767). Weights were chosen on "
        "these queries too.",
        "For a verdict, write down twenty queries that people would ask, judge the documents that the systems put "
        "first (1: it answers the query, 0: it does not), and run the same command with --queries FILE --qrels FILE.",
    ]
    if trained_first_stage:
        sentences.append(
            f"The first stage, {spoken(first_stage)}, was trained in this run too, perhaps on some "
            "of these queries: its figures flatter it."
        )
    return sentences


def _alike(metrics: dict[str, Any], one: str, other: str) -> bool:
    found = [metrics["systems"].get(name) for name in (one, other)]
    # Weights that are the same bit for bit may round otherwise in another file or engine.
    return None not in found and all(abs(found[0][name] - found[1][name]) < 0.005 for name in found[0])


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
