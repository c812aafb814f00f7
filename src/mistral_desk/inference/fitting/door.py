"""One object that answers, for this computer, whether and how fast models run: for the window and the command line.

Files and measuring are off the event loop's thread; what was measured and what a person wishes is kept on the disk.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from mistral_desk.catalog import facts
from mistral_desk.core.errors import DeskError
from mistral_desk.fit import advice, detect, disk, measure, network
from mistral_desk.fit.machine import GB
from mistral_desk.fit.plan import Wishes, server_command
from mistral_desk.fit.runs import Runs
from mistral_desk.fit.speed import Case, speed
from mistral_desk.inference.child import NOT_NEEDED
from mistral_desk.inference.fitting import measured as measuring
from mistral_desk.inference.fitting.device_file import DeviceFile
from mistral_desk.inference.fitting.model_facts import Files, judged
from mistral_desk.inference.fitting.remote_facts import RemoteFiles
from mistral_desk.inference.fitting.wish_file import WishFile
from mistral_desk.inference.placement import Expected, Placement
from mistral_desk.inference.remote import Worker
from mistral_desk.inference.rpc.computers import Computers, devices

_AUTOMATIC: Final = Wishes()
_log: Final = logging.getLogger(__name__)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mistral_desk.catalog.gguf import Header
    from mistral_desk.catalog.hub_files import Listing
    from mistral_desk.catalog.hub_files import Variant as RemoteVariant
    from mistral_desk.core.errors import Problem
    from mistral_desk.core.paths import Folders
    from mistral_desk.fit.advice import Offer, Variant
    from mistral_desk.fit.machine import Machine
    from mistral_desk.fit.plan import Plan
    from mistral_desk.fit.runs import Comparison, Record
    from mistral_desk.fit.speed import Run
    from mistral_desk.inference.fitting.measured import Loaded, Work
    from mistral_desk.inference.fitting.model_facts import FileFacts
    from mistral_desk.inference.model_spec import ModelSpec
    from mistral_desk.inference.protocol import Hello
    from mistral_desk.inference.rpc.computers import Computer

CAREFUL: Final = 256 << 20
"""Bytes of a file from which on a plan may keep it from being loaded; below, trying costs next to nothing."""


@dataclass(frozen=True)
class Prepared:
    """How a model is to be loaded: what was asked for, what to ask the engine for, and the plan behind it.

    Without a plan (the file cannot be read: loading it says why) the engine is asked as it was asked.
    """

    asked: ModelSpec
    spec: ModelSpec
    key: str = ""
    wishes: Wishes = _AUTOMATIC
    made: tuple[FileFacts, Machine, Plan] | None = None
    cached: float = field(default=0.0, compare=False)
    """Share of the file that the system holds in memory."""


class Fitting:
    """Plans, wishes and measured runs of this computer. Close it when the program ends.

    A model file is known by its `key`: its name and size, nothing of where it lies.
    """

    def __init__(
        self,
        places: Folders,
        models: Callable[[], Path] | None = None,
        command: Sequence[str] | None = None,
        usual: Callable[[], Wishes] = Wishes,
    ) -> None:
        """`models` tells the folder whose disk is measured; `command` starts another worker than this program's.

        `usual` tells what the person set for all models: it holds where nothing is wished for one of them.
        """
        self._places = places
        self._models = models or (lambda: places.models)
        self._command = command
        self._usual = usual
        self._files = Files(places.cache)
        self._remote = RemoteFiles(places.cache)
        self._runs = Runs.open(places.cache)
        self._wishes, self.notice = WishFile.open(places.data)
        self._devices = DeviceFile(places.cache, places.settings)
        self.computers = Computers(places)
        """Other computers that lend their memory."""
        self._measuring: asyncio.Task[Machine] | None = None
        self._asked: set[Worker] = set()
        self._leaving = asyncio.Event()
        self._allowed: set[str] = set()
        self.holds: Callable[[], int] = int
        """Bytes of memory that a model of ours takes just now, and would give back for another one."""

    @property
    def cache(self) -> Path:
        """The folder for what can be found out again."""
        return self._places.cache

    @property
    def notices(self) -> tuple[Problem, ...]:
        """What happened while opening and should be told."""
        return (self.notice,) if self.notice else ()

    async def close(self) -> None:
        """Returns when nothing is measured any more. Workers that are asked for their devices are ended: one that is
        held, by its driver or by another program, would be waited for.
        """
        if self._measuring:
            self._leaving.set()
            for worker in self._asked:
                worker.kill(NOT_NEEDED)
            with contextlib.suppress(DeskError, asyncio.CancelledError):
                await asyncio.shield(self._measuring)
            self._leaving.clear()

    # --- this computer ----------------------------------------------------------------------------------

    async def machine(self, again: bool = False) -> Machine:
        """This computer as it is now. The first time, and with `again`, its speeds are measured: a few seconds.

        Who asks while it is being measured gets the same answer.
        """
        running = self._measuring
        if running is None or running.done():
            if not again:
                found, measured = await asyncio.to_thread(self._as_known)
                if measured:
                    return found
            running = self._measuring
        if running is None or running.done():
            running = self._measuring = asyncio.get_running_loop().create_task(self._measure(again))
        return await asyncio.shield(running)

    async def _measure(self, again: bool) -> Machine:
        if again or not await asyncio.to_thread(lambda: self._devices.measured):
            await self.ask_devices(measure=True)
        found = await asyncio.to_thread(measure.measured, self._places.cache, self._models(), again=again)
        return await asyncio.to_thread(self._machine, found)

    async def heard(self, hello: Hello) -> None:
        """Take over what a worker said of the devices that it computes on."""
        await asyncio.to_thread(self._devices.learn, hello.devices)

    async def ask_devices(self, *, measure: bool = False) -> None:
        """Start a worker for a moment; with `measure` it measures what it computes on, in a second or two. One
        that does not start has no devices, and says why elsewhere; one that measuring has ended is asked without it.
        """
        if self._leaving.is_set():
            return
        worker = Worker(self._command, measures=measure)
        self._asked.add(worker)
        try:
            await asyncio.to_thread(self._devices.learn, (await worker.start()).devices, measured=measure)
        except DeskError as error:
            _log.info("no worker told its devices: %s", error)
            if self._leaving.is_set():  # it was ended here, and says nothing of what there is
                return
            if measure and error.problem.id != "engine.missing":
                await self.ask_devices()
                await asyncio.to_thread(self._devices.tried)
                return
            await asyncio.to_thread(self._devices.learn, (), keep=False)
        finally:
            self._asked.remove(worker)
            await worker.close()

    def _as_known(self) -> tuple[Machine, bool]:
        """This computer by what is known of it already, and whether that is all: its speeds and its devices."""
        kept = measure.kept(self._places.cache, self._models())
        return self._machine(kept), bool(kept and self._devices.measured)

    def _machine(self, found: measure.Measured | None, there: Sequence[Computer] | None = None) -> Machine:
        """This computer, with the other ones that are `there`; None: that were there the last time."""
        machine = detect.this_machine(self._devices.reports(), found)
        held = self.holds()
        machine = msgspec.structs.replace(machine, available=min(machine.available + held, machine.memory))
        return network.joined(machine, devices(self.computers.usable() if there is None else there)[1])

    # --- loading ----------------------------------------------------------------------------------------

    def allow(self, key: str) -> None:
        """Load this model file whatever its plan says, until the program ends: the person said *Try anyway*."""
        self._allowed.add(key)

    async def prepare(self, asked: ModelSpec, held: Sequence[str] = ()) -> Prepared:
        """How to load a model now: with what is known of this computer, which is never measured for it, and with other
        computers that answer just now, or are `held` (numeric addresses) by the worker that is to go.

        Raises `model.does_not_fit` and `model.from_disk`, unless it was allowed.
        """
        try:
            found = await asyncio.to_thread(self._files.look, Path(asked.path), asked.projector)
        except DeskError as error:
            _log.info("no plan: %s", error)
            return Prepared(asked, asked)
        if found.bytes >= CAREFUL and await asyncio.to_thread(self._devices.known) is None:
            await self.ask_devices()
        there = await self.computers.present(held) if found.bytes >= CAREFUL else ()
        return await asyncio.to_thread(self._prepared, asked, found, there)

    def _prepared(self, asked: ModelSpec, found: FileFacts, there: Sequence[Computer]) -> Prepared:
        machine = self._machine(measure.kept(self._places.cache, self._models()), there)
        wishes = self.wishes(found.key)
        now = _filled(wishes, Wishes(context=asked.context, threads=asked.threads))
        verdict = self.judged(found, machine, now)
        made = verdict.plan
        if found.bytes >= CAREFUL and found.key not in self._allowed:
            refuse(verdict)
        if made.layout is None:
            return Prepared(asked, asked, found.key, wishes)
        mapped = made.load_mode == "mmap"
        case = Case(found.shape, machine, made.layout, made.threads, made.spilled, pinned=not mapped)
        pace = speed(case).tokens_per_s  # of the formulae alone: what a GPU that runs over has taught would excuse it
        placed = Placement.of(made, (*(self._devices.known() or ()), *devices(there)[0]))
        if not (now.threads or self._usual().threads):  # the last core joins in while nobody else needs it
            placed = msgspec.structs.replace(placed, most_threads=machine.cores)
        spec = msgspec.structs.replace(
            asked,
            context=made.context,
            threads=made.threads,
            gpu_layers=made.gpu_layers,
            placement=placed,
            expected=Expected(pace.low, pace.mid),
        )
        return Prepared(asked, spec, found.key, wishes, (found, machine, made), disk.cached(found.path))

    async def learn(self, loaded: Loaded, work: Work) -> Record | None:
        """Keep what an answer took, where it means something; nothing of what was said, and of when only the day."""
        made = measuring.record(loaded, work, midday())
        if made:
            await self.record(made)
        return made

    # --- verdicts ---------------------------------------------------------------------------------------

    async def key(self, path: str | Path) -> str:
        """What stands for a model file in wishes and runs. Raises `model.…`."""
        return (await self._look(path)).key

    async def variant(self, path: str | Path, wishes: Wishes | None = None, *, projector: str | None = None) -> Variant:
        """The verdict on a local model file, with the person's wishes (or others that are tried) and own runs;
        `projector` as in `ModelSpec`. Raises `model.…`, and `projector.…` for a named one.
        """
        found = await asyncio.to_thread(self._files.look, Path(path), projector)
        machine = await self.machine()
        return await asyncio.to_thread(self.judged, found, machine, wishes)

    async def remote(self, listing: Listing, variant: RemoteVariant, headers: Sequence[Header] = ()) -> Variant | None:
        """The verdict on a quantization on the hub, from the `headers` of its files, or from those read before.

        None where no headers are given and none are known. Raises `model.damaged` and `model.not_chat`.
        """
        if headers:
            found: FileFacts | None = await asyncio.to_thread(self._remote.learn, listing, variant, headers)
        else:
            found = await asyncio.to_thread(self._remote.known, listing, variant)
        if found is None:
            return None
        verdict = await asyncio.to_thread(self.judged, found, await self.machine())
        return msgspec.structs.replace(verdict, repository=listing.repository)

    async def variants(self, model_id: str) -> tuple[Variant, ...]:
        """The quantizations of known models by id, slug or repository, best here first; none for an unknown one."""
        machine, runs = await self.machine(), self._runs.corrections()

        def judge() -> tuple[Variant, ...]:
            found = [one for model in facts.find(model_id) for one in advice.variants(model, machine, None, runs)]
            return tuple(sorted(found, key=advice.merit, reverse=True))

        return await asyncio.to_thread(judge)

    async def standing(self) -> dict[str, tuple[Variant, ...]]:
        """The same of all known models, by their ids: what a ranking is made of."""
        machine, runs = await self.machine(), self._runs.corrections()
        return await asyncio.to_thread(advice.standing, machine, None, runs)

    async def ranking(self) -> tuple[Offer, ...]:
        """All known models, the one to take here first."""
        machine, runs = await self.machine(), self._runs.corrections()
        return await asyncio.to_thread(advice.ranking, machine, None, runs)

    async def expected(self) -> tuple[Offer, ...]:
        """The ranking as far as it can be told at once: what nobody has measured yet is estimated. Empty where all is
        measured: then `ranking` waits for nothing either.
        """
        machine, measured = await asyncio.to_thread(self._as_known)
        return () if measured else await asyncio.to_thread(advice.ranking, machine, None, self._runs.corrections())

    def judged(self, found: FileFacts, machine: Machine, wishes: Wishes | None = None) -> Variant:
        """The verdict on a file on a machine; wishes of the moment go before the stored ones. It blocks."""
        asked = _filled(wishes or self.wishes(found.key), self._usual())
        return judged(found, machine, asked, self._runs.corrections(found.key))

    async def server_command(self, path: str | Path) -> str:
        """The plan for a local file as a `llama-server` command; empty where it does not fit. Raises `model.…`."""
        found, verdict, machine = await self._look(path), await self.variant(path), await self.machine()
        return server_command(verdict.plan, machine, str(found.path), found.projector)

    async def _look(self, path: str | Path) -> FileFacts:
        return await asyncio.to_thread(self._files.look, Path(path))

    # --- wishes -----------------------------------------------------------------------------------------

    def wishes(self, key: str) -> Wishes:
        """What the person set by hand for a model file; all automatic where nothing was."""
        return self._wishes.of(key)

    async def set_wishes(self, key: str, wishes: Wishes | None) -> None:
        """Set by hand, or with None leave to the plan. Raises `settings.not_saved`; for this run they hold."""
        await asyncio.to_thread(self._wishes.put, key, wishes)

    # --- what was measured ------------------------------------------------------------------------------

    async def record(self, run: Record) -> None:
        """Keep a measured run."""
        await asyncio.to_thread(self._runs.add, run)

    def corrections(self, key: str = "") -> tuple[Run, ...]:
        """The runs that correct a prediction, those of this model file marked as its own."""
        return self._runs.corrections(key)

    def runs(self, key: str) -> tuple[Record, ...]:
        """What this computer measured with a model file, oldest first."""
        return self._runs.of(key)

    async def comparison(self, key: str) -> Comparison:
        """Predicted beside measured for a model file; without runs its figures are empty."""
        return self.beside(key)

    def beside(self, key: str) -> Comparison:
        """The same for whoever runs no event loop."""
        return self._runs.comparison(key)

    def forget(self) -> None:
        """Drop wishes, runs and other computers from memory: for whoever has deleted the files."""
        self._runs.forget()
        self._wishes.forget()
        self.computers.forget()


def refuse(verdict: Variant) -> None:
    """Raise why a model should not be loaded without a clear word; returns where nothing is against it."""
    made = verdict.plan
    if not made.fits:
        raise DeskError("model.does_not_fit", name=verdict.name, lacking=round(max(made.lacking / GB, 0.1), 1))
    if made.speed and made.speed.region == "disk":
        minutes, thinking = (max(1, round(t.mid / 60)) for t in (made.speed.answer_s, made.speed.thinking_answer_s))
        raise DeskError("model.from_disk", name=verdict.name, minutes=minutes, thinking=thinking)


def _filled(wishes: Wishes, usual: Wishes) -> Wishes:
    """What is wished for one model, with what was set for all of them where nothing is."""
    return msgspec.structs.replace(
        wishes, context=wishes.context or usual.context, threads=wishes.threads or usual.threads
    )


def midday(now: float | None = None) -> float:
    """Noon of a day here, in seconds since 1970: all that is kept of when a model ran."""
    day = time.localtime(now)
    return time.mktime((day.tm_year, day.tm_mon, day.tm_mday, 12, 0, 0, 0, 0, -1))
