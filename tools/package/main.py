"""`dev.py package`: the bundle, tried by its own self-test, and the packages of the system that it runs on."""

from __future__ import annotations

import argparse
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

from tools.dev import environment, system
from tools.dev.steps import Failed, Steps
from tools.package import bundle, check, linux, processors

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
    asked = parser.parse_args(words)
    environment.prepare(place, "app", (*system.QT, *system.ENGINE, *needs()), ())
    target = place.root / "dist"
    target.mkdir(exist_ok=True)
    steps = Steps(place.root / "build" / "package.log")
    try:
        with environment.alone(place, "package.lock", "Another packaging of this folder is running.", steps.say):
            work = bundle.found(place) if asked.made else bundle.make(place, steps)
            if asked.bundle:
                steps.say(f"The bundle: {work.bundle}")
            elif sys.platform != "linux":
                raise Failed("Of this system only the bundle is made so far.", f"It lies in {work.bundle}")
            elif not asked.made:
                linux.packages(work, target, steps)
            if asked.cpus or asked.check:
                processors.check(work, steps)
            if asked.check:
                check.check(work, target / linux.deb_name(work), steps)
        return 0
    finally:
        steps.close()
