"""The figures that a run prints without labels, computed again by other programs.

    python benchmarks/agreement.py [--output DIR] [--set STEP.OPTION=VALUE ...] [FOLDER]

Carries out `inpars run quickstart` on a folder of text files without judgments (by default the documents of a
test collection, a file each), then works out each figure anew from three things alone: the files, the held-out
queries (with the text that is left of a document where a query was cut out of it), and the two models. The first
stage is built with bm25s and PyStemmer, scores come from sentence-transformers, figures from pytrec_eval; none of
the run's runs is read. Models are asked in single precision on both sides. The exit code is 1 where any figure that
the run prints differs in its four digits. The second table shows what the figures would be if every query's source
were put among its candidates.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from collections import defaultdict
from importlib.metadata import version
from pathlib import Path

import bm25s
import numpy as np
import pytrec_eval
import Stemmer
from bm25s.stopwords import STOPWORDS_EN
from sentence_transformers import SentenceTransformer

COLLECTION = Path(__file__).resolve().parents[1].parent / "shared" / "collections" / "cranfield" / "corpus.jsonl"
MEASURES = {"nDCG@10": "ndcg_cut_10", "AP": "map", "R@100": "recall_100", "RR@10": "recip_rank"}
WEIGHTS = (0.5, 0.55, 0.6, 0.65, 0.7)
PRIOR = 0.6
DEPTH = 100

Run = dict[str, dict[str, float]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--output", type=Path, default=Path("build/agreement"))
    parser.add_argument("--set", action="append", default=[], help="override of a recipe option, as in `inpars run`")
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    folder = arguments.folder or text_files(arguments.output / "texts")
    printed = run(folder, arguments.output / "run", arguments.set)
    model = arguments.output / "run" / "train" / "model"
    pool = Pool(folder, model / "held_out")
    found = pool.first_stage()
    base = json.loads((model / "inpars.json").read_text())["base_model"]
    models = {"base": Encoder(base), "tuned": Encoder(str(model))}
    systems, weights = measured(pool, found, models)
    put_in, _ = measured(pool, pool.with_sources(found), models)
    hits = sum(not pool.qrels[q].keys().isdisjoint(found[q]) for q in pool.queries)
    print(
        f"\n{len(pool.documents)} documents, {len(pool.queries)} held-out queries, {len(pool.cut)} of them cut out of"
    )
    print(f"their documents; BM25 finds the source of {hits} in its best {DEPTH}; fusion weights {weights}\n")
    same = table("As printed, and computed again", systems, printed["systems"])
    table("With every source put among the candidates", put_in, printed["systems"])
    same &= (hits, DEPTH) == (printed["test_set"]["found"], printed["test_set"]["depth"])
    names = ("bm25s", "sentence-transformers", "torch", "pytrec-eval-terrier")
    print(
        f"\n{', '.join(f'{name} {version(name)}' for name in names)}. {'All figures agree' if same else 'THEY DIFFER'}."
    )
    sys.exit(not same)


def text_files(folder: Path) -> Path:
    """The documents of a collection as text files, with their titles as headings."""
    if not COLLECTION.is_file():
        sys.exit(f"no collection at {COLLECTION}: name a folder of text files")
    folder.mkdir(parents=True, exist_ok=True)
    for line in COLLECTION.read_text().splitlines():
        row = json.loads(line)
        if (row.get("title") or row["text"]).strip():
            (folder / f"{row['_id']}.md").write_text(f"# {row.get('title', '')}\n\n{row['text']}\n")
    return folder


def run(folder: Path, output: Path, overrides: list[str]) -> dict:
    """What the product measures and prints."""
    command = [sys.executable, "-m", "inpars", "run", "quickstart", "--corpus", str(folder), "--output", str(output)]
    for override in ("train.precision=fp32", "rerank.precision=fp32", f"rerank.top_k={DEPTH}", *overrides):
        command += ["--set", override]
    subprocess.run(command, check=True, stdout=sys.stderr, env=os.environ | {"HF_HUB_OFFLINE": "1"})
    return json.loads((output / "agreement.json").read_text())


class Pool:
    """The documents as each held-out query may see them."""

    def __init__(self, folder: Path, held_out: Path) -> None:
        self.documents = {}
        for file in sorted(path for path in folder.rglob("*") if path.suffix in (".md", ".txt", ".rst")):
            text = file.read_text().strip()
            # A Markdown heading at the beginning is the title, which search reads in front of the text.
            heading = re.match(r"#{1,6}[ \t]+(.*\S)", text)
            contents = f"{heading[1]} {text[heading.end() :].strip()}".strip() if heading else text
            if contents:
                name = file.relative_to(folder).as_posix()
                self.documents[name.replace("%", "%25").replace(" ", "%20")] = contents
        rows = [json.loads(line) for line in (held_out / "queries.jsonl").read_text().splitlines()]
        self.queries = {row["_id"]: row["text"] for row in rows}
        self.qrels: dict[str, dict[str, int]] = defaultdict(dict)
        for line in (held_out / "qrels.tsv").read_text().splitlines()[1:]:
            query_id, doc_id, grade = line.split("\t")
            self.qrels[query_id][doc_id] = int(grade)
        sources = {doc_id for judged in self.qrels.values() for doc_id in judged}
        rows = [json.loads(line) for line in (held_out / "documents.jsonl").read_text().splitlines()]
        seen = {row["_id"]: row["text"] for row in rows if row["_id"] in sources}
        self.rest = {doc_id: text for doc_id, text in seen.items() if text != self.documents[doc_id]}
        self.cut = {q for q, judged in self.qrels.items() if judged.keys() & self.rest.keys()}

    def text(self, query_id: str, doc_id: str) -> str:
        """What a query may see of a document."""
        return self.rest.get(doc_id, self.documents[doc_id]) if query_id in self.cut else self.documents[doc_id]

    def first_stage(self) -> Run:
        """BM25's best, a query's words scored against the documents as it sees them."""
        self.scores = {}
        for queries in (self.queries.keys() - self.cut, self.cut):
            if queries:
                texts = {d: self.rest.get(d, t) if queries is self.cut else t for d, t in self.documents.items()}
                self.scores |= bm25({q: self.queries[q] for q in queries}, texts)
        return {q: dict(ranking(scores)[:DEPTH]) for q, scores in self.scores.items()}

    def with_sources(self, found: Run) -> Run:
        """The same with each query's source put in where it was missed, in the place of the last."""
        return {
            q: dict([*scores.items()][: DEPTH - 1]) | {d: self.scores[q].get(d, 0.0) for d in self.qrels[q]}
            for q, scores in found.items()
        }


