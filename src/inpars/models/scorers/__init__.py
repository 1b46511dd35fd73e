"""Models that score a document for a query: one module a family, all with the same `score` method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from inpars.data.runs import Run
from inpars.errors import InparsError, MissingDependency
from inpars.models.files import base_of_adapter, model_file, model_json, modules_of, require_configuration
from inpars.models.locate import locate
from inpars.models.scorers.options import Family, ScoringOptions
from inpars.registry import Registry


class Scorer(Protocol):
    """A loaded model of one family."""

    def __init__(self, model: str | Path, options: ScoringOptions) -> None: ...

    def score(
        self, queries: Mapping[str, str], documents: Mapping[str, str], candidates: Mapping[str, Sequence[str]]
    ) -> Run:
        """Score each query's candidate documents; higher is better, in fp32.

        `queries` and `documents` map ids to texts, `candidates` a query id to document ids. Texts are
        looked up as they are needed, so that `documents` may read them from a corpus.
        """
        ...


SCORERS: Registry[type[Scorer]] = Registry(
    "model family",
    {
        "bi-encoder": "inpars.models.scorers.bi_encoder:BiEncoder",
        "cross-encoder": "inpars.models.scorers.cross_encoder:CrossEncoder",
        "llm": "inpars.models.scorers.llm:Llm",
        "seq2seq": "inpars.models.scorers.seq2seq:Seq2Seq",
    },
)


def load_scorer(model: str | Path, options: ScoringOptions | None = None) -> Scorer:
    """Load a model for scoring. `InparsError` where there is none, or its files are broken."""
    options, where = options or ScoringOptions(), locate(model)
    try:
        import sentence_transformers  # noqa: F401 - fails here, with a hint, rather than in the middle
    except ImportError:
        raise MissingDependency("sentence-transformers", "train", f"the model {str(model)!r}") from None
    from inpars.models.quiet import quiet_loading

    with quiet_loading():
        return SCORERS[family_of(where) if options.family == "auto" else options.family](where, options)


def family_of(model: str) -> Family:
    """The family of a saved model, from its configuration files, never from its name.

    `InparsError` where there is no such model, or its files do not tell.
    """
    config, saved = model_json(model, "config.json"), model_json(model, "config_sentence_transformers.json")
    if not (saved or config) and (base := base_of_adapter(model)):
        return family_of(locate(base))
    kind = saved.get("model_type", "SentenceTransformer" if saved else "")
    architecture = str((config.get("architectures") or [""])[0])
    if kind == "CrossEncoder":
        return "llm" if _has_logit_score(model) else "cross-encoder"
    if kind == "SentenceTransformer" or model_file(model, "modules.json"):
        return "bi-encoder"
    if architecture.endswith("ForSequenceClassification"):
        return "cross-encoder"
    # Some older checkpoints name no architecture.
    if config.get("is_encoder_decoder") and (not architecture or architecture.endswith("ForConditionalGeneration")):
        return "seq2seq"
    if architecture.endswith("ForCausalLM"):
        return "llm"
    require_configuration(model)
    raise InparsError(
        f"cannot tell what kind of model {model!r} is: its files name none of {', '.join(SCORERS)}",
        hint="say which with --family",
    )


def _has_logit_score(model: str) -> bool:
    return any(str(module.get("type", "")).endswith("LogitScore") for module in modules_of(model))
