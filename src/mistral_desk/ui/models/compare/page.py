"""The comparison: up to four models, what differs between them, and the way to another one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from mistral_desk.catalog.store import PUBLISHER
from mistral_desk.core.words import mark, tr, trn
from mistral_desk.ui.models.compare.rows import MOST, rows
from mistral_desk.ui.models.compare.table import Table
from mistral_desk.ui.theme.tokens import BAR, SPACE
from mistral_desk.ui.widgets.button import Button, explain
from mistral_desk.ui.widgets.flow import FlowLayout
from mistral_desk.ui.widgets.label import Label
from mistral_desk.ui.widgets.switch import Switch
from mistral_desk.ui.widgets.tab_order import chain
from mistral_desk.ui.widgets.tag import Tag

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mistral_desk.catalog.record import Record
    from mistral_desk.ui.fit.verdict import Verdict
    from mistral_desk.ui.theme.theme import Theme

EMPTY: Final = mark("Nothing to compare yet. Add two models or more from the list.")
ALONE: Final = mark("A comparison needs another model. Add one from the list.")
SAME: Final = mark("They say the same in everything that is compared here.")
WHOSE: Final = mark(
    "A dot marks what differs. Benchmarks are the publisher's own normalised scores ({publisher}), not official ones."
)
WIDEST: Final = 1400
"""Pixels at the system's text size: a wider table is harder to read across."""


class ComparePage(QFrame):
    """Shows what it is given; signals go up."""

    back = Signal()
    open_model = Signal(str)
    remove = Signal(str)
    add = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setAccessibleName(tr("Compare models"))
        self.records: tuple[Record, ...] = ()
        self.opens: dict[str, Tag] = {}
        self.removes: dict[str, Button] = {}
        words = tr("Models")
        self.back_button = Button(
            theme, tr("Back to the models"), icon="arrow-left", text=words, kind="outline", muted=True, parent=self
        )
        self.back_button.clicked.connect(self.back)
        words = tr("Only differences")
        self._differences = QWidget(self)
        self.only = Switch(theme, words, self._differences)
        self.only.toggled.connect(self._choose)
        line = QHBoxLayout(self._differences)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(SPACE[0])
        line.addSpacing(SPACE[1])
        line.addWidget(Label(theme, words, wrap=True, parent=self._differences), 1)
        line.addWidget(self.only)
        words = tr("Add a model")
        self.add_button = Button(theme, words, icon="plus", text=words, kind="outline", small=True, parent=self)
        self.add_button.clicked.connect(self.add)
        self.table = Table(theme, self)
        self._lay_out()
        self.show_records((), {})

    def regions(self) -> list[QWidget]:
        """What F6 goes through."""
        return [self.back_button, self.table] if self.table.isVisible() else [self.back_button]

    def show_records(
        self,
        records: Sequence[Record],
        verdicts: Mapping[str, Verdict],
        files: Mapping[str, Sequence[str]] | None = None,
        publisher: str = PUBLISHER,
    ) -> None:
        """Compare these; the fifth and more are left out. `verdicts` by a record's id, as far as they are known.

        `files` has the words for the files of every model whose verdict is known or comes: its rows have their room.
        `publisher` is whose catalogue they come from.
        """
        self._publisher = publisher
        before, self.records = self.records, tuple(records)[:MOST]
        if before != self.records:
            self._chips()
        found = rows(self.records, verdicts, files) if self.records else ()
        known = tuple(row for row in found if row.lasting or any(cell.known for cell in row.cells))
        self.table.show_rows([one.title for one in self.records], known)
        self._choose()
        many = len(self.records) > 1
        self._differences.setVisible(many)
        self.table.setVisible(bool(self.records))
        self._room.setVisible(not self.records)  # what is said stands below the line, not in the middle
        full = len(self.records) >= MOST
        explain(self.add_button, trn("{n} model is the most.", "{n} models are the most.", MOST) if full else "")
        if not full:
            self.add_button.setToolTip("")
        self._chain()

    # --- look ---------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        theme = self._theme
        holder = QWidget(self)
        holder.setMaximumWidth(WIDEST)
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, SPACE[3], 0, 0)
        column.setSpacing(0)
        head = QHBoxLayout()
        head.setSpacing(SPACE[2])
        head.addWidget(self.back_button)
        head.addWidget(Label(theme, tr("Compare"), "heading", strong=True, parent=holder))
        head.addStretch(1)
        column.addLayout(head)
        column.addSpacing(SPACE[3])
        self._line = QWidget(holder)
        self._flow = FlowLayout(self._line, spacing=SPACE[1])
        column.addWidget(self._line)
        column.addSpacing(SPACE[2])
        column.addWidget(self.table, 1)
        self._told = Label(theme, "", "small", ink="muted", wrap=True, parent=holder)
        column.addSpacing(SPACE[1])
        column.addWidget(self._told)
        column.addSpacing(SPACE[2])
        self._room = QWidget(holder)
        column.addWidget(self._room, 1)
        self.add_button.setParent(self._line)
        self._differences.setParent(self._line)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addSpacing(SPACE[4])  # spaces are mirrored with the window, margins are not
        row.addStretch(1)
        row.addWidget(holder, 1000)
        row.addStretch(1)
        row.addSpacing(SPACE[4] - BAR)

    def _chips(self) -> None:
        """A model's name leads to its page; the cross takes it out."""
        focused = next((model for model, button in self.removes.items() if button.hasFocus()), None)
        while (item := self._flow.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None and widget not in (self.add_button, self._differences):
                widget.hide()
                widget.deleteLater()
        self.opens, self.removes = {}, {}
        for one in self.records:
            chip = QWidget(self._line)
            line = QHBoxLayout(chip)
            line.setContentsMargins(0, 0, 0, 0)
            line.setSpacing(2)
            title = Tag(self._theme, tr("Open {title}", title=one.title), one.title, chip)
            close = Button(
                self._theme,
                tr("Take {title} out", title=one.title),
                icon="close",
                small=True,
                muted=True,
                parent=chip,
            )
            title.clicked.connect(lambda _on=False, model=one.id: self.open_model.emit(model))
            close.clicked.connect(lambda _on=False, model=one.id: self.remove.emit(model))
            line.addWidget(title)
            line.addWidget(close)
            self._flow.addWidget(chip)
            self.opens[one.id], self.removes[one.id] = title, close
        for lasting in (self.add_button, self._differences):
            self._flow.addWidget(lasting)
        if focused is not None:
            self.add_button.setFocus(Qt.FocusReason.OtherFocusReason)

    def _choose(self, _on: bool = False) -> None:
        only = self.only.isChecked() and len(self.records) > 1
        self.table.hide_same(hidden=only)
        differs = any(row.differs for row in self.table.comparison.rows)
        if len(self.records) < 2:
            self._told.setText(tr(ALONE) if self.records else tr(EMPTY))
        elif not differs:
            self._told.setText(tr(SAME))
        else:
            self._told.setText(tr(WHOSE, publisher=self._publisher))

    def _chain(self) -> None:
        chain(self)
