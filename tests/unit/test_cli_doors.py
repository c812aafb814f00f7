"""Which door opens, what the program says when one cannot, and that no door is slower than it must be."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import socket
import subprocess
import sys
import types
from typing import TYPE_CHECKING, Any

import pytest

from mistral_desk import __version__
from mistral_desk.__main__ import main
from mistral_desk.cli import display, lend
from mistral_desk.cli.output import write_problem
from mistral_desk.core.errors import DeskError, Problem
from mistral_desk.inference import remote
from mistral_desk.inference.rpc.lending import Locked, Order
from tests.fixtures import fake_worker
from tools.dev import system

if TYPE_CHECKING:
    from pathlib import Path

linux = pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="only Linux and its like can lack a display")


def test_the_version_is_said_by_each_way_to_ask(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"mistral-desk {__version__}\n"
    assert main(["--version", "--screenshot", "x"]) == 0
    assert capsys.readouterr().out == f"mistral-desk {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "heavy"),
    [
        (["--version"], ["argparse", "asyncio", "mistral_desk.cli", "mistral_desk.inference", "PySide6", "numpy"]),
        (
            ["ask", ""],
            [
                "PySide6",
                "qasync",
                "llama_cpp",
                "sqlite3",
                "numpy",
                "jinja2",
                "keyring",
                "mistral_desk.chat.elsewhere.door",
            ],
        ),
    ],
)
def test_a_door_imports_only_what_it_needs(arguments: list[str], heavy: list[str]) -> None:
    program = (
        "import sys; before = set(sys.modules)\n"
        "from mistral_desk.__main__ import main\n"
        f"main({arguments!r})\n"
        f"print([name for name in {heavy!r} if name in set(sys.modules) - before])"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=True)
    assert ran.stdout.splitlines()[-1] == "[]"


def test_a_worker_starts_without_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = types.ModuleType("mistral_desk.inference.worker")
    worker.main = lambda: 7  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, worker.__name__, worker)
    monkeypatch.setitem(sys.modules, "mistral_desk.cli.main", None)
    assert main(["--worker"]) == 7


def window(monkeypatch: pytest.MonkeyPatch, run: Any) -> None:
    app = types.ModuleType("mistral_desk.ui.app")
    app.run = run  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, app.__name__, app)


def test_without_arguments_the_window_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[dict[str, object]] = []

    def run(**how: object) -> int:
        opened.append(how)
        return 5

    window(monkeypatch, run)
    assert main([]) == 5
    assert main(["--screenshot", "shot.png"]) == 5
    assert opened == [{"screenshot": None}, {"screenshot": "shot.png"}]


@linux
def test_without_a_display_the_command_line_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    window(monkeypatch, lambda **how: 0)
    assert main([]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[0] == "There is no display"
    assert "mistral-desk ask" in err


@linux
def test_a_picture_needs_no_display(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("QT_QPA_PLATFORM", "")
    platforms: list[str | None] = []

    def run(**_how: object) -> int:
        platforms.append(os.environ.get("QT_QPA_PLATFORM"))
        return 0

    window(monkeypatch, run)
    assert main(["--screenshot", "x.png"]) == 0
    assert platforms == ["offscreen"]


def test_a_qt_that_cannot_be_loaded_is_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(**_how: object) -> int:
        raise ImportError("libEGL.so.1: cannot open shared object file", name="PySide6.QtGui")

    window(monkeypatch, run)
    assert main([]) == 1
    err = capsys.readouterr().err
    assert err.splitlines()[0] == "There is no display"
    assert "libEGL.so.1" in err


@linux
def test_a_display_that_does_not_answer_is_an_obstacle(tmp_path: Path) -> None:
    assert "DISPLAY=:4711" in display.obstacle({"DISPLAY": ":4711"})
    assert "WAYLAND_DISPLAY=wayland-9" in display.obstacle(
        {"WAYLAND_DISPLAY": "wayland-9", "XDG_RUNTIME_DIR": str(tmp_path)}
    )


@linux
def test_a_display_that_answers_is_none(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as compositor:
        compositor.bind(str(tmp_path / "wayland-9"))
        compositor.listen()
        assert display.obstacle({"WAYLAND_DISPLAY": "wayland-9", "XDG_RUNTIME_DIR": str(tmp_path)}) == ""


@linux
def test_a_library_that_qt_lacks_is_named_itself(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Qt blames libxcb-cursor0 for each of them, and ends the process."""

    def load(name: str) -> None:
        if name == "libxcb-icccm.so.4":
            raise OSError(name)

    monkeypatch.setattr("ctypes.CDLL", load)
    assert display.obstacle({"DISPLAY": f"somewhere{tmp_path.name}:0"}) == (
        "the system library libxcb-icccm4 is not installed"
    )


