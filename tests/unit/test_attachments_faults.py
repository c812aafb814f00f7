"""Files that change while they are read, drives that fail, children that say odd things: each has its word."""

from __future__ import annotations

import asyncio
import errno
import io
import json
import os
import sys
import threading
from typing import TYPE_CHECKING, Any, Final

import psutil
import pypdf
import pytest
from PIL import Image

from mistral_desk.chat.attachments import Pictures, Pixels, source, take_in
from mistral_desk.chat.attachments import intake as intake_module
from mistral_desk.chat.attachments.intake import decode_command
from mistral_desk.chat.attachments.kinds import Limits, PictureBody, picture_body, read_picture_body
from mistral_desk.chat.decoding import answer, child, documents, pictures
from mistral_desk.chat.decoding.answer import Refused
from mistral_desk.core.errors import DeskError
from mistral_desk.inference.child import spawn
from tests.fixtures.decode_driver import PATIENT
from tests.fixtures.engines import problem_of, run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

posix_only: Final = pytest.mark.skipif(sys.platform == "win32", reason="only administrators make links there")


def saying(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """Have a program in the child's place."""
    monkeypatch.setattr(intake_module, "decode_command", lambda: [sys.executable, "-c", program])


def refused(given: Path | bytes, name: str = "a.txt", limits: Limits = PATIENT) -> tuple[str, dict[str, object]]:
    found: list[tuple[str, dict[str, object]]] = []

    async def test() -> None:
        message, params, _ = await problem_of(take_in(given, name, 64, limits=limits))
        found.append((message, params))

    run(test())
    return found[0]


# --- the file -----------------------------------------------------------------------------------------------


@posix_only
@pytest.mark.parametrize("what", ["a circle of links", "a name without end", "a name with a NUL"])
def test_what_the_system_refuses_to_open_is_told_with_its_reason(what: str, tmp_path: Path) -> None:
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    place = {
        "a circle of links": tmp_path / "circle",
        "a name without end": tmp_path / ("n" * 400),
        "a name with a NUL": tmp_path / "a\0b",
    }[what]
    message, params = refused(place)
    assert message == "attachment.not_permitted"
    assert params["reason"]


@pytest.mark.parametrize(("left", "problem"), [(b"", "attachment.empty"), (b"x" * 2000, "attachment.too_large")])
def test_a_file_that_changes_before_it_is_opened_is_looked_at_again(
    left: bytes, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes(b"words")
    real, handles = os.open, list[int]()

    def changed(path: Any, flags: int, *more: Any) -> int:
        if path == file:
            file.write_bytes(left)
        handles.append(real(path, flags, *more))
        return handles[-1]

    monkeypatch.setattr(os, "open", changed)
    with pytest.raises(DeskError) as told:
        source.open_file(file, "a.txt", Limits(file_bytes=1000))
    assert told.value.problem.id == problem
    with pytest.raises(OSError, match=os.strerror(errno.EBADF)):
        os.fstat(handles[-1])  # it was closed


def test_a_file_that_grows_while_it_is_read_is_not_taken_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "log.txt"
    file.write_bytes(b"x" * 300_000)

    def growing() -> list[str]:
        with file.open("ab") as more:
            more.write(b"y" * 800_000)
        return decode_command()

    monkeypatch.setattr(intake_module, "decode_command", growing)
    message, params = refused(file, "log.txt", Limits(file_bytes=1_000_000, seconds=100.0))
    assert (message, params) == ("attachment.too_large", {"name": "log.txt", "size": 2, "limit": 1})


def test_a_drive_that_is_pulled_out_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_bytes(b"words")

    def gone(_descriptor: int, _size: int) -> bytes:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "read", gone)
    with pytest.raises(DeskError, match=r"attachment\.vanished"):
        next(source.pieces(tmp_path / "a.txt", "a.txt", PATIENT))


# --- the child ----------------------------------------------------------------------------------------------


def heard(head: dict[str, object], body: bytes = b"", before: str = "") -> str:
    said = json.dumps({"cage": {}, "bytes": len(body), **head})
    return f"{before}\nimport os, sys; os.write(1, len({said!r}).to_bytes(4, 'little') + {said!r}.encode() + {body!r})"


def test_a_text_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    saying(monkeypatch, heard({"kind": "text"}, b"\xff\xfe"))
    assert refused(b"x")[0] == "attachment.failed"


@pytest.mark.parametrize("problem", ["document.no_text", "document.locked", "document.too_long", "hello"])
def test_of_a_text_nobody_hears_what_only_documents_have(problem: str, monkeypatch: pytest.MonkeyPatch) -> None:
    saying(monkeypatch, heard({"problem": problem, "params": {"pages": "many"}}))
    assert refused(b"x")[0] == "attachment.failed"


def test_a_child_that_complains_without_end_is_heard_all_the_same(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "mistral_desk.chat.attachments")
    complaints = "import sys; sys.stderr.write('oh dear ' * 50_000); sys.stderr.flush()"
    saying(monkeypatch, heard({"kind": "text"}, b"Hello", complaints))

    async def test() -> None:
        found = await take_in(b"x", "a.txt", 64, limits=PATIENT)
        assert not isinstance(found, Pixels)
        assert found.text == "Hello"
        for thread in threading.enumerate():
            if thread.name == "attachment-pipe":
                await asyncio.to_thread(thread.join)

    run(test())
    (line,) = (record.getMessage() for record in caplog.records if "oh dear" in record.getMessage())
    assert len(line) < 70_000


def test_who_is_cancelled_while_others_are_read_starts_no_child(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two are read at a time; the third waits, and is not wanted any more when its turn comes."""
    saying(monkeypatch, "import sys; sys.stdin.buffer.read(); import time; time.sleep(600)")
    started: list[object] = []

    def counted(command: list[str]) -> Any:
        started.append(command)
        return spawn(command)

    monkeypatch.setattr(intake_module, "spawn", counted)

    async def test() -> None:
        before = set(psutil.Process().children())
        running = [asyncio.create_task(take_in(b"x", "a.txt", 64, limits=PATIENT)) for _ in range(2)]
        while len(set(psutil.Process().children()) - before) < 2:  # noqa: ASYNC110 - a process tells nobody that it is there
            await asyncio.sleep(0)
        third = asyncio.create_task(take_in(b"x", "a.txt", 64, limits=PATIENT))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        for task in (third, *running):
            task.cancel()
        for task in (third, *running):
            with pytest.raises(asyncio.CancelledError):
                await task
        for thread in threading.enumerate():
            if thread.name == "attachment":
                await asyncio.to_thread(thread.join)
        assert not set(psutil.Process().children()) - before

    run(test())
    assert len(started) == 2


def test_who_is_cancelled_just_while_the_child_starts_leaves_none_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    let_go = threading.Event()

    async def test() -> None:
        loop, before = asyncio.get_running_loop(), set(psutil.Process().children())

        def starting() -> list[str]:
            loop.call_soon_threadsafe(task.cancel)
            let_go.wait(60)
            return [sys.executable, "-c", "import sys, time; sys.stdin.buffer.read(); time.sleep(600)"]

        monkeypatch.setattr(intake_module, "decode_command", starting)
        task = asyncio.create_task(take_in(b"x", "a.txt", 64, limits=PATIENT))
        with pytest.raises(asyncio.CancelledError):
            await task
        let_go.set()
        for thread in threading.enumerate():
            if thread.name == "attachment":
                await asyncio.to_thread(thread.join)
        assert not set(psutil.Process().children()) - before

    run(test())


# --- the protocol with it -----------------------------------------------------------------------------------


def reading(data: bytes) -> Callable[[int], bytes]:
    return io.BytesIO(data).read


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (b"", EOFError),
        (b"\x05", EOFError),
        (b"\x05\0\0\0{}", EOFError),
        (b"\xff\xff\xff\x7f", ValueError),
        (b"\x02\0\0\0[]", ValueError),
        (b"\x02\0\0\0{x", ValueError),
    ],
)
def test_a_head_that_is_none_is_not_taken_for_one(said: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        answer.read_head(reading(said))


def test_a_head_that_nobody_would_read_is_not_written() -> None:
    assert answer.read_head(reading(answer.framed({"a": 1}))) == {"a": 1}
    with pytest.raises(ValueError, match="a head of"):
        answer.framed({"label": "x" * answer.HEAD_LIMIT})


def test_a_child_that_is_given_nothing_says_so() -> None:
    task: answer.Task = {
        "long_side": 64, "pixels": 100, "text_bytes": 100, "pages": 1, "memory": 1, "seconds": 1.0, "document": False,
    }  # fmt: skip
    with pytest.raises(Refused) as told:
        child._understood(b"", task)
    assert told.value.id == "attachment.empty"


@pytest.mark.parametrize(
    ("mode", "values", "shades"),
    [
        ("F", (0.0, 127.5, 255.0), (0, 127, 255)),
        ("F", (-1.0, 0.0, 1.0), (0, 127, 255)),
        ("F", (0.0, 1000.0, 2000.0), (0, 127, 255)),
        ("I", (0, 32768, 65535), (0, 127, 255)),
        ("I", (0, 100, 200), (0, 100, 200)),
        ("I", (-100, 0, 100_000), (0, 0, 255)),
        ("F", (5.0, 5.0, 5.0), (5, 5, 5)),
        ("F", (500.0, 500.0, 500.0), (0, 0, 0)),
    ],
)
def test_shades_that_are_not_one_byte_each_are_spread_over_what_can_be_shown(
    mode: str, values: tuple[float, ...], shades: tuple[int, ...]
) -> None:
    """As measurements are kept, and heights."""
    image, file = Image.new(mode, (3, 1)), io.BytesIO()
    image.putdata(values)
    image.save(file, "TIFF")
    found = pictures.decoded(file.getvalue(), "TIFF", 64, 1000)
    assert all(abs(is_ - should) <= 1 for is_, should in zip(found.rgb[::3], shades, strict=True)), found.rgb[::3]


def test_a_document_with_a_lock_that_is_not_known_is_locked() -> None:
    writer, file = pypdf.PdfWriter(), io.BytesIO()
    writer.add_blank_page(100, 100)
    writer.encrypt("secret", algorithm="RC4-128")
    writer.write(file)
    data = file.getvalue()
    assert data.count(b"/Filter /Standard") == 1
    with pytest.raises(Refused) as told:
        documents.read(data.replace(b"/Filter /Standard", b"/Filter /Somebody"), 1000, 10)
    assert told.value.id == "document.locked"


# --- what is kept of it -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changed",
    [{"sha256": "0" * 63}, {"width": 0}, {"height": -1}, {"width": 10**6}, {"height": "2"}, {"sha256": None}],
)
def test_a_picture_of_no_size_or_name_is_none(changed: dict[str, object]) -> None:
    sound = {"sha256": "0" * 64, "width": 3, "height": 2, "name": "a"}
    assert picture_body(read_picture_body(json.dumps(sound)).picture, "a") == json.dumps(sound, separators=(",", ":"))
    with pytest.raises(ValueError, match="no picture's body"):
        read_picture_body(json.dumps({**sound, **changed}))
    assert PictureBody("0" * 64, 3, 2).picture.width == 3


@pytest.mark.allow_log("could not be deleted", "mistral_desk.chat.attachments")
def test_a_picture_that_cannot_be_deleted_keeps_no_other_one(tmp_path: Path) -> None:
    store = Pictures(tmp_path)

    async def test() -> None:
        first, last = [await store.put(Pixels(1, 1, name)) for name in (b"abc", b"xyz")]
        store.path("f" * 64).mkdir()
        store.delete((first.sha256, "f" * 64, last.sha256))
        assert store.all() == {"f" * 64}

    run(test())
