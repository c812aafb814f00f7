"""Models elsewhere in the window: added in Settings, unmistakable while words leave, asked first, off while offline."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest
import shiboken6
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from mistral_desk.chat.elsewhere.prices import Cost, Price
from mistral_desk.core.settings import OFFLINE
from mistral_desk.net.endpoints.record import Endpoint
from mistral_desk.net.secrets import Secrets
from mistral_desk.ui.chat.empty import GENERAL
from mistral_desk.ui.chat.leaving import unknown_to
from mistral_desk.ui.chat.prices import costing, money, priced
from mistral_desk.ui.chat.turn_view import AnswerView
from mistral_desk.ui.chat.turns import Turn
from mistral_desk.ui.model_menu import model_menu, shortened
from mistral_desk.ui.settings.endpoints_ask import AskSheet
from mistral_desk.ui.settings.endpoints_sheet import EndpointSheet, whole
from tests.fixtures import fake_worker, openai_site
from tests.fixtures.openai_site import MISTRAL, OpenAISite
from tests.fixtures.vault import Vault
from tests.ui import window

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from PySide6.QtWidgets import QApplication

    from mistral_desk.ui.desk import Desk

LOCAL = [fake_worker.HELLO, {"serve": {"load": fake_worker.loading(), "generate": fake_worker.answer("Madrid.")}}]


@contextlib.asynccontextmanager
async def desk_at(
    qapp: QApplication, folder: Path, site: OpenAISite, *, agreed: bool = True, chosen: bool = True
) -> AsyncIterator[Desk]:
    """The window with an endpoint in its settings, whose first model answers."""
    async with window.opened(qapp, folder, LOCAL) as desk:
        desk.services.secrets = Secrets(Vault())
        outcome = await desk.services.endpoints.test(site.base)
        added = await desk.services.endpoints.add("Cellar", site.base, outcome=outcome, agreed=agreed)
        if chosen:
            desk.open_model(f"endpoint:{added.endpoint.id}/{added.endpoint.models[0].name}")
            await desk.tasks.settled()
        yield desk


async def sheet_of(desk: Desk, kind: type[Any]) -> Any:
    while not isinstance(desk.window.overlay, kind):
        await window.drawn()
    return desk.window.overlay


async def enter(desk: Desk, text: str) -> None:
    """Type and press Enter; nothing is waited for."""
    window.type_in(desk, text)
    QTest.keyClick(desk.page.composer.edit, Qt.Key.Key_Return)
    await window.drawn()


async def answered(desk: Desk) -> AnswerView:
    await desk.tasks.settled()
    await window.drawn()
    chat = desk.page.chat
    assert chat is not None
    view = desk.page.transcript.view(chat.turns[-1])
    assert isinstance(view, AnswerView)
    return view


def menu_of(desk: Desk) -> dict[str, Any]:
    """The lines of the menu of models, by their words."""
    return {action.text(): action for action in model_menu(desk).actions() if action.text()}


def test_an_endpoint_is_tested_before_it_is_saved_and_its_key_goes_into_the_keyring(
    qapp: QApplication, tmp_path: Path
) -> None:
    async def scenario() -> None:
        vault = Vault()
        async with window.opened(qapp, tmp_path, LOCAL) as desk:
            desk.services.secrets = Secrets(vault)
            desk.window.open_settings("endpoints")
            await window.drawn()
            window.click(desk.settings.endpoints.button)
            sheet = await sheet_of(desk, EndpointSheet)
            sheet.address.setText(site.base.removeprefix("http://"))
            sheet.key.setText("a-wrong-key")
            assert not sheet.keep.isEnabled()
            sheet.test.setFocus()
            QTest.keyClick(sheet.test, Qt.Key.Key_Space)
            await desk.tasks.settled()
            assert sheet.key == desk.window.focusWidget(), "not at the button that would close the sheet"
            assert "The key is missing or wrong" in sheet._note.words.title
            assert not sheet.keep.isEnabled()
            sheet.key.setText(openai_site.KEY)
            QTest.keyClick(sheet.key, Qt.Key.Key_Return)
            await desk.tasks.settled()
            assert "1 model" in sheet._note.words.title
            assert sheet.keep.isEnabled()
            assert desk.services.endpoints.all == (), "nothing is saved before the person says so"
            window.click(sheet.keep)
            await desk.tasks.settled()
            await window.drawn()
            assert list(vault.kept.values()) == [openai_site.KEY]
            assert not shiboken6.isValid(sheet.key), "what was written went with its sheet"
            row = desk.settings.sections["endpoints"].rows[1]
            assert row.label.text() == site.name
            assert "1 model" in row.note.text()
            assert "keyring" in row.note.text()
            assert openai_site.KEY not in row.note.text()
            assert "You are asked before the first message" in row.note.text()
            lines = menu_of(desk)
            assert list(lines)[-4:-1] == [site.name, "Another program on this computer", f"{MISTRAL} · {site.name}"]
            assert not lines[site.name].isEnabled()

    with OpenAISite("mistral", key=openai_site.KEY) as site:
        window.run(qapp, scenario)


@pytest.mark.allow_log("answer .* failed: endpoint.not_agreed", "mistral_desk.chat.running")
@pytest.mark.allow_log("an answer failed: endpoint.not_agreed", "mistral_desk.ui.chat.chat")
def test_nothing_leaves_before_the_person_agreed_and_a_second_time_nobody_is_asked(
    qapp: QApplication, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with desk_at(qapp, tmp_path, site, agreed=False) as desk:
            await enter(desk, "What is 7 plus 8?")
            sheet = await sheet_of(desk, AskSheet)
            assert site.name in sheet.heading.text()
            assert "system prompt" in sheet.accessibleDescription()
            assert sheet.no.hasFocus(), "the harmless one has the keyboard"
            window.click(sheet.no)
            await desk.tasks.settled()
            assert (site.bodies(), desk.page.composer.text) == ([], "What is 7 plus 8?")
            desk.page.ask("Past the question")  # whatever comes past it is not sent either
            await desk.tasks.settled()
            assert site.bodies() == []
            desk.window.banners.close_newest()
            desk.new_chat()
            desk.page.composer.set_text("")
            await enter(desk, "What is 7 plus 8?")
            window.click((await sheet_of(desk, AskSheet)).yes)
            view = await answered(desk)
            assert view.turn.text == "It is 15."
            assert [one["content"] for one in site.bodies()[0]["messages"]] == ["What is 7 plus 8?"]
            await enter(desk, "And 8 plus 9?")
            await answered(desk)
            assert len(site.bodies()) == 2
            desk.window.open_settings("endpoints")
            await window.drawn()
            row: Any = desk.settings.sections["endpoints"].rows[1]
            window.click(row.revoke)
            await desk.tasks.settled()
            assert "You are asked before" in row.note.text()
            desk.window.show_chat()
            await enter(desk, "And now?")
            await sheet_of(desk, AskSheet)
            assert len(site.bodies()) == 2

    with OpenAISite() as site:
        window.run(qapp, scenario)


def test_a_chat_that_was_answered_here_takes_its_earlier_words_along_only_when_that_is_wanted(
    qapp: QApplication, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with desk_at(qapp, tmp_path, site, chosen=False) as desk:
            await window.ask(desk, "The capital of Spain?")
            desk.open_model(f"endpoint:cellar/{desk.services.endpoints.all[0].models[0].name}")
            assert "2 earlier messages go along" in desk.page.away.label.text()
            await enter(desk, "And of France?")
            sheet = await sheet_of(desk, AskSheet)
            assert "2 earlier messages" in sheet.accessibleDescription()
            assert site.bodies() == []
            window.click(sheet.yes)
            view = await answered(desk)
            said = [one["content"] for one in site.bodies()[0]["messages"]]
            assert said == ["The capital of Spain?", "Madrid.", "And of France?"]
            assert "earlier" not in desk.page.away.label.text()
            await enter(desk, "And of Italy?")
            await answered(desk)
            assert len(site.bodies()) == 2, "by now all of it was there"
            chat = desk.page.chat
            assert chat is not None
            first = desk.page.transcript.view(chat.turns[1])
            assert isinstance(first, AnswerView)
            assert first._mark is None, "what was answered here has no mark"
            assert "Answered by an endpoint" in view.accessibleName()
            first.again.emit(chat.turns[1])
            sheet = await sheet_of(desk, AskSheet)
            assert "1 earlier message " in sheet.accessibleDescription(), "its question had gone along, but who looks?"

    with OpenAISite() as site:
        window.run(qapp, scenario)


def test_who_agrees_to_one_computer_has_not_agreed_to_the_one_that_was_chosen_meanwhile(
    qapp: QApplication, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with desk_at(qapp, tmp_path, site, chosen=False) as desk:
            outcome = await desk.services.endpoints.test(other.base)
            await desk.services.endpoints.add("Attic", other.base, outcome=outcome, agreed=True)
            await window.ask(desk, "The capital of Spain?")
            models = [f"endpoint:{one.id}/{one.models[0].name}" for one in desk.services.endpoints.all]
            desk.open_model(models[0])
            await enter(desk, "And of France?")
            sheet = await sheet_of(desk, AskSheet)
            desk.model.choose(models[1])
            window.click(sheet.yes)
            await desk.tasks.settled()
            assert (site.bodies(), other.bodies()) == ([], []), "the sheet spoke of another computer"
            sheet = await sheet_of(desk, AskSheet)
            assert other.name in sheet.heading.text()
            window.click(sheet.yes)
            await answered(desk)
            assert (len(site.bodies()), len(other.bodies())) == (0, 1)

    with OpenAISite() as site, OpenAISite() as other:
        window.run(qapp, scenario)


def test_everything_says_where_words_go_and_nothing_says_so_afterwards(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with desk_at(qapp, tmp_path, site) as desk:
            page, chip = desk.page, desk.window.top.away
            assert (chip.isVisible(), chip.text()) == (True, site.name)
            assert site.name in chip.accessibleName()
            assert page.away.isVisible()
            assert site.name in page.away.label.text()
            assert page.composer.edit.placeholderText() == f"Message to {site.name}"
            assert page.composer.action.accessibleName() == f"Send to {site.name}"
            assert site.name in page.composer.edit.accessibleDescription()
            assert (page.empty._promise.isVisible(), page.empty._away.isVisible()) == (False, True)
            assert [one.text() for one in page.empty.buttons] == list(GENERAL), "none that only the Guide can answer"
            desk.temporary_chat()
            await desk.tasks.settled()
            assert f"What {site.name} keeps is not known" in page.temporary.label.text()
            await enter(desk, "What is 7 plus 8?")
            view = await answered(desk)
            assert view.turn.text == "It is 15."
            assert view._mark is not None
            assert view._mark.accessibleName() == f"a-model · {site.name}"
            figures = view._figures_button.accessibleName()
            assert "7 tokens written" in figures
            assert "tokens/s" not in figures
            assert "What the model sees" not in {one.words for one in desk.window.commands.possible()}
            assert "How the model runs here" not in menu_of(desk)
            desk.open_model("builtin")
            await desk.tasks.settled()
            assert not chip.isVisible()
            assert not page.away.isVisible()
            assert page.composer.action.accessibleName() == "Send"
            assert page.composer.edit.placeholderText() == "Ask anything"

    with OpenAISite() as site:
        window.run(qapp, scenario)


@pytest.mark.allow_log("shown: ", "mistral_desk.ui.notify")
def test_while_offline_nothing_is_reachable_and_a_local_model_is_offered(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with desk_at(qapp, tmp_path, site) as desk:
            await enter(desk, "What is 7 plus 8?")
            view = await answered(desk)
            desk.services.settings.set(OFFLINE, True)
            await desk.tasks.settled()
            site.forget()
            page = desk.page
            assert "works offline" in page.away.label.text()
            assert (page.empty._promise.isHidden(), page.empty._away.isHidden()) == (True, True), "why is said once"
            assert page.away.close_button.text() == "Choose a local model"
            await enter(desk, "And 8 plus 9?")
            assert not page.composer.action.isEnabled()
            assert "works offline" in page.composer.action.toolTip()
            view.again.emit(view.turn)
            await desk.tasks.settled()
            chat = page.chat
            assert chat is not None
            assert len(chat.turns) == 2
            lines = menu_of(desk)
            assert not lines[f"a-model · {site.name}"].isEnabled()
            assert "Not while Mistral Desk works offline" in lines
            assert site.connections == 0
            desk.open_model("builtin")
            QTest.keyClick(page.composer.edit, Qt.Key.Key_Return)
            assert (await answered(desk)).turn.text == "Madrid."
            assert site.connections == 0

    with OpenAISite() as site:
        window.run(qapp, scenario)


@pytest.mark.allow_log("an answer failed", "mistral_desk.ui.chat.chat")
@pytest.mark.allow_log("answer .* failed", "mistral_desk.chat")
def test_a_key_that_is_refused_leads_to_the_settings_and_an_endpoint_that_is_gone_sends_nothing(
    qapp: QApplication, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with desk_at(qapp, tmp_path, site) as desk:
            site.key = openai_site.KEY
            await enter(desk, "What is 7 plus 8?")
            view = await answered(desk)
            assert view._note is not None
            assert view._note.words.title == "The key is missing or wrong"
            window.click(view._settings)
            await window.drawn()
            assert (desk.window.page, desk.settings.page) == ("settings", "endpoints")
            await desk.services.endpoints.remove("cellar")
            await desk.tasks.settled()
            assert len(desk.settings.sections["endpoints"].rows) == 1
            desk.window.show_chat()
            site.forget()
            assert "no longer in the settings" in desk.page.away.label.text()
            await enter(desk, "And now?")
            assert not desk.page.composer.action.isEnabled()
            assert "a-model" in view.accessibleName(), "who answered stays known"
            assert site.connections == 0

    with OpenAISite() as site:
        window.run(qapp, scenario)


def test_what_no_server_can_do_is_not_offered(qapp: QApplication, tmp_path: Path) -> None:
    begun = openai_site.events(
        openai_site.chunk({"role": "assistant", "content": ""}),
        openai_site.chunk({"content": openai_site._thought("Seven and eight")}),
        done=False,
    )

    async def scenario() -> None:
        async with desk_at(qapp, tmp_path, site) as desk:
            page = desk.page
            assert page.composer.think.isEnabled()
            page.composer.toggle_think()
            await enter(desk, "What is 7 plus 8?")
            turn = await window.phase(desk, "thinking")
            await window.drawn()
            view = page.transcript.view(turn)
            assert isinstance(view, AnswerView)
            assert view.thinking is not None
            assert not view.thinking._now.isVisible()
            assert not view.thinking._more.isVisible()
            page.answer_now()
            assert not turn.hurried
            assert site.bodies()[0]["reasoning_effort"] == "high"
            page.stop()
            view = await answered(desk)
            assert view.turn.ending == "stopped"
            assert not view._on.isVisible(), "no server goes on with half an answer"
            assert not view._more.isVisible()
            site.chat = openai_site.said("It is 15.")
            site.list = openai_site.LISTS["other"]
            await desk.services.endpoints.refresh("cellar")
            assert not page.composer.think.isEnabled()
            assert "Settings → Endpoints" in page.composer.think.toolTip()

    with OpenAISite("mistral", openai_site.raw(begun, stall=len(begun), length=-1)) as site:
        window.run(qapp, scenario)


def test_what_an_endpoint_has_had_ends_with_its_own_last_answer() -> None:
    asked, there, here = Turn("user"), Turn("assistant", wrote="endpoint:a/m"), Turn("assistant", wrote="/x.gguf")
    both = Turn("assistant", wrote="endpoint:a/m + /x.gguf")
    a, b = (Endpoint(name, name, f"https://{name}.org/v1") for name in "ab")
    assert unknown_to(a, [asked, here, asked, there]) == 0
    assert unknown_to(a, [asked, there, asked, here]) == 2
    assert unknown_to(a, [asked, there, asked, both]) == 2, "its second half was written here"
    assert unknown_to(b, [asked, there]) == 2
    assert unknown_to(a, []) == 0
    moved = Endpoint("a", "a", "https://c.org/v1", since=there.made + 1)
    assert unknown_to(moved, [asked, there]) == 2, "it was another computer that had this name then"


def test_addresses_and_amounts_as_they_were_meant() -> None:
    assert whole(" api.example.org/v1 ") == "https://api.example.org/v1"
    assert whole("192.168.1.5:8080/v1") == "http://192.168.1.5:8080/v1"
    assert whole("localhost:8080") == "http://localhost:8080"
    assert whole("[::1]:8080/v1") == "http://[::1]:8080/v1"
    assert whole("ftp://x") == "ftp://x"
    assert whole("") == ""
    assert shortened("a" * 40) == "a" * 40
    assert shortened("a" * 30 + "b" * 30) == "a" * 27 + "…" + "b" * 12
    assert money(12.345, "$") == "$12.35"
    assert costing(Cost(0.0042, "$", "The catalog")) == "about $0.0042, estimated with the price at The catalog"
    assert "$0.15 for a million tokens sent" in priced(Price(0.15, 0.6, "$", "Small 4", "The catalog"))
    assert costing(None) == priced(None) == ""
    assert money(0.00123, "$") == "$0.0012"
    assert money(0.00000123, "$") == "less than $0.0001"
