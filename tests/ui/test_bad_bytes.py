"""A byte that is no UTF-8 in a file of ours (a disk that forgets, an editor that means well) stops no start."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QObject

from mistral_desk.chat import presets
from mistral_desk.chat.message import ConversationSettings
from mistral_desk.core.errors import DeskError
from mistral_desk.fit import machine
from mistral_desk.library import adopted_file, journal, orders, relocating, shelf_file
from mistral_desk.ui.drafts import NEW, Drafts

if TYPE_CHECKING:
    from pathlib import Path

BAD = (
    b'{"new":"a\xffb","models":[{"id":"\xff"}],"entries":[{"order":{"id":"\xff"}}],"used":{"\xff":1.0},"phase":"\xff"}'
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file.json"
    path.write_bytes(BAD)
    return path


@pytest.mark.allow_log("drafts could not be read", "mistral_desk.ui.drafts")
def test_drafts_are_empty_then(file: Path) -> None:
    parent = QObject()
    assert Drafts(file, parent).get(NEW) == ""


def test_lists_are_set_aside_or_empty_then(file: Path) -> None:
    assert relocating.read(file) is None
    assert shelf_file.load(file) == shelf_file.Remembered()
    kept, problem = orders.load(file)
    assert kept.entries == ()
    assert problem is not None
    file.write_bytes(BAD)
    models, problem = adopted_file.load(file)
    assert models == ()
    assert problem is not None
    assert journal._understood(BAD + b"\n" + BAD) is None


def test_a_description_says_what_it_is() -> None:
    with pytest.raises(DeskError) as refused:
        machine.described(BAD)
    assert refused.value.problem.id == "machine.description"


def test_a_preset_without_a_bottom_says_nothing() -> None:
    deep = '{"settings":{"system":"s","x":' + "[" * 5000 + "]" * 5000 + "}}"
    assert presets.from_body(1, "Deep", deep) == presets.Preset(1, "Deep", ConversationSettings())
