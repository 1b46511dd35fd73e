"""The published experiments as data: every figure has a source, and settings follow the papers."""

import pytest

from inpars.generate.prompts.library import load_template
from inpars.pipeline.published import experiment, published
from inpars.pipeline.recipe import recipe_names

BEIR_18 = (
    *("arguana", "bioasq", "climate-fever", "cqadupstack", "dbpedia-entity", "fever", "fiqa", "hotpotqa", "nfcorpus"),
    *("nq", "quora", "robust04", "scidocs", "scifact", "signal1m", "trec-covid", "trec-news", "webis-touche2020"),
)


def options(method, dataset, documents=0):
    chosen = experiment(method, dataset)
    recipe = chosen.recipe(documents or chosen.data.documents, [])
    return {step.name: step.options for step in recipe.steps}


def mean(column):
    figures = published().columns[column].figures
    return sum(figures.values()) / len(figures)


def test_all_of_beir_is_there_and_every_method_is_a_recipe():
    assert tuple(published().datasets) == BEIR_18
    assert set(published().methods) <= set(recipe_names())


def test_every_figure_is_of_a_known_dataset_and_has_a_source():
    data = published()
    for column in data.columns.values():
        assert column.source in data.sources
        assert set(column.figures) <= set(BEIR_18)
        assert all(0 < figure < 1 for figure in column.figures.values())
    for method in data.methods.values():
        assert {name for names in method.compare.values() for name in names} <= set(data.columns)
        assert {cost.source for cost in method.costs} <= set(data.sources)


@pytest.mark.parametrize(
    ("column", "datasets", "average"),
    # The averages that the papers print, or that follow from their cells where the two differ.
    [
        ("bm25", 18, 0.4244),
        ("monot5-3b", 11, 0.502),
        ("inpars-v1", 11, 0.523),
        ("inpars-v2-tpu", 18, 0.5457),
        ("inpars-v2-gpu", 18, 0.5457),
        ("promptagator", 11, 0.478),
        ("promptagator++", 11, 0.528),
        ("gpl", 11, 0.455),
    ],
)
def test_the_figures_come_to_the_averages_of_the_papers(column, datasets, average):
    assert len(published().columns[column].figures) == datasets
    assert mean(column) == pytest.approx(average, abs=0.00055)


def test_device_noise_is_what_lies_between_the_two_devices():
    data = published()
    assert data.noise_of("hotpotqa") == data.most_noise() == 0.08
    assert data.noise_of("scifact") == 0.001
    assert data.noise_of("climate-fever") == 0


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("scifact", "scifact"),
        ("beir/SciFact", "scifact"),
        ("touche", "webis-touche2020"),
        ("trec_covid", "trec-covid"),
        ("ir_datasets:beir/dbpedia-entity", "dbpedia-entity"),
    ],
)
def test_a_dataset_is_found_in_any_usual_spelling(typed, name):
    assert experiment("inpars-v2", typed).dataset == name


def test_sizes_are_those_of_the_catalogue():
    ir_datasets = pytest.importorskip("ir_datasets")
    for name, dataset in published().datasets.items():
        chosen = experiment("inpars-v1", name)
        if not dataset.corpus:
            continue
        found = [0, 0]
        for part in chosen.parts:
            place = "/".join(filter(None, (dataset.corpus.removeprefix("ir_datasets:"), part)))
            documents = ir_datasets.load(place).metadata()["docs"]["count"]
            test = f"{place}/test" if f"{place}/test" in ir_datasets.registry else place
            queries = ir_datasets.load(test).metadata()["queries"]["count"]
            found = [found[0] + documents, found[1] + queries]
        assert found == [dataset.documents, dataset.queries], name


@pytest.mark.parametrize("dataset", BEIR_18)
def test_promptagator_takes_each_datasets_own_prompt(dataset):
    prompt = options("promptagator", dataset, 1000)["generate"].prompt
    assert prompt == f"promptagator-{dataset}"
    assert load_template(prompt).name == prompt


def test_promptagators_batches_and_steps_follow_the_collections_size():
    def sizes(dataset):
        found = options("promptagator", dataset)
        assert found["draft"].batch_size == found["retriever"].batch_size
        return found["draft"].batch_size, found["draft"].max_steps, found["train"].max_steps

    assert sizes("scifact") == (128, 1000, 5000)
    assert sizes("trec-covid") == (6000, 1000, 5000)
    assert sizes("fever") == (6000, 5000, 20_000)


def test_gpl_has_a_quarter_of_a_million_queries_and_at_least_three_a_document():
    assert options("gpl", "fever")["generate"].queries_per_document == 3
    for dataset in ("scifact", "fiqa"):
        each, documents = (
            options("gpl", dataset)["generate"].queries_per_document,
            published().datasets[dataset].documents,
        )
        assert 250_000 <= each * documents < 250_000 + documents


def test_the_users_settings_go_before_a_datasets_own():
    recipe = experiment("promptagator", "fever").recipe(5_000_000, ["draft.batch_size=64"])
    assert next(step for step in recipe.steps if step.name == "draft").options.batch_size == 64


def test_the_measure_of_the_figures_may_go_by_another_of_its_names():
    recipe = experiment("inpars-v2", "scifact").recipe(5_183, ["evaluate.measures=[ndcg_cut_10, map]"])
    assert recipe.steps[-1].options.measures == ("ndcg_cut_10", "map")
