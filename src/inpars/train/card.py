"""The model card: what a trained model is, how to load it, and whether training helped, in plain words."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from inpars.data.files import atomic_write

Facts = Mapping[str, Any]

_KINDS = {
    "bi-encoder": "a bi-encoder: it embeds queries and documents apart, to compare by similarity",
    "cross-encoder": "a cross-encoder: it reads a query and a document together and scores the pair",
    "llm": "an LLM reranker: it is asked whether a document answers a query, and scores yes against no",
    "seq2seq": "a seq2seq reranker: its decoder writes one of two words, whose logits score the pair",
}


def model_card(folder: str | Path, facts: Facts) -> Path:
    """Write `README.md` beside a model's weights; returns its path.

    `facts` say what is known of the training (`family`, `base_model`, `scheme`, `similarity`, `query_prompt`,
    `passage_prompt`, `loss`, `hyper_parameters`, `examples`, `steps`, `training_data`, `held_out_queries`,
    `candidates`, `best_step`, `best_base_share`, `tuned`, `weights`, `versions`); what is missing is left out.
    """
    sections = [_front_matter(facts), _title(facts), _verdict(facts), _loading(facts), _training(facts)]
    path = Path(folder) / "README.md"
    with atomic_write(path) as stream:
        stream.write(("\n\n".join(filter(None, (*sections, _held_out(facts), _versions(facts)))) + "\n").encode())
    return path


def _front_matter(facts: Facts) -> str:
    family = facts.get("family")
    bi_encoder = family == "bi-encoder"
    data: dict[str, Any] = {
        "library_name": "transformers" if family == "seq2seq" else "sentence-transformers",
        "pipeline_tag": "sentence-similarity" if bi_encoder else "text-ranking",
        "tags": ["inpars", *([str(family)] if family else []), "retriever" if bi_encoder else "reranker"],
    }
    if _is_hub_id(base := str(facts.get("base_model") or "")):
        data = {"base_model": base, **data}
    return f"---\n{yaml.safe_dump(data, sort_keys=False, allow_unicode=True)}---"


def _title(facts: Facts) -> str:
    kind = _KINDS.get(str(facts.get("family")), "a model that scores a document for a query")
    return (
        f"# {_text(_base_name(facts))}, fine-tuned with InPars\n\n"
        if _tuned(facts)
        else f"# {_text(_base_name(facts))}, as InPars left it\n\n"
    ) + f"This is {kind}. The training queries and those it was judged on were made from documents by InPars."


def _verdict(facts: Facts) -> str:
    base, best = _base_and_best(facts)
    tuned = _tuned(facts)
    lines = ["## Did tuning help?"]
    if tuned is None:
        lines.append("This is not on record.")
    elif facts.get("held_out_queries") == 0:
        step = _text(facts.get("best_step", "?"))
        lines.append(f"Nobody knows: no query was held out. The weights are those after step {step}, the last.")
    elif not tuned:
        tried = f" The best that was tried: {_gain(base, best)}." if base and best else ""
        lines.append(
            "No. **This is the untouched base model**: no tuned weights ranked the held-out queries "
            f"clearly better, so the base's own were kept.{tried}"
        )
    else:
        gain = f": {_gain(base, best)}" if base and best else ""
        share = facts.get("best_base_share")
        mixed = f", averaged with {share:.0%} of the base's weights" if isinstance(share, float) and share else ""
        helped = not (best and base) or best["selection_score"] > base["selection_score"]
        said = "yes" if helped else "no, and they were kept all the same"
        lines.append(f"On the held-out synthetic queries, {said}{gain}. The weights are those after step "
                     f"{_text(facts.get('best_step', '?'))}{mixed}.")  # fmt: skip
        lines.append(
            "Synthetic queries are easier than real ones: whether the model helps your users, only queries "
            "and judgments of theirs can tell (`inpars evaluate`)."
        )
    weights = facts.get("weights") or {}
    if tuned and weights.get("base") and weights.get("base") == weights.get("model"):
        lines.append("**The weights are those of the base, bit for bit**, whatever the scores say.")
    return "\n\n".join(lines)


def _loading(facts: Facts) -> str:
    snippet = {"seq2seq": _seq2seq, "bi-encoder": _bi_encoder}.get(str(facts.get("family")), _pairs)(facts)
    return f"## How to use it\n\n```python\n{snippet}\n```"


def _pairs(facts: Facts) -> str:
    return """\
from sentence_transformers import CrossEncoder

model = CrossEncoder("path/to/this/folder")
scores = model.predict([("a query", "a document"), ("a query", "another document")])
print(scores)"""


def _bi_encoder(facts: Facts) -> str:
    return """\
from sentence_transformers import SentenceTransformer

model = SentenceTransformer("path/to/this/folder")
queries = model.encode_query(["a query"])
documents = model.encode_document(["a document", "another document"])
scores = model.similarity(queries, documents)
print(scores)"""


def _seq2seq(facts: Facts) -> str:
    scheme: dict[str, Any] = {"template": "Query: {query} Document: {document} Relevant:", "max_length": 512}
    scheme |= {"negative": "false", "positive": "true"} | (facts.get("scheme") or {})
    words = f"({scheme['negative']!r}, {scheme['positive']!r})"
    head, rest = str(scheme["template"]).split("{query}", 1)
    middle, tail = rest.split("{document}", 1)
    return f"""\
import torch
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

folder = "path/to/this/folder"
tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForSeq2SeqLM.from_pretrained(folder).eval()
negative, positive = (tokenizer(word, add_special_tokens=False)["input_ids"][0] for word in {words})


