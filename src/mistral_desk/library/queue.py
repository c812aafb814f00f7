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
from mistral_desk.core.settings import DOWNLOAD_CONNECTIONS, DOWNLOADS_AT_ONCE, OFFLINE
from mistral_desk.library import orders, patience, there
from mistral_desk.library.job import Job, Means
from mistral_desk.library.lines import Lines
from mistral_desk.library.orders import Download, Entry, Kept, Order, Room
from mistral_desk.library.pace import Pace
from mistral_desk.library.telling import Teller
from mistral_desk.library.threads import in_thread
from mistral_desk.library.transfer import Manner
from mistral_desk.library.wanted import checked, place

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mistral_desk.core.errors import Problem
    from mistral_desk.core.settings import Settings
    from mistral_desk.library.awake import Awake
    from mistral_desk.net.client import Net

_log: Final = logging.getLogger(__name__)

_TELLING: Final = 8_000_000
"""Bytes that a download must bring before it tells something of the line."""


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
        at_once: Callable[[], int] | None = None,
        limit: Callable[[], int] = lambda: 0,
        look_again_s: float = 10.0,
        awake: Awake | None = None,
        base: str | None = None,
        came: Callable[[Order], Awaitable[None]] | None = None,
    ) -> None:
        """`file` remembers the list; `models` is the folder for new orders; `token` may block; `limit` is in bytes a
        second, 0 for none. A full disk is looked at again every `look_again_s`. `awake` keeps the computer from falling
        asleep meanwhile. `base` is the hub's scheme and host. `came` is awaited for each order of which all is there,
        before it counts as done.
        """
        self._net, self._settings, self._file, self._models = net, settings, file, models
        self._token, self._manner = token, manner
        self._at_once = at_once or (lambda: settings.get(DOWNLOADS_AT_ONCE))
        self._look_again_s, self._awake, self._came = look_again_s, awake, came
        self._limit = limit
        self._means = Means(net, Lines(net), Pace(limit), base)
        self._entries: list[Entry] = []
        self._known: dict[str, int] = {}
        self._jobs: dict[str, Job] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._due: dict[str, tuple[float, float]] = {}
        self._teller = Teller(self.downloads, lambda: bool(self._tasks))
        self._saving = asyncio.Lock()
        self._timer: asyncio.TimerHandle | None = None
        self._closed = True
        self._held = False
        self._unlisten: tuple[Callable[[], None], ...] = ()
        self.line_speed: float | None = None
        """Bytes a second that the line gave last; None where no download told."""

    async def open(self) -> tuple[Problem, ...]:
        """Read the list and begin what was under way; what there is to tell of it."""
        loop = asyncio.get_running_loop()
        kept, problem = await in_thread(orders.load, self._file)
        self._entries, self.line_speed = list(kept.entries), kept.line_speed
        self._known = await in_thread(there.noted, self._entries)
        self._closed = False
        self._teller.open()
        self._unlisten = (
            self._settings.listen(OFFLINE, lambda offline: None if offline else _soon(loop, self._online)),
            self._settings.listen(DOWNLOADS_AT_ONCE, lambda _: _soon(loop, self._begin_anew, 0)),
            self._settings.listen(DOWNLOAD_CONNECTIONS, lambda _: _soon(loop, self._begin_anew, len(self._entries))),
        )
        self._pump()
        return (problem,) if problem else ()

    async def close(self) -> None:
        """Stop all of it; nothing that came is lost."""
        self._closed = True
        for unlisten in self._unlisten:
            unlisten()
        self._teller.close()
        if self._timer is not None:
            self._timer.cancel()
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._means.lines.close()
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
            self._entries = [entry for entry in self._entries if entry is not known]
            await self._stop(order.id)
            self._due.pop(order.id, None)  # what the one before had to wait for
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
            needed = frozenset(place(Path(other.folder), file) for other in self._entries for file in other.order.files)
            await in_thread(there.drop, entry.order, Path(entry.folder), needed)
        self._pump()

    async def move(self, name: str, position: int) -> None:
        """Give it another place in the list, 0 is the first. What is under way goes on."""
        entry = self._find(name)
        if entry is not None:
            self._entries.remove(entry)
            self._entries.insert(max(0, position), entry)
            await self._kept()
            self._pump()

    async def hold(self) -> None:
        """Stop all of it and begin nothing, until `release`: the folder is on the move."""
        self._held = True
        for name in list(self._tasks):
            await self._stop(name)
        self._teller.soon()

    async def release(self, old: Path | None = None, new: Path | None = None) -> None:
        """Go on; what was ordered into the folder `old` lies in `new` now."""
        if old is not None and new is not None:
            for entry in self._entries:
                if Path(entry.folder) == old:
                    entry.folder = str(new)
            self._means.remembered.clear()
        self._held = False
        await self._kept()
        self._pump()

    # --- what a window shows --------------------------------------------------------------------------

    def downloads(self) -> tuple[Download, ...]:
        """All of them as they are now, in order."""
        return tuple(self._snapshot(entry) for entry in self._entries)

    def listen(self, listener: Callable[[tuple[Download, ...]], None]) -> Callable[[], None]:
        """Be told of changes, at most 10 times a second, in the loop; what comes back ends it."""
        return self._teller.listen(listener)

    @property
    def busy(self) -> bool:
        """Whether something is on its way."""
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

    # --- what goes on by itself -----------------------------------------------------------------------

    def _pump(self) -> None:
        """Begin what can begin, and look again when something else can."""
        if self._closed or self._held:
            return
        now = time.monotonic()
        for entry in self._entries:
            name = entry.order.id
            if len(self._tasks) >= max(1, self._at_once()):
                break
            if entry.done or entry.paused or name in self._tasks or self._due.get(name, (0.0, 0.0))[0] > now:
                continue
            self._known[name] = self._done(name)
            job = self._jobs[name] = Job(self._means, entry.order, Path(entry.folder), self._manner())
            self._tasks[name] = asyncio.get_running_loop().create_task(self._run(entry, job), name=f"download {name}")
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        waiting = [at for name, (at, _) in self._due.items() if name not in self._tasks and at < float("inf")]
        if waiting:
            self._timer = asyncio.get_running_loop().call_later(max(0.01, min(waiting) - now), self._pump)
        self._keep_awake()
        self._teller.soon()

    def _keep_awake(self) -> None:
        if self._awake is not None:
            self._awake.want(bool(self._tasks))

    async def _run(self, entry: Entry, job: Job) -> None:
        name = entry.order.id
        try:
            token = await asyncio.to_thread(self._token)
            await job.run(token, self._others_need(entry))
            if self._came is not None:
                await self._came(entry.order)
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
            if self._tasks.get(name) is asyncio.current_task():
                del self._tasks[name]  # not the next try, which may have begun while the list was saved
            if job.received >= _TELLING and (line := self._line(job)):
                self.line_speed = line
            self._pump()

    def _failed(self, entry: Entry, job: Job, error: DeskError) -> None:
        """Whether it goes on by itself, and when."""
        name, problem = entry.order.id, error.problem
        _log.info("a download pauses: %s", problem.id)
        entry.problem = problem
        before = 0.0 if job.received else self._due.get(name, (0.0, 0.0))[1]
        found = patience.pauses(problem, before, offline=self._net.offline, full_s=self._look_again_s)
        if found is None:
            entry.paused = True
        else:
            self._due[name] = (time.monotonic() + found[0], found[1])

    def _others_need(self, entry: Entry) -> int:
        """Bytes that downloads on the same disk, which run already, are still to write."""
        here = [
            job
            for name, job in self._jobs.items()
            if name in self._tasks and name != entry.order.id and job.device == self._jobs[entry.order.id].device
        ]
        return sum(max(0, job.order.bytes - self._done(job.order.id)) for job in here)

    def _line(self, ended: Job) -> float:
        """Bytes a second of all that ran together; 0 where nobody asked for it, or where a limit was set."""
        jobs = (ended, *map(self._jobs.get, self._tasks))
        return 0.0 if self._limit() else sum(job.last_speed for job in jobs if job)

    def _begin_anew(self, others: int) -> None:
        """End what runs beyond the number of downloads at once, and so many `others`: they begin again as is set now.

        What is checked or repaired goes on: it would begin from the start.
        """
        running = [entry.order.id for entry in self._entries if entry.order.id in self._tasks]
        most = max(1, self._at_once())
        ended = [*running[:most][:others], *running[most:]]
        for name in ended:
            if self._jobs[name].state == "fetching":
                self._tasks[name].cancel()
        self._pump()

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

    async def _save(self) -> None:
        async with self._saving:
            kept = Kept(orders.FORMAT, tuple(self._entries), self.line_speed)
            await in_thread(orders.save, self._file, kept)

    async def _kept(self) -> None:
        """Save; that it did not work out stops no download."""
        try:
            await self._save()
        except DeskError as error:
            _log.warning("the list of downloads was not saved: %s", error.problem.params.get("reason"))
        self._teller.soon()


def _soon(loop: asyncio.AbstractEventLoop, work: Callable[..., None], *args: object) -> None:
    """Settings change in any thread."""
    with contextlib.suppress(RuntimeError):  # the loop is closed
        loop.call_soon_threadsafe(work, *args)
