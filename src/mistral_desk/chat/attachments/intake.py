"""Takes a file in: the app opens and streams it, the decode child makes pixels or text of it, or a clear problem.

What the child answers is believed only as far as it adds up: its form, the size, the number of bytes.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
import threading
import time
from concurrent.futures import Future, InvalidStateError
from pathlib import PurePath
from typing import IO, TYPE_CHECKING, Final, Literal

import msgspec

from mistral_desk.chat.attachments.kinds import FILE_KINDS, LONGEST_NAME, MB, OTHER_KIND, Limits, Pixels, TextFile
from mistral_desk.chat.attachments.source import pieces
from mistral_desk.chat.decoding import answer
from mistral_desk.core import strangers
from mistral_desk.core.errors import DeskError
from mistral_desk.inference.cage import Cage
from mistral_desk.inference.child import own_command, spawn
from mistral_desk.inference.sandbox import windows

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Generator
    from pathlib import Path

_log: Final = logging.getLogger(__name__)
_LIMITS: Final = Limits()
_PATIENCE: Final = 3.0
"""Seconds on the clock for each second of computing that is allowed."""
_AT_ONCE: Final = threading.BoundedSemaphore(2)
"""Children that run at a time: each may take half a gigabyte."""
_LONGEST_TEXT: Final = 4
"""Bytes of UTF-8 for a byte of the file at most (Latin-1 takes two, UTF-16 and -32 less than they had)."""
_NO_MEMORY_STATUS: Final = frozenset({-6, -9, 0xC0000017, 0xC000012D})
"""How a process ends that a library ended over memory: abort and kill; Windows' two codes for it."""
_COMPLAINTS: Final = 64 * 1024
_CPU_TIME: Final = -24
"""SIGXCPU, which ends a process that has computed too long."""


class _Answer(msgspec.Struct, frozen=True):
    """The head of what the child says; see `decoding.answer`."""

    bytes: int
    cage: Cage
    kind: Literal["", "pixels", "text"] = ""
    width: int = 0
    height: int = 0
    original: tuple[int, int] = (0, 0)
    encoding: str = ""
    problem: str = ""
    params: dict[str, str | int] = {}
    pages: int = 0
    blank: int = 0


def decode_command() -> list[str]:
    """How to start a decode child."""
    return own_command("--decode")


async def take_in(source: Path | bytes, name: str, long_side: int, *, limits: Limits = _LIMITS) -> Pixels | TextFile:
    """Decode a file (by its path) or what came from the clipboard (`bytes`); `name` is what a person knows it as.

    A picture's long side is at most `long_side` pixels afterwards; smaller ones stay as they are. Cancelling the
    task ends the child. Any number may be asked for at once; a few run at a time.

    Raises `DeskError`: `attachment.empty`, `.damaged`, `.not_supported` (a known kind of file), `.not_a_picture`,
    `.svg`, `.too_large` (bytes), `.too_many_pixels`, `.no_memory`, `.text_too_long`, `.is_folder`, `.not_a_file` (a
    device or pipe), `.vanished`, `.not_permitted`, `.timeout`, `.failed` (the child could not be started or broke off);
    of a PDF `document.locked`, `.damaged`, `.no_text`, `.too_many_pages`, `.too_long`, `.too_heavy`.
    """
    work = Intake(source, name, long_side, limits)
    return await work.run()


