"""Pipes where models and what is written of them lie: whoever shares a folder can make one, and nobody waits for it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final

import pytest

from mistral_desk.library import disk, journal
from mistral_desk.library.programs import small_object
from mistral_desk.library.scan import scan

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fixtures.small_models import SmallModels

WITHOUT_END: Final = "/dev/zero"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no pipes in folders there")


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_a_pipe_in_the_place_of_a_list_hides_no_model_and_holds_nothing(
    tmp_path: Path, small_models: SmallModels, kind: str
) -> None:
    model = tmp_path / "a.gguf"
    model.write_bytes(small_models["dense"].read_bytes())
    listed = journal.path_for(model)
    listed.parent.mkdir()
    if kind == "pipe":
        os.mkfifo(listed)
    else:
        listed.symlink_to(WITHOUT_END)
    assert journal.read(listed) is None
    assert [one.path for one in scan(tmp_path) or ()] == [str(model)]


def test_a_pipe_is_no_model_and_says_nothing_of_one(tmp_path: Path) -> None:
    pipe = tmp_path / "a.gguf"
    os.mkfifo(pipe)
    assert scan(tmp_path) == ()
    assert small_object(pipe) is None
    with pytest.raises(disk.NotAFileError):
        disk.opened(pipe, os.O_RDONLY)
