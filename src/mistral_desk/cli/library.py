"""`mistral-desk list`, `verify` and `remove`: the models that are on this computer."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from mistral_desk.cli.output import Status, write_json, write_text
from mistral_desk.core import amounts
from mistral_desk.core.errors import DeskError
from mistral_desk.core.paths import folders
from mistral_desk.core.settings import Settings
from mistral_desk.core.words import tr, trn
from mistral_desk.inference.model_ids import BUILTIN, models_folder
from mistral_desk.library import names
from mistral_desk.library.front import library_of
from mistral_desk.library.verify import verify_all

if TYPE_CHECKING:
    import argparse

    from mistral_desk.library.installed import Library
    from mistral_desk.library.shelf_file import Installed
    from mistral_desk.library.verify import Verified


class Row(msgspec.Struct, frozen=True):
    """A model. `missing` are parts that lack; `verified` is the last reading, null where there was none or nobody knows
    what it should be; `used` in seconds since 1970; `away`: its disk is not connected.
    """

    id: str
    name: str
    path: str
    repository: str | None
    bytes: int
    files: tuple[str, ...]
    projector: str | None
    missing: tuple[str, ...]
    verified: bool | None
    used: float | None
    away: bool


class Listing(msgspec.Struct, frozen=True):
    """What `list --json` says."""

    folder: str
    models: tuple[Row, ...]


class CheckedFile(msgspec.Struct, frozen=True):
    """A file that was read. `good` is null where nobody knows its hash; `bad_blocks` of `block` bytes have changed."""

    model: str
    path: str
    good: bool | None
    sha256: str
    bad_blocks: tuple[int, ...]
    block: int


class Checked(msgspec.Struct, frozen=True):
    """What `verify --json` says. `good` is false when a file has changed, or a part lacks."""

    good: bool
    files: tuple[CheckedFile, ...]
    missing: tuple[str, ...]


class Removed(msgspec.Struct, frozen=True):
    """What `remove --json` says. Nothing is free yet of what lies in the bin."""

    id: str
    freed_bytes: int
    in_bin: bool


def listing(arguments: argparse.Namespace) -> int:
    """Run `list`."""
    _, folder, models = asyncio.run(_look())
    if arguments.json:
        write_json(Listing(str(folder), tuple(map(_row, models))))
    elif models:
        write_text("".join(_line(model) for model in models), sys.stdout)
    else:
        write_text(
            tr("No models in {folder} yet. “mistral-desk pull MODEL” brings one.", folder=folder) + "\n", sys.stdout
        )
    return 0


def verify(arguments: argparse.Namespace) -> int:
    """Run `verify`; 1 when something has changed or lacks. Raises as `names.find` and the reading do."""
    _, _, models = asyncio.run(_look())
    chosen = models if arguments.id is None else (names.find(models, arguments.id),)
    found = asyncio.run(_verified(tuple(model for model in chosen if not model.away)))
    files = [
        CheckedFile(model.id, one.path, one.good, one.sha256, one.bad, one.block)
        for model, results in found
        for one in results
    ]
    missing = tuple(name for model in chosen for name in model.missing)
    good = not missing and all(file.good is not False for file in files)
    if arguments.json:
        write_json(Checked(good, tuple(files), missing))
    else:
        write_text("".join(map(_verdict, files)), sys.stdout)
        write_text("".join(tr("{name}: missing", name=name) + "\n" for name in missing), sys.stdout)
        if not files and not missing:
            write_text(tr("There is nothing to verify.") + "\n", sys.stdout)
        elif not good:
            write_text(tr("“mistral-desk pull” with the same id brings what is damaged or missing.") + "\n", sys.stdout)
    return 0 if good else 1


def remove(arguments: argparse.Namespace) -> int:
    """Run `remove`. Raises `library.not_asked` where nobody can be asked, and as `names.find` and the deleting do."""
    library, _, models = asyncio.run(_look())
    if arguments.id == BUILTIN:
        raise DeskError("library.not_found", name=BUILTIN)
    model = names.find(models, arguments.id)
    name, size = model.id, amounts.file_size(model.bytes)
    if not arguments.yes:
        if arguments.json or not sys.stdin.isatty():
            raise DeskError("library.not_asked", name=name)
        question = (
            tr("Delete {name} ({size}) for good?", name=name, size=size)
            if arguments.forever
            else tr("Move {name} ({size}) to the bin?", name=name, size=size)
        )
        write_text(f"{question} [y/N] ", sys.stderr)
        if sys.stdin.readline().strip().casefold() not in {"y", "yes"}:
            write_text(tr("Nothing was removed.") + "\n", sys.stderr)
            return 1
    gone = asyncio.run(library.delete(model, for_good=arguments.forever))
    if arguments.json:
        write_json(Removed(name, gone.freed, gone.in_bin))
    elif arguments.forever:
        write_text(tr("Deleted. {size} are free again.", size=amounts.file_size(gone.freed)) + "\n", sys.stdout)
    else:
        write_text(tr("It is in the bin. Its room is free when the bin is emptied.") + "\n", sys.stdout)
    return 0


def path_of(model: str, settings: Settings) -> str:
    """The path of a model of the library by its id; anything else as it is."""
    if model == BUILTIN or Path(model).is_file():
        return model
    try:
        return names.find(asyncio.run(library_of(folders(), settings).look()), model).path
    except DeskError as error:
        if error.problem.id == "library.not_found":
            return model
        raise


async def _look() -> tuple[Library, Path, tuple[Installed, ...]]:
    places = folders().ensure()
    settings, _ = Settings.open(places.settings)
    library = library_of(places, settings)
    return library, models_folder(places, settings), await library.look()


async def _verified(models: tuple[Installed, ...]) -> list[tuple[Installed, tuple[Verified, ...]]]:
    """Read all files, with a line that says how far it is."""
    status, total, before = Status(), sum(model.bytes for model in models), 0
    shown = -1

    def told(read: int) -> None:
        nonlocal shown
        if (percent := 100 * (before + read) // max(1, total)) != shown:
            shown = percent
            status.show(tr("Verifying: {share}", share=amounts.percent((before + read) / max(1, total))))

    found = []
    try:
        for model in models:
            found.append((model, await verify_all(model, told)))
            before += model.bytes
    finally:
        status.clear()
    return found


def _row(model: Installed) -> Row:
    states = [file.verified[0] if file.verified else None for file in model.all]
    return Row(
        id=model.id,
        name=model.name,
        path=model.path,
        repository=model.repository or None,
        bytes=model.bytes,
        files=tuple(file.path for file in model.files),
        projector=model.projector.path if model.projector else None,
        missing=model.missing,
        verified=False if False in states else None if None in states else True,
        used=model.used,
        away=model.away,
    )


def _line(model: Installed) -> str:
    notes = [model.id, amounts.file_size(model.bytes)]
    if model.missing:
        count = len(model.missing)
        notes.append(trn("{count} part is missing", "{count} parts are missing", count, count=amounts.number(count)))
    if any(file.verified and not file.verified[0] for file in model.all):
        notes.append(tr("damaged"))
    if model.away:
        notes.append(tr("its disk is not connected"))
    return "  ".join(notes) + "\n"


def _verdict(file: CheckedFile) -> str:
    name = Path(file.path).name
    if file.good is None:
        return tr("{name}: read; nobody knows what it should be", name=name) + "\n"
    if file.good:
        return tr("{name}: as it was downloaded", name=name) + "\n"
    if not file.bad_blocks:
        return tr("{name}: damaged", name=name) + "\n"
    blocks = ", ".join(map(str, file.bad_blocks[:20]))
    return tr("{name}: damaged in block {blocks}", name=name, blocks=blocks) + "\n"
