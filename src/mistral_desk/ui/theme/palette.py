"""Qt's palette and the little style sheets, both derived from the tokens, so that stock controls fit in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QColor, QPalette

from mistral_desk.ui.theme.contrast import blend
from mistral_desk.ui.theme.tokens import BAR

if TYPE_CHECKING:
    from mistral_desk.ui.theme.tokens import Colours

_Role = QPalette.ColorRole


def palette(colours: Colours) -> QPalette:
    """Every role that Fusion paints with, for the enabled and the disabled state."""
    faded = blend(colours.muted, colours.canvas, 0.65)
    made = QPalette()
    roles = {
        _Role.Window: colours.canvas,
        _Role.WindowText: colours.text,
        _Role.Base: colours.canvas,
        _Role.AlternateBase: colours.raised,
        _Role.Text: colours.text,
        _Role.Button: colours.raised,
        _Role.ButtonText: colours.text,
        _Role.BrightText: colours.danger,
        _Role.ToolTipBase: colours.text,
        _Role.ToolTipText: colours.canvas,
        _Role.PlaceholderText: colours.muted,
        _Role.Highlight: selection(colours),
        _Role.HighlightedText: colours.text,
        _Role.Accent: colours.accent,
        _Role.Link: colours.accent,
        _Role.LinkVisited: colours.accent,
        _Role.Light: colours.raised,
        _Role.Midlight: colours.hairline,
        _Role.Mid: colours.border,
        _Role.Dark: colours.border,
        _Role.Shadow: colours.hairline,
    }
    for role, colour in roles.items():
        made.setColor(role, QColor(colour))
    for role in (_Role.WindowText, _Role.Text, _Role.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, role, QColor(faded))
    return made


def selection(colours: Colours) -> str:
    """Background of selected text: a light wash of the accent on which the text colour stays readable."""
    return blend(colours.accent, colours.canvas, 0.24)


def bar_sheet(colours: Colours) -> str:
    """A slim scroll bar. Set on the bar itself: a sheet for the whole application costs every widget time, and
    takes their fonts away.
    """
    thumb = blend(colours.border, colours.canvas, 0.4)
    return f"""
QScrollBar:vertical {{ background: transparent; width: {BAR}px; margin: 0; }}
QScrollBar:horizontal {{ background: transparent; height: {BAR}px; margin: 0; }}
QScrollBar::handle {{ background: {thumb}; border-radius: 3px; margin: 3px; }}
QScrollBar::handle:vertical {{ min-height: 36px; }}
QScrollBar::handle:horizontal {{ min-width: 36px; }}
QScrollBar::handle:hover {{ background: {colours.border}; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
"""


def menu_sheet(colours: Colours, *, lines: bool, round_: bool, sign: int) -> str:
    """A menu on the raised surface, with room around its words. `lines` frames what is chosen, for high contrast;
    `round_` where the menu's window has no corners of its own; `sign` is an icon's size. A menu taller than the
    screen scrolls: a second column would stand beside it without its surface.
    """
    edge = colours.border if lines else "transparent"
    return f"""
QMenu {{ background: {colours.raised}; color: {colours.text}; border: 1px solid {colours.hairline};
  border-radius: {10 if round_ else 0}px; padding: 6px;
  icon-size: {sign}px; menu-scrollable: 1; }}
QMenu::item {{ padding: 6px 24px 6px 12px; border-radius: 6px; border: 1px solid transparent; }}
QMenu::item:selected {{ background: {colours.bubble}; border: 1px solid {edge}; }}
QMenu::item:disabled {{ color: {colours.muted}; }}
QMenu::separator {{ height: 1px; background: {colours.hairline}; margin: 6px 8px; }}
QMenu::icon {{ padding-left: 8px; }}
"""


def editor_sheet(colours: Colours) -> str:
    """A line that is edited in its place in a list; it lives while it has the keyboard, so its border is the ring."""
    return f"""
QLineEdit {{ background: {colours.canvas}; color: {colours.text}; border: 2px solid {colours.accent};
  border-radius: 6px; }}
"""
