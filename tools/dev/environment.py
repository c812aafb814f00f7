"""Makes .venv hold exactly what the locks say, and knows in milliseconds that it already does.

A stamp inside .venv names everything it was made from; while that is unchanged nothing is looked at twice.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tools.dev import engine_wheel, locks, system
from tools.dev import rpc_library as library
from tools.dev.child import WINDOWS
from tools.dev.steps import Failed, Steps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

LOCKS = {"app": ("build", "app"), "dev": ("build", "app", "dev")}
STAMP = "mistral-desk.json"
# Lies in .venv while pip changes it: pip does not tell a package that was half copied from a whole one.
CHANGING = "mistral-desk.changing"


@dataclass(frozen=True)
class Place:
    """The source tree and what dev.py makes inside it."""

    root: Path

    @property
    def venv(self) -> Path:
        """The environment's folder."""
        return self.root / ".venv"

    @property
    def python(self) -> Path:
        """The environment's interpreter."""
        return self.venv / ("Scripts/python.exe" if WINDOWS else "bin/python")

    @property
    def log(self) -> Path:
        """The log of the last set-up."""
        return self.root / "build" / "dev.log"

    def lock(self, name: str) -> Path:
        """A lock file by its short name."""
        return self.root / "requirements" / f"{name}.lock"


def engine_key(place: Place) -> engine_wheel.Key:
    """The key of llama-cpp-python's wheel as locked."""
    return engine_wheel.key_for(engine_pin(place))


def rpc_library(place: Place) -> Path:
    """The engine's part for other computers, compiled where it is not there yet. Raises `Failed`."""
    steps = Steps(place.log)
    try:
        return library.make(engine_pin(place), place.python, steps)
    finally:
        steps.close()


def engine_pin(place: Place) -> locks.Pin:
    """llama-cpp-python as locked."""
    return locks.pin_of(place.lock("app").read_text(encoding="utf-8"), engine_wheel.PACKAGE)


def fingerprint(place: Place, level: str) -> str:
    """A digest of everything that decides the environment's content at `level` (app or dev)."""
    project = tomllib.loads((place.root / "pyproject.toml").read_text(encoding="utf-8"))
    installed = {name: project.get(name) for name in ("build-system", "project")}
    installed["hatch"] = project.get("tool", {}).get("hatch")
    parts = [
        level,
        str(place.root),
        sys.version,
        base_python(),
        engine_key(place).name,
        json.dumps(installed, sort_keys=True),
        *(place.lock(name).read_text(encoding="utf-8") for name in LOCKS[level]),
    ]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def base_python() -> str:
    """The interpreter that environments are made from, also when dev.py itself runs inside one."""
    return str(getattr(sys, "_base_executable", None) or sys.executable)


def is_ready(place: Place, level: str) -> bool:
    """Whether .venv was finished for `level` (or for more) from what lies here now."""
    try:
        stamps = json.loads((place.venv / STAMP).read_text(encoding="utf-8"))
        whole = place.python.exists()
    except (OSError, ValueError):
        return False
    levels = [level] if level == "dev" else ["app", "dev"]
    return whole and any(stamps.get(each) == fingerprint(place, each) for each in levels)


def prepare(place: Place, level: str, needs: Sequence[system.Need], wishes: Sequence[system.Need]) -> None:
    """Make the environment for `level`, with the system packages `needs` (and, where possible, `wishes`).

    Raises `Failed` when a need cannot be met.
    """
    steps = Steps(place.log)
    try:
        ready = is_ready(place, level)
        if not ready:
            needs = [system.VENV, *system.ENGINE, *needs]
            if engine_wheel.kept(engine_key(place), engine_wheel.cache_folder()) is None:
                needs = [system.COMPILER, *needs]
        _system_packages(needs, wishes, steps)
        if not ready:
            with alone(place, "dev.lock", "Another dev.py is setting up this folder; waiting for it.", steps.say):
                if not is_ready(place, level):
                    _install(place, level, steps)
    finally:
        steps.close()


def _system_packages(needs: Sequence[system.Need], wishes: Sequence[system.Need], steps: Steps) -> None:
    lacking = system.missing(needs)
    wished = system.missing(wishes)
    if not lacking and not wished:
        return
    by = system.manager()
    if by == "apt" and system.is_root():
        system.install_with_apt([*lacking, *wished], steps)
        importlib.invalidate_caches()
        lacking = system.missing(needs)
        wished = system.missing(wishes)
    if wished and not lacking:
        line = system.install_line(wished, by, sudo=not system.is_root())
        steps.say(f"Not here: {_names(wished)}. " + (f"To have it, type: {line}" if line else ""))
    if lacking:
        line = system.install_line([*lacking, *wished], by, sudo=not system.is_root())
        todo = f"Type this line, then the same command again:\n  {line}" if line else "Install it, then try again."
        raise Failed(f"This computer lacks {_names(lacking)}.", todo)


def _names(needs: Sequence[system.Need]) -> str:
    by_reason: dict[str, list[str]] = {}
    for need in needs:
        by_reason.setdefault(need.why, []).append(need.name)
    return "; ".join(f"{', '.join(names)} (for {why})" for why, names in by_reason.items())


