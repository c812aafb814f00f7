"""`dev.py package`: the bundle, tried by its own self-test, and the packages of the system that it runs on."""

from __future__ import annotations

import argparse
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

from tools.dev import environment, system
from tools.dev.steps import Steps
from tools.package import bundle, check, linux, macos, processors, windows, windows_check

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tools.dev.environment import Place


def needs() -> tuple[system.Need, ...]:
    """What the bundle is made with on Linux: programs that read libraries, and Python as a library, which Debian has in
    a package of its own.
    """
    if sys.platform != "linux":
        return ()
    found = [
        system.Need("program", "objdump", "reading what libraries need", "binutils", "binutils", "binutils"),
        system.Need("program", "xz", "the archive", "xz-utils", "xz", "xz"),
    ]
    said = sysconfig.get_config_vars()
    name = str(said.get("INSTSONAME", ""))
    folders = (str(said.get("LIBDIR", "")), f"{said.get('LIBDIR', '')}/{said.get('MULTIARCH', '')}")
    if not any(Path(folder, name).is_file() for folder in folders):
        number = f"{sys.version_info[0]}.{sys.version_info[1]}"
        found.append(
            system.Need("library", name, "Python in the bundle", f"libpython{number}", "python3-libs", "python")
        )
    return tuple(found)


def package(place: Place, words: Sequence[str]) -> int:
    """Make all that this system can make, into dist/. Raises `Failed`."""
    parser = argparse.ArgumentParser(prog="dev.py package", description=__doc__, allow_abbrev=False)
    parser.add_argument("--bundle", action="store_true", help="only the bundle, no packages")
    parser.add_argument("--made", action="store_true", help="only try the bundle and the packages that were made last")
    parser.add_argument("--cpus", action="store_true", help="also ask the bundle's worker under emulated processors")
    parser.add_argument(
        "--check",
        action="store_true",
        help="also do that, and install the .deb in clean roots of Debian 12 and 13 and try it there (needs root)",
    )
    parser.add_argument(
        "--windows-installer",
        type=Path,
        metavar="BUNDLE",
        help="only the installer for Windows, from a bundle that was made there (needs NSIS)",
    )
    parser.add_argument(
        "--windows-check",
        action="store_true",
        help="only try the installer for Windows under wine, with a stand-in for the bundle (installs NSIS and wine)",
    )
    asked = parser.parse_args(words)
    environment.prepare(place, "app", (*system.QT, *system.ENGINE, *needs()), ())
    if asked.windows_check:
        windows_check.check(place)
        return 0
    target = place.root / "dist"
    target.mkdir(exist_ok=True)
    steps = Steps(place.root / "build" / "package.log")
    try:
        with environment.alone(place, "package.lock", "Another packaging of this folder is running.", steps.say):
            if asked.windows_installer:
                _windows(bundle.Work(place), asked.windows_installer, target, steps)
                return 0
            work = bundle.found(place) if asked.made else bundle.make(place, steps)
            if asked.bundle:
                steps.say(f"The bundle: {work.bundle}")
            elif sys.platform == "win32":
                _windows(work, work.bundle, target, steps)
            elif sys.platform == "darwin":
                macos.image(work, target, steps)
            elif not asked.made:
                linux.packages(work, target, steps)
            if asked.cpus or asked.check:
                processors.check(work, steps)
            if asked.check:
                check.check(work, target / linux.deb_name(work), steps)
        return 0
    finally:
        steps.close()


def _windows(work: bundle.Work, made: Path, target: Path, steps: Steps) -> None:
    icon, number = bundle.icons(work, steps), bundle.version(work.place)
    file = windows.installer(work.place.root, made.resolve(), icon, number, target, steps)
    steps.say(f"{file.relative_to(work.place.root)}: {file.stat().st_size / 1e6:.1f} MB")
