"""The palette on the screen: a field, and below it what fits, to be chosen with the arrow keys and Enter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QAbstractListModel, QEvent, QModelIndex, QObject, QRectF, Qt
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyleOptionViewItem, QVBoxLayout, QWidget

from mistral_desk.core.words import tr
from mistral_desk.ui.palette.match import best
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.label import Label
from mistral_desk.ui.widgets.lines import LineDelegate, LineList
from mistral_desk.ui.widgets.overlay import Overlay
from mistral_desk.ui.widgets.saying import say
from mistral_desk.ui.widgets.search import SearchField
from mistral_desk.ui.widgets.tip import plain_tip

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mistral_desk.ui.theme.theme import Theme
    from mistral_desk.ui.widgets.lines import Index

SHOWN: Final = 50
ROWS: Final = 9
_KEYS: Final = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)


@dataclass(frozen=True)
class Entry:
    """A command or a chat: its words, a remark at the end of the line (keys, a kind), and what choosing it does."""

    title: str
    remark: str
    icon: str
    act: Callable[[], object]
    changes: bool = False
    """It takes something away: Enter does so only where nothing else fits as well."""


class EntriesModel(QAbstractListModel):
    """What fits now."""

    def __init__(self) -> None:
        super().__init__()
        self.entries: list[Entry] = []

    def show(self, entries: list[Entry]) -> None:
        """Show these."""
        self.beginResetModel()
        self.entries = entries
        self.endResetModel()

    def rowCount(self, parent: Index | None = None) -> int:
        """One row an entry."""
        return 0 if parent is not None and parent.isValid() else len(self.entries)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The words; a screen reader hears the remark too."""
        entry = self.entries[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return entry.title if role == Qt.ItemDataRole.DisplayRole else plain_tip(entry.title)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return spoken(entry)
        return None


def spoken(entry: Entry) -> str:
    """An entry as it is read out."""
    return tr("{what}, {remark}", what=entry.title, remark=entry.remark) if entry.remark else entry.title


class Palette(Overlay):
    """Chooses one of the entries; the field keeps the keyboard."""

    widest = 620
    from_top = True

    def __init__(
        self,
        theme: Theme,
        entries: Sequence[Entry],
        parent: QWidget,
        further: Callable[[str], Entry] | None = None,
    ) -> None:
        """`further` makes the last entry of what was typed: where else it can be looked for."""
        super().__init__(theme, tr("Commands and chats"), parent)
        self._entries = entries
        self._further = further
        self.model = EntriesModel()
        self.field = SearchField(theme, tr("Type a command or a chat's title"), self.card, bare=True)
        self.list = LineList(theme, tr("Commands and chats"), self.card, least=ROWS, most=ROWS, taller=4)
        self.list.setModel(self.model)
        self.list.setItemDelegate(_Delegate(theme, self.list))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._nothing = Label(theme, tr("Nothing fits these words."), ink="muted", parent=self.card)
        self._nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column = QVBoxLayout(self.card)
        column.setContentsMargins(SPACE[2], SPACE[1], SPACE[2], SPACE[2])
        column.setSpacing(SPACE[1])
        column.addWidget(self.field)
        column.addWidget(self.list)
        column.addWidget(self._nothing)
        self.field.installEventFilter(self)
        self.field.textChanged.connect(self._filter)
        self.field.returnPressed.connect(lambda: self._choose(self.list.currentIndex()))
        self.list.clicked.connect(self._choose)
        self.list.selectionModel().currentChanged.connect(self._announce)
        self._filter()

    def first(self) -> QWidget:
        """The field."""
        return self.field

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Up and Down move in the list while the field has the keyboard."""
        if watched is self.field and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            key, rows = event.key(), self.model.rowCount()
            if key in _KEYS and rows:
                step = {_KEYS[0]: -1, _KEYS[1]: 1, _KEYS[2]: 1 - ROWS, _KEYS[3]: ROWS - 1}[Qt.Key(key)]
                here = self.list.currentIndex().row() + step
                row = here % rows if abs(step) == 1 else max(0, min(rows - 1, here))
                self.list.setCurrentIndex(self.model.index(row))
                return True
        return super().eventFilter(watched, event)

    def _filter(self) -> None:
        typed = self.field.text().strip()
        found = best(self._entries, typed, lambda entry: entry.title, SHOWN, lambda entry: entry.changes)
        self.model.show([*found, self._further(typed)] if typed and self._further is not None else found)
        some = self.model.rowCount() > 0
        if not some and self._nothing.isHidden() and self.isVisible():
            say(self, self._nothing.text())
        self._nothing.setVisible(not some)
        self.list.setVisible(some)
        if some:
            self.list.setCurrentIndex(self.model.index(0))
        self.place()

    def _announce(self, index: QModelIndex) -> None:
        if index.isValid() and self.isVisible():
            say(self.list, spoken(self.model.entries[index.row()]))

    def _choose(self, index: QModelIndex) -> None:
        if index.isValid():
            entry = self.model.entries[index.row()]
            self.accept()
            entry.act()


class _Delegate(LineDelegate):
    """An icon, the words, and the remark at the end."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """One line."""
        theme, colours, model = self._theme, self._theme.colours, index.model()
        entry = model.entries[index.row()] if isinstance(model, EntriesModel) else None
        if entry is None:
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(option.rect)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        if chosen or option.state & QStyle.StateFlag.State_MouseOver:
            edge = QPen(QColor(colours.border), 1)  # a tint alone is not seen in high contrast
            painter.setPen(edge if chosen and theme.high_contrast else Qt.PenStyle.NoPen)
            ground = colours.canvas if theme.scheme == "light" else colours.raised
            self.paint_ground(painter, box, 0.09 if chosen else 0.04, ground=ground)
        size = round(18 * max(1.0, theme.text_size / 100))
        back = entry.icon == "chevron-right" and self._view.isRightToLeft()
        icon = "chevron-left" if back else entry.icon
        sign = theme.pixmap(icon, "muted", size, painter.device().devicePixelRatioF())
        painter.drawPixmap(self.place_sign(box, size), sign, QRectF(sign.rect()))
        self.write(painter, box, size, entry.title, entry.remark, ink="text" if chosen else "muted")
        painter.restore()
