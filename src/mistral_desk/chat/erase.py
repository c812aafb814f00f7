"""Deletes what a person wrote and what was made of it: chats, copies, pictures, drafts, saved states, lists, logs.

Everything in the program's own folders is deleted unless it is on the short list of what stays, so that a file that a
later version adds is not forgotten. Links are removed, never followed. Everything here blocks.
"""

from __future__ import annotations

import logging
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, get_args

from mistral_desk.catalog.cache_file import FILE as CATALOGUE
from mistral_desk.chat import backups
from mistral_desk.core import lasting
from mistral_desk.inference.packs.standing import FOLDER as ENGINES
from mistral_desk.inference.rpc.computers import FILE as COMPUTERS
from mistral_desk.net.endpoints.store import FILE as ENDPOINTS
from mistral_desk.net.ledger import FILE as CONNECTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mistral_desk.core.paths import Folders

log = logging.getLogger(__name__)

Kind = Literal["chats", "pictures", "copies", "aside", "drafts", "connections", "catalog", "cache", "logs", "other"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
DRAFTS: Final = "drafts.json"
_STAYS: Final = frozenset({"window.lock", "moving.json"})
"""Tells a second start that this one runs; it holds a process id. And what a move of the models has done so far: they
stay, and without it they would stay in halves.
"""
_MODELS: Final = (".gguf", ".gguf.part")


@dataclass(frozen=True)
class Share:
    """Files of one kind."""

    kind: Kind
    files: int
    bytes: int


@dataclass(frozen=True)
class Erased:
    """What was deleted, and what could not be (path and the system's reason)."""

    shares: tuple[Share, ...]
    failed: tuple[tuple[str, str], ...]


def inventory(places: Folders, models: Path) -> tuple[Share, ...]:
    """What `erase` would delete now, by kind; kinds without files are left out. `models` is a folder that stays."""
    found: dict[Kind, list[int]] = {}
    for path, kind in _all(places, models):
        try:
            size = path.lstat().st_size
        except OSError:
            size = 0
        found.setdefault(kind, []).append(size)
    return tuple(Share(kind, len(found[kind]), sum(found[kind])) for kind in KINDS if kind in found)


def erase(places: Folders, models: Path) -> Erased:
    """Delete it. The history must be closed; the settings and the models stay. Never raises: what failed is told."""
    done: dict[Kind, list[int]] = {}
    failed: list[tuple[str, str]] = []
    for path, kind in list(_all(places, models)):
        try:
            size = path.lstat().st_size
            _remove(path)
        except FileNotFoundError:
            continue
        except OSError as error:
            log.warning("could not be deleted: %s", error)
            failed.append((str(path), error.strerror or str(error)))
        else:
            done.setdefault(kind, []).append(size)
    for root in (places.data, places.cache, places.logs):
        _remove_empty(root, _kept(places, models))
    for root in {places.data, places.cache, places.logs}:
        if root.is_dir():
            lasting.sync_folder(root)
    shares = tuple(Share(kind, len(done[kind]), sum(done[kind])) for kind in KINDS if kind in done)
    log.info("all data was deleted: %d files, %d failed", sum(share.files for share in shares), len(failed))
    return Erased(shares, tuple(failed))


def _all(places: Folders, models: Path) -> Iterator[tuple[Path, Kind]]:
    kept = _kept(places, models)
    seen: set[Path] = set()
    for root, plain in ((places.data, "other"), (places.cache, "cache"), (places.logs, "logs")):
        for path in _files(root, kept):
            if path not in seen:
                seen.add(path)
                yield path, _kind(path, places, plain)  # type: ignore[arg-type]
    for path in _files(places.config, kept):  # settings stay; what was set aside or half written does not
        if path != places.settings and path not in seen:
            yield path, "connections" if path.name in (ENDPOINTS, COMPUTERS) else "aside"


def _kind(path: Path, places: Folders, plain: Kind) -> Kind:
    history = places.history
    if backups.folder_of(history) in path.parents:
        return "copies"
    if path.parent == places.pictures:
        return "pictures"
    if path.parent == history.parent:
        if path.name.startswith(f"{history.stem}-damaged-"):
            return "aside"
        if path.name.startswith(history.name):
            return "chats"
        if path.name.startswith(DRAFTS):
            return "drafts"
        if path.name.startswith(CONNECTIONS):
            return "connections"
    if path.parent == places.cache and path.name.startswith(Path(CATALOGUE).stem):
        return "catalog"
    return plain


def _kept(places: Folders, models: Path) -> frozenset[Path]:
    """Folders that are not gone into: models, and engines that were added."""
    stay = (places.models, models, places.data / ENGINES)
    return frozenset(Path(os.path.abspath(folder)) for folder in stay)  # noqa: PTH100 - no link followed


def _files(root: Path, kept: frozenset[Path]) -> Iterator[Path]:
    """Files and links below a folder, without those that stay. What cannot be looked into is logged."""
    for folder, folders, names in os.walk(root, onerror=lambda error: log.warning("cannot look: %s", error)):
        here = Path(folder)
        links = [name for name in folders if (here / name).is_symlink()]
        folders[:] = [name for name in folders if name not in links and here / name not in kept]
        for name in (*names, *links):
            if name not in _STAYS and not name.lower().endswith(_MODELS):
                yield here / name


def _remove(path: Path) -> None:
    try:
        path.unlink()
    except PermissionError:
        path.chmod(stat.S_IWRITE | stat.S_IREAD)  # Windows refuses to delete what is read-only
        path.unlink()


def _remove_empty(root: Path, kept: frozenset[Path]) -> None:
    for folder, _folders, _names in os.walk(root, topdown=False):
        path = Path(folder)
        if path != root and path not in kept and not any(other in path.parents for other in kept):
            try:
                path.rmdir()
            except OSError:
                continue  # something that stays is in it
