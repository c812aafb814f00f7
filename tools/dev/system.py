"""What the operating system must have beside Python: found by looking, not by asking a package manager.

Libraries are tried with dlopen, so it does not matter which distribution they come from or how they were installed.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tools.dev.steps import Steps

Kind = Literal["library", "program", "module", "fonts", "service"]


@dataclass(frozen=True)
class Need:
    """One thing that must be there, and the package that has it by package manager ("" = comes with another)."""

    kind: Kind
    name: str
    why: str
    apt: str
    dnf: str = ""
    pacman: str = ""

    def package(self, manager: str) -> str:
        """This need's package for `manager` (apt, dnf or pacman)."""
        return {"apt": self.apt, "dnf": self.dnf, "pacman": self.pacman}.get(manager, "")


_QT = "the window (Qt)"
_X11 = "the window on X11 (Qt)"
_READER = "tests as with a screen reader"

# Found on a bare Debian 12 by adding one at a time until the window opened.
QT = (
    Need("library", "libEGL.so.1", _QT, "libegl1", "libglvnd-egl", "libglvnd"),
    Need("library", "libGL.so.1", _QT, "libgl1", "libglvnd-glx", "libglvnd"),
    Need("library", "libglib-2.0.so.0", _QT, "libglib2.0-0", "glib2", "glib2"),
    Need("library", "libdbus-1.so.3", _QT, "libdbus-1-3", "dbus-libs", "dbus"),
    Need("library", "libfontconfig.so.1", _QT, "libfontconfig1", "fontconfig", "fontconfig"),
    Need("library", "libxkbcommon.so.0", _QT, "libxkbcommon0", "libxkbcommon", "libxkbcommon"),
    Need("library", "libxcb-cursor.so.0", _X11, "libxcb-cursor0", "xcb-util-cursor", "xcb-util-cursor"),
    Need("library", "libxcb-icccm.so.4", _X11, "libxcb-icccm4", "xcb-util-wm", "xcb-util-wm"),
    Need("library", "libxcb-keysyms.so.1", _X11, "libxcb-keysyms1", "xcb-util-keysyms", "xcb-util-keysyms"),
    Need("library", "libxcb-shape.so.0", _X11, "libxcb-shape0", "libxcb", "libxcb"),
    Need("library", "libxcb-xkb.so.1", _X11, "libxcb-xkb1", "libxcb", "libxcb"),
    Need("library", "libxkbcommon-x11.so.0", _X11, "libxkbcommon-x11-0", "libxkbcommon-x11", "libxkbcommon-x11"),
)
ENGINE = (Need("library", "libgomp.so.1", "the engine's threads (OpenMP)", "libgomp1", "libgomp", "gcc-libs"),)
VENV = Need(
    "module", "ensurepip", "making a Python environment", f"python3.{sys.version_info[1]}-venv", "python3-pip", "python"
)
COMPILER = Need("program", "c++", "compiling llama.cpp", "g++", "gcc-c++", "gcc")
SCREEN = (
    Need("program", "Xvfb", "tests on a virtual screen", "xvfb", "xorg-x11-server-Xvfb", "xorg-server-xvfb"),
    Need("program", "xauth", "tests on a virtual screen", "xauth", "xorg-x11-xauth", "xorg-xauth"),
    Need("program", "strace", "tests that watch for connections", "strace", "strace", "strace"),
    Need("program", "dbus-daemon", _READER, "dbus", "dbus-daemon", "dbus"),
    Need("service", "org.a11y.Bus", _READER, "at-spi2-core", "at-spi2-core", "at-spi2-core"),
    Need("fonts", "a font", "text in the tests' pictures", "fonts-dejavu-core", "dejavu-sans-fonts", "ttf-dejavu"),
)


def present(need: Need) -> bool:
    """Whether this computer has it."""
    if need.kind == "library":
        try:
            ctypes.CDLL(need.name, mode=getattr(os, "RTLD_LAZY", ctypes.DEFAULT_MODE))
        except OSError:
            return False
        return True
    if need.kind == "program":
        return has_compiler() if need is COMPILER else shutil.which(need.name) is not None
    if need.kind == "module":
        return importlib.util.find_spec(need.name) is not None
    return has_service(need.name) if need.kind == "service" else has_fonts()


