"""The states of a chat that another model would answer than the one it was with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mistral_desk.core.settings import OFFLINE
from mistral_desk.net.endpoints import store
from mistral_desk.services import BUILTIN
from tools.gallery import texts
from tools.gallery.declare import listed, ready, state, whole
from tools.gallery.endpoint_states import chosen
from tools.gallery.stage import idle

if TYPE_CHECKING:
    from tools.gallery.stage import Stage


async def _opened_again(stage: Stage) -> None:
    """As after a restart: the Guide is chosen, and the chat is opened."""
    key = stage.desk.chats.current
    assert key is not None
    stage.desk.new_chat()
    stage.desk.open_model(BUILTIN)
    stage.desk.open_chat(key)
    await stage.desk.tasks.settled()
    await listed(stage)
    await idle(2)


@state()
async def partner_elsewhere(stage: Stage) -> None:
    """The chat was with a model elsewhere, and the Guide answers now: both are said, and one can choose."""
    await chosen(stage)
    await whole(stage, texts.QUESTION, texts.SHORT)
    await _opened_again(stage)


@state()
async def partner_offline(stage: Stage) -> None:
    """The same while Mistral Desk works offline: why it cannot be had."""
    await chosen(stage)
    await whole(stage, texts.QUESTION, texts.SHORT)
    stage.services.settings.set(OFFLINE, True)
    await _opened_again(stage)


@state()
async def partner_changed(stage: Stage) -> None:
    """Three answers: of a model elsewhere, then of the Guide, which has its name above it, then of the Guide again."""
    await chosen(stage)
    await whole(stage, texts.SHORT_QUESTION, texts.SHORT)
    stage.desk.open_model(BUILTIN)
    await ready(stage)
    await whole(stage, texts.SHORT_QUESTION, texts.SHORT)
    await whole(stage, texts.SHORT_QUESTION, texts.SHORT)
    await listed(stage)


@state()
async def endpoint_lost(stage: Stage) -> None:
    """A model elsewhere whose key was kept for an earlier run only: said, with the way to enter it again."""
    await chosen(stage)
    endpoints = stage.services.endpoints
    store.write(
        stage.services.folders.config / store.FILE, [msgspec.structs.replace(one, brief=True) for one in endpoints.all]
    )
    await endpoints.look()
    await stage.desk.tasks.settled()
    await listed(stage)
