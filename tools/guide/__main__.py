"""`python3 dev.py guide [--only NAME]…`: draws the pictures of the guide and of the README anew, of gallery states."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

os.environ["QT_QPA_PLATFORM"] = "offscreen"  # before Qt is there
os.environ["QT_SCALE_FACTOR"] = "1.5"

from PySide6.QtWidgets import QApplication

from mistral_desk.ui import loop
from tools.gallery.declare import listed
from tools.gallery.stage import Look, idle, opened
from tools.gallery.states import STATES, State
from tools.guide.pictures import PICTURES, Picture, write

if TYPE_CHECKING:
    from collections.abc import Sequence


async def draw(app: QApplication, picture: Picture, state: State, home: Path) -> None:
    """Set the window up as the gallery does, at the picture's size, and keep what it shows."""
    async with opened(app, home) as stage:
        await state.set_up(stage)
        if picture.chats:
            await listed(stage)
        await stage.look(Look("light", picture.width))
        stage.desk.window.resize(picture.width, picture.height)
        await idle(6)
        if stage.looked is not None:
            stage.looked()
            await idle(2)
        picture.then(stage)
        await idle(4)
        write(stage.desk.window.grab(), picture.file)


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw all of them, or some."""
    names = sorted({picture.file.stem for picture in PICTURES})
    parser = argparse.ArgumentParser(prog="dev.py guide", description=__doc__)
    parser.add_argument("--only", action="append", choices=names, metavar="NAME", help="only this one; may be repeated")
    options = parser.parse_args(arguments)
    states = {state.name: state for state in STATES}
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    app.setCursorFlashTime(0)  # a caret that blinks would make another picture each time
    for picture in PICTURES:
        if not options.only or picture.file.stem in options.only:
            with tempfile.TemporaryDirectory() as home:
                loop.run(app, partial(draw, app, picture, states[picture.state], Path(home)))
            print(f"{picture.file.name}: {picture.file.stat().st_size / 1000:.0f} kB", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
