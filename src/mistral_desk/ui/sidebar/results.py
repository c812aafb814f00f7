"""What a search over all conversations found: titles, days, and the words around each place with the words marked."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from mistral_desk.chat.titles import called
from mistral_desk.core.words import mark, tr
from mistral_desk.ui.sidebar.days import short
from mistral_desk.ui.sidebar.snippets import Snippet, Writer
from mistral_desk.ui.theme import direction
from mistral_desk.ui.theme.contrast import blend
from mistral_desk.ui.theme.tokens import RADIUS_SMALL, SPACE
from mistral_desk.ui.widgets.column import BarRoom
from mistral_desk.ui.widgets.focus import by_keyboard

if TYPE_CHECKING:
    from PySide6.QtGui import QFocusEvent

    from mistral_desk.chat.search import Hit
    from mistral_desk.ui.sidebar.model import Index
    from mistral_desk.ui.theme.theme import Theme

HIT: Final = Qt.ItemDataRole.UserRole
LINES: Final = 2
"""Of the words around a place."""
AHEAD: Final = 40
AHEAD_IN_TITLE: Final = 14
"""Characters before the first word that was found, so that it is seen."""
YOU: Final = mark("You: {text}")


class ResultsModel(QAbstractListModel):
    """The hits of the last search."""

    more_wanted = Signal()
    """Somebody comes near the end, and there are more."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.hits: tuple[Hit, ...] = ()
        self._more = False
        self._now = datetime.now().astimezone()

    def show(self, hits: tuple[Hit, ...], *, more: bool = False) -> None:
        """Show these; with `more` there are others. Those that were shown already stay where they are."""
        old, self._more = self.hits, more
        self._now = datetime.now().astimezone()
        if old and len(hits) > len(old) and hits[: len(old)] == old:
            self.beginInsertRows(QModelIndex(), len(old), len(hits) - 1)
            self.hits = hits
            self.endInsertRows()
        elif hits != old:
            self.beginResetModel()
            self.hits = hits
            self.endResetModel()

    def canFetchMore(self, parent: Index) -> bool:
        """Whether there are more."""
        return not parent.isValid() and self._more

    def fetchMore(self, parent: Index) -> None:
        """They come with the next `show`."""
        if self.canFetchMore(parent):
            self._more = False
            self.more_wanted.emit()

    def day(self, hit: Hit) -> str:
        """When it was said."""
        return short(hit.created, self._now)

    def rowCount(self, parent: Index | None = None) -> int:
        """One row a hit."""
        return 0 if parent is not None and parent.isValid() else len(self.hits)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The hit itself, and in words."""
        hit = self.hits[index.row()]
        if role == HIT:
            return hit
        if role == Qt.ItemDataRole.DisplayRole:
            return title_of(hit)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self._spoken(hit)
        return None

    def _spoken(self, hit: Hit) -> str:
        words = tr("{title}, {day}", title=title_of(hit), day=self.day(hit))
        if hit.conversation.archived:
            words = tr("{what}, archived", what=words)
        if hit.message is None:
            return words
        return tr("{what}: {text}", what=words, text=_who(hit) + " ".join(hit.snippet.split()))


def title_of(hit: Hit) -> str:
    """The title of its conversation."""
    return called(hit.conversation.title)


def _who(hit: Hit) -> str:
    """What stands before the words of a person's message."""
    return tr(YOU, text="") if hit.role == "user" else ""


