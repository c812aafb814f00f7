"""The states of engines: those that are here, one being added, one that was left; a model that needs a newer one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from mistral_desk.core.errors import Problem, in_words
from mistral_desk.core.words import tr
from mistral_desk.inference.packs.manifest import Library, Manifest
from mistral_desk.inference.packs.shelf import Added
from mistral_desk.inference.packs.standing import Left
from mistral_desk.ui.notify import Notice
from tools.gallery import texts
from tools.gallery.declare import ask, listed, state
from tools.gallery.page_states import settings
from tools.gallery.stage import idle

if TYPE_CHECKING:
    from mistral_desk.inference.packs.manifest import Kind
    from mistral_desk.ui.settings.engines_row import EngineList, EnginesRow
    from tools.gallery.stage import Stage

NEWER: Final = Problem("model.newer_engine", {"name": "Mistral-Small-5-Q4_K_M.gguf", "architecture": "mistral5"})
LEFT: Final = Left("llama-b7312-cuda-13", "", "memory fault, SIGSEGV")


def _engine(name: str, kind: Kind, size: int, *, known: bool) -> Added:
    made = Manifest(
        format=1,
        name=name,
        llama_cpp="0123456789abcdef0123456789abcdef01234567",
        binding="0.3.36",
        system="linux",
        machine="x86_64",
        kind=kind,
        files=(Library("libllama.so", size, "0" * 64),),
    )
    return Added(made, known)


ENGINES: Final = (
    _engine("llama-b7312-cuda-13", "cuda", 1_340_000_000, known=True),
    _engine("my-own-build-of-a-long-evening-in-autumn", "vulkan", 69_671_064, known=False),
)
THEIRS: Final = (*(one.name for one in ENGINES), "llama.cpp", "CUDA", "Vulkan")
"""What their makers call engines is the same in every language."""


async def _engines(stage: Stage, current: str) -> tuple[EnginesRow, EngineList]:
    await settings(stage)
    stage.desk.window.open_settings("hardware")
    await stage.desk.tasks.settled()
    row = cast("EnginesRow", stage.desk.engines.row)
    engines = cast("EngineList", stage.desk.engines.list)
    engines.show(ENGINES, current)
    stage.looked = lambda: stage.desk.settings.area.ensureWidgetVisible(engines.rows[ENGINES[1].name], 0, 0)
    await idle(2)
    return row, engines


@state()
async def engines(stage: Stage) -> None:
    """Engines that were added, one of them in use."""
    await _engines(stage, ENGINES[0].name)


@state()
async def engines_adding(stage: Stage) -> None:
    """One is being unpacked; meanwhile nothing else is offered."""
    row, shown = await _engines(stage, "")
    shown.show(ENGINES, "", busy=True)
    stage.looked = lambda: stage.desk.settings.area.ensureWidgetVisible(row, 0, 0)
    row.show_work(f"{tr('Unpacking the engine')}…", 0.4)
    await idle(2)


@state()
async def engines_left(stage: Stage) -> None:
    """One was left by itself: why, until another choice is made."""
    row, _ = await _engines(stage, "")
    stage.looked = lambda: stage.desk.settings.area.ensureWidgetVisible(row, 0, 0)
    row.show_left(in_words(LEFT.problem, tr))
    await idle(2)


@state()
async def engine_left(stage: Stage) -> None:
    """The same as a notice in the chat, in the moment in which it happens."""
    await listed(stage)
    stage.desk.notices.show(
        Notice("warning", in_words(LEFT.problem, tr), tr("Engines…"), stage.desk.engines.show, about="engine")
    )
    await idle(2)


@state()
async def newer_engine(stage: Stage) -> None:
    """A model that the engine in use does not know: the way to another engine."""
    await listed(stage)
    stage.engine.fails = NEWER
    stage.desk.warm()
    await stage.desk.tasks.settled()


@state()
async def newer_engine_asked(stage: Stage) -> None:
    """The same below a question that was asked all the same."""
    stage.engine.fails = NEWER
    await ask(stage, texts.QUESTION)
    await listed(stage)
