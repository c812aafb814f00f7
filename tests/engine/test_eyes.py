"""A picture is read once: later turns, edits and the effort find it where it was, for every kind of memory.

And all answers are those that llama.cpp's own helper gives for the same pictures from an empty memory.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import sys
from typing import TYPE_CHECKING, Final, NamedTuple

import pytest

from mistral_desk.inference.client import ModelSpec, Worker, worker_command
from mistral_desk.inference.protocol import PromptProgress, Turn
from tests.fixtures.conversations import GREEDY, Reply, ask
from tests.fixtures.prompts import Prompts
from tests.fixtures.seeing import MAKERS, Album, picture, seeing
from tests.fixtures.seeing_reference import SeeingReference

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence
    from pathlib import Path

    from mistral_desk.inference.protocol import Effort, ModelInfo

END_OF_THE_WORLD_S: Final = 240
ONE, OTHER = picture(1), picture(2, 90, 130)
TOLERANCE: Final = 0.5
"""How far below the best logit a greedy token may be: batches and single tokens are computed differently."""

_M_PERTURB: Final = -6
"""glibc's malloc.h: new memory is filled with the complement of a byte."""
_WORKER: Final = (
    f"import ctypes, runpy; assert ctypes.CDLL(None).mallopt({_M_PERTURB}, 256); "
    "runpy.run_module('mistral_desk', run_name='__main__', alter_sys=True)"
)


class Asked(NamedTuple):
    """One question and its answer."""

    turns: tuple[Turn, ...]
    effort: Effort
    reply: Reply

    @property
    def after(self) -> tuple[Turn, ...]:
        return (*self.turns, self.reply.as_turn())

    @property
    def held(self) -> int:
        return self.reply.figures.prompt_tokens + len(self.reply.tokens) - 1


class Talk:
    """A worker with a model that sees, and all that was asked of it."""

    def __init__(self, worker: Worker, info: ModelInfo) -> None:
        self.worker, self.info = worker, info
        self.album = Album(ONE, OTHER)
        self.asked: list[Asked] = []

    async def ask(self, *turns: Turn, effort: Effort = "none") -> Asked:
        found = Asked(turns, effort, await ask(self.worker, turns, effort, 8, GREEDY, self.album))
        assert found.reply.tokens, found.reply
        self.asked.append(found)
        return found


def talking(path: Path, story: Callable[[Talk], Awaitable[None]], command: Sequence[str] | None = None) -> Talk:
    async def tell() -> Talk:
        worker = Worker(command)
        await worker.start()
        try:
            async with asyncio.timeout(END_OF_THE_WORLD_S):
                talk = Talk(worker, await worker.load(ModelSpec(str(path), 2048, 1)))
                await story(talk)
                return talk
        finally:
            await worker.close()

    return asyncio.run(tell())


def misses(asked: Sequence[Asked], path: Path) -> list[str]:
    """Tokens that llama.cpp would not have chosen."""
    return judged(asked, path)[0]


def judged(asked: Sequence[Asked], path: Path) -> tuple[list[str], int]:
    """As `misses`, and how many rows of pictures llama.cpp made from memory that nobody wrote to."""
    eyes = path.with_name(f"mmproj-{path.stem}-F16.gguf")
    with SeeingReference(path, eyes, (ONE, OTHER), 2048) as reference:
        prompts = Prompts(reference)
        found = [
            f"{one.turns[-1].text}: {verdict}"
            for one in asked
            for verdict in reference.judge(prompts.ids(one.turns, one.effort, reference.ids), one.reply.tokens)
            if not verdict.gap <= TOLERANCE  # nor is what is no number
        ]
        return found, reference.unwritten


@contextlib.contextmanager
def new_memory_holds_no_numbers() -> Iterator[None]:
    """What this process gets from malloc is full of ones, which are no number in any width."""
    mallopt = ctypes.CDLL(None).mallopt
    assert mallopt(_M_PERTURB, 256)
    try:
        yield
    finally:
        assert mallopt(_M_PERTURB, 0)


