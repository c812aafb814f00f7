"""A Windows of wine's in which the installer is tried: its person, its drive, and what is done and looked at in it."""

from __future__ import annotations

import os
import re
import subprocess
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tools.dev.steps import Failed
from tools.package import windows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tools.dev.steps import Steps

PERSON: Final = "Jürgen Müßig"
ENTRY: Final = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Uninstall\MistralDesk"
_PATIENCE_S: Final = 120.0


@dataclass(frozen=True)
class Version:
    """A version: its installer, and the stand-in for the bundle that is in it."""

    number: str
    setup: Path
    payload: Path


@dataclass
class Ground:
    """A Windows to try things in: `home` is the person's folder in it, as Linux sees it."""

    top: Path
    steps: Steps
    done: list[str] = field(default_factory=list)

    @property
    def drive(self) -> Path:
        """The drive C, as Linux sees it."""
        return self.top / "prefix" / "drive_c"

    @property
    def home(self) -> Path:
        """The person's folder."""
        return self.drive / "users" / PERSON

    @property
    def local(self) -> Path:
        """Where programs of one person and their data are: `%LOCALAPPDATA%`."""
        return self.home / "AppData" / "Local"

    @property
    def data(self) -> Path:
        """What the program keeps of a person."""
        return self.local / "mistral-desk"

    @property
    def usual(self) -> Path:
        """Where the program is installed unless somebody says otherwise."""
        return self.local / "Programs" / "Mistral Desk"

    @property
    def temporary(self) -> Path:
        """Where programs put what is not kept: `%TEMP%`."""
        return self.home / "Temp"  # where wine has it

    @property
    def names(self) -> dict[str, str]:
        """The environment that wine runs in: no display, nothing fetched, nothing put into this desktop's own menu."""
        kept = {name: value for name, value in os.environ.items() if name not in {"DISPLAY", "WAYLAND_DISPLAY"}}
        return {
            **kept,
            "WINEPREFIX": str(self.top / "prefix"),
            "WINEDEBUG": "-all",
            "WINEDLLOVERRIDES": "mscoree=d;mshtml=d;winemenubuilder.exe=d",
            "USER": PERSON,
            "HOME": str(self.top / "home"),  # else Desktop and Documents are this computer's own
            "LC_ALL": "C.UTF-8",
        }

    def run(self, *words: str | Path) -> int:
        """Run a program of Windows, and wait for all that it started; its exit status."""
        command = ["wine", *map(str, words)]
        self.steps.note("$ " + " ".join(command))
        return _silent(command, self.names).wait(timeout=600)

    def line(self, program: Path, words: str, folder: Path) -> int:
        """Run a program with words whose last is a folder, which NSIS wants without quotes; its exit status."""
        line = f'"{self.windows(program)}" {words}{self.windows(folder)}'
        self.steps.note(f"$ {line}")
        command = ["wine", str(self.top / "old" / windows.PROGRAMS[0])]
        return _silent(command, {**self.names, "STANDIN_LINE": line}).wait(timeout=600)

    def windows(self, path: Path) -> str:
        """A path as Windows says it."""
        if self.drive in path.parents:
            return "C:\\" + str(path.relative_to(self.drive)).replace("/", "\\")
        return "Z:" + str(path).replace("/", "\\")

    def rest(self) -> None:
        """Wait until nothing runs in this Windows any more."""
        subprocess.run(["wineserver", "-w"], check=True, env=self.names, timeout=600)

    def begin(self, program: Path) -> subprocess.Popen[bytes]:
        """Start a stand-in and wait until it runs."""
        for name in ("standin-open", "standin-close", "standin-done"):
            (self.temporary / name).unlink(missing_ok=True)
        running = _silent(["wine", str(program)], self.names)
        until((self.temporary / "standin-open").exists, f"{program.name} did not start")
        return running

    def registry(self, key: str) -> dict[str, str]:
        """The values below a key, by `KEY|name` in lower case, as .reg files have them; empty where it is not there."""
        file = self.temporary / "key.reg"
        file.unlink(missing_ok=True)
        if self.run("reg", "export", key, f"C:\\users\\{PERSON}\\Temp\\key.reg", "/y"):
            return {}
        return dict(_values(file.read_text(encoding="utf-16")))

    def files(self) -> set[str]:
        """Every file on C: but what is temporary or wine's own."""
        out = {self.drive / "windows", self.temporary}
        return {
            str(path.relative_to(self.drive))
            for path in self.drive.rglob("*")
            if not out.intersection(path.parents) and path not in out
        }

    def shows(self, what: str, well: bool, found: object = "") -> None:
        """Say that something is as it should be; raises `Failed` where it is not."""
        if not well:
            raise Failed(f"Not so: {what}", f"Found: {found}. What was tried lies in {self.top}")
        self.done.append(what)
        self.steps.say(f"  {what}")


def _silent(command: list[str], names: dict[str, str]) -> subprocess.Popen[bytes]:
    nothing = subprocess.DEVNULL
    return subprocess.Popen(command, env=names, stdin=nothing, stdout=nothing, stderr=nothing)


def _values(text: str) -> Iterator[tuple[str, str]]:
    key = ""
    for line in text.replace("\\\n", "").splitlines():
        if line.startswith("["):
            key = line.strip("[]").lower()
            yield f"{key}|", ""
        elif "=" in line:
            name, _, value = line.partition("=")
            text_of = re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value
            yield f"{key}|{name.strip(chr(34)).lower()}", text_of


def until(true: Callable[[], bool], otherwise: str) -> None:
    """Wait for something that another program does. Raises `Failed` after two minutes."""
    began = time.monotonic()
    while not true():
        if time.monotonic() - began > _PATIENCE_S:
            raise Failed(otherwise)
        time.sleep(0.1)


def inside(folder: Path) -> set[str]:
    """The files of a folder, below it."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
