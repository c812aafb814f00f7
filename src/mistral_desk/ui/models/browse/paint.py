"""Paints a model's card. All cards are equally tall, so that the grid never has to ask one how large it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen

from mistral_desk.ui.models.browse.card import CONTENT, figure
from mistral_desk.ui.theme import direction
from mistral_desk.ui.theme.contrast import blend
from mistral_desk.ui.theme.tokens import RADIUS, RADIUS_SMALL, SPACE

if TYPE_CHECKING:
    from PySide6.QtGui import QFont

    from mistral_desk.ui.models.browse.card import Card
    from mistral_desk.ui.theme.theme import Theme

GAP: Final = SPACE[2]
"""Pixels of ground at the end of a cell and below its card: between two cards, and beyond the last column's edge."""
SIDE: Final = SPACE[3]
BAR: Final = 4
_ELIDE: Final = Qt.TextElideMode.ElideRight


@dataclass(frozen=True)
class Look:
    """How a card is seen at this moment."""

    over: bool = False
    ring: bool = False
    marked: bool = False
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

    def paint(self, painter: QPainter, cell: QRectF, card: Card, look: Look, ratio: float) -> None:
        """All of it."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._surface(painter, cell, card, look)
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
        self._bars(painter, QRectF(box.left(), y, box.width(), self._high(self._small) + SPACE[0] + 2 + BAR), card)

    # --- parts --------------------------------------------------------------------------------------

    def _surface(self, painter: QPainter, cell: QRectF, card: Card, look: Look) -> None:
        colours, theme = self._theme.colours, self._theme
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
        """A box to tick, seen where the pointer or the keyboard is, and where it is ticked."""
        if not (look.over or look.ring or look.marked):
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
        icon, ink, words = card.verdict
        colours = self._theme.colours
        size = round(16 * self._scale)
        sign = 0.0 if card.quiet else size + SPACE[1]
        metrics, quality = self._lines[id(self._word)], self._lines[id(self._small)]
        known = bool(card.quality) or ink != "muted"
        font = self._word if known else self._small
        wide = (metrics if known else quality).horizontalAdvance(words) + 1
        second = f" · {card.quality}" if card.quality else ""
        more = quality.horizontalAdvance(second) + 1 if second else 0.0
        inner = SPACE[1] + size + 6
        most = box.width() - sign
        width = min(most, inner + wide + more + SPACE[1] + 2)
        chip = self._from_start(box, 0, width).adjusted(0.5, 0.5, -0.5, -0.5)
        edge = QColor(self._theme.colour(ink)) if ink != "muted" else QColor(colours.border)
        painter.setPen(QPen(edge, 1))
        painter.setBrush(QColor(colours.canvas))
        painter.drawRoundedRect(chip, self._chip / 2, self._chip / 2)
        place = self._from_start(box, SPACE[1], size)
        place.setTop(box.top() + (self._chip - size) / 2)
        place.setHeight(size)
        self._icon(painter, icon, ink, place, ratio)
        room = max(0.0, width - inner - SPACE[1])
        self._line(painter, self._from_start(box, inner, min(wide, room)), words, font, "text" if known else "muted")
        if second and room > wide:
            self._line(painter, self._from_start(box, inner + wide, room - wide), second, self._small, "muted")
        if not card.quiet:
            icon, ink, _words = CONTENT[card.content]
            end = self._from_start(box, box.width() - size, size)
            end.setTop(box.top() + (self._chip - size) / 2)
            end.setHeight(size)
            self._icon(painter, icon, ink, end, ratio)

    def _bars(self, painter: QPainter, box: QRectF, card: Card) -> None:
        high = self._high(self._small)
        if not card.bars:
            self._line(painter, QRectF(box.left(), box.top(), box.width(), high), card.note, self._small, "muted")
            return
        count = max(1, min(len(card.bars), int((box.width() + SPACE[2]) // (104 * self._scale))))
        wide = (box.width() - SPACE[2] * (count - 1)) / count
        for place, bar in enumerate(card.bars[:count]):
            part = self._from_start(box, place * (wide + SPACE[2]), wide)
            told = figure(bar.value)
            digits = self._lines[id(self._number)].horizontalAdvance(told) + 1
            line = QRectF(part.left(), box.top(), part.width(), high)
            self._line(painter, self._from_start(line, 0, wide - digits - SPACE[0]), bar.name, self._small, "muted")
            self._line(painter, self._from_start(line, wide - digits, digits), told, self._number, "text")
            track = QRectF(part.left(), box.top() + high + SPACE[0], part.width(), BAR)
            self._bar(painter, track, bar.value)

    def _bar(self, painter: QPainter, track: QRectF, value: float) -> None:
        colours = self._theme.colours
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colours.hairline))
        painter.drawRoundedRect(track, BAR / 2, BAR / 2)
        filled = self._from_start(track, 0, max(BAR, track.width() * min(100.0, max(0.0, value)) / 100))
        painter.setBrush(QColor(colours.muted))
        painter.drawRoundedRect(filled, BAR / 2, BAR / 2)

    # --- lines --------------------------------------------------------------------------------------

    def _high(self, font: QFont) -> float:
        return float(round(self._lines[id(font)].height()))

    def _from_start(self, box: QRectF, offset: float, width: float) -> QRectF:
        """A part of a box, counted from where its language begins."""
        x = box.right() - offset - width if self._mirrored else box.left() + offset
        return QRectF(x, box.top(), width, box.height())

    def _icon(self, painter: QPainter, name: str, ink: str, box: QRectF, ratio: float) -> None:
        picture = self._theme.pixmap(name, ink, round(box.width()), ratio)
        painter.drawPixmap(QPointF(round(box.left()), round(box.top())), picture)

    def _line(self, painter: QPainter, box: QRectF, text: str, font: QFont, ink: str) -> None:
        """One line, shortened where it must be."""
        if not text or box.width() < 4:
            return
        painter.setFont(font)
        painter.setPen(self._theme.colour(ink))
        words = self._lines[id(font)].elidedText(text, _ELIDE, box.width() + 0.5)
        painter.setLayoutDirection(Qt.LayoutDirection.LayoutDirectionAuto)  # a name's own
        side = direction.start(mirrored=self._mirrored)
        painter.drawText(box, int(side | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine), words)
