"""The states of attached pictures and texts: in the composer, over the window, in the conversation, and refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mistral_desk.chat.parts import file_part
from mistral_desk.core.errors import Problem
from mistral_desk.inference.protocol import PromptProgress
from mistral_desk.ui.attaching.items import Blind, Item
from tools.gallery import texts
from tools.gallery.declare import ask, listed, ready, state
from tools.gallery.engine import answered
from tools.gallery.pictures import LEASE, NAMES, NOTES, parts
from tools.gallery.stage import idle

if TYPE_CHECKING:
    from tools.gallery.stage import Stage

QUESTION = "What colour is the sail?"
ANSWER = "The sail is **red**. It belongs to a small brown boat on a calm sea; the sun stands at the upper right."


WIDEST = "Which of these is the widest?"
READING = ("Grandmother's garden.tif", "IMG_4711.jpg")
SAIL = "Does the sail belong to the boat?"
LEASED = "No: **rope and oars** belong to it, the sail does not (page 1)."
THEIRS = (QUESTION, WIDEST, SAIL, *READING, *NAMES, NOTES.name, LEASE.name)
"""What people say and call their files in these pictures."""


async def _attached(stage: Stage, count: int, *, text: bool = False) -> None:
    await ready(stage)
    await listed(stage)
    stage.chat.attachments.set_parts(await parts(stage, count, text=text))
    await idle(2)


@state()
async def attached_one(stage: Stage) -> None:
    """One picture in the composer, before the first question."""
    await _attached(stage, 1)
    stage.desk.page.composer.set_text(QUESTION)


@state()
async def attached_three(stage: Stage) -> None:
    """Two pictures and a text with its tokens."""
    await _attached(stage, 2, text=True)


@state()
async def attached_document(stage: Stage) -> None:
    """A document with its pages beside a picture and a text."""
    await _attached(stage, 1, text=True)
    stage.chat.attachments.set_parts((*stage.chat.attachments.parts, file_part(LEASE)))
    await idle(2)


@state()
async def attached_words(stage: Stage) -> None:
    """What the model gets of a document, to be read before it is sent."""
    await attached_document(stage)
    tray = stage.desk.page.composer.tray
    tray.tiles[stage.chat.attachments.items[-1]].click()
    await idle(2)


@state()
async def document_asked(stage: Stage) -> None:
    """A document in the conversation."""
    await _attached(stage, 0)
    stage.chat.attachments.set_parts((file_part(LEASE),))
    stage.engine.script = answered(LEASED)
    await ask(stage, SAIL)


@state()
async def attached_twelve(stage: Stage) -> None:
    """Twelve: in lines, scrolling where there are more than two and a bit."""
    await _attached(stage, 12)


@state()
async def attached_reading(stage: Stage) -> None:
    """Two files are still being read; Send waits for them."""
    await _attached(stage, 1)
    stage.chat.attachments.items += [Item(name) for name in READING]
    stage.chat.attachments.changed.emit()
    stage.desk.page.composer.set_text(QUESTION)


@state()
async def attached_failed(stage: Stage) -> None:
    """Three of a drop cannot be attached, each with its reason; the others are there."""
    await _attached(stage, 2)
    stage.chat.attachments.rejected.emit(
        (
            Problem("attachment.damaged", {"name": "holiday.jpg", "label": "JPEG"}),
            Problem("attachment.is_folder", {"name": "Pictures"}),
            Problem("attachment.too_many_pixels", {"name": "map.png", "width": 20_000, "height": 20_000}),
        )
    )


@state()
async def drop_target(stage: Stage) -> None:
    """Files are held over the chat."""
    await ready(stage)
    stage.engine.script = answered(texts.SHORT)
    await ask(stage, texts.SHORT_QUESTION)
    await listed(stage)
    stage.desk.attaching.drops.sign.show_over()


@state()
async def looking(stage: Stage) -> None:
    """The model looks at the picture."""
    await _attached(stage, 1)
    stage.engine.script = [PromptProgress(0, 30, 91, 0, 12.0, looking=True)]
    await ask(stage, QUESTION, lambda: any(turn.phase == "reading" for turn in stage.chat.turns))


@state()
async def pictures_asked(stage: Stage) -> None:
    """A picture alone, then three with a text, in the conversation."""
    await _attached(stage, 1)
    stage.engine.script = answered(ANSWER)
    await ask(stage, QUESTION)
    stage.chat.attachments.set_parts(await parts(stage, 3, text=True))
    stage.engine.script = answered("The second one is wider than the others.")
    await ask(stage, WIDEST, lambda: not stage.chat.busy and len(stage.chat.turns) > 3)


@state()
async def enlarged(stage: Stage) -> None:
    """A picture of three, as large as the window allows."""
    await _attached(stage, 3)
    tray = stage.desk.page.composer.tray
    tray.in_order()[1].click()
    await idle(2)
    await stage.desk.tasks.settled()


@state()
async def cannot_see(stage: Stage) -> None:
    """The model reads text only, and none of the others sees: its eyes can be chosen."""
    await _attached(stage, 0)
    stage.desk.page.composer.set_text(QUESTION)
    problem = Problem("model.no_eyes", {"name": "Mistral-7B-Q4_K_M.gguf"})
    stage.chat.attachments.blind.emit(_blind(problem))
    await stage.desk.tasks.settled()


@state()
async def wrong_eyes(stage: Stage) -> None:
    """The projector beside the model belongs to another one."""
    await _attached(stage, 0)
    params: dict[str, str | int | float] = {
        "name": "mmproj-F16.gguf",
        "model": "Mistral-Small-Q4_K_M.gguf",
        "found": 1152,
        "wanted": 5120,
    }
    stage.chat.attachments.blind.emit(_blind(Problem("projector.wrong", params)))
    await stage.desk.tasks.settled()


def _blind(problem: Problem) -> Blind:
    return Blind(problem, ())
