"""The application as a process, brought into a state on a scripted worker: `python -m tests.ui.app_process STATE HOME`.

Says on stdout when it is there (`idle`, `loading`, `generating`, `temporary`), then takes one word from stdin: `close`
closes the window, `quit` asks as the system does; a signal needs no word. Where the person is asked before the window
closes, it says `asked`. A second start is made the same way.
"""

from __future__ import annotations

import faulthandler
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QEvent

from mistral_desk.inference import client, remote
from mistral_desk.inference.client import ModelSpec
from mistral_desk.inference.protocol import LoadProgress
from mistral_desk.services import Services
from mistral_desk.ui import app, loop
from mistral_desk.ui.desk import Desk
from tests.fixtures import fake_worker

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mistral_desk.ui.chat.turns import Turn

STUCK_S = 220
"""Shorter than what a test waits for its end."""


def say(word: str) -> None:
    """One word on stdout, at once."""
    sys.stdout.write(word + "\n")
    sys.stdout.flush()


def script(state: str) -> list[fake_worker.Step]:
    """What the worker does in this state."""
    if state == "loading":
        forever = {"until": "stop", "do": [fake_worker.event(LoadProgress(0, 0.4)), {"pause": 0.02}]}
        return [fake_worker.HELLO, {"serve": {"load": [forever]}}]
    return fake_worker.endless()


def main(arguments: Sequence[str]) -> int:
    """Open the window on `HOME` and bring it into the state. If it does not end, stderr says where it stands."""
    faulthandler.enable()  # a crash says where, too
    faulthandler.dump_traceback_later(STUCK_S, exit=True)
    state, home = arguments
    folder = Path(home).parent
    remote.TERMINATE_LIMIT_S = client.RETIRE_LIMIT_S = 10.0  # type: ignore[misc]
    open_services, begin = Services.open, Desk.start

    async def opened(where: str | None = None, *, engine: Sequence[str] | None = None) -> Services:
        assert engine is None
        services = await open_services(where, engine=fake_worker.command(folder, script(state), f"{state}.json"))
        services.resolve_model = lambda model="builtin": ModelSpec("/models/fake.gguf")  # type: ignore[method-assign]
        return services

    def started(desk: Desk) -> None:
        begin(desk)
        listen(desk, state)
        # Here and not in the thread: Qt crashes where a slot is added while its own thread looks at the same object.
        desk.window.close_asked.connect(lambda: say("asked") if desk.window.overlay else None)
        threading.Thread(target=obey, args=(desk,), daemon=True).start()

    Services.open = opened  # type: ignore[method-assign, assignment]
    Desk.start = started  # type: ignore[method-assign, assignment]
    return app.run(home=home)


def listen(desk: Desk, state: str) -> None:
    """Say the state's name once it is there."""
    told: list[str] = []

    def tell(*_: object) -> None:
        if not told:
            told.append(state)
            say(state)

    def looked(turn: Turn) -> None:
        if turn.phase == "writing":
            tell()

    chat = desk.page.chat
    assert chat is not None
    if state == "generating":
        chat.changed.connect(looked)
        chat.send("Go on for ever")
    elif state == "temporary":
        desk.tasks.spawn(talk_in_secret(desk, looked), "talk in secret")
    elif state == "loading":
        desk.model.changed.connect(lambda: tell() if desk.model.fraction else None)
    else:
        desk.model.changed.connect(lambda: tell() if desk.model.info else None)


async def talk_in_secret(desk: Desk, looked: Callable[[Turn], None]) -> None:
    """An answer without end in a chat that is kept nowhere."""
    desk.temporary_chat()
    while (chat := desk.page.chat) is None or not chat.temporary:
        await loop.idle()
    chat.changed.connect(looked)
    chat.send("Go on for ever, in secret")


def obey(desk: Desk) -> None:
    """Do what stdin says, on Qt's thread."""
    word = sys.stdin.readline().strip()
    if word == "quit":
        instance = QCoreApplication.instance()
        assert instance is not None
        QCoreApplication.postEvent(instance, QEvent(QEvent.Type.Quit))
    elif word == "close":
        QCoreApplication.postEvent(desk.window, QEvent(QEvent.Type.Close))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
