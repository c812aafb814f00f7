"""The real window on real services, in memory, with an engine that stands still; and the ways to look at it."""

from __future__ import annotations

import asyncio
import contextlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from PySide6.QtCore import QTimer, QtMsgType, qInstallMessageHandler
from PySide6.QtGui import QCursor

from mistral_desk.chat.attachments import Pictures
from mistral_desk.chat.history import History
from mistral_desk.chat.session import Session
from mistral_desk.core import words
from mistral_desk.core.log import Log
from mistral_desk.core.paths import folders
from mistral_desk.core.settings import Settings
from mistral_desk.inference.client import Engine, ModelSpec
from mistral_desk.services import Services
from mistral_desk.ui.chat import highlight
from mistral_desk.ui.desk import Desk
from mistral_desk.ui.language import speak
from mistral_desk.ui.theme.theme import Theme
from tools.gallery.engine import MODEL, StillEngine
from tools.gallery.fitting import StillFitting, pc

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from PySide6.QtWidgets import QApplication, QWidget

    from mistral_desk.inference.fitting import Fitting
    from mistral_desk.ui.chat.chat import Chat

Scheme = Literal["light", "dark"]
HEIGHT: Final = 800
WIDTHS: Final = (880, 1280, 1920)
SIZES: Final = (100, 200)
SCHEMES: Final[tuple[Scheme, ...]] = ("light", "dark")
LANGUAGES: Final = (words.ENGLISH, words.PSEUDO_RTL)


NOWHERE: Final = (-100, -100)
"""Where the mouse waits: nothing is under it."""
OFFSCREEN: Final = frozenset(
    f"This plugin does not support {what}" for what in ("propagateSizeHints()", "raise()", "grabbing the keyboard")
)
"""What only the platform without a screen says."""


@dataclass(frozen=True)
class Look:
    """One way to look at a state. `size` is the text size in percent."""

    scheme: Scheme = "light"
    width: int = 1280
    size: int = 100
    contrast: str = "normal"

    @property
    def name(self) -> str:
        """For a file's name."""
        name = f"{self.scheme}-{self.width}-{self.size}"
        return name if self.contrast == "normal" else f"{name}-{self.contrast}"


HIGH: Final = tuple(Look(scheme, contrast="high") for scheme in SCHEMES)
ALL: Final = (*(Look(scheme, width, size) for size in SIZES for width in WIDTHS for scheme in SCHEMES), *HIGH)
QUICK: Final = (Look("light", 1280, 100), Look("dark", 880, 200))


@dataclass
class Stage:
    """What a state is set up with. `shown` is what is drawn and measured: the window, or a dialog of its own."""

    desk: Desk
    theme: Theme
    engine: StillEngine
    services: Services
    shown: QWidget
    extra: list[QWidget]
    looked: Callable[[], object] | None = None
    """Done after each look: a part of a page that scrolls is brought back into sight."""

    @property
    def chat(self) -> Chat:
        """The conversation that is open."""
        assert self.desk.page.chat is not None
        return self.desk.page.chat

    async def look(self, look: Look) -> None:
        """Theme, text size and width; returns when everything is laid out."""
        self.theme.set_contrast(look.contrast)
        self.theme.choose(look.scheme, look.size)
        if self.shown is self.desk.window:
            self.shown.resize(look.width, HEIGHT)
        await idle(6)
        if self.looked is not None:
            self.looked()
            await idle(2)


@contextlib.asynccontextmanager
async def opened(app: QApplication, home: Path, language: str = words.ENGLISH) -> AsyncIterator[Stage]:
    """The window in a language, shown; everything is closed in the end. `home` is for the settings' file only."""
    before = words.language()
    speak_pseudo(app, language)
    places = folders(str(home)).ensure()
    settings, _ = Settings.open(places.settings)
    highlight.prepare("python")  # code has its colours in the first picture
    engine = StillEngine()
    history = await History.temporary()
    log = Log(None)
    fitting = cast("Fitting", StillFitting(pc(32, 8)))
    session = Session(history, engine, pictures=Pictures(places.pictures))
    services = Services(places, log, settings, history, cast("Engine", engine), session, fitting)
    services.resolve_model = lambda model="builtin": ModelSpec(MODEL.path)  # type: ignore[method-assign]  # noqa: ARG005
    stage: Stage | None = None
    try:
        theme = Theme(app, "light")
        theme.set_motion("off")
        desk = Desk(services, theme)
        stage = Stage(desk, theme, engine, services, desk.window, [])
        desk.window.resize(1280, HEIGHT)
        QCursor.setPos(*NOWHERE)
        desk.window.show()
        await idle()
        yield stage
    finally:
        if stage is not None:
            shown = (*stage.extra, stage.desk.window)
            for widget in shown:
                widget.hide()
            engine.stop()
            await stage.desk.close()
            for widget in shown:
                widget.deleteLater()
        await services.close()
        await idle(2)
        speak_pseudo(app, before)


def speak_pseudo(app: QApplication, language: str) -> None:
    """As the environment variable would: the setting does not offer the pseudo-languages."""
    with _asked(language):
        speak(app, words.ENGLISH)


@contextlib.contextmanager
def _asked(language: str) -> Iterator[None]:
    before = os.environ.get(words.VARIABLE)
    os.environ[words.VARIABLE] = language
    try:
        yield
    finally:
        if before is None:
            del os.environ[words.VARIABLE]
        else:
            os.environ[words.VARIABLE] = before


@contextlib.contextmanager
def qt_warnings() -> Iterator[list[str]]:
    """What Qt complained about meanwhile."""
    heard: list[str] = []

    def hear(kind: QtMsgType, _context: Any, text: str) -> None:
        if kind not in (QtMsgType.QtDebugMsg, QtMsgType.QtInfoMsg) and text not in OFFSCREEN:
            heard.append(text)

    previous = qInstallMessageHandler(hear)
    try:
        yield heard
    finally:
        qInstallMessageHandler(previous)


async def idle(rounds: int = 4) -> None:
    """Wait until Qt has worked off what is due: layouts and paints ask for more of themselves a few times.

    `processEvents` inside a task would run other tasks inside this one, which asyncio forbids.
    """
    for _ in range(rounds):
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        QTimer.singleShot(0, lambda turn=turn: turn.done() or turn.set_result(None))
        await turn
