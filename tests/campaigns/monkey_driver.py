"""The real window under a monkey: seeded random keys, clicks, drops, looks, downloads and chats, watched as it goes.

Started with a JSON object (`Plan`); the last line on stdout is a `Ran`. Hub and catalogue are servers of this process,
nothing else can be reached; everything that it may touch lies in one folder.
"""

from __future__ import annotations

import asyncio
import faulthandler
import gc
import logging
import os
import random
import sys
import threading
import traceback
from collections import Counter, deque
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
import psutil
from PySide6.QtCore import QtMsgType, qInstallMessageHandler
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication

from mistral_desk.core.errors import DeskError
from mistral_desk.inference.client import ModelSpec
from mistral_desk.services import Services
from mistral_desk.ui import loop
from mistral_desk.ui.desk import Desk
from mistral_desk.ui.theme.theme import Theme
from tests.campaigns.monkey_actions import Monkey
from tests.campaigns.monkey_files import model
from tests.campaigns.monkey_invariants import broken
from tests.fixtures import fake_worker
from tests.fixtures.hub_site import FileBody, HubSite, Repo
from tools.gallery.stage import OFFSCREEN

if TYPE_CHECKING:
    from collections.abc import Iterable

LOOK_EVERY: Final = 100
HANGS_S: Final = 120.0
"""Nothing that a person does holds the window so long: then all threads are shown, and the process ends."""


class Plan(msgspec.Struct, frozen=True):
    """`real`: the Guide answers through the real worker; else a scripted one does."""

    folder: str
    seed: int
    actions: int
    real: bool = False


class Ran(msgspec.Struct):
    """What came of it. `grown` is what was left at the end beside what there was at the first look."""

    actions: int = 0
    done: dict[str, int] = {}
    looks: int = 0
    lost: list[str] = []
    grown: dict[str, tuple[float, float]] = {}


class Watch(logging.Handler):
    """Hears everything that may not happen, with what the monkey did before."""

    def __init__(self, last: Iterable[str]) -> None:
        super().__init__(logging.WARNING)
        self.lost: list[str] = []
        self._last = last

    def begin(self) -> None:
        logging.getLogger().addHandler(self)
        qInstallMessageHandler(self._from_qt)
        sys.excepthook = lambda kind, error, at: self.tell("".join(traceback.format_exception(kind, error, at)))
        threading.excepthook = lambda args: self.tell(f"in a thread: {args.exc_type.__name__}: {args.exc_value}")
        sys.unraisablehook = lambda args: self.tell(f"unraisable: {args.exc_value!r} in {args.object!r}")

    def tell(self, what: str) -> None:
        self.lost.append(f"{what}\n    after {' · '.join(self._last)}")

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        text = record.getMessage()
        if (error is not None and not isinstance(error, DeskError)) or "nexpected" in text:
            told = "".join(traceback.format_exception(error, limit=-8)) if error else ""
            self.tell(f"{record.name}: {text}\n{told}")

    def _from_qt(self, kind: QtMsgType, _context: Any, text: str) -> None:
        if kind not in (QtMsgType.QtDebugMsg, QtMsgType.QtInfoMsg) and text not in OFFSCREEN:
            self.tell(f"Qt: {text}")


def resources() -> dict[str, float]:
    """What a leak would make more of."""
    gc.collect()
    here = psutil.Process()
    return {
        "memory (MB)": round(here.memory_info().rss / 1e6, 1),
        "widgets": float(len(QApplication.allWidgets())),
        "threads": float(here.num_threads()),
        "open files": float(here.num_fds() if sys.platform != "win32" else 0),
        "children": float(len(here.children())),
    }


