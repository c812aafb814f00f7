"""Makes the bundle: the program with its own Python, its libraries and the portable engine, in one folder.

Every input is locked: packages by requirements/*.lock, the engine by its recipe. Nothing is installed into the
developers' environment; what only makes the bundle lies in build/package.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mistral_desk.cli.display import NEEDED
from tools.dev import environment, locks
from tools.dev.engine_wheel import PACKAGE
from tools.dev.steps import Failed
from tools.package import engine, macos
from tools.package.version import version_of

if TYPE_CHECKING:
    from tools.dev.environment import Place
    from tools.dev.steps import Steps

NAME: Final = "mistral-desk"
ENGINE_KEYS: Final = "MISTRAL_DESK_ENGINE_KEYS"
"""An environment variable: the public keys of those whose engine packs are taken, in base64, separated by blanks."""


@dataclass(frozen=True)
class Work:
    """Where things are made, below build/package."""

    place: Place

    @property
    def top(self) -> Path:
        """Everything that can be deleted at any time."""
        return self.place.root / "build" / "package"

    @property
    def bundle(self) -> Path:
        """The finished bundle."""
        return self.top / "bundle" / NAME

    @property
    def program(self) -> Path:
        """The program in it; on macOS that of the app, which is what people get."""
        if sys.platform == "darwin":
            return self.bundle.parent / macos.APP / "Contents" / "MacOS" / NAME
        return self.bundle / (f"{NAME}.exe" if sys.platform == "win32" else NAME)

    @property
    def model(self) -> Path:
        """The built-in model in it."""
        return self.bundle / "lib" / "resources" / "model" / "guide.gguf"

    @property
    def icons(self) -> Path:
        """The icon in all its sizes."""
        return self.top / "icons"

    @property
    def tools(self) -> Path:
        """The packages that make the bundle, apart from those that go into it."""
        return self.top / "tools"


def version(place: Place) -> str:
    """The program's version, which stands in one place only."""
    return version_of(place.root)


def built_from(place: Place) -> str:
    """The commit that is built, with `+` where the folder has changes; empty where git does not tell."""
    try:
        said = subprocess.run(
            ["git", "describe", "--always", "--dirty=+", "--exclude", "*"],
            cwd=place.root,
            check=False,
            capture_output=True,
            encoding="utf-8",
        )
    except OSError:
        return ""
    return said.stdout.strip() if said.returncode == 0 else ""


def found(place: Place) -> Work:
    """The bundle that was made last; raises `Failed` where there is none."""
    work = Work(place)
    if not work.program.is_file():
        raise Failed("No bundle has been made here yet.", "Leave --made out.")
    return work


