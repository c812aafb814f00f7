"""What the system is told: by real messages on a bus of our own where Linux has one, and when it is told nothing."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from mistral_desk.core import settings as declared
from mistral_desk.core.settings import Settings
from mistral_desk.library.orders import Download, Order
from mistral_desk.library.wanted import Wanted
from mistral_desk.ui.system.attention import Attention
from tests.ui import window

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from PySide6.QtWidgets import QApplication

BUS = shutil.which("dbus-daemon")
MONITOR = shutil.which("dbus-monitor")
linux = pytest.mark.skipif(
    not sys.platform.startswith("linux") or BUS is None or MONITOR is None, reason="needs Linux with dbus-daemon"
)


@pytest.fixture
def bus() -> Iterator[str]:
    """The address of a bus that nobody else is on."""
    assert BUS is not None
    process = subprocess.Popen([BUS, "--session", "--nofork", "--print-address"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


class Monitor:
    """Everything that is said on a bus."""

    def __init__(self, address: str) -> None:
        assert MONITOR is not None
        self._process = subprocess.Popen([MONITOR, "--address", address], stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self._lines = self._process.stdout
        self.until("NameLost")  # from now on it monitors

    def until(self, words: str) -> str:
        """What was said up to the line with these words, and six lines after it."""
        heard: list[str] = []
        for line in self._lines:
            heard.append(line)
            if words in line:
                break
        return "".join(heard)

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()
        self._lines.close()


@linux
def test_a_launcher_hears_how_far_it_is(qapp: QApplication, bus: str) -> None:
    from PySide6.QtDBus import QDBusConnection

    from mistral_desk.ui.system.linux import LauncherEntry

    assert qapp is not None
    monitor = Monitor(bus)
    ours = QDBusConnection.connectToBus(bus, "test launcher")
    try:
        LauncherEntry(ours).show(0.25, paused=False)
        said = monitor.until("double 0.25") + monitor.until("boolean true")
        assert "com.canonical.Unity.LauncherEntry" in said
        assert "application://" in said
        LauncherEntry(ours).show(None, paused=False)
        assert "Update" in monitor.until("boolean false")
    finally:
        QDBusConnection.disconnectFromBus("test launcher")
        monitor.close()


@linux
def test_a_notification_goes_to_the_portal_and_its_absence_hurts_nobody(qapp: QApplication, bus: str) -> None:
    from PySide6.QtDBus import QDBusConnection

    from mistral_desk.ui.system.linux import Portal

    monitor = Monitor(bus)
    ours = QDBusConnection.connectToBus(bus, "test portal")
    parent = QObject()
    tried: list[tuple[str, str]] = []

    class Told(Portal):
        def _instead(self, title: str, text: str) -> None:
            tried.append((title, text))

    async def scenario() -> None:
        Told(parent, ours).tell("Tiny is here", "Every byte.")
        said = await asyncio.to_thread(monitor.until, "Tiny is here")
        assert "member=AddNotification" in said
        assert 'string "title"' in said
        assert 'string "Every byte."' in said
        while not tried:
            await window.drawn()
        assert tried == [("Tiny is here", "Every byte.")], "nobody answers as the portal here, so the tray is tried"

    try:
        window.run(qapp, scenario)
    finally:
        QDBusConnection.disconnectFromBus("test portal")
        monitor.close()


class Heard:
    def __init__(self) -> None:
        self.told: list[str] = []
        self.shares: list[tuple[float | None, bool]] = []

    def tell(self, title: str, text: str) -> None:
        assert text
        self.told.append(title)

    def show(self, share: float | None, *, paused: bool) -> None:
        self.shares.append((share, paused))


def test_who_looks_or_does_not_want_it_is_not_told(qapp: QApplication, tmp_path: Path) -> None:
    assert qapp is not None
    settings, heard, looks = Settings(tmp_path / "settings.json"), Heard(), True
    attention = Attention(QWidget(), settings)
    attention.use(heard, heard, lambda: looks)
    attention.tell("seen anyway", "text")
    looks = False
    attention.tell("not seen", "text")
    settings.set(declared.DOWNLOADS_NOTIFY, False)
    attention.tell("not wanted", "text")
    assert heard.told == ["not seen"]


def test_only_steps_that_can_be_seen_are_passed_on(qapp: QApplication, tmp_path: Path) -> None:
    assert qapp is not None
    heard = Heard()
    attention = Attention(QWidget(), Settings(tmp_path / "settings.json"))
    attention.use(heard, heard, lambda: True)
    order = Order("a/b:Q4", "b Q4", (Wanted("a/b", "0" * 40, "b.gguf", 100_000),))
    for done in range(0, 2_000, 100):
        attention.show_progress((Download(order, "/m", "fetching", done, 100_000),))
    attention.show_progress((Download(order, "/m", "paused", 1_900, 100_000),))
    attention.show_progress(())
    assert heard.shares == [(0.0, False), (0.01, False), (0.019, True), (None, False)]


def test_a_system_that_fails_stops_nothing(qapp: QApplication, tmp_path: Path) -> None:
    assert qapp is not None

    class Broken:
        def tell(self, title: str, text: str) -> None:
            raise OSError(title, text)

        def show(self, share: float | None, *, paused: bool) -> None:
            raise OSError(share, paused)

    attention = Attention(QWidget(), Settings(tmp_path / "settings.json"))
    attention.use(Broken(), Broken(), lambda: False)
    attention.tell("title", "text")
    order = Order("a/b:Q4", "b Q4", (Wanted("a/b", "0" * 40, "b.gguf", 100),))
    attention.show_progress((Download(order, "/m", "fetching", 1, 100),))
