"""The attached files over the composer's text, in as many lines as they need, and no more than two and a bit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QSize, Qt, QTimer
from PySide6.QtWidgets import QFrame, QScrollArea, QSizePolicy, QWidget

from mistral_desk.core.words import tr
from mistral_desk.ui.attaching.tile import Tile
from mistral_desk.ui.theme.tokens import FRAME_MS, SPACE
from mistral_desk.ui.widgets.flow import FlowLayout
from mistral_desk.ui.widgets.saying import say

if TYPE_CHECKING:
    from PySide6.QtCore import QPoint
    from PySide6.QtGui import QResizeEvent

    from mistral_desk.ui.attaching.album import Album
    from mistral_desk.ui.attaching.items import Attachments, Item
    from mistral_desk.ui.theme.theme import Theme

LINES: Final = 2.35
"""Lines that are seen; the rest of a line says that there is more."""
_TURN: Final = 12
"""Degrees in a frame."""


class Tray(QScrollArea):
    """Shows the attachments of one draft at a time."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._attachments: Attachments | None = None
        self.tiles: dict[Item, Tile] = {}
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName(tr("Attached files"))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._inner = QWidget()
        self._flow = FlowLayout(self._inner, spacing=SPACE[1])
        self.setWidget(self._inner)
        for widget in (self.viewport(), self._inner):
            widget.setAutoFillBackground(False)
        theme.dress_bars(self)
        theme.changed.connect(self._restyle)
        self._timer = QTimer(self)
        self._timer.setInterval(FRAME_MS)
        self._timer.timeout.connect(self._turn)
        self.hide()

    def show_attachments(self, attachments: Attachments) -> None:
        """Those of another draft."""
        if self._attachments is not None:
            self._attachments.changed.disconnect(self._refresh)
        self._attachments = attachments
        attachments.changed.connect(self._refresh)
        self._refresh()

    def in_order(self) -> list[Tile]:
        """The tiles as they stand."""
        return [self.tiles[item] for item in self._attachments.items] if self._attachments else []

    def sizeHint(self) -> QSize:
        """As tall as its lines, up to two and a bit."""
        width = max(120, self.width())
        needed = self._flow.heightForWidth(width) if self.tiles else 0
        if not self.tiles:
            return QSize(200, 0)
        line = next(iter(self.tiles.values())).sizeHint().height() + SPACE[1]
        return QSize(200, min(needed, round(line * LINES)))

    def minimumSizeHint(self) -> QSize:
        """Its height is fixed by the lines."""
        return QSize(80, self.sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width has other lines."""
        super().resizeEvent(event)
        self.updateGeometry()

    def viewportEvent(self, event: QEvent) -> bool:
        """The wheel scrolls here only where there is something to scroll."""
        if event.type() == QEvent.Type.Wheel and self.verticalScrollBar().maximum() == 0:
            return False
        return super().viewportEvent(event)

    def _refresh(self) -> None:
        attachments = self._attachments
        if attachments is None:
            return
        items = attachments.items
        focused = next((item for item, tile in self.tiles.items() if tile.hasFocus() or tile.out.hasFocus()), None)
        place = list(self.tiles).index(focused) if focused else 0
        for item in [one for one in self.tiles if one not in items]:
            tile = self.tiles.pop(item)
            self._flow.removeWidget(tile)
            tile.hide()
            tile.deleteLater()
        for item in items:
            if item not in self.tiles:
                self.tiles[item] = self._made(item, attachments.album)
        self.tiles = {item: self.tiles[item] for item in items}
        for _ in range(self._flow.count()):
            self._flow.takeAt(0)
        before: QWidget | None = None
        for number, tile in enumerate(self.tiles.values()):
            tile.refresh(number, len(items))
            self._flow.addWidget(tile)
            tile.show()
            if before is not None:
                QWidget.setTabOrder(before, tile)
            QWidget.setTabOrder(tile, tile.out)
            before = tile.out
        self.setVisible(bool(items))
        self._flow.invalidate()
        self.updateGeometry()
        self._run()
        if focused is not None and focused not in self.tiles:
            self._give_focus(place)

    def _made(self, item: Item, album: Album) -> Tile:
        tile = Tile(item, album, self._theme, self._inner)
        tile.remove.connect(self._remove)
        tile.moved.connect(self._move)
        tile.dragged.connect(self._pull)
        tile.clicked.connect(lambda: self._enlarge(item))
        return tile

    def _remove(self, item: Item) -> None:
        if self._attachments is not None:
            self._attachments.remove(item)
            say(self, tr("{name} removed", name=item.name))

    def _move(self, item: Item, step: int) -> None:
        if self._attachments is not None and self._attachments.move(item, step):
            place = self._attachments.items.index(item) + 1
            say(self, tr("{name}, now {place} of {count}", name=item.name, place=place, count=len(self.tiles)))
            self.ensureWidgetVisible(self.tiles[item])

    def _pull(self, item: Item, point: QPoint) -> None:
        if self._attachments is None:
            return
        under = next((one for one, tile in self.tiles.items() if tile.geometry().contains(point)), None)
        if under is not None and under is not item:
            here, there = self._attachments.items.index(item), self._attachments.items.index(under)
            self._attachments.move(item, there - here)

    def _enlarge(self, item: Item) -> None:
        if self._attachments is None:
            return
        if (file := item.file) is not None:
            self._attachments.album.read.emit(file, self.tiles[item].detail)
        if not item.sha256:
            return
        shown = [one for one in self._attachments.items if one.sha256]
        bodies = [body for one in shown if (body := one.picture)]
        if (body := item.picture) is not None:
            self._attachments.album.enlarge.emit(tuple(bodies), bodies.index(body))

    def _give_focus(self, place: int) -> None:
        """What had the keyboard is gone: the next one has it, else the text."""
        tiles = list(self.tiles.values())
        above = self.parentWidget()
        target: QWidget | None = tiles[min(place, len(tiles) - 1)] if tiles else above
        if target is not None:
            target.setFocus(Qt.FocusReason.OtherFocusReason)

    def _run(self) -> None:
        reading = any(not item.ready for item in self.tiles)
        if reading and self._theme.motion_ms:
            self._timer.start()
        else:
            self._timer.stop()

    def _turn(self) -> None:
        if not self.isVisible():
            return
        for item, tile in self.tiles.items():
            if not item.ready:
                tile.turned = (tile.turned + _TURN) % 360
                tile.update()

    def _restyle(self) -> None:
        self._theme.dress_bars(self)
        self._run()
        self._flow.invalidate()
        self.updateGeometry()
