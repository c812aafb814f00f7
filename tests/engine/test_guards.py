"""Guards with the real worker: answers that became none, weights that are none, a held process, memory that ends."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
from typing import TYPE_CHECKING, Final

import psutil
import pytest

from mistral_desk.catalog.gguf import read_header
from mistral_desk.chat.history import History
from mistral_desk.chat.message import Draft
from mistral_desk.chat.session import Broken, Session
from mistral_desk.core.errors import DeskError
from mistral_desk.core.paths import resource
from mistral_desk.inference import silence
from mistral_desk.inference.client import Engine, ModelSpec
from mistral_desk.inference.engine.watch import BLANK, CYCLE, EQUAL, SILENT
from mistral_desk.inference.file_notes import FileNotes
from mistral_desk.inference.placement import Placement
from mistral_desk.inference.protocol import Piece, Turn
from tests.fixtures.conversations import GREEDY, ask
from tests.fixtures.engines import problem_of, run
from tests.fixtures.gguf_chained import chained
from tests.fixtures.gguf_models import Mistral4Shape, mistral4
from tests.fixtures.in_time import in_time
from tests.fixtures.sessions import all_of
from tests.fixtures.vocabulary import SPECIALS, vocabulary

if TYPE_CHECKING:
    from pathlib import Path

    from mistral_desk.catalog.gguf import Header
    from tests.fixtures.small_models import SmallModels

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX has signals")
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux limits another process's memory")

LONG: Final = Mistral4Shape(context=8192)
ASKS: Final = SPECIALS.index("[/INST]")
SHOWS_NOTHING: Final = SPECIALS.index("<SPECIAL_20>")
HELLO: Final = (Turn("user", "Hello"),)


def letter(byte: str) -> int:
    return len(SPECIALS) + ord(byte)


def word(text: str) -> int:
    return len(SPECIALS) + vocabulary().words.index(text.encode())


# --- answers that became none -------------------------------------------------------------------------


async def answered(path: Path, folder: Path, question: str) -> Broken:
    """What the chat keeps of an answer that this model gives."""
    history, _ = await History.open(folder / "history.sqlite3")
    engine = Engine()
    session = Session(history, engine)
    try:
        spec = ModelSpec(str(path), context=8192, threads=1)
        last = (await all_of(session.reply(None, Draft(question), model_spec=spec, sampling=GREEDY)))[-1]
        assert isinstance(last, Broken)
        stored = await history.message(last.message.id)
        assert (stored.text, stored.ending) == (last.message.text, "failed")
        assert await ask_again(engine), "the worker lives on"
        return last
    finally:
        await asyncio.gather(session.close(), engine.close())
        await history.close()


async def ask_again(engine: Engine) -> bool:
    return (await ask(engine, HELLO, max_tokens=2)).figures.generated_tokens == 2


@pytest.mark.allow_log("answer", "mistral_desk.chat")
@pytest.mark.parametrize(
    ("after", "problem", "text"),
    [
        ({ASKS: letter("H"), letter("H"): SHOWS_NOTHING, SHOWS_NOTHING: SHOWS_NOTHING}, "model.no_text", "H"),
        (
            {ASKS: letter("H"), letter("H"): letter("\n"), letter("\n"): letter(" "), letter(" "): letter("\n")},
            "model.only_blanks",
            "H" + "\n " * (BLANK // 2),
        ),
        ({ASKS: letter("@"), letter("@"): letter("@")}, "model.repeats", "@" * (EQUAL + 1)),
    ],
    ids=["no text", "blanks", "one token"],
)
def test_an_answer_that_became_none_ends_and_what_was_written_stays(
    after: dict[int, int], problem: str, text: str, tmp_path: Path
) -> None:
    path = chained(mistral4(tmp_path / "chained.gguf", LONG), after)

    async def test() -> None:
        last = await answered(path, tmp_path, "Hello")
        assert last.problem.id == problem
        assert last.message.text == text

    run(test())


@pytest.mark.allow_log("answer", "mistral_desk.chat")
def test_the_same_few_tokens_end_it_after_some_thousand(tmp_path: Path) -> None:
    after = {ASKS: letter("a"), letter("a"): letter("b"), letter("b"): letter("c"), letter("c"): letter("a")}
    path = chained(mistral4(tmp_path / "chained.gguf", LONG), after)

    async def test() -> None:
        last = await answered(path, tmp_path, "Hello")
        assert last.problem.id == "model.repeats"
        assert CYCLE <= len(last.message.text) <= CYCLE + 6
        assert last.message.text.startswith("abcabc")

    run(test())


def test_a_word_that_was_asked_for_a_thousand_times_comes_as_often(tmp_path: Path) -> None:
    path = chained(mistral4(tmp_path / "chained.gguf", LONG), {ASKS: letter("x"), letter("x"): letter("x")})

    async def test() -> None:
        engine = Engine()
        try:
            await engine.ensure(ModelSpec(str(path), context=8192, threads=1))
            many = 3 * EQUAL
            reply = await ask(engine, [Turn("user", "Write x 1500 times")], max_tokens=many)
            assert reply.text == "x" * many
            assert reply.reason == "length"
            assert SILENT < EQUAL
        finally:
            await engine.close()

    run(test())


# --- weights ------------------------------------------------------------------------------------------


def header_of(path: Path) -> Header:
    with path.open("rb") as file:

        def source(offset: int, size: int) -> bytes:
            file.seek(offset)
            return file.read(size)

        return read_header(source, path.stat().st_size)


def spoiled(path: Path, name: str, part: Path | None = None) -> Path:
    """This file, or the one with that part of its tensors, with a tensor's end overwritten as by a bad disk."""
    target = part or path
    header = header_of(target)
    tensor = next(one for one in header.tensors if one.name == name)
    assert tensor.bytes
    with target.open("r+b") as file:
        file.seek(header.data + tensor.offset + tensor.bytes - 64)
        file.write(b"\xff" * 64)
    return path


