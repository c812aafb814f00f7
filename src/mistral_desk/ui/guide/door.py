"""Opens the guide over the window."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from mistral_desk.core.errors import DeskError
from mistral_desk.ui.guide.reading import read
from mistral_desk.ui.guide.sheet import GuideSheet

if TYPE_CHECKING:
    from mistral_desk.ui.desk import Desk


def show_guide(desk: Desk) -> None:
    """Read it beside the window, then show it; asked for once more, it closes."""
    desk.tasks.spawn(_show(desk), "open the guide")


async def _show(desk: Desk) -> None:
    try:
        guide = await asyncio.to_thread(read)
    except DeskError as error:
        desk.notices.problem(error.problem)
        return
    desk.window.show_overlay(GuideSheet(desk.theme, guide, desk.window))
