"""Every setting, declared once: type, default, range, label and help; the file, the settings page and the docs derive.

To add one: a constant below, and a line in `ALL`. What the app learned by itself is a cache,
not a setting.
"""

from __future__ import annotations

import contextlib
import logging
import os
import time
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import msgspec

from mistral_desk.core import lasting
from mistral_desk.core.errors import DeskError, Problem
from mistral_desk.core.server_settings import SERVER, SERVER_PORT
from mistral_desk.core.setting_kinds import Choice, Place, Places, Setting, Switch, T, Whole
from mistral_desk.core.thought_settings import THINK_SECONDS, THINK_TOKENS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = [
    "ALL",
    "SERVER",
    "SERVER_PORT",
    "THINK_SECONDS",
    "THINK_TOKENS",
    "Choice",
    "Declared",
    "Place",
    "Places",
    "Setting",
    "Settings",
    "Switch",
    "Whole",
    "by_name",
    "glance",
]

_log: Final = logging.getLogger(__name__)
_MAX_FILE: Final = 1024 * 1024
Declared: TypeAlias = Choice | Whole | Switch | Place | Places


THEME: Final = Choice(
    "appearance.theme",
    "system",
    "Theme",
    "Light or dark colours, or whatever the system uses.",
    {"system": "Like the system", "light": "Light", "dark": "Dark"},
)
TEXT_SCALE: Final = Whole(
    "appearance.text_scale", 100, "Text size", "Size of all text, compared with the system's font.", 80, 200, "%"
)
MOTION: Final = Choice(
    "appearance.motion",
    "system",
    "Motion",
    "Whether things may move when they appear and disappear.",
    {"system": "Like the system", "on": "On", "off": "Off"},
)
CONTRAST: Final = Choice(
    "appearance.contrast",
    "system",
    "Contrast",
    "Stronger lines and plainer colours are easier to tell apart.",
    {"system": "Like the system", "normal": "Normal", "high": "High"},
)
LANGUAGE: Final = Choice(
    "appearance.language",
    "system",
    "Language",
    "The language of Mistral Desk itself, from the next start on. In which language a model answers depends on the "
    "model and on what you write.",
    {"system": "Like the system", "de": "Deutsch", "en": "English", "es": "Español", "fr": "Français"},
)
THINK_BY_DEFAULT: Final = Switch(
    "chat.think_by_default", False, "Think harder in new chats", "New chats start with Think harder switched on."
)
SHOW_THINKING: Final = Switch(
    "chat.show_thinking", False, "Open the thinking", "The model's thinking is unfolded while it is written."
)
STATES: Final = Whole(
    "chat.states",
    4,
    "Ready after a restart",
    "What the model has read of your chats is kept on the disk, so that old ones go on at once. Where this room or the "
    "disk is full, those that were not used for longest are read again. Temporary chats are never kept.",
    1,
    1000,
    "GB",
    automatic=True,
    zero="Keep nothing",
)
MODELS_FOLDER: Final = Place(
    "models.folder",
    "",
    "Where your models are",
    "Files with models in this folder are offered in the model's menu. Choosing another folder moves nothing: "
    "what is in the old one stays there.",
)
MORE_FOLDERS: Final = Places(
    "models.more_folders",
    (),
    "Further folders",
    "Models in these folders are in your library too, on an external drive for example. Downloads go into the folder "
    "above.",
)
DELETE_TO: Final = Choice(
    "models.delete",
    "bin",
    "Deleted models",
    "What lies in the system's bin can be brought back, and takes room until the bin is emptied.",
    {"bin": "Into the bin", "for_good": "Delete for good"},
)
DOWNLOAD_LIMIT: Final = Whole(
    "downloads.limit",
    0,
    "Speed limit",
    "All downloads together take no more of your line than this.",
    50,
    1_000_000,
    "kB/s",
    automatic=True,
    zero="No limit",
)
DOWNLOAD_CONNECTIONS: Final = Whole(
    "downloads.connections",
    4,
    "Connections for each file",
    "Several parts of a file come at the same time. One is slower, and kinder to a line that others use.",
    1,
    4,
)
DOWNLOADS_AT_ONCE: Final = Whole(
    "downloads.at_once",
    2,
    "Downloads at the same time",
    "More of them wait until it is their turn.",
    1,
    4,
)
DOWNLOADS_NOTIFY: Final = Switch(
    "downloads.notify",
    True,
    "Tell when a download ends",
    "A notification of the system says that a model is here or that a download needs you, while you look elsewhere.",
)
THREADS: Final = Whole(
    "hardware.threads",
    0,
    "Processor threads",
    "How many threads the engine uses at most. Automatic leaves a core to other programs as soon as they need it, and "
    "more where that is faster.",
    1,
    512,
    automatic=True,
)
CONTEXT: Final = Whole(
    "hardware.context",
    0,
    "Context length",
    "How much of a chat the model can see at once. More needs more memory.",
    512,
    1_048_576,
    "tokens",
    automatic=True,
)
REST_AFTER: Final = Whole(
    "hardware.rest_after",
    30,
    "Let the model rest",
    "A model that nobody has used for so long gives its memory back to other programs. It is loaded again as soon as "
    "you type.",
    1,
    1440,
    "min",
    automatic=True,
    zero="Never",
)
GRAPHICS: Final = Switch(
    "hardware.graphics",
    True,
    "Use the graphics card",
    "Off: only the processor computes, and no graphics driver is loaded. It counts from the next time a model loads.",
)
OFFLINE: Final = Switch(
    "privacy.offline",
    False,
    "Work offline",
    "Mistral Desk makes no connection at all and ends those that are under way. Chats with a model on "
    "this computer need none.",
)
REFRESH_CATALOG: Final = Switch(
    "privacy.refresh_catalog",
    False,
    "Refresh the list of models by itself",
    "At most once a day the list is fetched from its publisher. Otherwise it is fetched only when you ask.",
)
UPDATES: Final = Switch(
    "privacy.updates",
    False,
    "Look for new versions by itself",
    "At most once a day Mistral Desk asks where it was published whether there is a newer version. Nothing is "
    "downloaded; otherwise nobody is asked unless you do it in About.",
)

