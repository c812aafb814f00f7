"""What a bug report needs, and nothing of what a person wrote: versions, hardware, folders, cages, what does not work.

It starts a worker with the built-in model, so devices and cage are what an engine really meets.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib.metadata
import platform
import sys
from typing import TYPE_CHECKING, Final

import keyring
import keyring.errors
import msgspec
import psutil

from mistral_desk import __version__
from mistral_desk.chat.attachments.intake import Intake
from mistral_desk.core import build
from mistral_desk.core.errors import DeskError, Problem, in_words
from mistral_desk.core.machine import Machine, this_machine
from mistral_desk.core.paths import check, folders, resource
from mistral_desk.diagnostic.shelf import Shelf, shelf, sized
from mistral_desk.diagnostic.shelf import rows as rows_of_library
from mistral_desk.inference.cage import Cage, in_short
from mistral_desk.inference.client import ModelSpec, Worker
from mistral_desk.inference.device import Device
from mistral_desk.inference.packs import standing
from mistral_desk.inference.rpc.computers import Computers

if TYPE_CHECKING:
    from pathlib import Path

    from mistral_desk.core.paths import Folders

_LIBRARIES: Final = (
    "PySide6-Essentials",
    "llama-cpp-python",
    "msgspec",
    "Pillow",
    "qasync",
    "jinja2",
    "keyring",
    "psutil",
)
_ONE_LETTER: Final = b"a"
_SOLD: Final = 2**30
"""Memory is told as it is sold and as the window tells it; files and disks count by 10⁹."""


class Folder(msgspec.Struct, frozen=True):
    """One of the person's folders; `problem` is empty when it can be written to."""

    name: str
    path: str
    free: int
    problem: str


class BuiltinModel(msgspec.Struct, frozen=True):
    """The model that ships with the program."""

    path: str
    bytes: int
    sha256: str


class Complaint(msgspec.Struct, frozen=True):
    """Something that does not work."""

    id: str
    title: str
    message: str
    hint: str
    detail: str


class Report(msgspec.Struct, frozen=True):
    """The whole report; what could not be found out is None or empty. `backends` are the engine's parts in use,
    `engine` is the one that was chosen, `engine_left` why another one is not in use any more.
    """

    version: str
    build: str
    python: str
    system: str
    frozen: bool
    libraries: dict[str, str | None]
    llama_cpp: str | None
    engine_build: str | None
    backends: tuple[str, ...]
    engine: str
    engine_left: str
    engine_protocol: int | None
    hardware: Machine
    devices: tuple[Device, ...]
    folders: tuple[Folder, ...]
    sandbox: Cage | None
    decoder: Cage | None
    keyring: str
    display: str
    computers: tuple[str, ...]
    model: BuiltinModel | None
    library: Shelf | None
    problems: tuple[Complaint, ...]


def drawn_by(platform_name: str) -> str:
    """What to say of windows where Qt has, or gets, this platform."""
    return f"Qt platform {platform_name}"


async def examine(display: str) -> Report:
    """Look at everything; `display` says what is known of windows here. Takes seconds, and blocks no loop."""
    problems: list[Problem] = []
    path, missing = None, None
    try:
        path = resource("model", "guide.gguf")
    except DeskError as error:
        missing = error.problem
    worker = Worker()
    try:
        await worker.start()
        if path:
            await worker.load(ModelSpec(str(path), context=256, threads=1, projector=""))
    except DeskError as error:
        problems.append(error.problem)
    finally:
        await worker.close()
    hello, model = worker.hello, None
    try:
        model = await asyncio.to_thread(_fingerprint, path) if path else None
    except OSError as error:
        missing = Problem("resource.missing", {"name": "model/guide.gguf"}, str(error))
    if missing:
        problems.append(missing)
    places, more = await asyncio.to_thread(_folders, folders())
    problems += more
    around = await asyncio.to_thread(_around)
    choice = around.choice
    return Report(
        version=__version__,
        build=build.build(),
        python=platform.python_version(),
        system=platform.platform(),
        frozen=bool(getattr(sys, "frozen", False)),
        libraries=around.libraries,
        llama_cpp=hello.llama_cpp if hello else None,
        engine_build=hello.system if hello else None,
        backends=hello.backends if hello else (),
        engine=choice.current or standing.BUILTIN,
        engine_left=in_words(choice.left.problem).message if choice.left else "",
        engine_protocol=hello.protocol if hello else None,
        hardware=around.hardware,
        devices=hello.devices if hello else (),
        folders=places,
        sandbox=worker.cage,
        decoder=await _decoder(problems),
        keyring=around.keyring,
        display=display,
        computers=around.computers,
        model=model,
        library=await shelf(),
        problems=tuple(_complaint(problem) for problem in problems),
    )


