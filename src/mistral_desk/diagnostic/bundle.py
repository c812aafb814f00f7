"""The report as a ZIP file for others: no word of a chat, no key, no address, and nothing that names the person.

It is made whole before it is saved, so that what is shown is what is saved; what is allowed into it is chosen, and what
remains is looked through for names once more.
"""

from __future__ import annotations

import asyncio
import io
import json
import re
import signal
import zipfile
from collections import deque
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec.structs import replace

from mistral_desk.core import lasting, settings
from mistral_desk.core.errors import DeskError
from mistral_desk.core.log_marks import told
from mistral_desk.core.messages import MESSAGES
from mistral_desk.core.setting_kinds import Place, Places
from mistral_desk.diagnostic.names import names_here, placed
from mistral_desk.diagnostic.report import BuiltinModel, Complaint, Folder, Report, in_words_of
from mistral_desk.diagnostic.shelf import ModelsFolder
from mistral_desk.inference.packs import standing
from mistral_desk.library.front import library_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from mistral_desk.core.paths import Folders

ENDING: Final = "zip"
LOG_LINES: Final = 1500
"""The log's last lines are in it, so many at most."""
_LOG_BYTES: Final = 600_000
_OLDEST: Final = (1980, 1, 1, 0, 0, 0)
"""No date of a file is kept: the same report is the same bytes."""


_LEFT_OUT: Final = "\N{HORIZONTAL ELLIPSIS}"
_ADDED: Final = "one that was added"
_KEYRINGS: Final = ("keyring.", "none")
"""How the names of keyrings begin that come with the program, and what is said where there is none."""
_FILLED: Final = re.compile(r"\{[^{}]*\}")
_WORDS: Final = re.compile(r"\b(?:[a-z_]+\.[a-z_]+|SIG[A-Z0-9]+)\b")
_STATUS: Final = re.compile(r"\bstatus -?[0-9]{1,10}\b|\b0x[0-9A-F]{8}\b")


class File(msgspec.Struct, frozen=True):
    """A file of the bundle."""

    name: str
    text: str


async def of(report: Report, places: Folders) -> tuple[File, ...]:
    """All that would be saved of a report."""
    return await asyncio.to_thread(_files, report, places)