@pytest.fixture(scope="module", params=MAKERS)
def path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return seeing(tmp_path_factory.mktemp("Größe 目"), str(request.param))


def look(text: str = "What is this?", *images: str) -> Turn:
    return Turn("user", text, images=images or (ONE.sha256,))


def test_a_picture_stays_where_it_was_read(path: Path) -> None:
    async def story(talk: Talk) -> None:
        one = await talk.ask(look())
        two = await talk.ask(*one.after, Turn("user", "And then?"))
        await talk.ask(*two.after, look("And this?", OTHER.sha256), effort="none")

    talk = talking(path, story)
    one, two, three = talk.asked

    assert talk.album.asked == [ONE.sha256, OTHER.sha256], "each picture crosses once"
    assert one.reply.figures.cached_tokens == 0
    assert one.reply.figures.prompt_tokens > 35
    assert two.reply.figures.cached_tokens >= one.held
    assert three.reply.figures.cached_tokens >= two.held
    assert not misses(talk.asked, path)


def test_another_picture_is_not_taken_for_the_first(path: Path) -> None:
    """Also shows that the judge sees a difference between the two."""

    async def story(talk: Talk) -> None:
        await talk.ask(look())
        await talk.ask(look("What is this?", OTHER.sha256))

    talk = talking(path, story)
    one, two = talk.asked
    mixed_up = Asked(one.turns, "none", two.reply)

    assert two.reply.figures.cached_tokens < two.reply.figures.prompt_tokens - 24, "nothing of the picture"
    assert not misses(talk.asked, path)
    assert misses([mixed_up], path)


def test_edits_and_the_effort_find_the_picture(path: Path) -> None:
    async def story(talk: Talk) -> None:
        first = await talk.ask(look("Look. " * 30))
        second = await talk.ask(*first.after, Turn("user", "And then?"))
        await talk.ask(*second.turns[:-1], Turn("user", "Or rather why?"))
        high = await talk.ask(*second.after, Turn("user", "Sure?"), effort="high")
        await talk.ask(*second.after, Turn("user", "Sure?"))
        await talk.ask(*high.after, Turn("user", "Really?"), effort="high")

    talk = talking(path, story)
    first, _, edited, high, low, higher = talk.asked

    assert talk.album.asked == [ONE.sha256], "encoded once, whatever the effort"
    assert edited.reply.figures.cached_tokens >= first.reply.figures.prompt_tokens - 8
    assert low.reply.figures.cached_tokens >= first.reply.figures.prompt_tokens - 8
    assert higher.reply.figures.cached_tokens >= (high.held if talk.info.efforts[-1] == "high" else 0)
    assert not misses(talk.asked, path)


def test_progress_is_told_while_a_picture_is_looked_at(path: Path) -> None:
    async def story(talk: Talk) -> None:
        events = [
            event
            async for event in talk.worker.generate([look()], "none", GREEDY, 1, talk.album)
            if isinstance(event, PromptProgress)
        ]
        done = [event.done for event in events]
        assert done == sorted(done)
        assert done[-1] == events[-1].total
        looked = [event.done for event in events if event.looking]
        assert len(set(looked)) > 3

    talking(path, story)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc is what fills new memory when asked to")
def test_memory_that_nobody_wrote_to_is_in_no_answer(path: Path) -> None:
    """llama.cpp multiplies it by nothing, which is nothing only where it held a number."""

    async def story(talk: Talk) -> None:
        await talk.ask(look())
        await talk.ask(look("What is this?", OTHER.sha256))

    usual = talking(path, story)
    with new_memory_holds_no_numbers():
        spoilt = talking(path, story, [sys.executable, "-c", _WORKER, *worker_command()[3:]])
        missed, unwritten = judged(spoilt.asked, path)

    assert [one.reply.tokens for one in spoilt.asked] == [one.reply.tokens for one in usual.asked]
    assert not missed
    assert bool(unwritten) == ("directions" not in path.stem and "both" not in path.stem), "or nothing was shown"
