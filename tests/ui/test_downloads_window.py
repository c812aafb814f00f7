"""Downloads in the window, from the button to the chat, on a hub of this computer whose files lie on another host."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from mistral_desk.core.errors import Words
from mistral_desk.inference.client import ModelSpec
from mistral_desk.ui.chat.ask_link import LinkSheet
from mistral_desk.ui.downloads.ask_cancel import CancelSheet
from mistral_desk.ui.downloads.get_button import GetButton, Ware
from mistral_desk.ui.downloads.get_sheet import GetSheet
from mistral_desk.ui.library.delete import DeleteSheet
from mistral_desk.ui.notify import Notice
from mistral_desk.ui.settings.token import STATES
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.label import Label
from tests.fixtures import fake_worker
from tests.fixtures.hub_site import FileBody, HubSite, Padded, Repo
from tests.fixtures.vault import Vault
from tests.ui import window

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from PySide6.QtWidgets import QApplication, QWidget

    from mistral_desk.ui.desk import Desk
    from mistral_desk.ui.downloads.row import DownloadRow
    from tests.fixtures.small_models import SmallModels

SCRIPT = [fake_worker.HELLO, {"serve": {"load": fake_worker.loading(), "generate": fake_worker.answer("Paris.")}}]
WARE = Ware("acme/Tiny-GGUF", "Q4_K_M", "Tiny")
KEY = "acme/Tiny-GGUF:Q4_K_M"


class Heard:
    """What the system was told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []
        self.shares: list[float | None] = []

    def tell(self, title: str, text: str) -> None:
        self.told.append((title, text))

    def show(self, share: float | None, *, paused: bool) -> None:
        assert isinstance(paused, bool)
        self.shares.append(share)


@pytest.fixture
def hub(small_models: SmallModels, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubSite]:
    files = {"Tiny-Q4_K_M.gguf": FileBody(small_models["dense"])}
    card = {"license": "other", "license_name": "tiny-terms", "license_link": "https://example.org/terms"}
    with HubSite(
        Repo("acme/Tiny-GGUF", dict(files), card=card), Repo("acme/Gated-GGUF", dict(files), gated="auto")
    ) as site:
        monkeypatch.setenv("HF_ENDPOINT", site.url)
        yield site


@contextlib.asynccontextmanager
async def opened(app: QApplication, folder: Path) -> AsyncIterator[tuple[Desk, Heard]]:
    """The window; nobody looks at it, so the system is told."""
    async with window.opened(app, folder, SCRIPT) as desk:
        desk.services.resolve_model = lambda model="builtin": ModelSpec(desk.services.place_of(model)[0])  # type: ignore[method-assign]
        heard = Heard()
        desk.attention.use(heard, heard, lambda: False)
        yield desk, heard


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what Qt and the queue do in their own time."""
    while not condition():
        await window.drawn()
        await asyncio.sleep(0.005)


def words_of(widget: QWidget) -> str:
    return "\n".join(label.text() for label in widget.findChildren(Label))


def named(widget: QWidget, name: str) -> Button:
    return next(one for one in widget.findChildren(Button) if one.text() == name and one.isVisible())


def titles(desk: Desk) -> list[str]:
    """What the notices say, the newest first."""
    return [banner.notice.words.title for banner in desk.window.banners.banners]


def row(desk: Desk) -> DownloadRow:
    return next(iter(desk.library.downloads.rows.values()))


async def sheet_of(desk: Desk, ware: Ware = WARE) -> GetSheet:
    """The sheet before a download, with what the hub says."""
    desk.getting.ask(ware)
    sheet = desk.window.overlay
    assert isinstance(sheet, GetSheet)
    await until(lambda: sheet.get is not None)
    return sheet


async def comes(desk: Desk, sheet: GetSheet) -> None:
    """The sheet's button is pressed, and the model is there."""
    came = asyncio.ensure_future(window.heard(desk.downloads.came))
    assert sheet.get is not None
    window.click(sheet.get)
    assert await came == (KEY,)
    await desk.tasks.settled()


