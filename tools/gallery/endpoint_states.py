"""The states of models elsewhere: what the window says while words leave this computer; where endpoints are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from mistral_desk.chat.elsewhere.door import info
from mistral_desk.core.errors import DeskError, Problem
from mistral_desk.core.settings import OFFLINE
from mistral_desk.core.words import tr
from mistral_desk.net.endpoints.front import Outcome
from mistral_desk.net.endpoints.record import EndpointModel, Offered
from mistral_desk.services import BUILTIN
from tools.gallery import texts
from tools.gallery.chat_states import popped_up
from tools.gallery.declare import ask, listed, ready, state, whole
from tools.gallery.engine import said
from tools.gallery.stage import idle

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from typing import Any

    from mistral_desk.chat.elsewhere.doors import Doors
    from mistral_desk.inference.client import Answer
    from mistral_desk.inference.protocol import ModelInfo
    from mistral_desk.ui.settings.endpoints_row import EndpointRow
    from tools.gallery.stage import Stage

ADDRESS: Final = "https://api.example.org/v1"
MODELS: Final = tuple(
    Offered(name, context=131_072, sees=True, thinks=True)
    for name in ("mistral-small-latest", "mistral-medium-latest", "magistral-small-2507-with-a-long-name")
)
CELLAR: Final = "The large computer in the cellar"
THEIRS: Final = ("api.example.org", CELLAR, "Cellar", "llama-server", *(one.name for one in MODELS))
"""Names that are the same in every language: of computers, of what a person called them, of models."""
KEY: Final = Problem("endpoint.key", {"host": "api.example.org", "status": 401})


class StillDoors:
    """In place of `Doors`: what a server would send is in the stage's engine, and nothing is sent."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def door(self, source: EndpointModel) -> StillDoor:
        """For one answer."""
        return StillDoor(self._stage, source)


class StillDoor:
    """As `EndpointDoor`."""

    def __init__(self, stage: Stage, source: EndpointModel) -> None:
        self._engine, self._source = stage.engine, source

    async def ensure(self, on_progress: Callable[[float], None] | None = None) -> ModelInfo:
        """Known at once."""
        del on_progress
        return info(self._source)

    def blindness(self) -> Problem | None:
        """It sees."""
        return None

    async def generate(self, *asked: Any, **more: Any) -> AsyncGenerator[Answer, None]:
        """As the stage's engine."""
        async for event in self._engine.generate(*asked, **more):
            yield event

    async def count(self, *_asked: Any, **_more: Any) -> None:
        """Only the server could."""
        raise DeskError("endpoint.cannot", name=self._source.model.name)

    def stop(self) -> None:
        """End what stands still."""
        self._engine.stop()

    def answer_now(self) -> None:
        """Nothing."""

    def think_more(self) -> None:
        """Nothing."""


async def added(stage: Stage, *, agreed: bool = True, address: str = ADDRESS, name: str = "") -> str:
    """An endpoint is in the settings; the id of its first model comes back."""
    stage.services.session.elsewhere = cast("Doors", StillDoors(stage))
    outcome = Outcome(None, "mistral", MODELS)
    endpoints = stage.services.endpoints
    for old in (one for one in await endpoints.look() if one.address == address):  # of another picture
        await endpoints.remove(old.id)
    made = await endpoints.add(name, address, outcome=outcome, agreed=agreed)
    return EndpointModel(made.endpoint, MODELS[0]).id


async def chosen(stage: Stage, *, agreed: bool = True) -> str:
    """A model of it answers."""
    await ready(stage)
    model = await added(stage, agreed=agreed)
    stage.desk.open_model(model)
    return model


@state()
async def endpoint_empty(stage: Stage) -> None:
    """A new chat with a model elsewhere: head, line, placeholder and send button say where words go."""
    await chosen(stage)
    await listed(stage)


@state()
async def endpoint_answer(stage: Stage) -> None:
    """An answer of a model here, then one of a model elsewhere, with its mark; nothing that a server cannot do."""
    await whole(stage, texts.SHORT_QUESTION, texts.SHORT)
    await chosen(stage)
    stage.chat.leaving.tell()
    await whole(stage, texts.QUESTION, texts.SHORT, texts.THOUGHT)
    await listed(stage)


