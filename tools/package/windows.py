"""The installer for Windows, made by NSIS from a bundle: on Windows, or on Linux from a bundle that was made there.

installer/windows/mistral-desk.nsi is the installer; here are the lists of what it puts down and takes away again.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tools.dev import system
from tools.dev.steps import Failed, Steps

NAME: Final = "mistral-desk"
PROGRAMS: Final = (f"{NAME}.exe", f"{NAME}-cli.exe")
"""What the bundle's recipe makes for Windows: the window, and the same with a console."""
NSIS: Final = system.Need("program", "makensis", "the installer for Windows", "nsis", "mingw-nsis")
_PRE: Final = {"dev": 0, "a": 100, "b": 200, "rc": 300}
_FINAL: Final = 1000


@dataclass(frozen=True)
class Contents:
    """What an installer puts down: files and folders below the bundle, with slashes, folders before what is in them."""

    top: Path
    files: tuple[str, ...]
    folders: tuple[str, ...]

    @property
    def bytes(self) -> int:
        """The size of all files."""
        return sum((self.top / name).stat().st_size for name in self.files)

    @property
    def longest(self) -> int:
        """Characters of the longest path, with the separator before it."""
        return 1 + max(len(name) for name in self.files)


def contents(bundle: Path) -> Contents:
    """Look through a bundle. Raises `Failed` where it is not one for Windows, or Windows could not take its names."""
    files = sorted(path.relative_to(bundle) for path in bundle.rglob("*") if path.is_file())
    names = tuple(path.as_posix() for path in files)
    if lacking := [name for name in PROGRAMS if name not in names]:
        raise Failed(f"{bundle} has no {' and no '.join(lacking)}: it is no bundle for Windows.")
    if strange := [name for name in names if not re.fullmatch(r"(?!.*\$\{)[^\x00-\x1f<>:\"\\|?*]+", name)]:
        raise Failed(f"Windows or NSIS cannot have a file of this name: {strange[0]!r}")
    folders = sorted({parent for path in files for parent in path.parents if parent.parts})
    return Contents(bundle, names, tuple(path.as_posix() for path in folders))


def lists(made: Contents) -> str:
    """NSIS's words for putting all of it down, and for taking away just that again."""
    lines, here = ["!macro PutFiles"], None
    for name in made.files:
        folder = name.rpartition("/")[0]
        if folder != here:
            lines.append(f'  SetOutPath "{_installed(folder)}"')
            here = folder
        lines.append(f'  File "{made.top / name}"')
    lines += ["!macroend", "", "!macro TakeFiles"]
    lines += [f'  Delete "{_installed(name)}"' for name in made.files]
    lines += [f'  RMDir "{_installed(name)}"' for name in reversed(made.folders)]
    return "\n".join([*lines, "!macroend", ""])


def _installed(name: str) -> str:
    return "$INSTDIR" + (f"\\{name}" if name else "").replace("/", "\\").replace("$", "$$")


def numbers(version: str) -> str:
    """A version of Python's as the four numbers that Windows compares: `0.1.0rc2` comes before `0.1.0`."""
    found = re.fullmatch(r"(\d+)\.(\d+)(?:\.(\d+))?\.?(?:(dev|a|b|rc)(\d{1,2}))?", version)
    if not found:
        raise Failed(f"{version} cannot be said in Windows' four numbers.")
    first, second, third, kind, count = found.groups()
    return f"{first}.{second}.{third or 0}.{_PRE[kind] + int(count) if kind else _FINAL}"


def resource(version: str) -> str:
    """What Windows shows of the program's own files under *Details*, in the form that PyInstaller reads."""
    four = "({})".format(numbers(version).replace(".", ", "))
    said = {
        "CompanyName": "The Mistral Desk authors",
        "FileDescription": "Mistral Desk",
        "FileVersion": version,
        "InternalName": NAME,
        "LegalCopyright": "The Mistral Desk authors, Apache-2.0",
        "OriginalFilename": PROGRAMS[0],
        "ProductName": "Mistral Desk",
        "ProductVersion": version,
    }
    words = ", ".join(f"StringStruct({name!r}, {value!r})" for name, value in said.items())
    return (
        f"VSVersionInfo(ffi=FixedFileInfo(filevers={four}, prodvers={four}, mask=0x3F, flags=0x0, OS=0x40004, "
        f"fileType=0x1, subtype=0x0, date=(0, 0)), kids=[StringFileInfo([StringTable('040904B0', [{words}])]), "
        "VarFileInfo([VarStruct('Translation', [1033, 1200])])])\n"
    )


def makensis() -> str:
    """NSIS's compiler. Raises `Failed` with how to get it."""
    if found := shutil.which("makensis"):
        return found
    usual = Path(os.environ.get("PROGRAMFILES(X86)", r"C:\Program Files (x86)"), "NSIS", "makensis.exe")
    if sys.platform == "win32" and usual.is_file():
        return str(usual)
    how = "winget install NSIS.NSIS" if sys.platform == "win32" else system.install_line([NSIS], "apt", sudo=True)
    raise Failed(
        "NSIS, which makes the installer, is not here.", f"Type this line, then the same command again:\n  {how}"
    )


def installer(  # noqa: PLR0917 - a recipe's parts
    root: Path,
    bundle: Path,
    icon: Path,
    version: str,
    target: Path,
    steps: Steps,
    *,
    sign: str = "",
    work: Path | None = None,
) -> Path:
    """Write the installer into the folder `target`; `sign` is a command that signs the file it is given at its end, for
    the uninstaller, which exists only inside. Who calls this signs the installer. Lists lie in `work`. Raises `Failed`.
    """
    program, made = makensis(), contents(bundle)
    file = target / f"{NAME}-{version}-windows-x86_64-setup.exe"
    listed = (work or root / "build" / "package") / "files.nsh"
    listed.parent.mkdir(parents=True, exist_ok=True)
    listed.write_text("\N{ZERO WIDTH NO-BREAK SPACE}" + lists(made), encoding="utf-8")
    words = {
        "FILES": listed,
        "ICON": icon,
        "OUT": file,
        "VERSION": version,
        "NUMBERS": numbers(version),
        "SIZE": -(-made.bytes // 1024),
        "LONGEST": made.longest,
        **({"SIGN": sign} if sign else {}),
    }
    script = root / "installer" / "windows" / f"{NAME}.nsi"
    command = [program, "-V2", "-WX", "-INPUTCHARSET", "UTF8", *(f"-D{name}={value}" for name, value in words.items())]
    with steps.step(file.name):
        steps.run([*command, str(script)], cwd=script.parent)
    return file


if __name__ == "__main__":
    # For the release, which has nothing but Python here: `python -m tools.package.windows BUNDLE ICON VERSION TARGET`.
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("icon", type=Path)
    parser.add_argument("version")
    parser.add_argument("target", type=Path)
    parser.add_argument("--sign", default="", metavar="COMMAND", help="signs the file that is put behind it")
    asked = parser.parse_args()
    root = Path(__file__).resolve().parents[2]
    shown = Steps(root / "build" / "package.log")
    try:
        installer(root, asked.bundle, asked.icon, asked.version, asked.target, shown, sign=asked.sign)
    except Failed as failure:
        sys.exit("\n".join([failure.what, failure.todo, *failure.tail]))
    finally:
        shown.close()
