"""The real window on a scripted worker, under the real loop: what the window's tests stand on."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from mistral_desk.inference.client import ModelSpec
from mistral_desk.services import Services
from mistral_desk.ui import loop
from mistral_desk.ui.desk import Desk
from mistral_desk.ui.theme.theme import Theme
from tests.fixtures import fake_worker

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence

    from PySide6.QtCore import SignalInstance
    from PySide6.QtWidgets import QApplication, QWidget

    from mistral_desk.ui.chat.chat import Chat
    from mistral_desk.ui.chat.turns import Turn

END_OF_WORLD_S: Final = 240.0


def run(
    app: QApplication,
    scenario: Callable[[], Coroutine[object, object, None]],
    limit_s: float | None = END_OF_WORLD_S,
) -> None:
    """Run a scenario under Qt's loop; only one that hangs meets the limit."""

    async def limited() -> None:
        async with asyncio.timeout(limit_s):
            await scenario()

    loop.run(app, limited)


@contextlib.asynccontextmanager
async def opened(
    app: QApplication,
    folder: Path,
    script: Sequence[fake_worker.Step] | Path,
    *,
    scheme: str = "light",
    size: tuple[int, int] = (1180, 800),
    warm: bool = True,
    context: int = 1024,
) -> AsyncIterator[Desk]:
    """The window, shown, with its model ready; everything is closed in the end. A path in the place of a script is a
    model for the real worker, with so much `context`.
    """
    if isinstance(script, Path):
        spec, command = ModelSpec(str(script), context, 1), None
    else:
        spec, command = ModelSpec("/models/fake.gguf"), fake_worker.command(folder, script)
    services = await Services.open(str(folder / "home"), engine=command)
    services.resolve_model = lambda _model="builtin": spec  # type: ignore[method-assign, assignment]
    theme = Theme(app, scheme)  # type: ignore[arg-type]
    desk = Desk(services, theme)
    try:
        desk.window.resize(*size)
        desk.window.show()
        if warm:
            desk.start()
            await desk.tasks.settled()
        yield desk
    finally:
        desk.window.hide()
        await services.close(desk.close())
        desk.window.deleteLater()


async def heard(signal: SignalInstance, wanted: Callable[..., bool] = lambda *_: True) -> tuple[Any, ...]:
    """Wait until the signal is emitted with what is wanted; its arguments come back."""
    future: asyncio.Future[tuple[Any, ...]] = asyncio.get_running_loop().create_future()

    def took(*values: Any) -> None:
        if not future.done() and wanted(*values):
            future.set_result(values)

    signal.connect(took)
    try:
        return await future
    finally:
        signal.disconnect(took)


async def ask(desk: Desk, text: str) -> Turn:
    """Type a message, press Enter, and wait for the end of the answer."""
    chat = desk.page.chat
    assert chat is not None
    over = asyncio.ensure_future(heard(chat.busy_changed, lambda busy: not busy))
    await asyncio.sleep(0)
    type_in(desk, text)
    QTest.keyClick(desk.page.composer.edit, Qt.Key.Key_Return)
    await over
    return chat.turns[-1]


def type_in(desk: Desk, text: str) -> None:
    """Put a text into the composer as a paste does."""
    desk.page.composer.edit.setFocus()
    desk.page.composer.edit.insertPlainText(text)


async def phase(desk: Desk, wanted: str) -> Turn:
    """Wait until the answer that is on its way is in this phase."""
    chat = desk.page.chat
    assert chat is not None
    if chat.answer is None or chat.answer.phase != wanted:
        come = asyncio.Event()

        def look(turn: Turn) -> None:
            if turn.phase == wanted and not come.is_set():
                chat._flush()
                come.set()

        with touched(chat, look):
            await come.wait()
    return chat.turns[-1]


@contextlib.contextmanager
def touched(chat: Chat, hear: Callable[[Turn], object]) -> Iterator[None]:
    """Hear of an answer as often as something comes of it: `changed` tells with the next frame, and on a busy computer
    what was short is over by then.
    """
    touch = chat.touch

    def both(turn: Turn) -> None:
        touch(turn)
        hear(turn)

    chat.touch = both  # type: ignore[method-assign]
    try:
        yield
    finally:
        chat.touch = touch  # type: ignore[method-assign]


def click(widget: QWidget) -> None:
    """Press and release the mouse in the middle."""
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(widget.rect().center()))


async def drawn() -> None:
    """Let Qt lay out and paint what is due."""
    await loop.idle()
