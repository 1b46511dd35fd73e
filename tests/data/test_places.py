"""Where caches lie."""

import sys

import pytest

from inpars.data.places import cache_folder


def test_the_variable_goes_before_the_systems_place(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("INPARS_CACHE", str(tmp_path / "mine"))
    assert cache_folder() == tmp_path / "mine"


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="other systems have other places")
def test_the_users_cache_folder_is_the_place_otherwise(tmp_path, monkeypatch):
    monkeypatch.delenv("INPARS_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "inpars"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder().parts[-2:] == (".cache", "inpars")


def test_answers_speeds_and_published_files_lie_in_one_folder(tmp_path, monkeypatch):
    from inpars.download.cache import cached_path
    from inpars.download.catalogue import catalogue
    from inpars.models.engines import choose
    from inpars.models.language.cache import cache_path

    monkeypatch.setenv("INPARS_CACHE", str(tmp_path))
    item = catalogue().find("queries", "v2/scifact")
    assert {cache_path(None).parent, choose._speeds().parent, cached_path(item).parents[3]} == {tmp_path}
