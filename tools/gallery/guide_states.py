"""The user guide over the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mistral_desk.ui.guide.sheet import GuideSheet
from tools.gallery.declare import listed, ready, state
from tools.gallery.stage import idle

if TYPE_CHECKING:
    from tools.gallery.stage import Stage


@state()
async def guide(stage: Stage) -> None:
    """The user guide, from its top."""
    await ready(stage)
    await listed(stage)
    stage.desk.window.commands.run("guide")
    await stage.desk.tasks.settled()
    await idle(2)


@state()
async def guide_inside(stage: Stage) -> None:
    """The user guide at one of its headings, with its picture."""
    await guide(stage)
    sheet = stage.desk.window.overlay
    assert isinstance(sheet, GuideSheet)

    def back() -> None:
        sheet.text.go("choosing-a-model")

    stage.looked = back
    back()
