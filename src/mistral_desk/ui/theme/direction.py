"""Where a line begins and ends: the sides for text that is painted by hand, in windows of either direction."""

from __future__ import annotations

from PySide6.QtCore import Qt

_Align = Qt.AlignmentFlag


def start(*, mirrored: bool) -> Qt.AlignmentFlag:
    """The side at which lines begin, as it is on the screen.

    Absolute, because a painter turns a plain AlignRight round again in a mirrored window.
    """
    return _Align.AlignAbsolute | (_Align.AlignRight if mirrored else _Align.AlignLeft)


def end(*, mirrored: bool) -> Qt.AlignmentFlag:
    """The other side."""
    return start(mirrored=not mirrored)
