"""What `--dataset` names: documents, and the queries and judgments that go with them."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from inpars.data.beir import TEST_SETS, parts_of
from inpars.data.columns import split_columns
from inpars.data.corpora import Corpus, open_corpus
from inpars.data.corpora.ir_datasets import is_known
from inpars.data.files import format_suffix
from inpars.data.formats import FORMATS
from inpars.data.test_sets import TestSet, open_test_set
from inpars.errors import InparsError

Source = Literal["ir_datasets", "pyserini"]


def is_local(dataset: str) -> bool:
    """Whether `dataset` is a file or folder, there or missing, and no name of a catalogue."""
    path = Path(split_columns(dataset)[0])
    written_as_path = dataset.startswith((".", "/", "~")) or dataset.endswith("/")
    return path.exists() or format_suffix(path) in FORMATS or written_as_path


def open_documents(dataset: str, source: Source = "ir_datasets") -> Corpus:
    """The documents of a dataset: a name, looked up at `source`, or a BEIR folder, or a corpus file, or our spec."""
    if parts_of(dataset) and not (Path(dataset) / "corpus.jsonl").is_file():
        first = parts_of(dataset)[0]
        raise InparsError(
            f"{dataset} is {len(parts_of(dataset))} datasets, each with documents of its own",
            hint=f"take one at a time: --dataset {dataset.rstrip('/')}/{first}; evaluate takes their mean",
        )
    if source == "pyserini" and not is_local(dataset):
        from inpars.drop_in.toolkit.pyserini import open_prebuilt

        return open_prebuilt(dataset)
    return open_corpus(_spec(dataset))


def open_tests(dataset: str, source: Source = "ir_datasets") -> TestSet:
    """The test queries and judgments of a dataset. `InparsError` where it brings none."""
    if source == "pyserini" and not is_local(dataset):
        from inpars.drop_in.toolkit.pyserini import test_set

        return test_set(dataset)
    spec = _spec(dataset)
    measured = spec if is_local(dataset) else TEST_SETS.get(dataset.removeprefix("beir/"), spec)
    found = open_test_set(measured, None, None)
    if found is None:
        raise InparsError(
            f"{dataset} brings no test queries with judgments",
            hint="a BEIR folder has queries.jsonl and qrels/test.tsv; or name files: --queries, --qrels",
        )
    return found


def _spec(dataset: str) -> str:
    if is_local(dataset) or ":" in dataset or dataset == "python-docs":
        return dataset
    # The toolkit's names are BEIR's; some are names of other datasets in the catalogue as well.
    return f"ir_datasets:beir/{dataset}" if is_known(f"beir/{dataset}") else f"ir_datasets:{dataset}"
