"""Nothing that was said is lost: the app and its worker are killed, as real processes, in the middle of answers."""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psutil
import pytest

from mistral_desk.chat.history import History
from mistral_desk.core.paths import folders
from tests.fixtures import fake_worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mistral_desk.chat.message import Message
    from tests.fixtures.small_models import SmallModels

DRIVER: Final = Path(__file__).with_name("chat_driver.py")
ROOT: Final = Path(__file__).resolve().parents[2]
KILLS: Final = 20
BEHIND_S: Final = 0.8
"""Of the second that the product promises, without what commits take of it: the answer is saved every half second."""
END_OF_WORLD_S: Final = 240.0


@dataclass
class Run:
    """One life of the driver, and what it told before it ended."""

    home: Path
    process: subprocess.Popen[str]
    told: list[dict[str, Any]] = field(default_factory=list)
    killed_at: float = 0.0

    @classmethod
    def start(
        cls, home: Path, text: str, worker: list[str] | None, model: str, max_tokens: int | None = None, **more: object
    ) -> Run:
        order = {"home": str(home), "worker": worker, "model": model, "text": text, "max_tokens": max_tokens, **more}
        process = subprocess.Popen(
            [sys.executable, str(DRIVER), json.dumps(order)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]), "PYTHONUTF8": "1"},
        )
        return cls(home, process)

    def steps(self) -> Iterator[dict[str, Any]]:
        """What it tells, as it comes, until it ends."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.endswith("\n"):  # the last line may be cut by the kill
                self.told.append(json.loads(line))
                yield self.told[-1]

    def kill(self) -> None:
        """End it as a power cut would; reads what it had still told."""
        self.process.kill()
        self.process.wait(END_OF_WORLD_S)
        for _ in self.steps():
            pass
        self.killed_at = self.told[-1]["at"] if self.told else 0.0  # when we got to know of its end says nothing

    def close(self) -> None:
        self.process.kill()
        self.process.wait(END_OF_WORLD_S)
        if self.process.stdout:
            self.process.stdout.close()

    def one(self, step: str) -> dict[str, Any] | None:
        return next((told for told in self.told if told["step"] == step), None)

    @property
    def text(self) -> str:
        return "".join(told["text"] for told in self.told if told["step"] == "piece" and told["kind"] == "Writing")

    def behind(self, stored: str) -> float:
        """Seconds by which the disk was behind at the kill, without those in which the machine or the disk held it."""
        received = ""
        for told in self.told:
            if told["step"] == "piece" and told["kind"] == "Writing":
                received += told["text"]
                if len(received) > len(stored):
                    return self._free_since(float(told["at"]))
        return 0.0

    def _free_since(self, at: float) -> float:
        """Seconds up to the kill in which nothing held it."""
        free = 0.0
        for begin, end in sorted(self._held()):
            free += max(0.0, min(begin, self.killed_at) - at)
            at = max(at, end)
        return free + max(0.0, self.killed_at - at)

    def _held(self) -> Iterator[tuple[float, float]]:
        """When it got no time, and when it waited for a commit."""
        begun: float | None = None
        for told in self.told:
            at = float(told["at"])
            if told["step"] == "stall":
                yield at - float(told["seconds"]), at
            elif told["step"] == "saving":
                begun = at
            elif told["step"] == "saved" and begun is not None:
                yield begun, at
                begun = None
        if begun is not None:
            yield begun, self.killed_at


def reopened(home: Path) -> list[Message]:
    """The newest chat as the next start finds it; a killed app is no damage."""

    async def look() -> list[Message]:
        history, notice = await History.open(folders(str(home)).history)
        try:
            assert notice is None
            chats = await history.conversations(limit=1)
            return list(await history.messages(chats[0].id)) if chats else []
        finally:
            await history.close()

    return asyncio.run(look())


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def wait_until(true: Callable[[], bool]) -> None:
    """For what no event tells: another program's end."""
    limit = time.monotonic() + END_OF_WORLD_S
    while not true():
        assert time.monotonic() < limit
        time.sleep(0.01)


