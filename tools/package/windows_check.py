"""Tries the installer for Windows under wine, with a stand-in for the bundle: `dev.py package --windows-check`.

A Windows of its own in build/windows, with a person whose name has umlauts and a space. It takes some minutes,
and is no part of the tests.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Final

from tools.dev import environment, system
from tools.dev.steps import Failed, Steps
from tools.package import windows, windows_standin
from tools.package import windows_promises as promises
from tools.package.bundle import version
from tools.package.windows_ground import PERSON, Ground, Version

if TYPE_CHECKING:
    from pathlib import Path

    from tools.dev.environment import Place

WINE: Final = system.Need("program", "wine", "trying the installer for Windows", "wine64 wine", "wine", "wine")
BEFORE: Final = "0.0.9"


def check(place: Place) -> None:
    """Try all that the installer promises; raises `Failed` at the first thing that is not so.

    It has a folder, a log and a lock of its own: a bundle may be made meanwhile.
    """
    waiting = "Another trial of the installer for Windows is running in this folder."
    with environment.alone(place, "windows.lock", waiting, print):
        steps = Steps(place.root / "build" / "windows.log")
        try:
            _check(place, place.root / "build" / "windows", steps)
        finally:
            steps.close()


def _check(place: Place, top: Path, steps: Steps) -> None:
    needs = [windows.NSIS, WINE]
    if lacking := system.missing(needs):
        if not system.is_root() or system.manager() != "apt":
            raise Failed("NSIS and wine are needed.", system.install_line(lacking, system.manager(), sudo=True))
        steps.say(f"Installing with apt, because this was asked for: {' '.join(need.apt for need in lacking)}")
        system.install_with_apt(
            [system.Need(n.kind, name, n.why, name) for n in lacking for name in n.apt.split()], steps
        )
    shutil.rmtree(top, ignore_errors=True)
    (top / "home").mkdir(parents=True)
    ground = Ground(top, steps)
    with steps.step("The icon, drawn"):
        draw = [str(place.python), "-m", "tools.package.icons", str(top / "icons")]
        steps.run(draw, cwd=place.root, env={**os.environ, "QT_QPA_PLATFORM": "offscreen"})
    with steps.step("Stand-ins for the bundles of two versions"):
        old = windows_standin.make(place.root, top / "old", resources=False)
        (old / "lib" / "only in the old version").mkdir()
        (old / "lib" / "only in the old version" / "größer $1 %.dll").write_text("old", encoding="utf-8")
        new = windows_standin.make(place.root, top / "new")
        with (new / windows.PROGRAMS[1]).open("ab") as program:
            program.write(b"new")
    first = windows.installer(place.root, old, top / "icon.ico", BEFORE, top, steps, work=top)
    second = windows.installer(place.root, new, top / "icon.ico", version(place), top, steps, work=top)
    with steps.step(f"A Windows for {PERSON}"):
        ground.run("wineboot", "-i")
        ground.rest()
    try:
        _try(ground, Version(BEFORE, first, old), Version(version(place), second, new))
    finally:
        subprocess.run(["wineserver", "-k"], check=False, env=ground.names)
    for made in ("prefix", "old", "new"):  # half a gigabyte, which only a failure makes worth a look
        shutil.rmtree(top / made)
    size = f"{second.name}: {second.stat().st_size / 1e6:.1f} MB"
    steps.say(f"All {len(ground.done)} promises of the installer hold under wine; {size}")


def _try(ground: Ground, old: Version, new: Version) -> None:
    ground.run("winecfg", "-v", "win7")
    before = ground.files()
    status = ground.run(old.setup, "/S")
    well = status == 6 and ground.files() == before
    ground.shows("Windows 7 is refused, status 6, and nothing is installed", well, status)
    ground.run("winecfg", "-v", "win10")
    ground.run("reg", "add", r"HKCU\Software\Classes\.gguf", "/ve", "/d", "Other.Program", "/f")
    ground.run("reg", "add", r"HKCU\Software\Classes\.gguf\OpenWithProgids", "/v", "Other.Program", "/d", "", "/f")
    ground.rest()
    start = promises.Start(ground.files(), ground.registry(r"HKCU\Software"))
    promises.installs(ground, old)
    promises.updates(ground, new)
    promises.stays_when_in_use(ground, new)
    promises.refuses(ground, old, new)
    promises.goes(ground, start)
    promises.moves(ground, old, new)
    promises.deletes_what_was_asked(ground, new, start)
