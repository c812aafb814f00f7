"""A sheet to choose some of many: providers, tags, licences. What is chosen holds at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QAbstractListModel, QPoint, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QAbstractItemView, QHBoxLayout, QStyle, QStyleOptionViewItem, QVBoxLayout, QWidget

from mistral_desk.core.amounts import number
from mistral_desk.core.words import tr, trn
from mistral_desk.ui.theme import direction
from mistral_desk.ui.theme.tokens import RADIUS_SMALL, SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.focus import by_keyboard
from mistral_desk.ui.widgets.label import Label
from mistral_desk.ui.widgets.lines import LineDelegate, LineList
from mistral_desk.ui.widgets.overlay import Overlay
from mistral_desk.ui.widgets.search import SearchField
from mistral_desk.ui.widgets.tip import plain_tip

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QFocusEvent, QKeyEvent

    from mistral_desk.ui.theme.theme import Theme
    from mistral_desk.ui.widgets.lines import Index


SEARCHED: Final = 10
"""More choices than these get a search field."""
LINES: Final = 9
"""So many are seen at once where the window is tall enough."""
_COUNT: Final = Qt.ItemDataRole.UserRole


@dataclass(frozen=True)
class Option:
    """One choice: what it stands for, its words, and how many models have it."""

    key: str
    words: str
    count: int


class _Options(QAbstractListModel):
    """The choices as a model; those that are chosen are checked."""

    def __init__(self, options: Sequence[Option], chosen: frozenset[str]) -> None:
        super().__init__()
        self._all = self._shown = tuple(options)
        self.chosen = set(chosen)

    def search(self, words: str) -> None:
        """Only those with these words."""
        wanted = words.casefold().split()
        self.beginResetModel()
        self._shown = tuple(one for one in self._all if all(word in one.words.casefold() for word in wanted))
        self.endResetModel()

    def toggle(self, index: Index) -> None:
        """Choose it, or no longer."""
        self.chosen ^= {self._shown[index.row()].key}
        self.dataChanged.emit(index, index)

    def clear(self) -> None:
        """None of them."""
        self.chosen.clear()
        if self._shown:
            self.dataChanged.emit(self.index(0), self.index(len(self._shown) - 1))

    def rowCount(self, parent: Index | None = None) -> int:
        """One line each."""
        return 0 if parent is not None and parent.isValid() else len(self._shown)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Words, count, and whether it is chosen."""
        one = self._shown[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return one.words
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tip(one.words)
        if role == _COUNT:
            return number(one.count)
        if role == Qt.ItemDataRole.CheckStateRole:
            return Qt.CheckState.Checked if one.key in self.chosen else Qt.CheckState.Unchecked
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return trn("{words}, {n} model", "{words}, {n} models", one.count, words=one.words)
        return None

    def flags(self, _index: Index) -> Qt.ItemFlag:
        """A box to tick."""
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsUserCheckable


class _Lines(LineDelegate):
    """A box, the words, and the count at the end."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """The line."""
        theme, colours = self._theme, self._theme.colours
        box = QRectF(option.rect)
        checked = Qt.CheckState(index.data(Qt.ItemDataRole.CheckStateRole)) == Qt.CheckState.Checked
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        if option.state & QStyle.StateFlag.State_MouseOver:
            self.paint_ground(painter, box, 0.05, ground=colours.canvas)
        if option.state & QStyle.StateFlag.State_HasFocus and self._view.property("ring"):
            painter.setPen(QPen(QColor(colours.accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(box.adjusted(1, 2, -1, -2), RADIUS_SMALL, RADIUS_SMALL)
        side = round(16 * max(1.0, theme.text_size / 100))
        tick = self.place_sign(box, side)
        painter.setPen(QPen(QColor(colours.accent if checked else colours.border), 1.5))
        painter.setBrush(QColor(colours.accent if checked else colours.canvas))
        painter.drawRoundedRect(tick.adjusted(0.75, 0.75, -0.75, -0.75), 4, 4)
        if checked:
            sign = theme.pixmap("check", "on_accent", side - 2, self._view.devicePixelRatioF())
            painter.drawPixmap(tick.topLeft().toPoint() + QPoint(1, 1), sign)
        self.write(painter, box, side, str(index.data()), str(index.data(_COUNT)), ink="muted")
        painter.restore()


class _View(LineList):
    """The lines; Space and Enter choose."""

    def __init__(self, theme: Theme, options: _Options, name: str, parent: QWidget) -> None:
        super().__init__(theme, name, parent, least=3, most=LINES, taller=2)
        self.setModel(options)
        self.setItemDelegate(_Lines(theme, self))
        self.setUniformItemSizes(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setProperty("ring", False)
        self.clicked.connect(options.toggle)
        self._options = options

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Space and Enter; the arrows are Qt's."""
        if event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if self.currentIndex().isValid():
                self._options.toggle(self.currentIndex())
            return
        super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """A ring for the keyboard only, on the first line where none was reached yet."""
        self.setProperty("ring", by_keyboard(event.reason()))
        super().focusInEvent(event)
        if not self.currentIndex().isValid() and self._options.rowCount():
            self.setCurrentIndex(self._options.index(0))


class ChooseSheet(Overlay):
    """`chosen` carries the keys each time that they change."""

    widest = 420
    chosen = Signal(frozenset)

    def __init__(
        self, theme: Theme, title: str, options: Sequence[Option], now: frozenset[str], parent: QWidget
    ) -> None:
        super().__init__(theme, title, parent)
        self.options = _Options(options, now)
        self.close_button = Button(theme, tr("Close"), icon="close", muted=True, parent=self.card)
        self.close_button.clicked.connect(self.accept)
        self.search: SearchField | None = None
        head = QHBoxLayout()
        head.addWidget(Label(theme, title, "lead", strong=True, parent=self.card), 1)
        head.addWidget(self.close_button)
        column = QVBoxLayout(self.card)
        column.setContentsMargins(*direction.margins(self, SPACE[4], SPACE[3], SPACE[3], SPACE[4]))
        column.setSpacing(SPACE[1])
        column.addLayout(head)
        inner = QVBoxLayout()
        inner.setContentsMargins(*direction.margins(self, 0, 0, SPACE[1], 0))
        inner.setSpacing(SPACE[2])
        if len(options) > SEARCHED:
            self.search = SearchField(theme, tr("Search this list"), self.card)
            self.search.textChanged.connect(self.options.search)
            inner.addWidget(self.search)
        self.view = _View(theme, self.options, title, self.card)
        inner.addWidget(self.view, 1)
        self.none = Button(theme, tr("Choose none"), text=tr("Choose none"), kind="outline", parent=self.card)
        self.done_button = Button(theme, tr("Done"), text=tr("Done"), kind="primary", parent=self.card)
        self.none.clicked.connect(self.options.clear)
        self.done_button.clicked.connect(self.accept)
        row = QHBoxLayout()
        row.addWidget(self.none)
        row.addStretch(1)
        row.addWidget(self.done_button)
        inner.addLayout(row)
        column.addLayout(inner, 1)
        self.options.dataChanged.connect(self._changed)
        self._changed(quiet=True)

    def first(self) -> QWidget:
        """The search field, else the list."""
        return self.search or self.view

    def _changed(self, *_range: object, quiet: bool = False) -> None:
        self.none.setEnabled(bool(self.options.chosen))
        if not quiet:
            self.chosen.emit(frozenset(self.options.chosen))