@state()
async def endpoint_thinking(stage: Stage) -> None:
    """A model elsewhere thinks; the thought cannot be ended or prolonged."""
    await chosen(stage)
    stage.engine.script = said("", texts.THOUGHT)
    await ask(stage, texts.QUESTION, lambda: bool(stage.chat.answer and stage.chat.answer.thinking), think=True)
    await listed(stage)


@state()
async def endpoint_waiting(stage: Stage) -> None:
    """Nothing has come yet, in a temporary chat."""
    await chosen(stage)
    stage.desk.temporary_chat()
    await stage.desk.tasks.settled()
    stage.chat.room.session.elsewhere = cast("Doors", StillDoors(stage))
    stage.engine.script = []
    await ask(stage, texts.QUESTION, lambda: stage.chat.answer is not None and stage.chat.answer.message is not None)


@state()
async def endpoint_ask(stage: Stage) -> None:
    """Before the first message goes to a server: what goes, and what it may cost; earlier words would go along."""
    await whole(stage, texts.SHORT_QUESTION, texts.SHORT)
    await chosen(stage, agreed=False)
    stage.desk.page.composer.set_text(texts.QUESTION)
    stage.desk.page.composer.submit()
    await stage.desk.tasks.settled()


@state()
async def endpoint_goes(stage: Stage) -> None:
    """What goes where, read again: to a computer of the network, over a line that is not encrypted."""
    await ready(stage)
    stage.desk.open_model(await added(stage, address="http://192.168.1.5:8080/v1", name="Cellar"))
    stage.desk.window.top.away.click()
    await stage.desk.tasks.settled()


@state()
async def endpoint_offline(stage: Stage) -> None:
    """The model lies elsewhere, and Mistral Desk works offline."""
    await endpoint_answer(stage)
    stage.services.settings.set(OFFLINE, True)
    stage.desk.page.composer.set_text(texts.QUESTION)


@state()
async def endpoint_key(stage: Stage) -> None:
    """The server does not take the key; the way to the settings."""
    await chosen(stage)
    stage.engine.script, stage.engine.breaks = said(""), KEY
    await ask(stage, texts.QUESTION)
    await listed(stage)


@state(sized=False)
async def endpoint_menu(stage: Stage) -> None:
    """The menu of models, with those elsewhere under a heading of their own."""
    await chosen(stage)
    await added(stage, address="http://127.0.0.1:8080/v1", name="llama-server")
    stage.desk.page.model_menu.emit()
    popped_up(stage)


@state(sized=False)
async def endpoint_menu_offline(stage: Stage) -> None:
    """The same while Mistral Desk works offline."""
    await added(stage)
    stage.services.settings.set(OFFLINE, True)
    stage.desk.open_model(BUILTIN)
    stage.desk.page.model_menu.emit()
    popped_up(stage)


@state()
async def settings_endpoints(stage: Stage) -> None:
    """Three endpoints: in a data centre, beside this computer, and on it; one was tested."""
    await chosen(stage)
    await added(stage, address="http://192.168.1.5:8080/v1", name=CELLAR, agreed=False)
    await added(stage, address="http://127.0.0.1:8080/v1", name="llama-server")
    stage.desk.window.open_settings("endpoints")
    await stage.desk.tasks.settled()
    row = cast("EndpointRow", stage.desk.settings.sections["endpoints"].rows[2])
    row.tell(tr("Testing…"))
    stage.looked = lambda: stage.desk.settings.area.ensureWidgetVisible(row, 0, 0)


async def _sheet(stage: Stage, outcome: Outcome) -> None:
    await ready(stage)
    stage.desk.window.open_settings("endpoints")
    await stage.desk.tasks.settled()
    stage.desk.settings.endpoints.add_asked.emit()
    await idle(2)
    sheet: Any = stage.desk.window.overlay
    sheet.address.setText(ADDRESS)
    sheet.key.setText("secret-key")
    sheet.show_outcome(outcome)
    await idle(2)
    stage.looked = sheet._in_sight  # noqa: SLF001 - as when the words are large before it is tested


@state()
async def settings_endpoint_tested(stage: Stage) -> None:
    """An endpoint is added: the test went well."""
    await _sheet(stage, Outcome(None, "mistral", MODELS * 3))


@state()
async def settings_endpoint_wrong(stage: Stage) -> None:
    """An endpoint is added: the key is wrong."""
    await _sheet(stage, Outcome(KEY))
