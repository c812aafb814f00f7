"""The list of endpoints where its file cannot be read or written: said, and nothing else is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mistral_desk.core.errors import DeskError
from mistral_desk.net.endpoints import store

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
