"""Thousands of records that cannot be read are counted, not all listed: each line is two widgets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from mistral_desk.catalog.store import SetAside
from mistral_desk.ui.models.browse.instead import SHOWN, AsideSheet
from mistral_desk.ui.theme.theme import Theme
from mistral_desk.ui.widgets.label import Label

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication


def test_thousands_are_counted(qapp: QApplication) -> None:
    window = QWidget()
    aside = [SetAside(f"record-{number}", "it has no id") for number in range(9_000)]
    sheet = AsideSheet(Theme(qapp), aside, window)
    told = [label.text() for label in sheet.findChildren(Label)]
    assert len(told) < 3 * SHOWN
    assert any(text.startswith("… and") and text.endswith("others") for text in told)
    window.deleteLater()