class Intake:
    """One file on its way in. `cage` and `peak_bytes` are known when it is through, also where it was refused."""

    def __init__(self, source: Path | bytes, name: str, long_side: int, limits: Limits = _LIMITS) -> None:
        self._source, self._long_side, self._limits = source, long_side, limits
        self._name = _short(name)
        self.cage: Cage | None = None
        """What the child found when it tried to get out, before it read the file."""
        self.peak_bytes = 0
        """The most memory that the child held at a time; 0 where the system does not say."""
        self._result: Future[Pixels | TextFile] = Future()
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._ended = self._cancelled = self._late = self._garbled = self._document = False
        self._fault: BaseException | None = None

    async def run(self) -> Pixels | TextFile:
        """Do it; see `take_in`."""
        threading.Thread(target=self._work, name="attachment", daemon=True).start()
        try:
            return await asyncio.wrap_future(self._result)
        except asyncio.CancelledError:
            self._cancelled = True
            self._kill()
            raise

    # --- in threads -------------------------------------------------------------------------------------

    def _work(self) -> None:
        try:
            with _AT_ONCE:
                if self._cancelled:
                    raise DeskError("attachment.failed", name=self._name, reason="cancelled")  # noqa: TRY301
                result = self._decode()
        except BaseException as error:  # noqa: BLE001 - whatever it was, the one who waits has to hear of it
            with contextlib.suppress(InvalidStateError):  # nobody waits any more
                self._result.set_exception(error)
        else:
            with contextlib.suppress(InvalidStateError):
                self._result.set_result(result)

    def _decode(self) -> Pixels | TextFile:
        parts = pieces(self._source, self._name, self._limits)
        first = next(parts, b"")  # no process for what cannot even be opened
        self._document = answer.is_document(first)
        began = time.perf_counter()
        try:
            process = self._start()
        except BaseException:
            parts.close()
            raise
        job = windows.hold(int(getattr(process, "_handle", 0)), memory=self._limits.memory)
        watchdog = threading.Timer(self._seconds * _PATIENCE, self._too_late)
        watchdog.daemon = True
        watchdog.start()
        for work, arguments in ((self._feed, (process, first, parts)), (_listen, (process,))):
            threading.Thread(target=work, args=arguments, name="attachment-pipe", daemon=True).start()
        try:
            found, body = self._hear(process)
        finally:
            watchdog.cancel()
            self._kill()
            status = self._wait(process)
            if job:  # pragma: no cover - Windows alone has them
                job.close()
        _log.debug("decoding took %.2f s and %d MiB", time.perf_counter() - began, self.peak_bytes // 2**20)
        return self._judged(found, body, status)

    @property
    def _seconds(self) -> float:
        """Of computing, that this file may take."""
        return self._limits.document_seconds if self._document else self._limits.seconds

    def _start(self) -> subprocess.Popen[bytes]:
        try:
            process = spawn(decode_command())
        except OSError as error:
            raise DeskError("attachment.failed", str(error), name=self._name, reason=str(error)) from error
        with self._lock:
            self._process = process
        if self._cancelled:
            self._kill()
        return process

    def _feed(self, process: subprocess.Popen[bytes], first: bytes, parts: Generator[bytes, None, None]) -> None:
        """Hand the child its task and the file; what goes wrong with the file ends the child."""
        limits, pipe = self._limits, _pipe(process.stdin)
        task: answer.Task = {
            "long_side": self._long_side,
            "pixels": limits.pixels,
            "text_bytes": limits.text_bytes,
            "pages": limits.pages,
            "memory": limits.memory,
            "seconds": self._seconds,
            "document": self._document,
        }
        try:
            for piece in (answer.line(task), first):
                _write(pipe, piece)
            for piece in parts:
                _write(pipe, piece)
        except DeskError as error:
            self._fault = error
            self._kill()
        except OSError as error:
            _log.debug("the decode child takes no more: %s", error)  # what it says itself counts
        finally:
            parts.close()
            with contextlib.suppress(OSError):
                pipe.close()

    def _hear(self, process: subprocess.Popen[bytes]) -> tuple[_Answer | None, bytes]:
        """What the child says; None where that is nothing that could be believed."""
        with _pipe(process.stdout) as pipe:
            try:
                head = answer.read_head(lambda size: _exactly(pipe, size))
                found = msgspec.convert(head, _Answer)
                self.cage = found.cage
                if self._adds_up(found):
                    return found, _exactly(pipe, found.bytes)
                self._garbled = True
            except (ValueError, msgspec.ValidationError) as error:
                _log.info("the decode child's answer: %s", error)
                self._garbled = True
            except (EOFError, OSError) as error:
                _log.info("the decode child broke off: %s", error)
            return None, b""

    def _adds_up(self, found: _Answer) -> bool:
        if found.kind == "pixels":
            wide = 1 <= found.width <= self._long_side and 1 <= found.height <= self._long_side
            return wide and found.bytes == found.width * found.height * 3
        if not 0 <= found.blank <= found.pages <= (self._limits.pages if self._document else 0):
            return False
        return 0 <= found.bytes <= (self._limits.text_bytes * _LONGEST_TEXT if found.kind else 0)

    def _judged(self, found: _Answer | None, body: bytes, status: int) -> Pixels | TextFile:
        if isinstance(self._fault, DeskError):
            raise self._fault
        if found is None or len(body) != found.bytes:
            raise self._broken_off(status)
        if found.problem:
            raise self._refused(found)
        if found.kind == "pixels":
            return Pixels(found.width, found.height, body, self._name, found.original)
        try:
            return TextFile(self._name, body.decode("utf-8"), found.encoding, found.pages, found.blank)
        except UnicodeDecodeError as error:
            raise DeskError("attachment.failed", name=self._name, reason="no text") from error

    def _refused(self, found: _Answer) -> DeskError:
        """What the child says the file is, as one of the messages that it may choose from."""
        name, params = self._name, found.params
        match found.problem:
            case "attachment.empty":
                return DeskError("attachment.empty", name=name)
            case "attachment.damaged":
                return DeskError("attachment.damaged", name=name, label=str(params.get("label", ""))[:20])
            case "attachment.not_a_picture":
                return DeskError("attachment.not_a_picture", name=name)
            case "attachment.svg":
                return DeskError("attachment.svg", name=name)
            case "attachment.not_supported":
                kind = FILE_KINDS.get(str(params.get("kind")), "") or OTHER_KIND
                return DeskError("attachment.not_supported", name=name, kind=kind)
            case "attachment.too_many_pixels":
                width, height = (_number(params.get(side)) for side in ("width", "height"))
                return DeskError("attachment.too_many_pixels", name=name, width=width, height=height)
            case "attachment.text_too_long":
                size, limit = (_number(params.get(one)) for one in ("size", "limit"))
                return DeskError("attachment.text_too_long", name=name, size=size, limit=limit)
            case "attachment.no_memory":
                return self._no_memory()
            case "document.locked" | "document.damaged" if self._document:
                return DeskError(found.problem, name=name)
            case "document.no_text" if self._document:
                return DeskError("document.no_text", name=name, pages=_number(params.get("pages")))
            case "document.too_many_pages" if self._document:
                return DeskError(
                    "document.too_many_pages", name=name, pages=_number(params.get("pages")), limit=self._limits.pages
                )
            case "document.too_long" if self._document:
                page, pages = (_number(params.get(one)) for one in ("page", "pages"))
                limit = self._limits.text_bytes // MB
                return DeskError("document.too_long", name=name, page=page, pages=pages, limit=limit)
            case _:
                return DeskError("attachment.failed", name=name, reason="an answer that was not understood")

    def _broken_off(self, status: int) -> DeskError:
        if self._garbled:
            return DeskError("attachment.failed", name=self._name, reason="an answer that was not understood")
        if self._late or status == _CPU_TIME:
            if self._document:
                return DeskError("document.too_heavy", name=self._name)
            return DeskError("attachment.timeout", name=self._name, seconds=round(self._limits.seconds))
        if status in _NO_MEMORY_STATUS or status & 0xFFFFFFFF in _NO_MEMORY_STATUS:
            return self._no_memory()
        return DeskError("attachment.failed", name=self._name, reason=f"status {status}")

    def _no_memory(self) -> DeskError:
        if self._document:
            return DeskError("document.too_heavy", name=self._name)
        return DeskError("attachment.no_memory", name=self._name, limit=self._limits.memory // MB)

    def _too_late(self) -> None:
        self._late = True
        self._kill()

    def _kill(self) -> None:
        with self._lock:
            if not self._process or self._ended:
                return
            if sys.platform == "linux":  # Popen would first look whether it is over, and take the end away from `_wait`
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self._process.pid, signal.SIGKILL)
            else:  # pragma: no cover - other systems
                self._process.kill()

    def _wait(self, process: subprocess.Popen[bytes]) -> int:
        """Wait for its end, and learn how much memory it held."""
        if sys.platform == "linux":
            try:
                os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # over, but its number is not free yet
                with self._lock:
                    _, raw, usage = os.wait4(process.pid, 0)
                    self._ended = True
            except ChildProcessError:  # somebody else in this process took its end away; then only that is known
                self._ended, process.returncode = True, 0
                return 0
            process.returncode = os.waitstatus_to_exitcode(raw)
            self.peak_bytes = usage.ru_maxrss * 1024
            return process.returncode
        else:  # pragma: no cover - other systems
            status = process.wait()
            with self._lock:
                self._ended = True
            return status


def _short(name: str) -> str:
    """The last component, as a person knows it, on one line."""
    return strangers.plain(PurePath(name).name or name, LONGEST_NAME) or "?"


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _listen(process: subprocess.Popen[bytes]) -> None:
    """Its complaints go to the log."""
    with _pipe(process.stderr) as pipe, contextlib.suppress(OSError):
        words = _exactly(pipe, _COMPLAINTS)
        while pipe.read(_COMPLAINTS):
            pass
        if words:
            _log.debug("the decode child: %s", words.decode("utf-8", "replace").rstrip())


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise RuntimeError("the process was started without this pipe")
    return pipe


def _write(pipe: IO[bytes], data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[pipe.write(rest) or 0 :]


def _exactly(pipe: IO[bytes], size: int) -> bytes:
    parts = []
    while size and (part := pipe.read(min(size, 1 << 20))):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
