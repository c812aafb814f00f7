"""The states of other computers that lend their memory: those that were added, one that is away, one that is typed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from mistral_desk.core.errors import Problem, in_words
from mistral_desk.core.words import tr
from mistral_desk.inference.placement import Placement
from mistral_desk.inference.rpc.computers import Computer
from mistral_desk.net.rpc.found import Found, Lent
from tools.gallery.declare import listed, ready, state
from tools.gallery.stage import idle

if TYPE_CHECKING:
    from tools.gallery.stage import Stage

_CELLAR: Final = Computer(
    "cellar.local:50052",
    Found("192.168.1.5", 50052, (Lent(55_000_000_000, 56_000_000_000, 31.0, 410.0),), 0.0004, 0.117, 0.116, 1.0),
)
_OLD: Final = Computer(
    "192.168.1.77:50052",
    Found("192.168.1.77", 50052, (Lent(6_800_000_000, 7_000_000_000, 7.4, 60.0),), 0.0021, 0.0113, 0.0112, 1.0),
)


async def _added(stage: Stage) -> None:
    await ready(stage)
    await listed(stage)
    for computer in (_CELLAR, _OLD):
        stage.services.fitting.computers.put(computer.address, computer)
    stage.desk.window.open_settings("hardware")
    await stage.desk.tasks.settled()


@state()
async def settings_computers(stage: Stage) -> None:
    """Two other computers that lend their memory; one did not answer its last test."""
    await _added(stage)
    door = stage.desk.fits.computers
    row = door.rows[_OLD.address]
    words = in_words(Problem("helper.absent", {"name": _OLD.address, "reason": "nothing answers"}), tr)
    row.tell(f"{words.title}. {words.message} {words.hint}", "danger")
    await idle(2)
    stage.looked = lambda: stage.desk.settings.area.ensureWidgetVisible(row, 0, 0)


@state()
async def settings_computers_public(stage: Stage) -> None:
    """An address outside the own network was typed."""
    await _added(stage)
    intro = stage.desk.fits.computers.intro
    if intro is not None:
        intro.field.setText("93.184.216.34")
        words = in_words(Problem("helper.public", {"address": "93.184.216.34"}), tr)
        intro.tell(f"{words.title}. {words.message} {words.hint}", "danger")
        await idle(2)
        stage.looked = lambda: stage.desk.settings.area.ensureWidgetVisible(intro, 0, 0)


@state()
async def computers_used(stage: Stage) -> None:
    """A new chat while a part of the loaded model lies on another computer: chip, foot and promise say so."""
    await ready(stage)
    await listed(stage)
    model = stage.desk.model
    info = model.info
    if info is not None:
        placed = Placement(context=info.context, threads=1, helpers=("192.168.1.5:50052",))
        model.info = msgspec.structs.replace(info, placement=placed)
    stage.desk.page.welcome = None
    model.changed.emit()
    await idle(2)
