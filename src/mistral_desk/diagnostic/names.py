"""What names a person or their computer, and where their files are: found on this computer, and taken out of a text."""

from __future__ import annotations

import os
import platform
import re
import sys
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mistral_desk.core.environment import without_secrets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mistral_desk.core.paths import Folders

_NOBODY: Final = frozenset(
    {"root", "admin", "administrator", "user", "users", "home", "guest", "default", "public", "runner", "nobody"}
    | {
        "localhost",
        "local",
        "desktop",
        "laptop",
        "computer",
        "linux",
        "windows",
        "macos",
        "debian",
        "ubuntu",
        "model",
        "mistral",
        "desk",
    }
)
"""Names that say nothing of anybody, and that are words of the program or of its log."""
FOLDERS: Final = ("models", "data", "config", "cache", "logs")
"""The person's folders, those first that may lie in another one."""
_USERS: Final = Path("/etc/passwd")
_SHORTEST: Final = 3
_SHORTEST_SECRET: Final = 6
_CONTROLS: Final = {code: "\ufffd" for code in (*range(32), *range(127, 160)) if chr(code) not in "\t\n"}
_FOLDER_OF_SOMEBODY: Final = re.compile(
    r"((?:/home|/Users|/media|/run/media|/var/home|[\\/]Users)[\\/])(?!<)([^\\/\s\"':]+)", re.IGNORECASE
)
_ADDRESS: Final = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b|\b[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){3,7}\b", re.IGNORECASE)
_MAIL: Final = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
_LINK: Final = re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s\"'<>]+", re.IGNORECASE)
_PATH: Final = re.compile(r"(?<![\w.~>])(?:[A-Za-z]:)?[\\/](?:[^\\/:\"'\n]+[\\/])+([^\\/\s:\"',;)]*)")
_DISPLAY: Final = re.compile(r"\b((?:WAYLAND_)?DISPLAY=)\S+")
_KEY: Final = re.compile(r"\b(?:hf_|sk-|gh[pousr]_|xox[a-z]-)[A-Za-z0-9_-]{8,}|\bBearer\s+\S+")


@dataclass(frozen=True)
class Names:
    """What is to be taken out: folders by their paths (with what to call them), names of the person and of the
    computer, secrets of the environment.
    """

    places: tuple[tuple[str, str], ...]
    person: tuple[str, ...]
    computer: tuple[str, ...]
    secrets: tuple[str, ...]

    def taken_out_of(self, text: str) -> str:
        """The text without them, and without what looks like a key, an address or a link, whosever it is."""
        text = _composed(text.translate(_CONTROLS))
        for secret in sorted(map(_composed, self.secrets), key=len, reverse=True):
            text = text.replace(secret, "<secret>")
        for place, called in self.places:
            text = re.sub(re.escape(_composed(place)) + r"(?=[\\/\s\"':,;)]|$)", called, text, flags=re.IGNORECASE)
        text = _FOLDER_OF_SOMEBODY.sub(r"\1<person>", text)
        for pattern, put in ((_KEY, "<secret>"), (_LINK, "<link>"), (_MAIL, "<mail>"), (_ADDRESS, "<address>")):
            text = pattern.sub(put, text)
        text = _PATH.sub(r"<folder>/\1", text)
        text = _DISPLAY.sub(r"\1<display>", text)
        for name, put in (*((one, "<person>") for one in self.person), *((one, "<computer>") for one in self.computer)):
            text = re.sub(rf"(?<![^\W_]){re.escape(_composed(name))}(?![^\W_])", put, text, flags=re.IGNORECASE)
        return text


def _composed(text: str) -> str:
    """Letters with their marks as one sign each: macOS names files with the marks as signs of their own."""
    return unicodedata.normalize("NFC", text)


def names_here(places: Folders, environment: Mapping[str, str] = os.environ) -> Names:
    """Those of this computer and of whoever uses it. It asks the system; it blocks for a moment."""
    called = [(str(getattr(places, name)), f"<{name}>") for name in FOLDERS]
    called += [(environment.get("MISTRAL_DESK_HOME", ""), "<all of it>"), (str(Path.home()), "~")]
    known = sorted((one for one in called if len(one[0]) > 1), key=lambda one: -len(one[0]))
    person = {Path.home().name, environment.get("USER", ""), environment.get("USERNAME", ""), *_listed_names()}
    computer = {environment.get("COMPUTERNAME", ""), platform.node()}
    computer |= {name.partition(".")[0] for name in computer}
    open_ = without_secrets(environment)
    secrets = {value for name, value in environment.items() if name not in open_ and len(value) >= _SHORTEST_SECRET}
    return Names(tuple(known), _telling(person), _telling(computer), tuple(secrets))


def placed(path: str, places: Folders) -> str:
    """Where something lies, as far as it may be told: the program's own folders by name, others by how they are
    written, which is what programs stumble over.
    """
    for name in FOLDERS:
        if Path(path) == getattr(places, name):
            return f"{name}, where the system keeps it" if not _moved() else f"{name}, where the person put all of it"
    kind = "network share" if path.startswith(("\\\\", "//")) else "folder"
    odd = ("" if path.isascii() else ", letters beyond English") + (", spaces" if " " in path else "")
    return f"a {kind} of the person's choice ({len(path)} characters{odd})"


def _moved() -> bool:
    return "MISTRAL_DESK_HOME" in os.environ


def _telling(names: set[str]) -> tuple[str, ...]:
    """Those that tell something, the longest first: a short one may be part of a long one."""
    kept = {name.strip() for name in names if len(name.strip()) >= _SHORTEST and name.strip().casefold() not in _NOBODY}
    return tuple(sorted(kept, key=lambda name: (-len(name), name)))


def _listed_names() -> list[str]:
    """The person's names in this computer's own list of users, whole and in parts. The system is not asked: it might
    ask a server.
    """
    if sys.platform == "win32":
        return []  # they are in the environment
    else:
        try:
            lines = _USERS.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return []
        mine = (fields for line in lines if len(fields := line.split(":")) > 4 and fields[2] == str(os.getuid()))
        found = []
        for name, _, _, _, more, *_ in mine:
            whole = more.partition(",")[0]
            found += [name, whole, *whole.split()]
        return found
