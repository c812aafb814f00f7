"""One room of the app on a disk that fails (`disk_layer.c` has to be loaded): each point in turn, then power cuts.

Started with a JSON object (`Plan`); the last line on stdout is a `Ran`. Each life and each look is a process of its
own, forked from this one, so that nothing of a case reaches the next. Linux only.
"""

from __future__ import annotations

import asyncio
import ctypes
import errno
import json
import logging
import os
import random
import select
import shutil
import signal
import sys
import traceback
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from mistral_desk.library.orders import Order
from tests.campaigns import disk_power
from tests.campaigns.disk_promises import Telling, all_heard
from tests.campaigns.disk_rooms import ROOMS, Given, at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.campaigns.disk_rooms import Seen

END_S: Final = 120.0
"""Only a case that hangs meets it."""
_KINDS: Final = ("error", "full", "torn")


class Plan(msgspec.Struct, frozen=True):
    """`faults` and `cuts` bound how many cases there are at most (0: all); `seed` chooses which."""

    room: str
    folder: str
    seed: int
    faults: int = 0
    cuts: int = 0
    hub: str = ""
    order: Order | None = None


class Ran(msgspec.Struct):
    """What came of it. `points` are the changes of the disk in one life; `lost` has a line for each promise broken."""

    room: str
    points: int = 0
    faults: int = 0
    cuts: int = 0
    said: dict[str, int] = {}
    lost: list[str] = []


class Fault(msgspec.Struct, frozen=True, order=True):
    """Which point fails, and how: once (`error`, `torn`: half is written), or from there on (`full`)."""

    at: int = 0
    kind: str = "error"


class Disk:
    """The layer that is loaded into this process."""

    def __init__(self) -> None:
        self._layer = ctypes.CDLL(None)
        self._layer.disk_begin.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_long, *[ctypes.c_int] * 3]
        self._layer.disk_points.restype = ctypes.c_long

    def begin(self, home: Path, log: Path | None, fault: Fault) -> None:
        number = errno.ENOSPC if fault.kind == "full" else errno.EIO
        where = os.fsencode(log) if log else b""
        self._layer.disk_begin(
            os.fsencode(home), where, fault.at, number, int(fault.kind == "full"), int(fault.kind == "torn")
        )

    def mark(self, text: bytes) -> None:
        self._layer.disk_mark(text)

    def end(self) -> int:
        """How many points there were."""
        points: int = self._layer.disk_points()
        self._layer.disk_end()
        return points