async def play(app: QApplication, plan: Plan, hub: HubSite, ran: Ran) -> None:
    """The window from its start to its end, with so many actions between."""
    folder = Path(plan.folder)
    last: deque[str] = deque(maxlen=12)
    watch = Watch(last)
    watch.begin()
    command = None if plan.real else fake_worker.command(folder, script())
    services = await Services.open(str(folder / "home"), engine=command)
    if not plan.real:
        services.resolve_model = lambda _model="builtin": ModelSpec("/models/fake.gguf")  # type: ignore[method-assign, assignment]
    theme = Theme(app, "light")
    desk = Desk(services, theme)
    desk.welcome()
    desk.window.resize(1180, 800)
    desk.window.show()
    desk.start()
    for page in ("models", "library", "settings", "archive", "bin", "chat"):  # made when they are first looked at
        desk.window.show_page(page)
        await loop.idle()
    monkey = Monkey(desk, hub, folder, random.Random(plan.seed))
    first: dict[str, float] = {}
    try:
        for number in range(plan.actions):
            last.append(await monkey.act())
            ran.actions += 1
            faulthandler.dump_traceback_later(HANGS_S, exit=True)
            if (number + 1) % LOOK_EVERY == 0 or number + 1 == plan.actions:
                ran.looks += 1
                for what in await looked(services, hub):
                    watch.tell(what)
                if not first and number > plan.actions // 3:
                    await monkey.rest()
                    first = resources()
        await monkey.rest()
        ran.grown = {name: (first.get(name, 0), value) for name, value in resources().items()}
    except Exception:  # noqa: BLE001 - what comes out of an action is what is looked for
        watch.tell(traceback.format_exc(limit=-8))
    finally:
        desk.window.hide()
        await services.close(desk.close())
        desk.window.deleteLater()
        await loop.idle()
        QApplication.clipboard().clear()  # what Python put there is deleted behind Python's end
        faulthandler.cancel_dump_traceback_later()
        ran.done, ran.lost = dict(Counter(monkey.done)), watch.lost


async def looked(services: Services, hub: HubSite) -> list[str]:
    """What is not as it must be; what a branch or an import brought is in the index a little later."""
    found: list[str] = []
    for _ in range(5):
        await services.history.indexed()
        found = await asyncio.to_thread(broken, services.folders, hub)
        if not any("index" in what for what in found):
            break
    return found


def script() -> list[fake_worker.Step]:
    """A worker that answers with all kinds of text, thinks, and is slow enough to be stopped."""
    code = "```python\nprint(1)\n```"
    text = "Some **bold** words, `code`, and\n\n" + code + "\n\n| a | b |\n|---|---|\n| 1 | $x^2$ |\n\n- end 🙂"
    answer = fake_worker.answer(text, "Let me think about it.")
    slowly = [*answer[:-1], {"pause": 0.002}, answer[-1]]
    return [fake_worker.HELLO, {"serve": {"load": fake_worker.loading(), "generate": slowly}}]


def refuse_the_world() -> None:
    """No connection leaves this computer; what tries it hears that nobody is there."""

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "socket.connect" and isinstance(arguments[1], tuple):
            host = str(arguments[1][0])
            if not host.startswith("127.") and host not in {"::1", "localhost"}:
                raise ConnectionRefusedError(f"{host} is not here")
        elif event == "socket.getaddrinfo" and str(arguments[0]) not in {"127.0.0.1", "127.0.0.2", "::1", "localhost"}:
            raise OSError(f"nobody is called {arguments[0]}")

    sys.addaudithook(watch)


def main(plan: Plan) -> Ran:
    """Play, and tell."""
    folder = Path(plan.folder)
    for name in ("HOME", "USERPROFILE", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        os.environ[name] = str(folder)
    os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"
    faulthandler.enable()
    refuse_the_world()
    QDesktopServices.openUrl = staticmethod(lambda _address: True)  # type: ignore[method-assign]
    ran = Ran()
    files = {"Tiny-Q4_K_M.gguf": FileBody(model(folder / "hub"))}
    with HubSite(Repo("acme/Tiny-GGUF", dict(files)), Repo("acme/Gated-GGUF", dict(files), gated="auto")) as hub:
        os.environ["HF_ENDPOINT"] = hub.url
        os.environ["MISTRAL_DESK_CATALOG_URL"] = f"{hub.url}/nothing.json"
        app = QApplication(["monkey"])
        loop.run(app, lambda: play(app, plan, hub, ran))
    return ran


if __name__ == "__main__":
    given = msgspec.json.decode(sys.argv[1], type=Plan)
    told = main(given)
    sys.stdout.write(msgspec.json.encode(told).decode() + "\n")
    sys.stdout.flush()
