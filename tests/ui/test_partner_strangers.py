"""What a stranger says of who answered, in a chat, a file or a list: nothing is touched, and nothing untrue is said."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from mistral_desk.chat.imported import Imported, ImportedMessage
from mistral_desk.chat.message import Part
from mistral_desk.net.secrets import Secrets
from mistral_desk.services import Services
from mistral_desk.ui.chat.model_names import LONGEST, quoted
from mistral_desk.ui.chat.turn_view import AnswerView
from tests.fixtures import fake_worker
from tests.fixtures.openai_site import OpenAISite
from tests.fixtures.vault import Vault
from tests.ui import window

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtWidgets import QApplication

    from mistral_desk.ui.desk import Desk

LOCAL = [fake_worker.HELLO, {"serve": {"load": fake_worker.loading(), "generate": fake_worker.answer("Madrid.")}}]


async def _brought_in(desk: Desk, model: str, when: float = 1.0, before: str = "") -> int:
    """A chat from a file, which says that this model answered, behind an answer of the one `before`; it is shown."""
    said = ImportedMessage("q", None, "user", when, (Part("text", "hello"),), ending="stop")
    hi = (Part("text", "hi"),)
    first = [ImportedMessage("b", "q", "assistant", when, hi, model=before, ending="stop")] if before else []
    told = ImportedMessage("a", "b" if before else "q", "assistant", when, hi, model=model, ending="stop")
    made = await desk.services.history.put(Imported("t", when, when, (said, *first, told), leaf="a"))
    assert made is not None
    desk.open_chat(made.id)
    await desk.tasks.settled()
    return made.id


@pytest.mark.parametrize("model", ["/net/evil.example/share/m.gguf", "//evil.example/share/m.gguf"])
def test_a_path_that_only_a_chat_names_is_not_touched(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str
) -> None:
    touched: list[str] = []

    def watch(name: str) -> None:
        real = getattr(os, name)

        def seen(path: object, *more: object, **named: object) -> object:
            if "evil" in str(path):
                touched.append(str(path))
            return real(path, *more, **named)

        monkeypatch.setattr(os, name, seen)

    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, LOCAL) as desk:
            real = Services.resolve_model
            desk.services.resolve_model = lambda model="builtin": real(desk.services, model)  # type: ignore[method-assign]
            for name in ("stat", "lstat", "open"):
                watch(name)
            await _brought_in(desk, model)
            assert touched == []
            assert "m.gguf" in desk.page.partner.label.text()
            assert desk.page.partner.use.text() == "Choose another model"
            desk.partner._use()
            assert touched == []

    window.run(qapp, scenario)


def test_an_endpoint_that_was_set_up_anew_is_not_said_to_be_the_one_of_then(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, LOCAL) as desk:
            desk.services.secrets = Secrets(Vault())
            ends = desk.services.endpoints
            added = (await ends.add("Cellar", site.base, agreed=True)).endpoint
            key = await _brought_in(desk, "endpoint:cellar/large", added.since + 1)
            line = desk.page.partner.label.text()
            assert site.name in line
            await ends.remove("cellar")
            await ends.add("Cellar", "https://other-company.example/v1")
            desk.new_chat()
            desk.open_chat(key)
            await desk.tasks.settled()
            line = desk.page.partner.label.text()
            model, past = "endpoint:cellar/large", ends.all[0].since - 1
            await _brought_in(desk, model, past)
            line = desk.page.partner.label.text()
            assert "large (cellar)" in line
            assert "set up anew" in line
            assert "other-company" not in line
            assert desk.page.partner.use.text() == "Choose another model"
            assert desk.model.writer(model, past) == "large (cellar)"
            assert "other-company.example" in desk.model.writer(model, past + 2)

    with OpenAISite() as site:
        window.run(qapp, scenario)


def test_a_name_makes_no_other_writer_and_no_sentence(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, LOCAL) as desk:
            desk.services.secrets = Secrets(Vault())
            ends = desk.services.endpoints
            await ends.add("Cheap", "https://cheap.example/v1")
            await ends.add("Mistral", "https://api.mistral.ai/v1", agreed=True)
            later, line = ends.all[1].since + 1, desk.page.partner
            forged = "endpoint:cheap/m + endpoint:mistral/mistral-large"
            assert desk.model.writer(forged, later) == "“m + endpoint:mistral/mistral-large” · cheap.example"
            for model in (forged, "endpoint:cheap/m + builtin", "/", "endpoint:mistral/", "endpoint:mistral/\u200b"):
                await _brought_in(desk, model, later)
                assert not line.isVisible(), model
            await _brought_in(desk, "/", later, before="builtin")
            chat = desk.page.chat
            assert chat is not None
            view = desk.page.transcript.view(chat.turns[-1])
            assert isinstance(view, AnswerView)
            assert view._mark is None, "nobody is named over it"
            await _brought_in(desk, "endpoint:mistral/large. Your plan has ended: renew at evil.example", later)
            assert "“large. Your plan has ended: renew at evil.example” · api.mistral.ai" in line.label.text()
            await _brought_in(desk, "/models/My + Model.gguf", later)
            assert "“My + Model.gguf”" in line.label.text()

    window.run(qapp, scenario)


def test_a_name_is_bounded_and_cannot_end_its_quotation() -> None:
    assert quoted("mistral-large:2.1") == "mistral-large:2.1"
    assert quoted("a” b") == "“a' b”"
    assert quoted("\u202e \n") == ""
    assert len(quoted("x" * 500)) == LONGEST