def bm25(queries: dict[str, str], texts: dict[str, str]) -> Run:
    """The scores of all documents that share a word with a query, by bm25s."""
    stemmer, doc_ids = Stemmer.Stemmer("english"), list(texts)

    def terms(text: str) -> list[str]:
        words = [word for word in re.findall(r"\b\w\w+\b", text.lower()) if word not in STOPWORDS_EN]
        return stemmer.stemWords(words)

    index = bm25s.BM25(method="lucene", k1=0.9, b=0.4)
    index.index([terms(text) for text in texts.values()], show_progress=False)
    run = {}
    for query_id, text in queries.items():
        known = [term for term in terms(text) if term in index.vocab_dict]
        scores = index.get_scores(known) if known else np.zeros(len(doc_ids))
        run[query_id] = {doc_ids[place]: float(scores[place]) for place in np.flatnonzero(scores)}
    return run


def ranking(scores: dict[str, float]) -> list[tuple[str, float]]:
    """Best first as trec_eval has it: single precision, then the larger id."""
    return sorted(scores.items(), key=lambda item: (np.float32(item[1]), item[0]), reverse=True)


class Encoder:
    """A sentence-transformers model that embeds each text once."""

    def __init__(self, name: str) -> None:
        from inpars.models.locate import locate

        self.model = SentenceTransformer(locate(name), device="cpu")
        self.known: dict[str, np.ndarray] = {}

    def documents(self, texts: list[str]) -> dict[str, np.ndarray]:
        """The embedding of each text."""
        new = [text for text in texts if text not in self.known]
        self.known |= dict(zip(new, self.model.encode_document(new), strict=True)) if new else {}
        return self.known


