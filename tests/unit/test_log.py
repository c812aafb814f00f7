"""The log: in the person's folder, bounded, out of the terminal unless asked for, and never in the way."""

from __future__ import annotations

import io
import logging
import sys
import threading
from logging.handlers import RotatingFileHandler
from typing import TYPE_CHECKING

import pytest

from mistral_desk.core import log as module
from mistral_desk.core.log import Log

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ours = logging.getLogger("mistral_desk.something")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "Protokoll für mich"


@pytest.fixture
def log(folder: Path) -> Iterator[Log]:
    opened = Log(folder)
    yield opened
    opened.close()


def content(folder: Path) -> str:
    return (folder / "desk.log").read_text(encoding="utf-8")


def test_what_the_program_says_is_in_the_file_with_time_and_place(folder: Path, log: Log) -> None:
    ours.info("a thing happened: %s", "äöü 漢字")
    line = content(folder)
    assert "INFO" in line
    assert "mistral_desk.something | a thing happened: ⟨äöü 漢字⟩" in line


def test_details_are_kept_out_unless_asked_for(folder: Path) -> None:
    for verbose in (False, True):
        opened = Log(folder, verbose=verbose)
        ours.debug("a detail, %s", verbose)
        opened.close()
    assert "a detail, True" in content(folder)
    assert "a detail, False" not in content(folder)


def test_the_terminal_hears_only_with_verbose(folder: Path) -> None:
    terminal = io.StringIO()
    quiet = Log(folder, terminal=terminal)
    ours.info("one")
    quiet.close()
    assert terminal.getvalue() == ""
    loud = Log(folder, verbose=True, terminal=terminal)
    ours.info("two")
    loud.close()
    assert "two" in terminal.getvalue()


@pytest.mark.allow_log("from another library", "other.library")
def test_warnings_of_libraries_are_kept_too(folder: Path, log: Log) -> None:
    logging.getLogger("other.library").warning("from another library")
    logging.getLogger("other.library").info("chatter")
    assert "from another library" in content(folder)
    assert "chatter" not in content(folder)


def test_it_does_not_grow_without_end(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 10_000)
    opened = Log(folder)
    for number in range(3000):
        ours.info("line %d of a long story", number)
    opened.close()
    files = sorted(folder.iterdir())
    assert len(files) == module.KEPT + 1
    assert sum(file.stat().st_size for file in files) < (module.KEPT + 1) * 11_000
    assert "line 2999" in content(folder)


def test_where_it_cannot_rotate_it_goes_on_writing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 1000)
    opened = Log(folder)
    monkeypatch.setattr("os.rename", _refuse)
    for number in range(100):
        ours.info("line %d", number)
    opened.close()
    assert [f"line {number}" in content(folder) for number in range(100)] == [True] * 100


def _refuse(*_arguments: object) -> None:
    raise PermissionError(32, "The process cannot access the file because it is being used by another process")


def test_a_folder_that_cannot_be_used_is_no_reason_not_to_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    opened = Log(tmp_path / "file" / "logs")
    ours.info("nobody hears this")
    assert opened.file is None
    opened.close()


def test_a_full_disk_prints_nothing(folder: Path, log: Log, capfd: pytest.CaptureFixture[str]) -> None:
    class Full(io.StringIO):
        def write(self, _text: str) -> int:
            raise OSError(28, "No space left on device")

    (handler,) = (each for each in logging.getLogger().handlers if isinstance(each, RotatingFileHandler))
    real = handler.stream
    handler.stream = Full()  # type: ignore[assignment]
    ours.info("lost")
    handler.stream = real
    ours.info("kept")
    assert capfd.readouterr() == ("", "")
    assert "kept" in content(folder)


@pytest.mark.allow_log("that nobody caught", "mistral_desk.core.log")
def test_exceptions_that_nobody_caught_are_in_the_file(folder: Path, log: Log) -> None:
    def fail(where: str) -> None:
        raise ValueError(f"in {where}")

    try:
        fail("the main thread")
    except ValueError as error:
        sys.excepthook(ValueError, error, error.__traceback__)
    thread = threading.Thread(target=fail, args=["another thread"], name="unlucky")
    thread.start()
    thread.join()
    written = content(folder)
    assert "Traceback" in written
    assert "ValueError: ⟨in the main thread⟩" in written
    assert "ValueError: ⟨in another thread⟩" in written
    assert "unlucky" in written


def test_closing_takes_everything_back(folder: Path) -> None:
    def state() -> tuple[object, ...]:
        root = logging.getLogger()
        level = logging.getLogger("mistral_desk").level
        return (sys.excepthook, threading.excepthook, sys.unraisablehook, level, tuple(root.handlers))

    before = state()
    opened = Log(folder)
    assert state() != before
    opened.close()
    assert state() == before


@pytest.mark.skipif(sys.platform == "win32", reason="only administrators make links there")
def test_nothing_is_written_into_what_a_link_leads_to(tmp_path: Path, folder: Path) -> None:
    theirs = tmp_path / ".profile"
    theirs.write_text("# mine\n", encoding="utf-8")
    folder.mkdir()
    (folder / "desk.log").symlink_to(theirs)
    opened = Log(folder)
    ours.info("a thing")
    opened.close()
    assert theirs.read_text(encoding="utf-8") == "# mine\n"
    assert opened.file is None


def test_who_ends_the_program_or_a_thread_is_no_error(folder: Path, log: Log) -> None:
    interrupt = KeyboardInterrupt()
    sys.excepthook(KeyboardInterrupt, interrupt, None)
    thread = threading.Thread(target=sys.exit, args=[3])
    thread.start()
    thread.join()
    assert not (folder / "desk.log").exists() or content(folder) == ""


@pytest.mark.allow_log("ignored|in a finalizer", "mistral_desk.core.log")
def test_what_python_itself_can_only_ignore_is_in_the_file(folder: Path, log: Log) -> None:
    class Odd:
        def __del__(self) -> None:
            raise ValueError("in a finalizer")

    one = Odd()
    del one
    written = content(folder)
    assert "ValueError: ⟨in a finalizer⟩" in written
    assert "ignored" in written
