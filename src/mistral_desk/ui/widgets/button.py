"""The one button of the window, painted from the theme in a few kinds; a ring shows keyboard focus only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QKeySequence, QPainter, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from mistral_desk.ui.theme import direction
from mistral_desk.ui.theme.contrast import blend
from mistral_desk.ui.theme.tokens import RADIUS, RADIUS_SMALL, SPACE
from mistral_desk.ui.widgets.pressable import Pressable
from mistral_desk.ui.widgets.tip import plain_tip

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from mistral_desk.ui.theme.theme import Theme
    from mistral_desk.ui.theme.tokens import Step

Kind = Literal["primary", "danger", "outline", "quiet", "row", "floating", "card"]
"""`primary`: filled · `outline`: bordered · `danger`: the same in red, for what cannot be undone: never filled, as
what is filled invites · `quiet`: bare · `row`: a list's line · `floating`: above a text · `card`: a quiet surface."""

RING = 2


class Button(Pressable):
    """A button with an icon, a text or both; the accessible name is given even where no text is shown.

    `trail` is a small icon behind the text, such as the arrow of what opens a menu.
    """

    def __init__(
        self,
        theme: Theme,
        name: str,
        *,
        icon: str = "",
        trail: str = "",
        kind: Kind = "quiet",
        text: str = "",
        step: Step = "body",
        strong: bool = False,
        muted: bool = False,
        small: bool = False,
        round_: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._icon = icon
        self._trail = trail
        self._kind: Kind = kind
        self._step: Step = step
        self._strong = strong
        self._muted = muted
        self._small = small
        self._round = round_
        self._faint = False
        self._colour = ""
        self.setText(text)
        self.setAccessibleName(name)
        if not text:
            self.setToolTip(name)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        wide = QSizePolicy.Policy.Expanding if kind == "row" else QSizePolicy.Policy.Fixed
        self.setSizePolicy(wide, QSizePolicy.Policy.Fixed)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        theme.changed.connect(self._restyle)
        self._restyle()

    def setText(self, text: str) -> None:
        """Its words as they are: an ampersand in a name makes no shortcut."""
        super().setText(text)
        self.setShortcut(QKeySequence())

    def setToolTip(self, text: str) -> None:
        """Words, never HTML."""
        super().setToolTip(plain_tip(text))

    def set_icon(self, icon: str) -> None:
        """Show another icon."""
        if icon != self._icon:
            self._icon = icon
            self.update()

    @property
    def kind(self) -> Kind:
        """How it is painted."""
        return self._kind

    @property
    def ink(self) -> QColor:
        """The colour of its words."""
        return self._ink()

    def set_kind(self, kind: Kind) -> None:
        """Paint as another kind."""
        if kind != self._kind:
            self._kind = kind
            self.update()

    def set_ink(self, colour: str) -> None:
        """Words and icon in another colour of the theme."""
        self._colour = colour
        self.update()

    def set_faint(self, faint: bool) -> None:
        """Paint nothing until the pointer or the keyboard is on it; the button works all the same."""
        if faint != self._faint:
            self._faint = faint
            self.update()

    def set_label(self, name: str, text: str | None = None) -> None:
        """Another accessible name (and tool tip), another text where one is shown."""
        self.setAccessibleName(name)
        if text is None:
            self.setToolTip(name)
        elif text != self.text():
            self.setText(text)
            self.updateGeometry()

    def sizeHint(self) -> QSize:
        """Wide enough for its text; the height is the theme's control height."""
        height = self._height()
        metrics = self.fontMetrics()
        if not self.text():
            return QSize(height, height)
        side = self._side()
        width = 2 * side + metrics.horizontalAdvance(self.text()) + 1
        if self._icon:
            width += self._icon_size() + (SPACE[0] if self._small else 6)
        if self._trail:
            width += self._trail_size()
        return QSize(width, height)

    def minimumSizeHint(self) -> QSize:
        """A row may become as narrow as its icon; the others keep their size."""
        hint = self.sizeHint()
        return QSize(self._height(), hint.height()) if self._kind == "row" else hint

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Surface, icon and text, then the focus ring."""
        if self._faint and not self.hasFocus() and not self.underMouse():
            return
        colours = self._theme.colours
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect())  # its edges stand in line with the texts above and below it
        if self._kind == "row":
            box.adjust(0, 1, 0, -1)
        radius = box.height() / 2 if self._round else (RADIUS_SMALL if self._small or self._kind == "row" else RADIUS)
        surface, ink = self._surface(), self._ink()
        chosen = self.isChecked() and self._theme.high_contrast  # a tint alone is not seen there
        empty = self._filled and not self.isEnabled()
        bordered = self._kind in ("outline", "danger", "floating", "card") or chosen or empty
        if surface is not None or bordered:
            final = self._kind == "danger" and self.isEnabled()
            line = colours.hairline if self._kind == "card" or empty else colours.danger if final else colours.border
            painter.setPen(QPen(QColor(line), 1) if bordered else Qt.PenStyle.NoPen)
            painter.setBrush(surface if surface is not None else Qt.BrushStyle.NoBrush)
            inset = 0.5 if bordered else 0.0
            painter.drawRoundedRect(box.adjusted(inset, inset, -inset, -inset), radius, radius)
        self._paint_content(painter, ink)
        if self._ring and self.hasFocus():
            painter.setPen(QPen(QColor(colours.text if self._filled else colours.accent), RING))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            half = RING / 2
            painter.drawRoundedRect(box.adjusted(half, half, -half, -half), radius, radius)
        painter.end()

    def changeEvent(self, event: QEvent) -> None:
        """A disabled button has no hand."""
        if event.type() == QEvent.Type.EnabledChange:
            self.setCursor(Qt.CursorShape.PointingHandCursor if self.isEnabled() else Qt.CursorShape.ArrowCursor)
        super().changeEvent(event)

    def _restyle(self) -> None:
        self.setFont(self._theme.font(self._step, strong=self._strong))
        self.updateGeometry()
        self.update()

    @property
    def _filled(self) -> bool:
        return self._kind == "primary"

    def _height(self) -> int:
        more = {"row": 2, "card": SPACE[1] + SPACE[0]}.get(self._kind, 0)
        return self._theme.control - (4 if self._small else 0) + more

    def _side(self) -> int:
        grown = 0.5 + 0.5 * max(1.0, self._theme.text_size / 100)  # room around large words, but not as much larger
        if self._kind == "card":
            return round(SPACE[3] * grown)
        if self._kind == "row":
            return SPACE[1]
        if self._small:
            return round((SPACE[1] + 2) * grown)
        wide = SPACE[3] if self._kind in ("primary", "outline", "danger") else SPACE[2]
        return round((wide if self.text() else SPACE[2]) * grown)

    def _icon_size(self) -> int:
        base = 16 if self._small else 20
        return round(base * max(1.0, self._theme.text_size / 100))

    def _trail_size(self) -> int:
        return round(14 * max(1.0, self._theme.text_size / 100)) + 2

    def _surface(self) -> QColor | None:
        colours = self._theme.colours
        over, down = self.underMouse() and self.isEnabled(), self.isDown()
        if self._filled:
            if not self.isEnabled():
                return None
            share = 0.82 if down else 0.9 if over else 1.0
            return QColor(blend(colours.accent, colours.text, share))
        if self._kind == "row" and (over or down or self.isChecked()):
            return QColor(blend(colours.text, colours.sidebar, 0.09 if self.isChecked() or down else 0.05))
        if self.isChecked():
            return QColor(blend(colours.accent, colours.canvas, 0.12 if over else 0.08))
        if down:
            return QColor(blend(colours.text, colours.bubble, 0.1))
        if over:
            return QColor(blend(colours.text, colours.canvas, 0.07))
        return QColor(colours.raised) if self._kind in ("floating", "card") else None

    def _ink(self) -> QColor:
        colours = self._theme.colours
        if not self.isEnabled():
            return QColor(blend(colours.muted, colours.canvas, 0.65))
        if self._filled:
            return QColor(colours.on_accent)
        if self._kind == "danger":
            return QColor(colours.danger)
        if self._colour:
            return self._theme.colour(self._colour)
        if self.isChecked() and self._kind != "row":
            return QColor(colours.accent)
        return QColor(colours.muted if self._muted and not self.underMouse() else colours.text)

    def _paint_content(self, painter: QPainter, ink: QColor) -> None:
        size = self._icon_size()
        text = self.text()
        metrics = self.fontMetrics()
        side = self._side()
        gap = (SPACE[0] if self._small else 6) if self._icon and text else 0
        icon_width = size if self._icon else 0
        trail = self._trail_size() if self._trail else 0
        room = self.width() - 2 * side - icon_width - gap - trail
        shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, room + 1) if text else ""
        content = icon_width + gap + metrics.horizontalAdvance(shown) + trail
        left = float(side) if self._kind == "row" else (self.width() - content) / 2
        mirrored = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        if self._icon:
            x = self.width() - left - size if mirrored else left
            picture = self._theme.pixmap(self._icon, ink.name(), size, self.devicePixelRatioF())
            painter.drawPixmap(QRectF(x, (self.height() - size) / 2, size, size), picture, QRectF(picture.rect()))
        if shown:
            painter.setPen(ink)
            painter.setFont(self.font())
            start = left + icon_width + gap
            box = QRectF(start, 0, self.width() - start, self.height())
            if mirrored:
                box.moveRight(self.width() - start)
            side_flag = direction.start(mirrored=mirrored)
            painter.setLayoutDirection(Qt.LayoutDirection.LayoutDirectionAuto)  # a question may be in another script
            painter.drawText(box, int(side_flag | Qt.AlignmentFlag.AlignVCenter), shown)
        if trail:
            x = self.width() - left - content if mirrored else left + content - (trail - 2)
            picture = self._theme.pixmap(self._trail, ink.name(), trail - 2, self.devicePixelRatioF())
            place = QRectF(x, (self.height() - trail + 2) / 2 + 1, trail - 2, trail - 2)
            painter.drawPixmap(place, picture, QRectF(picture.rect()))


def explain(button: QWidget, reason: str) -> None:
    """Grey a control and say why in its tool tip and description; an empty reason enables it again."""
    before = button.accessibleDescription()
    button.setEnabled(not reason)
    button.setAccessibleDescription(reason)
    if before and button.toolTip() == plain_tip(before):  # Qt would go on to describe it by that
        button.setToolTip("")
    if reason:
        button.setToolTip(reason)
        if button.underMouse():
            QToolTip.showText(button.mapToGlobal(button.rect().center()), reason, button)
