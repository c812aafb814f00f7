"""`mistral-desk engine`: which engine runs the models, and others that are added, tried out, used and removed."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from mistral_desk.cli.output import Status, write_json, write_text
from mistral_desk.core import amounts
from mistral_desk.core.errors import in_words
from mistral_desk.core.words import tr
from mistral_desk.inference import engine_parts
from mistral_desk.inference.cage import in_short
from mistral_desk.inference.packs import adding, manifest, shelf, standing
from mistral_desk.inference.packs.manifest import Library

if TYPE_CHECKING:
    import argparse

    from mistral_desk.inference.packs.adding import Step
    from mistral_desk.inference.packs.shelf import Added
    from mistral_desk.inference.packs.trial import Tried


class Row(msgspec.Struct, frozen=True):
    """An engine. `llama_cpp` is the commit of one that was added, and null for the one that comes along; `known` says
    whether somebody whom this program knows has signed it, `bytes` is what it takes on the disk.
    """

    name: str
    in_use: bool
    kind: str
    llama_cpp: str | None
    binding: str
    known: bool
    bytes: int


class Listing(msgspec.Struct, frozen=True):
    """What `engine list --json` says. `left` is why an engine is not in use any more, empty where none was left."""

    engines: tuple[Row, ...]
    left: str


class Shown(msgspec.Struct, frozen=True):
    """What `engine show --json` says: the engine, and its files."""

    engine: Row
    path: str
    files: tuple[Library, ...]


class Result(msgspec.Struct, frozen=True):
    """What the other commands say with `--json`. What an engine said of itself when it was tried out is empty where it
    was not.
    """

    name: str
    in_use: bool
    version: str = ""
    parts: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    cage: str = ""


def engine(arguments: argparse.Namespace) -> int:
    """Run the command; raises `pack.…`."""
    does = arguments.does or "list"
    if does == "list":
        _list(as_json=arguments.json)
    elif does == "show":
        _show(arguments.name, as_json=arguments.json)
    elif does == "add":
        _add(Path(arguments.file), use=arguments.use, anybody=arguments.signed_by_anybody, as_json=arguments.json)
    elif does == "use":
        _use(arguments.name, as_json=arguments.json)
    else:
        shelf.remove(arguments.name)
        said = tr("{name} was removed.", name=arguments.name)
        _say(Result(arguments.name, in_use=False), said, as_json=arguments.json)
    return 0


def _list(*, as_json: bool) -> None:
    choice = standing.read()
    rows = (_builtin(choice.current), *(_row(one, choice.current) for one in shelf.listed()))
    left = in_words(choice.left.problem, str if as_json else tr) if choice.left else None
    why = f"{left.title}. {left.message}" if left else ""
    if as_json:
        write_json(Listing(rows, why))
        return
    width = max(len(row.name) for row in rows)
    lines = [f"{'*' if row.in_use else ' '} {row.name:<{width}}  {_about(row)}" for row in rows]
    write_text("\n".join([*lines, *([why] if why else [])]) + "\n", sys.stdout)


def _show(name: str | None, *, as_json: bool) -> None:
    current = standing.read().current
    wanted = current if name is None else "" if name == standing.BUILTIN else name
    if not wanted:
        row = _builtin(current)
        if as_json:
            write_json(Shown(row, "", ()))
        else:
            write_text(f"{row.name}: {_about(row)}\n", sys.stdout)
        return
    added = shelf.get(wanted)
    row, place = _row(added, current), str(standing.place() / wanted)
    if as_json:
        write_json(Shown(row, place, added.made.files))
        return
    lines = [f"{row.name}: {_about(row)}", place]
    lines += [f"  {file.name}  {amounts.file_size(file.bytes)}  {file.sha256}" for file in added.made.files]
    write_text("\n".join(lines) + "\n", sys.stdout)


def _add(file: Path, *, use: bool, anybody: bool, as_json: bool) -> None:
    status = Status()
    words = {"unpacking": tr("Unpacking the engine"), "trying": tr("Trying the engine out")}

    def tell(step: Step, share: float) -> None:
        status.show(f"{words[step]} {amounts.percent(share)}" if step == "unpacking" else f"{words[step]}…")

    try:
        done = asyncio.run(adding.add(file.expanduser().absolute(), tell, anybody=anybody))
    finally:
        status.clear()
    name = done.added.name
    if use:
        standing.use(name)
    passed = tr("{name} passed its test: {parts}.", name=name, parts=engine_parts.in_short(done.tried.parts))
    then = (
        tr("It runs your models from now on.")
        if use
        else tr("“mistral-desk engine use {name}” runs your models with it.", name=name)
    )
    _say(_result(name, done.tried, in_use=use), f"{passed}\n{then}", as_json=as_json)


def _use(name: str, *, as_json: bool) -> None:
    wanted = "" if name == standing.BUILTIN else name
    status = Status()
    status.show(f"{tr('Trying the engine out')}…" if wanted else "")
    try:
        tried = asyncio.run(adding.use(wanted))
    finally:
        status.clear()
    said = (
        tr("{name} runs your models from now on.", name=name)
        if wanted
        else tr("The engine that comes along runs your models from now on.")
    )
    _say(_result(name, tried, in_use=True), said, as_json=as_json)


def _say(result: Result, said: str, *, as_json: bool) -> None:
    if as_json:
        write_json(result)
    else:
        write_text(f"{said}\n", sys.stdout)


def _result(name: str, tried: Tried | None, *, in_use: bool) -> Result:
    if tried is None:
        return Result(name, in_use)
    return Result(name, in_use, tried.version, tried.parts, tried.devices, in_short(tried.cage))


def _builtin(current: str) -> Row:
    return Row(standing.BUILTIN, not current, "", None, manifest.binding(), known=True, bytes=0)


def _row(added: Added, current: str) -> Row:
    made = added.made
    return Row(made.name, made.name == current, made.kind, made.llama_cpp, made.binding, added.known, made.bytes)


def _about(row: Row) -> str:
    if row.llama_cpp is None:
        return tr("comes along, {binding}", binding=f"{manifest.BINDING} {row.binding}")
    parts = [row.kind, f"llama.cpp {row.llama_cpp[:10]}", amounts.file_size(row.bytes)]
    return ", ".join(parts if row.known else [*parts, tr("signed by nobody known")])
