"""How the list of conversations is painted: muted headings, titles, what is open, chosen, or being answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QAbstractItemModel, QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QLineEdit, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from mistral_desk.core.words import tr
from mistral_desk.ui.sidebar.model import BUSY, CHOSEN, ID, OPEN
from mistral_desk.ui.theme import direction
from mistral_desk.ui.theme.contrast import blend
from mistral_desk.ui.theme.palette import editor_sheet
from mistral_desk.ui.theme.tokens import RADIUS_SMALL, SPACE

if TYPE_CHECKING:
    from mistral_desk.ui.sidebar.chats import ChatsView
    from mistral_desk.ui.sidebar.model import Index
    from mistral_desk.ui.theme.theme import Theme

BOX: Final = 16
"""Side of the box of a line that can be chosen, in pixels at the system's text size."""


class RowDelegate(QStyledItemDelegate):
    """Paints headings and rows from the theme; all of them are as tall, so that ten thousand cost what ten do."""

    def __init__(self, theme: Theme, view: ChatsView) -> None:
        super().__init__(view)
        self._theme = theme
        self._view = view

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        """A line."""
        return QSize(100, self._theme.control + 2)

    def editorEvent(self, _event: QEvent, _model: QAbstractItemModel, _option: QStyleOptionViewItem, _i: Index) -> bool:
        """The view hears the mouse by itself, on the whole line."""
        return False

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """A muted heading, or a title on its surface."""
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(option.rect)
        if index.data(ID) is None:
            self._heading(painter, box, index)
        else:
            self._ground(painter, box, option.state, index)
            self._title(painter, box.adjusted(SPACE[1], 0, -SPACE[1], 0), index)
        painter.restore()

    def _heading(self, painter: QPainter, box: QRectF, index: Index) -> None:
        painter.setFont(self._theme.font("small", strong=True))
        painter.setPen(self._theme.colour("muted"))
        side = direction.start(mirrored=self._view.isRightToLeft()) | Qt.AlignmentFlag.AlignBottom
        painter.drawText(box.adjusted(SPACE[1], 0, -SPACE[1], -5), int(side), str(index.data()))

    def _ground(self, painter: QPainter, box: QRectF, state: QStyle.StateFlag, index: Index) -> None:
        colours, choosing = self._theme.colours, self._view.chats.choosing
        marked = bool(index.data(CHOSEN)) if choosing else bool(index.data(OPEN))
        over = bool(state & QStyle.StateFlag.State_MouseOver) or self._view.row_of_button == index.row()
        surface = box.adjusted(0, 1, 0, -1)
        if marked or over:
            line = QPen(QColor(colours.border), 1)  # a tint alone is not seen in high contrast
            painter.setPen(line if marked and self._theme.high_contrast else Qt.PenStyle.NoPen)
            ink = colours.accent if marked and choosing else colours.text
            painter.setBrush(QColor(blend(ink, colours.sidebar, 0.09 if marked else 0.05)))
            painter.drawRoundedRect(surface, RADIUS_SMALL, RADIUS_SMALL)
        if state & QStyle.StateFlag.State_HasFocus and self._view.property("ring"):
            painter.setPen(QPen(QColor(colours.accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(surface.adjusted(1, 1, -1, -1), RADIUS_SMALL, RADIUS_SMALL)

    def _title(self, painter: QPainter, text: QRectF, index: Index) -> None:
        mirrored = self._view.isRightToLeft()
        if self._view.chats.choosing:
            used = self._box(painter, text, chosen=bool(index.data(CHOSEN))) + SPACE[1]
            text = text.adjusted(0 if mirrored else used, 0, -used if mirrored else 0, 0)
        room = self._view.room_for_button(index.row())
        text = text.adjusted(room if mirrored else 0, 0, 0 if mirrored else -room, 0)
        if index.data(BUSY):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._theme.colour("accent"))
            x = text.left() if mirrored else text.right() - 6
            painter.drawEllipse(QRectF(x, text.center().y() - 3, 6, 6))
            text = text.adjusted(14 if mirrored else 0, 0, 0 if mirrored else -14, 0)
        painter.setFont(self._theme.font())
        painter.setPen(self._theme.colour("text"))
        words = painter.fontMetrics().elidedText(str(index.data()), Qt.TextElideMode.ElideRight, int(text.width()))
        side = direction.start(mirrored=mirrored)
        painter.setLayoutDirection(Qt.LayoutDirection.LayoutDirectionAuto)  # a title's own
        painter.drawText(text, int(side | Qt.AlignmentFlag.AlignVCenter), words)

    def _box(self, painter: QPainter, line: QRectF, *, chosen: bool) -> int:
        """The box with its tick; returns how wide it is."""
        theme = self._theme
        side = round(BOX * max(1.0, theme.text_size / 100))
        x = line.right() - side if self._view.isRightToLeft() else line.left()
        box = QRectF(x, line.center().y() - side / 2, side, side).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(QPen(theme.colour("accent" if chosen else "border"), 1))
        painter.setBrush(theme.colour("accent" if chosen else "canvas"))
        painter.drawRoundedRect(box, 4, 4)
        if chosen:
            tick = theme.pixmap("check", "on_accent", side - 2, painter.device().devicePixelRatioF())
            painter.drawPixmap(box.adjusted(0.5, 0.5, -0.5, -0.5), tick, QRectF(tick.rect()))
        return side

    def createEditor(self, parent: QWidget, _option: QStyleOptionViewItem, _index: Index) -> QWidget:
        """A line for the new title."""
        line = QLineEdit(parent)
        line.setAccessibleName(tr("New title"))
        line.setMaxLength(200)
        line.setFont(self._theme.font())
        line.setStyleSheet(editor_sheet(self._theme.colours))
        line.setTextMargins(SPACE[0], 0, SPACE[0], 0)  # with the border: where the title stood
        return line

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: Index) -> None:
        """Take the title over."""
        if isinstance(editor, QLineEdit):
            model.setData(index, editor.text(), Qt.ItemDataRole.EditRole)
