"""The room of a verdict that is on its way: as tall as it will be at most, so that nothing below moves when it comes.

It stands still: what moves while one waits makes nobody's waiting shorter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QFrame, QSizePolicy, QWidget

from mistral_desk.core import amounts
from mistral_desk.core.words import mark, tr
from mistral_desk.fit.advice import OUT_OF_REACH, QUALITY_WORDS, SPEED_WORDS
from mistral_desk.ui.fit.bar import HEIGHT, SWATCH
from mistral_desk.ui.fit.fold import BESIDE
from mistral_desk.ui.fit.meaning import QUESTION
from mistral_desk.ui.theme.contrast import blend
from mistral_desk.ui.theme.tokens import RADIUS, SPACE
from mistral_desk.ui.widgets.label import Label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QPaintEvent, QResizeEvent

    from mistral_desk.ui.theme.theme import Theme

MEASURING: Final = mark("Looking at this computer…")
ROWS: Final = 3
"""More quantizations than these are folded."""
WIDE: Final = 460
"""Pixels at the system's text size from which a row's buttons stand in one line."""
_SIGN: Final = 16
_ICON: Final = 16
_LINE: Final = 10
"""Pixels at the system's text size: of a sign, a button's icon, and of a line of words that is not there yet."""
_TALLEST: Final = 2**14
_DAY: Final = 24 * 3600.0
_NAME: Final = "m" * 18
_MODEL: Final = "m" * 17
"""As wide as the long names of graphics cards and models are."""


class Waiting(QFrame):
    """Room for so many quantizations; `rows` is 0 where nothing is known of them, then only the words stand here."""

    def __init__(self, theme: Theme, rows: int, parent: QWidget, *, tools: bool = False) -> None:
        super().__init__(parent)
        self._theme = theme
        self._tools = tools
        self._rows = min(rows, ROWS)
        self._more = rows > 1
        self._known: dict[int, Room] = {}
        self.setAccessibleName(tr(MEASURING))
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.label = Label(theme, tr(MEASURING), ink="muted", wrap=True, parent=self)
        theme.changed.connect(self._restyle)

    def heightForWidth(self, width: int) -> int:
        """Of the tallest verdict on so many quantizations; layouts ask again and again."""
        return self._room(width).whole

    def sizeHint(self) -> QSize:
        """As wide as there is room."""
        return QSize(400, self.heightForWidth(max(1, self.width())))

    def minimumSizeHint(self) -> QSize:
        """It may become narrow."""
        return QSize(120, 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The words stand where the first line will be."""
        super().resizeEvent(event)
        self.label.setGeometry(0, 0, self.width(), max(self.label.heightForWidth(self.width()), 0))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Empty rows, quiet enough not to be read."""
        room = self._room(self.width())
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        y = float(room.above)
        for _row in range(self._rows):
            self._paint_row(painter, QRectF(0, y, self.width(), room.row))
            y += room.row + SPACE[1]
        painter.end()

    def _paint_row(self, painter: QPainter, box: QRectF) -> None:
        theme = self._theme
        painter.setPen(QPen(theme.colour("hairline"), 1))
        painter.setBrush(theme.colour("raised"))
        painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), RADIUS, RADIUS)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(quiet(theme))
        scale = max(1.0, theme.text_size / 100)
        thick, inner = _LINE * scale, box.adjusted(SPACE[3], SPACE[3], -SPACE[3], -SPACE[3])
        line = QFontMetrics(theme.font()).height()
        y = inner.top() + (line - thick) / 2
        for share, step in ((0.3, line + SPACE[2]), (0.45, line + SPACE[2]), (0.8, line + SPACE[1]), (1.0, 0)):
            piece = QRectF(inner.left(), y, inner.width() * share, thick)
            if self.isRightToLeft():
                piece.moveRight(inner.right())
            painter.drawRoundedRect(piece, thick / 2, thick / 2)
            y += step

    def _room(self, width: int) -> Room:
        found = self._known.get(width)
        if found is None:
            found = self._known[width] = room(self._theme, width, self._rows, more=self._more, tools=self._tools)
        return found

    def _restyle(self) -> None:
        self._known.clear()
        self.updateGeometry()
        self.update()


def quiet(theme: Theme) -> QColor:
    """The colour of words that are not there yet: a hairline's, which in high contrast would be as loud as words."""
    colours = theme.colours
    return QColor(blend(colours.muted, colours.canvas, 0.3) if theme.high_contrast else colours.hairline)


