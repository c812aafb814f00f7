"""One object that answers, for this computer, whether and how fast models run: for the window and the command line.

Files and measuring are off the event loop's thread; what was measured and what a person wishes is kept on the disk.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from mistral_desk.catalog import facts
from mistral_desk.core.errors import DeskError
from mistral_desk.fit import advice, detect, measure
from mistral_desk.fit.machine import GpuReport
from mistral_desk.fit.plan import Wishes, server_command
from mistral_desk.fit.runs import Runs
from mistral_desk.inference.fitting.model_facts import Files
from mistral_desk.inference.fitting.wish_file import WishFile
from mistral_desk.inference.remote import Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mistral_desk.core.errors import Problem
    from mistral_desk.core.paths import Folders
    from mistral_desk.fit.advice import Offer, Variant
    from mistral_desk.fit.machine import Machine
    from mistral_desk.fit.runs import Comparison, Record
    from mistral_desk.inference.fitting.model_facts import FileFacts
    from mistral_desk.inference.protocol import Device

DEVICES: Final = "devices.json"
"""What the engine computes on, as it last said."""


class Fitting:
    """Plans, wishes and measured runs of this computer. Close it when the program ends.

    A model file is known by its `key`: its name and size, nothing of where it lies.
    """

    def __init__(
        self,
        places: Folders,
        models: Callable[[], Path] | None = None,
        command: Sequence[str] | None = None,
    ) -> None:
        """`models` tells the folder whose disk is measured; `command` starts another worker than this program's."""
        self._places = places
        self._models = models or (lambda: places.models)
        self._command = command
        self._files = Files()
        self._runs = Runs.open(places.cache)
        self._wishes, self.notice = WishFile.open(places.data)
        self._devices: tuple[GpuReport, ...] | None = None
        self._measuring: asyncio.Task[Machine] | None = None
        self._seen: dict[str, FileFacts] = {}
        self.holds: Callable[[], int] = int
        """Bytes of memory that a model of ours takes just now, and would give back for another one."""

    @property
    def notices(self) -> tuple[Problem, ...]:
        """What happened while opening and should be told."""
        return (self.notice,) if self.notice else ()

    async def close(self) -> None:
        """Returns when nothing is measured any more."""
        if self._measuring:
            with contextlib.suppress(DeskError, asyncio.CancelledError):
                await asyncio.shield(self._measuring)

    # --- this computer ----------------------------------------------------------------------------------

    async def machine(self, again: bool = False) -> Machine:
        """This computer as it is now. The first time, and with `again`, its speeds are measured: about a second.

        Who asks while it is being measured gets the same answer.
        """
        running = self._measuring
        if running is None or running.done():
            if not again and (kept := await asyncio.to_thread(self._kept)) and self._devices is not None:
                return await asyncio.to_thread(self._machine, kept)
            running = self._measuring
        if running is None or running.done():
            running = self._measuring = asyncio.get_running_loop().create_task(self._measure(again))
        return await asyncio.shield(running)

    async def _measure(self, again: bool) -> Machine:
        if self._devices is None:
            self.learn_devices(await _devices(self._command))
        found = await asyncio.to_thread(measure.measured, self._places.cache, self._models(), again=again)
        return await asyncio.to_thread(self._machine, found)

    def learn_devices(self, devices: Sequence[Device]) -> None:
        """Take over what a worker said of the devices that it computes on."""
        self._devices = tuple(
            GpuReport(one.name, one.description, one.kind, one.memory_free, one.memory_total) for one in devices
        )

    def _kept(self) -> measure.Measured | None:
        return measure.kept(self._places.cache, self._models())

    def _machine(self, measured: measure.Measured | None) -> Machine:
        found = detect.this_machine(self._devices or (), measured)
        held = self.holds()
        return msgspec.structs.replace(found, available=min(found.available + held, found.memory)) if held else found

    # --- verdicts ---------------------------------------------------------------------------------------

    async def key(self, path: str | Path) -> str:
        """What stands for a model file in wishes and runs. Raises `model.…`."""
        return (await self._look(path)).key

    async def variant(self, path: str | Path) -> Variant:
        """The verdict on a local model file, with the person's wishes and own runs. Raises `model.…`."""
        found = await self._look(path)
        machine = await self.machine()
        return await asyncio.to_thread(self.judged, found, machine)

    async def variants(self, model_id: str) -> tuple[Variant, ...]:
        """The quantizations of known models by id, slug or repository, best here first; none for an unknown one."""
        machine, runs = await self.machine(), self._runs.corrections()

        def judge() -> tuple[Variant, ...]:
            found = [one for model in facts.find(model_id) for one in advice.variants(model, machine, None, runs)]
            return tuple(sorted(found, key=advice.merit, reverse=True))

        return await asyncio.to_thread(judge)

    async def ranking(self) -> tuple[Offer, ...]:
        """All known models, the one to take here first."""
        machine, runs = await self.machine(), self._runs.corrections()
        return await asyncio.to_thread(advice.ranking, machine, None, runs)

    def judged(self, found: FileFacts, machine: Machine, wishes: Wishes | None = None) -> Variant:
        """The verdict on a file on a machine; wishes of the moment go before the stored ones. It blocks."""
        asked = wishes or self.wishes(found.key)
        verdict = advice.judge(found.shape, machine, asked, self._runs.corrections(found.key))
        return msgspec.structs.replace(verdict, name=found.name, bytes=found.bytes)

    async def server_command(self, path: str | Path) -> str:
        """The plan for a local file as a `llama-server` command; empty where it does not fit. Raises `model.…`."""
        found, verdict = await self._look(path), await self.variant(path)
        return server_command(verdict.plan, str(found.path), found.projector) if verdict.plan.fits else ""

    async def _look(self, path: str | Path) -> FileFacts:
        return await asyncio.to_thread(self._files.look, Path(path))

    # --- wishes -----------------------------------------------------------------------------------------

    def wishes(self, key: str) -> Wishes:
        """What the person set by hand for a model file; all automatic where nothing was."""
        return self._wishes.of(key)

    async def set_wishes(self, key: str, wishes: Wishes | None) -> None:
        """Set by hand, or with None leave to the plan again. Raises `settings.not_saved`; they hold for this run then."""
        await asyncio.to_thread(self._wishes.put, key, wishes)

    # --- what was measured ------------------------------------------------------------------------------

    async def record(self, run: Record) -> None:
        """Keep a measured run."""
        await asyncio.to_thread(self._runs.add, run)

    def runs(self, key: str) -> tuple[Record, ...]:
        """What this computer measured with a model file, oldest first."""
        return self._runs.of(key)

    async def comparison(self, key: str) -> Comparison:
        """Predicted beside measured for a model file; without runs its figures are empty."""
        return self._runs.comparison(key)

    def forget(self) -> None:
        """Drop wishes and runs from memory: for whoever has deleted the files."""
        self._runs.forget()
        self._wishes.forget()


async def _devices(command: Sequence[str] | None) -> tuple[Device, ...]:
    """What the engine computes on; a worker that does not start has no devices, and says why elsewhere."""
    worker = Worker(command)
    try:
        return (await worker.start()).devices
    except DeskError:
        return ()
    finally:
        await worker.close()


def midday(now: float | None = None) -> float:
    """Noon of a day here, in seconds since 1970: all that is kept of when a model ran."""
    day = time.localtime(now)
    return time.mktime((day.tm_year, day.tm_mon, day.tm_mday, 12, 0, 0, 0, 0, -1))