def published_at(place: Place) -> str:
    """The page of the project that has its releases, for *Look for a new version*; empty where nobody says it.

    The release's workflow sets `MISTRAL_DESK_RELEASES`; else it is what pyproject.toml names as the repository.
    """
    if said := os.environ.get("MISTRAL_DESK_RELEASES"):
        return said
    project = tomllib.loads((place.root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project.get("urls", {}).get("Repository", ""))


def make(place: Place, steps: Steps) -> Work:
    """Make the bundle anew. Raises `Failed`."""
    work = Work(place)
    pin = locks.pin_of(place.lock("app").read_text(encoding="utf-8"), PACKAGE)
    wheel = engine.wheel(pin, place.python, steps)
    _tools(work, steps)
    for folder in ("engine", "notices", "bundle", "icons"):
        shutil.rmtree(work.top / folder, ignore_errors=True)
    libraries = engine.lay_out(wheel, work.top / "engine")
    _notices(work)
    icons(work, steps)
    names = {
        "MISTRAL_DESK_ENGINE": str(libraries),
        "MISTRAL_DESK_NOTICES": str(work.top / "notices"),
        "PYTHONPATH": str(work.tools),
        "PYTHONHASHSEED": "1",  # the order of what is packed
    }
    with steps.step("The bundle (PyInstaller)"):
        command = [str(place.python), "-m", "PyInstaller", "--noconfirm", "--clean", "--log-level", "WARN"]
        command += ["--distpath", str(work.bundle.parent), "--workpath", str(work.top / "work")]
        steps.run([*command, str(place.root / "installer" / f"{NAME}.spec")], env={**os.environ, **names})
        if sys.platform == "linux":
            if lacking := [name for name in NEEDED if not (work.bundle / "lib" / name).exists()]:
                raise Failed(f"The bundle lacks {', '.join(lacking)}, without which Qt opens no window on X11.")
            _without_debugging(work, steps)
            _system_licences(work)
    with steps.step("The bundle's own self-test"):
        result = work.top / "self-test.json"
        env = {**os.environ, "MISTRAL_DESK_HOME": str(work.top / "home")}
        steps.run([str(work.program), "--self-test", str(result)], env=env, todo=f"What it found stands in {result}.")
        parts = json.loads(result.read_text(encoding="utf-8"))["backends"]
        if not any(part.startswith("cpu-") for part in parts):
            raise Failed(f"The engine in the bundle does not choose by processor: {parts}")
    return work


def icons(work: Work, steps: Steps) -> Path:
    """Draw the icon in all sizes; the one for Windows, beside which the one for macOS lies."""
    with steps.step("Icons"):
        script = [str(work.place.python), "-m", "tools.package.icons", str(work.icons)]
        steps.run(script, cwd=work.place.root, env={**os.environ, "QT_QPA_PLATFORM": "offscreen"})
    return work.top / "icon.ico"


def _without_debugging(work: Work, steps: Steps) -> None:
    """Take from Python's own libraries and from the engine's what only linkers and debuggers read.

    Not from anybody else's: numpy's do not load any more when they were touched.
    """
    if shutil.which("strip") is None:
        return
    lib = work.bundle / "lib"
    files = [
        file for part in ("libpython3*", "python3*/lib-dynload/*.so", "llama_cpp/lib/lib*") for file in lib.glob(part)
    ]
    steps.run(["strip", "--strip-unneeded", *(str(file) for file in files if not file.is_symlink())])


def _tools(work: Work, steps: Steps) -> None:
    lock = work.place.lock("package")
    whole = hashlib.sha256(lock.read_bytes() + environment.base_python().encode()).hexdigest()
    stamp = work.tools / ".whole"
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == whole:
        return
    shutil.rmtree(work.tools, ignore_errors=True)
    with steps.step("What makes the bundle: requirements/package.lock"):
        command = [str(work.place.python), "-m", "pip", "--disable-pip-version-check", "--no-input", "install"]
        command += ["--require-hashes", "--no-deps", "--only-binary", ":all:", "--target", str(work.tools)]
        steps.run([*command, "-r", str(lock)])
    stamp.write_text(whole, encoding="utf-8")


def _notices(work: Work) -> None:
    """What goes along and lies nowhere in the source tree: Python's licence, and what was built."""
    notices = work.top / "notices"
    (notices / "resources").mkdir(parents=True)
    (notices / "resources" / "build.txt").write_text(built_from(work.place) + "\n", encoding="utf-8")
    (notices / "resources" / "releases.txt").write_text(published_at(work.place) + "\n", encoding="utf-8")
    if keys := os.environ.get(ENGINE_KEYS, "").split():
        (notices / "resources" / "engine-keys.txt").write_text("\n".join(keys) + "\n", encoding="ascii")
    ask = "import sys, sysconfig; print(sysconfig.get_path('stdlib')); print(sys.base_prefix)"
    said = subprocess.run([str(work.place.python), "-c", ask], check=True, capture_output=True, encoding="utf-8")
    for folder in said.stdout.splitlines():
        if (text := Path(folder, "LICENSE.txt")).is_file():
            shutil.copyfile(text, notices / "LICENSE.txt")
            return
    raise Failed(f"No licence lies beside this Python, {sysconfig.get_path('stdlib')}.")


def _system_licences(work: Work) -> None:
    """The licences of the system's libraries that go along, as their packages have them (Debian and its relatives)."""
    target = work.bundle / "lib" / "resources" / "licenses" / "system"
    target.mkdir(parents=True)
    carried = [file for file in (work.bundle / "lib").glob("lib*.so*") if not file.is_symlink()]
    carried += (work.bundle / "lib" / "llama_cpp" / "lib").glob("libgomp.so*")
    missing = []
    for file in carried:
        if re.match(r"lib(python|Qt6|icu|pyside|shiboken)", file.name):
            continue  # they came with packages of Python's, whose licences go along already
        said = subprocess.run(
            ["dpkg", "-S", f"*/{file.name}"], check=False, capture_output=True, encoding="utf-8", errors="replace"
        )
        packages = {line.partition(":")[0] for line in said.stdout.splitlines()}
        texts = [text for name in packages if (text := Path("/usr/share/doc", name, "copyright")).is_file()]
        if not texts:
            missing.append(file.name)
        for text in texts:
            shutil.copyfile(text, target / f"{text.parent.name}.txt")
    if missing:
        raise Failed(f"No licence was found for {', '.join(missing)}: the bundle has to be made on Debian.")
