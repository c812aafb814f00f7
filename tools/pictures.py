"""Takes the pictures in `docs/pictures` of the real window with the real built-in model: `python -m tools.pictures`.

Nothing in them is staged but the questions; the answers are what the model writes.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

os.environ["QT_QPA_PLATFORM"] = "offscreen"  # before Qt is there
os.environ.setdefault("QT_SCALE_FACTOR", "1.5")

from PySide6.QtWidgets import QApplication

from mistral_desk.services import Services
from mistral_desk.ui import loop
from mistral_desk.ui.chat.empty import examples
from mistral_desk.ui.desk import Desk
from mistral_desk.ui.theme.theme import Theme

if TYPE_CHECKING:
    from mistral_desk.ui.chat.chat import Chat
    from mistral_desk.ui.theme.tokens import Scheme

OUT: Final = Path(__file__).parents[1] / "docs" / "pictures"
SIZE: Final = (1180, 760)


async def ended(chat: Chat) -> None:
    """Wait for the end of the answer."""
    over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def settle(_turn: object) -> None:
        if not over.done():
            over.set_result(None)

    chat.ended.connect(settle)
    await over


async def take(app: QApplication, out: Path) -> None:
    """New chat and a short conversation, light and dark."""
    with tempfile.TemporaryDirectory() as home:
        services = await Services.open(home)
        theme = Theme(app, "light")
        desk = Desk(services, theme)
        try:
            desk.window.resize(*SIZE)
            desk.window.show()
            desk.start()
            await desk.tasks.settled()
            await both(desk, theme, out, "new-chat")
            chat = desk.page.chat
            assert chat is not None
            for example in examples():
                chat.think = example.effort != "none"
                chat.send(example.text)
                await ended(chat)
            await desk.tasks.settled()
            chat.turns[-1].thought_open = True
            desk.page.transcript.changed(chat.turns[-1])
            await both(desk, theme, out, "chat")
        finally:
            desk.window.hide()
            await asyncio.gather(desk.close(), services.close())
            desk.window.deleteLater()


async def both(desk: Desk, theme: Theme, out: Path, name: str) -> None:
    """One state in both schemes."""
    schemes: tuple[Scheme, ...] = ("light", "dark")
    for scheme in schemes:
        theme.choose(scheme)
        await loop.idle()
        if not desk.window.grab().save(str(out / f"{name}-{scheme}.png")):
            raise OSError(f"{out} cannot be written to")


def main() -> int:
    """Take them all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=OUT)
    out: Path = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    app = QApplication([])
    loop.run(app, lambda: take(app, out))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