def missing(needs: Iterable[Need], found: Callable[[Need], bool] = present) -> list[Need]:
    """The needs that are not met. Only on Linux do libraries, fonts and D-Bus's services come from the system."""
    linux = sys.platform.startswith("linux")
    return [need for need in needs if (linux or need.kind in {"program", "module"}) and not found(need)]


def has_compiler() -> bool:
    """Whether C++ can be compiled here."""
    if sys.platform == "win32":
        return shutil.which("cl") is not None or _visual_studio()
    if sys.platform == "darwin":
        # /usr/bin/c++ is there without the tools too: it opens a dialog that offers them.
        return subprocess.run(["xcode-select", "-p"], check=False, capture_output=True).returncode == 0
    asked = os.environ.get("CXX", "").split()
    return any(shutil.which(name) for name in [*asked[:1], "c++", "g++", "clang++"])


def _visual_studio() -> bool:
    top = os.environ.get("PROGRAMFILES(X86)", r"C:\Program Files (x86)")
    vswhere = Path(top, "Microsoft Visual Studio", "Installer", "vswhere.exe")
    if not vswhere.exists():
        return False
    part = "Microsoft.VisualStudio.Component.VC.Tools.x86.x64"
    command = [str(vswhere), "-latest", "-products", "*", "-requires", part, "-property", "installationPath"]
    return bool(subprocess.run(command, check=False, capture_output=True).stdout.strip())


def has_service(name: str) -> bool:
    """Whether D-Bus knows how to start what has this name on a session's bus (Linux)."""
    folders = os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    return any(Path(folder, "dbus-1", "services", f"{name}.service").is_file() for folder in folders.split(":"))


def has_fonts(folders: Sequence[str] = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts")) -> bool:
    """Whether any outline font is installed (Linux)."""
    for folder in folders:
        for _, _, names in os.walk(Path(folder).expanduser()):
            if any(name.lower().endswith((".ttf", ".otf", ".ttc")) for name in names):
                return True
    return False


def manager() -> str:
    """This computer's package manager: apt, dnf, pacman, xcode, winget, or "" for none that is known."""
    if sys.platform == "win32":
        return "winget"
    if sys.platform == "darwin":
        return "xcode"
    for name, program in (("apt", "apt-get"), ("dnf", "dnf"), ("pacman", "pacman")):
        if shutil.which(program):
            return name
    return ""


def install_line(needs: Sequence[Need], by: str, *, sudo: bool) -> str:
    """The one line to type that installs `needs` with the package manager `by`; "" where it is not known."""
    if by == "xcode":
        return "xcode-select --install"
    if by == "winget":
        return (
            "winget install Microsoft.VisualStudio.2022.BuildTools --override "
            '"--wait --passive --add Microsoft.VisualStudio.Workload.VCTools --includeRecommended"'
        )
    names = " ".join(dict.fromkeys(need.package(by) for need in needs))
    first = "sudo " if sudo else ""
    lines = {
        "apt": f"{first}apt-get update && {first}apt-get install -y --no-install-recommends {names}",
        "dnf": f"{first}dnf install -y {names}",
        "pacman": f"{first}pacman -S --needed {names}",
    }
    return lines.get(by, "")


def is_root() -> bool:
    """Whether packages can be installed without asking."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def install_with_apt(needs: Sequence[Need], steps: Steps) -> None:
    """Install `needs` as root on Debian and its relatives. Raises `Failed`."""
    names = list(dict.fromkeys(need.apt for need in needs))
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    todo = "When it is repaired, say the same command again. By hand: " + install_line(needs, "apt", sudo=False)
    with steps.step(f"System packages: {' '.join(names)}"):
        steps.run(["apt-get", "update"], env=env, todo=todo)
        steps.run(["apt-get", "install", "-y", "--no-install-recommends", *names], env=env, todo=todo)
