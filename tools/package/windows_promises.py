"""What the installer for Windows promises, each as something that is tried and then looked at (`windows_check`)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from tools.package.windows import PROGRAMS, contents
from tools.package.windows_ground import ENTRY, PERSON, Ground, Version, inside

_KEYS: Final = r"hkey_current_user\software"
_UNINSTALL: Final = "Uninstall.exe"
_MENU: Final = "AppData/Roaming/Microsoft/Windows/Start Menu/Programs/Mistral Desk.lnk"


@dataclass(frozen=True)
class Start:
    """What there was before anything was installed."""

    files: set[str]
    registry: dict[str, str]


def installs(ground: Ground, old: Version) -> None:
    """A silent installation for one person, and what Windows knows afterwards."""
    status = ground.run(old.setup, "/S")
    ground.shows("Silent installation ends with 0", status == 0, status)
    there = inside(ground.usual)
    ground.shows(
        f"All {len(there)} files lie in %LOCALAPPDATA%\\Programs\\Mistral Desk, of a person called {PERSON}",
        there == {*inside(old.payload), _UNINSTALL},
        there ^ inside(old.payload),
    )
    link = (ground.home / _MENU).read_bytes() if (ground.home / _MENU).is_file() else b""
    ground.shows(
        "The start menu has it, and its entry leads to the program", f"Desk\\{PROGRAMS[0]}".encode("utf-16-le") in link
    )
    known = ground.registry(r"HKCU\Software")
    folder = rf"C:\users\{PERSON}\AppData\Local\Programs\Mistral Desk"
    entry = {
        name: known.get(rf"{_KEYS}\microsoft\windows\currentversion\uninstall\mistraldesk|{name}") for name in _ENTRY
    }
    kilobytes = -(-contents(old.payload).bytes // 1024)
    wanted = {
        "displayname": "Mistral Desk",
        "displayversion": old.number,
        "publisher": "The Mistral Desk authors",
        "installlocation": folder,
        "estimatedsize": f"dword:{kilobytes:08x}",
        "quietuninstallstring": f'"{folder}\\{_UNINSTALL}" /S',
    }
    ground.shows("Apps & features has name, version, publisher, size and a silent way out", entry == wanted, entry)
    opens = known.get(rf"{_KEYS}\classes\mistraldesk.gguf\shell\open\command|@")
    ground.shows(
        ".gguf is offered through OpenWithProgids, and opens with the file's whole name",
        rf"{_KEYS}\classes\.gguf\openwithprogids|mistraldesk.gguf" in known
        and opens == f'"{folder}\\{PROGRAMS[0]}" "%1"',
        opens,
    )
    _other_stays(ground, known)


_ENTRY: Final = (
    "displayname",
    "displayversion",
    "publisher",
    "installlocation",
    "estimatedsize",
    "quietuninstallstring",
)


def _other_stays(ground: Ground, known: dict[str, str]) -> None:
    default = known.get(rf"{_KEYS}\classes\.gguf|@")
    ground.shows(
        "What opened .gguf before is its default still",
        default == "Other.Program" and rf"{_KEYS}\classes\.gguf\openwithprogids|other.program" in known,
        default,
    )


def updates(ground: Ground, new: Version) -> None:
    """A newer version in the place of the older, with the window open, and a person's things beside it."""
    own = {"history.sqlite3": b"chats", "models/owner/Größe.gguf": b"weights", "Cache/states/one": b"read"}
    for name, content in own.items():
        (ground.data / name).parent.mkdir(parents=True, exist_ok=True)
        (ground.data / name).write_bytes(content)
    running = ground.begin(ground.usual / PROGRAMS[0])
    status = ground.run(new.setup, "/S")
    ground.shows("An update while the window is open asks it to close, and ends with 0", status == 0, status)
    ground.shows("The open window closed by itself", running.wait(timeout=60) == 0)
    there = inside(ground.usual)
    wanted = {*inside(new.payload), _UNINSTALL}
    ground.shows(
        f"Nothing of the older version is left, all {len(wanted)} files are the newer's",
        there == wanted,
        there ^ wanted,
    )
    same = all((ground.usual / name).read_bytes() == (new.payload / name).read_bytes() for name in inside(new.payload))
    ground.shows("Each file has the newer version's contents", same)
    known = ground.registry(ENTRY)
    said = next((value for key, value in known.items() if key.endswith("|displayversion")), None)
    ground.shows("Apps & features says the newer version, once", said == new.number, known)
    kept = {name: (ground.data / name).read_bytes() for name in own}
    ground.shows("Chats and models are untouched by an update", kept == own, kept)


def stays_when_in_use(ground: Ground, new: Version) -> None:
    """Something that does not close: nothing is changed, and a script learns it."""
    before = {name: (ground.usual / name).stat().st_mtime_ns for name in inside(ground.usual)}
    running = ground.begin(ground.usual / PROGRAMS[1])
    installed, removed = ground.run(new.setup, "/S"), ground.line(ground.usual / _UNINSTALL, "/S _?=", ground.usual)
    after = {name: (ground.usual / name).stat().st_mtime_ns for name in inside(ground.usual)}
    ground.shows(
        "While the command line is at work, update and removal end with 3, and not one file is changed",
        (installed, removed) == (3, 3) and before == after,
        (installed, removed),
    )
    (ground.temporary / "standin-done").touch()
    running.wait(timeout=60)


