"""Where things are: the person's folders, and the files that ship with the program.

`MISTRAL_DESK_HOME` moves every folder under one directory (portable use, tests).
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from mistral_desk.core import private
from mistral_desk.core.errors import DeskError

APP = "mistral-desk"


@dataclass(frozen=True)
class Folders:
    """The person's folders. None of them has to exist before `ensure`."""

    data: Path
    config: Path
    cache: Path
    models: Path
    logs: Path

    def ensure(self) -> Folders:
        """Create all of them (user-only where the system knows that) and check that they can be written, by nobody else
        where it is not the models' one.

        Raises `folder.not_writable` and `folder.not_private`.
        """
        for folder in (self.data, self.config, self.cache, self.models, self.logs):
            check(folder, shared=folder == self.models)
        return self

    @property
    def history(self) -> Path:
        """The database with the conversations."""
        return self.data / "history.sqlite3"

    @property
    def pictures(self) -> Path:
        """The pictures in the conversations, by their content."""
        return self.data / "pictures"

    @property
    def settings(self) -> Path:
        """The settings file."""
        return self.config / "settings.json"


def check(folder: Path, *, shared: bool) -> None:
    """Create a folder where it is missing, and check that it can be written; where it is not `shared`, by nobody else.

    Raises `folder.not_writable` and `folder.not_private`.
    """
    try:
        private.folder(folder)
        if not shared and not private.is_ours(folder):
            raise DeskError("folder.not_private", path=str(folder))
        probe = folder / f".writable-{os.urandom(6).hex()}"
        probe.open("xb").close()  # never what lies there, or a link to elsewhere
        probe.unlink()
    except OSError as error:
        reason = error.strerror or str(error)
        raise DeskError("folder.not_writable", path=str(folder), reason=reason) from error


def folders(home: str | None = None) -> Folders:
    """The folders for this person; `home` (else `MISTRAL_DESK_HOME`) puts all of them under one directory."""
    chosen = home or os.environ.get("MISTRAL_DESK_HOME")
    if chosen:
        top = Path(chosen).expanduser().absolute()
        return Folders(top / "data", top / "config", top / "cache", top / "models", top / "logs")
    dirs = platformdirs.PlatformDirs(APP, appauthor=False, roaming=False)
    data = Path(dirs.user_data_dir)
    return Folders(
        data, Path(dirs.user_config_dir), Path(dirs.user_cache_dir), data / "models", Path(dirs.user_log_dir)
    )


@functools.cache
def _roots(frozen: str | None) -> tuple[Path, ...]:
    """Where `resources/` may be, found once: following links asks the disk for each folder on the way.

    The guide ships as a resource too, and stands in the source tree where people look for it, in `docs`.
    """
    package = Path(__file__).resolve().parent.parent
    roots = (package / "resources", package.parent.parent / "resources", package.parent.parent / "docs")
    return (Path(frozen) / "resources", *roots) if frozen else roots


def resource(*parts: str) -> Path:
    """A file or folder that ships with the program, by its parts below `resources/`.

    One lookup for the frozen app (beside the executable's libraries), the wheel (inside the package) and the
    source tree (top folder). Raises `resource.missing`.
    """
    for root in _roots(getattr(sys, "_MEIPASS", None)):
        found = root.joinpath(*parts)
        if found.exists():
            return found
    raise DeskError("resource.missing", name="/".join(parts))


def is_file(path: str | Path) -> bool:
    """Whether there is such a file; a name too long for any, or behind a folder that is closed, is none that we see."""
    with contextlib.suppress(OSError, ValueError):
        return Path(path).is_file()
    return False


def is_folder(path: str | Path) -> bool:
    """As `is_file`, for a folder."""
    with contextlib.suppress(OSError, ValueError):
        return Path(path).is_dir()
    return False
