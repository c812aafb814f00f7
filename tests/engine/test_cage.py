"""From inside the caged worker and the decode child: every way to a socket, a file and a program, each refused.

And what the worker is for goes on as before: the same words, errors in the log, threads, the local time.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import pytest

from mistral_desk.inference.protocol import (
    Failed,
    Finished,
    Generate,
    Load,
    Loaded,
    Piece,
    Sampling,
    Turn,
)
from mistral_desk.inference.sandbox import calls, landlock
from mistral_desk.inference.sandbox.worker import OFF
from tests.fixtures.pipes import Pipes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.fixtures.small_models import SmallModels

pytestmark = pytest.mark.skipif(not calls.machine(), reason="the locks are Linux's; elsewhere the trial tells the rest")
GREEDY: Final = Generate(2, (Turn("user", "sea sun rain?"),), sampling=Sampling(temperature=0.0), max_tokens=24)
LOCKED: Final = ("landlock", "seccomp", "seccomp (closed)") if landlock.version() else ("seccomp", "seccomp (closed)")


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file that is none of its business, and others beside it that could be changed."""
    folder = tmp_path / "Privates für später"
    (folder / "empty").mkdir(parents=True)
    (folder / "victim").write_bytes(b"untouched")
    (folder / "secret").write_bytes(b"my diary")
    return folder / "secret"


@pytest.fixture
def caged(secret: Path) -> Iterator[Pipes]:
    made = Pipes("tests.fixtures.escape", "worker", str(secret), TZ="Asia/Kolkata")
    yield made
    made.close()


def escapes(errors: bytes) -> dict[str, tuple[int, dict[str, str]]]:
    """By stage: how much was tried, and what was possible."""
    lines = [json.loads(line[7:]) for line in errors.splitlines() if line.startswith(b"ESCAPE ")]
    return {stage: (count, possible) for stage, count, possible in lines}


def answer(pipes: Pipes, model: Path) -> tuple[Loaded, str, tuple[int, ...]]:
    """The loaded model, and the words and tokens of one greedy answer."""
    pipes.say(Load(1, str(model), 512, 2))
    loaded = pipes.until(Loaded)
    assert isinstance(loaded, Loaded)
    pipes.say(GREEDY)
    text = ""
    tokens: tuple[int, ...] = ()
    while not isinstance(event := pipes.hear(), Finished):
        assert not isinstance(event, Failed), event
        if isinstance(event, Piece):
            text, tokens = text + event.text, tokens + event.tokens
    return loaded, text, tokens


def test_no_way_leads_out_of_the_worker(caged: Pipes, secret: Path, small_models: SmallModels) -> None:
    loaded, text, tokens = answer(caged, small_models["dense"])
    caged.hang_up()
    caged.close()
    stages = escapes(caged.errors)

    assert set(stages) == {"start", "loading", "ready", "later thread", "main thread"}
    assert all(count > 180 for count, _ in stages.values())
    assert stages["ready"] == stages["later thread"] == stages["main thread"]
    assert stages["ready"][1] == {}
    if landlock.version():
        assert stages["start"][1] == stages["loading"][1] == {}
    assert loaded.cage.tight
    assert loaded.cage.by == LOCKED
    assert text
    assert len(tokens) == 24
    assert sorted(path.name for path in secret.parent.iterdir()) == ["empty", "secret", "victim"]
    assert (secret.parent / "victim").read_bytes() == b"untouched"
    zones = [line for line in caged.errors.splitlines() if line.startswith(b"ZONE")]
    assert zones == [b"ZONE before +0530", b"ZONE after +0530"]


def test_no_way_leads_out_of_the_decode_child(secret: Path) -> None:
    command = [sys.executable, "-m", "tests.fixtures.escape", "decode", str(secret)]
    ran = subprocess.run(command, capture_output=True, check=True)
    count, possible = escapes(ran.stderr)["locked in"]

    assert count > 180
    assert possible == {}


@pytest.mark.skipif(calls.machine() != "x86_64", reason="only that processor has a second table of calls")
def test_a_call_of_another_table_ends_the_process() -> None:
    ran = subprocess.run([sys.executable, "-m", "tests.fixtures.escape", "foreign"], check=False, capture_output=True)

    assert ran.returncode == -signal.SIGSYS


def test_the_answer_is_the_same_with_and_without_the_cage(small_models: SmallModels) -> None:
    inside, outside = Pipes(), Pipes(**{OFF: "1"})
    locked, *with_cage = answer(inside, small_models["dense"])
    free, *without = answer(outside, small_models["dense"])
    for pipes in (inside, outside):
        pipes.hang_up()
        pipes.close()

    assert with_cage == without
    assert locked.cage.tight
    assert free.cage.notes == ("off",)
    assert {"socket", "read", "write", "exec", "fork"} <= set(free.cage.allowed), "else the trial would prove nothing"


def test_an_error_in_the_cage_still_reaches_the_log_and_the_worker_lives(small_models: SmallModels) -> None:
    """A traceback wants to show source lines, whose files cannot be opened any more."""
    pipes = Pipes("tests.fixtures.escape", "faulty")
    pipes.say(Load(1, str(small_models["dense"]), 512, 1))
    pipes.until(Loaded)
    pipes.say(GREEDY)
    failed = pipes.until(Failed)
    pipes.say(Generate(3, (Turn("user", "hi"),), max_tokens=3))
    finished = pipes.until(Finished)
    pipes.hang_up()
    pipes.close()

    assert isinstance(failed, Failed)
    assert failed.problem.id == "unexpected"
    assert b"Traceback" in pipes.errors
    assert b"RuntimeError: a fault of ours" in pipes.errors
    assert isinstance(finished, Finished)


def test_a_worker_takes_one_model_only(small_models: SmallModels) -> None:
    pipes = Pipes()
    pipes.say(Load(1, str(small_models["dense"]), 512, 1))
    pipes.until(Loaded)
    pipes.say(Load(2, str(small_models["dense"]), 512, 1))
    failed = pipes.until(Failed)
    pipes.hang_up()
    pipes.close()

    assert isinstance(failed, Failed)
    assert failed.problem.id == "engine.protocol"


@pytest.mark.skipif(not landlock.version(), reason="without Landlock files are closed only when the model is there")
def test_other_folders_than_the_model_s_cannot_be_read_while_it_loads(
    tmp_path: Path, small_models: SmallModels
) -> None:
    pipes = Pipes()
    pipes.say(Load(1, str(tmp_path / "missing.gguf"), 512, 1))
    pipes.until(Failed)
    pipes.say(Load(2, str(small_models["dense"]), 512, 1))
    failed = pipes.until(Failed)
    pipes.hang_up()
    pipes.close()

    assert isinstance(failed, Failed)
    assert failed.problem.id == "model.not_permitted"
