"""`inpars v1`."""

from typing import Annotated

from cyclopts import App, Parameter

from inpars.drop_in.v1.filter import FilterFlags
from inpars.drop_in.v1.filter import run as run_filter
from inpars.drop_in.v1.generate import GenerateFlags
from inpars.drop_in.v1.generate import run as run_generate
from inpars.drop_in.v1.train import TrainFlags
from inpars.drop_in.v1.train import run as run_train
from inpars.drop_in.v1.triples import TriplesFlags
from inpars.drop_in.v1.triples import run as run_triples

app = App(name="v1", help="InPars v1's own commands, flags and files.")


@app.command
def generate(*, flags: Annotated[GenerateFlags, Parameter(name="*")]) -> None:
    """Write a question for each document of a collection, as generate_queries_openai.py does."""
    run_generate(flags)


@app.command
def filter(*, flags: Annotated[FilterFlags, Parameter(name="*")]) -> None:
    """Keep the best-scored questions, as filter_queries_by_score.py does."""
    run_filter(flags)


@app.command
def triples(*, flags: Annotated[TriplesFlags, Parameter(name="*")]) -> None:
    """Find negatives with BM25, as generate_triples_train.py does."""
    run_triples(flags)


@app.command
def train(*, flags: Annotated[TrainFlags, Parameter(name="*")]) -> None:
    """Train monoT5 and evaluate it as it trains, as train_t5.py does."""
    run_train(flags)
