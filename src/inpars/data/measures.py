"""Measures by name, and their values query by query."""

from __future__ import annotations

import contextlib
import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import ir_measures
import numpy as np

from inpars.data.qrels import Qrels
from inpars.data.runs import Run, ranked
from inpars.errors import OptionError

PerQuery = dict[str, np.ndarray]
"""`{measure: values}`, one value a query in the order of the qrels."""

_USUAL = {
    alias: name
    for name, aliases in {
        "AP": "ap map map_cut average_precision mean_average_precision",
        "Accuracy": "accuracy",
        "Bpref": "bpref",
        "Compat": "compat",
        "ERR": "err",
        "IPrec": "iprec iprec_at_recall",
        "Judged": "judged",
        "NumQ": "numq num_q",
        "NumRel": "numrel num_rel",
        "NumRelRet": "numrelret num_rel_ret",
        "NumRet": "numret num_ret",
        "P": "p precision prec",
        "R": "r recall",
        "RR": "rr mrr recip_rank reciprocal_rank mean_reciprocal_rank",
        "Rprec": "rprec r_prec r_precision",
        "SetAP": "setap set_map",
        "SetF": "setf set_f f1",
        "SetP": "setp set_p",
        "SetR": "setr set_recall",
        "Success": "success hit hits hit_rate hitrate",
        "infAP": "infap",
        "nDCG": "ndcg ndcg_cut",
    }.items()
    for alias in aliases.split()
}
"""By name in small letters, the measure as ir-measures has it: its own names, trec_eval's and other usual ones."""

# nDCG@10, AP(rel=2)@100, ndcg_cut_10, ndcg_cut.10,20, ndcg_at_10, NDCG10
_PARTS = re.compile(
    r"(?P<name>[Ff]1(?!\d)|[A-Za-z]+(?:[_-][A-Za-z]+)*?)(?P<params>\(.*\))?"
    r"(?:(?:@|_at_|[._])?(?P<cutoffs>\d+(?:\.\d+)?(?:,\d+(?:\.\d+)?)*))?"
)


def parse_measures(names: Iterable[str]) -> list[Any]:
    """ir-measures' measures, from its own names, trec_eval's (`ndcg_cut_10`, `P.5,10`) or other usual ones (`MRR@10`).

    Names are taken whatever their case; one with several cutoffs gives a measure for each. `OptionError` lists every
    name that is unknown or cannot be computed, with the nearest one that can.
    """
    parsed, unknown = [], []
    for name in names:
        try:
            parsed += [_parse(spelt) for spelt in _spelt(name)]
        except (NameError, ValueError, AssertionError):
            unknown.append(name)
    if absent := [name for name in unknown if _is_computed_elsewhere(name)]:
        raise OptionError(
            f"{', '.join(map(repr, absent))} cannot be computed here: ir-measures needs another program for that",
            hint="leave it out, or compute it with that program from the run and the judgments",
        )
    if unknown:
        raise OptionError(
            f"unknown measure {', '.join(map(repr, unknown))}",
            hint=f"{''.join(map(_suggestion, unknown))}measures are written as in nDCG@10, AP, R@100, RR@10, P@20, "
            "Judged@10, AP(rel=2), or as trec_eval has them: ndcg_cut_10, map, recall_100, recip_rank",
        )
    return parsed


def is_measure(name: str) -> bool:
    """Whether a measure is called so."""
    try:
        return bool(parse_measures([name]))
    except OptionError:
        return False


def _parse(name: str) -> Any:
    measure = ir_measures.parse_measure(name)
    measure.validate_params()
    # trec_eval crashes on a cutoff of 0.
    if measure.params.get("cutoff", 1) < 1 or not ir_measures.DefaultPipeline.supports(measure):
        raise ValueError(name)
    return measure


def _is_computed_elsewhere(name: str) -> bool:
    """Whether ir-measures knows the measure, but none of the programs that are installed with it computes it."""
    parts = _PARTS.fullmatch(name.strip())
    known = {known.lower() for known in ir_measures.measures.registry}
    return parts is not None and _key(parts) in known - _USUAL.keys()


def _key(parts: re.Match[str]) -> str:
    return parts["name"].lower().replace("-", "_")


def _spelt(name: str) -> list[str]:
    """A measure's name as ir-measures writes it, once for each of its cutoffs; as it is where it is no other's."""
    parts = _PARTS.fullmatch(name.strip())
    if parts is None or (usual := _USUAL.get(_key(parts))) is None:
        return [name]
    cutoffs = [f"@{cutoff}" for cutoff in parts["cutoffs"].split(",")] if parts["cutoffs"] else [""]
    return [f"{usual}{parts['params'] or ''}{cutoff}" for cutoff in cutoffs]


def _suggestion(name: str) -> str:
    parts = _PARTS.fullmatch(name.strip())
    close = difflib.get_close_matches(_key(parts), _USUAL, n=1, cutoff=0.75) if parts else []
    for cutoff in (parts["cutoffs"] or "10", "") if parts and close else ():
        meant = f"{_USUAL[close[0]]}{f'@{cutoff}' if cutoff else ''}"
        with contextlib.suppress(NameError, ValueError, AssertionError):
            return f"did you mean {_parse(meant)}? "
    return ""


def per_query(run: Run, qrels: Qrels, measures: Sequence[Any]) -> PerQuery:
    """The value of each measure for each judged query; 0 where the run has nothing for it.

    Ties are broken first, as trec_eval breaks them, and every measure is given the ranks: not all
    programs that compute measures agree on ties, and here all see one and the same ranking.
    """
    ranking = {query_id: _by_rank(scores) for query_id, scores in run.items() if query_id in qrels}
    found: Mapping[tuple[str, str], float] = {
        (str(metric.measure), metric.query_id): metric.value
        for metric in ir_measures.iter_calc(measures, qrels, ranking)
    }
    return {str(m): np.array([found.get((str(m), query_id), 0.0) for query_id in qrels]) for m in measures}


def _by_rank(scores: Mapping[str, float]) -> dict[str, float]:
    return {doc_id: float(-rank) for rank, (doc_id, _) in enumerate(ranked(scores), start=1)}
