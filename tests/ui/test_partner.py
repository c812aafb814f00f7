"""No chat is answered by another model without a word: after a restart its own is offered, and a change is marked."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from mistral_desk.core.paths import resource
from mistral_desk.core.settings import OFFLINE
from mistral_desk.net.secrets import Secrets
from mistral_desk.ui.chat.away import changes_hands
from mistral_desk.ui.chat.turn_view import AnswerView
from mistral_desk.ui.model_menu import model_menu
from mistral_desk.ui.settings.endpoints_sheet import EndpointSheet
from tests.fixtures import fake_worker, openai_site
from tests.fixtures.openai_site import OpenAISite
from tests.fixtures.vault import Vault
from tests.ui import window

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from PySide6.QtWidgets import QApplication

    from mistral_desk.ui.desk import Desk

LOCAL = [fake_worker.HELLO, {"serve": {"load": fake_worker.loading(), "generate": fake_worker.answer("Madrid.")}}]


async def _with_endpoint(desk: Desk, site: OpenAISite) -> str:
    """An endpoint is in the settings; the id of its model."""
    desk.services.secrets = Secrets(Vault())
    outcome = await desk.services.endpoints.test(site.base)
    added = await desk.services.endpoints.add("Cellar", site.base, outcome=outcome, agreed=True)
    return f"endpoint:{added.endpoint.id}/{added.endpoint.models[0].name}"


async def _chat_with(desk: Desk, model: str) -> int:
    """A chat that this model answered; its number."""
    desk.open_model(model)
    await desk.tasks.settled()
    await window.ask(desk, "What is 7 plus 8?")
    await desk.tasks.settled()
    assert not desk.page.partner.isVisible(), "who answered and who answers are the same"
    key = desk.chats.current
    assert key is not None
    return key


async def _open(desk: Desk, key: int) -> None:
    desk.open_chat(key)
    await desk.tasks.settled()
    await window.drawn()


def _restarted(
    qapp: QApplication, folder: Path, change: Callable[[Desk], object], site: OpenAISite, told: list[str]
) -> None:
    """A chat with the endpoint; then another start, in which `change` happens before the chat is opened."""

    async def scenario() -> None:
        async with window.opened(qapp, folder, LOCAL) as desk:
            key = await _chat_with(desk, await _with_endpoint(desk, site))
        async with window.opened(qapp, folder, LOCAL) as desk:
            desk.services.secrets = Secrets(Vault())
            await desk.services.endpoints.look()
            if (work := change(desk)) is not None:
                await work  # type: ignore[misc]
            await _open(desk, key)
            line = desk.page.partner
            assert line.isVisible()
            told.extend((line.label.text(), line.use.text()))
            assert len(site.bodies()) == 1, "nothing is sent by opening a chat"

    window.run(qapp, scenario)


def test_after_a_restart_the_model_of_a_chat_is_offered_and_nothing_goes_there_without_the_sign(
    qapp: QApplication, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, LOCAL) as desk:
            model = await _with_endpoint(desk, site)
            key = await _chat_with(desk, model)
        async with window.opened(qapp, tmp_path, LOCAL) as desk:
            desk.services.secrets = Secrets(Vault())
            await desk.services.endpoints.look()
            await _open(desk, key)
            line = desk.page.partner
            assert line.isVisible()
            assert site.name in line.label.text()
            assert "Guide (demonstration) answers now" in line.label.text()
            assert (desk.model.is_away, desk.page.away.isVisible()) == (False, False)
            window.click(line.use)
            await desk.tasks.settled()
            assert desk.model.id == model
            assert (line.isVisible(), desk.page.away.isVisible()) == (False, True)
            assert site.name in desk.page.composer.edit.placeholderText()
            await window.ask(desk, "And 8 plus 9?")
            assert len(site.bodies()) == 2

    with OpenAISite() as site:
        window.run(qapp, scenario)


def test_who_stays_is_not_asked_again_and_the_other_answer_says_whose_it_is(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, LOCAL) as desk:
            key = await _chat_with(desk, await _with_endpoint(desk, site))
        async with window.opened(qapp, tmp_path, LOCAL) as desk:
            await desk.services.endpoints.look()
            await _open(desk, key)
            window.click(desk.page.partner.close_button)
            assert not desk.page.partner.isVisible()
            desk.new_chat()
            await _open(desk, key)
            assert not desk.page.partner.isVisible()
            turn = await window.ask(desk, "The capital of Spain?")
            await window.drawn()
            assert not desk.page.partner.isVisible(), "now the Guide is who the chat was with last"
            view = desk.page.transcript.view(turn)
            assert isinstance(view, AnswerView)
            assert view._mark is not None
            assert view._mark.accessibleName() == "Guide (demonstration)"
            turn = await window.ask(desk, "And of France?")
            view = desk.page.transcript.view(turn)
            assert isinstance(view, AnswerView)
            assert view._mark is None, "the same as before"
            assert len(site.bodies()) == 1

    with OpenAISite() as site:
        window.run(qapp, scenario)


def test_what_cannot_be_had_is_said_with_the_reason(qapp: QApplication, tmp_path: Path) -> None:
    def offline(desk: Desk) -> None:
        desk.services.settings.set(OFFLINE, True)

    told: list[str] = []
    with OpenAISite() as site:
        _restarted(qapp, tmp_path, offline, site, told)
    assert "works offline" in told[0]
    assert told[1] == "Choose another model"


def test_an_endpoint_that_was_removed_is_said_to_be_gone(qapp: QApplication, tmp_path: Path) -> None:
    told: list[str] = []
    with OpenAISite() as site:
        _restarted(qapp, tmp_path, lambda desk: desk.services.endpoints.remove("cellar"), site, told)
    assert "no longer in the settings" in told[0]
    assert told[1] == "Choose another model"


def test_a_file_that_is_gone_is_said_to_be_gone(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, LOCAL) as desk:
            model = desk.services.models_folder / "Tiny-Q8_0.gguf"
            desk.model.choose(str(model))
            await window.ask(desk, "The capital of Spain?")
            await desk.tasks.settled()
            key = desk.chats.current
            assert key is not None
        async with window.opened(qapp, tmp_path, LOCAL) as desk:
            await _open(desk, key)
            assert desk.page.partner.isVisible()
            assert "Tiny-Q8_0.gguf" in desk.page.partner.label.text()
            assert "not among the models of this computer" in desk.page.partner.label.text()
            assert desk.page.partner.use.text() == "Choose another model"
            shutil.copy(resource("model", "guide.gguf"), model)
            desk.new_chat()
            await _open(desk, key)
            assert "not among" not in desk.page.partner.label.text(), "it is there again"
            assert desk.page.partner.use.text() == "Use Tiny-Q8_0.gguf"

    window.run(qapp, scenario)


def test_a_model_that_is_chosen_in_a_chat_needs_no_question(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, LOCAL) as desk:
            model = await _with_endpoint(desk, site)
            await window.ask(desk, "The capital of Spain?")
            desk.open_model(model)
            await desk.tasks.settled()
            assert not desk.page.partner.isVisible()

    with OpenAISite() as site:
        window.run(qapp, scenario)


def test_an_answer_has_a_head_where_another_model_wrote_it_than_the_one_before() -> None:
    assert changes_hands("builtin", "/models/a.gguf")
    assert changes_hands("builtin + /models/a.gguf", "builtin")
    assert not changes_hands("builtin + /models/a.gguf", "/models/a.gguf")
    assert changes_hands("", "builtin + /models/a.gguf"), "two wrote it"
    assert not changes_hands("", "builtin"), "the first one"
    assert not changes_hands("builtin", ""), "nobody knows who that was"


@pytest.mark.allow_log("the keyring takes no token", "mistral_desk.net.secrets")
@pytest.mark.allow_log("the keyring gives no token", "mistral_desk.net.secrets")
@pytest.mark.allow_log("shown: Nothing was sent", "mistral_desk.ui.notify")
@pytest.mark.allow_log("shown: The token or key is kept only until", "mistral_desk.ui.notify")
def test_a_key_that_no_keyring_took_is_said_to_be_gone_after_a_restart_and_nothing_is_sent_without_it(
    qapp: QApplication, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, LOCAL) as desk:
            desk.services.secrets = Secrets(Vault(broken=True))
            outcome = await desk.services.endpoints.test(site.base, openai_site.KEY)
            given = ("Cellar", site.base, openai_site.KEY)
            added = await desk.services.endpoints.add(*given, outcome=outcome, agreed=True)
            assert added.key is not None, "the keyring did not take it"
            model = f"endpoint:{added.endpoint.id}/{added.endpoint.models[0].name}"
            key = await _chat_with(desk, model)
            assert (desk.model.away is None, desk.page.away.isVisible()) == (False, True)
        async with window.opened(qapp, tmp_path, LOCAL) as desk:
            desk.services.secrets = Secrets(Vault(broken=True))
            await desk.services.endpoints.look()
            await _open(desk, key)
            assert "kept for one run only" in desk.page.partner.label.text()
            assert "Its key has to be entered again" in [action.text() for action in model_menu(desk).actions()]
            desk.open_model(model)
            await desk.tasks.settled()
            assert desk.model.away is not None
            assert "kept for one run only" in desk.page.away.label.text()
            window.type_in(desk, "And now?")
            assert not desk.page.composer.can_send
            desk.page.first_asked(lambda: desk.page.ask("And now?"))
            await desk.tasks.settled()
            assert len(site.bodies()) == 1, "nothing is sent without the key, whichever way it is asked for"
            (banner,) = desk.window.banners.banners
            assert banner.notice.action == "Enter the key…"
            assert desk.page.away.close_button.text() == "Enter the key…"
            window.click(desk.page.away.close_button)
            await desk.tasks.settled()
            sheet = desk.window.overlay
            assert isinstance(sheet, EndpointSheet)
            sheet.key.setText(openai_site.KEY)
            window.click(sheet.test)
            await desk.tasks.settled()
            window.click(sheet.keep)
            await desk.tasks.settled()
            assert not desk.services.endpoints.lost(desk.services.endpoints.all[0])
            assert desk.model.away is not None
            assert desk.model.away.reason == ""

    with OpenAISite(key=openai_site.KEY) as site:
        window.run(qapp, scenario)