def test_from_the_sheet_to_the_library_and_into_a_chat(qapp: QApplication, tmp_path: Path, hub: HubSite) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path) as (desk, heard):
            turn = await window.ask(desk, "What is the capital of France?")
            sheet = await sheet_of(desk)
            told = words_of(sheet)
            assert "127.0.0.1" in told, "it says who is asked"
            assert "stay free in" in told
            assert "tiny-terms" in told
            assert "Licence" in told.splitlines(), "each line is called what it is"
            assert "sets conditions" in told
            window.click(named(sheet, "Read it…"))
            link = desk.window.overlay
            assert isinstance(link, LinkSheet), "the address is shown before anything opens"
            link.reject()
            assert desk.window.overlay is sheet
            await comes(desk, sheet)
            await until(desk.window.sidebar.downloads.isHidden)  # told with the next news, at most a moment later
            assert desk.services.downloads.downloads() == ()
            assert titles(desk) == ["Tiny-GGUF Q4_K_M is here"], "of one thing only the latest is said"
            desk.notices.over.emit("another")
            assert titles(desk), "it stays until it is read: nobody looks at the library"
            assert [title for title, _text in heard.told] == ["Tiny-GGUF Q4_K_M is here"]
            await until(lambda: heard.shares[-1:] in ([], [None]))  # the icon's progress goes with the next news, too
            model = desk.services.library.find(KEY)
            assert model is not None
            assert model.state == "here"
            assert "127.0.0.2" in hub.cdn.url or hub.cdn.asked, "the bytes came from the other host"
            assert turn.offer, "the Guide's answer offers the same question to what has come"
            desk.window.new_chat.emit()
            later = await window.ask(desk, "And of Italy?")
            assert later.offer, "an answer that ends after the model has come offers it as well"
            chat = desk.page.chat
            assert chat is not None
            turn = later
            ended = asyncio.ensure_future(window.heard(chat.ended))
            await asyncio.sleep(0)
            turn.anew = True
            desk.page.transcript.again.emit(turn)
            await ended
            assert desk.model.id == KEY
            await until(lambda: len(chat.turns[-1].versions) == 2)
            assert chat.turns[-1].offer == ""

    window.run(qapp, scenario)


def test_what_was_deleted_is_not_offered_to_be_asked_again(qapp: QApplication, tmp_path: Path, hub: HubSite) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path) as (desk, _heard):
            turn = await window.ask(desk, "What is the capital of France?")
            sheet = await sheet_of(desk)
            await comes(desk, sheet)
            assert turn.offer
            desk.library.delete_asked.emit(KEY)
            question = desk.window.overlay
            assert isinstance(question, DeleteSheet)
            window.click(named(question, "Delete for good"))
            await desk.tasks.settled()
            assert desk.services.library.find(KEY) is None
            assert turn.offer == "", "nor beside the answer that is shown"
            desk.window.new_chat.emit()
            assert (await window.ask(desk, "And of Italy?")).offer == "", "nor beside later ones"

    window.run(qapp, scenario)


def test_pause_resume_and_cancel_are_one_press_each(qapp: QApplication, tmp_path: Path, hub: HubSite) -> None:
    hub.trouble.stall = 4096

    async def scenario() -> None:
        async with opened(qapp, tmp_path) as (desk, _heard):
            sheet = await sheet_of(desk)
            assert sheet.get is not None
            sheet.get.click()
            desk.show_downloads()
            await until(lambda: bool(desk.library.downloads.rows) and row(desk).download.done > 0)
            assert desk.window.sidebar.downloads.isVisible()
            assert "1 download" in desk.window.sidebar.downloads.accessibleDescription()
            window.click(row(desk).pause)
            await until(lambda: row(desk).download.state == "paused")
            assert row(desk).pause.accessibleName().startswith("Resume")
            assert row(desk).bar.accessibleDescription().startswith("Tiny-GGUF Q4_K_M: Paused")
            window.click(row(desk).cancel)
            paused = desk.window.overlay
            assert isinstance(paused, CancelSheet)
            assert paused.go_on.text() == "Leave it paused", "it does not go on by that"
            window.click(paused.go_on)
            assert row(desk).download.state == "paused"
            window.click(row(desk).pause)
            await until(lambda: row(desk).download.state not in ("paused", "queued"))
            window.click(row(desk).cancel)
            asked = desk.window.overlay
            assert isinstance(asked, CancelSheet)
            asked.go_on.click()
            assert row(desk).download.state != "paused", "the harmless button changes nothing"
            window.click(row(desk).cancel)
            again = desk.window.overlay
            assert isinstance(again, CancelSheet)
            desk.notices.show(Notice("info", Words("Tiny is on its way", "", ""), about=KEY.casefold()))
            again.delete.click()
            assert titles(desk) == [], "it is not so any more"
            await until(lambda: not desk.library.downloads.rows)
            await desk.tasks.settled()
            assert desk.window.sidebar.downloads.isHidden()
            assert list(desk.services.models_folder.rglob("*.part")) == []

    window.run(qapp, scenario)


