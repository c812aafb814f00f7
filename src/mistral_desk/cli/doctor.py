"""`mistral-desk doctor`: what a bug report needs; with `--bundle FILE` as a file to send, every word of it shown."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from mistral_desk.cli.display import obstacle
from mistral_desk.cli.output import harmless, write_json, write_text
from mistral_desk.core.paths import folders
from mistral_desk.core.words import tr
from mistral_desk.diagnostic import bundle
from mistral_desk.diagnostic.report import Report, drawn_by, examine, in_words_of

if TYPE_CHECKING:
    import argparse


class Saved(msgspec.Struct, frozen=True, tag="bundle"):
    """A report that was saved: where, how many bytes it has, and what is in it, by name."""

    path: str
    bytes: int
    files: dict[str, str]


def doctor(arguments: argparse.Namespace) -> int:
    """Run the command; 1 when something that the program needs does not work. Raises `DeskError`."""
    return asyncio.run(_doctor(arguments))


async def _doctor(arguments: argparse.Namespace) -> int:
    report = await examine(_display())
    if arguments.bundle:
        await _save(report, Path(arguments.bundle), as_json=arguments.json)
    elif arguments.json:
        write_json(report)
    else:
        write_text(harmless(in_words_of(report)), sys.stdout)
    return 1 if report.problems else 0


async def _save(report: Report, target: Path, *, as_json: bool) -> None:
    made = await bundle.of(report, folders())
    if not as_json:  # shown before it is saved
        for file in made:
            write_text(f"--- {file.name}\n{harmless(file.text)}\n", sys.stdout)
    size = await asyncio.to_thread(bundle.save, made, target)
    if as_json:
        write_json(Saved(str(target), size, {file.name: file.text for file in made}))
    else:
        words = tr("Saved as {path}. Nothing but what you see here is in it.", path=target)
        write_text(f"{words}\n", sys.stderr)


def _display() -> str:
    if chosen := os.environ.get("QT_QPA_PLATFORM"):
        return drawn_by(chosen)
    return f"none: {reason}" if (reason := obstacle()) else "yes"
