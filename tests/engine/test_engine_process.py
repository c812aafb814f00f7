"""The worker as a process: what it says first, that nothing but messages comes out of it, and that it always ends.

Driven through its pipes, without our client, so that it may be told what no client would say.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import psutil
import pytest

from mistral_desk.inference import protocol
from mistral_desk.inference.protocol import (
    Event,
    Failed,
    Finished,
    Generate,
    Hello,
    Load,
    Loaded,
    LoadProgress,
    Piece,
    PromptProgress,
    Shutdown,
    Stop,
    Turn,
)
from mistral_desk.inference.thought_messages import AnswerNow
from tests.fixtures.gguf_models import Mistral4Shape, mistral4
from tests.fixtures.pipes import END_OF_THE_WORLD_S, Pipes
from tests.fixtures.program import wait_for_end

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.fixtures.small_models import SmallModels

ENDLESS: Final = Generate(2, (Turn("user", "Hello?"),))
LONG: Final = Generate(2, (Turn("user", "sea sun rain boat " * 400),))


@pytest.fixture
def worker() -> Iterator[Pipes]:
    pipes = Pipes()
    yield pipes
    pipes.close()


@pytest.fixture(scope="module")
def heavy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that takes seconds for a long prompt."""
    shape = Mistral4Shape(width=512, layers=8, heads=8, query_rank=128, kv_rank=64, expert_width=512, context=8192)
    return mistral4(tmp_path_factory.mktemp("heavy") / "heavy.gguf", shape)


def test_it_says_who_it_is_before_anything_else(worker: Pipes) -> None:
    hello = worker.hear()

    assert isinstance(hello, Hello)
    assert hello.protocol == protocol.PROTOCOL_VERSION
    assert hello.pid == worker.process.pid
    assert hello.llama_cpp
    assert "CPU" in hello.system
    assert [device.kind for device in hello.devices].count("cpu") == 1
    assert all(0 <= device.memory_free <= device.memory_total for device in hello.devices)


def test_a_model_is_loaded_with_progress_and_answers(worker: Pipes, small_models: SmallModels) -> None:
    worker.say(Load(1, str(small_models["mistral4"]), 512, 1), Generate(2, (Turn("user", "Hello?"),), max_tokens=5))
    events: list[Event] = []
    while not isinstance(event := worker.hear(), Finished):
        assert event is not None
        events.append(event)
    progress = [e.fraction for e in events if isinstance(e, LoadProgress)]
    kinds = [type(e) for e in events]

    assert progress == sorted(progress)
    assert progress[-1] == 1.0
    assert kinds.index(Loaded) > kinds.index(LoadProgress)
    assert kinds.index(PromptProgress) > kinds.index(Loaded)
    assert sum(len(e.tokens) for e in events if isinstance(e, Piece)) == 5


@pytest.mark.parametrize("moment", ["idle", "loaded", "loading", "reading", "writing"])
def test_it_ends_when_its_input_ends_whatever_it_is_doing(
    worker: Pipes, moment: str, heavy: Path, small_models: SmallModels
) -> None:
    worker.until(Hello)
    if moment == "loading":
        worker.say(Load(1, str(heavy)))
        worker.until(LoadProgress)
    elif moment != "idle":
        worker.say(Load(1, str(small_models["mistral4"] if moment != "reading" else heavy), 4096, 1))
        worker.until(Loaded)
    if moment == "reading":
        worker.say(LONG)
        worker.until(PromptProgress)
    elif moment == "writing":
        worker.say(ENDLESS)
        worker.until(Piece)

    assert worker.hang_up() == 0


def test_shutdown_ends_it_with_status_0(worker: Pipes, small_models: SmallModels) -> None:
    worker.say(Load(1, str(small_models["dense"]), 512, 1))
    worker.until(Loaded)
    worker.say(Shutdown())

    assert worker.process.wait(END_OF_THE_WORLD_S) == 0


def test_it_ends_when_nobody_listens_any_more(worker: Pipes, small_models: SmallModels) -> None:
    worker.say(Load(1, str(small_models["dense"]), 4096, 1), ENDLESS)
    worker.until(Piece)
    worker.process.stdout.close()  # type: ignore[union-attr]

    assert worker.process.wait(END_OF_THE_WORLD_S) == 0


@pytest.mark.parametrize(
    "noise",
    [b"\x05\x00\x00\x00hello", b"GET / HTTP/1.1\r\n\r\n", b"\xff\xff\xff\xff", b"\x01\x00", b"\x00\x00\x00\x00"],
)
def test_what_is_no_message_is_named_and_ends_it(worker: Pipes, noise: bytes) -> None:
    worker.until(Hello)
    worker.raw(noise)
    worker.process.stdin.close()  # type: ignore[union-attr]
    answer = worker.hear()

    assert isinstance(answer, Failed)
    assert answer.request == 0
    assert answer.problem.id == "engine.protocol"
    assert worker.hear() is None
    assert worker.process.wait(END_OF_THE_WORLD_S) == 0


