"""BM25 over 100,000 documents beside bm25s with its numba backend: queries and documents a second, and memory.

    python benchmarks/bm25.py [--documents 100000] [--queries 1000] [--k 1000] [--rounds 5]

Two corpora. "zipf": made-up words with frequencies as Zipf and Mandelbrot have them and English function words for the
most frequent, documents of about 100 words, and queries of 8 words out of a document, frequent ones among them as in
real queries. "real": the documents and queries of the English test collections, where they are there, over and over
with new ids up to the same number, so that most scores tie.

Both sides index Lucene's BM25 with k1=0.9 and b=0.4 and use one thread. Searching is measured in one process, the
systems one after another within each round: "from terms" the queries are analysed before and what comes out is arrays,
of bm25s documents' places and scores, of ours the places of ids and scores without ties; "from texts" analysing the
queries counts, and what comes out names documents by id: of bm25s two arrays, of ours a mapping for each query. The
scores are compared, all of them. Indexing is measured in a process for each system and round, from texts in memory.
Prints Markdown tables: medians over the rounds.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from side_by_side import in_process

COLLECTIONS = Path(__file__).resolve().parents[1].parent / "shared" / "collections"
ENGLISH = (
    *("cacm", "cisi", "covidqa", "cranfield", "liveqa-med", "medline"),
    *("pira-en", "scifact", "squad-dev", "time", "vaswani", "xquad-en"),
)
VOCABULARY = 200_000
FUNCTION_WORDS = (
    *("the", "of", "and", "to", "in", "is", "that", "for", "it", "as", "was", "with", "be", "by", "on", "not"),
    *("he", "his", "but", "at", "are", "this", "have", "from", "which", "or", "had", "an", "they", "you"),
)
SYLLABLES = [first + second for first in "bdfgklmnprstvz" for second in ("a", "e", "i", "o", "u", "an", "or")]
SYSTEMS = ("bm25s numba", "inpars numba", "bm25s numpy", "inpars numpy")


def word(rank: int) -> str:
    """A word that may be spoken, the more syllables the rarer."""
    if rank < len(FUNCTION_WORDS):
        return FUNCTION_WORDS[rank]
    parts = [SYLLABLES[rank % len(SYLLABLES)]]
    while rank := rank // len(SYLLABLES):
        parts.append(SYLLABLES[rank % len(SYLLABLES)])
    return "".join(parts) + ("ck" if len(parts) == 1 else "")


def make_zipf(documents: int, queries: int) -> tuple[list[list[str]], list[str]]:
    rng = np.random.default_rng(7)
    words = np.array([word(rank) for rank in range(VOCABULARY)], dtype=object)
    weights = 1 / (np.arange(VOCABULARY) + 2.7) ** 1.05
    cumulative = np.cumsum(weights / weights.sum())
    lengths = np.maximum(8, rng.lognormal(4.5, 0.5, documents)).astype(int)
    drawn = np.minimum(np.searchsorted(cumulative, rng.random(lengths.sum())), VOCABULARY - 1)
    texts = [" ".join(words[part].tolist()) for part in np.split(drawn, np.cumsum(lengths)[:-1])]
    asked = []
    ends = np.cumsum(lengths)
    for place in rng.choice(documents, queries):
        own = drawn[ends[place] - lengths[place] : ends[place]]
        own = own[own >= len(FUNCTION_WORDS)]
        asked.append(" ".join(words[rng.choice(own, min(8, len(own)), replace=False)].tolist()))
    return [[f"doc-{number}", text] for number, text in enumerate(texts)], asked


def make_real(documents: int, queries: int) -> tuple[list[list[str]], list[str]]:
    from inpars.data.corpora import open_corpus
    from inpars.data.queries import read_queries

    folders = [COLLECTIONS / name for name in ENGLISH]
    texts = [document.contents for folder in folders for document in open_corpus(folder)]
    asked = [query.text for folder in folders for query in read_queries(folder / "queries.jsonl")]
    order = np.random.default_rng(7).permutation(len(asked))[:queries]
    rows = [[f"doc-{number}", texts[number % len(texts)]] for number in range(documents)]
    return rows, [asked[place] for place in order]


def ours(rows: list[list[str]], backend: str) -> Any:
    """An index in memory."""
    from inpars.retrieve.bm25 import BM25

    return BM25(((doc_id, text) for doc_id, text in rows), backend=backend)


def mapped(rows: list[list[str]], folder: Path, backend: str = "numpy") -> Any:
    """The index in `folder`, made where it is not there."""
    from inpars.data.corpora.memory import MemoryCorpus
    from inpars.data.records import Document
    from inpars.retrieve.bm25 import BM25

    corpus = MemoryCorpus(Document(doc_id, "", text) for doc_id, text in rows)
    return BM25.of(corpus, folder=folder, backend=backend)


def theirs(rows: list[list[str]], backend: str) -> Any:
    """The index and what analyses texts."""
    import bm25s
    import Stemmer

    stemmer = Stemmer.Stemmer("english")

    def tokens(texts: list[str]) -> Any:
        return bm25s.tokenize(texts, stopwords="en", stemmer=stemmer, show_progress=False)

    index = bm25s.BM25(method="lucene", k1=0.9, b=0.4, backend=backend)
    index.index(tokens([text for _, text in rows]), show_progress=False)
    return index, tokens


def index_one(rows: list[list[str]], system: str, folder: Path) -> dict[str, float]:
    """Documents a second and the peak of memory over what the texts and libraries take."""
    side, how = system.split()
    # Libraries are loaded and what compiles is compiled on a few documents.
    (ours if side == "inpars" else theirs)(rows[:100], "numpy" if how == "disk" else how)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    if how == "disk":
        mapped(rows, folder)
    elif side == "inpars":
        ours(rows, how)
    else:
        theirs(rows, how)
    took = time.perf_counter() - started
    return {"rate": len(rows) / took, "peak": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024}


def search(rows: list[list[str]], asked: list[str], k: int, rounds: int, folder: Path) -> dict[str, Any]:
    """Queries a second of every system, round by round, and how the scores compare."""
    from inpars.data.records import Query

    # Where no document has any of a query's words bm25s reads beyond its index.
    known = mapped(rows, folder)
    asked = [text for text in asked if len(known.terms(text))]
    queries = [Query(f"q{number}", text) for number, text in enumerate(asked)]
    names = np.array([doc_id for doc_id, _ in rows])
    from_terms: dict[str, Callable[[], Any]] = {}
    from_texts: dict[str, Callable[[], Any]] = {}
    for backend in ("numba", "numpy"):
        own = mapped(rows, folder, backend)
        terms = [own.terms(text) for text in asked]
        from_terms[f"inpars {backend}"] = lambda own=own, terms=terms: in_batches(own, terms, k)
        from_texts[f"inpars {backend}"] = lambda own=own: own.search_all(queries, k)
        index, tokens = theirs(rows, backend)
        analysed = tokens(asked)
        strings = [[analysed_vocabulary(analysed)[token] for token in query] for query in analysed.ids]
        numbers = [index.get_tokens_ids(query) for query in strings]

        def retrieve(found: Any, index: Any = index, **more: Any) -> Any:
            return index.retrieve(found, k=k, n_threads=1, sorted=True, show_progress=False, **more)

        from_terms[f"bm25s {backend}"] = lambda retrieve=retrieve, numbers=numbers: retrieve(numbers)
        from_texts[f"bm25s {backend}"] = lambda retrieve=retrieve, tokens=tokens: retrieve(tokens(asked), corpus=names)
    sizes = np.diff(index.scores["indptr"])
    shares = [float(sizes[query].sum()) / len(rows) for query in numbers]
    facts: dict[str, Any] = {"terms": float(np.mean([len(query) for query in terms])), "share": float(np.mean(shares))}
    facts["queries"] = len(asked)
    facts |= compare(from_terms) | {"times": {"from terms": {}, "from texts": {}}}
    for number in range(rounds + 1):
        for way, calls in (("from terms", from_terms), ("from texts", from_texts)):
            for system in SYSTEMS:
                started = time.perf_counter()
                calls[system]()
                if number:  # the first round compiles and warms
                    facts["times"][way].setdefault(system, []).append(time.perf_counter() - started)
    return facts


def in_batches(index: Any, terms: list[np.ndarray], k: int) -> list[Any]:
    from inpars.retrieve.bm25 import QUERIES_AT_ONCE as SIZE

    return [index.best(terms[start : start + SIZE], k) for start in range(0, len(terms), SIZE)]


def analysed_vocabulary(analysed: Any) -> dict[int, str]:
    return {number: token for token, number in analysed.vocab.items()}


def compare(calls: dict[str, Callable[[], Any]]) -> dict[str, Any]:
    """Whether numpy and numba agree to the last bit, and how far scores are from those of bm25s."""
    one, other = (calls[f"inpars {backend}"]() for backend in ("numba", "numpy"))
    same = all(
        np.array_equal(a, b) for mine, its in zip(one, other, strict=True) for a, b in zip(mine, its, strict=True)
    )
    scores = np.concatenate([best.scores for best in one])
    scores[np.arange(scores.shape[1]) >= np.concatenate([best.found for best in one])[:, None]] = 0
    return {"same": same, "difference": float(np.abs(scores - calls["bm25s numba"]().scores).max())}


def one(arguments: argparse.Namespace) -> None:
    name, task = arguments.one
    folder = Path(arguments.folder)
    rows, asked = json.loads((folder / f"{name}.json").read_text())
    if task == "search":
        print(json.dumps(search(rows, asked, arguments.k, arguments.rounds, folder / name)))
    else:
        with tempfile.TemporaryDirectory(dir=folder) as own:
            print(json.dumps(index_one(rows, task, Path(own))))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=1_000)
    parser.add_argument("--k", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--corpora", nargs="+", default=["zipf", "real"], choices=["zipf", "real"])
    parser.add_argument("--threads", type=int, default=1, help=argparse.SUPPRESS)
    parser.add_argument("--folder", default="", help=argparse.SUPPRESS)
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        one(arguments)
        return
    makers = {"zipf": make_zipf, "real": make_real}
    if not COLLECTIONS.is_dir():
        print(f"no collections in {COLLECTIONS}: made-up documents alone", file=sys.stderr)
        arguments.corpora = ["zipf"]
    libraries = ", ".join(f"{name} {version(name)}" for name in ("numpy", "numba", "bm25s"))
    print(f"{arguments.documents:,} documents, {arguments.queries:,} queries, k={arguments.k:,}, ", end="")
    print(f"{arguments.rounds} rounds, one thread, Python {sys.version.split()[0]}, {libraries}.\n")
    indexers = ("bm25s numba", "bm25s numpy", "inpars numpy", "inpars disk")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name in arguments.corpora:
            (folder / f"{name}.json").write_text(json.dumps(makers[name](arguments.documents, arguments.queries)))
            common = ["--k", arguments.k, "--rounds", arguments.rounds, "--one", name]
            found: dict[str, list[Any]] = {system: [] for system in indexers}
            for _ in range(arguments.rounds):
                for system in indexers:
                    found[system].append(in_process(__file__, [*common, system], folder=folder, threads=1))
            facts = in_process(__file__, [*common, "search"], folder=folder, threads=1)
            report(name, facts, found)


def report(name: str, facts: dict[str, Any], found: dict[str, list[Any]]) -> None:
    print(f"### {name}: {facts['terms']:.1f} terms a query, which meet {facts['share']:.2f} postings a document\n")
    print("| search | from terms, queries/s | to bm25s numba | from texts, queries/s | to bm25s numba |")
    print("| --- |" + " ---: |" * 4)
    for system in SYSTEMS:
        cells = [system]
        for way in ("from terms", "from texts"):
            times = facts["times"][way]
            # Rounds are compared one by one: what else the machine does is alike within one.
            ratio = median(own / base for own, base in zip(times[system], times["bm25s numba"], strict=True))
            cells += [f"{facts['queries'] / median(times[system]):,.0f}", f"{ratio:.2f}x the time"]
        print(f"| {' | '.join(cells)} |")
    told = "the same bits" if facts["same"] else "DIFFERENT results"
    print(
        f"\nnumpy and numba give {told}; the largest difference from a score of bm25s is {facts['difference']:.1e}.\n"
    )
    print("| indexing | documents/s | peak MB beyond the texts |\n| --- | ---: | ---: |")
    for system, runs in found.items():
        cells = (system, f"{median(run['rate'] for run in runs):,.0f}", f"{median(run['peak'] for run in runs):,.0f}")
        print(f"| {' | '.join(cells)} |")
    print(flush=True)


if __name__ == "__main__":
    main()
