"""The ground of the campaign of other computers: two helpers in network namespaces of their own, on shaped links.

It needs root and Linux's `ip` and `tc`. A helper is the program itself (`mistral-desk --rpc-worker`), bounded by
`--mem`; the main computer is bounded by a control group (version 1) of its own, which it sees as its whole memory.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PORT: Final = 50061
COUNT: Final = 2
GROUPS: Final = Path("/sys/fs/cgroup/memory")
_GROUP: Final = GROUPS / f"mistral-desk-computers-{os.getpid()}"
_READY: Final = "Ctrl+C"


def address(number: int) -> str:
    """Where a helper listens."""
    return f"10.77.{number}.2:{PORT}"


def call(*words: str, fails: bool = False) -> None:
    """A program of the system's; with `fails` it may."""
    subprocess.run(words, check=not fails, capture_output=fails)


@contextlib.contextmanager
def networks() -> Iterator[None]:
    """Two namespaces, each on a link of its own."""
    try:
        for number in range(1, COUNT + 1):
            _gone(number)
            space, here, there = _names(number)
            call("ip", "netns", "add", space)
            call("ip", "link", "add", here, "type", "veth", "peer", "name", there)
            call("ip", "link", "set", there, "netns", space)
            call("ip", "addr", "add", f"10.77.{number}.1/24", "dev", here)
            call("ip", "link", "set", here, "up")
            inside = ("ip", "netns", "exec", space, "ip")
            call(*inside, "addr", "add", f"10.77.{number}.2/24", "dev", there)
            call(*inside, "link", "set", there, "up")
            call(*inside, "link", "set", "lo", "up")
        yield
    finally:
        for number in range(1, COUNT + 1):
            _gone(number)


def shape(rate: str) -> None:
    """Both directions of both links at this rate (`100mbit`); empty: as fast as they are."""
    for number in range(1, COUNT + 1):
        space, here, there = _names(number)
        for before, link in (((), here), (("ip", "netns", "exec", space), there)):
            call(*before, "tc", "qdisc", "del", "dev", link, "root", fails=True)
            if rate:
                bucket = ("tbf", "rate", rate, "burst", "128kb", "latency", "100ms")
                call(*before, "tc", "qdisc", "add", "dev", link, "root", *bucket)


def computed(pid: int | None) -> float:
    """Processor time of a process so far, in seconds."""
    spent = psutil.Process(pid).cpu_times()
    return float(spent.user + spent.system)


def sent(number: int) -> int:
    """Bytes that went to a helper so far, with everything that the network adds."""
    return int(Path(f"/sys/class/net/{_names(number)[1]}/statistics/tx_bytes").read_text(encoding="ascii"))


class Helper:
    """One helper; started again at the same place after its end."""

    def __init__(self, number: int, memory_gb: float, home: Path) -> None:
        self.number, self._memory, self._home = number, memory_gb, home / f"helper-{number}"
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Returns when it says that it lends."""
        command = [sys.executable, "-m", "mistral_desk", "--rpc-worker", "--bind", address(self.number)]
        command += ["--mem", str(self._memory), "--threads", "1"]
        self._process = subprocess.Popen(
            ["ip", "netns", "exec", _names(self.number)[0], *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "MISTRAL_DESK_HOME": str(self._home)},
        )
        said = []
        for line in self._process.stdout or ():
            said.append(line)
            if _READY in line:
                return
        raise RuntimeError("".join(said))

    def seconds(self) -> float:
        """Processor time of its processes so far."""
        if self._process is None:
            return 0.0
        one = psutil.Process(self._process.pid)
        return sum(computed(process.pid) for process in [one, *one.children(recursive=True)])

    def lend(self, memory_gb: float) -> None:
        """Start, and lend so much from now on."""
        self._memory = memory_gb
        self.start()

    def kill(self) -> None:
        """As if its cable were cut: its processes are gone at once, without a word."""
        if self._process is None:
            return
        one = psutil.Process(self._process.pid)
        for process in [*one.children(recursive=True), one]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
        self._process.wait()


def limited(memory: int, command: Sequence[str]) -> list[str]:
    """A command in a control group of so many bytes, which sees no more than that; as it is where that cannot be."""
    if not os.access(GROUPS, os.W_OK):
        return list(command)
    _GROUP.mkdir(exist_ok=True)
    (_GROUP / "memory.limit_in_bytes").write_text(str(memory), encoding="ascii")
    inside = 'echo $$ > "$0/cgroup.procs"; mount --bind "$0" /sys/fs/cgroup/memory; exec "$@"'
    return ["unshare", "-m", "sh", "-c", inside, str(_GROUP), *command]


def bound(memory: int) -> None:
    """Another bound for the group that this process is in, where it is in one."""
    with contextlib.suppress(OSError):
        (GROUPS / "memory.limit_in_bytes").write_text(str(memory), encoding="ascii")


def unlimited() -> None:
    """The group is gone."""
    with contextlib.suppress(OSError):
        _GROUP.rmdir()


def _names(number: int) -> tuple[str, str, str]:
    return f"mdhelp{number}", f"mdhere{number}", f"mdthere{number}"


def _gone(number: int) -> None:
    space, here, _ = _names(number)
    call("ip", "link", "del", here, fails=True)
    call("ip", "netns", "del", space, fails=True)
