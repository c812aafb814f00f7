"""Turning back costs only what differs: edit, try again, another version, continue and a branch, with the model that
ships, through session, history and the real worker. Every number is derived from the tokens themselves.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mistral_desk.chat.attachments.kinds import Pixels
from mistral_desk.chat.history import History
from mistral_desk.chat.message import Draft
from mistral_desk.chat.parts import picture_part
from mistral_desk.chat.pictures_in_memory import PicturesInMemory
from mistral_desk.chat.prompting import turns_of
from mistral_desk.chat.session import Session
from mistral_desk.core.paths import resource
from mistral_desk.inference.client import Engine, ModelSpec
from mistral_desk.inference.engine.prefix import common_prefix
from mistral_desk.inference.engine.shelf import WORTH_IT
from mistral_desk.inference.protocol import Sampling
from tests.fixtures.engines import run
from tests.fixtures.llama_reference import Reference
from tests.fixtures.prompts import Prompts
from tests.fixtures.sessions import last_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Sequence
    from pathlib import Path

    from mistral_desk.chat.message import Message
    from mistral_desk.chat.session import TurnEvent

GUIDE: Final = resource("model", "guide.gguf")
SPEC: Final = ModelSpec(str(GUIDE), context=2048, threads=1)
GREEDY: Final = Sampling(temperature=0.0, seed=1)
LONG: Final = "Tell me of the sea, the sun, the rain and the boat. " * 6
SQUARE: Final = np.full((64, 64, 3), (200, 30, 30), np.uint8)


class Book:
    """Answers of one chat, each held against what the worker's memory had before it."""

    def __init__(self, folder: Path, session: Session, history: History, prompts: Prompts) -> None:
        self.folder, self.session, self.history, self._prompts = folder, session, history, prompts
        self.pictures: dict[str, list[int]] = {}
        self._held: list[int] = []
        self._aside: list[list[int]] = []

    async def made(self, events: AsyncGenerator[TurnEvent, None]) -> Message:
        """The answer; how much of its prompt was read is what its tokens say."""
        answer = await last_of(events)
        figures, prompt = answer.figures, await self.prompt(answer)
        assert figures is not None
        assert (figures.prompt_tokens, figures.generated_tokens) == (len(prompt), len(answer.tokens))
        assert figures.again_tokens == 0
        assert figures.cached_tokens == self._expected(prompt)
        self._note([*prompt, *answer.tokens], answer)
        return answer

    async def went_on(self, before: Message, events: AsyncGenerator[TurnEvent, None]) -> Message:
        """The answer that went on from `before`, which is the same message now."""
        answer = await last_of(events)
        old, now, prompt = before.figures, answer.figures, await self.prompt(answer)
        assert old is not None
        assert now is not None
        assert answer.id == before.id
        assert answer.tokens[: len(before.tokens)] == before.tokens
        begun = [*prompt, *before.tokens]
        read = len(begun) - self._expected(begun)
        assert (now.prompt_tokens, now.generated_tokens) == (len(prompt), len(answer.tokens))
        assert now.cached_tokens == old.cached_tokens
        assert now.again_tokens == old.again_tokens + read
        self._note([*prompt, *answer.tokens], answer)
        return answer

    async def prompt(self, answer: Message) -> list[int]:
        """The ids that stand before an answer."""
        assert answer.parent is not None
        turns = turns_of(await self.history.branch(answer.parent))
        return self._prompts.ids(turns, answer.effort, self.pictures)

    def _expected(self, prompt: Sequence[int]) -> int:
        """How much of it need not be read: what is held of it, or was worth putting aside."""
        most = len(prompt) - 1
        common = self._whole(prompt, common_prefix(self._held, prompt, most))
        lost = len(self._held) - common
        if lost < WORTH_IT:
            return common
        best = max((common_prefix(one, prompt, most) for one in self._aside), default=0)
        if 2 * common < len(self._held):
            self._aside.append(list(self._held))
        return max(common, self._whole(prompt, best))

    def _whole(self, prompt: Sequence[int], length: int) -> int:
        """Nothing ends inside a picture."""
        while 0 < length < len(prompt) and prompt[length] < 0 and prompt[length - 1] < 0:
            length -= 1
        return length

    def _note(self, tokens: list[int], answer: Message) -> None:
        self._held = tokens[:-1] if answer.ending == "length" else tokens  # nobody asks what follows the last one


@contextlib.asynccontextmanager
async def book(folder: Path, pictures: PicturesInMemory | None = None) -> AsyncIterator[Book]:
    history, notice = await History.open(folder / "history.sqlite3")
    assert notice is None
    engine = Engine()
    session = Session(history, engine, pictures=pictures)
    try:
        with Reference(GUIDE, 2048) as reference:
            yield Book(folder, session, history, Prompts(reference))
    finally:
        await asyncio.gather(session.close(), engine.close())
        await history.close()


def asked(**more: Any) -> dict[str, Any]:
    return {"model_spec": SPEC, "model": "builtin", "sampling": GREEDY, **more}


