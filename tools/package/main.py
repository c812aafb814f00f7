"""`dev.py package`: the bundle, tried by its own self-test, and the packages of the system that it runs on."""

from __future__ import annotations

import argparse
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

from tools.dev import environment, system
from tools.dev.steps import Failed, Steps
from tools.package import bundle, check, linux

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tools.dev.environment import Place


def needs() -> tuple[system.Need, ...]:
    """What the bundle is made with on Linux: programs that read libraries, and Python as a library, which Debian has in
    a package of its own.
    """
    if sys.platform != "linux":
        return ()
    found = [system.Need("program", "objdump", "reading what libraries need", "binutils", "binutils", "binutils")]
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
    parser.add_argument(
        "--check",
        action="store_true",
        help="also install the .deb in clean roots of Debian 12 and 13 and try it there (needs root)",
    )
    asked = parser.parse_args(words)
    environment.prepare(place, "app", (*system.QT, *system.ENGINE, *needs()), ())
    target = place.root / "dist"
    target.mkdir(exist_ok=True)
    steps = Steps(place.root / "build" / "package.log")
    try:
        with environment.alone(place, "package.lock", "Another packaging of this folder is running.", steps.say):
            work = bundle.make(place, steps)
            if asked.bundle:
                steps.say(f"The bundle: {work.bundle}")
                return 0
            if sys.platform != "linux":
                raise Failed("Of this system only the bundle is made so far.", f"It lies in {work.bundle}")
            files = [linux.deb(work, target, steps), linux.archive(work, target, steps)]
            linux.sums(files)
            for file in files:
                steps.say(f"{file.relative_to(place.root)}: {file.stat().st_size / 1e6:.1f} MB")
            if asked.check:
                check.check(work, files[0], steps)
        return 0
    finally:
        steps.close()
