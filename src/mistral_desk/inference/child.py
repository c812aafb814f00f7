"""A child process with framed pipes, served by threads, so that no event loop ever waits for it.

asyncio's own subprocesses do not work under Qt's loop on every system; threads and `call_soon_threadsafe` do.
"""

from __future__ import annotations

import asyncio
import io
import logging
import os
import select
import subprocess
import sys
import threading
import time
from collections import deque
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING, Final, cast

import psutil

from mistral_desk.core.environment import without_secrets
from mistral_desk.inference.death import Ended, oom_kills
from mistral_desk.inference.frames import ProtocolError, decode_event, frame, read_frame
from mistral_desk.inference.packs.watched import Watched
from mistral_desk.inference.sandbox import windows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mistral_desk.inference.protocol import Command, Event

_log: Final = logging.getLogger(__name__)
_worker_log: Final = logging.getLogger("mistral_desk.worker")

_STDERR_LINES: Final = 200
_STDERR_LINE: Final = 4096
_DRAIN_S: Final = 0.3
"""How long the pipes of a dead process are still read when nothing comes: someone else may hold their other end."""
_DRAIN_MOST_S: Final = 10.0
"""And how long at most."""
NOT_NEEDED: Final = "it was not needed any more"
"""Why a process was ended with which nothing is wrong."""
_SILENT_EXIT_S: Final = 5.0
"""How long a process may live on after it closed its end of the pipe: one that dies does so first, and is dead a moment
later, or much later on a busy computer. Why it died is what is told.
"""


_SPINS: Final = {"GOMP_SPINCOUNT": "300", "KMP_BLOCKTIME": "1"}
"""How long a thread spins that waits for the others, before it sleeps: rounds of GCC's runtime, milliseconds of LLVM's
(Windows, macOS: not tried; ggml itself would say 200). A spinning thread holds the core that the slowest one needs.
"""


def environment(base: Mapping[str, str] | None = None, spins: Mapping[str, str] = _SPINS) -> dict[str, str]:
    """The environment for a worker: the person's own (drivers need it) without anything that may be a secret."""
    env = without_secrets(base or os.environ)
    env["GGML_NO_BACKTRACE"] = "1"  # else an abort starts a debugger
    env["PYTHONUTF8"] = "1"
    env["PYTHONSAFEPATH"] = "1"  # never import from whatever folder the app was started in
    for name, count in spins.items():
        env.setdefault(name, count)
    return env


