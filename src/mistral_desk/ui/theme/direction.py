"""Where a line begins and ends: the sides for text that is painted by hand, in windows of either direction, and those
for text that is being written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt

from mistral_desk.core import bidi

if TYPE_CHECKING:
    from PySide6.QtWidgets import QPlainTextEdit, QWidget

_Align = Qt.AlignmentFlag
_LOOKED_AT: Final = 500
"""Characters at the beginning of a text that tell its direction."""


def start(*, mirrored: bool) -> Qt.AlignmentFlag:
    """The side at which lines begin, as it is on the screen.

    Absolute, because a painter turns a plain AlignRight round again in a mirrored window.
    """
    return _Align.AlignAbsolute | (_Align.AlignRight if mirrored else _Align.AlignLeft)


def end(*, mirrored: bool) -> Qt.AlignmentFlag:
    """The other side."""
    return start(mirrored=not mirrored)


def margins(within: QWidget, before: int, above: int, behind: int, below: int) -> tuple[int, int, int, int]:
    """A layout's margins in pixels, `before` where lines begin: Qt mirrors layouts, not their margins."""
    return (behind, above, before, below) if within.isRightToLeft() else (before, above, behind, below)


def follow(edit: QPlainTextEdit) -> None:
    """Have a text begin at the side where its first letter does, whatever the window's direction is.

    Qt orders the letters of each line by itself, and leaves all lines of a plain text at the left.
    """

    def turn() -> None:
        written = ""
        block = edit.document().begin()
        while block.isValid() and len(written) < _LOOKED_AT and not written.strip():
            written = block.text()[:_LOOKED_AT]
            block = block.next()
        runs = bidi.direction(written) or ("right" if edit.isRightToLeft() else "left")
        side = _Align.AlignRight if runs == "right" else _Align.AlignLeft
        option = edit.document().defaultTextOption()
        if option.alignment() != side:
            option.setAlignment(side)
            edit.document().setDefaultTextOption(option)

    edit.textChanged.connect(turn)
    turn()
