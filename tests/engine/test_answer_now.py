"""*Answer now* at random moments, through session, history and the real worker: the answer comes at once, no marker is
shown, what is kept is right, and the next prompt is Mistral's own for that history.

`MISTRAL_DESK_MOMENTS=100` makes the campaign; how fast is printed (`pytest -rP`).
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import random
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pytest

from mistral_desk.chat.attachments.kinds import Pixels
from mistral_desk.chat.events import GoingOn, Reading, Thinking, Writing
from mistral_desk.chat.history import History
from mistral_desk.chat.message import Draft
from mistral_desk.chat.parts import picture_part
from mistral_desk.chat.pictures_in_memory import PicturesInMemory
from mistral_desk.chat.prompting import turns_of
from mistral_desk.chat.session import Ended, Session
from mistral_desk.core.paths import resource
from mistral_desk.core.pixels import fingerprint
from mistral_desk.inference.client import Engine, ModelSpec
from mistral_desk.inference.protocol import Piece, PutImage, Sampling, Turn
from tests.fixtures import templates
from tests.fixtures.engines import run
from tests.fixtures.gguf_models import Mistral4Shape, mistral4
from tests.fixtures.gguf_writing import Recipe
from tests.fixtures.llama_reference import Reference
from tests.fixtures.prompt_oracle import PromptOracle
from tests.fixtures.prompts import Prompts
from tests.fixtures.seeing_reference import SeeingReference
from tests.fixtures.vocabulary import vocabulary_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator
    from pathlib import Path

    from mistral_desk.chat.message import Message
    from mistral_desk.chat.session import TurnEvent
    from mistral_desk.inference.client import Answer

MOMENTS: Final = int(os.environ.get("MISTRAL_DESK_MOMENTS", "8"))
WRITTEN: Final = 12
"""Pieces of an answer until it is stopped: its beginning is what is looked at."""
MARKER: Final = re.compile(r"\[/?(THINK|INST|IMG|SYSTEM_PROMPT|MODEL_SETTINGS)\]|</?s>")
QUESTIONS: Final = ("What is 7 plus 8?", "What can this app do?", "Who are you?", "What is the capital of Spain?")
THINKS: Final = templates.official() + (
    "{%- if add_generation_prompt and reasoning_effort|default('none') == 'high' -%}[THINK]{%- endif -%}"
)
"""Mistral's template with the thought opened: a model without training thinks for ever."""
SHAPE: Final = Mistral4Shape(context=8192)
WHY: Final = Turn("user", "Why?")
SQUARE: Final = np.full((64, 64, 3), (200, 30, 30), np.uint8)


@dataclass
class Bench:
    """A model with all that judges its answers."""

    name: str
    path: Path
    prompts: Prompts
    oracle: PromptOracle
    chance: random.Random = field(default_factory=lambda: random.Random(7))
    took: list[tuple[str, float]] = field(default_factory=list)
    closed: int = 0
    judged: int = 0
    opened: int = 0

    @property
    def closing(self) -> int:
        """The token that closes a thought."""
        return self.prompts.words.special["[/THINK]"]

    @property
    def tail(self) -> list[int]:
        """What our template puts behind Mistral's: the thought is opened."""
        return [self.prompts.words.special["[THINK]"]] if self.name == "random" else []

    def seen(self, state: str) -> bool:
        """Whether what is to be seen was: on a busy computer more may be pressed too late than not."""
        if state == "between":
            return any(when != "too late" for when, _ in self.took)
        return bool(self.closed and (self.opened or state != "continued"))

    @property
    def spec(self) -> ModelSpec:
        return ModelSpec(str(self.path), context=4096, threads=1)


@pytest.fixture(scope="module")
def bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("answer-now")
    path = resource("model", "guide.gguf")
    if request.param == "random":
        path = mistral4(folder / "thinks.gguf", SHAPE, Recipe(chat_template=THINKS))
    oracle = PromptOracle(vocabulary_of(path).write_tekken(folder / "tekken.json"))
    with Reference(path, 512) as reference:
        yield Bench(request.param, path, Prompts(reference), oracle)


