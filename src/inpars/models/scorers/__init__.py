"""Models that score a document for a query: one module a family, all with the same `score` method."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

from inpars.data.runs import Run
from inpars.errors import InparsError, MissingDependency
from inpars.models.locate import locate
from inpars.models.precision import Precision
from inpars.registry import Registry

Family = Literal["bi-encoder", "cross-encoder"]


class Scorer(Protocol):
    """A loaded model of one family."""

    def __init__(self, model: str, *, batch_size: int, precision: Precision, device: str | None) -> None: ...

    def score(
        self, queries: Mapping[str, str], documents: Mapping[str, str], candidates: Mapping[str, Sequence[str]]
    ) -> Run:
        """Score each query's candidate documents; higher is better, in fp32.

        `queries` and `documents` map ids to texts, `candidates` a query id to document ids.
        """
        ...


SCORERS: Registry[type[Scorer]] = Registry(
    "model family",
    {
        "bi-encoder": "inpars.models.scorers.bi_encoder:BiEncoder",
        "cross-encoder": "inpars.models.scorers.cross_encoder:CrossEncoder",
    },
)


def load_scorer(
    model: str | Path,
    *,
    family: str = "auto",
    batch_size: int = 64,
    precision: Precision = "auto",
    device: str | None = None,
) -> Scorer:
    """Load a model for scoring. `family` "auto" reads it from the model's own files."""
    where = locate(model)
    try:
        import sentence_transformers  # noqa: F401 - fails here, with a hint, rather than in the middle
    except ImportError:
        raise MissingDependency("sentence-transformers", "train", f"the model {str(model)!r}") from None
    chosen = family_of(where) if family == "auto" else family
    return SCORERS[chosen](where, batch_size=batch_size, precision=precision, device=device)


def family_of(model: str) -> Family:
    """The family of a saved model, from its configuration files, never from its name."""
    saved = _json(model, "config_sentence_transformers.json")
    kind = saved.get("model_type", "SentenceTransformer" if saved else "")
    architectures = [str(name) for name in _json(model, "config.json").get("architectures") or []]
    if kind == "CrossEncoder" or any(name.endswith("ForSequenceClassification") for name in architectures):
        return "cross-encoder"
    if kind == "SentenceTransformer" or _exists(model, "modules.json"):
        return "bi-encoder"
    raise InparsError(
        f"cannot tell what kind of model {model!r} is: its files name neither a bi-encoder nor a cross-encoder",
        hint=f"is the path right? otherwise say --family, one of: {', '.join(SCORERS)}",
    )


def _json(model: str, name: str) -> dict[str, Any]:
    path = _file(model, name)
    if path is None:
        return {}
    loaded: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
    return loaded


def _exists(model: str, name: str) -> bool:
    return _file(model, name) is not None


def _file(model: str, name: str) -> str | None:
    """Where a model's file lies, fetched from the hub where the model is not local; None where it has none."""
    if Path(model).is_dir():
        local = Path(model) / name
        return str(local) if local.is_file() else None
    from transformers.utils import cached_file

    try:
        found: str | None = cached_file(model, name, _raise_exceptions_for_missing_entries=False)
    except OSError as error:
        raise InparsError(
            f"cannot find the model {model!r}: {str(error).splitlines()[0]}",
            hint="give a local folder, or the name of a model on the Hugging Face Hub",
        ) from None
    return found