def _install(place: Place, level: str, steps: Steps) -> None:
    steps.say("Setting up Mistral Desk's environment. It happens once; what is said meanwhile stands in build/dev.log")
    stamp = place.venv / STAMP
    if place.venv.is_symlink() and (other := place.venv.resolve().parent).joinpath("dev.py").is_file():
        raise Failed(
            f".venv is a link to the environment of {other}, and setting up here would change it for that folder.",
            f"Delete the link {place.venv}, then say the same command again.",
        )
    if not _usable(place):
        with steps.step(f"Python environment: .venv (Python {sys.version.split()[0]})"):
            if place.venv.exists():
                shutil.rmtree(place.venv)
            steps.run([base_python(), "-m", "venv", str(place.venv)])
    pip = [str(place.python), "-m", "pip", "--disable-pip-version-check", "--no-input"]
    todo = "Check the connection to the package index, then say the same command again: it goes on from here."
    hashed = ["install", "--require-hashes", "--no-deps", "--only-binary", ":all:"]
    with steps.step("Build tools: requirements/build.lock"), _changing(place):
        steps.run([*pip, *hashed, "-r", str(place.lock("build"))], todo=todo)
    wheel = engine(place, steps)
    with tempfile.TemporaryDirectory(prefix="mistral-desk-") as name:
        asked = Path(name, "packages.txt")
        asked.write_text(_packages(place, level, wheel), encoding="utf-8")
        count = asked.read_text(encoding="utf-8").count("==")
        with steps.step(f"Packages: up to {count}, checked by hash"), _changing(place):
            steps.run([*pip, *hashed, "-r", str(asked)], todo=todo, on_line=_pip_progress(steps))
    with steps.step("Mistral Desk itself, from this folder"), _changing(place):
        steps.run([*pip, "install", "--no-deps", "--no-build-isolation", "--no-index", "-e", str(place.root)])
        # Without Qt's system libraries the command line still works, so only what can load is asked to.
        smoke = _SMOKE if system.missing(system.QT) else _SMOKE + _SMOKE_QT
        steps.run([str(place.python), "-c", smoke], todo="The log says which part cannot be loaded.")
    stamps = {each: fingerprint(place, each) for each in (["app", "dev"] if level == "dev" else ["app"])}
    draft = stamp.with_suffix(".new")
    draft.write_text(json.dumps(stamps), encoding="utf-8")
    draft.replace(stamp)


# What has to load before anything else is worth trying.
_SMOKE = "import mistral_desk, msgspec, llama_cpp.llama_cpp as low; low.llama_backend_init()"
_SMOKE_QT = "; import PySide6.QtWidgets"


def engine(place: Place, steps: Steps) -> Path:
    """The engine's wheel: the one built earlier, else a new one. Raises `Failed`."""
    cache, key = engine_wheel.cache_folder(), engine_key(place)
    return engine_wheel.kept(key, cache) or engine_wheel.build(engine_pin(place), key, cache, place.python, steps)


def _packages(place: Place, level: str, wheel: Path) -> str:
    """The requirements for one pip call: each lock, with the engine's wheel in place of its source archive."""
    texts = [place.lock(name).read_text(encoding="utf-8") for name in LOCKS[level] if name != "build"]
    seen: dict[str, str] = {}
    for text in texts:
        for pin in locks.pins(locks.without(text, engine_wheel.PACKAGE)):
            seen.setdefault(pin.text.split(" \\")[0], pin.text)
    own = f"{engine_wheel.PACKAGE} @ {wheel.as_uri()} --hash=sha256:{engine_wheel.digest_of(wheel)}"
    return "\n".join([*seen.values(), own]) + "\n"


def _usable(place: Place) -> bool:
    """Whether .venv is a whole environment of this very Python, in this very place, with a pip that runs."""
    if not place.python.exists() or (place.venv / CHANGING).exists():
        return False
    ask = "import sys, pip; print(sys.version); print(sys.prefix)"
    answer = subprocess.run(
        [str(place.python), "-c", ask], check=False, capture_output=True, encoding="utf-8", errors="replace"
    )
    lines = answer.stdout.splitlines()
    prefix_fits = lines and Path(lines[-1]).resolve() == place.venv.resolve()
    return bool(answer.returncode == 0 and prefix_fits and "\n".join(lines[:-1]) == sys.version)


@contextlib.contextmanager
def _changing(place: Place) -> Iterator[None]:
    """Mark .venv while it is changed. After a failure pip has put things right; after an end by force nobody has."""
    mark = place.venv / CHANGING
    mark.write_text("", encoding="utf-8")
    try:
        yield
    except Failed:
        mark.unlink()
        raise
    mark.unlink()


def _pip_progress(steps: Steps) -> Callable[[str], None]:
    collected = 0

    def line(text: str) -> None:
        nonlocal collected
        words = text.split()
        if words[:1] == ["Collecting"]:
            collected += 1
            steps.progress(f"{collected}, {words[1].partition('==')[0]}")
        elif words[:1] == ["Installing"]:
            steps.progress("installing")

    return line


@contextlib.contextmanager
def alone(place: Place, name: str, waiting: str, say: Callable[[str], object]) -> Iterator[None]:
    """Let one process at a time hold the lock `name` of this folder; who comes later says once that it is `waiting`.

    The system frees the lock when its holder ends, however it ends.
    """
    place.log.parent.mkdir(parents=True, exist_ok=True)
    with (place.log.parent / name).open("a+b") as file:
        told = False
        while not _try_lock(file.fileno()):
            if not told:
                say(waiting)
                told = True
            time.sleep(0.5)
        yield


def _try_lock(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt  # noqa: PLC0415 - only there

            os.lseek(descriptor, 0, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl  # noqa: PLC0415 - only there

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