class Attentive(Engine):
    """Calls `on_close` when the token `closing` comes: the events of a turn do not show that a thought is over."""

    closing = -1
    on_close: Callable[[], None] | None = None

    async def generate(self, *args: Any, **options: Any) -> AsyncGenerator[Answer, None]:
        """As every engine."""
        async with contextlib.aclosing(super().generate(*args, **options)) as events:
            async for event in events:
                if isinstance(event, Piece) and self.closing in event.tokens and self.on_close:
                    self.on_close()
                yield event


@contextlib.asynccontextmanager
async def opened(
    folder: Path, pictures: PicturesInMemory | None = None, engine: Engine | None = None
) -> AsyncGenerator[tuple[Session, History]]:
    history, _ = await History.open(folder / "history.sqlite3")
    engine = engine or Engine()
    session = Session(history, engine, pictures=pictures)
    try:
        yield session, history
    finally:
        await asyncio.gather(session.close(), engine.close())
        await history.close()


@dataclass
class Pressed:
    """What was seen of one answer: when *Answer now* was pressed and what was shown before and after it."""

    message: Message
    thinking: str
    text: str
    wait_s: float | None
    state: str


async def pressed(
    session: Session, events: AsyncGenerator[TurnEvent, None], after: int, state: str, engine: Attentive
) -> Pressed:
    """Press it while the prompt is read, after so many pieces of the thought, or when the model has closed it."""
    shown = {"thinking": "", "text": ""}
    since: float | None = None
    wait: float | None = None
    seen = written = 0

    def press() -> None:
        nonlocal since
        since = time.perf_counter()
        session.answer_now()

    engine.on_close = press if state == "between" else None
    async for event in events:
        match event:
            case GoingOn(thinking=thinking, text=text):
                shown = {"thinking": thinking, "text": text}
            case Reading() if state == "reading" and since is None:
                press()
            case Thinking(text=text):
                shown["thinking"] += text
                seen += 1
                if state in {"thinking", "continued"} and since is None and seen > after:
                    press()
            case Writing(text=text):
                if since is not None and wait is None:
                    wait = time.perf_counter() - since
                shown["text"] += text
                written += 1
                if written == WRITTEN:
                    session.stop()
            case Ended(message=message):
                assert message.figures is not None
                cut = message.ending == "length" and message.figures.thought_end != "now"
                late = since is None or cut  # or the thought was cut before it was heard of
                return Pressed(message, shown["thinking"], shown["text"], wait, "too late" if late else state)
    raise AssertionError("an answer without an end")


async def stopped(session: Session, events: AsyncGenerator[TurnEvent, None], after: int) -> Message:
    """The answer, stopped after so many pieces of its thought."""
    seen = 0
    async for event in events:
        if isinstance(event, Thinking):
            seen += 1
            if seen == after + 1:
                session.stop()
        elif isinstance(event, Ended):
            return event.message
    raise AssertionError("an answer without an end")


async def check(bench: Bench, history: History, found: Pressed) -> None:
    """What was shown is what is kept; the ids say it, too; and the next prompt is Mistral's, in words and in ids."""
    kept = await history.message(found.message.id)
    assert not MARKER.search(found.thinking + found.text)
    assert (kept.thinking, kept.text) == (found.thinking, found.text)
    assert kept.figures is not None
    assert kept.figures.generated_tokens == len(kept.tokens)
    bench.closed += kept.figures.thought_end == "now"
    if found.state != "too late":
        assert kept.text, "it was asked to answer, and did"
    assert kept.parent is not None
    before = turns_of(await history.branch(kept.parent))
    if any(turn.images for turn in before):
        return  # the judge knows no pictures of ours
    said = Turn("assistant", kept.text, kept.thinking, kept.tokens, kept.vocabulary)
    ours, mistrals = bench.prompts.ids((*before, said, WHY), "high"), bench.oracle.encode((*before, said, WHY), "high")
    tail = bench.tail
    assert plain(bench, ours) == plain(bench, [*mistrals, *tail])
    edges = kept.text + "|" + kept.thinking + "|"
    if re.search(r"(^|\|)\s|\s\|", edges):
        return  # blanks at the ends are where ids can differ and words cannot
    asked, judges = bench.prompts.ids(before, "high"), bench.oracle.encode(before, "high")
    asked = asked[: len(asked) - len(tail)]
    assert len(before) > 1 or asked == judges
    behind = bench.oracle.encode((*before, Turn("assistant", "x"), WHY), "high")[len(judges) + 1 :]
    assert ours == [*asked, *own(bench, kept, tail), *behind, *tail]
    bench.judged += 1


