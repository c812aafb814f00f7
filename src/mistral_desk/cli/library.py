"""`mistral-desk list`, `verify` and `remove`: the models that are on this computer."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from mistral_desk.cli.here import online, opened
from mistral_desk.cli.interrupts import INTERRUPTED
from mistral_desk.cli.output import Status, write_json, write_text
from mistral_desk.cli.pull import come
from mistral_desk.cli.pull_output import Json, Terminal
from mistral_desk.core import amounts
from mistral_desk.core import settings as declared
from mistral_desk.core.errors import DeskError
from mistral_desk.core.words import mark, tr, trn
from mistral_desk.inference.builtin import BUILTIN
from mistral_desk.inference.model_ids import model_title
from mistral_desk.library import names
from mistral_desk.library.front import folders_of
from mistral_desk.library.programs import NAMES

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from mistral_desk.library.installed import Library
    from mistral_desk.library.shelf_file import Installed
    from mistral_desk.library.verify import Verified


class Row(msgspec.Struct, frozen=True):
    """A model. `origin` is "guide", "download", "folder" (somebody put it into a models folder), "own" (registered
    where it is), or another program's name; `state` "here", "absent", "incomplete" or "damaged". `missing` are parts
    that lack; `verified` is the last reading, null where there was none or nobody knows what it should be; `used` in
    seconds since 1970.
    """

    id: str
    title: str
    name: str
    path: str
    repository: str | None
    quantization: str | None
    origin: str
    state: str
    bytes: int
    files: tuple[str, ...]
    projector: str | None
    missing: tuple[str, ...]
    verified: bool | None
    used: float | None


class Listing(msgspec.Struct, frozen=True):
    """What `list --json` says. `folders` are the models folders, the one for downloads first."""

    folders: tuple[str, ...]
    bytes: int
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
    """What `remove --json` says. Of what lies in the bin nothing is free yet, of what was forgotten nothing ever."""

    id: str
    freed_bytes: int
    in_bin: bool
    forgotten: bool


_STATES: Final = {
    "absent": mark("not there now"),
    "damaged": mark("damaged"),
}


def listing(arguments: argparse.Namespace) -> int:
    """Run `list`."""
    places, settings, library = opened()
    models = asyncio.run(library.look())
    folders = folders_of(places, settings)
    if arguments.json:
        write_json(Listing(tuple(map(str, folders)), sum(model.bytes for model in models), tuple(map(_row, models))))
        return 0
    write_text("".join(map(_line, models)), sys.stdout)
    if all(model.id == BUILTIN for model in models):
        write_text(
            tr("No models in {folder} yet. “mistral-desk pull MODEL” brings one.", folder=folders[0]) + "\n", sys.stdout
        )
    return 0


def verify(arguments: argparse.Namespace) -> int:
    """Run `verify`; 1 when something has changed or lacks. Raises as `names.find` and the reading do, and with
    `--repair` as a download does.
    """
    _, _, library = opened()
    return asyncio.run(_verify(library, arguments.id, repair=arguments.repair, as_json=arguments.json))


async def _verify(library: Library, asked: str | None, *, repair: bool, as_json: bool) -> int:
    models = await library.look()
    chosen = (
        (names.find(models, asked),) if asked is not None else tuple(one for one in models if one.origin != "guide")
    )
    found = await _verified(library, tuple(model for model in chosen if not model.away))
    files = [
        CheckedFile(model.id, one.path, one.good, one.sha256, one.bad, one.block)
        for model, results in found
        for one in results
    ]
    missing = tuple(name for model in chosen for name in model.missing)
    good = not missing and all(file.good is not False for file in files)
    if as_json:
        write_json(Checked(good, tuple(files), missing))
    else:
        write_text("".join(map(_verdict, files)), sys.stdout)
        write_text("".join(tr("{name}: missing", name=name) + "\n" for name in missing), sys.stdout)
        if not files and not missing:
            write_text(tr("There is nothing to verify.") + "\n", sys.stdout)
        elif not good and not repair:
            write_text(tr("“mistral-desk verify --repair” brings what is damaged or missing.") + "\n", sys.stdout)
    if good or not repair:
        return 0 if good else 1
    return await _repair(found, Json() if as_json else Terminal())


async def _repair(found: list[tuple[Installed, tuple[Verified, ...]]], out: Json | Terminal) -> int:
    """Bring what is damaged or missing; with the lines of `pull`. Raises `library.incomplete` where nobody knows where
    missing parts are.
    """
    repaired = 0
    try:
        with tempfile.TemporaryDirectory() as aside:
            async with online(Path(aside)) as here:
                for model, results in found:
                    with _leading_on(model, results, out):
                        for order in await here.ordering.repair(model, results):
                            await come(here.queue, order, out)
                            repaired += 1
                    if model.missing and not model.repository and model.problem is not None:
                        raise DeskError.of(model.problem)
    except asyncio.CancelledError:
        out.paused()
        return INTERRUPTED
    finally:
        out.clear()
    out.repaired(repaired)
    return 0


@contextlib.contextmanager
def _leading_on(model: Installed, results: tuple[Verified, ...], out: Json | Terminal) -> Iterator[None]:
    """A damaged file leaves the list when its repair begins; where that breaks off, say which command finds it now."""
    try:
        yield
    except (asyncio.CancelledError, DeskError):
        if any(one.good is False and not Path(one.path).exists() for one in results):
            out.goes_on_with(f"{model.repository}:{model.quantization}".removesuffix(":"))
        raise


def remove(arguments: argparse.Namespace) -> int:
    """Run `remove`. Raises `library.not_asked` where nobody can be asked, and as `names.find` and the deleting do."""
    _, settings, library = opened()
    model = names.find(asyncio.run(library.look()), arguments.id)
    name, size = model.id, amounts.file_size(model.bytes)
    if model.deletes == "never":
        raise DeskError("library.guide_stays")
    for_good = arguments.forever or settings.get(declared.DELETE_TO) == "for_good"
    if not arguments.yes:
        if arguments.json or not sys.stdin.isatty():
            raise DeskError("library.not_asked", name=name)
        if model.deletes == "forgets":
            question = tr("Take {name} off the list? Its files stay where they are.", name=name)
        elif for_good:
            question = tr("Delete {name} ({size}) for good?", name=name, size=size)
        else:
            question = tr("Move {name} ({size}) to the bin?", name=name, size=size)
        write_text(f"{question} [y/N] ", sys.stderr)
        if sys.stdin.readline().strip().casefold() not in {"y", "yes"}:
            write_text(tr("Nothing was removed.") + "\n", sys.stderr)
            return 1
    gone = asyncio.run(library.delete(model, for_good=for_good))
    if arguments.json:
        write_json(Removed(name, gone.freed, gone.in_bin, gone.forgotten))
    elif gone.forgotten:
        write_text(tr("It is off the list. Its files are where they were.") + "\n", sys.stdout)
    elif gone.in_bin:
        write_text(tr("It is in the system's bin. Its room is free when the bin is emptied.") + "\n", sys.stdout)
    else:
        write_text(tr("Deleted. {size} are free again.", size=amounts.file_size(gone.freed)) + "\n", sys.stdout)
    return 0


async def _verified(library: Library, models: tuple[Installed, ...]) -> list[tuple[Installed, tuple[Verified, ...]]]:
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
            found.append((model, await library.verify(model, told)))
            before += model.bytes
    finally:
        status.clear()
    return found


def _row(model: Installed) -> Row:
    states = [file.verified[0] if file.verified else None for file in model.all]
    return Row(
        id=model.id,
        title=model.title,
        name=model.name,
        path=model.path,
        repository=model.repository or None,
        quantization=model.quantization or None,
        origin=model.origin,
        state=model.state,
        bytes=model.bytes,
        files=tuple(file.path for file in model.files),
        projector=model.projector.path if model.projector else None,
        missing=model.missing,
        verified=False if False in states else None if None in states else True,
        used=model.used,
    )


def _line(model: Installed) -> str:
    notes = [model.id, amounts.file_size(model.bytes)]
    if model.origin == "guide":
        notes.append(model_title(BUILTIN))
    elif model.origin in NAMES:
        notes.append(tr("in the folder of {program}", program=NAMES[model.origin]))
    if model.missing:
        count = len(model.missing)
        notes.append(trn("{count} part is missing", "{count} parts are missing", count, count=amounts.number(count)))
    elif model.state in _STATES:
        notes.append(tr(_STATES[model.state]))
    if model.used is not None:
        notes.append(tr("used {day}", day=amounts.day(model.used)))
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
