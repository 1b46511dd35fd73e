"""`inpars download`."""

from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter
from rich.console import Console
from rich.table import Table

from inpars.download import KINDS, Item, Kind, catalogue, is_offline
from inpars.download import download as fetch
from inpars.errors import InparsError, MissingDependency, OptionError

_PATIENCE = 5.0
"""Seconds that a server has to tell a size."""
_COLUMNS: tuple[Literal["left", "right"], ...] = ("left", "left", "right", "left")


def download(
    kind: Kind | None = None,
    name: str | None = None,
    *,
    output: Path | None = None,
    offline: Annotated[bool, Parameter(negative=())] = False,
    list_: Annotated[bool, Parameter(name="--list", negative=())] = False,
) -> None:
    """Download what the authors of InPars have published, and print where it lies.

    Parameters
    ----------
    kind
        Kind of thing.
    name
        Its name, as --list shows it, in any usual spelling of the dataset.
    output
        File to write it to as well; queries are written as rows of `inpars generate`.
    offline
        Take only what is in the cache.
    list_
        List what there is, of one kind or of all, with sizes.
    """
    if list_:
        _list(kind, offline=offline or is_offline())
    elif kind is None or name is None:
        raise OptionError(
            "download needs a kind and a name", hint=f"inpars download --list shows them; kinds: {', '.join(KINDS)}"
        )
    else:
        print(fetch(kind, name, output=output, offline=offline))


def _list(kind: Kind | None, *, offline: bool) -> None:
    items = catalogue().items(kind)
    sizes = {} if offline else _sizes([item for item in items if not item.size])
    console = Console(highlight=False)
    for about, group in groupby(items, key=lambda item: item.about):
        console.print(about, style="bold", markup=False)
        table = Table(box=None, pad_edge=False, show_header=False)
        for justify in _COLUMNS:
            table.add_column(justify=justify, no_wrap=True)
        for item in group:
            here = _cached_size(item)
            size = _told(here) if here is not None else item.size or _told(sizes.get(item.source))
            table.add_row(item.kind, item.name, size, "" if here is None else "in the cache")
        console.print(table)


def _cached_size(item: Item) -> int | None:
    """Bytes of what is in the cache; None where it is not there, or a model whose library is not."""
    from inpars.download.cache import cached_path
    from inpars.download.hub import fetch_model

    if item.kind != "model":
        path = cached_path(item)
        return path.stat().st_size if path.is_file() else None
    try:
        folder = fetch_model(item, offline=True)
    except InparsError:
        return None
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _sizes(items: list[Item]) -> dict[str, int | None]:
    """The sizes that the servers tell, by source."""
    from inpars.download.http import mirrored, open_client, remote_size
    from inpars.download.hub import model_size

    def ask(item: Item) -> int | None:
        if item.kind != "model":
            return remote_size(client, mirrored(item.url) if item.url else item.address)
        try:
            return model_size(item, _PATIENCE)
        except MissingDependency:
            return None

    with open_client(_PATIENCE) as client, ThreadPoolExecutor(8) as pool:
        return dict(zip((item.source for item in items), pool.map(ask, items), strict=True))


def _told(size: int | None) -> str:
    """A size as the Hub's pages show it: three digits, powers of a thousand."""
    if size is None:
        return "size unknown"
    value, units = float(size), ["bytes", "kB", "MB", "GB"]
    while value >= 999.5 and len(units) > 1:
        value /= 1000
        units.pop(0)
    return f"{value:.3g} {units[0]}"
