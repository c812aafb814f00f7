"""Drag and drop anywhere on the chat: a large sign while something is held over it, then what was let go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QObject, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QDragMoveEvent, QDropEvent, QPainter, QPen
from PySide6.QtWidgets import QLabel, QWidget

from mistral_desk.core.words import tr
from mistral_desk.ui.attaching.sources import holds_any, sources
from mistral_desk.ui.theme.tokens import RADIUS_LARGE, SPACE

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtCore import QMimeData
    from PySide6.QtGui import QPaintEvent

    from mistral_desk.ui.theme.theme import Theme

_SIGN: Final = 40
_AWAY_MS: Final = 80
"""From one widget to the next a drag leaves and enters: the sign does not flicker meanwhile."""


class Drops(QObject):
    """Listens on `window` and shows its sign while something is held over it that is `wanted`.

    What is let go is `taken` and told; where nothing is taken, it goes on to whoever else listens. The latest that
    listens on a window is asked first.
    """

    dropped = Signal(object)
    """A tuple of what was taken."""

    def __init__(
        self,
        window: QWidget,
        sign: DropSign,
        wanted: Callable[[QMimeData], bool],
        taken: Callable[[QMimeData], tuple[object, ...]],
    ) -> None:
        super().__init__(window)
        self._wanted, self._taken = wanted, taken
        self.sign = sign
        self._away = QTimer(self)
        self._away.setSingleShot(True)
        self._away.setInterval(_AWAY_MS)
        self._away.timeout.connect(self.sign.hide)
        window.setAcceptDrops(True)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Enter, move, leave and drop."""
        kind = event.type()
        if kind in (QEvent.Type.DragEnter, QEvent.Type.DragMove) and isinstance(event, QDragMoveEvent):
            if self._wanted(event.mimeData()):
                event.setDropAction(Qt.DropAction.CopyAction)  # the file stays where it is, whatever was offered
                event.accept()
                self._away.stop()
                self.sign.show_over()
                return True
        elif kind == QEvent.Type.DragLeave:
            self._away.start()
        elif kind == QEvent.Type.Drop and isinstance(event, QDropEvent):
            self._away.stop()
            self.sign.hide()
            if found := self._taken(event.mimeData()):
                event.setDropAction(Qt.DropAction.CopyAction)
                event.accept()
                self.dropped.emit(found)
                return True
        return super().eventFilter(watched, event)


def attachments(theme: Theme, window: QWidget, target: QWidget, possible: Callable[[], bool]) -> Drops:
    """Drops that tell `Source`s, while something can be attached; the sign lies over `target`."""
    return Drops(
        window,
        DropSign(theme, target),
        lambda data: possible() and holds_any(data),
        lambda data: sources(data) if possible() else (),
    )


class DropSign(QLabel):
    """A sheet with a dashed frame and the words; the mouse goes through it."""

    def __init__(self, theme: Theme, parent: QWidget, words: str = "", icon: str = "picture") -> None:
        super().__init__(parent)
        self._theme = theme
        self._icon = icon
        self.words = words or tr("Drop to attach")
        self.setProperty("floats", True)
        self.setAccessibleName(self.words)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()
        parent.installEventFilter(self)
        theme.changed.connect(self._restyle)
        self._restyle()

    def show_over(self) -> None:
        """Cover the parent."""
        parent = self.parentWidget()
        if self.isHidden() and parent is not None:
            self.setGeometry(parent.rect())
            self.show()
            self.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay as large as the parent."""
        if event.type() == QEvent.Type.Resize and isinstance(watched, QWidget):
            self.setGeometry(watched.rect())
        return super().eventFilter(watched, event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """A calm ground: what shone through would be words that nobody can read."""
        colours = self._theme.colours
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), QColor(colours.canvas))
        box = QRectF(self.rect()).adjusted(SPACE[3], SPACE[3], -SPACE[3], -SPACE[3])
        painter.setPen(QPen(QColor(colours.accent), 2, Qt.PenStyle.DashLine))
        tint = QColor(colours.accent)
        tint.setAlphaF(0.05)
        painter.setBrush(tint)
        painter.drawRoundedRect(box, RADIUS_LARGE, RADIUS_LARGE)
        size = round(_SIGN * max(1.0, self._theme.text_size / 100))
        height = self.fontMetrics().height()
        top = box.center().y() - (size + SPACE[2] + height) / 2
        sign = self._theme.pixmap(self._icon, "accent", size, self.devicePixelRatioF())
        painter.drawPixmap(QRectF(box.center().x() - size / 2, top, size, size), sign, QRectF(sign.rect()))
        painter.setPen(QColor(colours.text))
        painter.setFont(self.font())
        line = QRectF(box.left(), top + size + SPACE[2], box.width(), height)
        painter.drawText(line, int(Qt.AlignmentFlag.AlignCenter), self.words)
        painter.end()

    def _restyle(self) -> None:
        self.setFont(self._theme.font("heading", strong=True))
        self.update()
