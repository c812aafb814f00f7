"""Type: the system's own fonts in five steps, and bundled ones only where the system names none.

A bare Linux without a desktop answers with the generic family, or has no fonts at all: then every glyph would
be a box, or DejaVu at 9 points.
"""

from __future__ import annotations

import logging
from typing import Final

from PySide6.QtGui import QFont, QFontDatabase

from mistral_desk.core.errors import DeskError
from mistral_desk.core.paths import resource

log = logging.getLogger(__name__)

GENERIC: Final = frozenset({"", "sans serif", "sans-serif", "sans", "monospace", "mono"})
FALLBACK_POINTS: Final = 10.5
FALLBACK_TEXT: Final = "Inter"
FALLBACK_CODE: Final = "JetBrains Mono"


def _load(*names: str) -> None:
    for name in names:
        try:
            path = resource("fonts", name)
        except DeskError as error:
            log.warning("no fallback font: %s", error)
            return
        if QFontDatabase.addApplicationFont(str(path)) < 0:
            log.warning("the font %s could not be read", name)


def text_font() -> QFont:
    """The system's font for text, at the system's size; ours where it names none."""
    system = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont)
    if system.family().lower() not in GENERIC and QFontDatabase.hasFamily(system.family()):
        return system
    _load("Inter-Regular.ttf", "Inter-SemiBold.ttf", "Inter-Italic.ttf")
    font = QFont(system)
    font.setFamilies([FALLBACK_TEXT, system.family()])
    font.setPointSizeF(FALLBACK_POINTS)
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    return font


def code_font() -> QFont:
    """The system's font of fixed width; ours where it names none. Only its family matters."""
    system = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    if system.family().lower() not in GENERIC and QFontDatabase.hasFamily(system.family()):
        return system
    _load("JetBrainsMono-Regular.ttf")
    font = QFont(system)
    font.setFamilies([FALLBACK_CODE, system.family()])
    font.setFixedPitch(True)
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    return font
