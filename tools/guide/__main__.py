"""`python3 dev.py guide [--only NAME]… [--check]`: draws the pictures of the guide and of the README anew, of gallery
states, at a moment that is always the same: on one computer they are the same bytes until the window is another.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

os.environ["QT_QPA_PLATFORM"] = "offscreen"  # before Qt is there
os.environ["QT_SCALE_FACTOR"] = "1.5"

from PySide6.QtWidgets import QApplication

from mistral_desk.ui import loop
from tools.gallery import clock
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
    """Draw all of them, or some; 1 where `--check` finds one that shows something else by now."""
    names = sorted({picture.file.stem for picture in PICTURES})
    parser = argparse.ArgumentParser(prog="dev.py guide", description=__doc__)
    parser.add_argument("--only", action="append", choices=names, metavar="NAME", help="only this one; may be repeated")
    parser.add_argument("--out", type=Path, metavar="DIR", help="a folder for them, instead of their places in docs")
    parser.add_argument("--check", action="store_true", help="change nothing: name those that are out of date")
    options = parser.parse_args(arguments)
    states = {state.name: state for state in STATES}
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    app.setCursorFlashTime(0)  # a caret that blinks would make another picture each time
    old = []
    with tempfile.TemporaryDirectory() as aside:
        out = Path(aside) if options.check else options.out
        for picture in PICTURES:
            if options.only and picture.file.stem not in options.only:
                continue
            file = picture.file if out is None else out / picture.file.name
            with tempfile.TemporaryDirectory() as home, clock.still():
                loop.run(app, partial(draw, app, replace(picture, file=file), states[picture.state], Path(home)))
            if options.check and not same(file, picture.file):
                old.append(picture.file.name)
            print(f"{file.name}: {file.stat().st_size / 1000:.0f} kB", flush=True)
    if options.check:
        print("not as the window is now: " + ", ".join(old) if old else "all show the window as it is now")
    return 1 if old else 0


def same(one: Path, other: Path) -> bool:
    """Whether two files have the same bytes."""
    return other.exists() and one.read_bytes() == other.read_bytes()


if __name__ == "__main__":
    sys.exit(main())
