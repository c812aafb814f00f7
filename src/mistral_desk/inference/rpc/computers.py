"""The other computers that a person added: kept in a small file, tested and measured, and asked again before each use.

What is known of them makes plans; only one that has answered a moment ago is ever given to an engine.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from typing import TYPE_CHECKING, Final

import msgspec

from mistral_desk.core import lasting
from mistral_desk.core.errors import DeskError
from mistral_desk.core.settings import OFFLINE, glance
from mistral_desk.core.words import mark
from mistral_desk.fit import network
from mistral_desk.inference.device import Device
from mistral_desk.inference.rpc import places as names
from mistral_desk.net.ledger import FILE as CONNECTIONS
from mistral_desk.net.ledger import Ledger
from mistral_desk.net.rpc import address as addresses
from mistral_desk.net.rpc.found import Found

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from pathlib import Path

    from mistral_desk.core.paths import Folders
    from mistral_desk.fit.machine import Gpu
    from mistral_desk.net.ledger import Connection

_log: Final = logging.getLogger(__name__)
FILE: Final = "other-computers.json"
MOST: Final = 16
_MOST_BYTES: Final = 1 << 20
_LOOK_S: Final = 1.5
"""How long a computer may take to answer before a model is loaded without it: each load waits as long for one that is
switched off.
"""
WHO: Final = "helper"
ASKS: Final = mark("To test another computer that lends its memory.")
COMPUTES: Final = mark("To compute with a model that lies on another computer in part.")


class Computer(msgspec.Struct, frozen=True):
    """One other computer: the address as it was typed, and what the last test found, if it went well."""

    address: str
    found: Found | None = None

    @property
    def place(self) -> str:
        """Its address as a number, as the engine takes it; empty before a test."""
        return f"{self.found.host}:{self.found.port}" if self.found else ""


class _Kept(msgspec.Struct, frozen=True):
    computers: tuple[Computer, ...] = ()


class Computers:
    """The list. Its properties may be used from any thread; what is `async` asks the network in a thread of its own."""

    def __init__(self, places: Folders) -> None:
        """Reads the list when it is first wanted; one that makes no sense counts as empty, and is left as it is."""
        self._path = places.settings.parent / FILE
        self._settings = places.settings
        self.ledger = Ledger(places.data / CONNECTIONS)
        self.offline: Callable[[], bool] = lambda: False
        """Whether connections are off for this run, which the file may not say: it is written later, or not at all."""
        self._lock = threading.Lock()
        self._kept: _Kept | None = None
        self._away: dict[str, str] = {}

    @property
    def allowed(self) -> bool:
        """Whether connections may be made at all."""
        return not self.offline() and not glance(self._settings, OFFLINE)

    def all(self) -> tuple[Computer, ...]:
        """Those that were added, in their order. The first call reads a small file."""
        with self._lock:
            if self._kept is None:
                self._kept = _read(self._path)
            return self._kept.computers

    def away(self, computer: Computer) -> str:
        """The id of the message for why it was not there the last time; empty for one that was."""
        return self._away.get(computer.address, "")

    def usable(self) -> tuple[Computer, ...]:
        """Those that plans count on: measured, there the last time, and allowed."""
        if not self.all() or not self.allowed:
            return ()
        return tuple(one for one in self.all() if one.found and one.found.measured and one.address not in self._away)

    async def add(self, text: str) -> Computer:
        """Test and measure what a person typed, and keep it. Raises `helper.…`, `net.offline`; nothing is kept then."""
        at = addresses.parsed(text)
        if len(self.all()) >= MOST and all(one.address != str(at) for one in self.all()):
            raise DeskError("helper.many", most=MOST)
        return await self._tested(str(at))

    async def test(self, computer: Computer) -> Computer:
        """Test and measure it again. Raises `helper.…` and `net.offline`; it is away then, and plans do without it."""
        try:
            return await self._tested(computer.address)
        except DeskError as error:
            self._away[computer.address] = error.problem.id
            raise

    async def remove(self, computer: Computer) -> None:
        """Take it off the list. Raises `settings.not_saved`; for this run it is gone."""
        self._away.pop(computer.address, None)
        await asyncio.to_thread(self.put, computer.address, None)

    async def present(self, held: Collection[str] = ()) -> tuple[Computer, ...]:
        """The usable ones that answer just now, with their free memory; who does not is away from now on, and who was
        away and answers is back. Of those `held` (numeric addresses) by our own worker no answer is asked for: they
        serve one computer at a time.
        """
        if not self.all() or not self.allowed:
            return ()
        measured = [one for one in self.all() if one.found and one.found.measured]
        looked = await asyncio.gather(*(self._look(one, one.place in held) for one in measured))
        return tuple(one for one in looked if one)

    def forget(self) -> None:
        """Drop the list from memory: for whoever has deleted its file."""
        with self._lock:
            self._kept = _Kept()
            self._away.clear()

    def lost(self, places: Collection[str]) -> None:
        """These (numeric addresses) were gone in the middle of something."""
        for one in self.all():
            if one.place in places:
                self._away[one.address] = "helper.gone"

    @contextlib.contextmanager
    def noted(self, host: str, why: str) -> Iterator[Connection]:
        """A connection in the list of them, which is written before anything is sent."""
        entry = self.ledger.begin(host, WHO, why)
        self.ledger.flush()
        problem = ""
        try:
            yield entry
        except DeskError as error:
            problem = error.problem.id
            raise
        finally:
            self.ledger.end(entry, problem)
            self.ledger.flush()

    async def _look(self, computer: Computer, held: bool) -> Computer | None:
        if held:
            return computer
        try:
            found = await asyncio.to_thread(self._asked, computer.address, _is_there)
        except DeskError as error:
            _log.info("a helper is not there: %s", error)
            self._away[computer.address] = error.problem.id
            return None
        self._away.pop(computer.address, None)
        return msgspec.structs.replace(computer, found=_free_now(computer.found, found))

    async def _tested(self, text: str) -> Computer:
        found = await asyncio.to_thread(self._asked, text, _measured)
        computer = Computer(text, found)
        self._away.pop(text, None)
        await asyncio.to_thread(self.put, text, computer)
        return computer

    def _asked(self, text: str, ask: Callable[[addresses.Address], Found]) -> Found:
        at = addresses.parsed(text)
        if not self.allowed:
            raise DeskError("net.offline", host=at.host)
        with self.noted(at.host, ASKS):
            return ask(at)

    def put(self, text: str, computer: Computer | None) -> None:
        """Replace, add or remove one, and write the list; it blocks. Raises `settings.not_saved`."""
        before = self.all()
        with self._lock:
            if computer and any(one.address == text for one in before):
                after = tuple(computer if one.address == text else one for one in before)
            else:
                after = (*(one for one in before if one.address != text), *([computer] if computer else []))
            self._kept = _Kept(after)
            content = msgspec.json.format(msgspec.json.encode(self._kept), indent=1)
            try:
                lasting.write_whole(self._path, content + b"\n")
            except OSError as error:
                raise DeskError(
                    "settings.not_saved", path=str(self._path), reason=error.strerror or str(error)
                ) from error


def devices(computers: Sequence[Computer]) -> tuple[tuple[Device, ...], tuple[Gpu, ...]]:
    """What these lend, as the engine names it and as a plan takes it, in one order."""
    engine: list[Device] = []
    plan: list[Gpu] = []
    for one in computers:
        if one.found is None:
            continue
        for number, lent in enumerate(one.found.devices):
            name = names.device_name(one.place, number)
            engine.append(Device(name, one.address, "remote", lent.free, lent.total))
            plan.append(network.device(one.found, number, addresses.parsed(one.address).host))
    return tuple(engine), tuple(plan)


def _is_there(at: addresses.Address) -> Found:
    from mistral_desk.net.rpc import probe  # noqa: PLC0415 - a start needs it only where there are other computers

    return probe.look(at, _LOOK_S)


def _measured(at: addresses.Address) -> Found:
    from mistral_desk.net.rpc import probe  # noqa: PLC0415 - as above

    return probe.measure(at)


def _free_now(before: Found | None, now: Found) -> Found | None:
    """What was measured, with the free memory of now; None where it lends other devices than then."""
    if before is None or len(before.devices) != len(now.devices):
        return None
    lent = tuple(
        msgspec.structs.replace(old, free=new.free, total=new.total)
        for old, new in zip(before.devices, now.devices, strict=True)
    )
    return msgspec.structs.replace(before, host=now.host, port=now.port, devices=lent)


def _read(path: Path) -> _Kept:
    with contextlib.suppress(OSError, ValueError, RecursionError), path.open("rb") as file:
        return msgspec.json.decode(file.read(_MOST_BYTES), type=_Kept)
    return _Kept()
