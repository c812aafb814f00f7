"""Paints a model's card. All cards are equally tall, so that the grid never has to ask one how large it is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen, QPixmap, QStaticText, QTextOption, QTransform

from mistral_desk.ui.models.browse.card import CONTENT, figure
from mistral_desk.ui.theme.contrast import blend
from mistral_desk.ui.theme.tokens import RADIUS, RADIUS_SMALL, SPACE

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QFont

    from mistral_desk.ui.models.browse.card import Bar, Card
    from mistral_desk.ui.theme.theme import Theme

GAP: Final = SPACE[2]
"""Pixels of ground at the end of a cell and below its card: between two cards, and beyond the last column's edge."""
SIDE: Final = SPACE[3]
BAR: Final = 4
INKS: Final = ("canvas", "raised", "text", "muted", "hairline", "border", "accent", "success", "warning", "danger")
PARTS: Final = 600
"""Empty cards, verdicts and bars that are kept as pictures: 4 MB at most, and most cards are put together of them."""
TEXTS: Final = 3_000
"""Lines that are kept shortened and laid out; then it begins anew."""
_ELIDE: Final = Qt.TextElideMode.ElideRight


@dataclass(frozen=True)
class Look:
    """How a card is seen at this moment."""

    over: bool = False
    ring: bool = False
    marked: bool = False
    boxed: bool = False
    """The box to tick is seen: another card is ticked, or no pointer will come over it."""
    wider: int = 0
    """Pixels that the last card of a line takes from the gap beyond it, so that all lines end at the same place."""


