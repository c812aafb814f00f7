"""`python3 dev.py gallery [--out DIR] [--only STATE]… [--quick]`: draws and measures every state.

Writes one PNG a picture and index.html; ends with 1 when something is clipped, overlaps, cannot be reached or read.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

os.environ["QT_QPA_PLATFORM"] = "offscreen"  # before Qt is there

from PySide6.QtWidgets import QApplication

from mistral_desk.core import words
from mistral_desk.ui import loop
from tools.gallery import checks, edges, ink
from tools.gallery.index import page
from tools.gallery.stage import ALL, LANGUAGES, QUICK, Look, Stage, idle, opened, qt_warnings
from tools.gallery.states import STATES, State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tools.gallery.checks import Fault


PSEUDONYMS = {"ar-pseudo": words.PSEUDO_RTL, "pseudo": words.PSEUDO}


class Gallery:
    """Draws states into a folder and keeps what was found."""

    def __init__(self, app: QApplication, out: Path | None, *, colours: bool = True) -> None:
        self._app = app
        self._out = out
        self._colours = colours
        self.pictures: dict[str, list[str]] = {}
        self.faults: dict[str, list[Fault]] = {}

    def draw(self, state: State, looks: Sequence[Look], languages: Sequence[str]) -> None:
        """One state in all its looks."""
        for language in languages:
            with tempfile.TemporaryDirectory() as home, qt_warnings() as heard:
                loop.run(self._app, partial(self._draw, state, looks, language, Path(home)))
            if heard:
                name = f"{state.name}.{language}"
                self.faults.setdefault(name, []).extend(checks.Fault("Qt", state.name, text) for text in heard)

    async def _draw(self, state: State, looks: Sequence[Look], language: str, home: Path) -> None:
        if state.sized:
            async with opened(self._app, home, language) as stage:
                await state.set_up(stage)
                for look in looks:
                    await stage.look(look)
                    self._keep(state, stage, look, language)
            return
        for look in {(look.scheme, look.size, look.contrast): look for look in looks}.values():
            async with opened(self._app, home, language) as stage:
                await stage.look(look)
                await state.set_up(stage)
                await idle(6)
                self._keep(state, stage, look, language)

    def _keep(self, state: State, stage: Stage, look: Look, language: str) -> None:
        direction = "rtl" if words.mirrored(language) else "ltr" if language == words.ENGLISH else language
        name = f"{state.name}.{look.name}-{direction}.png"
        picture = stage.shown.grab()
        found = [*checks.examine(stage.shown), *edges.crooked(stage.shown)]
        if self._colours:
            found += ink.faint(stage.shown, picture.toImage())
        if found:
            self.faults[name] = found
        self.pictures.setdefault(state.name, []).append(name)
        if self._out is not None:
            picture.save(str(self._out / name), "PNG")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; 1 when a picture has a fault."""
    parser = argparse.ArgumentParser(prog="dev.py gallery", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("out/gallery"), help="folder for the pictures")
    parser.add_argument("--only", action="append", metavar="STATE", help="only these states")
    parser.add_argument("--look", default="", help="only looks whose name holds this (light, 880, -200, high)")
    parser.add_argument("--language", action="append", help="en, de, …, qps, ar-pseudo (default: en, ar-pseudo)")
    parser.add_argument("--quick", action="store_true", help="two looks instead of fourteen")
    arguments = parser.parse_args(argv)
    known = [state.name for state in STATES]
    if unknown := set(arguments.only or ()) - set(known):
        parser.error(f"no such state: {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    chosen = [state for state in STATES if not arguments.only or state.name in arguments.only]
    looks = [look for look in (QUICK if arguments.quick else ALL) if arguments.look in look.name]
    arguments.out.mkdir(parents=True, exist_ok=True)
    app = QApplication.instance() or QApplication([])
    gallery = Gallery(app, arguments.out)  # type: ignore[arg-type]
    began = time.monotonic()
    for state in chosen:
        gallery.draw(state, looks, [PSEUDONYMS.get(tag, tag) for tag in arguments.language or LANGUAGES])
        bad = [name for name in gallery.faults if name.startswith(f"{state.name}.")]
        print(f"{state.name}: {len(gallery.pictures.get(state.name, ()))} pictures, {len(bad)} with faults", flush=True)
    for name, found in gallery.faults.items():
        for fault in found:
            print(f"{name}: {fault}")
    (arguments.out / "index.html").write_text(page(chosen, gallery.pictures, gallery.faults), encoding="utf-8")
    count = sum(map(len, gallery.pictures.values()))
    print(f"{count} pictures in {time.monotonic() - began:.0f} s, {sum(map(len, gallery.faults.values()))} faults")
    print(arguments.out / "index.html")
    return 1 if gallery.faults else 0


if __name__ == "__main__":
    sys.exit(main())
