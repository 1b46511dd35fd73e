"""What would only fail hours into a run, found before it begins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from inpars.data.corpora import Corpus
from inpars.data.corpora.base import absent_from, check_ids
from inpars.data.hub import ask, is_offline
from inpars.data.ids import check_whole
from inpars.data.recorded import finished_steps, recorded_corpus, recorded_manifest, recorded_steps
from inpars.data.test_sets import TestSet
from inpars.errors import InparsError, faults_of, raise_faults, some
from inpars.models.checks import model_checks
from inpars.models.locate import on_hub, source
from inpars.pipeline.models import named_models
from inpars.pipeline.references import references
from inpars.pipeline.steps import METRICS, RUNS, Step
from inpars.progress import say


def check_models(steps: Iterable[Step]) -> None:
    """`InparsError` for models that steps name and that are not available, or whose files do not fit together.

    As far as the disk can tell, and whether the Hub answers; no library that runs models is imported. Steps that a
    run directory has already may do without their models: see `unfinished`.
    """
    raise_faults(faults_of(*(check for step in steps for check in model_checks(named_models(step)))))


def check_run(steps: Sequence[Step], corpus: Corpus, test_set: TestSet | None, folder: Path) -> None:
    """`InparsError` for everything that would only fail in the middle of the run, all of it at once.

    That is what the data lack, and what the steps need that `folder` does not have already.
    """
    todo = list(unfinished(steps, folder, corpus, judged=test_set is not None))
    of_data = faults_of(lambda: check_ids(corpus), lambda: check_test_queries(test_set))
    if not of_data and test_set is not None:
        of_data = faults_of(lambda: check_judged(test_set, corpus))
    _ask_hub(todo)
    of_steps: list[InparsError] = []
    for step in todo:
        if step.stage.needs is not None:
            # A corpus that cannot be read is told once.
            found = faults_of(*step.stage.needs(step, None if of_data else corpus, steps))
            for fault in found:
                fault.message = f"{step.name}: {fault.message}"
            of_steps += found
    of_models = faults_of(lambda: check_models(todo))
    raise_faults([*of_data, *of_models, *of_steps])


def _ask_hub(steps: Iterable[Step]) -> None:
    """Begin to ask whether the Hub answers where that will be wanted, since the other checks take a while."""
    models = [source(named.model) for step in steps for named in named_models(step) if named.here]
    if not is_offline() and any(map(on_hub, models)):
        ask()


def unfinished(
    steps: Iterable[Step], folder: Path, corpus: Corpus | None = None, judged: bool | None = None
) -> Iterator[Step]:
    """The steps that have work to do in `folder`, as far as its records tell.

    A step is done where the manifest of the call before has it as finished without errors, with the options that
    it has now, and so have those that it builds on; and where the corpus is the one of that time. What measures is
    done only where there were judgments as there are now (`judged`).
    """
    recorded, manifest = recorded_steps(folder), recorded_manifest(folder)
    of_corpus = recorded_corpus(manifest, "fingerprint")
    same_corpus = corpus is None or of_corpus is None or of_corpus == corpus.fingerprint()
    finished, waiting = finished_steps(manifest), set[str]()
    were_judged = manifest["test_set"] is not None if "test_set" in manifest else None
    for step in steps:
        builds_on = {step.input, *(name for _, name in references(step.options.model_dump()))}
        same = recorded.get(step.name) == step.to_dict() and same_corpus and not builds_on & waiting
        asks_others = step.stage.gives in (RUNS, METRICS) and judged not in (None, were_judged)
        if step.name in finished and same and not asks_others:
            continue
        waiting.add(step.name)
        yield step


def check_test_queries(test_set: TestSet | None) -> None:
    """`InputError` for ids of test queries that the lines of a run cannot hold, wherever they come from."""
    if test_set is not None:
        check_whole("query", (query.query_id for query in test_set.queries), test_set.source, numbered=False)


def check_judged(test_set: TestSet, corpus: Corpus) -> None:
    """Say how many judged documents the corpus lacks; `InparsError` where it has none of the relevant ones."""
    judged = dict.fromkeys(doc_id for grades in test_set.qrels.values() for doc_id in grades)
    if not (absent := absent_from(corpus, judged)):
        return
    gone = set(absent)
    relevant = {doc_id for grades in test_set.qrels.values() for doc_id, grade in grades.items() if grade > 0}
    if relevant <= gone:
        raise InparsError(
            f"{test_set.source}: none of the {len(relevant):,} relevant documents is in the corpus {corpus.name}: "
            f"{some(sorted(relevant))}",
            hint=f"are the judgments for another corpus? The first id in this one is {next(iter(corpus)).doc_id!r}",
        )
    lost = f"{len(relevant & gone):,} of them relevant, which nothing can find"
    say(f"run: {corpus.name} lacks {len(absent):,} of {len(judged):,} judged documents, {lost}: {some(absent)}")