def test_what_libraries_print_goes_to_the_log(worker: Pipes, small_models: SmallModels) -> None:
    """llama.cpp's complaint about a model of a later version lands on stderr, and no frame is broken by it."""
    newer = small_models["dense"].with_name("newer.gguf")  # of other folders a worker may read nothing
    newer.write_bytes(
        small_models["dense"].read_bytes().replace(b"\x05\0\0\0\0\0\0\0llama", b"\x05\0\0\0\0\0\0\0llamb")
    )
    worker.say(Load(1, str(newer)))
    failed = worker.until(Failed)
    worker.say(Load(2, str(small_models["dense"]), 512, 1))
    worker.until(Loaded)
    worker.hang_up()
    worker.close()

    assert isinstance(failed, Failed)
    assert failed.problem.id == "model.newer_engine"
    assert failed.problem.params["architecture"] == "llamb"
    assert b"llama.cpp: " in worker.errors
    assert b"unknown model architecture" in worker.errors


def test_a_load_that_is_stopped_is_cancelled(worker: Pipes, heavy: Path, small_models: SmallModels) -> None:
    worker.until(Hello)
    worker.say(Load(1, str(heavy)), Stop(1))
    cancelled = worker.until(Failed)
    beside = heavy.with_name("beside.gguf")
    shutil.copyfile(small_models["dense"], beside)
    worker.say(Load(2, str(beside), 512, 1))

    assert isinstance(cancelled, Failed)
    assert cancelled.problem.id == "load.cancelled"
    assert isinstance(worker.until(Loaded), Loaded)


def test_without_a_model_there_is_no_answer(worker: Pipes) -> None:
    worker.say(Generate(1, (Turn("user", "Hello?"),)), Stop(1), AnswerNow(1))
    failed = worker.until(Failed)

    assert isinstance(failed, Failed)
    assert failed.problem.id == "engine.no_model"


def test_a_second_question_waits_for_the_first(worker: Pipes, small_models: SmallModels) -> None:
    worker.say(
        Load(1, str(small_models["dense"]), 512, 1),
        Generate(2, (Turn("user", "One?"),), max_tokens=30),
        Generate(3, (Turn("user", "Two?"),), max_tokens=3),
    )
    requests: list[int] = []
    while len([r for r in requests if r < 0]) < 2:
        event = worker.hear()
        assert event is not None
        if isinstance(event, Piece | PromptProgress):
            requests.append(event.request)
        elif isinstance(event, Finished):
            requests.append(-event.request)

    assert requests == sorted(requests, key=abs)


def test_a_question_can_be_stopped_while_it_waits(worker: Pipes, small_models: SmallModels) -> None:
    worker.say(Load(1, str(small_models["dense"]), 4096, 1), ENDLESS, Generate(3, (Turn("user", "Two?"),)), Stop(3))
    worker.until(Piece)
    worker.say(Stop(2))
    first, second = worker.until(Finished), worker.until(Finished)

    assert isinstance(first, Finished)
    assert isinstance(second, Finished)
    assert (first.reason, second.reason) == ("stopped", "stopped")
    assert second.figures.generated_tokens == 0


def test_an_engine_that_is_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "llama_cpp.py").write_text("raise ImportError('libllama.so: cannot open')", encoding="utf-8")
    worker = Pipes(PYTHONPATH=str(tmp_path))
    try:
        event = worker.hear()
        assert isinstance(event, Failed)
        assert event.problem.id == "engine.missing"
        assert "libllama.so" in str(event.problem.params["reason"])
        assert worker.process.wait(END_OF_THE_WORLD_S) == 1
    finally:
        worker.close()


def test_foreign_code_that_holds_python_for_good_ends_the_process() -> None:
    """Not even the thread that reads commands could run; llama.cpp's own threads would go on for ever."""
    code = """
from mistral_desk.inference.engine import last_resort
last_resort.LIMIT_S = 0.2
last_resort.arm()
with last_resort.last_resort():
    pass
with last_resort.last_resort():
    9 ** 9 ** 9
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, timeout=END_OF_THE_WORLD_S, check=False, text=True
    )

    assert done.returncode == 1
    assert "Timeout" in done.stderr


def test_it_goes_with_the_process_that_started_it(small_models: SmallModels) -> None:
    """The app is killed in mid-answer: the end of the pipe is all that the worker gets to know."""
    app = f"""
import subprocess, sys, time
from mistral_desk.inference.frames import *
from mistral_desk.inference.protocol import *
pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE)
worker = subprocess.Popen([sys.executable, "-m", "mistral_desk", "--worker"], **pipes)
load = Load(1, {str(small_models["dense"])!r}, 4096, 1)
worker.stdin.write(frame(load) + frame(Generate(2, (Turn("user", "Hello?"),))))
worker.stdin.flush()
while not isinstance(decode_event(read_frame(worker.stdout.read)), Piece):
    pass
print(worker.pid, flush=True)
while read_frame(worker.stdout.read):
    pass
time.sleep(600)
"""
    parent = subprocess.Popen([sys.executable, "-c", app], stdout=subprocess.PIPE, env=os.environ)
    assert parent.stdout
    with parent.stdout:
        child = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.wait()

    wait_for_end(child, END_OF_THE_WORLD_S)
