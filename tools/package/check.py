"""Installs the .deb in clean roots of Debian 12 and 13 and tries it there: what `dev.py package --check` adds.

A root has nothing but a minimal Debian and what the .deb asks for: no Python, no fonts, no keyring. It needs root and a
Debian mirror, takes minutes, and is no part of the tests.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from typing import TYPE_CHECKING, Final

from tools.dev import system
from tools.dev.steps import Failed
from tools.package import graphics, linux, opening, roots
from tools.package.bundle import NAME

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tools.dev.steps import Steps
    from tools.package.bundle import Work

LARGEST_INSTALLED: Final = 300_000_000
LARGEST_DEB: Final = 100_000_000
_TOOLS: Final = (
    system.Need("program", "desktop-file-validate", "the desktop's own judgement", "desktop-file-utils"),
    system.Need("program", "appstreamcli", "the desktop's own judgement", "appstream"),
)


def check(work: Work, deb: Path, steps: Steps) -> None:
    """Try the .deb in each root; raises `Failed` at the first thing that is not as promised."""
    roots.ready(steps)
    _desktop(work, steps)
    if deb.stat().st_size > LARGEST_DEB:
        raise Failed(f"{deb.name} has {deb.stat().st_size / 1e6:.0f} MB, more than {LARGEST_DEB / 1e6:.0f}")
    for suite in roots.SUITES:
        root = work.top / "roots" / suite
        results = work.top / "results" / suite
        shutil.rmtree(results, ignore_errors=True)
        with steps.step(f"A clean root of Debian {suite} without Python"):
            roots.fresh(root, suite, steps)
        with roots.mounted(root):
            _installed(root, suite, deb, steps)
            _self_tests(root, suite, results, steps)
            if suite == roots.SUITES[-1]:
                graphics.check(work, root, suite, steps)
            opening.check(root, suite, results, steps)


def _desktop(work: Work, steps: Steps) -> None:
    """What the desktop knows the program by, as its own tools judge it."""
    if lacking := system.missing(_TOOLS):
        system.install_with_apt(lacking, steps)
    with steps.step("desktop-file-validate, appstreamcli"):
        shared = work.top / "deb" / "usr" / "share"
        steps.run(["desktop-file-validate", str(shared / linux.PLACES[f"{NAME}.desktop"])])
        steps.run(["appstreamcli", "validate", "--no-net", str(shared / linux.PLACES[f"{NAME}.metainfo.xml"])])


def _installed(root: Path, suite: str, deb: Path, steps: Steps) -> None:
    with steps.step(f"Debian {suite}: {deb.name} is installed"):
        shutil.copyfile(deb, root / "srv" / deb.name)
        roots.inside(root, steps, "apt-get", "update")
        roots.install(root, steps, f"/srv/{deb.name}")
        roots.install(root, steps, "xvfb", "xauth")
        if list(root.glob("usr/bin/python3*")):
            raise Failed(f"A Python came into the root of {suite}: it proves nothing.")
        size = _size(root)
        if size > LARGEST_INSTALLED:
            raise Failed(f"{size / 1e6:.0f} MB are installed, more than {LARGEST_INSTALLED / 1e6:.0f}")
    steps.say(f"  {suite}: {size / 1e6:.1f} MB installed")


def _self_tests(root: Path, suite: str, results: Path, steps: Steps) -> None:
    with steps.step(f"Debian {suite}: self-test without a display, and on a virtual screen with a picture"):
        with _without_loader(root):
            roots.inside(root, steps, NAME, "--self-test", f"{roots.HOME}/offscreen.json")
        screen = ["xvfb-run", "-a", "-s", "-screen 0 1400x900x24"]
        roots.inside(root, steps, *screen, NAME, "--self-test", f"{roots.HOME}/screen.json", f"{roots.HOME}/window.png")
        shutil.copytree(root / roots.HOME.lstrip("/"), results)
    for name in ("offscreen", "screen"):
        said = json.loads((results / f"{name}.json").read_text(encoding="utf-8"))
        parts = ", ".join(said["backends"])
        window = next(one["said"] for one in said["checks"] if one["name"] == "window")
        steps.say(f"  {suite}, {name}: all {len(said['checks'])} checks are well; in use: {parts}; window: {window}")
    steps.say(f"  {suite}: the window's picture is {results / 'window.png'}")


@contextlib.contextmanager
def _without_loader(root: Path) -> Iterator[None]:
    """The root without the loader of graphics drivers, which Debian 13's own GL brings along."""
    hidden = [(file, file.with_name(f"{file.name}.hidden")) for file in root.glob("usr/lib/*/libvulkan.so*")]
    for file, aside in hidden:
        file.rename(aside)
    try:
        yield
    finally:
        for file, aside in hidden:
            aside.rename(file)


def _size(root: Path) -> int:
    """Bytes of what the package put into the root, links not followed."""
    top = root / "usr" / "lib" / NAME
    return sum(path.lstat().st_size for path in top.rglob("*") if not path.is_dir())
