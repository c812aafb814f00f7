"""The icon set: our own SVG strokes, tinted with a colour of the palette at the screen's own resolution."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QGuiApplication, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from mistral_desk.core.paths import resource

_APP_SMALL: Final = 40
MENU_SIZES: Final = (16, 20, 24, 32)
"""Pixels, as they are at words of 100 to 200 %: between them, the next larger one is made smaller."""
POINTING: Final = frozenset({"arrow-left", "outside", "panel", "undo"})
"""Icons that say *back*, *out* or *at the side*. Chevrons are chosen by who shows them: they open downwards, too."""


@lru_cache(maxsize=64)
def _source(name: str) -> str:
    return resource("icons", f"{name}.svg").read_text(encoding="utf-8")


def pixmap(name: str, colour: str, size: int, ratio: float) -> QPixmap:
    """The icon `name` in `colour` (#RRGGBB), `size` logical pixels wide, for a screen of device ratio `ratio`.

    One that points along the line points the other way where the language runs from right to left.
    """
    return _drawn(name, colour, size, ratio, turned=name in POINTING and QGuiApplication.isRightToLeft())


@lru_cache(maxsize=512)
def _drawn(name: str, colour: str, size: int, ratio: float, *, turned: bool) -> QPixmap:
    drawn = QPixmap(QSize(round(size * ratio), round(size * ratio)))
    drawn.fill(Qt.GlobalColor.transparent)
    renderer = QSvgRenderer(QByteArray(_source(name).replace("currentColor", colour).encode()))
    painter = QPainter(drawn)
    if turned:
        painter.translate(drawn.width(), 0)
        painter.scale(-1, 1)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    renderer.render(painter, QRectF(drawn.rect()))
    painter.end()
    drawn.setDevicePixelRatio(ratio)
    return drawn


def icon(name: str, colour: str, *, steady: bool = False) -> QIcon:
    """A stock icon for menus, in the sizes that they have at each size of words: Qt enlarges none. A `steady` one
    is not grey where its line cannot be chosen.
    """
    made = QIcon()
    for size in MENU_SIZES:
        for ratio in (1.0, 2.0):
            drawn = pixmap(name, colour, size, ratio)
            made.addPixmap(drawn)
            if steady:
                made.addPixmap(drawn, QIcon.Mode.Disabled)
    return made


def app_pixmap(size: int) -> QPixmap:
    """The program's own sign; small ones have a drawing of their own, whose lines are no thinner than a pixel."""
    return pixmap("app-small" if size < _APP_SMALL else "app", "#FFFFFF", size, 1.0)


def app_icon() -> QIcon:
    """The program's own sign, in the sizes that systems ask for."""
    made = QIcon()
    for size in (16, 32, 48, 64, 128, 256):
        made.addPixmap(app_pixmap(size))
    return made
