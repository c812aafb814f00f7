"""The composition root opens everything or nothing, tells what happened meanwhile, and leaves nothing running."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from mistral_desk.chat.attachments import Pixels
from mistral_desk.chat.history import BIN_DAYS
from mistral_desk.chat.message import Draft
from mistral_desk.chat.parts import picture_part
from mistral_desk.chat.session import Ended, Writing
from mistral_desk.core.errors import DeskError
from mistral_desk.core.settings import THEME
from mistral_desk.inference.client import ModelSpec
from mistral_desk.inference.model_ids import that_see
from mistral_desk.library.installed import Library
from mistral_desk.library.moving import Moving
from mistral_desk.library.queue import Queue
from mistral_desk.services import BUILTIN, Services
from tests.fixtures import fake_worker
from tests.fixtures.engines import END_OF_WORLD_S, problem_of, run
from tests.fixtures.seeing import seeing

if TYPE_CHECKING:
    from tests.fixtures.small_models import SmallModels

SPEC = ModelSpec("/models/one.gguf")
OF_THE_PROCESS = ("library_", "portions_")
"""Threads of `library.threads`, which stay for the next work however many services are opened and closed."""


def none_left(before: set[threading.Thread]) -> None:
    """Whoever came since ends; one may be on its last step."""
    for thread in set(threading.enumerate()) - before:
        if not thread.name.startswith(OF_THE_PROCESS):
            thread.join(END_OF_WORLD_S)
            assert not thread.is_alive()


def test_a_model_that_answers_is_used_and_one_that_is_deleted_is_let_go(tmp_path: Path) -> None:
    command = fake_worker.command(tmp_path, fake_worker.answering("Yes."))

    async def test() -> None:
        services = await Services.open(engine=command)
        path = services.models_folder / "Mein Modell.gguf"
        path.write_bytes(b"GGUF")
        (model,) = [one for one in await services.library.look() if one.origin == "folder"]
        spec = services.resolve_model(model.id)
        assert services.resolve_model(str(tmp_path / "where it was" / path.name)) == spec
        async for _ in services.session.reply(None, Draft("well?"), model_spec=spec):
            pass
        pid = services.engine.pid
        used = services.library.find(model.id)
        assert pid is not None
        assert used is not None
        assert used.used is not None
        await services.library.delete(used, for_good=True)
        assert not psutil.pid_exists(pid)
        assert not path.exists()
        assert services.models_there() == ()
        with pytest.raises(DeskError, match=r"library\.not_found"):
            services.resolve_model("acme/Tiny-GGUF:Q4_K_M")
        await services.close()

    run(test())


def test_a_chat_from_first_start_to_restart(home: Path, tmp_path: Path) -> None:
    command = fake_worker.command(tmp_path, fake_worker.answering("It is 15.", "Seven and eight."))

    async def test() -> None:
        services = await Services.open(engine=command)
        assert services.notices == ()
        assert services.folders.data.is_relative_to(home)
        services.settings.set(THEME, "dark")
        events = [event async for event in services.session.reply(None, Draft("7+8?"), model_spec=SPEC)]
        assert "".join(event.text for event in events if isinstance(event, Writing)) == "It is 15."
        assert isinstance(events[-1], Ended)
        pid = services.engine.pid
        await services.close()
        assert pid is not None
        assert not psutil.pid_exists(pid)
        again = await Services.open(engine=command)
        assert again.settings.get(THEME) == "dark"
        (conversation,) = await again.history.conversations()
        assert [message.text for message in await again.history.messages(conversation.id)] == ["7+8?", "It is 15."]
        await again.close()

    run(test())


def test_closing_in_mid_answer_keeps_it_and_leaves_nothing_running(tmp_path: Path) -> None:
    command = fake_worker.command(tmp_path, fake_worker.endless())

    async def test() -> None:
        services = await Services.open(engine=command)
        reply = services.session.reply(None, Draft("go on"), model_spec=SPEC)
        async with contextlib.aclosing(reply) as events:
            while not isinstance(await anext(events), Writing):
                pass
            pid = services.engine.pid
            await services.close()
        assert pid is not None
        assert not psutil.pid_exists(pid)
        again = await Services.open(engine=command)
        (conversation,) = await again.history.conversations()
        answer = (await again.history.messages(conversation.id))[-1]
        assert answer.text.startswith("word")
        await again.close()

    handlers, threads = len(logging.getLogger().handlers), set(threading.enumerate())
    run(test())
    assert len(logging.getLogger().handlers) == handlers
    none_left(threads)


def test_what_still_writes_while_all_is_closed_finds_the_history_open(tmp_path: Path) -> None:
    command = fake_worker.command(tmp_path, fake_worker.endless())

    async def test() -> None:
        services = await Services.open(engine=command)
        reply = services.session.reply(None, Draft("go on"), model_spec=SPEC)
        while not isinstance(await anext(reply), Writing):
            pass
        (conversation,) = await services.history.conversations()

        async def user() -> None:
            async for _ in reply:
                pass  # its end comes with the engine's
            for _ in range(500):  # and all that has nobody to wait for is closed long since
                await asyncio.sleep(0)
            await services.history.rename(conversation.id, "named at the end")
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await services.close(user())
        again = await Services.open(engine=command)
        assert [one.title for one in await again.history.conversations()] == ["named at the end"]
        await again.close()

    run(test())


@pytest.mark.allow_log("settings file cannot be read", "mistral_desk.core.settings")
def test_what_had_to_be_set_aside_is_among_the_notices(home: Path) -> None:
    async def test() -> None:
        services = await Services.open()
        await services.close()
        services.folders.settings.write_bytes(b"{")
        services = await Services.open()
        assert [notice.id for notice in services.notices] == ["settings.damaged", "settings.held_offline"]
        await services.close()

    run(test())


def test_a_home_that_cannot_be_used_is_said_and_nothing_stays_open(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    handlers, threads = len(logging.getLogger().handlers), set(threading.enumerate())

    async def test() -> None:
        assert (await problem_of(Services.open(str(tmp_path / "file"))))[0] == "folder.not_writable"

    run(test())
    assert len(logging.getLogger().handlers) == handlers
    none_left(threads)


@pytest.mark.allow_log("IsADirectory|Permission", "mistral_desk.chat.store")
def test_a_history_that_cannot_be_used_is_said_and_nothing_stays_open(home: Path) -> None:
    (home / "data" / "history.sqlite3").mkdir(parents=True)
    handlers, threads = len(logging.getLogger().handlers), set(threading.enumerate())

    async def test() -> None:
        assert (await problem_of(Services.open()))[0].startswith("history.")

    run(test())
    assert len(logging.getLogger().handlers) == handlers
    none_left(threads)


@pytest.mark.parametrize("stage", ["recall", "interrupted", "downloads"])
def test_a_library_that_does_not_open_leaves_nothing_open(
    home: Path, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    async def broken(*_: object) -> None:
        raise OSError("the disk is gone")

    owner = {"recall": Library, "interrupted": Moving, "downloads": Queue}[stage]
    monkeypatch.setattr(owner, "open" if stage == "downloads" else stage, broken)
    threads = set(threading.enumerate())
    handlers = list(logging.getLogger().handlers)

    async def test() -> None:
        with pytest.raises(OSError, match="the disk is gone"):
            await Services.open()
        held = [one.path for one in psutil.Process().open_files() if Path(one.path).is_relative_to(home)]
        assert held == [], "history and log are let go of"
        assert logging.getLogger().handlers == handlers
        left = [one for one in set(threading.enumerate()) - threads if one.name.startswith("history")]
        for one in left:
            one.join(END_OF_WORLD_S)
        assert not any(one.is_alive() for one in left)

    run(test())
    monkeypatch.undo()
    assert home.exists()


def test_a_picture_goes_with_the_last_chat_that_used_it_and_the_bin_keeps_it(home: Path, tmp_path: Path) -> None:
    cat, dog, draft = (Pixels(1, 1, colour) for colour in (b"cat", b"dog", b"new"))

    async def test() -> None:
        services = await Services.open(engine=fake_worker.command(tmp_path, fake_worker.looking()))
        history, pictures = services.history, services.pictures
        parts = [picture_part(await pictures.put(one), "x.png") for one in (cat, dog, draft)]
        services.about_to_send.add(draft.sha256)
        one, *_ = await history.begin_turn(None, "both", attached=parts[:2])
        other, *_ = await history.begin_turn(None, "one of them", attached=parts[:1])

        await history.delete(one.id)
        assert await services.tidy() == 0
        await history.restore(one.id)
        assert pictures.all() == {cat.sha256, dog.sha256, draft.sha256}, "as long as it can be brought back"
        await history.change([one.id], deleted=True)
        await history.purge_many([one.id])
        assert await services.tidy() == 0, "it was purged before"
        assert pictures.all() == {cat.sha256, draft.sha256}, "the other chat and the draft need theirs"
        assert pictures.pixels(cat.sha256).rgb == b"cat"

        await history.delete(other.id)
        await services.close()
        assert pictures.all() == {cat.sha256, draft.sha256}, "what was deleted lies in the bin"

        services = await Services.open(engine=fake_worker.command(tmp_path, fake_worker.looking()))
        before = time.time() - (BIN_DAYS + 1) * 24 * 3600.0
        await services.history._store.write(lambda c: c.execute("UPDATE conversation SET deleted_at = ?", (before,)))
        services.about_to_send.clear()
        await services.close()
        assert pictures.all() == frozenset(), "after a month it is gone, and with it what nothing ever used"
        assert not list(services.folders.pictures.iterdir())

    run(test())


def test_a_temporary_chats_pictures_touch_no_disk(home: Path, tmp_path: Path) -> None:
    async def test() -> None:
        services = await Services.open(engine=fake_worker.command(tmp_path, fake_worker.looking()))
        room = await services.temporary()
        picture = await room.pictures.put(Pixels(1, 1, b"cat"))
        assert room.pictures.pixels(picture.sha256).rgb == b"cat"
        await services.leave(room)
        assert services.rooms == []
        await services.leave(room)  # a second time is no fault
        await services.close()
        assert not services.folders.pictures.exists()

    run(test())


def test_which_models_see_is_known_from_their_files(home: Path, small_models: SmallModels) -> None:
    seer = seeing(home / "models")
    (home / "models" / "blind.gguf").write_bytes(small_models["dense"].read_bytes())

    async def test() -> None:
        services = await Services.open()
        found = that_see((BUILTIN, *services.models_there()), services.place_of)
        assert [Path(model).name for model in found if model != BUILTIN] == [seer.name]
        await services.close()

    run(test())