class _Around(msgspec.Struct, frozen=True):
    """What is read from files and from the system."""

    libraries: dict[str, str | None]
    hardware: Machine
    keyring: str
    computers: tuple[str, ...]
    choice: standing.Choice


def _around() -> _Around:
    return _Around(
        {name: _version(name) for name in _LIBRARIES},
        this_machine(),
        _keyring(),
        tuple(one.address for one in Computers(folders()).all()),
        standing.read(),
    )


async def _decoder(problems: list[Problem]) -> Cage | None:
    """What the process may do that reads attached files; it tries each time, before it reads the first byte."""
    intake = Intake(_ONE_LETTER, "doctor", 1)
    try:
        await intake.run()
    except DeskError as error:
        problems.append(error.problem)
    return intake.cage


def _complaint(problem: Problem) -> Complaint:
    words = in_words(problem)
    return Complaint(problem.id, words.title, words.message, words.hint, problem.detail)


def _version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def _folders(places: Folders) -> tuple[tuple[Folder, ...], list[Problem]]:
    """Each folder with what is wrong with it; the first problem is a problem of the program's."""
    found, problems = [], list[Problem]()
    for name in ("data", "config", "cache", "models", "logs"):
        path: Path = getattr(places, name)
        reason = ""
        try:
            check(path, shared=name == "models")
        except DeskError as error:
            reason = str(error.problem.params.get("reason", "others may change what is in it"))
            if not any(problem.id == error.problem.id for problem in problems):
                problems.append(error.problem)
        found.append(Folder(name, str(path), 0 if reason else psutil.disk_usage(str(path)).free, reason))
    return tuple(found), problems


def _fingerprint(path: Path) -> BuiltinModel:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    return BuiltinModel(str(path), path.stat().st_size, digest.hexdigest())


def _keyring() -> str:
    try:
        backend = keyring.get_keyring()
    except (keyring.errors.KeyringError, RuntimeError, OSError, ImportError) as error:
        return f"none ({error})"
    name = f"{type(backend).__module__}.{type(backend).__qualname__}"
    if type(backend).__module__ in {"keyring.backends.fail", "keyring.backends.null"}:
        return f"none ({name})"
    return name


def in_words_of(report: Report) -> str:
    """The report for people; English, whoever reads it."""
    hardware = report.hardware
    rows = [
        ("Mistral Desk", build.version() + (", installed" if report.frozen else "")),
        ("System", report.system),
        ("Python", report.python),
        *((name, version or "not installed") for name, version in report.libraries.items()),
        ("Engine's binding", f"llama-cpp-python {report.llama_cpp}" if report.llama_cpp else "did not start"),
        ("Engine", report.engine),
        *((("Engine that was left", report.engine_left),) if report.engine_left else ()),
        ("Engine's parts in use", ", ".join(report.backends) or "unknown"),
        ("Engine's build", report.engine_build or "unknown"),
        ("Processor", f"{hardware.processor}, {hardware.cores} cores, {hardware.threads} threads"),
        ("Memory", f"{sized(hardware.memory_total, _SOLD)}, {sized(hardware.memory_available, _SOLD)} free"),
        *(
            ("Device", f"{device.name}: {device.description} ({device.kind}), {sized(device.memory_free, _SOLD)} free")
            for device in report.devices
        ),
        *(
            (f"Folder: {folder.name}", f"{folder.path} ({folder.problem or f'{sized(folder.free)} free'})")
            for folder in report.folders
        ),
        ("Worker's cage", in_short(report.sandbox)),
        ("Other computers that lend memory", ", ".join(report.computers) or "none"),
        ("Decoder's cage", in_short(report.decoder)),
        ("Keyring", report.keyring),
        ("Display", report.display),
        ("Built-in model", f"{report.model.path} ({report.model.bytes} bytes)" if report.model else "missing"),
        *((("SHA-256", report.model.sha256),) if report.model else ()),
        *rows_of_library(report.library),
    ]
    width = max(len(name) for name, _ in rows) + 2
    lines = [f"{name + ':':<{width}}{value}" for name, value in rows]
    for problem in report.problems:
        last_words = problem.detail.strip().rpartition("\n")[2]  # all of them are in the JSON form
        words = (problem.title, problem.message, problem.hint, last_words)
        lines += ["", *(part for part in words if part)]
    return "\n".join(lines) + "\n"