def own(bench: Bench, kept: Message, opening: list[int]) -> list[int]:
    """The ids of an answer as they stand in the next prompt: an empty thought leaves no marker there."""
    if kept.thinking:
        return [*opening, *kept.tokens]
    close = bench.closing
    return list(kept.tokens[len(kept.tokens) - kept.tokens[::-1].index(close) if close in kept.tokens else 0 :])


def plain(bench: Bench, ids: list[int]) -> str:
    """A prompt as text; however many bytes of a broken character there are, it is one. Line ends belong to markers."""
    text = b"".join(map(bench.prompts.words.written, ids)).decode("utf-8", "replace")
    return re.sub(r"\s*(\[/?THINK\]|\[/?INST\]|</s>)\s*", r"\1", re.sub("\ufffd+", "\ufffd", text))


async def check_open(bench: Bench, history: History, begun: Message) -> None:
    """An answer that was stopped in its thought goes on behind Mistral's own prompt for one that is not closed."""
    assert begun.parent is not None
    before = turns_of(await history.branch(begun.parent))
    kept = await history.message(begun.id)
    said = Turn("assistant", "", kept.thinking, kept.tokens, kept.vocabulary)
    ours, mistrals = bench.prompts.ids(before, "high", begun=said), bench.oracle.encode(before, "high", said)
    assert plain(bench, ours) == plain(bench, mistrals)
    assert bench.closing not in ours[-len(kept.tokens) :]
    bench.opened += 1


