"""The conversation's title over the page, which can be written over in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import QLineEdit

from mistral_desk.core.words import tr
from mistral_desk.ui.theme.contrast import blend
from mistral_desk.ui.theme.palette import editor_sheet
from mistral_desk.ui.theme.tokens import RADIUS_SMALL, SPACE
from mistral_desk.ui.widgets.pressable import Pressable
from mistral_desk.ui.widgets.tip import plain_tip

if TYPE_CHECKING:
    from PySide6.QtCore import QObject
    from PySide6.QtGui import QMouseEvent, QPaintEvent, QResizeEvent
    from PySide6.QtWidgets import QWidget

    from mistral_desk.ui.theme.theme import Theme

EDITOR: Final = 320
"""Least width of the line in which a title is written, in pixels at the system's text size, where there is room."""
LONGEST: Final = 200


class TopTitle(Pressable):
    """Quiet until a double click, F2 or Enter: then a line to write in. Escape gives up, everything else keeps."""

    renamed = Signal(int, str)
    resized = Signal()
    """It wants another width."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.title = ""
        self._key: int | None = None
        self.setProperty("elides", True)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.editor = QLineEdit(self)
        self.editor.setAccessibleName(tr("New title"))
        self.editor.setMaxLength(LONGEST)
        self.editor.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.editor.installEventFilter(self)
        self.editor.hide()
        self.clicked.connect(self.begin)  # by the keyboard, or by a screen reader
        theme.changed.connect(self._restyle)
        self._restyle()
        self.set_title("", None)

    @property
    def editing(self) -> bool:
        """Whether somebody writes a title."""
        return not self.editor.isHidden()

    def set_title(self, title: str, key: int | None) -> None:
        """Show a title; it can be changed where `key` says which stored conversation it is."""
        if self.editing and key != self._key:
            self.end(keep=False)
        self.title, self._key = title, key
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus if key is None else Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(title or tr("New chat"))
        self.setAccessibleDescription("" if key is None else tr("F2 renames the chat"))
        self.setToolTip("" if key is None else plain_tip(tr("{title}\nDouble-click or F2 to rename", title=title)))
        self.resized.emit()
        self.update()

    def begin(self) -> None:
        """Write another title."""
        if self._key is None or self.editing:
            return
        self.editor.setText(self.title)
        self.editor.show()
        self.resized.emit()
        self.editor.selectAll()
        self.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def end(self, *, keep: bool) -> None:
        """No more writing; with `keep` the title goes up, unless it is empty or the same."""
        if not self.editing:
            return
        title = " ".join(self.editor.text().split())
        held = self.editor.hasFocus()
        self.editor.hide()
        if held:
            self.setFocus(Qt.FocusReason.OtherFocusReason)
        self.resized.emit()
        if keep and title and title != self.title and self._key is not None:
            self.renamed.emit(self._key, title)

    def sizeHint(self) -> QSize:
        """As wide as its words, or as the line to write in."""
        words = self.fontMetrics().horizontalAdvance(self.title)  # it may be one that shows nothing
        width = max(2 * self._theme.control, words + 2 * SPACE[1] + 2)
        if self.editing:
            width = max(width + SPACE[4], round(EDITOR * max(1.0, self._theme.text_size / 100)))
        return QSize(width, self._theme.control)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Escape gives up, Enter keeps, and so does going elsewhere."""
        if watched is not self.editor:
            return super().eventFilter(watched, event)
        kind = event.type()
        if kind == QEvent.Type.FocusOut and self.editing:
            self.end(keep=True)
        if isinstance(event, QKeyEvent):
            escape = event.key() == Qt.Key.Key_Escape
            if kind == QEvent.Type.ShortcutOverride and (escape or event.key() == Qt.Key.Key_F2):
                event.accept()
                return True
            if kind == QEvent.Type.KeyPress and (escape or event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)):
                self.end(keep=not escape)
                return True
        return super().eventFilter(watched, event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """One click does nothing."""
        event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """One click does nothing."""
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Two do."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.begin()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter presses as well as Space."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.begin()
            return
        super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The line to write in is as large."""
        super().resizeEvent(event)
        self.editor.setGeometry(self.rect())

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The title, shortened where it must be."""
        if self.editing:
            return
        colours = self._theme.colours
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect())
        if self._key is not None and self.underMouse():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(blend(colours.text, colours.canvas, 0.05)))
            painter.drawRoundedRect(box, RADIUS_SMALL, RADIUS_SMALL)
        if self._ring and self.hasFocus():
            painter.setPen(QPen(QColor(colours.accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(box.adjusted(1, 1, -1, -1), RADIUS_SMALL, RADIUS_SMALL)
        painter.setFont(self.font())
        painter.setPen(self._theme.colour("muted"))
        room = box.adjusted(SPACE[1], 0, -SPACE[1], 0)
        words = painter.fontMetrics().elidedText(self.title, Qt.TextElideMode.ElideRight, int(room.width()) + 1)
        painter.setLayoutDirection(Qt.LayoutDirection.LayoutDirectionAuto)  # the title's own
        painter.drawText(room, int(Qt.AlignmentFlag.AlignCenter), words)
        painter.end()

    def _restyle(self) -> None:
        self.setFont(self._theme.font())
        self.editor.setFont(self._theme.font())
        self.editor.setStyleSheet(editor_sheet(self._theme.colours))
        self.resized.emit()
        self.update()
