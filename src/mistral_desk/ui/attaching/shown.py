"""The pictures and files of a message in its bubble: their places are fixed before the pictures are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QWidget

from mistral_desk.chat.attachments import PictureBody
from mistral_desk.chat.parts import FileBody, read_file, read_picture
from mistral_desk.core.words import tr
from mistral_desk.ui.attaching.counts import Counts
from mistral_desk.ui.attaching.enlarged import caption
from mistral_desk.ui.attaching.items import about_tokens, amount
from mistral_desk.ui.attaching.tile import paint_cover, rim
from mistral_desk.ui.theme.tokens import RADIUS, SPACE
from mistral_desk.ui.widgets.button import RING
from mistral_desk.ui.widgets.pressable import Pressable
from mistral_desk.ui.widgets.tip import plain_tip

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QPaintEvent

    from mistral_desk.chat.message import Part
    from mistral_desk.ui.attaching.album import Album
    from mistral_desk.ui.theme.theme import Theme

ALONE: Final = (320, 240)
"""Pixels: room of a picture that stands alone; it keeps its shape within."""
TOGETHER: Final = (148, 112)
LEAST: Final = 48


class Attached(QWidget):
    """Thumbnails and sheets in lines, from the side where the bubble is."""

    def __init__(self, parts: Sequence[Part], album: Album, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._album = album
        read = ((read_picture if part.kind == "image" else read_file)(part) for part in parts)
        bodies = [(part, body) for part, body in zip(parts, read, strict=True) if body is not None]
        self._pictures = tuple(body for _, body in bodies if isinstance(body, PictureBody))
        self.tiles = [
            Thumbnail(body, album, theme, self, alone=len(bodies) == 1)
            if isinstance(body, PictureBody)
            else Sheet(part, body, album, theme, self)
            for part, body in bodies
        ]
        for tile in self.tiles:
            tile.clicked.connect(lambda _on=False, tile=tile: self._enlarge(tile))

    def arrange(self, width: int) -> QSize:
        """Place everything within `width`; returns what it takes."""
        lines: list[list[tuple[Thumbnail | Sheet, QSize]]] = [[]]
        taken = 0
        for tile in self.tiles:
            hint = tile.sizeHint()
            if hint.width() > width:
                hint = QSize(width, max(LEAST, round(hint.height() * width / hint.width())))
            if lines[-1] and taken + SPACE[1] + hint.width() > width:
                lines.append([])
                taken = 0
            taken += hint.width() + (SPACE[1] if lines[-1] else 0)
            lines[-1].append((tile, hint))
        spans = [sum(hint.width() for _, hint in line) + SPACE[1] * max(0, len(line) - 1) for line in lines]
        whole = max(spans, default=0)
        mirrored = self.isRightToLeft()
        y = 0
        for line, span in zip(lines, spans, strict=True):
            height = max((hint.height() for _, hint in line), default=0)
            x = span if mirrored else whole - span
            for tile, hint in line:
                tile.setGeometry(x - hint.width() if mirrored else x, y, hint.width(), hint.height())
                x += -hint.width() - SPACE[1] if mirrored else hint.width() + SPACE[1]
            y += height + SPACE[1]
        return QSize(whole, max(0, y - SPACE[1]))

    def restyle(self) -> None:
        """Fonts and sizes of the theme as it is now."""
        for tile in self.tiles:
            tile.restyle()

    def _enlarge(self, tile: Thumbnail | Sheet) -> None:
        if isinstance(tile, Thumbnail):
            pictures = [one.body for one in self.tiles if isinstance(one, Thumbnail)]
            place = next(number for number, one in enumerate(pictures) if one is tile.body)
            self._album.enlarge.emit(tuple(pictures), place)
        else:
            self._album.read.emit(tile.body, tile.detail)


class _Shown(Pressable):
    def __init__(self, theme: Theme, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setAccessibleName(name)
        self.setToolTip(plain_tip(name))
        self.setProperty("elides", True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFont(theme.font("small"))

    def restyle(self) -> None:
        """Fonts and sizes of the theme as it is now."""
        self.setFont(self._theme.font("small"))
        self.update()

    def _scaled(self, pixels: int) -> int:
        return round(pixels * max(1.0, self._theme.text_size / 100))

    def _paint_ring(self, painter: QPainter) -> None:
        if self._ring and self.hasFocus():
            painter.setPen(QPen(self._theme.colour("accent"), RING))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), RADIUS, RADIUS)


class Thumbnail(_Shown):
    """A small picture; pressing it shows it large."""

    def __init__(self, body: PictureBody, album: Album, theme: Theme, parent: QWidget, *, alone: bool) -> None:
        super().__init__(theme, caption(body), parent)
        self.body = body
        self._album = album
        self._alone = alone
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleDescription(tr("Press to enlarge"))
        album.arrived.connect(self._arrived)

    def sizeHint(self) -> QSize:
        """Alone it keeps its shape, with others it is cut to theirs."""
        if not self._alone:
            return QSize(*(self._scaled(side) for side in TOGETHER))
        room = QSize(*(self._scaled(side) for side in ALONE))
        size = QSize(self.body.width, self.body.height).scaled(room, Qt.AspectRatioMode.KeepAspectRatio)
        return size.expandedTo(QSize(LEAST, LEAST))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The picture, its place while it is read, or that it is gone."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        colours = self._theme.colours
        box = QRectF(self.rect())
        image = self._album.small(self.body.sha256)
        painter.setPen(rim(self._theme))
        if image is not None:
            paint_cover(painter, box, image)
            painter.setBrush(Qt.BrushStyle.NoBrush)
        else:
            painter.setBrush(QColor(colours.bubble))
        painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), RADIUS, RADIUS)
        if image is None and self._album.is_gone(self.body.sha256):
            self._paint_gone(painter)
        self._paint_ring(painter)
        painter.end()

    def _paint_gone(self, painter: QPainter) -> None:
        size = self._scaled(22)
        sign = self._theme.pixmap("warning", "warning", size, self.devicePixelRatioF())
        middle = QRectF(self.rect()).center()
        painter.drawPixmap(QRectF(middle.x() - size / 2, middle.y() - size / 2, size, size), sign, QRectF(sign.rect()))

    def _arrived(self, sha256: str) -> None:
        if sha256 == self.body.sha256:
            if self._album.is_gone(sha256):
                words = tr("{picture}: it is no longer there", picture=caption(self.body))
                self.setAccessibleName(words)
                self.setToolTip(words)
            self.update()


class Sheet(_Shown):
    """A text file or a document: its name and how much it is; pressing it shows what it says."""

    def __init__(self, part: Part, body: FileBody, album: Album, theme: Theme, parent: QWidget) -> None:
        self.body = body
        self._part, self._counts = part, album.counts
        self._key = Counts.key(part)
        self._name = body.name
        self._about = self.detail = tr(", ").join(amount(about_tokens(body.text), body.pages))
        super().__init__(theme, "", parent)
        self._say()
        if self._counts is not None:
            self._counts.changed.connect(self._counted)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleDescription(tr("Press to read what the model gets"))

    def _counted(self, key: str) -> None:
        if key in ("", self._key):
            self._say()

    def _say(self) -> None:
        """The same figure as before it was sent; a guess where nobody has counted."""
        tokens = None if self._counts is None else self._counts.known(self._part, self._key)
        exact = None if tokens is None else tr(", ").join(amount(tokens, self.body.pages, counted=True))
        self.detail = exact or self._about
        name = f"{self._name}, {self.detail}"
        self.setAccessibleName(name)
        self.setToolTip(plain_tip(name))
        self.update()

    def sizeHint(self) -> QSize:
        """Two lines beside the sign."""
        metrics = self.fontMetrics()
        lines = (self._name, self.detail, self._about)  # it keeps its place when it is counted
        words = 1 + max(map(metrics.horizontalAdvance, lines))  # it rounds down
        width = self._scaled(24) + 3 * SPACE[2] + words
        return QSize(min(width, self._scaled(260)), 2 * metrics.height() + 2 * SPACE[1] + 2)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """A quiet surface."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colours = self._theme.colours
        painter.setPen(QPen(QColor(colours.hairline), 1))
        painter.setBrush(QColor(colours.raised))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS, RADIUS)
        size = self._scaled(24)
        mirrored = self.isRightToLeft()
        sign = self._theme.pixmap("file", "muted", size, self.devicePixelRatioF())
        x = self.width() - SPACE[2] - size if mirrored else SPACE[2]
        painter.drawPixmap(QRectF(x, (self.height() - size) / 2, size, size), sign, QRectF(sign.rect()))
        metrics = self.fontMetrics()
        left = SPACE[2] if mirrored else 2 * SPACE[2] + size
        room = self.width() - 3 * SPACE[2] - size
        side = int(Qt.AlignmentFlag.AlignRight if mirrored else Qt.AlignmentFlag.AlignLeft)
        side |= int(Qt.AlignmentFlag.AlignAbsolute | Qt.AlignmentFlag.AlignVCenter)
        painter.setFont(self.font())
        painter.setLayoutDirection(Qt.LayoutDirection.LayoutDirectionAuto)
        y = (self.height() - 2 * metrics.height()) / 2
        for words, ink in ((self._name, "text"), (self.detail, "muted")):
            painter.setPen(self._theme.colour(ink))
            shown = metrics.elidedText(words, Qt.TextElideMode.ElideMiddle, room)
            painter.drawText(QRectF(left, y, room, metrics.height()), side, shown)
            y += metrics.height()
        self._paint_ring(painter)
        painter.end()


def estimated_room(parts: Sequence[Part], width: int) -> int:
    """Pixels of height that these will about take above a message's words; nothing is read."""
    if len(parts) == 1:
        return (ALONE[1] if parts[0].kind == "image" else LEAST) + SPACE[1]
    in_a_line = max(1, width // (TOGETHER[0] + SPACE[1]))
    return -(-len(parts) // in_a_line) * (TOGETHER[1] + SPACE[1])