@linux
def test_an_installed_program_brings_its_libraries_along(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sys.frozen", True, raising=False)
    monkeypatch.setattr("ctypes.CDLL", lambda name: pytest.fail(f"{name} was looked for"))
    assert display.obstacle({"DISPLAY": f"somewhere{tmp_path.name}:0"}) == ""


@linux
def test_where_there_are_no_sockets_of_the_system_no_display_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("socket.AF_UNIX")
    assert display.obstacle({"DISPLAY": ":0"}) == "no display answers at DISPLAY=:0"


@pytest.mark.allow_log("nobody foresaw", "mistral_desk.cli.main")
@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (ModuleNotFoundError("no module of ours", name="mistral_desk.gone"), 1, True),
        (KeyboardInterrupt(), 130, False),
        (asyncio.CancelledError(), 130, False),
    ],
)
def test_a_window_that_breaks_off_is_no_lack_of_a_display_and_ctrl_c_no_error(
    error: BaseException, status: int, said: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(**_how: object) -> int:
        raise error

    window(monkeypatch, run)
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    assert main([]) == status
    told = capsys.readouterr()
    assert told.out == ""
    assert bool(told.err) is said
    assert "display" not in told.err
    assert "Traceback" not in told.err


def test_ctrl_c_while_the_program_is_still_being_imported_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def pressed(*_arguments: object, **_how: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("mistral_desk.cli.main.main", pressed)
    assert main([]) == 130


def test_each_library_that_is_looked_for_is_one_that_is_set_up() -> None:
    set_up = {need.name: need.apt for need in system.QT if need.kind == "library"}
    assert display.NEEDED.items() <= set_up.items()


def test_a_chosen_platform_is_left_to_qt() -> None:
    assert display.obstacle({"QT_QPA_PLATFORM": "offscreen"}) == ""


@pytest.mark.allow_log("nobody foresaw", "mistral_desk.cli.main")
@pytest.mark.parametrize("as_json", [False, True])
def test_what_nobody_foresaw_is_words_and_a_trace_in_the_log(
    as_json: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    def fail(*_arguments: object) -> None:
        raise ZeroDivisionError("a fault of ours")

    monkeypatch.setattr("mistral_desk.cli.ask.check_draft", fail)
    assert main(["ask", "hi", *(["--json"] if as_json else [])]) == 1
    out, err = capsys.readouterr()
    assert "Traceback" not in out + err
    if as_json:
        assert json.loads(out)["id"] == "unexpected"
    else:
        assert "ZeroDivisionError" in err
    log = (home / "logs" / "desk.log").read_text(encoding="utf-8")
    assert "Traceback" in log
    assert "a fault of ours" in log


def test_a_reader_that_leaves_early_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def gone(*_arguments: object) -> None:
        raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr("mistral_desk.cli.ask.check_draft", gone)
    monkeypatch.setattr(os, "dup2", lambda *_: None)
    assert main(["ask", "hi"]) == 1
    assert capfd.readouterr().err == ""


@pytest.fixture
def worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = fake_worker.command(tmp_path, fake_worker.answering("x"))
    monkeypatch.setattr(remote, "worker_command", lambda: command)


def test_doctor_reports_what_a_bug_report_needs(
    worker: None, home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "guide.gguf").write_bytes(b"GGUF")
    monkeypatch.setattr("mistral_desk.diagnostic.report.resource", lambda *_: tmp_path / "guide.gguf")
    assert main(["doctor", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert " ".join(report) == (
        "version build python system frozen libraries llama_cpp engine_build backends engine engine_left "
        "engine_protocol hardware devices folders sandbox decoder keyring display computers model library problems"
    )
    assert report["version"] == __version__
    assert report["llama_cpp"] == "fake llama.cpp"
    assert report["libraries"]["llama-cpp-python"] == "0.3.36"
    assert report["hardware"]["cores"] >= 1
    assert [device["name"] for device in report["devices"]] == ["CPU"]
    assert {folder["name"]: folder["problem"] for folder in report["folders"]} == dict.fromkeys(
        ["data", "config", "cache", "models", "logs"], ""
    )
    assert set(report["sandbox"]) == set(report["decoder"]) == {"by", "refused", "allowed", "notes"}
    if sys.platform == "linux":
        assert report["decoder"]["allowed"] == []
    assert (report["model"]["bytes"], report["model"]["sha256"]) == (4, hashlib.sha256(b"GGUF").hexdigest())
    assert list(report["library"]) == ["folders", "origins", "states", "bytes", "unfinished", "moving"]
    assert [folder["path"] for folder in report["library"]["folders"]] == [str(home / "models")]
    assert (report["library"]["origins"], report["library"]["unfinished"]) == ({"guide": 1}, 0)
    assert report["problems"] == []
    assert main(["doctor"]) == 0
    words = capsys.readouterr().out
    for part in (
        __version__,
        "fake llama.cpp",
        str(home / "data"),
        "Worker's cage:",
        "Keyring:",
        "Display:",
        "1 guide;",
    ):
        assert part in words


def test_doctor_tells_what_does_not_work_and_fails(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(*parts: str) -> Path:
        raise DeskError("resource.missing", name="/".join(parts))

    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("MISTRAL_DESK_HOME", str(tmp_path / "file" / "home"))
    monkeypatch.setattr("mistral_desk.diagnostic.report.resource", missing)
    monkeypatch.setattr(remote, "worker_command", lambda: [str(tmp_path / "no worker")])
    assert main(["doctor", "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert [problem["id"] for problem in report["problems"]] == [
        "engine.missing",
        "resource.missing",
        "folder.not_writable",
    ]
    assert (report["llama_cpp"], report["devices"], report["model"]) == (None, [], None)
    assert main(["doctor"]) == 1
    words = capsys.readouterr().out
    assert "The engine is not installed" in words
    assert "Traceback" not in words


def test_a_program_without_a_console_says_nothing_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", None)
    write_problem(Problem("net.offline", {"host": "x"}), as_json=False)


@pytest.mark.parametrize("arguments", [[], ["--bind"], ["--bind", "10.0.0.1", "--mem", "much"], ["--bi", "10.0.0.1"]])
def test_lending_with_words_that_make_no_sense_is_wrong_use(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--rpc-worker", *arguments]) == 2
    assert "--bind ADDRESS" in capsys.readouterr().err


@pytest.mark.parametrize("bounded", [True, False])
def test_who_lends_memory_is_told_where_nothing_keeps_the_bound(
    bounded: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    lend._say(Order("10.0.0.1", 50052, 10**9, 1), Locked((), bounded))
    said = capsys.readouterr()
    assert "Lent at 10.0.0.1:50052: 1.0 GB of memory and 1 thread.\n" in said.out
    assert "Kept in by: nothing\n" in said.out
    assert ("does not keep the bound on memory" in said.out) is (not bounded and sys.platform != "win32")
    assert said.err.startswith("Experimental. The connection is neither encrypted nor protected by a password")