def test_a_gate_explains_itself_and_takes_a_token(
    qapp: QApplication, tmp_path: Path, hub: HubSite, allow_log: Callable[..., None]
) -> None:
    allow_log("shown: ")
    hub.tokens.add("hf_good")

    async def scenario() -> None:
        async with opened(qapp, tmp_path) as (desk, _heard):
            desk.services.secrets._backend = Vault()
            sheet = await sheet_of(desk, Ware("acme/Gated-GGUF", "Q4_K_M", "Gated"))
            assert sheet.get is not None
            assert not sheet.get.isEnabled()
            assert "token" in sheet.get.accessibleDescription()
            field = sheet.token_field
            assert field is not None
            assert field.edit.echoMode() == field.edit.EchoMode.Password
            field.edit.setText("hf_wrong")
            QTest.keyClick(field.edit, Qt.Key.Key_Return)
            await until(lambda: bool(field.told.text()) and field.edit.isEnabled())
            assert "hf_wrong" not in words_of(sheet) + field.edit.text()
            field.edit.setText("hf_good")
            field.take.click()
            await until(lambda: sheet.get is not None and sheet.get.isEnabled())
            assert sheet.token_field is None
            assert "hf_good" not in words_of(sheet)
            came = asyncio.ensure_future(window.heard(desk.downloads.came))
            sheet.get.click()
            assert await came == ("acme/Gated-GGUF:Q4_K_M",)
            await desk.tasks.settled()
            desk.window.open_settings("downloads")
            token = desk.settings.token
            await until(lambda: STATES["keyring"] in token.note.text())
            window.click(token.forget)
            await until(lambda: STATES["none"] in token.note.text())
            assert not token.forget.isVisible()

    window.run(qapp, scenario)


def test_a_button_says_how_its_model_stands(qapp: QApplication, tmp_path: Path, hub: HubSite) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path) as (desk, _heard):
            listing = await desk.services.hub.files("acme/Tiny-GGUF")
            button = desk.getting.for_remote(listing, listing.quantizations[0], desk.window.ground)
            assert isinstance(button, GetButton)
            button.show()
            assert button.text() == "Download…"
            hub.trouble.stall = 4096
            button.click()
            sheet = desk.window.overlay
            assert isinstance(sheet, GetSheet)
            await until(lambda: sheet.get is not None)
            assert sheet.get is not None
            sheet.get.click()
            await until(lambda: button.text() == "Downloading…")
            button.click()
            assert desk.window.page == "library"
            await until(lambda: bool(desk.library.downloads.rows))
            row(desk).pause.click()
            await until(lambda: row(desk).download.state == "paused")
            hub.trouble.stall = None
            row(desk).pause.click()
            await until(lambda: button.text() == "Chat with it")
            await desk.tasks.settled()
            button.click()
            assert desk.model.id == KEY

    window.run(qapp, scenario)


def test_a_disk_that_is_too_small_leads_to_something_that_helps(
    qapp: QApplication, tmp_path: Path, hub: HubSite, small_models: SmallModels
) -> None:
    hub.put(Repo("acme/Huge-GGUF", {"Huge-Q4_K_M.gguf": Padded(small_models["dense"].read_bytes(), 10**13)}))
    huge = Ware("acme/Huge-GGUF", "Q4_K_M", "Huge")

    async def scenario() -> None:
        async with opened(qapp, tmp_path) as (desk, _heard):
            sheet = await sheet_of(desk, huge)
            assert "more are needed in" in words_of(sheet)
            assert sheet.get is not None
            assert not sheet.get.isEnabled()
            assert not desk.downloads.can_free
            window.click(named(sheet, "Another folder…"))
            assert (desk.window.page, desk.settings.page) == ("settings", "models"), "there is nothing to delete"
            place = desk.services.models_folder / "Own-Q8_0.gguf"
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(small_models["dense"].read_bytes())
            await desk.services.library.look()
            sheet = await sheet_of(desk, huge)
            window.click(named(sheet, "Free space…"))
            assert desk.window.page == "library"

    window.run(qapp, scenario)


def test_what_went_wrong_stands_in_the_sheet(
    qapp: QApplication, tmp_path: Path, hub: HubSite, small_models: SmallModels
) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path) as (desk, _heard):
            desk.getting.ask(Ware("acme/Nothing-GGUF", "Q4_K_M", "Nothing"))
            sheet = desk.window.overlay
            assert isinstance(sheet, GetSheet)
            await until(
                lambda: any(one.text() == "Try again" and one.isVisible() for one in sheet.findChildren(Button))
            )
            hub.put(Repo("acme/Nothing-GGUF", {"Nothing-Q4_K_M.gguf": FileBody(small_models["dense"])}))
            named(sheet, "Try again").click()
            await until(lambda: sheet.get is not None)

    window.run(qapp, scenario)