class Child:
    """One process. Events, then exactly one `Ended`, are handed to `deliver` in the event loop, in order.

    Made in a running loop, it starts at once. `send`, `finish`, `terminate` and `kill` never block.
    """

    def __init__(
        self, command: Sequence[str], deliver: Callable[[Event | Ended], None], more: Mapping[str, str] | None = None
    ) -> None:
        """`more` are further environment variables for it."""
        self._command = list(command)
        self._more = dict(more or {})
        self._deliver = deliver
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._arrived: list[Event | Ended] = []
        self._scheduled = False
        self._outgoing: SimpleQueue[bytes | None] = SimpleQueue()
        self._stderr: deque[str] = deque(maxlen=_STDERR_LINES)
        self._process: subprocess.Popen[bytes] | None = None
        self._fault = ""
        self._misunderstood = False
        self._killed = self._leaving = False
        self._over = threading.Event()
        self._engine = Watched(self._more)
        self._start(self._live, "life")

    @property
    def pid(self) -> int | None:
        """The process id, None until it runs."""
        return self._process.pid if self._process else None

    def send(self, command: Command) -> None:
        """Queue a command. A process that is gone swallows it: its end is reported anyway."""
        self._outgoing.put(frame(command))

    def finish(self) -> None:
        """Close its stdin once everything queued is written, which tells it to exit."""
        self._leaving = True
        self._outgoing.put(None)

    def terminate(self) -> None:
        """Ask the system to end it."""
        self._leaving = True
        if self._process and not self._over.is_set():
            self._process.terminate()

    def kill(self, fault: str = "", *, misunderstood: bool = False) -> None:
        """End it at once; `fault` is the reason to report, the first one counts."""
        with self._lock:
            if fault and not self._fault:
                self._fault, self._misunderstood = fault, misunderstood
            self._killed = True
            self._leaving = self._leaving or fault in ("", NOT_NEEDED)
            process = self._process
        if process and not self._over.is_set():
            process.kill()

    # --- threads --------------------------------------------------------------------------------------

    def _start(self, target: Callable[[], None], name: str) -> threading.Thread:
        # Daemons: an app that ends without closing its worker must not wait for it; the worker sees its stdin end.
        thread = threading.Thread(target=target, name=f"worker-{name}", daemon=True)
        thread.start()
        return thread

    def _live(self) -> None:
        """Start the process, wait for its end, report it. One whose engine dies at its start is started once more with
        the engine before, and nobody hears of the first.
        """
        while True:
            ended = self._run()
            again = self._engine.ended(ended, meant=self._leaving)
            if not again or self._killed:
                self._post(ended)
                return
            self._stderr.clear()
            self._over.clear()

    def _run(self) -> Ended:
        """One process from its start to its end."""
        killed_before = oom_kills()
        try:
            process = spawn(self._command, self._more | self._engine.begin())
        except (OSError, ValueError) as error:
            _log.info("the worker could not be started: %s", error)
            return Ended(None, str(error))
        job = windows.hold(int(getattr(process, "_handle", 0)), memory=psutil.virtual_memory().total)
        with self._lock:
            self._process = process
            killed = self._killed
        if killed:
            process.kill()
        reader = self._start(partial(self._read, process), "events")
        logger = self._start(partial(self._listen, process), "stderr")
        writer = self._start(partial(self._write, process), "commands")
        status = process.wait()
        self._over.set()
        self._outgoing.put(None)
        _read_out(reader, process.stdout)
        _read_out(logger, process.stderr)
        writer.join(_DRAIN_S)
        if job:  # pragma: no cover - only Windows has jobs
            job.close()
        last_words = "\n".join(self._stderr) if status else ""
        _log.info("worker %d ended with status %d %s\n%s", process.pid, status, self._fault, last_words)
        oom = max(0, oom_kills() - killed_before)
        return Ended(status, self._fault, self._misunderstood, oom, tuple(self._stderr))

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        with io.BufferedReader(_raw(process.stdout)) as pipe:
            try:
                while (body := read_frame(pipe.read)) is not None:
                    event = decode_event(body)
                    if self._engine.lets_through(event):
                        self._post(event)
            except ProtocolError as error:
                # A process that died inside a frame is no misunderstanding: wait for its status before judging.
                if not self._over.wait(_SILENT_EXIT_S):
                    self.kill(str(error), misunderstood=True)
                return
        if not self._over.wait(_SILENT_EXIT_S):
            self.kill("it closed its connection")

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        with io.BufferedReader(_raw(process.stderr)) as pipe:
            while line := pipe.readline(_STDERR_LINE):
                text = line.decode("utf-8", "replace").rstrip()
                self._stderr.append(text)
                _worker_log.debug("%s", text)

    def _write(self, process: subprocess.Popen[bytes]) -> None:
        pipe = _raw(process.stdin)
        try:
            while (data := self._outgoing.get()) is not None:
                rest = memoryview(data)
                while rest:
                    rest = rest[pipe.write(rest) or 0 :]
        except OSError as error:
            _log.debug("the worker takes no more commands: %s", error)
        finally:
            pipe.close()

    # --- from the threads to the loop -------------------------------------------------------------------

    def _post(self, item: Event | Ended) -> None:
        """Hand an item to the loop; what arrives before the loop has come round shares one wake-up."""
        with self._lock:
            self._arrived.append(item)
            if self._scheduled:
                return
            self._scheduled = True
        try:
            self._loop.call_soon_threadsafe(self._drain)
        except RuntimeError:
            _log.debug("the event loop is closed; the worker has no listener any more")
            self.kill()

    def _drain(self) -> None:
        with self._lock:
            items, self._arrived = self._arrived, []
            self._scheduled = False
        for item in items:
            self._deliver(item)


def own_command(*words: str) -> list[str]:
    """How to start this very program with these words: the frozen app itself, else this Python with the package."""
    if getattr(sys, "frozen", False):
        return [sys.executable, *words]
    return [sys.executable, "-m", "mistral_desk", *words]


def worker_command() -> list[str]:
    """How to start a worker."""
    return own_command("--worker")


def spawn(
    command: Sequence[str], more: Mapping[str, str] | None = None, spins: Mapping[str, str] = _SPINS
) -> subprocess.Popen[bytes]:
    """Start a process with three unbuffered pipes, out of reach of the terminal's Ctrl+C and without a console."""
    env, pipe = environment(spins=spins) | dict(more or {}), subprocess.PIPE
    if sys.platform == "win32":
        hidden = subprocess.CREATE_NO_WINDOW
        return subprocess.Popen(command, bufsize=0, stdin=pipe, stdout=pipe, stderr=pipe, env=env, creationflags=hidden)
    else:
        return subprocess.Popen(command, bufsize=0, stdin=pipe, stdout=pipe, stderr=pipe, env=env, process_group=0)


def _read_out(thread: threading.Thread, pipe: object) -> None:
    """Wait until a thread has read a dead process's pipe to its end: on a busy computer it has not had its turn yet."""
    end = time.monotonic() + _DRAIN_MOST_S
    thread.join(_DRAIN_S)
    while thread.is_alive() and _has_more(_raw(pipe)) and time.monotonic() < end:
        thread.join(_DRAIN_S)


def _has_more(pipe: io.FileIO) -> bool:
    """Whether there is something to be read, be it the end; where no system tells, no."""
    if sys.platform == "win32":
        return False
    else:
        looking = select.poll()
        try:
            looking.register(pipe, select.POLLIN)
            return bool(looking.poll(0))
        except (OSError, ValueError):  # it was closed just now
            return False


def _raw(pipe: object) -> io.FileIO:
    """The pipe as what `bufsize=0` makes it."""
    return cast("io.FileIO", pipe)
