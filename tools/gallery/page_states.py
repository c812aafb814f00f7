"""The states of the other pages: models, settings."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QSignalBlocker

from mistral_desk.catalog import hub, sync
from mistral_desk.core.errors import Problem, in_words
from mistral_desk.core.settings import SERVER
from mistral_desk.core.words import tr
from mistral_desk.net.updates import Release
from mistral_desk.ui.fit.verdict import NAMESAKE
from mistral_desk.ui.settings.connections import ConnectionsSheet
from tools.gallery.declare import STATES, State, listed, ready, state
from tools.gallery.stage import idle

if TYPE_CHECKING:
    from mistral_desk.ui.settings.rows import Row
    from mistral_desk.ui.settings.server_row import ServerRow
    from mistral_desk.ui.widgets.switch import Switch
    from tools.gallery.stage import Stage

_NEWS = """- Answers begin sooner in long chats.
- A model in several files is downloaded in one step.
- Windows on Arm has an installer of its own.

Thanks to everyone who told us what was wrong."""


@state()
async def models(stage: Stage) -> None:
    """Models: how well each runs on this computer, and what works today."""
    await ready(stage)
    await listed(stage)
    stage.desk.window.show_page("models")
    await stage.desk.tasks.settled()


@state()
async def models_get(stage: Stage) -> None:
    """What getting the catalog means, where there is no room to say it above the cards."""
    await models(stage)
    stage.desk.models.browse.head.get_button.click()
    await idle(2)


@state()
async def models_open(stage: Stage) -> None:
    """A model of the list unfolded, with its verdict."""
    await models(stage)
    stage.desk.models.show_model(NAMESAKE)
    await stage.desk.tasks.settled()
    await idle(2)


@state()
async def settings(stage: Stage) -> None:
    """Settings, from the top."""
    await ready(stage)
    await listed(stage)
    stage.desk.window.show_settings()


def _settings_page(page: str, brief: str) -> None:
    async def set_up(stage: Stage) -> None:
        await settings(stage)
        stage.desk.window.open_settings(page)
        await stage.desk.tasks.settled()
        if page == "server" and stage.desk.settings.server is not None:
            _in_sight(stage, stage.desk.settings.server)

    STATES.append(State(f"settings-{page}", brief, set_up))


_settings_page("chat", "Settings of the chat.")
_settings_page("models", "The folder for models.")
_settings_page("downloads", "Limits of downloads, and the access token.")
_settings_page("hardware", "What the engine uses, and what this computer has.")
_settings_page("server", "Our server for other programs, switched off.")
_settings_page("privacy", "What stays on this computer, and how to delete it.")
_settings_page("about", "Versions and licences.")


@state()
async def settings_newer_version(stage: Stage) -> None:
    """There is a newer version, and what it brings."""
    await settings(stage)
    stage.desk.window.open_settings("about")
    await stage.desk.tasks.settled()
    if (row := stage.desk.settings.updates) is not None:
        row.show_found(Release("0.2.0", _NEWS, ""))
        _in_sight(stage, row)
    await idle(2)


@state()
async def settings_server_on(stage: Stage) -> None:
    """The server listens, a model answers a program, and more wait; the token does not last."""
    await settings(stage)
    stage.desk.window.open_settings("server")
    await stage.desk.tasks.settled()
    row = _server_row(stage)
    row.show_on("http://127.0.0.1:8642/v1", NAMESAKE, 3, lasts=False)
    await idle(2)


@state()
async def settings_server_taken(stage: Stage) -> None:
    """Another program has the port."""
    await settings(stage)
    stage.desk.window.open_settings("server")
    await stage.desk.tasks.settled()
    taken = Problem("server.cannot_listen", {"address": "127.0.0.1:8642", "reason": "Address already in use"})
    row = _server_row(stage)
    row.show_trouble(in_words(taken, tr))
    await idle(2)


def _server_row(stage: Stage) -> ServerRow:
    """The row of a server that is switched on; none is started for a picture."""
    switch = stage.desk.settings.controls[SERVER.name]
    with QSignalBlocker(switch):
        cast("Switch", switch).setChecked(True)
    row = cast("ServerRow", stage.desk.settings.server)
    _in_sight(stage, row)
    return row


def _in_sight(stage: Stage, row: Row) -> None:
    """However narrow the window and large the words are."""
    stage.looked = lambda: stage.desk.settings.area.ensureWidgetVisible(row, 0, 0)


@state()
async def settings_connections(stage: Stage) -> None:
    """The list of connections: when, to whom, what for, how much, and what went wrong."""
    await settings(stage)
    ledger = stage.services.ledger
    for host, who, why, sent, received, problem in (
        ("ai-future-ready.com", "catalog", sync.WHY, 48_000, 3_120_000, ""),
        ("huggingface.co", "hub", hub.SEARCHING, 900, 41_000, ""),
        ("cdn.example", "hub", hub.HEADER, 2_700, 9_440_000, "net.cut"),
    ):
        entry = ledger.begin(host, who, why)
        entry.began, entry.sent, entry.received = 1_775_000_000.0, sent, received
        ledger.end(entry, problem)
        entry.seconds = 4.2
    stage.desk.window.open_settings("privacy")
    sheet = ConnectionsSheet(stage.desk.theme, ledger, stage.desk.window)
    stage.desk.window.show_overlay(sheet)
    await sheet.whole()


@state()
async def settings_search(stage: Stage) -> None:
    """A search in the settings, over all pages."""
    await settings(stage)
    stage.desk.settings.search.setFocus()
    stage.desk.settings.search.setText(tr("Size of all text, compared with the system's font.")[2:6])


@state()
async def erase(stage: Stage) -> None:
    """What *Delete all my data* would delete."""
    await settings(stage)
    stage.services.folders.history.write_bytes(bytes(123_456))
    stage.services.folders.logs.joinpath("desk.log").write_bytes(bytes(7_890))
    stage.desk.settings.erase_asked.emit()
    async with asyncio.timeout(60):
        while stage.desk.window.overlay is None:
            await idle(1)
