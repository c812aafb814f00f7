"""The child process that runs the model: reads commands on its main thread, computes on the inference thread.

It exists so that nothing a model file does can take the window down. It ends when its stdin ends, whatever it is
doing, so that no worker is ever left behind.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import queue
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from mistral_desk import __version__
from mistral_desk.core.errors import DeskError, Problem, as_problem
from mistral_desk.core.paths import folders
from mistral_desk.core.settings import GRAPHICS, glance
from mistral_desk.inference import frames, no_memory, protocol
from mistral_desk.inference.picture_store import PictureStore
from mistral_desk.inference.projector_file import candidates
from mistral_desk.inference.protocol import (
    Count,
    Failed,
    Generate,
    Hello,
    Load,
    Loaded,
    LoadProgress,
    PutImage,
    Shutdown,
    Stop,
)
from mistral_desk.inference.state_messages import ForgetStates, KeepStates
from mistral_desk.inference.state_pipe import StatePipe
from mistral_desk.inference.thought_messages import AnswerNow, ThinkMore

if TYPE_CHECKING:
    from mistral_desk.inference.engine.generate import Control, Generator
    from mistral_desk.inference.engine.native import Log
    from mistral_desk.inference.protocol import Command, Event
    from mistral_desk.inference.sandbox.worker import WorkerCage

    Job: TypeAlias = Load | Generate | Count | KeepStates | ForgetStates

PROGRESS_EVERY_S: Final = 0.05
_STACK: Final = 1024 * 1024 * 1024
"""Bytes of stack for the inference thread, taken only where used: llama.cpp's tokenizers recurse, some 330 bytes for
each character of a run without a break, and one message may be a run of two million.
"""
_FREEING_S: Final = 1.0


def main() -> int:
    """Run until stdin ends or `Shutdown` comes; returns the exit status."""
    commands, events = _descriptors()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C in a terminal is for the app, which then closes stdin
    no_memory.arm()
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy's own threads would stand outside the cage, idle
    from mistral_desk.inference.sandbox.worker import WorkerCage  # noqa: PLC0415 after the descriptors are safe

    cage = WorkerCage()
    cage.begin()
    return Worker(commands, events, cage).run()


def _descriptors() -> tuple[int, int]:
    """Take stdin and stdout away from everything else: libraries print, and a print would break a frame."""
    commands, events = os.dup(0), os.dup(1)
    os.dup2(2, 1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    if sys.platform == "win32":
        import msvcrt  # noqa: PLC0415

        msvcrt.setmode(commands, os.O_BINARY)
        msvcrt.setmode(events, os.O_BINARY)
    return commands, events


class Worker:
    """Both threads of the process and what they share."""

    _log: Log

    def __init__(self, commands: int, events: int, cage: WorkerCage) -> None:
        self._commands, self._events = commands, events
        self._cage = cage
        self._writing = threading.Lock()
        self._controls: dict[int, Control] = {}
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._generator: Generator | None = None
        self._pictures = PictureStore()
        self._states = StatePipe(self.send)
        self._inference: threading.Thread | None = None
        self._graphics = False
        self._engine: list[Path] = []
        """The folder of the engine's libraries; a driver may look for more there while it computes."""

    def run(self) -> int:
        """Say hello, then obey."""
        try:
            from mistral_desk.inference.engine import last_resort, native  # noqa: PLC0415 after the descriptors are safe

            if not glance(folders().settings, GRAPHICS):
                os.environ[native.NO_GRAPHICS] = "1"
            last_resort.arm()
            self._log = native.Log()
            backends = native.start()
            self._engine = [native.folder()]
        except (ImportError, OSError, RuntimeError, AttributeError) as error:  # no library, or one of another version
            self.send(Failed(0, Problem("engine.missing", {"reason": str(error)[:300]}, repr(error))))
            return 1
        devices = native.devices()
        if protocol.MEASURE in os.environ:
            from mistral_desk.inference.engine import device_speed  # noqa: PLC0415 hardly ever needed

            devices = device_speed.measured(devices)
        self._graphics = any(device.kind in {"gpu", "integrated"} for device in devices)
        self.send(
            Hello(
                protocol=protocol.PROTOCOL_VERSION,
                app_version=__version__,
                pid=os.getpid(),
                llama_cpp=native.version(),
                system=native.system(),
                devices=devices,
                backends=backends,
            )
        )
        with contextlib.suppress(ImportError, OSError, AttributeError):  # loading says what is wrong
            importlib.import_module("mistral_desk.inference.engine.load")  # there when a model comes
        self._obey()
        # Nothing here outlives the process, so a long load or a decode is not waited for.
        self._jobs.put(None)
        if self._inference:
            self._inference.join(_FREEING_S if not self._controls else 0)
        sys.stderr.flush()
        os._exit(0)

    def send(self, event: Event) -> None:
        """Write one event. When nobody reads any more, the process ends."""
        data = memoryview(frames.frame(event))
        try:
            with self._writing:
                while data:
                    data = data[os.write(self._events, data) :]
        except OSError:
            os._exit(0)

    def _obey(self) -> None:
        """Read commands until there are no more."""
        while True:
            try:
                body = frames.read_frame(lambda size: os.read(self._commands, size))
                if body is None:
                    return
                command = frames.decode_command(body)
                if isinstance(command, PutImage):
                    self._pictures.put(command)
                    continue
                if self._states.takes(command):
                    continue
            except frames.ProtocolError as error:
                self.send(Failed(0, Problem("engine.protocol", {"reason": str(error)[:300]})))
                return
            except OSError:
                return
            if isinstance(command, Shutdown):
                return
            self._take(command)

    def _take(self, command: Command) -> None:
        from mistral_desk.inference.engine.generate import Control  # noqa: PLC0415

        if isinstance(command, Load | Generate | Count | KeepStates | ForgetStates):
            self._states.make_way(not isinstance(command, KeepStates))
            self._controls[command.request] = Control()
            if self._inference is None:
                self._start_inference(command)
            self._jobs.put(command)
            return
        if isinstance(command, Shutdown | PutImage):
            return
        control = self._controls.get(command.request)
        if control is None:
            return  # it is over already
        if isinstance(command, AnswerNow):
            control.answer_now = True
        elif isinstance(command, ThinkMore):
            control.think_more = True
        elif isinstance(command, Stop):
            control.stopped = True  # first: a model that is just loaded looks at it before it computes
            if self._generator:
                self._generator.stop(control)
            self._states.wake()

    def _start_inference(self, first: Job) -> None:
        """Start the second thread; before that, both are kept to the model's folder, which binds later threads only."""
        if isinstance(first, Load):
            files = [Path(name) for name in (first.path, first.projector) if name]
            self._cage.look_only_at([*files, *candidates(Path(first.path)), *self._engine])
        threading.stack_size(_STACK)
        self._inference = threading.Thread(target=self._infer, name="inference", daemon=True)
        self._inference.start()
        threading.stack_size(0)

    def _infer(self) -> None:
        """The inference thread. Whatever ends it ends the process: who waits for an answer has to hear of it."""
        try:
            self._work()
        except BaseException as error:  # noqa: BLE001 what it could not tell in any other way
            sys.excepthook(type(error), error, error.__traceback__)
            sys.stderr.flush()
            os._exit(1)

    def _work(self) -> None:
        """One job after the other."""
        while job := self._jobs.get():
            control = self._controls[job.request]
            try:
                if isinstance(job, Load):
                    self._load(job, control)
                elif not self._generator:
                    self.send(Failed(job.request, Problem("engine.no_model")))
                elif isinstance(job, Count):
                    self.send(self._generator.count(job, control, self.send))
                elif isinstance(job, KeepStates):
                    self.send(self._generator.keep(job, control))
                elif isinstance(job, ForgetStates):
                    self.send(self._generator.forget(job))
                else:
                    self.send(self._generator.answer(job, control, self.send))
            except MemoryError:
                no_memory.end()
            except Exception as error:  # noqa: BLE001 whatever it was, the app has to hear of it
                if not isinstance(error, DeskError):
                    sys.excepthook(type(error), error, error.__traceback__)
                self.send(Failed(job.request, as_problem(error)))
            finally:
                self._controls.pop(job.request, None)
        if self._generator:
            self._generator.close()

    def _load(self, command: Load, control: Control) -> None:
        from mistral_desk.inference.engine.load import load  # noqa: PLC0415

        if self._generator:  # it is locked in with its model by now, and another one is another worker's
            raise DeskError("engine.protocol", reason="this worker has a model already")
        told = 0.0

        def progress(fraction: float, looks: bool = False) -> None:
            nonlocal told
            now = time.monotonic()
            if now - told >= PROGRESS_EVERY_S or (fraction >= 1.0 and not looks):
                told = now
                self.send(LoadProgress(command.request, fraction, looks))

        generator = load(command, self._log, progress, lambda: control.stopped, self._pictures, states=self._states)
        self._generator = generator  # so that it can be stopped
        try:
            generator.warm(control)
            cage = self._cage.close(graphics=self._graphics)
        except BaseException:
            self._generator = None
            generator.close()
            raise
        self.send(Loaded(command.request, generator.info, cage))