def packed(files: Sequence[File]) -> bytes:
    """The ZIP file."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.writestr(zipfile.ZipInfo(file.name, _OLDEST), file.text.encode(), zipfile.ZIP_DEFLATED)
    return whole.getvalue()


def save(files: Sequence[File], target: Path) -> int:
    """Write it, whole or not at all; how many bytes it has. It blocks. Raises `diagnostic.not_saved`."""
    content = packed(files)
    try:
        lasting.write_whole(target, content)
    except OSError as error:
        reason = error.strerror or str(error)
        raise DeskError("diagnostic.not_saved", path=str(target), reason=reason) from error
    return len(content)


def _files(report: Report, places: Folders) -> tuple[File, ...]:
    names = names_here(places)
    parts = {
        "report.txt": in_words_of(_without_places(report, places)),
        "settings.json": _settings(places),
        "models.txt": _models(places),
        "log.txt": _log(places.logs),
    }
    return tuple(File(name, names.taken_out_of(text)) for name, text in parts.items())


def _without_places(report: Report, places: Folders) -> Report:
    """Of a folder that a person chose, only what could matter: that it is one, and how its name is written. Of what
    went wrong its id and this program's own sentences, without what was filled in: those are the words of others.
    """
    found = report.library
    if found is not None:
        more = tuple(ModelsFolder(placed(one.path, places), one.free) for one in found.folders)
        found = replace(found, folders=more)
    model = report.model
    return replace(
        report,
        folders=tuple(Folder(one.name, placed(one.path, places), one.free, one.problem) for one in report.folders),
        model=BuiltinModel("its file", model.bytes, model.sha256) if model else None,
        computers=(str(len(report.computers)),) if report.computers else (),
        keyring=report.keyring.partition(" (")[0] if report.keyring.startswith(_KEYRINGS) else _ADDED,
        library=found,
        engine=report.engine if report.engine == standing.BUILTIN else _ADDED,
        engine_left=_left(report.engine_left),
        problems=tuple(map(_bare, report.problems)),
    )


def _left(said: str) -> str:
    """Why an engine was left, as far as this program or the system has a word for it; the rest is of others."""
    ours = [reason for reason in (standing.GONE, standing.ELSEWHERE) if f"({reason})" in said]
    words = [word for word in _WORDS.findall(said) if word in MESSAGES or word in signal.Signals.__members__]
    return ", ".join((*ours, *words, *_STATUS.findall(said))) or (said and _LEFT_OUT)


def _bare(complaint: Complaint) -> Complaint:
    text = MESSAGES.get(complaint.id) or MESSAGES["unexpected"]
    title, message, hint = (_FILLED.sub(_LEFT_OUT, str(part)) for part in text)
    status = _STATUS.match(complaint.detail)
    return Complaint(complaint.id, f"{complaint.id}: {title}", message, hint, status[0] if status else "")


def _settings(places: Folders) -> str:
    """Those that were changed, as far as they are ours; a folder's place is not told, what is not allowed neither."""
    try:
        with places.settings.open("rb") as file:
            said = msgspec.json.decode(file.read(1 << 20), type=dict[str, object])
    except FileNotFoundError:
        return "All settings are as they come.\n"
    except (OSError, ValueError, RecursionError) as error:
        return f"The file cannot be read: {type(error).__name__}\n"
    shown: dict[str, object] = {}
    for name, value in said.items():
        if (setting := settings.by_name(name)) is None:
            continue
        try:
            checked: object = setting.check(value)
        except DeskError:
            shown[name] = "(not allowed)"
            continue
        if isinstance(setting, Place):
            checked = placed(str(checked), places) if checked else ""
        elif isinstance(setting, Places) and isinstance(checked, tuple):
            checked = [placed(str(one), places) for one in checked]
        shown[name] = checked
    unknown = sum(settings.by_name(name) is None for name in said)
    if unknown:
        shown["(settings of other versions)"] = unknown
    return json.dumps(shown, indent=2, ensure_ascii=False) + "\n"


def _models(places: Folders) -> str:
    """Names and sizes of the models on this computer; not where they lie, and of another program's not the server that
    its name begins with.
    """
    chosen = {
        one.name: settings.glance(places.settings, one) for one in (settings.MODELS_FOLDER, settings.MORE_FOLDERS)
    }
    found = library_of(places, settings.Settings(places.settings, chosen)).look_now()
    titles = ("/".join(model.title.split("/")[-2:]) for model in found)
    lines = [
        f"{title}  {model.bytes:,} bytes  {model.origin}, {model.state}"
        for title, model in zip(titles, found, strict=True)
    ]
    return "\n".join(" ".join(line.split()) for line in lines) + "\n"


def _log(folder: Path) -> str:
    """The end of the log, the older file first, without anything in it that is not this program's own words."""
    lines: deque[str] = deque(maxlen=LOG_LINES)
    unknown = 0
    for name in ("desk.log.1", "desk.log"):
        records, more = told(_tail(folder / name))
        unknown += more
        lines.extend(_lines(records))
    note = [f"({unknown} lines are left out: they are not of this version.)"] if unknown else []
    return "\n".join([*note, *lines]) + "\n"


def _lines(records: Iterable[str]) -> Iterable[str]:
    for record in records:
        yield from record.split("\n")


def _tail(file: Path) -> str:
    """The last part of a file, from a line's begin on."""
    try:
        with file.open("rb") as source:
            source.seek(0, 2)
            size = source.tell()
            source.seek(max(0, size - _LOG_BYTES))
            content = source.read(_LOG_BYTES)
    except OSError:
        return ""
    if size > len(content):
        content = content.partition(b"\n")[2]
    return content.decode("utf-8", "replace").replace("\r\n", "\n")
