"""A picture as large as the window allows; the arrow keys lead to the others of its message, Esc back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QObject, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QKeyEvent, QPainter
from PySide6.QtWidgets import QLabel, QWidget

from mistral_desk.core.words import tr
from mistral_desk.ui.theme.tokens import RADIUS, SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.label import Shortened
from mistral_desk.ui.widgets.overlay import Overlay
from mistral_desk.ui.widgets.tab_order import in_stack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QImage, QMouseEvent, QPaintEvent

    from mistral_desk.chat.attachments import PictureBody
    from mistral_desk.ui.attaching.album import Album
    from mistral_desk.ui.tasks import Tasks
    from mistral_desk.ui.theme.theme import Theme

LARGEST: Final = 4.0
"""A small drawing is shown at most so many times its size: larger, it would be squares only."""


class Enlarged(Overlay):
    """Closes with Esc, its button, or a click on the veil."""

    def __init__(
        self, theme: Theme, album: Album, tasks: Tasks, shown: tuple[Sequence[PictureBody], int], parent: QWidget
    ) -> None:
        """`shown`: pictures, and which of them comes first."""
        super().__init__(theme, tr("Picture"), parent)
        self._album = album
        self._tasks = tasks
        self._pictures, self._place = tuple(shown[0]), shown[1]
        self.canvas = Canvas(theme, self.card)
        self.close_button = Button(theme, tr("Close"), icon="close", muted=True, parent=self.card)
        self.close_button.clicked.connect(self.reject)
        self.earlier = Button(theme, tr("Previous picture"), icon="chevron-left", muted=True, parent=self.card)
        self.later = Button(theme, tr("Next picture"), icon="chevron-right", muted=True, parent=self.card)
        self.earlier.clicked.connect(lambda: self.step(-1))
        self.later.clicked.connect(lambda: self.step(1))
        if self.isRightToLeft():
            self.earlier.set_icon("chevron-right")
            self.later.set_icon("chevron-left")
        self._caption = Shortened(theme, "", parent=self.card)
        in_stack(self.card, [self._caption, self.earlier, self.later, self.close_button, self.canvas])
        for button in (self.earlier, self.later):
            button.setVisible(len(self._pictures) > 1)
        for button in (self.earlier, self.later, self.close_button):
            button.installEventFilter(self)
        self._show()

    def first(self) -> QWidget:
        """The way back; the arrow keys work from everywhere."""
        return self.close_button

    def step(self, step: int) -> None:
        """Another picture of the message."""
        place = self._place + step
        if 0 <= place < len(self._pictures):
            self._place = place
            self._show()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Left and right lead to the other pictures, also from a button, which would lead to its neighbour."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            forward = Qt.Key.Key_Left if self.isRightToLeft() else Qt.Key.Key_Right
            if event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right):
                self.step(1 if event.key() == forward else -1)
                return True
        return super().eventFilter(watched, event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Everything but the picture and its line leads back."""
        shown = self.canvas.shown.translated(self.canvas.mapTo(self, self.canvas.rect().topLeft()))
        bar = QRect(self.card.x(), self.card.y(), self.card.width(), self._bar())
        if not shown.contains(event.position().toPoint()) and not bar.contains(event.position().toPoint()):
            self.reject()

    def place(self) -> None:
        """As large as the window allows."""
        if not self.isVisible():
            return
        edge = SPACE[3] if self.width() < 700 else SPACE[4]
        self.card.setGeometry(self.rect().adjusted(edge, edge, -edge, -edge))
        bar = self._bar()
        x, right = SPACE[1], self.card.width() - SPACE[1]
        buttons = [button for button in (self.earlier, self.later, self.close_button) if not button.isHidden()]
        mirrored = self.isRightToLeft()
        for button in reversed(buttons):
            hint = button.sizeHint()
            left = x if mirrored else right - hint.width()
            button.setGeometry(left, (bar - hint.height()) // 2, hint.width(), hint.height())
            x, right = (x + hint.width(), right) if mirrored else (x, right - hint.width())
        self._caption.setGeometry(x + SPACE[1], 0, max(40, right - x - 2 * SPACE[1]), bar)
        self.canvas.setGeometry(0, bar, self.card.width(), self.card.height() - bar)

    def _bar(self) -> int:
        return self._theme.control + 2 * SPACE[1]

    def _show(self) -> None:
        picture = self._pictures[self._place]
        words = caption(picture)
        if len(self._pictures) > 1:
            at = tr("{place} of {count}", place=self._place + 1, count=len(self._pictures))
            words = f"{words} · {at}"
        self._caption.setText(words)
        self._caption.setToolTip(words)
        self._caption.setAccessibleName(words)
        self.setAccessibleDescription(words)
        self.canvas.setAccessibleName(caption(picture))
        self.canvas.set_image(self._album.small(picture.sha256), (picture.width, picture.height))
        self.earlier.setEnabled(self._place > 0)
        self.later.setEnabled(self._place < len(self._pictures) - 1)
        self._tasks.spawn(self._load(picture), "enlarge a picture")

    async def _load(self, picture: PictureBody) -> None:
        image = await self._album.whole(picture.sha256)
        try:
            if self._pictures[self._place] is picture:
                self.canvas.set_image(image, (picture.width, picture.height))
        except RuntimeError:  # closed meanwhile, and deleted by Qt
            return


class Canvas(QLabel):
    """The picture in the middle, as large as there is room."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._image: QImage | None = None
        self._size = (1, 1)

    @property
    def image(self) -> QImage | None:
        """What is shown."""
        return self._image

    @property
    def shown(self) -> QRect:
        """Where the picture lies."""
        width, height = self._size
        room = self.rect().adjusted(SPACE[3], 0, -SPACE[3], -SPACE[3])
        share = min(room.width() / width, room.height() / height, LARGEST)
        box = QRect(0, 0, max(1, round(width * share)), max(1, round(height * share)))
        box.moveCenter(room.center())
        return box

    def set_image(self, image: QImage | None, size: tuple[int, int]) -> None:
        """Show this one; `size` in pixels is known before the picture is."""
        self._image, self._size = image, size
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The picture, or its place."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.shown)
        if self._image is None:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(self._theme.colours.bubble))
            painter.drawRoundedRect(box, RADIUS, RADIUS)
        else:
            painter.drawImage(box, self._image, QRectF(self._image.rect()))
        painter.end()


def caption(picture: PictureBody) -> str:
    """What a picture is called, and its size: also what a screen reader says of it."""
    name = picture.name or tr("Picture")
    return tr("{name}, {width} × {height}", name=name, width=picture.width, height=picture.height)
