"""One attached file in the composer: a small picture or a sheet of text with its name, and a button to take it out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QApplication, QSizePolicy, QWidget

from mistral_desk.core.words import tr
from mistral_desk.ui.attaching.items import amount
from mistral_desk.ui.theme.contrast import blend
from mistral_desk.ui.theme.tokens import RADIUS, SPACE
from mistral_desk.ui.widgets.button import RING, Button
from mistral_desk.ui.widgets.pressable import Pressable
from mistral_desk.ui.widgets.tip import plain_tip

if TYPE_CHECKING:
    from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPaintEvent

    from mistral_desk.chat.parts import FileBody
    from mistral_desk.ui.attaching.album import Album
    from mistral_desk.ui.attaching.items import Item
    from mistral_desk.ui.theme.theme import Theme

WIDTH: Final = 112
HEIGHT: Final = 76
"""Pixels of the picture's room at the system's text size."""
_ARC: Final = 90
"""Degrees of the turning line while a file is read."""


class Tile(Pressable):
    """Enter enlarges a picture or shows a text, Delete takes it out, Ctrl with an arrow moves it; the mouse drags."""

    remove = Signal(object)
    moved = Signal(object, int)
    """It is to stand so many places further."""
    dragged = Signal(object, QPoint)
    """It was pulled to this point of the tray."""

    def __init__(self, item: Item, album: Album, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.item = item
        self._album = album
        self._theme = theme
        self._pressed: QPoint | None = None
        self._read: FileBody | None = None
        self.turned = 0
        self.setProperty("elides", True)  # the tool tip has the whole name
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.out = Button(theme, "", icon="close", kind="floating", small=True, round_=True, parent=self)
        self.out.clicked.connect(lambda: self.remove.emit(self.item))
        theme.changed.connect(self._restyle)
        album.arrived.connect(self._arrived)
        self._restyle()
        self.refresh(0, 1)

    def refresh(self, place: int, count: int) -> None:
        """Tell the item as it is now, at its place among the others."""
        item = self.item
        name = tr("{name}, {detail}", name=item.name, detail=self.detail)
        self.setAccessibleName(name)
        ways = tr("Delete takes it out; Ctrl with the arrow keys moves it.")
        if self._file is not None:
            ways = f"{tr('Press to read what the model gets')}. {ways}"
        self.setAccessibleDescription(f"{tr('{place} of {count}', place=place + 1, count=count)}. {ways}")
        self.setToolTip(plain_tip(name))
        self.out.set_label(tr("Remove {name}", name=item.name))
        self.updateGeometry()
        self.update()

    @property
    def detail(self) -> str:
        """The size of a picture, how much a text is, or that it is still being read."""
        return tr(", ").join(self._details)

    @property
    def _details(self) -> tuple[str, ...]:
        """The same in lines."""
        if not self.item.ready:
            return (tr("being read"),)
        if self.item.sha256:
            width, height = self.item.size
            return (tr("{width} × {height}", width=width, height=height),)
        return amount(self.item.tokens, self._file.pages if self._file else 0, counted=self.item.counted)

    @property
    def _file(self) -> FileBody | None:
        """What is read of a text once, not each time it is painted."""
        if self._read is None:
            self._read = self.item.file
        return self._read

    def sizeHint(self) -> QSize:
        """The picture's room, and a line for the name."""
        return QSize(self._scaled(WIDTH), self._scaled(HEIGHT) + SPACE[0] + self.fontMetrics().height() + 2)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Delete, and Ctrl with an arrow; else as every button."""
        key = Qt.Key(event.key())
        if key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.remove.emit(self.item)
        elif event.modifiers() & Qt.KeyboardModifier.ControlModifier and key in _STEPS:
            mirrored = self.isRightToLeft() and key in (Qt.Key.Key_Left, Qt.Key.Key_Right)
            self.moved.emit(self.item, -_STEPS[key] if mirrored else _STEPS[key])
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Perhaps the begin of a pull."""
        self._pressed = event.position().toPoint() if event.button() == Qt.MouseButton.LeftButton else None
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Far enough from where it was pressed, it is pulled along."""
        here = event.position().toPoint()
        if self._pressed is not None:
            far = (here - self._pressed).manhattanLength() >= QApplication.startDragDistance()
            if far or not self.isDown():
                self.setDown(False)
                self.setCursor(Qt.CursorShape.ClosedHandCursor)
                self.dragged.emit(self.item, self.mapToParent(here))
                return
        super().mouseMoveEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """It stays where it was pulled to."""
        self._pressed = None
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        super().mouseReleaseEvent(event)

    def resizeEvent(self, _event: object) -> None:
        """The button in the corner."""
        self._place_out()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Picture, text's sheet or turning line; the name; the ring."""
        colours = self._theme.colours
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        box = QRectF(0, 0, self.width(), self._scaled(HEIGHT))
        image = self._album.small(self.item.sha256) if self.item.sha256 else None
        if image is not None:
            paint_cover(painter, box, image)
            painter.setPen(rim(self._theme))
            painter.setBrush(Qt.BrushStyle.NoBrush)
        else:
            painter.setPen(QPen(QColor(colours.hairline), 1))
            painter.setBrush(QColor(colours.bubble))
        painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), RADIUS, RADIUS)
        if not self.item.ready:
            self._paint_reading(painter, box)
        elif image is None:
            self._paint_sheet(painter, box)
        painter.setFont(self.font())
        painter.setPen(QColor(colours.text if self.item.ready else colours.muted))
        line = QRectF(0, box.bottom() + SPACE[0], self.width(), self.fontMetrics().height() + 2)
        painter.setLayoutDirection(Qt.LayoutDirection.LayoutDirectionAuto)
        shown = self.fontMetrics().elidedText(self.item.name, Qt.TextElideMode.ElideMiddle, self.width())
        painter.drawText(line, int(Qt.AlignmentFlag.AlignCenter), shown)
        if self._ring and self.hasFocus():
            painter.setPen(QPen(QColor(colours.accent), RING))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(box.adjusted(1, 1, -1, -1), RADIUS, RADIUS)
        painter.end()

    def _paint_reading(self, painter: QPainter, box: QRectF) -> None:
        size = self._scaled(24)
        ring = QRectF(box.center().x() - size / 2, box.center().y() - size / 2, size, size)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(blend(self._theme.colours.muted, self._theme.colours.bubble, 0.35)), 2.5))
        painter.drawEllipse(ring)
        painter.setPen(QPen(self._theme.colour("accent"), 2.5))
        painter.drawArc(ring, (90 - self.turned) * 16, -_ARC * 16)

    def _paint_sheet(self, painter: QPainter, box: QRectF) -> None:
        size = self._scaled(22)
        gone = self.item.sha256 and self._album.is_gone(self.item.sha256)
        if self.item.sha256 and not gone:
            return
        name, ink = ("warning", "warning") if gone else ("file", "muted")
        sign = self._theme.pixmap(name, ink, size, self.devicePixelRatioF())
        lines, height = self._details, self.fontMetrics().height()
        top = box.center().y() - (size + len(lines) * height) / 2
        painter.drawPixmap(QRectF(box.center().x() - size / 2, top, size, size), sign, QRectF(sign.rect()))
        painter.setFont(self.font())
        painter.setPen(self._theme.colour("muted"))
        for number, line in enumerate(lines):
            words = self.fontMetrics().elidedText(line, Qt.TextElideMode.ElideRight, round(box.width()) - 8)
            place = QRectF(0, top + size + number * height, box.width(), height)
            painter.drawText(place, int(Qt.AlignmentFlag.AlignCenter), words)

    def _place_out(self) -> None:
        hint = self.out.sizeHint()
        x = SPACE[0] if self.isRightToLeft() else self.width() - hint.width() - SPACE[0]
        self.out.setGeometry(x, SPACE[0], hint.width(), hint.height())

    def _arrived(self, sha256: str) -> None:
        if sha256 == self.item.sha256:
            self.update()

    def _scaled(self, pixels: int) -> int:
        return round(pixels * max(1.0, self._theme.text_size / 100))

    def _restyle(self) -> None:
        self.setFont(self._theme.font("small"))
        self.updateGeometry()
        self._place_out()
        self.update()


def paint_cover(painter: QPainter, box: QRectF, image: QImage, radius: float = RADIUS) -> None:
    """Fill a rounded box with the middle of a picture."""
    share = min(image.width() / box.width(), image.height() / box.height())
    part = QRectF(0, 0, box.width() * share, box.height() * share)
    part.moveCenter(QRectF(image.rect()).center())
    path = QPainterPath()
    path.addRoundedRect(box, radius, radius)
    painter.save()
    painter.setClipPath(path)
    painter.drawImage(box, image, part)
    painter.restore()


def rim(theme: Theme) -> QPen:
    """The line round a picture: hardly seen on one that is dark or bright by itself."""
    line = theme.colour("text")
    line.setAlphaF(1.0 if theme.high_contrast else 0.14)
    return QPen(line, 1)


_STEPS: Final = {
    Qt.Key.Key_Left: -1,
    Qt.Key.Key_Right: 1,
    Qt.Key.Key_Up: -1,
    Qt.Key.Key_Down: 1,
    Qt.Key.Key_Home: -1_000,
    Qt.Key.Key_End: 1_000,
}
