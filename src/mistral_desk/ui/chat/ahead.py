"""Loads what the first answer and the first look at the models need once the window stands: both come as fast as later.

Modules and rules of languages, a tenth of a second of work: in a thread, after the first paint.
"""

from __future__ import annotations

import asyncio

from mistral_desk.ui import loop
from mistral_desk.ui.chat import highlight, markdown
from mistral_desk.ui.models import inside


async def read_ahead() -> None:
    """Read the markdown parser and the commonest language's rules, then what the page of models is made of."""
    await loop.idle()
    await asyncio.to_thread(markdown.read_ahead)
    await asyncio.to_thread(highlight.prepare, "python")
    await asyncio.to_thread(inside.kinds)
