"""Clean roots of Debian: what a computer has that has nothing, in a folder. They need root and a Debian mirror."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tools.dev import system
from tools.dev.steps import Failed
from tools.package import debian

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tools.dev.steps import Steps

SUITES: Final = ("bookworm", "trixie")
HOME: Final = "/srv/here"
"""The folder in a root where results are put."""
_NEEDS: Final = (system.Need("program", "mmdebstrap", "clean roots of Debian", "mmdebstrap"),)
_MOUNTS: Final = 0x00020000
"""CLONE_NEWNS."""
_WITHOUT_MORE: Final = ("apt-get", "install", "-y", "--no-install-recommends")


def ready(steps: Steps) -> None:
    """Have what makes roots; raises `Failed` where they cannot be made."""
    if not system.is_root() or system.manager() != "apt":
        raise Failed("Clean roots of Debian can only be made as root on Debian.")
    if lacking := system.missing(_NEEDS):
        system.install_with_apt(lacking, steps)
    _mount_for_ourselves()


def fresh(root: Path, suite: str, steps: Steps) -> None:
    """Make a root anew: a minimal Debian with apt, without Python."""
    _free(root)
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(root)
    root.parent.mkdir(parents=True, exist_ok=True)
    address = debian.mirror_here()
    if not address:
        raise Failed("apt's lists name no Debian mirror.")
    steps.run(["mmdebstrap", "--variant=apt", f"--keyring={debian.KEYS}", suite, str(root), address])
    if (root / "usr" / "bin" / "python3").exists():
        raise Failed(f"A minimal Debian {suite} has Python: this root proves nothing.")
    (root / HOME.lstrip("/")).mkdir(parents=True)


def inside(root: Path, steps: Steps, *command: str) -> None:
    """Run a command in a root to its end."""
    steps.run(["chroot", str(root), *command], env=environment())


def install(root: Path, steps: Steps, *packages: str) -> None:
    """Install packages in a root, without what they only recommend."""
    inside(root, steps, *_WITHOUT_MORE, *packages)


def environment() -> dict[str, str]:
    """The environment of a command in a root: nothing of this computer's but its way to the network."""
    kept = {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
    own = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/srv", "DEBIAN_FRONTEND": "noninteractive"}
    return {**kept, **own, "LANG": "C.UTF-8"}


def _mount_for_ourselves() -> None:
    """From here on this process and its children mount for themselves alone (unshare(2)): nothing stays mounted in a
    root, even where the process is killed.
    """
    if ctypes.CDLL(None, use_errno=True).unshare(_MOUNTS):
        raise Failed(f"Mounts of its own are refused to this process: {os.strerror(ctypes.get_errno())}.")
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)


def _free(root: Path) -> None:
    """Take away what somebody has mounted in a root: deleting it would reach this computer's own devices. Raises
    `Failed` where that does not work.
    """
    for place in reversed(mounts(root)):
        subprocess.run(["umount", "-l", str(place)], check=False, capture_output=True)
    if left := mounts(root):
        raise Failed(f"{left[0]} is still mounted, so {root} cannot be made anew.", f"umount -R -l {left[0]}")


def mounts(root: Path) -> list[Path]:
    """What is mounted below a folder, as often as it is, in the order in which it came there (proc(5), mountinfo)."""
    lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    places = [Path(re.sub(r"\\(\d{3})", lambda code: chr(int(code[1], 8)), line.split()[4])) for line in lines]
    return [place for place in places if place.is_relative_to(root.resolve())]


@contextlib.contextmanager
def mounted(root: Path) -> Iterator[None]:
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
