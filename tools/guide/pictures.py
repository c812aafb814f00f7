"""Which state of the gallery is which picture, and how it becomes a small file."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PIL import Image
from PySide6.QtCore import QPoint
from PySide6.QtGui import QImage

from mistral_desk.core.machine import Machine
from mistral_desk.ui.settings.facts import memory, processor
from mistral_desk.ui.welcome.page import Welcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QPixmap

    from tools.gallery.stage import Stage

ROOT: Final = Path(__file__).resolve().parents[2]
GUIDE: Final = ROOT / "docs" / "guide" / "pictures"
FRONT: Final = ROOT / "docs" / "pictures"
COLOURS: Final = 256
"""What a palette holds: a window has few colours, and a picture with a palette is a third as large."""


def nothing(_stage: Stage) -> None:
    """As the state leaves it."""


def verdict(stage: Stage) -> None:
    """A model's page, scrolled to whether it runs here."""
    about = stage.desk.models.about
    assert about.here is not None
    top = about.here.mapTo(about.area.holder, QPoint(0, 0)).y()
    about.area.verticalScrollBar().setValue(top - 4)


def begin(stage: Stage) -> None:
    """A chat from its first message."""
    stage.desk.page.transcript.verticalScrollBar().setValue(0)


def thought(stage: Stage) -> None:
    """A model has thought for twelve seconds, however long the picture took until now."""
    turn = stage.chat.turns[-1]
    turn._since = time.monotonic() - 12.3  # noqa: SLF001 - a clock for the picture
    stage.desk.page.transcript.changed(turn)


def desktop(stage: Stage) -> None:
    """The computer that the gallery's verdicts are for, instead of the one that draws."""
    welcome = stage.desk.window.findChild(Welcome)
    assert welcome is not None
    described = Machine("AMD Ryzen 7 7700", 8, 16, 32 * 2**30, 27 * 2**30)
    welcome.facts["processor"].setText(processor(described))
    welcome.facts["memory"].setText(memory(described))
    welcome.facts["disk"].setText("412 GB free")


@dataclass(frozen=True)
class Picture:
    """One file: `state` is the gallery's, the size is in the window's own pixels, `then` is done before it is drawn."""

    file: Path
    state: str
    then: Callable[[Stage], None] = nothing
    width: int = 1080
    height: int = 700
    chats: bool = False
    """The list of chats is filled, where the state leaves it empty."""


def _guide(name: str, state: str, then: Callable[[Stage], None] = nothing, *, chats: bool = False) -> Picture:
    return Picture(GUIDE / f"{name}.png", state, then, chats=chats)


PICTURES: Final = (
    Picture(FRONT / "window.png", "about", verdict, 1120, 720, chats=True),
    _guide("first-start", "first-start", desktop),
    _guide("models", "browse-grid", chats=True),
    _guide("will-it-run", "about", verdict, chats=True),
    _guide("download", "get"),
    _guide("chat", "full-answer", begin),
    _guide("attached", "attached-three"),
    _guide("thinking", "thinking-open", thought),
    _guide("full", "context-full"),
    _guide("search", "search-found"),
    _guide("endpoint", "endpoint-ask"),
    _guide("server", "settings-server-on"),
    _guide("backups", "backups"),
    _guide("failed", "failed"),
)


def write(shown: QPixmap, file: Path) -> None:
    """Keep a picture of the window as a PNG with a palette, as small as it gets without losing a letter."""
    image = shown.toImage().convertToFormat(QImage.Format.Format_RGB888)
    raw = bytes(image.constBits())
    size = (image.width(), image.height())
    picture = Image.frombytes("RGB", size, raw, "raw", "RGB", image.bytesPerLine())
    small = picture.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    file.parent.mkdir(parents=True, exist_ok=True)
    small.save(file, optimize=True)