@pytest.mark.parametrize(
    ("bench", "state"),
    [
        *(("builtin", state) for state in ("reading", "thinking", "between", "continued")),
        *(("random", state) for state in ("reading", "thinking", "continued")),  # it never closes a thought itself
    ],
    indirect=["bench"],
)
def test_answer_now_at_random_moments(state: str, bench: Bench, tmp_path: Path) -> None:
    async def promise() -> None:
        engine = Attentive()
        engine.closing = bench.closing
        async with opened(tmp_path, engine=engine) as (session, history):
            asked: dict[str, Any] = {"model_spec": bench.spec, "model": "builtin", "max_tokens": 2000}
            chat: int | None = None
            for number in itertools.count():
                if number >= MOMENTS and bench.seen(state):
                    return
                sampling = Sampling(temperature=0.7, seed=number)
                draft = Draft(bench.chance.choice(QUESTIONS), think=True)
                after = bench.chance.randrange(40 if bench.name == "random" else 5)
                chat = chat if bench.chance.random() < 0.4 else None
                events = session.reply(chat, draft, sampling=sampling, **asked)
                if state == "continued":
                    begun = await stopped(session, events, after // 2)
                    if begun.ending != "stopped" or not begun.thinking or bench.closing in begun.tokens:
                        continue  # its thought was over before: also where nothing was written behind it yet
                    await check_open(bench, history, begun)
                    events = session.continue_answer(begun.id, sampling=sampling, **asked)
                    after = 0
                found = await pressed(session, events, after, state, engine)
                chat = found.message.conversation
                await check(bench, history, found)
                bench.took.append((found.state, found.wait_s or 0.0))

    bench.took.clear()
    bench.closed = bench.judged = bench.opened = 0
    run(promise())
    waits = sorted(wait for when, wait in bench.took if when != "too late")
    middle, longest = waits[len(waits) // 2] * 1000, waits[-1] * 1000
    print(
        f"{bench.name}, {state}: {len(waits)} moments, {bench.closed} closed a thought, {bench.judged} judged by ids;"
    )
    print(f"  first token of the answer: median {middle:.1f} ms, longest {longest:.1f} ms")
    assert not bench.closed or state != "between", "a thought that was over is not closed"


@pytest.mark.parametrize("bench", ["builtin"], indirect=True)
def test_what_ended_right_behind_its_thought_goes_on_with_its_answer(bench: Bench, tmp_path: Path) -> None:
    async def promise() -> None:
        asked: dict[str, Any] = {"model_spec": bench.spec, "model": "builtin", "sampling": Sampling(temperature=0.0)}
        draft = Draft(QUESTIONS[0], think=True)
        async with opened(tmp_path) as (session, history):

            async def answer(events: AsyncGenerator[TurnEvent, None]) -> Message:
                last = [event async for event in events][-1]
                assert isinstance(last, Ended)
                return await history.message(last.message.id)

            whole = await answer(session.reply(None, draft, max_tokens=2000, **asked))
            room = whole.tokens.index(bench.closing) + 1
            begun = await answer(session.reply(None, draft, max_tokens=room, **asked))
            assert (begun.thinking, begun.text, begun.tokens[-1]) == (whole.thinking, "", bench.closing)
            found = await answer(session.continue_answer(begun.id, max_tokens=2000, **asked))
            assert (found.thinking, found.text, found.tokens) == (whole.thinking, whole.text, whole.tokens)

    run(promise())


def judge(folder: Path, turns: tuple[Turn, ...]) -> None:
    """What comes next to an answer about a picture: Mistral's own prompt, with the ids that llama.cpp has for it."""
    guide = resource("model", "guide.gguf")
    red = PutImage(fingerprint(64, 64, SQUARE.tobytes()), 64, 64, SQUARE.tobytes())
    oracle = PromptOracle(vocabulary_of(guide).write_tekken(folder / "tekken.json"))
    with SeeingReference(guide, resource("model", "guide-mmproj.gguf"), (red,), 512) as reference:
        prompts = Prompts(reference)
        ours = prompts.ids((*turns, WHY), "high", reference.ids)
        mistrals = oracle.encode((*turns, WHY), "high", pictures=reference.ids)
    assert turns[0].images == (red.sha256,)
    assert [token for token in ours if token < 0] == [token for token in reference.ids[red.sha256] if token < 0]
    assert ours == mistrals


@pytest.mark.parametrize("moment", ["reading", "looking", "thinking"])
def test_answer_now_while_a_picture_is_looked_at(moment: str, tmp_path: Path) -> None:
    async def promise() -> None:
        pictures = PicturesInMemory()
        pixels = Pixels(64, 64, SQUARE.tobytes(), "red.png")
        part = picture_part(await pictures.put(pixels), pixels.name)
        spec = ModelSpec(str(resource("model", "guide.gguf")), context=2048, threads=1)
        async with opened(tmp_path, pictures) as (session, history):
            draft = Draft("What is this?", think=True, attached=(part,))
            greedy = Sampling(temperature=0.0, seed=1)
            events = session.reply(None, draft, model_spec=spec, sampling=greedy, max_tokens=200)
            pressed_at = ""
            text = thinking = ""
            message: Message | None = None
            async for event in events:
                match event:
                    case Reading(looking=looking) if not pressed_at and moment != "thinking":
                        if looking or moment == "reading":
                            pressed_at = moment
                            session.answer_now()
                    case Thinking(text=piece):
                        thinking += piece
                        if not pressed_at and moment == "thinking":
                            pressed_at = moment
                            session.answer_now()
                    case Writing(text=piece):
                        text += piece
                    case Ended():
                        message = event.message
            assert message is not None
            assert pressed_at == moment
            assert text
            assert not MARKER.search(text + thinking)
            kept = await history.message(message.id)
            assert (kept.text, kept.thinking) == (text, thinking)
            judge(tmp_path, turns_of(await history.branch(message.id)))
            follow = Draft("And its colour?", think=True)
            again = session.reply(kept.conversation, follow, model_spec=spec, sampling=greedy, max_tokens=100)
            last = [event async for event in again][-1]
            assert isinstance(last, Ended)
            assert last.message.text

    run(promise())