def test_a_killed_app_loses_no_message_and_at_most_a_second_of_the_answer(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Twenty lives in one home, each killed after a random number of steps: while opening, sending, writing."""
    home = tmp_path / "Zu Hause bei Jürgen"
    chance = random.Random(4)
    worker = fake_worker.command(tmp_path, fake_worker.endless())
    said: list[str] = []
    worst = 0.0
    for life in range(KILLS):
        enough = chance.choice([*range(6), *(chance.randrange(10, 400) for _ in range(18))])
        run = Run.start(home, f"message {life}", worker, "/models/one.gguf")
        try:
            for number, _ in enumerate(run.steps()):
                if number >= enough:
                    break
            run.kill()
        finally:
            run.close()

        messages = reopened(home)
        pieces = [told for told in run.told if told["step"] == "piece"]
        started = run.one("started")
        opened = run.one("opened")
        assert opened is None or opened["notices"] == []
        if started:
            said.append(f"message {life}")
            assert [messages[-2].id, messages[-1].id] == [started["user"], started["answer"]]
            answer = messages[-1]
            assert answer.ending == "unfinished"
            assert answer.text.startswith(run.text) or run.text.startswith(answer.text)
            assert len(answer.tokens) == answer.text.count("word ")
            worst = max(worst, run.behind(answer.text))
            assert run.behind(answer.text) <= BEHIND_S
        elif messages and messages[-2].text == f"message {life}":
            said.append(f"message {life}")  # it was on the disk before the window could be told
        assert [message.text for message in messages if message.role == "user"] == said
        if pieces and pieces[-1]["worker"]:
            wait_until(lambda pid=pieces[-1]["worker"]: gone(pid))  # type: ignore[misc]
    assert len(said) >= KILLS // 2
    record_property("seconds behind at most", round(worst, 3))
    print(f"\nsaid {len(said)} of {KILLS}; the disk was {worst:.2f} s behind at most")


def test_a_killed_worker_leaves_the_half_answer_and_the_next_message_works(tmp_path: Path) -> None:
    home = tmp_path / "Zu Hause"
    endless = fake_worker.command(tmp_path, fake_worker.endless(), "endless.json")
    polite = fake_worker.command(tmp_path, fake_worker.answering("Here I am again."), "polite.json")
    run = Run.start(home, "first", endless, "/models/one.gguf")
    try:
        pieces = (told for told in run.steps() if told["step"] == "piece")
        piece = [next(pieces) for _ in range(50)][-1]
        psutil.Process(piece["worker"]).kill()
        for _ in run.steps():
            pass
        assert run.process.wait(END_OF_WORLD_S) == 0, "the app lives and ends in order"
    finally:
        run.close()
    broken = run.one("broken")
    assert broken is not None
    assert broken["problem"] == "engine.died"
    assert broken["text"] == run.text != ""
    half = reopened(home)[-1]
    assert (half.ending, half.text) == ("failed", run.text)

    run = Run.start(home, "second", polite, "/models/one.gguf")
    try:
        for _ in run.steps():
            pass
    finally:
        run.close()
    messages = reopened(home)
    assert [message.text for message in messages] == ["first", half.text, "second", "Here I am again."]
    assert messages[-1].ending == "stop"


@pytest.mark.engine
def test_an_answer_goes_on_from_life_to_life(tmp_path: Path, small_models: SmallModels) -> None:
    """Killed after each first save, it grows in one message: what stood in the file stays, ids and all."""
    home, model = tmp_path / "Zu Hause", str(small_models["mistral4"])
    before: Message | None = None
    for life in range(4):
        run = Run.start(home, "go", None, model, goes_on=life > 0)
        try:
            for told in run.steps():
                if told["step"] == "saved":
                    break
            run.kill()
        finally:
            run.close()
        question, answer = reopened(home)
        assert question.text == "go"
        assert answer.text
        if before is not None:
            assert answer.id == before.id
            assert answer.text.startswith(before.text.rstrip("\ufffd"))
            assert answer.tokens[: len(before.tokens)] == before.tokens
        refused = run.one("broken")
        assert refused is None or refused["problem"] == "context.answer_too_long"
        if refused or answer.ending != "unfinished":
            break  # so quick a computer has filled the context
        assert before is None or len(answer.tokens) > len(before.tokens)
        before = answer

    assert before is not None
    run = Run.start(home, "", None, model, 3, goes_on=True)
    try:
        for _ in run.steps():
            pass
    finally:
        run.close()
    _, answer = reopened(home)
    if answer.ending == "length":
        assert len(answer.tokens) == len(before.tokens) + 3


@pytest.mark.engine
def test_the_real_worker_is_killed_and_so_is_the_app(tmp_path: Path, small_models: SmallModels) -> None:
    """With llama.cpp and a small model of random weights, so that a real process dies with a model in it."""
    home = tmp_path / "Zu Hause"
    model = str(small_models["mistral4"])
    victims: list[Callable[[Run, int], object]] = [
        lambda _, worker: psutil.Process(worker).kill(),
        lambda run, _: run.process.kill(),
    ]
    said = []
    for number, kill in enumerate(victims):
        run = Run.start(home, f"message {number}", None, model)
        said.append(f"message {number}")
        try:
            piece: dict[str, Any] = {}
            for told in run.steps():
                if told["step"] == "piece" and not piece:
                    piece = told
                    kill(run, told["worker"])
            run.process.wait(END_OF_WORLD_S)
        finally:
            run.close()
        assert piece, run.told[-3:]
        wait_until(lambda pid=piece["worker"]: gone(pid))  # type: ignore[misc]
        messages = reopened(home)
        assert [message.text for message in messages if message.role == "user"] == said
        assert messages[-1].ending == ("failed" if number == 0 else "unfinished")

    run = Run.start(home, "last", None, model, max_tokens=8)
    try:
        for _ in run.steps():
            pass
    finally:
        run.close()
    ended = run.one("ended")
    assert ended is not None, run.told[-3:]
    assert reopened(home)[-1].ending == ended["ending"] != "failed"
