"""A sheet to choose some of many: providers, tags, licences. What is chosen holds at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from mistral_desk.core.amounts import number
from mistral_desk.core.words import tr, trn
from mistral_desk.ui.theme import direction
from mistral_desk.ui.theme.contrast import blend
from mistral_desk.ui.theme.tokens import RADIUS_SMALL, SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.focus import by_keyboard
from mistral_desk.ui.widgets.label import Label
from mistral_desk.ui.widgets.overlay import Overlay
from mistral_desk.ui.widgets.search import SearchField
from mistral_desk.ui.widgets.tip import plain_tip

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QFocusEvent, QKeyEvent

    from mistral_desk.ui.theme.theme import Theme

    _Index: TypeAlias = QModelIndex | QPersistentModelIndex

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

    def toggle(self, index: _Index) -> None:
        """Choose it, or no longer."""
        self.chosen ^= {self._shown[index.row()].key}
        self.dataChanged.emit(index, index)

    def clear(self) -> None:
        """None of them."""
        self.chosen.clear()
        if self._shown:
            self.dataChanged.emit(self.index(0), self.index(len(self._shown) - 1))

    def rowCount(self, parent: _Index | None = None) -> int:
        """One line each."""
        return 0 if parent is not None and parent.isValid() else len(self._shown)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
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

    def flags(self, _index: _Index) -> Qt.ItemFlag:
        """A box to tick."""
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsUserCheckable


class _Lines(QStyledItemDelegate):
    """A box, the words, and the count at the end."""

    def __init__(self, theme: Theme, view: QListView) -> None:
        super().__init__(view)
        self._theme = theme
        self._view = view

    def sizeHint(self, _option: QStyleOptionViewItem, _index: _Index) -> QSize:
        """A control's height."""
        return QSize(100, self._theme.control + 2)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        """The line."""
        theme, colours = self._theme, self._theme.colours
        box = QRectF(option.rect)
        mirrored = self._view.isRightToLeft()
        over = bool(option.state & QStyle.StateFlag.State_MouseOver)
        checked = Qt.CheckState(index.data(Qt.ItemDataRole.CheckStateRole)) == Qt.CheckState.Checked
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        surface = box.adjusted(0, 1, 0, -1)
        painter.setPen(Qt.PenStyle.NoPen)
        if over:
            painter.setBrush(QColor(blend(colours.text, colours.canvas, 0.05)))
            painter.drawRoundedRect(surface, RADIUS_SMALL, RADIUS_SMALL)
        if option.state & QStyle.StateFlag.State_HasFocus and self._view.property("ring"):
            painter.setPen(QPen(QColor(colours.accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(surface.adjusted(1, 1, -1, -1), RADIUS_SMALL, RADIUS_SMALL)
        side = round(16 * max(1.0, theme.text_size / 100))
        x = box.right() - SPACE[1] - side if mirrored else box.left() + SPACE[1]
        tick = QRectF(x, box.center().y() - side / 2, side, side)
        painter.setPen(QPen(QColor(colours.accent if checked else colours.border), 1.5))
        painter.setBrush(QColor(colours.accent if checked else colours.canvas))
        painter.drawRoundedRect(tick.adjusted(0.75, 0.75, -0.75, -0.75), 4, 4)
        if checked:
            sign = theme.pixmap("check", "on_accent", side - 2, self._view.devicePixelRatioF())
            painter.drawPixmap(tick.topLeft().toPoint() + QRectF(1, 1, 0, 0).topLeft().toPoint(), sign)
        painter.setFont(theme.font("small"))
        painter.setPen(QColor(colours.muted))
        count = str(index.data(_COUNT))
        wide = painter.fontMetrics().horizontalAdvance(count) + 2
        start, end = side + 2 * SPACE[1], wide + SPACE[1]
        room = box.adjusted(SPACE[1], 0, -SPACE[1], 0)
        painter.drawText(room, int(direction.end(mirrored=mirrored) | Qt.AlignmentFlag.AlignVCenter), count)
        painter.setFont(theme.font())
        painter.setPen(QColor(colours.text))
        text = box.adjusted(end if mirrored else start, 0, -start if mirrored else -end, 0)
        words = painter.fontMetrics().elidedText(str(index.data()), Qt.TextElideMode.ElideRight, int(text.width()) - 4)
        painter.setLayoutDirection(Qt.LayoutDirection.LayoutDirectionAuto)  # a name's own
        painter.drawText(text, int(direction.start(mirrored=mirrored) | Qt.AlignmentFlag.AlignVCenter), words)
        painter.restore()


class _View(QListView):
    """The lines; Space and Enter choose."""

    def __init__(self, theme: Theme, options: _Options, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setModel(options)
        self.setItemDelegate(_Lines(theme, self))
        self.setAccessibleName(name)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setAutoFillBackground(False)
        self.setProperty("ring", False)
        self.clicked.connect(options.toggle)
        self._options = options
        theme.changed.connect(self._restyle)
        theme.dress_bars(self)

    def sizeHint(self) -> QSize:
        """All of them, up to a height."""
        lines = max(3, min(LINES, self._options.rowCount()))
        return QSize(200, lines * (self._theme.control + 2))

    def minimumSizeHint(self) -> QSize:
        """It scrolls."""
        return QSize(120, 2 * self._theme.control)

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

    def _restyle(self) -> None:
        self._theme.dress_bars(self)
        self.scheduleDelayedItemsLayout()
        self.updateGeometry()


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
        column.setContentsMargins(SPACE[4], SPACE[3], SPACE[3], SPACE[4])
        column.setSpacing(SPACE[1])
        column.addLayout(head)
        inner = QVBoxLayout()
        inner.setContentsMargins(0, 0, SPACE[1], 0)
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
