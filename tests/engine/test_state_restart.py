"""After a restart of the worker an old conversation reads only what is new, and goes on as if it had never ended."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
from typing import TYPE_CHECKING, Final, NamedTuple

import psutil
import pytest

from mistral_desk.core.paths import resource
from mistral_desk.inference.client import Engine, ModelSpec
from mistral_desk.inference.protocol import Turn
from mistral_desk.inference.state_keeper import StateKeeper
from mistral_desk.inference.state_store import StateStore
from tests.fixtures.conversations import Reply, ask
from tests.fixtures.gguf_models import mistral4
from tests.fixtures.gguf_writing import Recipe
from tests.fixtures.llama_reference import Reference
from tests.fixtures.prompts import Prompts
from tests.fixtures.seeing import Album, picture, seeing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine
    from pathlib import Path

    from mistral_desk.inference.protocol import Effort
    from mistral_desk.inference.remote import Look
    from mistral_desk.inference.state_file import Writing
    from tests.fixtures.small_models import SmallModels

END_OF_THE_WORLD_S: Final = 240
CONTEXT: Final = 2048
PLENTY: Final = 1 << 30
WORDS: Final = ("sea", "sun", "rain", "boat", "red", "seven", "circle", "what", "is", "the")
TOLERANCE: Final = 0.5
"""How far below the best logit a greedy token may be, on random weights, where batches differ in rounding."""


class Chat(NamedTuple):
    """A conversation so far, whose it is, and what the last answer took."""

    owner: str
    turns: tuple[Turn, ...] = ()
    effort: Effort = "none"
    last: Reply | None = None

    @property
    def held(self) -> int:
        """Tokens that the worker has read and written of it."""
        return 0 if self.last is None else self.last.figures.prompt_tokens + len(self.last.tokens) - 1

    @property
    def cached(self) -> int:
        assert self.last
        return self.last.figures.cached_tokens


def words(count: int, seed: int = 0) -> str:
    return " ".join(random.Random(seed).choices(WORDS, k=count))


@contextlib.asynccontextmanager
async def running(spec: ModelSpec, folder: Path | None, room: int = PLENTY) -> AsyncIterator[Engine]:
    """An engine that keeps its states in a folder; closed in order at the end."""
    engine = Engine()
    engine.states = StateKeeper(StateStore(folder, lambda: room)) if folder else None
    try:
        async with asyncio.timeout(END_OF_THE_WORLD_S):
            await engine.ensure(spec)
            yield engine
    finally:
        await engine.close()


async def say(engine: Engine, chat: Chat, text: str, look: Look | None = None, images: tuple[str, ...] = ()) -> Chat:
    turns = (*chat.turns, Turn("user", text, images=images))
    reply = await ask(engine, turns, chat.effort, 6, pictures=look, owner=chat.owner)
    return Chat(chat.owner, (*turns, reply.as_turn()), chat.effort, reply)


def files(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def run(story: Coroutine[object, object, None]) -> None:
    asyncio.run(story)


@pytest.mark.slow
def test_the_guide_goes_on_where_it_was_left(tmp_path: Path) -> None:
    """A thousand tokens, two efforts: restarted, each reads only its new question, and answers the same words."""
    spec = ModelSpec(str(resource("model", "guide.gguf")), context=4096, threads=1)
    questions = [words(520, seed) for seed in range(2)]

    async def story(folder: Path | None) -> list[Chat]:
        plain, thinking = Chat("1"), Chat("1", effort="high")
        async with running(spec, folder) as engine:
            for question in questions:
                plain = await say(engine, plain, question)
            thinking = await say(engine, thinking, questions[0] * 2)
        async with running(spec, folder) as engine:
            return [await say(engine, plain, "And a red circle?"), await say(engine, thinking, "And the sun?")]

    async def promise() -> None:
        without, kept = await story(None), await story(tmp_path / "states")
        for fresh, now in zip(without, kept, strict=True):
            assert fresh.last
            assert now.last
            assert fresh.cached <= 64
            assert now.last.figures.prompt_tokens > 1000
            assert now.last.figures.prompt_tokens - now.cached < 60, "only what is new was read"
            assert now.last.tokens == fresh.last.tokens
            assert now.turns == fresh.turns

    run(promise())


@pytest.mark.parametrize("kind", ["mistral4", "dense", "sliding", "recurrent", "hybrid"])
def test_every_kind_of_memory_goes_on_after_a_restart(kind: str, small_models: SmallModels, tmp_path: Path) -> None:
    spec = ModelSpec(str(small_models[kind]), CONTEXT, 1)

    async def promise() -> None:
        async with running(spec, tmp_path) as engine:
            first = await say(engine, Chat("1"), words(150))
            other = await say(engine, Chat("2"), words(150, seed=7))
        async with running(spec, tmp_path) as engine:
            again = await say(engine, Chat("1", first.turns[:-1][:-1]), words(150))  # the same question once more
            second = await say(engine, first, words(20, seed=1))
            moved = await say(engine, other, words(20, seed=2))
        assert again.last
        assert first.last
        assert again.cached >= first.last.figures.prompt_tokens - 8
        assert second.cached >= first.held - 1
        assert moved.cached >= other.held - 1
        with Reference(small_models[kind], CONTEXT) as reference:
            prompts = Prompts(reference)
            for chat in (again, second, moved):
                assert chat.last
                asked = chat.turns[:-1]
                verdicts = reference.judge(prompts.ids(asked, "none"), chat.last.tokens)
                assert all(verdict.gap <= TOLERANCE for verdict in verdicts)

    run(promise())


def test_another_size_of_the_context_takes_the_state_too(small_models: SmallModels, tmp_path: Path) -> None:
    """An automatic one differs from start to start, with the free memory; one that is too small just reads less."""
    path = str(small_models["mistral4"])

    async def promise() -> None:
        async with running(ModelSpec(path, CONTEXT, 1), tmp_path) as engine:
            chat = await say(engine, Chat("1"), words(150))
        async with running(ModelSpec(path, CONTEXT // 2, 1), tmp_path) as engine:
            assert (await say(engine, chat, "more")).cached >= chat.held - 1
        async with running(ModelSpec(path, 256, 1), tmp_path) as engine:
            short = await say(engine, Chat("2"), words(4))
            assert short.cached < 64

    run(promise())


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["mistral4", "two-directions"])
def test_a_picture_is_not_looked_at_again(kind: str, tmp_path: Path) -> None:
    spec = ModelSpec(str(seeing(tmp_path / "models", kind)), CONTEXT, 1)
    one, another = picture(1), picture(2)

    async def story(folder: Path | None) -> tuple[Chat, Chat, list[str]]:
        album = Album(one, another)
        chat = Chat("1")
        async with running(spec, folder) as engine:
            chat = await say(engine, chat, words(100), album, (one.sha256,))
            chat = await say(engine, chat, words(100, seed=3), album, (another.sha256,))
        album.asked.clear()
        async with running(spec, folder) as engine:
            on = await say(engine, chat, "and now?", album)
            differs = await say(engine, Chat("1", chat.turns[:2]), words(100, seed=3), album, (one.sha256,))
            return on, differs, album.asked

    async def promise() -> None:
        fresh, kept = await story(None), await story(tmp_path / "states")
        for without, now in zip(fresh[:2], kept[:2], strict=True):
            assert without.last
            assert now.last
            assert now.last.tokens == without.last.tokens
        assert kept[0].last
        assert kept[0].last.figures.prompt_tokens - kept[0].cached < 60

    run(promise())


@pytest.mark.slow
def test_what_belongs_to_nobody_never_reaches_the_disk_and_can_be_forgotten(
    small_models: SmallModels, tmp_path: Path
) -> None:
    spec = ModelSpec(str(small_models["mistral4"]), CONTEXT, 1)

    async def promise() -> None:
        async with running(spec, tmp_path) as engine:
            secret = await say(engine, Chat(""), words(150))
            kept = await say(engine, Chat("1"), words(150, seed=5))
            back = await say(engine, secret, "more")
            assert back.cached >= secret.held - 1, "it is still in the worker's memory"
            await engine.forget([""])
            gone = await say(engine, back, "and more")
            assert gone.cached < 64, "now it is not"
            there = await say(engine, kept, "more")
            assert there.cached >= kept.held - 1
        store = StateStore(tmp_path, lambda: PLENTY)
        assert store.owners == {"1"}
        secret_ids = secret.turns[-1].tokens
        assert secret_ids
        assert len(files(tmp_path)) == 1

    run(promise())


@pytest.mark.slow
def test_another_model_at_the_same_place_takes_no_old_state(tmp_path: Path, small_models: SmallModels) -> None:
    """Of the same shape, so that llama.cpp itself would take it."""
    path = tmp_path / "model.gguf"
    sound = small_models["mistral4"].read_bytes()
    others = mistral4(tmp_path / "others.gguf", None, Recipe(seed=1)).read_bytes()
    assert len(others) == len(sound)
    path.write_bytes(sound)
    spec = ModelSpec(str(path), CONTEXT, 1)
    states = tmp_path / "states"

    async def promise() -> None:
        async with running(spec, states) as engine:
            chat = await say(engine, Chat("1"), words(150))
        status = path.stat()
        path.write_bytes(others)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        async with running(spec, states) as engine:
            assert (await say(engine, chat, "more")).cached == 0
        path.write_bytes(sound)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        async with running(spec, states) as engine:
            assert (await say(engine, chat, "more")).cached >= chat.held - 1, "the old one is back"

    run(promise())


def test_a_worker_that_is_killed_takes_nothing_of_what_was_kept_with_it(
    small_models: SmallModels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Small states are kept right after an answer; nobody has to close anything in order."""
    monkeypatch.setattr("mistral_desk.inference.state_keeper.SOON_S", 0.0)
    spec = ModelSpec(str(small_models["mistral4"]), CONTEXT, 1)

    async def promise() -> None:
        kept, loop = asyncio.Event(), asyncio.get_running_loop()

        class Telling(StateStore):
            def finish(self, writing: Writing) -> None:
                super().finish(writing)
                loop.call_soon_threadsafe(kept.set)

        async with running(spec, None) as engine:
            engine.states = StateKeeper(Telling(tmp_path, lambda: PLENTY))
            await engine.unload()  # it is loaded again with this keeper
            await engine.ensure(spec)
            chat = await say(engine, Chat("1"), words(150))
            await kept.wait()
            assert engine.pid
            psutil.Process(engine.pid).kill()
        async with running(spec, tmp_path) as engine:
            on = await say(engine, chat, "more")
            assert on.cached >= chat.held - 1

    run(promise())
