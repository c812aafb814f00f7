"""The application as a process on which a file is dropped: `python -m tests.e2e.drop_driver`, told what by stdin.

One JSON object: `home`, `files`, `question`, `script` (of a fake worker, or null for the real one) and `model` (a path,
or null for the built-in one). When the answer is there, one JSON object on stdout says what the window shows; then the
window is closed as a person does.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QCoreApplication, QEvent, QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from mistral_desk.chat.parts import pictures_in
from mistral_desk.inference.client import ModelSpec
from mistral_desk.services import Services
from mistral_desk.ui import app, loop
from mistral_desk.ui.desk import Desk
from tests.fixtures import fake_worker

if TYPE_CHECKING:
    from collections.abc import Sequence


def main() -> int:
    """Open the window, drop, ask, tell."""
    order = json.loads(sys.stdin.readline())
    open_services, begin = Services.open, Desk.start

    async def opened(where: str | None = None, *, engine: Sequence[str] | None = None) -> Services:
        script = order["script"]
        engine = fake_worker.command(Path(order["home"]).parent, script) if script else None
        services = await open_services(where, engine=engine)
        if model := order["model"]:
            services.resolve_model = lambda _model="builtin": ModelSpec(model)  # type: ignore[method-assign, assignment]
        return services

    def started(desk: Desk) -> None:
        begin(desk)
        desk.tasks.spawn(dropped(desk, order), "the test")

    Services.open = opened  # type: ignore[method-assign, assignment]
    Desk.start = started  # type: ignore[method-assign, assignment]
    return app.run(home=order["home"])


async def dropped(desk: Desk, order: dict[str, Any]) -> None:
    """Let go of the files over the window, write the question, press Enter, wait for the answer."""
    window, composer = desk.window, desk.page.composer
    while desk.model.info is None or not window.isVisible():
        await loop.idle()
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(file) for file in order["files"]])
    sign = let_go(desk, mime)
    chat = desk.page.chat
    assert chat is not None
    while chat.attachments.reading:
        await loop.idle()
    attached = [item.name for item in chat.attachments.items]
    QTest.keyClicks(composer.edit, order["question"])
    QTest.keyClick(composer.edit, Qt.Key.Key_Return)
    while chat.busy or len(chat.turns) < 2:
        await loop.idle()
    question, answer = chat.turns[0], chat.turns[1]
    view = desk.page.transcript.view(question)
    told = {
        "sign": sign,
        "attached": attached,
        "left": len(chat.attachments.items),
        "pictures": [one.name for one in pictures_in(question.attached)],
        "answer": answer.text,
        "problem": answer.problem.id if answer.problem else "",
        "shown": [stop.accessibleName() for stop in view.stops()] if view else [],
        "platform": QApplication.platformName(),
    }
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
    QCoreApplication.postEvent(window, QEvent(QEvent.Type.Close))


def let_go(desk: Desk, mime: QMimeData) -> bool:
    """Enter, move and drop as the platform tells the window; whether the drop's sign was seen meanwhile."""
    window = desk.window
    handle = window.windowHandle()
    actions, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    over = [desk.page.composer.edit.viewport(), desk.page]
    entered, moved = (QPointF(widget.mapTo(window, widget.rect().center())) for widget in over)
    QApplication.sendEvent(handle, QDragEnterEvent(entered, actions, mime, left, none))
    seen = desk.attaching.drops.sign.isVisible()
    QApplication.sendEvent(handle, QDragMoveEvent(moved, actions, mime, left, none))
    seen = seen and desk.attaching.drops.sign.isVisible()
    QApplication.sendEvent(handle, QDropEvent(moved, actions, mime, left, none))
    return seen


if __name__ == "__main__":
    raise SystemExit(main())