async def loaded(engine: Engine, path: Path) -> list[tuple[float, bool]]:
    """What is told while the model is loaded: the shares, and whether they are of the first look at its weights."""
    told: list[tuple[float, bool]] = []
    await engine.ensure(ModelSpec(str(path), 512, 1), lambda share: told.append((share, engine.looks)))
    return told


def test_weights_are_looked_at_once_also_over_restarts(tmp_path: Path) -> None:
    path = tmp_path / "guide.gguf"
    shutil.copyfile(resource("model", "guide.gguf"), path)

    async def told() -> list[tuple[float, bool]]:
        engine = Engine(None, tmp_path / "cache")
        try:
            return await loaded(engine, path)
        finally:
            await engine.close()

    async def test() -> None:
        first, second = await told(), await told()
        assert any(looks for _, looks in first)
        assert not first[-1][1]
        assert not any(looks for _, looks in second)
        os.utime(path, ns=(0, 1))
        assert any(looks for _, looks in await told()), "another state of the file is another file"

    run(test())


@pytest.mark.parametrize("kind", ["mistral4", "mistral4_q8", "mistral4_split"])
def test_damaged_weights_are_named_before_anything_is_answered(
    kind: str, small_models: SmallModels, tmp_path: Path
) -> None:
    """Only in the last part of a split model; and the same weights whole are sound."""
    source = small_models[kind]
    model_files = sorted(source.parent.glob(f"{kind}*.gguf")) if kind == "mistral4_split" else [source]
    for file in model_files:
        shutil.copyfile(file, tmp_path / file.name)
    path, last = tmp_path / model_files[0].name, tmp_path / model_files[-1].name
    named = max(header_of(last).tensors, key=lambda tensor: tensor.offset).name

    async def test() -> None:
        engine = Engine(None, tmp_path / "cache")
        try:
            await loaded(engine, path)
            spoiled(path, named, last)
            for _ in range(2):
                found = await problem_of(engine.ensure(ModelSpec(str(path), 256, 1)))
                assert found[0] == "model.weights_damaged"
                assert found[1]["tensor"] == named
                assert engine.pid is None
                assert not FileNotes(tmp_path / "cache").get(str(path)).sound
        finally:
            await engine.close()

    run(test())