def refuses(ground: Ground, old: Version, new: Version) -> None:
    """What would do harm."""
    before = ground.files()
    status = ground.run(old.setup, "/S")
    ground.shows(
        "An older version over a newer one is refused, status 5", status == 5 and ground.files() == before, status
    )
    theirs = ground.home / "Saved Games" / "mine"
    theirs.mkdir(parents=True)
    (theirs / "letter.txt").write_text("dear", encoding="utf-8")
    status = ground.line(new.setup, "/S /D=", theirs)
    ground.shows(
        "A folder with somebody's files is refused, status 4", status == 4 and inside(theirs) == {"letter.txt"}, status
    )
    status = ground.line(new.setup, "/S /D=", ground.drive.joinpath(*["a long name in the way"] * 10))
    ground.shows("A folder whose name is too long is refused, status 4", status == 4, status)


def goes(ground: Ground, start: Start) -> None:
    """A silent removal keeps chats and models, and leaves nothing else."""
    ground.run(ground.usual / _UNINSTALL, "/S")
    ground.rest()
    ground.shows("A silent removal takes the program's folder away", not ground.usual.exists())
    left = {name for name in ground.files() - start.files if "Saved Games" not in name}
    data = str(ground.data.relative_to(ground.drive))
    programs = str(ground.usual.parent.relative_to(ground.drive))
    strange = {name for name in left if not name.startswith(data)} - {programs}
    ground.shows("Of files only the person's own are left: chats, models, settings", not strange, strange)
    kept = inside(ground.data)
    ground.shows("Chats and models are there still", {"history.sqlite3", "models/owner/Größe.gguf"} <= kept, kept)
    known = ground.registry(r"HKCU\Software")
    ground.shows("The registry is as it was before the first installation", *_same(known, start.registry))
    _other_stays(ground, known)


def _same(now: dict[str, str], then: dict[str, str]) -> tuple[bool, set[str]]:
    changed = {key for key in now.keys() | then.keys() if now.get(key) != then.get(key)}
    changed = {key for key in changed if not re.search(r"\\(wine|explorer|recentdocs|shell folders)\b", key)}
    return not changed, changed


def moves(ground: Ground, old: Version, new: Version) -> None:
    """Another folder, with signs that shells stumble over; and then a further one."""
    here, there = ground.drive / "Größe & Übung (1)" / "Mistral Desk", ground.drive / "Zweite $Stelle%" / "Mistral Desk"
    ground.line(old.setup, "/S /D=", here)
    ground.shows("It goes into a folder with umlauts, & and brackets", (here / PROGRAMS[0]).is_file())
    mine = here / "lib" / "mine.txt"
    mine.write_text("a person put it there", encoding="utf-8")
    status = ground.line(new.setup, "/S /D=", there)
    ground.shows(
        "The newer version goes into another one, with $ and %",
        inside(there) == {*inside(new.payload), _UNINSTALL},
        status,
    )
    ground.shows(
        "The older one's folder keeps only what a person put there", inside(here) == {"lib/mine.txt"}, inside(here)
    )
    status = ground.run(new.setup, "/S")
    ground.shows("Without a word the next update finds that folder", status == 0 and not ground.usual.exists(), status)


def deletes_what_was_asked(ground: Ground, new: Version, start: Start) -> None:
    """/DELETE= on the command line: what is named goes, and nothing else."""
    there = ground.drive / "Zweite $Stelle%" / "Mistral Desk"
    deep = ground.data / "models" / "owner" / ("ein sehr langer Name mit Ü " * 8) / ("noch einer " * 15)
    deep.mkdir(parents=True)
    (deep / "model.gguf").write_bytes(b"weights")
    ground.run(there / _UNINSTALL, "/S", "/DELETE=chats")
    ground.rest()
    kept = {name.rpartition("/")[2] for name in inside(ground.data)}
    ground.shows("/DELETE=chats keeps the models and nothing else", kept == {"Größe.gguf", "model.gguf"}, kept)
    ground.line(new.setup, "/S /D=", there)
    (ground.data / "history.sqlite3").write_bytes(b"chats")
    ground.run(there / _UNINSTALL, "/S", "/DELETE=models")
    ground.rest()
    kept = inside(ground.data)
    ground.shows(
        "/DELETE=models keeps the chats, and names of 400 signs do not stop it", kept == {"history.sqlite3"}, kept
    )
    ground.line(new.setup, "/S /D=", there)
    ground.run(there / _UNINSTALL, "/S", "/DELETE=all")
    ground.rest()
    ground.shows("/DELETE=all leaves nothing", not ground.data.exists() and not there.exists())
    ground.shows("... nor in the registry", *_same(ground.registry(r"HKCU\Software"), start.registry))
