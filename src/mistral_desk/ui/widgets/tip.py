"""Tool tips show words as they are: Qt takes what looks like HTML for HTML, and would load the pictures it names.

A picture may lie on a file share, so that a name somebody else chose could make this computer connect to theirs.
"""

from __future__ import annotations

import html

from PySide6.QtGui import Qt


def plain_tip(text: str) -> str:
    """The text for a tool tip; one that Qt would read as HTML is written so that it is seen as it stands."""
    if not Qt.mightBeRichText(text):
        return text
    return "<br>".join(f"<span>{html.escape(line)}</span>" for line in text.split("\n"))
