"""Draws the window in its states, light and dark: `python -m tests.ui.pictures FOLDER [STATE…]`.

The answers come from a scripted worker, so that the pictures are the same every time.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from PySide6.QtWidgets import QApplication

from mistral_desk.core.paths import resource
from mistral_desk.inference.protocol import Figures, Finished, LoadProgress, PromptProgress
from tests.fixtures import fake_worker
from tests.ui import window

if TYPE_CHECKING:
    from mistral_desk.ui.desk import Desk

QUESTION = "How do I sort a list in Python?"
THOUGHT = (
    "The person asks about sorting in Python. There are two ways, and the difference that matters is whether the "
    "list itself changes. A short example with a key helps, and a table to compare them."
)
ANSWER = resource("..", "tests", "ui", "answer.md").read_text(encoding="utf-8")
LONG = fake_worker.pieces("", THOUGHT)


def _script(kind: str) -> list[fake_worker.Step]:
    load = fake_worker.loading()
    wait = [{"pause": 60.0}]
    if kind == "loading":
        return [fake_worker.HELLO, {"serve": {"load": [fake_worker.event(LoadProgress(0, 0.42)), *wait]}}]
    reading = fake_worker.event(PromptProgress(0, 1300, 3000, 0, 20.4))
    steps = {
        "reading": [reading, *wait],
        "thinking": [*LONG, *wait],
        "writing": [*LONG, *fake_worker.pieces(ANSWER[:420]), *wait],
        "crash": [*fake_worker.pieces(ANSWER[:300]), {"pause": 0.3}, {"exit": 3}],
        "stopped": [
            *fake_worker.pieces(ANSWER[:300]),
            {"until": "stop", "do": [{"pause": 0.01}]},
            fake_worker.event(Finished(0, "stopped", Figures(), fake_worker.VOCABULARY)),
        ],
        "full": fake_worker.answer(ANSWER, THOUGHT),
        "empty": [],
        "settings": [],
    }[kind]
    return [fake_worker.HELLO, {"serve": {"load": load, "generate": steps}}]


async def _draw(desk: Desk, kind: str, file: Path) -> None:
    chat = desk.page.chat
    assert chat is not None
    if kind == "settings":
        desk.window.show_settings()
    elif kind == "full":
        await window.ask(desk, QUESTION)
    elif kind != "empty":
        window.type_in(desk, QUESTION)
        if kind in ("thinking", "writing", "reading"):
            desk.page.composer.toggle_think()
        desk.page.composer.submit()
        await window.heard(chat.changed, lambda turn: _there(kind, turn))
        if kind == "stopped":
            chat.stop()
        if kind in ("crash", "stopped"):
            await window.heard(chat.ended)
    await window.drawn()
    desk.window.grab().save(str(file))


def _there(kind: str, turn: object) -> bool:
    text, thinking, phase = (getattr(turn, name) for name in ("text", "thinking", "phase"))
    match kind:
        case "thinking":
            return bool(thinking == THOUGHT)
        case "writing":
            return len(text) >= 415
        case "crash" | "stopped":
            return len(text) >= 295
        case _:
            return bool(phase == kind)


def main(arguments: list[str]) -> int:
    """Draw all (or the named) states into a folder."""
    folder = Path(arguments[0])
    kinds = arguments[1:] or [
        "empty",
        "loading",
        "reading",
        "thinking",
        "writing",
        "stopped",
        "crash",
        "full",
        "settings",
    ]
    folder.mkdir(parents=True, exist_ok=True)
    app = QApplication([])
    for kind in kinds:
        for scheme in ("light", "dark"):
            for width in (880, 1280):
                with tempfile.TemporaryDirectory() as home:

                    async def scenario(
                        kind: str = kind, scheme: str = scheme, width: int = width, home: str = home
                    ) -> None:
                        height = 800
                        async with window.opened(
                            app, Path(home), _script(kind), scheme=scheme, size=(width, height), warm=kind != "loading"
                        ) as desk:
                            await _draw(desk, kind, folder / f"{kind}-{scheme}-{width}.png")

                    window.run(app, scenario)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
