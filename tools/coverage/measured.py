"""Runs parts of the suite in an environment that measures every Python process, and brings together what each saw.

The environment is one of its own beside `.venv`, whose packages it uses: what measures never lies in `.venv`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, Final

import coverage

from tools.coverage import caged, plain_threads

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT: Final = Path(__file__).resolve().parents[2]
PLACE: Final = ROOT / "build" / "coverage"
CONFIG: Final = ROOT / "pyproject.toml"
DATA: Final = "MISTRAL_DESK_COVERAGE"
_SAVING: Final = "tools.coverage.saving"


def environment(place: Path = PLACE) -> Path:
    """Make the environment anew; its Python."""
    folder = place / "env"
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    names = {"base": str(folder), "platbase": str(folder)}
    packages = Path(sysconfig.get_path("purelib", "venv", names))
    named = {f"measured_{Path(file).stem}": file for file in (caged.__file__, plain_threads.__file__)}
    for name, file in named.items():
        shutil.copyfile(file, packages / f"{name}.py")
    # Python reads these lines at each of its starts, in this order; our own sources come before those `.venv` names.
    used = str(Path(coverage.__file__).resolve().parents[1])
    lines = (f"import sys; sys.path.insert(0, {str(ROOT / 'src')!r})", f"import site; site.addsitedir({used!r})")
    (packages / "b_ours.pth").write_text("\n".join(lines) + "\n", encoding="utf-8")
    begins = "; ".join(f"import {name}; {name}.begin()" for name in named)
    around = f"import sys; sys.path.append({used!r}); {begins}; sys.path.remove({used!r})\n"
    (packages / "a_measures.pth").write_text(around, encoding="utf-8")
    return folder / sysconfig.get_path("scripts", "venv", {"base": ""}).lstrip("/\\") / Path(sys.executable).name


def run(part: str, words: Sequence[str], python: Path, place: Path = PLACE) -> int:
    """Run pytest with these words and keep what was measured as `part`; pytest's status."""
    pieces = place / f"{part}.pieces"
    shutil.rmtree(pieces, ignore_errors=True)
    pieces.mkdir(parents=True)
    asked = {caged.CONFIG: str(CONFIG), caged.FOLDER: str(pieces), DATA: str(pieces / "data")}
    command = (str(python), "-m", "pytest", "-p", _SAVING, *words)
    status = subprocess.run(command, cwd=ROOT, env={**unmeasured(), **asked}, check=False)
    together(part, place)
    return status.returncode


def unmeasured() -> dict[str, str]:
    """This process's environment without what would have another one measured, by whoever measures this one."""
    return {name: value for name, value in os.environ.items() if "COVERAGE" not in name}


def together(part: str, place: Path = PLACE) -> int:
    """Bring the pieces of a part together into one file; how many processes gave one."""
    pieces = place / f"{part}.pieces"
    for number, file in enumerate(sorted(pieces.glob(f"*{caged.SUFFIX}"))):
        if content := caged.kept(file.read_bytes()):
            piece = coverage.CoverageData(str(pieces / f"data.caged.{number}"))
            piece.loads(content)
            piece.close()
        file.unlink()
    found = sorted(map(str, pieces.glob("data.*")))
    into = place / f"{part}.data"
    into.unlink(missing_ok=True)
    whole = coverage.Coverage(data_file=str(into), config_file=str(CONFIG))
    if found:
        whole.combine(found, strict=True)
    whole.save()
    return len(found)


def kept(place: Path = PLACE) -> tuple[Path, ...]:
    """What was measured of parts, and is still there."""
    return tuple(sorted(place.glob("*.data")))


def all_parts(place: Path = PLACE) -> coverage.Coverage:
    """Everything that was kept, as one. Raises coverage's own error where nothing was."""
    whole = coverage.Coverage(data_file=str(place / "all"), config_file=str(CONFIG))
    whole.erase()
    whole.combine(list(map(str, kept(place))), strict=True, keep=True)
    whole.save()
    return whole
