from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import inpars
from inpars.data.records import SyntheticQuery
from inpars.errors import NothingProduced, OptionError
from inpars.filter.method import Context
from inpars.filter.options import RerankerOptions
from inpars.filter.reranker import judge


@pytest.fixture
def written(toy_rows: list[dict[str, str]], write_jsonl: Callable[..., Path]) -> Path:
    """Three queries for each of twenty documents; of every fourth the author saw a part only."""
    rows = [
        {
            "query_id": f"q{number:02d}-{part}",
            "query": " ".join(row["text"].split()[part : part + 4]),
            "doc_id": row["_id"],
            "doc_text": row["text"] if number % 4 == 0 else f"{row['title']} {row['text']}",
        }
        for number, row in enumerate(toy_rows[:20])
        for part in range(3)
    ]
    return write_jsonl(rows, "written.jsonl")


def rows(path: Path) -> dict[str, dict[str, Any]]:
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return {row["query_id"]: row for row in map(json.loads, lines)}


def run(written: Path, output: Path, model: Path, **options: Any) -> dict[str, dict[str, Any]]:
    given = {"model": str(model), "precision": "fp32", **options}
    return rows(inpars.filter(written, output, methods=["reranker"], reranker=given))


def expected(model: Path, written: Path) -> dict[str, float]:
    """The scores that the library itself gives for each query and what its author saw."""
    from sentence_transformers import CrossEncoder

    found = rows(written)
    pairs = [(row["query"], row["doc_text"]) for row in found.values()]
    import torch

    scores = CrossEncoder(str(model), device="cpu").predict(pairs, activation_fn=torch.nn.Identity())
    return dict(zip(found, scores.tolist(), strict=True))


def test_the_score_is_the_model_s_for_the_query_and_what_its_author_saw(
    written: Path, tiny_cross_encoder: Path, tmp_path: Path
) -> None:
    kept = run(written, tmp_path / "kept.jsonl", tiny_cross_encoder)
    wanted = expected(tiny_cross_encoder, written)
    assert list(kept) == list(wanted)
    scores = [row["score"] for row in kept.values()]
    np.testing.assert_allclose(scores, list(wanted.values()), atol=1e-5)
    assert scores == [row["scores"]["reranker"] for row in kept.values()]
    assert len(set(scores)) > 40


def test_the_best_k_are_kept_and_the_others_dropped_with_their_scores(
    written: Path, tiny_cross_encoder: Path, tmp_path: Path
) -> None:
    kept = run(written, tmp_path / "kept.jsonl", tiny_cross_encoder, keep_top_k=10)
    dropped = rows(tmp_path / "kept.dropped.jsonl")
    assert (len(kept), len(dropped)) == (10, 50)
    assert min(row["score"] for row in kept.values()) > max(row["score"] for row in dropped.values())


def test_ten_thousand_are_kept_by_default_as_in_inpars_v2() -> None:
    assert RerankerOptions().keep_top_k == 10_000


def test_a_cap_by_document_and_a_percentile_select_by_the_model_s_score(
    written: Path, tiny_cross_encoder: Path, tmp_path: Path
) -> None:
    capped = run(written, tmp_path / "capped.jsonl", tiny_cross_encoder, max_per_document=1)
    assert len(capped) == len({row["doc_id"] for row in capped.values()}) == 20
    hard = run(written, tmp_path / "hard.jsonl", tiny_cross_encoder, max_percentile=70)
    easy = rows(tmp_path / "hard.dropped.jsonl")
    assert len(hard) == 42
    assert max(row["score"] for row in hard.values()) < min(row["score"] for row in easy.values())


def test_a_bi_encoder_scores_the_same_document_as_each_author_saw_it(
    tiny_bi_encoder: Path, write_jsonl: Callable[..., Path], tmp_path: Path
) -> None:
    from sentence_transformers import SentenceTransformer

    seen = {"a": "the lift of a wing", "b": "drag and heat of a cone"}
    read = write_jsonl(
        [{"query_id": i, "query": "lift wing", "doc_id": "d", "doc_text": text} for i, text in seen.items()],
        "two.jsonl",
    )
    kept = run(read, tmp_path / "kept.jsonl", tiny_bi_encoder)
    model = SentenceTransformer(str(tiny_bi_encoder), device="cpu")
    wanted = model.similarity(model.encode(["lift wing"]), model.encode(list(seen.values())))[0].tolist()
    np.testing.assert_allclose([kept[i]["score"] for i in seen], wanted, atol=1e-5)


def test_the_order_of_the_rows_and_the_size_of_the_units_change_nothing(
    written: Path, tiny_cross_encoder: Path, tmp_path: Path
) -> None:
    lines = written.read_text().splitlines(keepends=True)
    turned = tmp_path / "turned.jsonl"
    turned.write_text("".join(reversed(lines)))
    given = {"model": str(tiny_cross_encoder), "precision": "fp32", "keep_top_k": 0.5}
    one = inpars.filter(written, tmp_path / "one.jsonl", methods=["reranker"], reranker=given)
    two = inpars.filter(turned, tmp_path / "two.jsonl", methods=["reranker"], reranker=given, unit_size=7)
    assert set(rows(one)) == set(rows(two))


def test_what_was_scored_before_a_stop_is_not_scored_again(
    written: Path, tiny_cross_encoder: Path, tmp_path: Path
) -> None:
    queries = [SyntheticQuery.from_row(row) for row in rows(written).values()]
    options = RerankerOptions(model=str(tiny_cross_encoder), precision="fp32")
    judge(queries[:30], options, Context(tmp_path / "units", "reranker", unit_size=10))
    for unit in (tmp_path / "units").glob("*.jsonl"):
        found = [json.loads(line) for line in unit.read_text().splitlines()]
        # A score that no model gives shows where it came from.
        unit.write_text("".join(json.dumps(row | {"value": 1000.0}) + "\n" for row in found))
    judge(queries, options, Context(tmp_path / "units", "reranker", unit_size=10))
    assert [query.score == 1000.0 for query in queries] == [True] * 30 + [False] * 30


def test_a_score_that_is_no_number_is_an_error_and_no_verdict(
    written: Path, tiny_cross_encoder: Path, tmp_path: Path
) -> None:
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    broken = AutoModelForSequenceClassification.from_pretrained(tiny_cross_encoder)
    broken.classifier.bias.data.fill_(float("nan"))
    broken.save_pretrained(tmp_path / "broken")
    AutoTokenizer.from_pretrained(tiny_cross_encoder).save_pretrained(tmp_path / "broken")
    with pytest.raises(NothingProduced, match="60 ended in an error"):
        run(written, tmp_path / "kept.jsonl", tmp_path / "broken")
    errors = rows(tmp_path / "kept.errors.jsonl")
    assert len(errors) == 60
    assert {row["error"] for row in errors.values()} == {"the model's score is nan"}


def test_speed_is_no_part_of_the_identity_and_the_number_format_is(tiny_cross_encoder: Path) -> None:
    plain = RerankerOptions(model="a")
    assert RerankerOptions(model="b", engine="eager", batch_tokens=7, device="cpu").identity() == plain.identity()
    assert RerankerOptions(precision="fp32").identity() != plain.identity()
    assert plain.inputs() != RerankerOptions(model=str(tiny_cross_encoder)).inputs()


def test_an_unknown_option_is_suggested(written: Path, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="did you mean 'keep_top_k'"):
        run(written, tmp_path / "kept.jsonl", tmp_path, keep_top=3)