class Driver:
    """One room."""

    def __init__(self, plan: Plan) -> None:
        self._plan, self._room = plan, ROOMS[plan.room]
        self._home = Path(plan.folder) / "Zu Hause bei Müller"
        self._log = Path(plan.folder) / "log"
        self._given = Given(plan.hub, plan.order)
        self._disk = Disk()
        self._dice = random.Random(plan.seed)
        self.ran = Ran(plan.room)
        self._said: Counter[str] = Counter()

    def run(self) -> Ran:
        first = self._live(Fault(), self._log)
        self.ran.points = first.get("points", 0)
        if first["wrong"] or first["said"]:
            self.ran.lost.append(f"on a disk that is well: {first['wrong'] or first['said']}")
            return self.ran
        self._check("on a disk that is well", first["told"])
        for fault in self._faults():
            self._fail(fault)
        self._cut()
        self.ran.said = dict(self._said)
        return self.ran

    # --- a disk that fails --------------------------------------------------------------------------------

    def _faults(self) -> list[Fault]:
        every = [Fault(point, kind) for point in range(1, self.ran.points + 1) for kind in _KINDS]
        return self._some(every, self._plan.faults)

    def _some(self, every: list[Any], most: int) -> list[Any]:
        return sorted(self._dice.sample(every, most)) if 0 < most < len(every) else every

    def _fail(self, fault: Fault) -> None:
        self.ran.faults += 1
        name = f"{fault.kind} at {fault.at} of {self.ran.points}"
        lived = self._live(fault, None)
        if lived["wrong"]:
            self.ran.lost.append(f"{name}: {lived['wrong']}")
        self._said.update(lived["said"])
        self._check(name, lived["told"])

    def _live(self, fault: Fault, log: Path | None) -> dict[str, Any]:
        shutil.rmtree(self._home, ignore_errors=True)

        def work() -> dict[str, Any]:
            places = at(self._home)
            telling = Telling(self._disk.mark)
            logging.getLogger().addHandler(_Heard(telling.warned))
            logging.getLogger().propagate = False
            self._disk.begin(self._home, log, fault)
            wrong = ""
            try:
                asyncio.run(_life(self._room.live(places, telling, self._given), telling))
            except Exception as error:  # noqa: BLE001 - that is what is looked for
                wrong = "".join(traceback.format_exception(error, limit=-6))
            points = self._disk.end()
            return {"points": points, "told": telling.told, "said": telling.said, "wrong": wrong}

        return _forked(work)

    # --- power cuts -------------------------------------------------------------------------------------

    def _cut(self) -> None:
        ops = disk_power.read(self._log)
        changes = [index for index, op in enumerate(ops) if op.kind != "m"]
        every = [(index, how) for index in changes for how in disk_power.LEAVES]
        chosen: dict[int, list[disk_power.Leaves]] = {}
        for index, how in self._some(every, self._plan.cuts):
            chosen.setdefault(index, []).append(how)
        disk, told = disk_power.Disk(), []
        for index, op in enumerate(ops):
            if op.kind == "m":
                told.append(op.said)
                continue
            disk.take(op)
            # What the program said before the next change is said before the cut, too.
            said = [*told, *(_said_next(ops, index))]
            for how in chosen.get(index, ()):
                self.ran.cuts += 1
                self._leave(disk.leave(how, self._dice))
                self._check(f"{how} after {index} ({op.kind} {Path(op.path).name})", said)

    def _leave(self, files: Iterator[tuple[str, bytes]]) -> None:
        shutil.rmtree(self._home, ignore_errors=True)
        for name, content in files:
            path = Path(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    # --- looking ----------------------------------------------------------------------------------------

    def _check(self, name: str, told: list[dict[str, Any]]) -> None:
        def work() -> dict[str, Any]:
            places = at(self._home)
            try:
                seen: Seen = asyncio.run(_look(self._room.look(places, self._given)))
            except Exception as error:  # noqa: BLE001 - that is what is looked for
                return {"wrong": "".join(traceback.format_exception(error, limit=-4)), "seen": {}}
            return {"wrong": "", "seen": seen}

        looked = _forked(work)
        if looked["wrong"]:
            self.ran.lost.append(f"{name}: it does not open: {looked['wrong']}")
            return
        self.ran.lost += [f"{name}: {one}" for one in all_heard(told).broken(looked["seen"])]


def _said_next(ops: list[disk_power.Op], index: int) -> Iterator[dict[str, Any]]:
    for op in ops[index + 1 :]:
        if op.kind != "m":
            return
        if op.said["what"] == "trying":  # what was not begun when the power went cannot be there
            return
        yield op.said


class _Heard(logging.Handler):
    def __init__(self, into: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._into = into

    def emit(self, record: logging.LogRecord) -> None:
        self._into.append(record.getMessage())


async def _life(work: Any, telling: Telling) -> None:
    """A life to its end; what it raises for a person counts as said."""
    from mistral_desk.core.errors import DeskError

    try:
        async with asyncio.timeout(END_S):
            await work
    except DeskError as error:
        telling.said.append(error.problem.id)


async def _look(work: Any) -> Seen:
    async with asyncio.timeout(END_S):
        seen: Seen = await work
        return seen


def _forked(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What `work` returns in a process of its own."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        status = 1
        try:
            with os.fdopen(writing, "wb") as pipe:
                pipe.write(json.dumps(work()).encode())
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    content = b""
    with os.fdopen(reading, "rb") as pipe:
        while select.select([pipe], [], [], 2 * END_S)[0]:
            part = os.read(pipe.fileno(), 1 << 20)
            if not part:
                break
            content += part
        else:
            os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    try:
        done: dict[str, Any] = json.loads(content)
    except ValueError:
        return {"wrong": "the process hung or died", "told": [], "said": [], "seen": {}, "points": 0}
    return done


if __name__ == "__main__":
    given = msgspec.json.decode(sys.argv[1], type=Plan)
    if given.room == "drafts":
        import mistral_desk.ui.drafts  # noqa: F401 - once, before the forks
    sys.stdout.write(msgspec.json.encode(Driver(given).run()).decode() + "\n")
