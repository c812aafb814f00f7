"""How every test runs: offscreen, in folders of its own, offline, and failing on a warning that nobody announced.

Children that outlive the session fail it too. Warnings of Python are errors through pyproject.toml.
"""

from __future__ import annotations

import locale
import logging
import os
import signal
import sys
from typing import TYPE_CHECKING, Any, Final

import hypothesis
import psutil
import pytest
from hypothesis.internal.conjecture import providers

from mistral_desk.core import words
from tests.fixtures.guards import LogWatch, SocketGuard
from tests.fixtures.small_models import SmallModels

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# Before anything imports Qt, keyring or llama.cpp.
os.environ["QT_QPA_PLATFORM"] = "offscreen"
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"
os.environ["GGML_NO_BACKTRACE"] = "1"
for _name in (
    "COLUMNS",
    "HF_ENDPOINT",
    "HF_TOKEN",
    "MISTRAL_DESK_CATALOG_URL",
    "MISTRAL_DESK_HOME",
    "MISTRAL_DESK_LANGUAGE",
):
    os.environ.pop(_name, None)

# The program speaks the computer's language, and the tests read English.
for _name in [one for one in os.environ if one in {"LANG", "LANGUAGE"} or one.startswith("LC_")]:
    if not os.environ[_name].startswith(("C", "POSIX", "en")):
        del os.environ[_name]
        os.environ["LC_CTYPE"] = "C.UTF-8"

# As some build machines have it, and Qt warns of it: a locale whose letters are ASCII, or one that is not installed.
if "LC_ALL" in os.environ and locale.getencoding().upper() != "UTF-8":
    del os.environ["LC_ALL"]
    os.environ["LC_CTYPE"] = "C.UTF-8"

# Who is started in the background has Ctrl+C ignored, and so have all programs that the tests start and stop by it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The same examples every time: a red test means changed code, neither dice nor a busy computer, on which an example may
# take any time. `HYPOTHESIS_PROFILE=search` looks on.
_PATIENT: Final = hypothesis.settings(deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.register_profile("repeatable", _PATIENT, derandomize=True, database=None)
hypothesis.settings.register_profile("search", _PATIENT, print_blob=True)
hypothesis.settings.load_profile(_profile := os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))
if _profile == "repeatable":
    # Else it takes constants from the modules that happen to be loaded: other ones in each order of the files.
    setattr(providers, "_get_local_constants", lambda: providers._local_constants)  # noqa: B010 - no public way

HOME: Final = "Zu Hause bei Müller"
"""A folder's name as people have them: spaces and an umlaut."""

_guard: Final = SocketGuard()
_ORPHANS: Final = "mistral_desk.orphans"
_ENDING_S: Final = 10.0
"""Only what does not end by itself is an orphan: on a busy computer one that was told to may still be at it."""
_orphans: Final[list[str]] = []


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "allow_log(pattern, logger): warnings in the log that this test expects")
    _guard.install()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What lies in `engine/` and `e2e/` carries the marker of that name."""
    for item in items:
        for folder in ("engine", "e2e"):
            if folder in item.path.parts:
                item.add_marker(folder)


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that stands for the person's own; not yet there, as on a new computer."""
    folder = tmp_path_factory.mktemp("home") / HOME
    monkeypatch.setenv("MISTRAL_DESK_HOME", str(folder))
    return folder


@pytest.fixture(autouse=True)
def allow_log(request: pytest.FixtureRequest) -> Iterator[Callable[..., None]]:
    """Fails the test on an unexpected record from WARNING up; call it with a pattern to expect one."""
    watch = LogWatch()
    for mark in request.node.iter_markers("allow_log"):
        watch.allow(*mark.args, **mark.kwargs)
    logging.getLogger().addHandler(watch)
    yield watch.allow
    logging.getLogger().removeHandler(watch)
    if unexpected := watch.unexpected():
        pytest.fail("unexpected in the log:\n" + "\n".join(unexpected), pytrace=False)


@pytest.fixture(autouse=True)
def offline() -> Iterator[None]:
    """Fails the test when it, or a library under it, tried to leave this computer, even if the error was caught."""
    before = len(_guard.attempts)
    yield
    if attempts := _guard.attempts[before:]:
        del _guard.attempts[before:]
        pytest.fail("tried to leave this computer:\n" + "\n".join(attempts), pytrace=False)


@pytest.fixture(autouse=True)
def spoken() -> Iterator[None]:
    """What comes next finds English: a test that runs a command speaks the language of whoever runs the tests."""
    yield
    if words.language() != words.ENGLISH:
        words.use(words.ENGLISH)


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that is asked to stop and to end is not killed because this computer is busy: its answer would be lost,
    and the log would tell.
    """
    for module, limit, seconds in (("remote", "TERMINATE_LIMIT_S", 60.0), ("client", "RETIRE_LIMIT_S", 3.0)):
        if (part := sys.modules.get(f"mistral_desk.inference.{module}")) is not None:
            monkeypatch.setattr(part, limit, seconds)


@pytest.fixture(scope="session")
def small_models(tmp_path_factory: pytest.TempPathFactory) -> SmallModels:
    """Small GGUFs by name, in a folder whose name has spaces and umlauts."""
    folder = tmp_path_factory.mktemp("models") / "Große Modelle"
    folder.mkdir()
    return SmallModels(folder)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """End what is still running below this process, and let the session fail for it.

    With pytest-xdist each worker looks below itself and tells the process that everybody reads.
    """
    for child in psutil.wait_procs(psutil.Process().children(recursive=True), _ENDING_S)[1]:
        try:
            if child.status() != psutil.STATUS_ZOMBIE:
                _orphans.append(f"{child.pid}: {' '.join(child.cmdline())}")
                child.kill()
        except psutil.NoSuchProcess:
            continue
    _empty_clipboard()
    told: dict[str, object] | None = getattr(session.config, "workeroutput", None)
    if told is not None:
        told[_ORPHANS] = list(_orphans)
    if _orphans:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _empty_clipboard() -> None:
    """What Python put into the offscreen clipboard is deleted by Qt after Python's end, and that crashes."""
    if "PySide6.QtGui" in sys.modules:
        from PySide6.QtGui import QGuiApplication

        if QGuiApplication.instance() is not None:
            QGuiApplication.clipboard().clear()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what a worker of pytest-xdist says at its end; one that died says nothing."""
    _orphans.extend(getattr(node, "workeroutput", {}).get(_ORPHANS, ()))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _orphans:
        terminalreporter.section("children that outlived the tests", red=True)
        for line in _orphans:
            terminalreporter.write_line(line)