class Painter:
    """Fonts and measures of the theme as it is now; make another one when it changes."""

    def __init__(self, theme: Theme, *, mirrored: bool) -> None:
        self._theme = theme
        self._mirrored = mirrored
        self._scale = max(1.0, theme.text_size / 100)
        self._strong, self._small = theme.font(strong=True), theme.font("small")
        self._word, self._number = theme.font("small", strong=True), theme.font("small", strong=True)
        self._lines = {id(font): QFontMetricsF(font) for font in (self._strong, self._small, self._word, self._number)}
        self._highs = {font: float(round(metrics.height())) for font, metrics in self._lines.items()}
        self._texts: dict[tuple[str, int, int], tuple[QStaticText, float, float]] = {}
        self._pictures: dict[tuple[object, ...], QPixmap] = {}
        self._inks = {name: theme.colour(name) for name in (*INKS, *(ink for _icon, ink, _words in CONTENT.values()))}
        self._option = QTextOption()
        self._option.setTextDirection(Qt.LayoutDirection.LayoutDirectionAuto)  # a name's own
        self._option.setWrapMode(QTextOption.WrapMode.NoWrap)
        self.mark = round(18 * self._scale)
        self._chip = round(max(24.0, self._high(self._small) + 8))
        gaps = SPACE[0] + 2 + SPACE[2] + SPACE[2] + SPACE[0] + 2
        lines = self._high(self._strong) + 2 * self._high(self._small) + self._chip + self._high(self._small)
        self.height = round(GAP + 2 * SIDE - 2 + lines + gaps + BAR)
        """Pixels that a cell is tall."""

    def card_box(self, cell: QRectF, wider: int = 0) -> QRectF:
        """The card in its cell."""
        gap = GAP - wider
        return cell.adjusted(gap if self._mirrored else 0, 0, 0 if self._mirrored else -gap, -GAP)

    def mark_box(self, cell: QRectF, wider: int = 0) -> QRectF:
        """Where a card is marked for the comparison."""
        box = self.card_box(cell, wider).adjusted(SIDE, SIDE - 1, -SIDE, 0)
        top = box.top() + (self._high(self._strong) - self.mark) / 2
        x = box.left() if self._mirrored else box.right() - self.mark
        return QRectF(x, top, self.mark, self.mark)

    def picture(self, size: QSize, card: Card, look: Look, ratio: float) -> QPixmap:
        """A whole cell as a picture, the ground around the card included."""
        key = (size.width(), size.height(), card.quiet, look, ratio)
        ground = self._pictures.get(key)
        cell = QRectF(0, 0, size.width(), size.height())
        if ground is None:
            ground = self._keep(key, cell, card, ratio, partial(self._surface, card=card, look=look))
        made = QPixmap(ground)
        painter = QPainter(made)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._words(painter, cell, card, look, ratio)
        painter.end()
        return made

    def paint(self, painter: QPainter, cell: QRectF, card: Card, look: Look, ratio: float) -> None:
        """All of it."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._surface(painter, cell, card=card, look=look)
        self._words(painter, cell, card, look, ratio)

    def _words(self, painter: QPainter, cell: QRectF, card: Card, look: Look, ratio: float) -> None:
        box = self.card_box(cell, look.wider).adjusted(SIDE, SIDE - 1, -SIDE, 1 - SIDE)
        self._mark(painter, self.mark_box(cell, look.wider), look, ratio)
        room = box.adjusted(0, 0, -(self.mark + SPACE[1]), 0)
        if self._mirrored:
            room.moveRight(box.right())
        y = box.top()
        self._title(painter, QRectF(room.left(), y, room.width(), self._high(self._strong)), card)
        y += self._high(self._strong) + SPACE[0]
        for line in (card.by, card.facts):
            self._line(painter, QRectF(box.left(), y, box.width(), self._high(self._small)), line, self._small, "muted")
            y += self._high(self._small) + 2
        y += SPACE[2] - 2
        self._verdict(painter, QRectF(box.left(), y, box.width(), self._chip), card, ratio)
        y += self._chip + SPACE[2]
        high = self._high(self._small) + SPACE[0] + 2 + BAR
        self._bars(painter, QRectF(box.left(), y, box.width(), high), card, ratio)

    # --- parts --------------------------------------------------------------------------------------

    def _surface(self, painter: QPainter, cell: QRectF, *, card: Card, look: Look) -> None:
        colours, theme = self._theme.colours, self._theme
        painter.fillRect(cell, self._inks["canvas"])
        box = self.card_box(cell, look.wider).adjusted(0.5, 0.5, -0.5, -0.5)
        edge = colours.accent if look.marked else colours.border if look.over else colours.hairline
        pen = QPen(QColor(edge), 2 if look.marked and theme.high_contrast else 1)
        if card.quiet and not look.marked:
            pen.setStyle(Qt.PenStyle.DashLine)
            pen.setColor(
                QColor(
                    colours.border if look.over or theme.high_contrast else blend(colours.border, colours.canvas, 0.6)
                )
            )
        painter.setPen(pen)
        ground = colours.canvas if card.quiet else colours.raised
        painter.setBrush(QColor(blend(colours.text, ground, 0.03) if look.over else ground))
        painter.drawRoundedRect(box, RADIUS, RADIUS)
        if look.ring:
            painter.setPen(QPen(QColor(colours.accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), RADIUS, RADIUS)

    def _mark(self, painter: QPainter, box: QRectF, look: Look, ratio: float) -> None:
        """A box to tick, seen where the pointer or the keyboard is, and everywhere as soon as one is ticked."""
        if not (look.over or look.ring or look.marked or look.boxed):
            return
        colours = self._theme.colours
        painter.setPen(QPen(QColor(colours.accent if look.marked else colours.border), 1.5))
        painter.setBrush(QColor(colours.accent if look.marked else colours.canvas))
        painter.drawRoundedRect(box.adjusted(0.75, 0.75, -0.75, -0.75), RADIUS_SMALL - 1, RADIUS_SMALL - 1)
        if look.marked:
            self._icon(painter, "check", "on_accent", box.adjusted(1, 1, -1, -1), ratio)

    def _title(self, painter: QPainter, box: QRectF, card: Card) -> None:
        ink = "text"
        if not card.role:
            self._line(painter, box, card.title, self._strong, ink)
            return
        said = self._lines[id(self._word)].horizontalAdvance(card.role) + 1
        title = self._lines[id(self._strong)].horizontalAdvance(card.title) + 1
        room = max(box.width() - said - SPACE[1], box.width() * 0.4)
        shown = min(title, room)
        first = self._from_start(box, 0, shown)
        self._line(painter, first, card.title, self._strong, ink)
        second = self._from_start(box, shown + SPACE[1], box.width() - shown - SPACE[1])
        self._line(painter, second, card.role, self._word, "accent")

    def _verdict(self, painter: QPainter, box: QRectF, card: Card, ratio: float) -> None:
        """The chip, and at the line's end the sign that the text is the published one."""
        size = round(16 * self._scale)
        most = int(box.width()) - (0 if card.quiet else size + SPACE[1])
        key = (card.verdict, card.quality, card.quiet, most, ratio)
        picture = self._pictures.get(key)
        if picture is None:
            wide = self._chip_width(card, most)
            draw = partial(self._paint_chip, card=card, ratio=ratio)
            picture = self._keep(key, QRectF(0, 0, wide, self._chip), card, ratio, draw)
        painter.drawPixmap(self._from_start(box, 0, picture.width() / ratio).topLeft(), picture)
        if not card.quiet:
            icon, ink, _words = CONTENT[card.content]
            self._icon(painter, icon, ink, self._middle(self._from_start(box, box.width() - size, size), size), ratio)

    def _chip_width(self, card: Card, most: int) -> int:
        inner = SPACE[1] + round(16 * self._scale) + 6
        first, second = self._chip_words(card)
        wide = sum(self._lines[id(font)].horizontalAdvance(text) + 1 for text, font in (first, second) if text)
        return min(most, math.ceil(inner + wide + SPACE[1] + 2))

    def _chip_words(self, card: Card) -> tuple[tuple[str, QFont], tuple[str, QFont]]:
        known = bool(card.quality) or card.verdict[1] != "muted"
        first = (card.verdict[2], self._word if known else self._small)
        return first, (f" · {card.quality}" if card.quality else "", self._small)

    def _paint_chip(self, painter: QPainter, box: QRectF, *, card: Card, ratio: float) -> None:
        icon, ink, _words = card.verdict
        size = round(16 * self._scale)
        painter.setPen(QPen(self._inks["border" if ink == "muted" else ink], 1))
        painter.setBrush(self._inks["canvas"])
        painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), self._chip / 2, self._chip / 2)
        self._icon(painter, icon, ink, self._middle(self._from_start(box, SPACE[1], size), size), ratio)
        start, end = float(SPACE[1] + size + 6), box.width() - SPACE[1]
        for (text, font), colour in zip(self._chip_words(card), ("text", "muted"), strict=True):
            wide = min(self._lines[id(font)].horizontalAdvance(text) + 1, end - start) if text else 0
            if wide > SPACE[1]:
                shade = "muted" if font is self._small else colour
                top = (self._chip - self._high(font)) / 2
                self._line(painter, self._from_start(box, start, wide).translated(0, top), text, font, shade)
                start += wide

    def _bars(self, painter: QPainter, box: QRectF, card: Card, ratio: float) -> None:
        high = self._high(self._small)
        if not card.bars:
            self._line(painter, QRectF(box.left(), box.top(), box.width(), high), card.note, self._small, "muted")
            return
        count = max(1, min(len(card.bars), int((box.width() + SPACE[2]) // (104 * self._scale))))
        wide = int((box.width() - SPACE[2] * (count - 1)) / count)
        for place, bar in enumerate(card.bars[:count]):
            key = (bar.name, bar.value, wide, ratio)
            picture = self._pictures.get(key)
            if picture is None:
                draw = partial(self._paint_bar, bar=bar)
                picture = self._keep(key, QRectF(0, 0, wide, high + SPACE[0] + BAR), card, ratio, draw)
            painter.drawPixmap(self._from_start(box, place * (wide + SPACE[2]), wide).topLeft(), picture)

    def _paint_bar(self, painter: QPainter, box: QRectF, *, bar: Bar) -> None:
        high = self._high(self._small)
        digits = self._line(painter, box, figure(bar.value), self._number, "text", at_end=True)
        name = self._from_start(box, 0, box.width() - digits - SPACE[0])
        self._line(painter, name, bar.name, self._small, "muted")
        self._bar(painter, QRect(0, round(high) + SPACE[0], round(box.width()), BAR), bar.value)

    def _bar(self, painter: QPainter, track: QRect, value: float) -> None:
        """Without a curve, and yet round to the eye: the first and the last pixel are a little shorter."""
        long = max(BAR, round(track.width() * min(100.0, max(0.0, value)) / 100))
        filled = QRect(track.right() + 1 - long if self._mirrored else track.left(), track.top(), long, BAR)
        if self._theme.high_contrast:  # an empty frame: its hairline is as dark as what fills it
            painter.setPen(QPen(self._inks["border"], 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(track).adjusted(0.5, 0.5, -0.5, -0.5))
            painter.fillRect(filled, self._inks["text"])
            return
        for box, ink in ((track, "hairline"), (filled, "muted")):
            painter.fillRect(box.adjusted(1, 0, -1, 0), self._inks[ink])
            painter.fillRect(box.adjusted(0, 1, 0, -1), self._inks[ink])

    def _keep(
        self, key: tuple[object, ...], box: QRectF, card: Card, ratio: float, draw: Callable[[QPainter, QRectF], None]
    ) -> QPixmap:
        """A part of a card as a picture: the same verdicts and bars come again and again."""
        if len(self._pictures) >= PARTS:
            self._pictures.clear()
        made = self._pictures[key] = QPixmap(round(box.width() * ratio), round(box.height() * ratio))
        made.setDevicePixelRatio(ratio)
        made.fill(self._inks["canvas" if card.quiet else "raised"])
        painter = QPainter(made)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        draw(painter, box)
        painter.end()
        return made

    @staticmethod
    def _middle(box: QRectF, size: int) -> QRectF:
        return QRectF(box.left(), box.top() + (box.height() - size) / 2, size, size)

    # --- lines --------------------------------------------------------------------------------------

    def _high(self, font: QFont) -> float:
        return self._highs[id(font)]

    def _from_start(self, box: QRectF, offset: float, width: float) -> QRectF:
        """A part of a box, counted from where its language begins."""
        x = box.right() - offset - width if self._mirrored else box.left() + offset
        return QRectF(x, box.top(), width, box.height())

    def _icon(self, painter: QPainter, name: str, ink: str, box: QRectF, ratio: float) -> None:
        picture = self._theme.pixmap(name, ink, round(box.width()), ratio)
        painter.drawPixmap(QPointF(round(box.left()), round(box.top())), picture)

    def _line(self, painter: QPainter, box: QRectF, text: str, font: QFont, ink: str, *, at_end: bool = False) -> float:
        """One line at the top of a box, shortened where it must be; its width."""
        room = int(box.width() + 0.5)
        if not text or room < 4:
            return 0.0
        key = (text, id(font), room)
        made = self._texts.get(key)
        if made is None:
            if len(self._texts) >= TEXTS:
                self._texts.clear()
            made = self._texts[key] = self._laid_out(text, font, room)
        shown, wide, high = made
        painter.setFont(font)
        painter.setPen(self._inks[ink])
        x = box.right() - wide if self._mirrored != at_end else box.left()
        painter.drawStaticText(QPointF(x, box.top() + round((self._highs[id(font)] - high) / 2)), shown)
        return wide

    def _laid_out(self, text: str, font: QFont, room: int) -> tuple[QStaticText, float, float]:
        shown = QStaticText(self._lines[id(font)].elidedText(text, _ELIDE, room + 0.5))
        shown.setTextFormat(Qt.TextFormat.PlainText)
        shown.setTextOption(self._option)
        shown.prepare(QTransform(), font)
        size = shown.size()
        return shown, size.width(), size.height()