def test_every_way_back_reads_only_what_differs(tmp_path: Path) -> None:
    async def promise() -> None:
        async with book(tmp_path) as made:
            session, history = made.session, made.history
            one = await made.made(session.reply(None, Draft(LONG + "What can you do?"), **asked()))
            chat = one.conversation
            two = await made.made(session.reply(chat, Draft("What is 7 plus 8?"), **asked()))
            assert one.parent is not None
            assert two.parent is not None

            # edit the last, then an early message; try both again
            await made.made(session.edit(two.parent, Draft("What is 7 plus 9?"), **asked()))
            early = await made.made(session.edit(one.parent, Draft(LONG + "Who are you?"), **asked()))
            await made.made(session.regenerate(early.id, **asked()))

            # back to the first version with all that followed, and on with it
            conversation = await history.select(one.id)
            assert conversation.leaf is not None
            assert len(await history.messages(chat)) == 4
            three = await made.made(session.reply(chat, Draft("And 2 plus 2?"), max_tokens=3, **asked()))
            assert three.ending == "length"

            # continue twice, then to its end
            for _ in range(2):
                three = await made.went_on(three, session.continue_answer(three.id, max_tokens=2, **asked()))
            three = await made.went_on(three, session.continue_answer(three.id, **asked()))
            assert three.ending == "stop"
            await made.made(session.regenerate(three.id, **asked()))

            # a branch has the ids of what it copied
            branch = await history.branch_off(two.id, "Branch")
            copies = await history.messages(branch.id)
            assert [copy.tokens for copy in copies] == [(), one.tokens, (), two.tokens]
            await made.made(session.reply(branch.id, Draft("Why?"), **asked()))
            await made.made(session.reply(chat, Draft("Why not?"), **asked()))

    run(promise())


def test_the_thought_too_goes_on_for_free_and_the_effort_has_its_own_memory(tmp_path: Path) -> None:
    async def promise() -> None:
        async with book(tmp_path) as made:
            session = made.session
            one = await made.made(
                session.reply(None, Draft(LONG + "What is 7 plus 8?", think=True), max_tokens=5, **asked())
            )
            assert one.thinking
            assert not one.text
            whole = await made.went_on(one, session.continue_answer(one.id, **asked()))
            assert whole.text
            assert whole.thinking.startswith(one.thinking)
            assert whole.effort == "high"
            plain = await made.made(session.regenerate(whole.id, think=False, **asked()))
            assert not plain.thinking
            again = await made.made(session.regenerate(whole.id, think=True, **asked()))
            assert (again.thinking, again.text) == (whole.thinking, whole.text)

    run(promise())


def test_a_picture_is_read_once_whatever_is_turned_back(tmp_path: Path) -> None:
    async def promise() -> None:
        pictures = PicturesInMemory()
        pixels = Pixels(64, 64, SQUARE.tobytes(), "red.png")
        part = picture_part(await pictures.put(pixels), pixels.name)
        async with book(tmp_path, pictures) as made:
            session, history, sha256 = made.session, made.history, pixels.sha256
            draft = Draft("What is this?", attached=(part,))
            first = await last_of(session.reply(None, draft, max_tokens=2, **asked()))
            assert first.figures is not None
            made.pictures[sha256] = []
            room = first.figures.prompt_tokens - len(await made.prompt(first))
            assert room > 0
            made.pictures[sha256] = list(range(-1, -1 - room, -1))
            made._held = [*await made.prompt(first), *first.tokens[:-1]]

            await made.went_on(first, session.continue_answer(first.id, **asked()))
            second = await made.made(session.regenerate(first.id, **asked()))
            assert first.parent is not None
            edited = await made.made(session.edit(first.parent, Draft("Which colour is it?"), **asked()))
            chat = edited.conversation
            await made.made(session.reply(chat, Draft("And its shape?"), **asked()))
            await history.select(second.id)
            await made.made(session.reply(chat, Draft("Is it round?"), **asked()))
            branch = await history.branch_off(second.id)
            await made.made(session.reply(branch.id, Draft("What colour is it?"), **asked()))
            assert made.pictures[sha256]

    run(promise())


def test_after_a_restart_continue_reads_all_of_it_once(tmp_path: Path) -> None:
    async def promise() -> None:
        async with book(tmp_path) as made:
            whole = await made.made(made.session.reply(None, Draft("What is 7 plus 8?", think=True), **asked()))
            first = await made.made(made.session.regenerate(whole.id, max_tokens=6, **asked()))
        async with book(tmp_path) as made:
            rest = await made.went_on(first, made.session.continue_answer(first.id, **asked()))
            assert rest.tokens == whole.tokens
            assert (rest.thinking, rest.text, rest.ending) == (whole.thinking, whole.text, "stop")
            assert rest.figures is not None
            assert rest.figures.again_tokens == rest.figures.prompt_tokens + 6

    run(promise())
