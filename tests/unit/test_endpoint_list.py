"""The list of endpoints where its file cannot be read or written: said, and nothing else is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mistral_desk.core.errors import DeskError
from mistral_desk.net.endpoints import store
from mistral_desk.net.endpoints.record import Endpoint

if TYPE_CHECKING:
    from pathlib import Path


def test_what_stands_in_the_way_of_the_list_is_said(tmp_path: Path) -> None:
    in_the_way = tmp_path / store.FILE
    in_the_way.mkdir()

    with pytest.raises(DeskError) as caught:
        store.write(in_the_way, ())

    assert caught.value.problem.id == "endpoint.not_saved"
    assert caught.value.problem.params["path"] == str(in_the_way)
    assert caught.value.problem.params["reason"]
    assert [path.name for path in tmp_path.iterdir()] == [store.FILE], "nothing half written stays"


@pytest.mark.allow_log("the list of endpoints cannot be read", "mistral_desk.net.endpoints.store")
def test_a_list_that_cannot_be_read_stays_where_it_is(tmp_path: Path) -> None:
    unreadable = tmp_path / store.FILE
    unreadable.mkdir()

    assert store.read(unreadable) == ()
    assert unreadable.is_dir()


def test_who_changes_an_address_in_the_file_gets_no_agreement(tmp_path: Path) -> None:
    file = tmp_path / store.FILE
    given = Endpoint("a", "A", "https://one.example/v1", agreed=True, since=1.0, brief=True)
    store.write(file, (given,))
    assert store.read(file) == (given,)
    file.write_text(file.read_text().replace("one.example/v1", "one.example/v2"))
    (same,) = store.read(file)
    assert (same.agreed, same.since) == (True, 1.0), "the same computer"
    file.write_text(file.read_text().replace("one.example/v2", "two.example/v1"))
    (other,) = store.read(file)
    assert (other.agreed, other.since, other.brief) == (False, file.stat().st_mtime, False)
    assert store.read(file) == (other,), "it stays so until it is written anew"
    store.write(file, (other,))
    assert store.read(file) == (other,)
