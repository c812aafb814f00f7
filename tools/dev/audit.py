"""`dev.py audit`: is anything known against a package that is locked here? Asks a public list of advisories (OSV).

What stands in the locks is asked for whole, whichever system or Python it is for, by pip-audit, which is pinned by
hashes itself and lies in a folder of its own. Names and versions of the packages go out, and nothing else.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tools.dev import own_folder
from tools.dev.locks import pins

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tools.dev.locks import Pin

ROOT: Final = Path(__file__).resolve().parents[2]
REQUIREMENTS: Final = ROOT / "requirements"
LOCK: Final = REQUIREMENTS / "audit.lock"
FOLDER: Final = ROOT / "build" / "audit"
NOT_ASKED: Final = 3
"""The exit status where no list of advisories could be asked: nothing is known then, neither good nor bad."""
_PATIENCE_S: Final = "30"


def main(words: Sequence[str]) -> int:
    """0: nothing is known against any; 1: something is, or a lock is not whole; 3: nobody could be asked."""
    if words:
        sys.stderr.write("`audit` takes no further words.\n")
        return 2
    locks = {path.stem: pins(path.read_text(encoding="utf-8")) for path in sorted(REQUIREMENTS.glob("*.lock"))}
    bare = [f"{name}.lock: {pin.name} has no hash" for name, found in locks.items() for pin in found if not pin.hashes]
    for line in bare:
        print(line)
    every = {(pin.name, pin.version): pin for found in locks.values() for pin in found}
    print(f"{len(locks)} locks, {len(every)} packages, {len(bare)} without a hash.", flush=True)
    if bare:
        return 1
    if own_folder.fill(FOLDER, LOCK):
        print("pip-audit cannot be had here, so no list of advisories was asked. Nothing is known.")
        return NOT_ASKED
    found: list[str] = []
    for group in apart(list(every.values())):
        answer = asked(group)
        if answer is None:
            print("No list of advisories could be reached from here. Nothing is known.")
            return NOT_ASKED
        found += answer
    print("\n".join(found) or "Nothing is known against any of them.")
    return 1 if found else 0


def apart(every: list[Pin]) -> Iterator[list[Pin]]:
    """Groups in which no package stands twice: a lock may have one version for each of two Pythons."""
    while every:
        once = {pin.name: pin for pin in every}
        yield list(once.values())
        every = [pin for pin in every if once[pin.name] is not pin]


def asked(group: Sequence[Pin]) -> list[str] | None:
    """What is known against them, a line each; None where nobody could be asked."""
    with tempfile.TemporaryDirectory() as folder:
        wanted, said = Path(folder) / "packages.txt", Path(folder) / "said.json"
        lines = [
            " \\\n    ".join((f"{pin.name}=={pin.version}", *(f"--hash={one}" for one in pin.hashes))) for pin in group
        ]
        wanted.write_text("\n".join(lines) + "\n", encoding="utf-8")
        command = [sys.executable, "-m", "pip_audit", "--requirement", str(wanted), "--disable-pip", "--require-hashes"]
        command += ["--vulnerability-service", "osv", "--timeout", _PATIENCE_S, "--progress-spinner", "off"]
        environment = {**os.environ, "PYTHONPATH": str(FOLDER)}
        ran = subprocess.run(
            [*command, "--format", "json", "--output", str(said)],
            env=environment, cwd=folder, check=False, capture_output=True, encoding="utf-8", errors="replace",
        )  # fmt: skip
        if not said.is_file():
            sys.stderr.write("".join(f"  | {line}\n" for line in ran.stderr.splitlines()[-3:]))
            return None
        return told(said.read_text(encoding="utf-8"))


def told(answer: str) -> list[str]:
    """pip-audit's answer in lines. Raises ValueError where it left a package out: then it would say nothing of that."""
    lines = []
    for one in json.loads(answer)["dependencies"]:
        if "skip_reason" in one:
            raise ValueError(f"{one['name']} was not looked at: {one['skip_reason']}")
        for known in one["vulns"]:
            mended = f"mended in {', '.join(known['fix_versions'])}" if known["fix_versions"] else "not mended yet"
            names = ", ".join((known["id"], *known.get("aliases", ())))
            lines.append(f"{one['name']} {one['version']}: {names}; {mended}")
    return lines


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
