"""A person's words in their bubble: as wide as they need, and of a long text only what is near the eye."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mistral_desk.core.words import tr
from mistral_desk.ui.chat.blocks import Stack
from mistral_desk.ui.chat.markdown import Words
from mistral_desk.ui.chat.pieces import pieces_of

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from mistral_desk.ui.chat.inlines import Style


class MessageText(Stack):
    """The text as it was typed: no markup."""

    def __init__(self, style: Style, parent: QWidget) -> None:
        super().__init__(style, tr("Your message"), parent)
        self._text = ""

    def set_text(self, text: str) -> None:
        """Show another text."""
        if text != self._text:
            self._text = text
            self.set_blocks([Words(piece) for piece in pieces_of(text)] if text else [])

    def natural_width(self, widest: int) -> int:
        """Pixels that the longest line takes; all of them where the text is long."""
        return self.only_width(widest)
