"""A calm box with what happened, why and what to do: a problem's words where the problem is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QLabel, QSizePolicy, QStyle, QWidget

from mistral_desk.core.words import tr
from mistral_desk.ui.theme import direction
from mistral_desk.ui.theme.contrast import blend
from mistral_desk.ui.theme.tokens import RADIUS, SPACE
from mistral_desk.ui.widgets.unbroken import unbroken

if TYPE_CHECKING:
    from PySide6.QtGui import QFont, QPaintEvent, QResizeEvent

    from mistral_desk.core.errors import Words
    from mistral_desk.ui.theme.theme import Theme
    from mistral_desk.ui.widgets.button import Button

ICONS: Final = {"error": "error", "warning": "warning", "info": "info", "success": "check"}
INKS: Final = {"error": "danger", "warning": "warning", "info": "muted", "success": "success"}
_ICON = 20
_WRAP = int(Qt.TextFlag.TextWordWrap)


def name_close(button: Button, words: Words) -> None:
    """Say which notice it closes: who sees nothing of them finds several such buttons in a row."""
    close = tr("Close this notice")
    button.set_label(tr("{name}: {value}", name=close, value=words.title))
    button.setAccessibleDescription(words.message)
    button.setToolTip(close)


class Note(QLabel):
    """Title, message and hint, as tall as they need at a width. Reads as an alert to a screen reader."""

    def __init__(
        self, theme: Theme, kind: str, words: Words, parent: QWidget | None = None, *, room_right: int = 0
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._kind = kind
        self._words = words
        self._room_right = room_right
        self._acts: list[QWidget] = []
        self._corner: QWidget | None = None
        self.setAccessibleName(words.title)
        self.setAccessibleDescription(f"{words.message} {words.hint}".strip())
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        theme.changed.connect(self.update)

    @property
    def words(self) -> Words:
        """What it says."""
        return self._words

    @property
    def begin(self) -> int:
        """Pixels before its words, from where the language begins."""
        return SPACE[3] + self._icon() + SPACE[1]

    def set_room_right(self, room: int) -> None:
        """Keep this many pixels free for buttons at the end."""
        if room == self._room_right:
            return  # whoever places the note is asked to place it again after each change: it would never end
        self._room_right = room
        self.updateGeometry()
        self.update()

    def put(self, act: QWidget) -> None:
        """What can be done about it, below the words."""
        act.setParent(self)
        act.show()
        self._acts.append(act)
        self._place()

    def put_in_corner(self, close: QWidget) -> None:
        """What takes the note away, beside the words."""
        close.setParent(self)
        close.show()
        self._corner = close
        self.set_room_right(close.sizeHint().width())
        self._place()

    def hasHeightForWidth(self) -> bool:
        """Its text wraps."""
        return True

    def heightForWidth(self, width: int) -> int:
        """Qt's name for `height_for`."""
        return self.height_for(width)

    def sizeHint(self) -> QSize:
        """As a layout wants it."""
        return QSize(320, self.height_for(max(320, self.width())))

    def minimumSizeHint(self) -> QSize:
        """It can become narrow, then it grows."""
        return QSize(160, 40)

    def height_for(self, width: int) -> int:
        """Pixels that the words, and what can be done, need at this width."""
        acts = self._act_places(width)
        return acts[-1].bottom() + 1 + SPACE[2] if acts else self._words_height(width) + 2 * SPACE[2]

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Buttons in their places."""
        super().resizeEvent(event)
        self._place()

    def event(self, event: QEvent) -> bool:
        """A button became larger, or hides."""
        if event.type() in (QEvent.Type.LayoutRequest, QEvent.Type.LayoutDirectionChange):
            self._place()
        return super().event(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Surface, sign and words."""
        colours = self._theme.colours
        ink = getattr(colours, INKS[self._kind])
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        plain = self._kind == "info"  # only what went wrong, or well, has a colour
        share = 1.0 if self._theme.high_contrast else 0.35
        painter.setPen(QPen(QColor(colours.hairline if plain else blend(ink, colours.canvas, share)), 1))
        painter.setBrush(QColor(colours.raised if plain else blend(ink, colours.canvas, 0.06)))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS, RADIUS)
        mirrored = self.isRightToLeft()
        size = self._icon()
        x = self.width() - SPACE[3] - size if mirrored else SPACE[3]
        sign = self._theme.pixmap(ICONS[self._kind], INKS[self._kind], size, self.devicePixelRatioF())
        painter.drawPixmap(QRectF(x, SPACE[2] - 1, size, size), sign, QRectF(sign.rect()))
        y = SPACE[2]
        left = SPACE[3] + self._room_right if mirrored else self.begin
        for text, font, colour, height in self._lines(self.width()):
            painter.setFont(font)
            painter.setPen(self._theme.colour(colour))
            side = direction.start(mirrored=mirrored)
            painter.drawText(QRect(left, y, self._text_width(self.width()), height), _WRAP | int(side), text)
            y += height
        painter.end()

    def _words_height(self, width: int) -> int:
        return sum(height for _text, _font, _ink, height in self._lines(width))

    def _act_places(self, width: int) -> list[QRect]:
        """Of each button, in lines below the words."""
        places: list[QRect] = []
        x, y, line = self.begin, SPACE[2] + self._words_height(width) + SPACE[1], 0
        for hint in (act.sizeHint() for act in self._acts):
            if x > self.begin and x + hint.width() > width - SPACE[3]:
                x, y = self.begin, y + line + SPACE[1]
            places.append(QRect(QPoint(x, y), hint.boundedTo(QSize(max(1, width - x - SPACE[1]), hint.height()))))
            x, line = x + hint.width() + SPACE[1], hint.height()
        return places

    def _place(self) -> None:
        for act, place in zip(self._acts, self._act_places(self.width()), strict=True):
            act.setGeometry(QStyle.visualRect(self.layoutDirection(), self.rect(), place))
        if self._corner is not None:
            hint = self._corner.sizeHint()
            place = QRect(QPoint(self.width() - hint.width() - SPACE[1], SPACE[1]), hint)
            self._corner.setGeometry(QStyle.visualRect(self.layoutDirection(), self.rect(), place))
        if self._acts:
            self.updateGeometry()

    def _icon(self) -> int:
        return round(_ICON * max(1.0, self._theme.text_size / 100))

    def _text_width(self, width: int) -> int:
        return max(60, width - SPACE[3] - self.begin - self._room_right)

    def _lines(self, width: int) -> list[tuple[str, QFont, str, int]]:
        made = []
        room = QRect(0, 0, self._text_width(width), 10_000)
        parts = (
            (self._words.title, True, "text"),
            (self._words.message, False, "text"),
            (self._words.hint, False, "muted"),
        )
        for said, strong, ink in parts:
            if text := unbroken(said):
                font = self._theme.font("body", strong=strong)
                made.append((text, font, ink, QFontMetrics(font).boundingRect(room, _WRAP, text).height() + 2))
        return made
