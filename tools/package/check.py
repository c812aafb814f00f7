"""Installs the .deb in clean roots of Debian 12 and 13 and tries it there: what `dev.py package --check` adds.

A root has nothing but a minimal Debian and what the .deb asks for: no Python, no fonts, no keyring. It needs root and a
Debian mirror, takes minutes, and is no part of the tests.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Final

from tools.dev import system
from tools.dev.steps import Failed
from tools.package import debian
from tools.package.bundle import NAME

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tools.dev.steps import Steps
    from tools.package.bundle import Work

SUITES: Final = ("bookworm", "trixie")
LARGEST_INSTALLED: Final = 300_000_000
LARGEST_DEB: Final = 100_000_000
_NEEDS: Final = (system.Need("program", "mmdebstrap", "clean roots of Debian", "mmdebstrap"),)
_HOME: Final = "/srv/here"


def check(work: Work, deb: Path, steps: Steps) -> None:
    """Try the .deb in each root; raises `Failed` at the first thing that is not as promised."""
    if not system.is_root() or system.manager() != "apt":
        raise Failed("Clean roots of Debian can only be made as root on Debian.")
    if lacking := system.missing(_NEEDS):
        system.install_with_apt(lacking, steps)
    if deb.stat().st_size > LARGEST_DEB:
        raise Failed(f"{deb.name} has {deb.stat().st_size / 1e6:.0f} MB, more than {LARGEST_DEB / 1e6:.0f}")
    for suite in SUITES:
        root = work.top / "roots" / suite
        with steps.step(f"A clean root of Debian {suite} without Python"):
            _fresh(root, suite, steps)
        with steps.step(f"Debian {suite}: {deb.name} is installed"):
            shutil.copyfile(deb, root / "srv" / deb.name)
            with _mounted(root):
                _inside(root, steps, "apt-get", "update")
                _inside(root, steps, "apt-get", "install", "-y", "--no-install-recommends", f"/srv/{deb.name}")
                _inside(root, steps, "apt-get", "install", "-y", "--no-install-recommends", "xvfb", "xauth")
            if list(root.glob("usr/bin/python3*")):
                raise Failed(f"A Python came into the root of {suite}: it proves nothing.")
            size = _installed(root)
            if size > LARGEST_INSTALLED:
                raise Failed(f"{size / 1e6:.0f} MB are installed, more than {LARGEST_INSTALLED / 1e6:.0f}")
        with steps.step(f"Debian {suite}: self-test without a display, and on a virtual screen with a picture"):
            with _mounted(root):
                _inside(root, steps, NAME, "--self-test", f"{_HOME}/offscreen.json")
                screen = ["xvfb-run", "-a", "-s", "-screen 0 1400x900x24"]
                _inside(root, steps, *screen, NAME, "--self-test", f"{_HOME}/screen.json", f"{_HOME}/window.png")
            results = work.top / "results" / suite
            shutil.rmtree(results, ignore_errors=True)
            shutil.copytree(root / _HOME.lstrip("/"), results)
        for name in ("offscreen", "screen"):
            said = json.loads((results / f"{name}.json").read_text(encoding="utf-8"))
            parts = ", ".join(said["backends"])
            steps.say(f"  {suite}, {name}: all {len(said['checks'])} checks are well; in use: {parts}")
        steps.say(f"  {suite}: {size / 1e6:.0f} MB installed; the window: {results / 'window.png'}")


def _fresh(root: Path, suite: str, steps: Steps) -> None:
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(root)
    root.parent.mkdir(parents=True, exist_ok=True)
    address = debian.mirror_here()
    if not address:
        raise Failed("apt's lists name no Debian mirror.")
    steps.run(["mmdebstrap", "--variant=apt", f"--keyring={debian.KEYS}", suite, str(root), address])
    if (root / "usr" / "bin" / "python3").exists():
        raise Failed(f"A minimal Debian {suite} has Python: this root proves nothing.")
    (root / _HOME.lstrip("/")).mkdir(parents=True)


def _inside(root: Path, steps: Steps, *command: str) -> None:
    kept = {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
    environment = {
        **kept,
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": "/srv",
        "DEBIAN_FRONTEND": "noninteractive",
    }
    steps.run(["chroot", str(root), *command], env={**environment, "LANG": "C.UTF-8"})


@contextlib.contextmanager
def _mounted(root: Path) -> Iterator[None]:
    """The kernel's folders inside the root; they are taken away again whatever happens."""
    places = [root / "proc", root / "dev", root / "sys"]
    done: list[Path] = []
    try:
        for place in places:
            subprocess.run(["mount", "--rbind", f"/{place.name}", str(place)], check=True)
            subprocess.run(["mount", "--make-rslave", str(place)], check=True)
            done.append(place)
        yield
    finally:
        for place in reversed(done):
            subprocess.run(["umount", "-R", "-l", str(place)], check=True)


def _installed(root: Path) -> int:
    """Bytes of what the package put into the root, links not followed."""
    top = root / "usr" / "lib" / NAME
    return sum(path.lstat().st_size for path in top.rglob("*") if not path.is_dir())
