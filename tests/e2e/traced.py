"""A program under strace: what the kernel saw it say to the internet, part by part of the run.

A program marks where a part begins by connecting to a socket that nobody has, `MARKS` and the part's name.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from tests.fixtures.program import END_OF_WORLD_S

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT: Final = Path(__file__).resolve().parents[2]
MARKS: Final = "/mistral-desk-test/"
# connect, and what sends without it; of the internet's two families. Every form of an address that strace writes.
_CALL: Final = re.compile(r"\b(connect|sendto|sendmsg|sendmmsg)\(")
_INTERNET: Final = re.compile(r"sa_family=AF_INET6?\b")
_IPV4: Final = re.compile(r'sin_port=htons\((\d+)\), sin_addr=inet_addr\("([0-9.]+)"\)')
_IPV6: Final = re.compile(r'sin6_port=htons\((\d+)\).*?inet_pton\(AF_INET6, "([0-9a-fA-F:.]+)"')
_SOCKET: Final = re.compile(r"\bsocket\(AF_INET6?\b")
_FAMILY: Final = re.compile(r"\bsocket(?:pair)?\((AF_\w+)")
_FAILED: Final = re.compile(r"= -1 E")
_MARK: Final = re.compile(rf'sun_path="{MARKS}([^"]+)"')
_ASKS_FOR_NAMES: Final = re.compile(r'sun_path="[^"]*(nscd|resolve|dns)[^"]*"', re.IGNORECASE)
"""Services of the system that look names up for a program."""


def _why_not() -> str:
    """Why no system calls can be recorded here; empty where they can."""
    if not sys.platform.startswith("linux"):
        return "strace is Linux's"
    if shutil.which("strace") is None:
        return "strace is not installed"
    tried = subprocess.run(["strace", "-qq", "-o", os.devnull, "true"], capture_output=True, check=False)
    return "" if tried.returncode == 0 else f"strace may not look here: {tried.stderr.decode(errors='replace')[:80]}"


_WHY_NOT: Final = _why_not()
traced_only = pytest.mark.skipif(bool(_WHY_NOT), reason=_WHY_NOT or "it can")


@dataclass
class Part:
    """What was said in a part of a run: how often each address was spoken to, sockets made, names asked for."""

    spoken: Counter[str] = field(default_factory=Counter)
    sockets: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    families: set[str] = field(default_factory=set)
    """Of all sockets that were made, whatever they are for."""

    @property
    def silent(self) -> bool:
        """Nothing went out, and nothing was made with which it could."""
        return not (self.spoken or self.sockets or self.names)


@dataclass(frozen=True)
class Traced:
    """How the program ended, what it wrote, and its parts; what is before the first mark is the part ``""``."""

    status: int
    out: str
    err: str
    parts: Mapping[str, Part]

    @property
    def spoken(self) -> Counter[str]:
        """Addresses of the whole run."""
        return sum((part.spoken for part in self.parts.values()), Counter())

    @property
    def silent(self) -> bool:
        """Nothing went out in the whole run."""
        return all(part.silent for part in self.parts.values())


def parts_of(lines: Sequence[str]) -> dict[str, Part]:
    """The parts of a record that strace wrote."""
    here = Part()
    found = {"": here}
    for line in lines:
        if (family := _FAMILY.search(line)) and not _FAILED.search(line):
            here.families.add(family[1])
        if mark := _MARK.search(line):
            here = found.setdefault(mark[1], Part())
        elif _CALL.search(line) and _INTERNET.search(line):
            place = _IPV4.search(line) or _IPV6.search(line)
            here.spoken[f"{place[2]}:{place[1]}" if place else line] += 1
        elif _SOCKET.search(line) and not _FAILED.search(line):
            here.sockets.append(line)
        elif _ASKS_FOR_NAMES.search(line):
            here.names.append(line)
    return found


def traced(command: Sequence[str], record: Path, *, stdin: str = "", env: Mapping[str, str] | None = None) -> Traced:
    """Run a program, and every process that it starts, under strace to its end."""
    process = subprocess.Popen(
        ["strace", "-f", "-qq", "-s", "200", "-e", "trace=network", "-o", str(record), *command],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}", **(env or {})},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        out, said = process.communicate(stdin.encode(), timeout=END_OF_WORLD_S)
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)  # strace alone would leave the program behind
        process.wait()
        raise
    err = said.decode("utf-8", errors="replace")
    assert record.exists(), err
    lines = record.read_text(encoding="utf-8", errors="replace").splitlines()
    return Traced(process.returncode, out.decode("utf-8"), err, parts_of(lines))