ALL: Final[tuple[Declared, ...]] = (
    THEME,
    TEXT_SCALE,
    CONTRAST,
    MOTION,
    LANGUAGE,
    THINK_BY_DEFAULT,
    THINK_SECONDS,
    THINK_TOKENS,
    SHOW_THINKING,
    STATES,
    MODELS_FOLDER,
    MORE_FOLDERS,
    DELETE_TO,
    DOWNLOAD_LIMIT,
    DOWNLOAD_CONNECTIONS,
    DOWNLOADS_AT_ONCE,
    DOWNLOADS_NOTIFY,
    THREADS,
    CONTEXT,
    GRAPHICS,
    REST_AFTER,
    SERVER,
    SERVER_PORT,
    OFFLINE,
    REFRESH_CATALOG,
    UPDATES,
)
_BY_NAME: Final = {setting.name: setting for setting in ALL}


class Settings:
    """The values in force, kept in one JSON file. What other versions wrote there is kept."""

    def __init__(self, path: Path, values: dict[str, Any] | None = None) -> None:
        self._path = path
        self._values = dict(values or {})
        self._listeners: dict[str, list[Callable[[Any], None]]] = {}

    @classmethod
    def open(cls, path: Path) -> tuple[Settings, tuple[Problem, ...]]:
        """Read the file; a missing one means the defaults.

        Never fails: a file that cannot be understood is set aside; a value that is not allowed gives way to the
        default. Where it is not known any more whether somebody works offline, they do, at later starts too, until
        somebody decides otherwise. The problems to tell come with the settings.
        """
        try:
            with path.open("rb") as file:
                content = file.read(_MAX_FILE + 1)
            return cls._from(path, content)
        except FileNotFoundError:
            return cls(path), ()
        except (OSError, ValueError, RecursionError) as error:
            _log.warning("the settings file cannot be read", exc_info=True)
            made, problem = cls(path), _set_aside(path, error)
            return made, (problem, made._hold_offline(keep=problem.id == "settings.damaged"))

    @classmethod
    def _from(cls, path: Path, content: bytes) -> tuple[Settings, tuple[Problem, ...]]:
        if len(content) > _MAX_FILE:
            raise ValueError(f"more than {_MAX_FILE} bytes")
        values = msgspec.json.decode(content, type=dict[str, Any])
        made, problems = cls(path, values), []
        for name, setting in _BY_NAME.items():
            if name in values:
                try:
                    setting.check(values[name])
                except DeskError as error:
                    _log.warning("%s", error)
                    problems.append(error.problem)
                    if setting is OFFLINE:
                        problems.append(made._hold_offline(keep=True))
        return made, tuple(problems)

    def _hold_offline(self, *, keep: bool) -> Problem:
        """Who had switched the network off has not agreed to any connection; `keep` lets the next start know it too."""
        self._values[OFFLINE.name] = True
        if keep:
            with contextlib.suppress(DeskError):  # then the next start finds what this one found, or nothing at all
                self._save()
        return Problem("settings.held_offline")

    def get(self, setting: Setting[T]) -> T:
        """The value in force."""
        if (value := self._values.get(setting.name)) is not None:
            with contextlib.suppress(DeskError):  # told when the file was opened
                return setting.check(value)
        return setting.default

    def set(self, setting: Setting[T], value: T) -> None:
        """Change a value, tell the listeners, save the file.

        Raises `settings.value` and changes nothing; or `settings.not_saved`, and the value holds for this run.
        """
        value = setting.check(value)
        before = self.get(setting)
        # A default is not written, so that a better default in a later version reaches those who never chose.
        if value == setting.default:
            self._values.pop(setting.name, None)
        else:
            self._values[setting.name] = value
        if value != before:
            for listener in tuple(self._listeners.get(setting.name, ())):
                try:
                    listener(value)
                except Exception:  # noqa: BLE001 - one listener's fault must not keep the others or the file from the value
                    _log.exception("a listener of %s failed", setting.name)
        self._save()

    def reset(self, setting: Setting[T]) -> None:
        """Back to the default; raises as `set`."""
        self.set(setting, setting.default)

    def listen(self, setting: Setting[T], listener: Callable[[T], None]) -> Callable[[], None]:
        """Call `listener` with each new value; calling what comes back ends that."""
        listeners = self._listeners.setdefault(setting.name, [])
        listeners.append(listener)

        def forget() -> None:
            with contextlib.suppress(ValueError):
                listeners.remove(listener)

        return forget

    def _save(self) -> None:
        content = msgspec.json.format(msgspec.json.encode(self._values, order="sorted"), indent=2) + b"\n"
        try:
            lasting.write_whole(self._path, content)
        except OSError as error:
            reason = error.strerror or str(error)
            raise DeskError("settings.not_saved", path=str(self._path), reason=reason) from error


def by_name(name: str) -> Declared | None:
    """The declaration with this name."""
    return _BY_NAME.get(name)


def glance(path: Path, setting: Setting[T]) -> T:
    """A value as the file has it now, for what is needed before settings are opened; the default on any trouble.

    Nothing is set aside and nothing is told: `Settings.open` does that.
    """
    with contextlib.suppress(OSError, ValueError, RecursionError, DeskError), path.open("rb") as file:
        values = msgspec.json.decode(file.read(_MAX_FILE), type=dict[str, Any])
        return setting.check(values.get(setting.name, setting.default))
    return setting.default


def _set_aside(path: Path, error: Exception) -> Problem:
    aside = path.with_name(f"{path.stem}-damaged-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}{path.suffix}")
    try:
        path.rename(aside)
    except OSError as refusal:
        reason = refusal.strerror or str(refusal)
        return Problem("settings.not_saved", {"path": str(path), "reason": reason}, str(error))
    return Problem("settings.damaged", {"aside": str(aside)}, str(error))
