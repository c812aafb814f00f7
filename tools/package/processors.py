"""`dev.py package --cpus`: the bundle's worker under emulated processors; each must get its own code, and answer.

An emulated program that starts another one leaves the emulation without a word. PyInstaller's program starts itself
again to tell its loader where the libraries are; it is told so beforehand, and the worker's own report is the proof.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from tools.dev import system
from tools.dev.steps import Failed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tools.dev.steps import Steps
    from tools.package.bundle import Work

PROCESSORS: Final = {"Nehalem": "cpu-sse42", "SandyBridge": "cpu-sandybridge", "Haswell": "cpu-haswell"}
"""Emulated processors, and the part of the engine that each must get."""
_NEEDS: Final = (system.Need("program", "qemu-x86_64", "other processors", "qemu-user"),)
_OWN: Final = "OPENBLAS_CORETYPE"
"""It would have numpy's library use another processor's code than the one that is there."""


def check(work: Work, steps: Steps) -> None:
    """Ask under every processor and on this one; raises `Failed`."""
    if platform.machine() not in {"x86_64", "AMD64"}:
        raise Failed("The processors that are emulated are x86-64's.")
    if lacking := system.missing(_NEEDS):
        if system.manager() != "apt" or not system.is_root():
            raise Failed("qemu-x86_64 is not installed (Debian: qemu-user).")
        system.install_with_apt(lacking, steps)
    here = [str(work.program), "--worker"]
    for name, wanted in {**PROCESSORS, "this processor": ""}.items():
        with steps.step(f"The bundle's worker on {name}"):
            command = emulated(work.program, name) if wanted else here
            said = ask(work, steps, ("automatic", str(work.model)), command)
        used = said["backends"][-1]
        if wanted and used != wanted:
            raise Failed(f"{name} got {used} instead of {wanted}.")
        steps.say(f"  {name}: {used}, {said['said']!r} in {said['seconds']} s")


def emulated(program: Path, processor: str) -> list[str]:
    """The command of a worker under an emulated processor."""
    told = {
        "_PYI_ARCHIVE_FILE": str(program),
        "_PYI_PARENT_PROCESS_LEVEL": "-1",
        "LD_LIBRARY_PATH": str(program.parent / "lib"),
    }
    words = [word for name, value in told.items() for word in ("-E", f"{name}={value}")]
    return ["qemu-x86_64", "-cpu", processor, *words, str(program), "--worker"]


def ask(
    work: Work,
    steps: Steps,
    asked: tuple[str, str],
    command: Sequence[str],
    env: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, Any]:
    """What a worker of the bundle answers; `Failed` where it does not, or answers wrongly. `asked` are the division and
    the model's file as that worker sees it.
    """
    way, model = asked
    script = [str(work.place.python), "-m", "tools.package.asking", way, model, str(work.model), *command]
    steps.note("$ " + " ".join(script))
    kept = {name: value for name, value in os.environ.items() if name != _OWN}
    ended = subprocess.run(
        script, check=False, capture_output=True, encoding="utf-8", cwd=work.place.root, env={**kept, **env}
    )
    steps.note(ended.stdout + ended.stderr)
    if ended.returncode:
        raise Failed("The bundle's worker did not answer.", tail=ended.stderr.splitlines()[-12:])
    said: dict[str, Any] = json.loads(ended.stdout)
    if not said["right"]:
        raise Failed(f"The bundle's worker answered {said['said']!r}.")
    return said