@dataclass(frozen=True)
class Room:
    """Pixels of a verdict: what stands above its rows, one row, and all of it."""

    above: int
    row: int
    whole: int


def room(theme: Theme, width: int, rows: int, *, more: bool, tools: bool = False) -> Room:
    """How tall a verdict is at most at a width: with a long name, every hint and the longest of its words.

    With `tools` the rows have more than one button.
    """
    body, small = QFontMetrics(theme.font()), QFontMetrics(theme.font("small"))
    if not rows:
        return Room(0, 0, lines(body, tr(MEASURING), width))
    scale = max(1.0, theme.text_size / 100)
    grown = 0.5 + 0.5 * scale
    question = round(2 * (SPACE[1] + 2) * grown) + small.horizontalAdvance(tr(QUESTION)) + 5 + round(_ICON * scale)
    high = theme.control - 4
    gpu = tr("{name} with {memory}", name=_NAME, memory=tr("{number} GB", number=24))
    memory = tr("{number} GB", number=128)
    computer = tr("This computer: {gpu}, and {memory} of memory", gpu=gpu, memory=memory)
    if width >= question + BESIDE * scale:
        head = max(high, lines(body, computer, width - question - SPACE[1]))
    else:
        head = lines(body, computer, width) + SPACE[1] + high
    reach = lines(body, tr(OUT_OF_REACH, name=_MODEL, size=388, has=f"{memory} + {memory}"), width)
    other = (
        round(2 * (SPACE[1] + 2) * grown)
        + 1
        + body.horizontalAdvance(tr("{name}: {word}", name=_MODEL, word=tr(SPEED_WORDS["comfortable"])))
    )
    beside = 2 * other + SPACE[1] <= width
    instead = lines(body, tr("Better on this computer:"), width) + 6 + SPACE[0]
    instead += (theme.control - 4) * (1 if beside else 2) + (0 if beside else SPACE[1])
    row = _row(theme, width, body, small)
    if tools and width < WIDE * scale:
        row += SPACE[1] + theme.control
    above = head + SPACE[1] + reach + SPACE[1] + instead + SPACE[1]
    below = (SPACE[1] + theme.control) * (2 if more else 1)
    below += SPACE[1] if scale > 1 else 0  # large letters are rounded more often
    return Room(above, row, above + rows * row + (rows - 1) * SPACE[1] + below)


def _row(theme: Theme, width: int, body: QFontMetrics, small: QFontMetrics) -> int:
    """The tallest row: its words, the longest sentence, the bar with its legend, a button."""
    scale, inner = max(1.0, theme.text_size / 100), width - 2 * SPACE[3]
    strong = QFontMetrics(theme.font(strong=True))
    speed = max(strong.horizontalAdvance(tr(one)) for one in SPEED_WORDS.values()) + round(_SIGN * scale) + 6
    quality = max(body.horizontalAdvance(tr(one)) for one in QUALITY_WORDS.values()) + 2 + 6
    rough = body.horizontalAdvance(tr("Estimate")) + 2 + 6
    chips = flowing([one + SPACE[1] + SPACE[2] - 2 for one in (speed, quality, rough)], inner, 6)
    time = amounts.roughly(_DAY)
    told = tr("A typical answer takes {time}, with thinking {thinking}.", time=time, thinking=time)
    place = tr("{place} {size}", place=tr("Memory"), size=amounts.file_size(10**11 - 10**8))
    swatch = round(SWATCH * scale)
    legend = flowing([swatch + 6 + small.horizontalAdvance(place)] * 3, inner, SPACE[2])
    high = max(swatch, small.height())
    return (
        2 * SPACE[3]
        + body.height()
        + SPACE[1]
        + chips * (body.height() + 7)
        + (chips - 1) * 6
        + SPACE[1]
        + lines(body, told, inner)
        + SPACE[1]
        + 2
        + round(HEIGHT * scale)
        + SPACE[1]
        + legend * high
        + (legend - 1) * SPACE[2]
        + SPACE[1]
        + 2
        + theme.control
    )


def lines(metrics: QFontMetrics, text: str, width: int) -> int:
    """Pixels that a text is tall in lines of this width."""
    flags = int(Qt.TextFlag.TextWordWrap)
    return metrics.boundingRect(QRect(0, 0, max(1, width), _TALLEST), flags, text).height()


def flowing(widths: Sequence[int], width: int, spacing: int) -> int:
    """How many lines a flow of widgets takes."""
    count, x = 1, 0
    for one in widths:
        if x and x + one > width:
            count, x = count + 1, 0
        x += one + spacing
    return count