@torch.inference_mode()
def score(query, document):
    before, after = {head!r} + query + {middle!r}, {tail!r}
    # Only the document is cut where the whole is too long.
    room = max(1, {int(scheme["max_length"])} - len(tokenizer(before + after)["input_ids"]))
    cut = tokenizer(document, add_special_tokens=False, truncation=True, max_length=room, return_offsets_mapping=True)
    end = max((stop for _, stop in cut["offset_mapping"]), default=0)
    inputs = tokenizer(before + document[:end] + after, return_tensors="pt", return_token_type_ids=False)
    start = torch.tensor([[model.config.decoder_start_token_id]])
    logits = model(**inputs, decoder_input_ids=start).logits[0, 0]
    return float(logits[positive] - logits[negative])


scores = [score("a query", document) for document in ("a document", "another document")]
print(scores)"""


def _training(facts: Facts) -> str:
    rows = [
        ("base model", _base_name(facts) if facts.get("base_model") else None),
        ("similarity", facts.get("similarity")),
        ("prompt of a query", _quoted(facts.get("query_prompt"))),
        ("prompt of a passage", _quoted(facts.get("passage_prompt"))),
        ("loss", facts.get("loss")),
        ("examples", facts.get("examples")),
        ("steps", facts.get("steps")),
        *(
            (str(name), value)
            for name, value in (facts.get("hyper_parameters") or {}).items()
            if facts.get("family") == "llm" or not str(name).startswith("lora_")
        ),
        *((f"sha256 of the {name}", value) for name, value in (facts.get("training_data") or {}).items()),
        *((f"sha256 of the weights ({name})", value) for name, value in (facts.get("weights") or {}).items()),
    ]
    known = [(name, value) for name, value in rows if value is not None]
    return "## Training\n\n" + _table(("", ""), known) if known else ""


def _held_out(facts: Facts) -> str:
    candidates = facts.get("candidates") or []
    if not candidates or facts.get("held_out_queries") == 0:
        return ""
    queries = facts.get("held_out_queries")
    about = f"{queries:,} synthetic queries" if isinstance(queries, int) else "Synthetic queries"
    rows = [
        (
            "base" if not candidate.get("step") else candidate["step"],
            _number(candidate.get("base_share"), ".0%"),
            _number(candidate.get("selection_score"), ".4f"),
            _number(candidate.get("gain_in_standard_errors"), "+.2f") if candidate.get("step") else "",
            "yes" if _is_kept(candidate, facts) else "",
        )
        for candidate in candidates
    ]
    return (
        f"## Selection scores on the held-out queries\n\n{about} and their documents, none of which were trained on. "
        "The score is nDCG@10 over candidates that always include the query's own document: it chooses weights, and "
        "is no figure of a search system. A row is the base, or an average of base and trained weights.\n\n"
        + _table(("step", "share of the base", "selection score", "gain in standard errors", "kept"), rows)
    )


def _versions(facts: Facts) -> str:
    versions = facts.get("versions") or {}
    told = ", ".join(f"{_text(name)} {_text(version)}" for name, version in versions.items())
    return f"## Versions\n\n{told}" if told else ""


def _tuned(facts: Facts) -> bool | None:
    """Whether these are tuned weights; None where nothing tells."""
    if facts.get("tuned") is not None:
        return bool(facts["tuned"])
    return bool(facts["best_step"]) if facts.get("best_step") is not None else None


def _is_kept(candidate: Facts, facts: Facts) -> bool:
    if _tuned(facts) is False:
        return not candidate.get("step")
    return all(candidate.get(name) == facts.get(f"best_{name}") for name in ("step", "base_share"))


def _base_and_best(facts: Facts) -> tuple[Facts | None, Facts | None]:
    """The base's scores, and those of the kept weights, or of the best that were tried where none were kept."""
    scored = [c for c in facts.get("candidates") or [] if isinstance(c.get("selection_score"), (int, float))]
    base = next((c for c in scored if not c.get("step")), None)
    trained = [c for c in scored if c.get("step")]
    kept = [c for c in trained if _is_kept(c, facts)]
    return base, max(kept or trained, key=lambda c: float(c["selection_score"]), default=None)


def _gain(base: Facts, best: Facts) -> str:
    before, after = (float(c["selection_score"]) for c in (base, best))
    errors = _number(best.get("gain_in_standard_errors"), "+.1f")
    return f"selection score {after:.4f}, the base's {before:.4f}" + (f" ({errors} standard errors)" if errors else "")


def _quoted(prompt: Any) -> str | None:
    """A prompt with the white space at its ends to be seen; None for an empty one."""
    return json.dumps(prompt, ensure_ascii=False) if prompt else None


def _number(value: Any, form: str) -> str:
    return format(value, form) if isinstance(value, (int, float)) else ""


def _is_hub_id(name: str) -> bool:
    return bool(re.fullmatch(r"[\w-][\w.-]*(/[\w.-]+)?", name)) and not Path(name).exists()


def _base_name(facts: Facts) -> str:
    """The base's name on the hub; of a local folder only its last part: where it lay is nobody's business."""
    base = str(facts.get("base_model") or "a model")
    return base if _is_hub_id(base) else Path(base).name or base


def _table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(_text(cell) for cell in line) + " |" for line in lines)


def _text(value: Any) -> str:
    """A value as text in Markdown, on one line, with nothing in it that Markdown or HTML would act on."""
    escaped = html.escape(" ".join(str(value).split()), quote=False)
    return re.sub(r"([\\`*_\[\]|])", r"\\\1", escaped)
