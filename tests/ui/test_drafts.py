"""Drafts reach the disk while somebody types without a pause, and the window waits for no disk."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QEventLoop, QObject, QTimer

from mistral_desk.ui.drafts import NEW, SETTLE_MS, Drafts

if TYPE_CHECKING:
    import pytest
    from PySide6.QtWidgets import QApplication


def test_who_types_without_a_pause_has_it_on_the_disk(qapp: QApplication, tmp_path: Path) -> None:
    parent = QObject(qapp)
    file = tmp_path / "drafts.json"
    drafts = Drafts(file, parent)
    loop, keys = QEventLoop(), QTimer(parent)
    written = ""

    def key() -> None:
        nonlocal written
        written += "x"
        drafts.keep(NEW, written)
        if file.exists():
            loop.quit()

    keys.setInterval(SETTLE_MS // 20)
    keys.timeout.connect(key)
    giving_up = QTimer(parent)
    giving_up.setSingleShot(True)
    giving_up.timeout.connect(loop.quit)
    giving_up.start(60_000)
    keys.start()
    loop.exec()
    keys.stop()
    giving_up.stop()
    assert file.exists()
    found = Drafts(file, parent).get(NEW)
    assert found, "a moment ago, as far as it was written then"
    assert written.startswith(found)
    drafts.save()
    assert Drafts(file, parent).get(NEW) == written, "at the end all of it"
    parent.deleteLater()


def test_a_slow_disk_is_waited_for_at_the_end_only_and_the_last_state_is_what_stays(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk, reached = threading.Event(), threading.Event()
    replace = Path.replace

    def slow(self: Path, target: Path) -> Path:
        reached.set()
        disk.wait(60)
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", slow)
    parent = QObject(qapp)
    file = tmp_path / "drafts.json"
    drafts = Drafts(file, parent)
    drafts.keep(NEW, "first")
    first = drafts.begin_saving()
    assert reached.wait(60)
    drafts.keep(NEW, "second")
    second = drafts.begin_saving()
    drafts.keep(NEW, "last")
    assert not first.done(), "and yet nobody has waited"
    assert not second.done()
    disk.set()
    drafts.save()
    assert Drafts(file, parent).get(NEW) == "last"
    parent.deleteLater()


def test_what_is_on_its_way_to_the_disk_does_not_come_back_after_it_was_forgotten(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded, go_on = threading.Event(), threading.Event()
    encode = msgspec.json.encode

    def slow(value: object) -> bytes:
        encoded.set()
        go_on.wait(60)
        return encode(value)

    monkeypatch.setattr("mistral_desk.ui.drafts.msgspec.json.encode", slow)
    parent = QObject(qapp)
    file = tmp_path / "drafts.json"
    drafts = Drafts(file, parent)
    drafts.keep(NEW, "a secret")
    saving = drafts.begin_saving()
    assert encoded.wait(60)
    drafts.forget()
    go_on.set()
    saving.result()
    assert list(tmp_path.iterdir()) == []
    drafts.keep(NEW, "written afterwards")
    drafts.save()
    assert Drafts(file, parent).get(NEW) == "written afterwards"
    parent.deleteLater()
