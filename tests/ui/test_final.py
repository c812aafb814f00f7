"""What cannot be undone is never what invites: red words in a red line, and the keyboard is somewhere else."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget

from mistral_desk.ui import loop
from mistral_desk.ui.theme.contrast import contrast
from mistral_desk.ui.theme.theme import Theme
from mistral_desk.ui.widgets.button import Button
from tools.gallery.stage import opened
from tools.gallery.states import STATES

if TYPE_CHECKING:
    from mistral_desk.ui.theme.tokens import Scheme

ASKED: Final = {
    "library-delete": ("Delete for good", "Move to the bin"),
    "download-cancel": ("Cancel and delete 5.3 GB", "Go on downloading"),
    "bin-emptied": ("Empty the bin", ""),
    "temporary-left": ("Close the chat", ""),
    "erase": ("Delete everything…", ""),
}
"""States that ask before something goes for good: what would do it, and what is filled instead, if anything is."""


@pytest.mark.parametrize("name", ASKED)
def test_a_sheet_invites_to_nothing_that_cannot_be_undone(name: str, qapp: QApplication) -> None:
    state = next(one for one in STATES if one.name == name)
    final, filled = ASKED[name]

    async def scenario(home: Path) -> None:
        async with opened(qapp, home) as stage:
            await state.set_up(stage)
            sheet = stage.desk.window.overlay
            assert sheet is not None
            buttons = {one.text(): one for one in sheet.findChildren(Button) if one.isVisible() and one.text()}
            assert buttons[final].kind == "danger"
            assert [text for text, one in buttons.items() if one.kind == "primary"] == ([filled] if filled else [])
            assert sheet.first() is not buttons[final], "the keyboard is on what does no harm"
            if filled:
                last = max(buttons.values(), key=lambda one: (one.y(), one.x()))
                assert last is buttons[filled], "where the eye and the hand look for it"

    with tempfile.TemporaryDirectory() as home:
        loop.run(qapp, partial(scenario, Path(home)))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_its_button_is_not_filled_and_reads_well(scheme: Scheme, qapp: QApplication) -> None:
    theme, ground = Theme(qapp, scheme), QWidget()
    button = Button(theme, "Delete for good", text="Delete for good", kind="danger", parent=ground)
    button.resize(button.sizeHint())
    image = button.grab().toImage()
    middle = button.height() // 2
    assert image.pixelColor(6, middle).name().upper() == theme.colours.canvas.upper(), "nothing behind the words"
    assert contrast(image.pixelColor(0, middle).name().upper(), theme.colours.canvas) >= 3, "its line is seen"
    button.setEnabled(False)
    assert button.kind == "danger"
    assert button.cursor().shape() == Qt.CursorShape.ArrowCursor
    ground.deleteLater()
