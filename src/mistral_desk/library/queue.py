"""All downloads: in order, several at once, a model with all its files as one thing, through restarts and full disks.

Plain asyncio, no window: a window and a command line listen for snapshots and call these methods. What only takes time
to pass is waited for; what needs a person pauses and says why.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mistral_desk.core.errors import DeskError, as_problem
from mistral_desk.core.settings import OFFLINE
from mistral_desk.library import orders, there
from mistral_desk.library.job import Job
from mistral_desk.library.orders import Download, Entry, Order, Room
from mistral_desk.library.pace import Pace
from mistral_desk.library.threads import in_thread
from mistral_desk.library.transfer import PASSING, Manner
from mistral_desk.library.wanted import checked, place

if TYPE_CHECKING:
    from collections.abc import Callable

    from mistral_desk.core.errors import Problem
    from mistral_desk.core.settings import Settings
    from mistral_desk.library.awake import Awake
    from mistral_desk.library.part import Remembered
    from mistral_desk.net.client import Net

_log: Final = logging.getLogger(__name__)

OFTEN_S: Final = 0.1
"""Listeners are told at most this often."""
AT_ONCE: Final = 2
_LATER: Final = PASSING | {"net.tls", "net.redirect", "net.cancelled", "library.in_use"}
"""Passes by itself, perhaps."""
_FIRST_RETRY_S: Final = 15.0
_LAST_RETRY_S: Final = 600.0


class Queue:
    """One for the whole app, for one asyncio loop. Begin with `open`, end with `close`: what is under way goes on at
    the next start.
    """

    def __init__(
        self,
        net: Net,
        settings: Settings,
        file: Path,
        models: Callable[[], Path],
        *,
        token: Callable[[], str | None] = lambda: None,
        manner: Callable[[], Manner] = Manner,
        at_once: Callable[[], int] = lambda: AT_ONCE,
        limit: Callable[[], int] = lambda: 0,
        look_again_s: float = 10.0,
        awake: Awake | None = None,
        base: str | None = None,
    ) -> None:
        """`file` remembers the list; `models` is the folder for new orders; `token` may block; `limit` is in bytes a
        second, 0 for none. A full disk is looked at again every `look_again_s`. `awake` keeps the computer from falling
        asleep meanwhile. `base` is the hub's scheme and host.
        """
        self._net, self._settings, self._file, self._models = net, settings, file, models
        self._token, self._manner, self._at_once, self._base = token, manner, at_once, base
        self._look_again_s, self._awake = look_again_s, awake
        self._pace = Pace(limit)
        self._entries: list[Entry] = []
        self._known: dict[str, int] = {}
        self._jobs: dict[str, Job] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._due: dict[str, tuple[float, float]] = {}
        self._contents: dict[str, asyncio.Lock] = {}
        self._remembered: dict[str, Remembered] = {}
        self._listeners: list[Callable[[tuple[Download, ...]], None]] = []
        self._saving = asyncio.Lock()
        self._timer: asyncio.TimerHandle | None = None
        self._ticker: asyncio.TimerHandle | None = None
        self._told_at = 0.0
        self._closed = True
        self._unlisten: Callable[[], None] = lambda: None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def open(self) -> tuple[Problem, ...]:
        """Read the list and begin what was under way; what there is to tell of it."""
        self._loop = asyncio.get_running_loop()
        self._entries, problem = await in_thread(orders.load, self._file)
        self._known = await in_thread(_left, self._entries)
        self._closed = False
        self._unlisten = self._settings.listen(OFFLINE, self._switched)
        self._pump()
        return (problem,) if problem else ()

    async def close(self) -> None:
        """Stop all of it; nothing that came is lost."""
        self._closed = True
        self._unlisten()
        for timer in (self._timer, self._ticker):
            if timer is not None:
                timer.cancel()
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._keep_awake()
        async with self._saving:
            pass

    # --- what a person does ---------------------------------------------------------------------------

    async def room(self, order: Order) -> Room:
        """What an order needs and what there is for it, to be shown before it is given. Raises `library.…`."""
        return await in_thread(there.room, order, self._models(), self._manner().reserve)

    async def add(self, order: Order) -> Download:
        """Put an order at the end of the list; one that is in it already goes on. It is on the disk when this returns.

        Raises `library.name` and `library.list_not_saved`. One that does not fit waits for room.
        """
        order = Order(order.id, order.title, tuple(map(checked, order.files)))
        known = self._find(order.id)
        if known is None or known.done or known.order != order:
            fresh = Entry(order, str(self._models()))
            before = list(self._entries)
            if known is not None:
                self._entries = [entry for entry in self._entries if entry is not known]
                await self._stop(order.id)
            self._entries.append(fresh)
            try:
                await self._save()
            except DeskError:
                self._entries = before
                raise
        else:
            await self.resume(order.id)
        self._pump()
        return self._snapshot(self._entry(order.id))

    async def pause(self, name: str) -> None:
        """Stop it until `resume`. Unknown ids are no error, here and below."""
        entry = self._find(name)
        if entry is None or entry.done:
            return
        entry.paused, entry.problem = True, None
        await self._stop(name)
        await self._kept()
        self._pump()

    async def resume(self, name: str) -> None:
        """Go on, at once if there is a place for it."""
        entry = self._find(name)
        if entry is None or entry.done:
            return
        entry.paused, entry.problem = False, None
        self._due.pop(name, None)
        await self._kept()
        self._pump()

    async def cancel(self, name: str, *, keep: bool) -> None:
        """Take it off the list. With `keep` what came stays, and the same order goes on there; else it is deleted.

        Raises `library.…` where it cannot be deleted; it is off the list then, too.
        """
        entry = self._find(name)
        if entry is None:
            return
        self._entries.remove(entry)  # first: what is in the list begins again as soon as there is a place for it
        self._due.pop(name, None)
        await self._stop(name)
        await self._kept()
        if not keep and not entry.done:
            needed = frozenset(
                place(self._folder(other), file) for other in self._entries for file in other.order.files
            )
            await in_thread(there.drop, entry.order, self._folder(entry), needed)
        self._pump()

    async def move(self, name: str, position: int) -> None:
        """Give it another place in the list, 0 is the first. What is under way goes on."""
        entry = self._find(name)
        if entry is not None:
            self._entries.remove(entry)
            self._entries.insert(max(0, position), entry)
            await self._kept()
            self._pump()

    # --- what a window shows --------------------------------------------------------------------------

    def downloads(self) -> tuple[Download, ...]:
        """All of them as they are now, in order."""
        return tuple(self._snapshot(entry) for entry in self._entries)

    def listen(self, listener: Callable[[tuple[Download, ...]], None]) -> Callable[[], None]:
        """Be told of changes, at most 10 times a second, in the loop; what comes back ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    @property
    def busy(self) -> bool:
        """Whether something is on its way, so that the computer should stay awake."""
        return bool(self._tasks)

    def _snapshot(self, entry: Entry) -> Download:
        job = self._jobs.get(entry.order.id)
        due = self._due.get(entry.order.id)
        total = entry.order.bytes
        if entry.done:
            return Download(entry.order, entry.folder, "done", total, total)
        done = self._done(entry.order.id)
        if job is not None and entry.order.id in self._tasks:
            speed, left_s = job.speed()
            return Download(
                entry.order, entry.folder, job.state, done, total, speed, left_s, job.file, job.number, job.trouble
            )
        if entry.paused:
            return Download(entry.order, entry.folder, "paused", done, total, problem=entry.problem)
        if due is not None and entry.problem is not None and (left := due[0] - time.monotonic()) > 0:
            retry = left if left < float("inf") else None
            return Download(entry.order, entry.folder, "waiting", done, total, problem=entry.problem, retry_s=retry)
        return Download(entry.order, entry.folder, "queued", done, total)

    def _done(self, name: str) -> int:
        """Bytes that are there: as the job knows it, and until it has looked, as was known before."""
        job = self._jobs.get(name)
        return job.done if job is not None and job.looked else self._known.get(name, 0)

    def _tell_soon(self) -> None:
        if self._ticker is None and not self._closed and self._loop is not None:
            pause = max(0.0, self._told_at + OFTEN_S - self._loop.time())
            self._ticker = self._loop.call_later(pause, self._tell)

    def _tell(self) -> None:
        self._ticker = None
        if self._loop is not None:
            self._told_at = self._loop.time()
        found = self.downloads()
        for listener in tuple(self._listeners):
            listener(found)
        if self._tasks:
            self._tell_soon()

    # --- what goes on by itself -----------------------------------------------------------------------

    def _pump(self) -> None:
        """Begin what can begin, and look again when something else can."""
        if self._closed:
            return
        now = time.monotonic()
        for entry in self._entries:
            name = entry.order.id
            if len(self._tasks) >= max(1, self._at_once()):
                break
            if entry.done or entry.paused or name in self._tasks or self._due.get(name, (0.0, 0.0))[0] > now:
                continue
            self._known[name] = self._done(name)
            job = Job(
                self._net,
                entry.order,
                self._folder(entry),
                manner=self._manner(),
                pace=self._pace,
                contents=self._contents,
                remembered=self._remembered,
                base=self._base,
            )
            self._jobs[name] = job
            self._tasks[name] = asyncio.get_running_loop().create_task(self._run(entry, job), name=f"download {name}")
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        waiting = [at for name, (at, _) in self._due.items() if name not in self._tasks and at < float("inf")]
        if waiting and self._loop is not None:
            self._timer = self._loop.call_later(max(0.01, min(waiting) - now), self._pump)
        self._keep_awake()
        self._tell_soon()

    def _keep_awake(self) -> None:
        if self._awake is not None:
            self._awake.want(bool(self._tasks))

    async def _run(self, entry: Entry, job: Job) -> None:
        name = entry.order.id
        try:
            token = await asyncio.to_thread(self._token)
            await job.run(token, self._others_need(entry))
        except DeskError as error:
            self._tasks.pop(name, None)
            self._failed(entry, job, error)
            await self._kept()
        except Exception as error:  # noqa: BLE001 - the list must go on; the log has it
            self._tasks.pop(name, None)
            entry.paused, entry.problem = True, as_problem(error)
            _log.exception("a download ended by an error of the program")
            await self._kept()
        else:
            self._tasks.pop(name, None)
            entry.done, entry.problem = True, None
            self._due.pop(name, None)
            self._jobs.pop(name, None)
            await self._kept()
        finally:
            self._tasks.pop(name, None)
            self._pump()

    def _failed(self, entry: Entry, job: Job, error: DeskError) -> None:
        """Whether it goes on by itself, and when."""
        name, problem = entry.order.id, error.problem
        _log.info("a download pauses: %s", problem.id)
        entry.problem = problem
        before = 0.0 if job.received else self._due.get(name, (0.0, 0.0))[1]
        now = time.monotonic()
        if problem.id == "library.disk_full":
            self._due[name] = (now + self._look_again_s, 0.0)
        elif problem.id == "net.offline":
            self._due[name] = (float("inf") if self._net.offline else now, 0.0)
        elif problem.id in _LATER:
            pause = min(_LAST_RETRY_S, max(2 * before, _FIRST_RETRY_S))
            asked = problem.params.get("seconds", 0) if problem.id == "net.too_many" else 0
            self._due[name] = (now + max(pause, float(asked)), pause)
        else:
            entry.paused = True

    def _others_need(self, entry: Entry) -> int:
        """Bytes that downloads on the same disk, which run already, are still to write."""
        here = [
            job
            for name, job in self._jobs.items()
            if name in self._tasks and name != entry.order.id and job.device == self._jobs[entry.order.id].device
        ]
        return sum(max(0, job.order.bytes - self._done(job.order.id)) for job in here)

    def _switched(self, offline: bool) -> None:
        """The offline switch; in any thread."""
        if not offline and self._loop is not None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._online)

    def _online(self) -> None:
        for entry in self._entries:
            if entry.problem is not None and entry.problem.id == "net.offline":
                self._due.pop(entry.order.id, None)
        self._pump()

    async def _stop(self, name: str) -> None:
        task = self._tasks.get(name)
        if task is not None:
            task.cancel()
            await asyncio.wait((task,))
            if self._tasks.get(name) is task:
                del self._tasks[name]  # one that had not begun to run does not do it itself

    def _find(self, name: str) -> Entry | None:
        return next((entry for entry in self._entries if entry.order.id == name), None)

    def _entry(self, name: str) -> Entry:
        return next(entry for entry in self._entries if entry.order.id == name)

    def _folder(self, entry: Entry) -> Path:
        return Path(entry.folder)

    async def _save(self) -> None:
        async with self._saving:
            await in_thread(orders.save, self._file, list(self._entries))

    async def _kept(self) -> None:
        """Save; that it did not work out stops no download."""
        try:
            await self._save()
        except DeskError as error:
            _log.warning("the list of downloads was not saved: %s", error.problem.params.get("reason"))
        self._tell_soon()


def _left(entries: list[Entry]) -> dict[str, int]:
    """Bytes of each order that earlier runs noted as there. Blocks."""
    found = {}
    for entry in entries:
        with contextlib.suppress(DeskError):
            needed = there.room(entry.order, Path(entry.folder), 0).needed
            found[entry.order.id] = max(0, entry.order.bytes - needed)
    return found
