"""The library's page in a window of its own, without the rest of the program."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from mistral_desk.ui.library.page import LibraryPage
from mistral_desk.ui.theme.theme import Theme
from tests.ui.heard import settled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtWidgets import QApplication


@contextlib.contextmanager
def library_shown(app: QApplication) -> Iterator[LibraryPage]:
    """The page, empty, in the window that has the keyboard."""
    holder = QWidget()
    holder.resize(800, 600)
    page = LibraryPage(Theme(app, "light", 100), holder)
    page.resize(800, 600)
    holder.show()
    holder.activateWindow()
    assert QTest.qWaitForWindowActive(holder, 60_000)
    settled()
    yield page
    holder.deleteLater()