class _Delegate(QStyledItemDelegate):
    """A title with its day, and below it the words."""

    def __init__(self, theme: Theme, view: ResultsView) -> None:
        super().__init__(view)
        self._theme = theme
        self._view = view

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        """All hits are as tall."""
        return QSize(100, self._lines()[1] + 2 * SPACE[1] + 2)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """One hit."""
        hit: Hit = index.data(HIT)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        surface = QRectF(option.rect).adjusted(0, 1, 0, -1)
        ground = self._ground(painter, surface, option.state)
        box = surface.adjusted(SPACE[1], SPACE[1], -SPACE[1], -SPACE[1])
        first = self._lines()[0]
        self._head(painter, QRectF(box.left(), box.top(), box.width(), first), hit, ground)
        if hit.message is None:
            self._below(painter, box.adjusted(0, first, 0, 0), tr("In the title"))
        else:
            snippet = Snippet.near(hit.snippet, hit.marks, AHEAD, _who(hit))
            small = self._theme.font("small")
            writer = Writer(self._theme, mirrored=self._view.isRightToLeft(), font=small, ink="muted", lines=LINES)
            writer.draw(painter, box.adjusted(0, first, 0, 0), snippet, ground)
        painter.restore()

    def _ground(self, painter: QPainter, surface: QRectF, state: QStyle.StateFlag) -> QColor:
        theme, colours = self._theme, self._theme.colours
        here = bool(state & QStyle.StateFlag.State_Selected)
        share = 0.09 if here else 0.05 if state & QStyle.StateFlag.State_MouseOver else 0.0
        ground = QColor(blend(colours.text, colours.sidebar, share))
        if share:
            line = QPen(QColor(colours.border), 1)
            painter.setPen(line if here and theme.high_contrast else Qt.PenStyle.NoPen)
            painter.setBrush(ground)
            painter.drawRoundedRect(surface, RADIUS_SMALL, RADIUS_SMALL)
        if state & QStyle.StateFlag.State_HasFocus and self._view.property("ring"):
            painter.setPen(QPen(QColor(colours.accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(surface.adjusted(1, 1, -1, -1), RADIUS_SMALL, RADIUS_SMALL)
        return ground

    def _head(self, painter: QPainter, box: QRectF, hit: Hit, ground: QColor) -> None:
        mirrored = self._view.isRightToLeft()
        day = self._view.results.day(hit)
        if hit.conversation.archived:
            day = tr("Archived")
        painter.setFont(self._theme.font("small"))
        painter.setPen(self._theme.colour("muted"))
        end = direction.end(mirrored=mirrored) | Qt.AlignmentFlag.AlignVCenter
        line = QRectF(box.left(), box.top(), box.width(), QFontMetricsF(self._theme.font("body")).height())
        painter.drawText(line, int(end), day)
        taken = painter.fontMetrics().horizontalAdvance(day) + SPACE[1]
        room = box.adjusted(taken if mirrored else 0, 0, 0 if mirrored else -taken, 0)
        font = self._theme.font("body")
        found = hit.message is None and hit.snippet == hit.conversation.title
        snippet = Snippet.near(hit.snippet, hit.marks, AHEAD_IN_TITLE) if found else Snippet(title_of(hit))
        Writer(self._theme, mirrored=mirrored, font=font, ink="text", lines=1).draw(painter, room, snippet, ground)

    def _below(self, painter: QPainter, box: QRectF, words: str) -> None:
        painter.setFont(self._theme.font("small"))
        painter.setPen(self._theme.colour("muted"))
        side = direction.start(mirrored=self._view.isRightToLeft()) | Qt.AlignmentFlag.AlignTop
        painter.drawText(box, int(side), words)

    def _lines(self) -> tuple[int, int]:
        """How tall the title's line is, and all of them together."""
        first = QFontMetricsF(self._theme.font("body")).height() + SPACE[0]
        rest = LINES * QFontMetricsF(self._theme.font("small")).height()
        return round(first), round(first + rest)


class ResultsView(QListView):
    """The list of hits. `opened` with one of them; `up` when the keyboard leaves it over its first line."""

    opened = Signal(object)
    up = Signal()

    def __init__(self, theme: Theme, model: ResultsModel, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.results = model
        self.setModel(model)
        self.setItemDelegate(_Delegate(theme, self))
        self.setAccessibleName(tr("Search results"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setUniformItemSizes(True)
        self.viewport().setAutoFillBackground(False)
        self.setProperty("ring", False)
        self.clicked.connect(self._open)
        self.activated.connect(self._open)
        BarRoom(self, self.setViewportMargins)
        theme.changed.connect(self._restyle)
        theme.dress_bars(self)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter goes there; Up from the first one goes back to the field."""
        index = self.currentIndex()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and index.isValid():
            self._open(index)
        elif event.key() == Qt.Key.Key_Up and index.row() <= 0:
            self.up.emit()
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """A ring for the keyboard only; it stands on the first one to begin with."""
        self.setProperty("ring", by_keyboard(event.reason()))
        if not self.currentIndex().isValid() and self.results.rowCount():
            self.setCurrentIndex(self.results.index(0))
        super().focusInEvent(event)

    def _open(self, index: QModelIndex) -> None:
        self.opened.emit(index.data(HIT))

    def _restyle(self) -> None:
        self._theme.dress_bars(self)
        self.scheduleDelayedItemsLayout()
        self.viewport().update()