def measured(pool: Pool, first_stage: Run, models: dict[str, Encoder]) -> tuple[dict, dict[str, float]]:
    """The figures of all systems, and the weights that the fusions come to."""
    runs, weights = {"bm25": first_stage}, {}
    for name, encoder in models.items():
        runs[name] = similarities(encoder, pool, first_stage)
        weights[name] = chosen(first_stage, runs[name], pool.qrels)
        runs[f"{name}_fused"] = fused(first_stage, runs[name], weights[name])
    return {name: figures(found, pool.qrels) for name, found in runs.items()}, weights


def similarities(encoder: Encoder, pool: Pool, first_stage: Run) -> Run:
    model = encoder.model
    documents = encoder.documents(list({pool.text(q, d) for q, found in first_stage.items() for d in found}))
    queries = dict(zip(pool.queries, model.encode_query(list(pool.queries.values())), strict=True))
    run: Run = {}
    for query_id, found in first_stage.items():
        rows = np.stack([documents[pool.text(query_id, d)] for d in found]) if found else None
        scores = model.similarity(queries[query_id][None], rows)[0].tolist() if found else []
        run[query_id] = dict(zip(found, scores, strict=True))
    return run


def fused(first_stage: Run, model: Run, weight: float) -> Run:
    def standard(scores: dict[str, float]) -> np.ndarray:
        values = np.array(list(scores.values()))
        return (values - values.mean()) / values.std() if len(values) and values.std() else np.zeros(len(values))

    return {
        q: dict(zip(scores, (1 - weight) * standard(scores) + weight * standard(model[q]), strict=True))
        for q, scores in first_stage.items()
    }


def chosen(first_stage: Run, model: Run, qrels: dict[str, dict[str, int]]) -> float:
    """The weight nearest to the prior that is within one standard error of the best."""
    values = {w: np.array(per_query(fused(first_stage, model, w), qrels, "ndcg_cut_10")) for w in WEIGHTS}
    best = max(WEIGHTS, key=lambda w: (values[w].mean(), -abs(w - PRIOR)))

    def near(w: float) -> bool:
        difference = values[best] - values[w]
        return difference.mean() <= difference.std(ddof=1) / len(difference) ** 0.5

    return min(filter(near, WEIGHTS), key=lambda w: (abs(w - PRIOR), -values[w].mean()))


def per_query(run: Run, qrels: dict[str, dict[str, int]], measure: str) -> list[float]:
    """The values of all judged queries, 0 for those without a document."""
    asked = {q: {d: float(s) for d, s in scores.items()} for q, scores in run.items() if scores}
    if measure == "recip_rank":
        # As far as rank 10.
        asked = {q: dict(ranking(scores)[:10]) for q, scores in asked.items()}
    found = pytrec_eval.RelevanceEvaluator(dict(qrels), {measure}).evaluate(asked)
    return [found[q][measure] if q in found else 0.0 for q in qrels]


def figures(run: Run, qrels: dict[str, dict[str, int]]) -> dict[str, float]:
    return {name: float(np.mean(per_query(run, qrels, theirs))) for name, theirs in MEASURES.items()}


def table(title: str, systems: dict, printed: dict) -> bool:
    """Print both; whether they agree in what is printed of them."""
    print(f"{title}\n\n| system | " + " | ".join(MEASURES) + " |\n| --- |" + " --- |" * len(MEASURES))
    for name, found in systems.items():
        cells = [f"{printed[name][measure]:.4f} / {value:.4f}" for measure, value in found.items()]
        print(f"| {name} | " + " | ".join(cells) + " |")
    print()
    return all(f"{printed[n][m]:.4f}" == f"{v:.4f}" for n, found in systems.items() for m, v in found.items())


if __name__ == "__main__":
    main()
