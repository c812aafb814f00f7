"""The theme in force: which scheme, which text size, and one signal when either changes.

It follows the system live unless the person chose otherwise. Widgets get it handed in; there is no global.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final, Literal, cast

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QPixmap
from PySide6.QtWidgets import QToolTip

from mistral_desk.ui.theme import icons
from mistral_desk.ui.theme.fonts import code_font, text_font
from mistral_desk.ui.theme.palette import bar_sheet, menu_sheet, palette
from mistral_desk.ui.theme.tokens import (
    CODE_COLOURS,
    COLOURS,
    CONTROL,
    HIGH_CODE_COLOURS,
    HIGH_COLOURS,
    MOTION_MS,
    STEPS,
    CodeColours,
    Colours,
    Scheme,
)
from mistral_desk.ui.theme.tokens import Step as StepName

if TYPE_CHECKING:
    from PySide6.QtWidgets import QAbstractScrollArea, QApplication, QMenu

Choice = Literal["system", "light", "dark"]
SMALLEST_TEXT: Final = 80
LARGEST_TEXT: Final = 200


class Theme(QObject):
    """Colours, fonts, icons and motion as they are now; `changed` is emitted when any of them is another."""

    changed = Signal()

    def __init__(self, app: QApplication, choice: Choice = "system", text_size: int = 100) -> None:
        super().__init__()
        self._app = app
        self._hints = app.styleHints()
        app.setStyle("fusion")
        self._text = text_font()
        self._code = code_font()
        self._choice: Choice = choice
        self._text_size = text_size
        self._scheme: Scheme = "light"
        self._motion = "system"
        self._contrast = "system"
        self._high = False
        self._still = self.motion_ms == 0
        self._hints.accessibility().contrastPreferenceChanged.connect(self._contrast_changed)
        self._hints.accessibility().motionPreferenceChanged.connect(self._motion_changed)
        self._hints.colorSchemeChanged.connect(self._system_changed)
        self.choose(choice, text_size)

    @property
    def scheme(self) -> Scheme:
        """The scheme that is shown."""
        return self._scheme

    @property
    def choice(self) -> Choice:
        """What the person chose."""
        return self._choice

    @property
    def text_size(self) -> int:
        """Text size in percent of the system's."""
        return self._text_size

    @property
    def colours(self) -> Colours:
        """Colours of the scheme that is shown."""
        return (HIGH_COLOURS if self._high else COLOURS)[self._scheme]

    @property
    def code_colours(self) -> CodeColours:
        """Colours of source text in the scheme that is shown."""
        return (HIGH_CODE_COLOURS if self._high else CODE_COLOURS)[self._scheme]

    @property
    def motion_ms(self) -> int:
        """How long a movement takes; 0 where the system asks for less motion."""
        if self._motion != "system":
            return MOTION_MS if self._motion == "on" else 0
        preference = self._hints.accessibility().motionPreference()
        return 0 if preference == Qt.MotionPreference.ReducedMotion else MOTION_MS

    @property
    def control(self) -> int:
        """Height of a control in pixels at this text size."""
        return max(CONTROL, round(CONTROL * self._text_size / 100)) if self._text_size > 100 else CONTROL

    def choose(self, choice: Choice, text_size: int | None = None) -> None:
        """Follow the system or override it; `text_size` in percent, bounded to 80 to 200."""
        if text_size is not None:
            self._text_size = min(LARGEST_TEXT, max(SMALLEST_TEXT, text_size))
        self._choice = choice
        wish = {"light": Qt.ColorScheme.Light, "dark": Qt.ColorScheme.Dark, "system": Qt.ColorScheme.Unknown}[choice]
        self._hints.setColorScheme(wish)  # the system's title bar and dialogs follow too
        self._apply()

    @property
    def high_contrast(self) -> bool:
        """Whether the colours of high contrast are shown."""
        return self._high

    def set_contrast(self, contrast: str) -> None:
        """`high`, `normal`, or `system` for what the system asks for."""
        self._contrast = contrast
        self._contrast_changed()

    def set_motion(self, motion: str) -> None:
        """`on`, `off`, or `system` for what the system asks for."""
        self._motion = motion
        self._motion_changed()

    def font(self, step: StepName = "body", *, strong: bool = False, code: bool = False) -> QFont:
        """The font of a type step, in the weight 400 or 600."""
        font = QFont(self._code if code else self._text)
        base = self._text
        share = STEPS[step] * self._text_size / 100 * (0.93 if code else 1.0)  # fixed-width faces look larger
        if base.pointSizeF() > 0:
            font.setPointSizeF(base.pointSizeF() * share)
        else:
            font.setPixelSize(max(1, round(base.pixelSize() * share)))
        font.setWeight(QFont.Weight.DemiBold if strong else QFont.Weight.Normal)
        return font

    def colour(self, name: str) -> QColor:
        """A token by its name, or #RRGGBB, as Qt's colour."""
        return QColor(name if name.startswith("#") else cast("str", getattr(self.colours, name)))

    def pixmap(self, name: str, colour: str, size: int, ratio: float) -> QPixmap:
        """An icon in a token's colour (or #RRGGBB)."""
        return icons.pixmap(name, self.colour(colour).name(), size, ratio)

    def dress_bars(self, area: QAbstractScrollArea) -> None:
        """Give a scroll area slim bars; call it again when the theme has changed."""
        for bar in (area.verticalScrollBar(), area.horizontalScrollBar()):
            bar.setStyleSheet(bar_sheet(self.colours))

    def dress_menu(self, menu: QMenu) -> None:
        """Give a menu its surface."""
        round_ = sys.platform != "win32"  # there the system rounds and shadows the window itself
        menu.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground, round_)
        sign = round(16 * max(1.0, self.text_size / 100))
        menu.setStyleSheet(menu_sheet(self.colours, lines=self._high, round_=round_, sign=sign))
        menu.setFont(self.font())

    def _contrast_changed(self) -> None:
        asked = self._hints.accessibility().contrastPreference() == Qt.ContrastPreference.HighContrast
        high = self._contrast == "high" or (self._contrast == "system" and asked)
        if high != self._high:
            self._high = high
            self._apply()

    def _motion_changed(self) -> None:
        """What moves just now stands still at once."""
        if (still := self.motion_ms == 0) != self._still:
            self._still = still
            self.changed.emit()

    def _system_changed(self) -> None:
        if self._choice == "system":
            self._apply()

    def _apply(self) -> None:
        if self._choice == "system":
            dark = self._hints.colorScheme() == Qt.ColorScheme.Dark
            self._scheme = "dark" if dark else "light"
        else:
            self._scheme = self._choice
        self._app.setPalette(palette(self.colours))
        self._app.setFont(self.font())
        QToolTip.setPalette(palette(self.colours))
        self.changed.emit()
