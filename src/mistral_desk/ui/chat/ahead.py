"""Loads what the first answer is shown with once the window stands, so that the first chat opens as fast as the next.

Modules and rules of languages, a tenth of a second of work: in a thread, after the first paint.
"""

from __future__ import annotations

import asyncio

from mistral_desk.ui import loop
from mistral_desk.ui.chat import highlight, markdown


async def read_ahead() -> None:
    """Read the markdown parser and the commonest language's rules."""
    await loop.idle()
    await asyncio.to_thread(markdown.read_ahead)
    await asyncio.to_thread(highlight.prepare, "python")