def test_a_first_look_that_is_stopped_is_none(tmp_path: Path) -> None:
    """The Guide's is a short one: it may be over before the stop comes, and then another file is loaded."""

    async def stopped(engine: Engine, number: int) -> tuple[Path, str]:
        path = tmp_path / f"guide {number}.gguf"
        shutil.copyfile(resource("model", "guide.gguf"), path)
        try:
            await engine.ensure(ModelSpec(str(path), 512, 1), lambda _: engine.stop())
        except DeskError as error:
            return path, error.problem.id
        return path, ""

    async def test() -> None:
        engine = Engine(None, tmp_path / "cache")
        try:
            path, problem = await in_time(lambda number: stopped(engine, number), lambda found: bool(found[1]))
            assert problem == "load.cancelled"
            assert not FileNotes(tmp_path / "cache").get(str(path)).sound
            assert any(looks for _, looks in await loaded(engine, path))
        finally:
            await engine.close()

    run(test())


# --- a worker that is held ----------------------------------------------------------------------------


@posix
def test_a_worker_that_is_held_is_said_to_be_and_goes_on_when_it_wakes(
    small_models: SmallModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Held for many times as long as a hang may take, in mid-answer: the answer is the one that it would have been.

    One that was over before anybody held its worker shows nothing.
    """
    monkeypatch.setattr(silence, "TICK_S", 0.02)
    monkeypatch.setattr(silence, "TELL_S", 0.2)
    monkeypatch.setattr(silence, "HANGS_S", 0.6)
    monkeypatch.setattr(silence, "HANGS_TIMES", 1.0)
    spec = ModelSpec(str(small_models["mistral4"]), 1024, 1)

    async def test() -> None:
        engine = Engine()
        try:
            await engine.ensure(spec)
            undisturbed = await ask(engine, HELLO, max_tokens=600)
            pid, told = engine.pid, list[silence.Quiet]()
            assert pid

            async def hold() -> None:
                while not told or told[-1].seconds < 5 * silence.HANGS_S:
                    if quiet := engine.quiet:
                        told.append(quiet)
                    await asyncio.sleep(0.02)
                os.kill(pid, signal.SIGCONT)

            async def held(_number: int) -> bool:
                tokens: list[int] = []
                holding: asyncio.Task[None] | None = None
                async for event in engine.generate(HELLO, "none", GREEDY, 600):
                    if isinstance(event, Piece):
                        tokens += event.tokens
                        if holding is None:
                            os.kill(pid, signal.SIGSTOP)
                            holding = asyncio.ensure_future(hold())
                assert holding
                assert tuple(tokens) == undisturbed.tokens
                assert engine.pid == pid
                if told:
                    await holding
                else:  # its end was on its way already
                    holding.cancel()
                    os.kill(pid, signal.SIGCONT)
                return bool(told)

            assert await in_time(held, bool)
            assert told[-1].paused
        finally:
            await engine.close()

    run(test())


# --- memory -------------------------------------------------------------------------------------------


def leave(pid: int | None, room: int) -> None:
    """Let a process take this much more memory and no more; it keeps what it has."""
    import resource as limits

    assert pid
    most = psutil.Process(pid).memory_info().vms + room
    limits.prlimit(pid, limits.RLIMIT_AS, (most, most))


@linux
def test_memory_that_ends_while_a_prompt_is_read_is_named_and_less_is_loaded_the_next_time(tmp_path: Path) -> None:
    path = mistral4(tmp_path / "long.gguf", LONG)
    spec = ModelSpec(str(path), placement=Placement(context=8192, threads=1, layers=2))

    async def test() -> None:
        engine = Engine()
        try:
            assert not (await engine.ensure(spec)).changes
            leave(engine.pid, 0)
            long = [Turn("user", "sea sun rain boat " * 500)]
            assert (await problem_of(ask(engine, long, max_tokens=4)))[0] == "engine.out_of_memory"
            info = await engine.ensure(spec)
            assert [change.id for change in info.changes] == ["load.shorter_context"]
            assert await ask_again(engine)
        finally:
            await engine.close()

    run(test())


@linux
def test_an_answer_that_has_begun_needs_no_more_memory(tmp_path: Path) -> None:
    path = mistral4(tmp_path / "long.gguf", LONG)

    async def test() -> None:
        engine = Engine()
        try:
            await engine.ensure(ModelSpec(str(path), context=2048, threads=1))
            tokens = 0
            async for event in engine.generate(HELLO, "none", GREEDY, 300):
                if isinstance(event, Piece):
                    if not tokens:
                        leave(engine.pid, 0)
                    tokens += len(event.tokens)
            assert tokens == 300
        finally:
            await engine.close()

    run(test())
