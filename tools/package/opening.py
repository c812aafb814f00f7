"""A double click: `xdg-open` with a model file in a root with the .deb, on a virtual screen, with a picture."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import struct
import subprocess
import time
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tools.dev.steps import Failed
from tools.package import roots
from tools.package.bundle import NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tools.dev.steps import Steps

FILE: Final = "Ein Modell, größer.gguf"
"""A name as people give them: with spaces, a comma and an umlaut."""
KIND: Final = "application/x-gguf"
_TOOLS: Final = ("xdg-utils", "libfile-mimeinfo-perl", "shared-mime-info", "desktop-file-utils")
"""What a desktop has anyway; the .deb recommends all but the second, which a desktop has in its own way."""
_PATIENCE_S: Final = 180.0
_STILL: Final = 0.002
"""Share of the picture that may differ between two looks at a window that has settled: a caret blinks."""


def check(root: Path, suite: str, results: Path, steps: Steps) -> None:
    """Open a model as a file manager does; raises `Failed` where the program does not come up with it."""
    there = f"{roots.HOME}/{FILE}"
    with steps.step(f"Debian {suite}: xdg-open with a model file"):
        roots.install(root, steps, *_TOOLS)
        model = root / "usr" / "lib" / NAME / "lib" / "resources" / "model" / "guide.gguf"
        shutil.copyfile(model, root / there.lstrip("/"))
        kind, program = _asked(root, "filetype", there), _asked(root, "default", KIND)
        if (kind, program) != (KIND, f"{NAME}.desktop"):
            raise Failed(f"{suite}: the desktop says that the file is {kind!r} and opens with {program!r}.")
        with _screen(root, results) as (display, picture):
            env = {**roots.environment(), "DISPLAY": display}
            command = ["chroot", str(root), "xdg-open", there]
            log = (results / "xdg-open.log").open("wb")
            opened = subprocess.Popen(command, env=env, start_new_session=True, stdout=log, stderr=log)
            try:
                library = root / "srv" / ".local" / "share" / NAME / "adopted.json"
                _until(opened, lambda: library.is_file() and FILE in library.read_text(encoding="utf-8"), "the library")
                _until(opened, lambda: _mapped(FILE), "the worker")
                _settled(picture)
                (results / "xdg-open.png").write_bytes(png(picture.read_bytes()))
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(opened.pid, signal.SIGTERM)
                opened.wait(60)
                log.close()
    steps.say(f"  {suite}: the program opened with {FILE!r} in its library and its worker: {results / 'xdg-open.png'}")


def png(dump: bytes) -> bytes:
    """An X window dump of 32 bits a pixel as a PNG file (X11/XWDFile.h; https://www.w3.org/TR/png-3/)."""
    head = struct.unpack_from(">25I", dump)
    size, width, height, bits, line, colours = head[0], head[4], head[5], head[11], head[12], head[19]
    if bits != 32:
        raise ValueError(f"{bits} bits a pixel")
    first = size + 12 * colours
    rows = bytearray()
    for y in range(height):
        row = dump[first + y * line : first + y * line + 4 * width]
        made = bytearray(3 * width)
        made[0::3], made[1::3], made[2::3] = row[2::4], row[1::4], row[0::4]
        rows += b"\0" + made

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(rows))) + chunk(b"IEND", b"")


def _asked(root: Path, what: str, of: str) -> str:
    command = ["chroot", str(root), "xdg-mime", "query", what, of]
    ended = subprocess.run(command, check=False, capture_output=True, encoding="utf-8", env=roots.environment())
    return ended.stdout.strip()


@contextlib.contextmanager
def _screen(root: Path, results: Path) -> Iterator[tuple[str, Path]]:
    """A virtual screen inside the root: its name, and the file that always shows what is on it."""
    folder = root / "srv" / "screen"
    folder.mkdir(exist_ok=True)
    command = ["chroot", str(root), "Xvfb", "-displayfd", "1", "-screen", "0", "1400x900x24", "-fbdir", "/srv/screen"]
    with (results / "screen.log").open("wb") as log:
        running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, env=roots.environment())
    assert running.stdout is not None
    try:
        number = running.stdout.readline().decode().strip()
        if not number:
            raise Failed("The virtual screen did not start.")
        yield f":{number}", folder / "Xvfb_screen0"
    finally:
        running.terminate()
        running.wait(30)
        running.stdout.close()


def _until(opened: subprocess.Popen[bytes], there: Callable[[], bool], what: str) -> None:
    """Wait for something; raises `Failed` where the program ends before, or all patience does."""
    end = time.monotonic() + _PATIENCE_S
    while not there():
        if opened.poll() not in {None, 0} or time.monotonic() > end:
            raise Failed(f"xdg-open ended with {opened.poll()}, and the model did not come to {what}.")
        time.sleep(0.2)


def _mapped(name: str) -> bool:
    """Whether a process has the file in its memory: the worker, after it has loaded it."""
    for maps in Path("/proc").glob("[0-9]*/maps"):
        with contextlib.suppress(OSError):
            if name in maps.read_text(encoding="utf-8", errors="replace"):
                return True
    return False


def _settled(picture: Path) -> None:
    """Wait until the window does not change any more, for some seconds at most: it is a picture for people."""
    before = picture.read_bytes()
    for _ in range(20):
        time.sleep(0.7)
        now = picture.read_bytes()
        changed = sum(a != b for a, b in zip(before[::64], now[::64], strict=True))
        if changed <= _STILL * len(now) / 64:
            return
        before = now
