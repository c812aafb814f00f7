"""Settings → About looks for a newer version, shows what it brings as plain text, and opens only our own page."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from mistral_desk.core.settings import OFFLINE, UPDATES
from mistral_desk.ui.chat.ask_link import LinkSheet
from tests.fixtures import fake_worker
from tests.fixtures.web_site import Answer, Site
from tests.ui import window

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from PySide6.QtWidgets import QApplication

    from mistral_desk.ui.notify import Notice

SCRIPT = [fake_worker.HELLO, {"serve": {"load": fake_worker.loading(), "generate": fake_worker.answer("Yes.")}}]
NOTES = "- **Faster**\n- <img src=x>"


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    with Site() as one:
        one.replies["/releases/latest"] = Answer(200, json.dumps({"tag_name": "v99.0.0", "body": NOTES}).encode())
        monkeypatch.setenv("MISTRAL_DESK_RELEASES", one.url)
        yield one


def test_it_asks_when_somebody_does_and_leads_to_the_page(qapp: QApplication, tmp_path: Path, site: Site) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            assert "base" not in vars(desk.updates.updates), "a start reads nothing of it"
            desk.window.open_settings("about")
            await window.drawn()
            row = desk.settings.updates
            assert row is not None
            assert row.isVisible()
            assert site.asked == [], "a start asks nobody"
            desk.services.settings.set(OFFLINE, value=True)
            assert not row.look.isEnabled()
            desk.services.settings.set(OFFLINE, value=False)
            window.click(row.look)
            await desk.tasks.settled()
            assert "99.0.0" in row.note.text()
            assert row.notes.text() == NOTES, "as it stands, nothing of it is formatted or loaded"
            window.click(row.page)
            await window.drawn()
            sheet = desk.window.overlay
            assert isinstance(sheet, LinkSheet)
            assert sheet._address == f"{site.url}/releases/tag/v99.0.0"
            sheet.reject()
            assert site.paths() == ["/releases/latest"]

    window.run(qapp, scenario)


def test_switched_on_it_tells_by_itself_and_a_failure_bothers_nobody(
    qapp: QApplication, tmp_path: Path, site: Site
) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            shown: list[Notice] = []
            desk.notices.shown.connect(shown.append)
            desk.services.settings.set(UPDATES, value=True)
            good = site.replies.pop("/releases/latest")
            site.replies["/releases/latest"] = Answer(500)
            desk.updates.start()
            await desk.tasks.settled()
            assert shown == []
            site.replies["/releases/latest"] = good
            (desk.services.folders.cache / "updates.json").unlink()
            desk.updates.start()
            await desk.tasks.settled()
            [notice] = shown
            assert "99.0.0" in notice.words.title
            assert notice.act is not None
            notice.act()
            await window.drawn()
            assert desk.window.page == "settings"
            assert desk.settings.updates is not None
            assert "99.0.0" in desk.settings.updates.note.text()

    window.run(qapp, scenario)


def test_a_build_without_an_address_says_so(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MISTRAL_DESK_RELEASES", "")

    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT, warm=False) as desk:
            desk.window.open_settings("about")
            await window.drawn()
            row = desk.settings.updates
            assert row is not None
            assert not row.look.isEnabled()
            assert "does not know" in row.note.text()

    window.run(qapp, scenario)
