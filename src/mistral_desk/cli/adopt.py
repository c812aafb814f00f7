"""`mistral-desk import`: takes model files into the library where they are, or as copies; finds what others hold."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from mistral_desk.cli.here import opened
from mistral_desk.cli.interrupts import INTERRUPTED
from mistral_desk.cli.output import Status, write_json, write_problem, write_text
from mistral_desk.core import amounts
from mistral_desk.core.errors import DeskError
from mistral_desk.core.words import tr
from mistral_desk.inference.model_ids import models_folder
from mistral_desk.library.adopt import Adopting

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from mistral_desk.library.adopt import Holding
    from mistral_desk.library.candidates import Candidate
    from mistral_desk.library.shelf_file import Installed


class Found(msgspec.Struct, frozen=True):
    """A model that could be imported. `program` is whose it is, `problem` the id of why it cannot be used; `known`: the
    library has it already.
    """

    id: str
    title: str
    program: str
    path: str
    bytes: int
    quantization: str | None
    projector: str | None
    known: bool
    problem: str | None


class Findings(msgspec.Struct, frozen=True):
    """What `import --scan --json` says."""

    found: tuple[Found, ...]


class Imported(msgspec.Struct, frozen=True):
    """What `import --json` says. `copied`: it lies in the models folder too now; else it is used where it is."""

    id: str
    title: str
    path: str
    bytes: int
    copied: bool


class Imports(msgspec.Struct, frozen=True):
    """The models that were taken in, and files that were not, with the ids of their problems."""

    imported: tuple[Imported, ...]
    refused: dict[str, str]


def adopt(arguments: argparse.Namespace) -> int:
    """Run the command; 1 when a file was refused. Raises what copying and the list of models raise."""
    places, settings, library = opened()
    adopting = Adopting(library, lambda: models_folder(places, settings))
    if arguments.scan:
        holdings = asyncio.run(_scan(adopting))
        if arguments.json:
            write_json(Findings(tuple(_found(one) for held in holdings for one in held.candidates)))
        else:
            _tell(holdings)
        return 0
    if not arguments.files:
        raise DeskError("import.nothing")
    return asyncio.run(_import(adopting, [Path(file) for file in arguments.files], arguments))


async def _scan(adopting: Adopting) -> tuple[Holding, ...]:
    status = Status()
    try:
        return await adopting.scan(lambda now: status.show(tr("Looking at {place}…", place=now.folder)))
    finally:
        status.clear()


async def _import(adopting: Adopting, files: Sequence[Path], arguments: argparse.Namespace) -> int:
    candidates = await adopting.look(files)
    good = [one for one in candidates if one.problem is None]
    refused = {one.path: one.problem for one in candidates if one.problem is not None}
    fresh = [one for one in good if not one.known]
    status = Status()
    taken: list[Installed] = []
    try:
        if arguments.copy:
            taken += [await adopting.copy(one, lambda done, of: status.show(_copying(done, of))) for one in fresh]
        else:
            taken += await adopting.take(fresh)
    except asyncio.CancelledError:
        return INTERRUPTED
    finally:
        status.clear()
    made = tuple(Imported(model.id, model.title, model.path, model.bytes, arguments.copy) for model in taken)
    if arguments.json:
        write_json(Imports(made, {path: problem.id for path, problem in refused.items()}))
        return 1 if refused else 0
    for one in good:
        if one.known:
            write_text(tr("{title} is in the library already.", title=one.title) + "\n", sys.stdout)
    for model in taken:
        place = tr("copied to {path}", path=model.path) if arguments.copy else tr("used where it is")
        write_text(f"{model.title}  {amounts.file_size(model.bytes)}  {place}\n", sys.stdout)
        write_text(tr('Talk to it: mistral-desk ask --model {id} "…"', id=_quoted(model.id)) + "\n", sys.stdout)
    for path, problem in refused.items():
        write_text(f"{path}:\n", sys.stderr)
        write_problem(problem, as_json=False)
    return 1 if refused else 0


def _copying(done: int, total: int) -> str:
    return tr("Copying: {share}", share=amounts.percent(done / max(1, total)))


def _found(one: Candidate) -> Found:
    return Found(
        id=one.model.id,
        title=one.title,
        program=one.program,
        path=one.path,
        bytes=one.bytes,
        quantization=one.quantization or None,
        projector=one.projector.path if one.projector else None,
        known=one.known,
        problem=one.problem.id if one.problem else None,
    )


def _tell(holdings: Sequence[Holding]) -> None:
    if not holdings:
        write_text(
            tr("No other program's models were found (Hugging Face, LM Studio, llama.cpp, Ollama).") + "\n", sys.stdout
        )
    for held in holdings:
        write_text(f"{held.name}  {held.folder}\n", sys.stdout)
        if held.problem is not None:
            write_problem(held.problem, as_json=False)
        for one in held.candidates:
            note = tr("in the library already") if one.known else ""
            if one.problem is not None:
                note = one.problem.id
            size = amounts.file_size(one.bytes)
            write_text("  " + "  ".join(part for part in (one.title, size, one.path, note) if part) + "\n", sys.stdout)


def _quoted(name: str) -> str:
    return f"'{name}'" if any(sign in name for sign in " ()&;|<>*?") else name
