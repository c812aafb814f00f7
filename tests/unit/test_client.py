"""The app's side of the engine against a scripted worker that is a real process."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from typing import TYPE_CHECKING

import psutil
import pytest

from mistral_desk.inference.client import ModelSpec, Worker
from mistral_desk.inference.protocol import Finished, LoadProgress, ModelInfo, Piece, PromptProgress, Turn
from mistral_desk.net.secrets import HUB, SERVER, variable
from tests.fixtures.engines import END_OF_WORLD_S, HI, SPEC, problem_of, read, run, scripted
from tests.fixtures.fake_worker import HELLO, answer, answering, command, endless, event, loading
from tests.fixtures.program import wait_for_end

if TYPE_CHECKING:
    from pathlib import Path

    from mistral_desk.inference import client

KEYS = (
    "endpoint m https://api.mistral.ai:443",
    "endpoint m http://127.0.0.1:8080",
    "endpoint m https://2001:db8::7:8443",
    "endpoint m https://a_b:443",
)
"""Keys for endpoints, as they are called in the keyring."""
posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX has signals; what Windows says has its own tests")


def test_an_answer_arrives_whole_and_in_order(tmp_path: Path) -> None:
    async def test() -> None:
        async with scripted(tmp_path, answering("7 plus 8 is 15.", "I add 8 to 7.")) as made:
            shares: list[float] = []
            model = await made.ensure(SPEC, shares.append)
            assert (model.path, shares) == (SPEC.path, [0.5, 1.0])
            events = [event async for event in made.generate(HI)]
            assert [type(event) for event in events[:2]] == [PromptProgress, PromptProgress]
            written = [event for event in events if isinstance(event, Piece)]
            assert "".join(piece.text for piece in written if piece.kind == "thinking") == "I add 8 to 7."
            assert "".join(piece.text for piece in written if piece.kind == "text") == "7 plus 8 is 15."
            assert isinstance(events[-1], Finished)
            assert events[-1].figures.generated_tokens == len(written)

    run(test())


def test_the_same_model_keeps_its_worker_and_another_gets_its_own(tmp_path: Path) -> None:
    async def test() -> None:
        async with scripted(tmp_path, answering("yes")) as made:
            await made.ensure(SPEC)
            first = made.pid
            await made.ensure(SPEC)
            assert made.pid == first
            model = await made.ensure(ModelSpec("/models/two.gguf"))
            assert model.path == "/models/two.gguf"
            assert made.pid != first
            assert first is not None
            assert not psutil.pid_exists(first)

    run(test())


def test_many_at_once_share_one_worker_and_keep_their_answers_apart(tmp_path: Path) -> None:
    async def test() -> None:
        async with scripted(tmp_path, answering("one two three")) as made:
            await asyncio.gather(*(made.ensure(SPEC) for _ in range(5)))
            texts = await asyncio.gather(*(read(made.generate(HI)) for _ in range(5)))
            assert texts == ["one two three"] * 5

    run(test())


def test_stop_ends_the_answer_with_what_it_has(tmp_path: Path) -> None:
    async def test() -> None:
        async with scripted(tmp_path, endless()) as made:
            await made.ensure(SPEC)
            last: client.Answer | None = None
            async for last in made.generate(HI):
                if isinstance(last, Piece):
                    made.stop()
            assert isinstance(last, Finished)
            assert last.reason == "stopped"

    run(test())


def test_closing_the_iterator_stops_the_generation_and_the_worker_goes_on(tmp_path: Path) -> None:
    async def test() -> None:
        async with scripted(tmp_path, endless()) as made:
            await made.ensure(SPEC)
            pid = made.pid
            for _ in range(3):
                async with contextlib.aclosing(made.generate(HI)) as answered:
                    assert isinstance(await anext(answered), Piece)
            assert made.pid == pid

    run(test())


def test_cancelling_the_task_stops_the_generation(tmp_path: Path) -> None:
    async def test() -> None:
        async with scripted(tmp_path, endless()) as made:
            await made.ensure(SPEC)
            began = asyncio.Event()

            async def listen() -> None:
                async for _ in made.generate(HI):
                    began.set()

            task = asyncio.create_task(listen())
            await began.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            async with contextlib.aclosing(made.generate(HI)) as answered:
                assert isinstance(await anext(answered), Piece)

    run(test())


def test_cancelling_a_load_leaves_no_worker(tmp_path: Path) -> None:
    slow = [event(LoadProgress(0, 0.1)), {"deaf": END_OF_WORLD_S}]

    async def test() -> None:
        async with scripted(tmp_path, [HELLO, {"serve": {"load": slow}}]) as made:
            began = asyncio.Event()
            task = asyncio.create_task(made.ensure(SPEC, lambda _: began.set()))
            await began.wait()
            pid = made.pid
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert pid is not None
            assert not psutil.pid_exists(pid)

    run(test())


def test_a_full_pipe_does_not_block_the_event_loop(tmp_path: Path) -> None:
    script = [HELLO, {"serve": {"load": loading(), "generate": answer("read at last")}}]
    long = (Turn("user", "x" * 20_000_000),)

    async def test() -> None:
        async with scripted(tmp_path, script) as made:
            await made.ensure(SPEC)
            worker = psutil.Process(made.pid)
            worker.suspend()  # it reads nothing, whatever is sent
            try:
                asked = asyncio.ensure_future(read(made.generate(long)))
                for _ in range(100):  # and yet the loop comes round
                    await asyncio.sleep(0.001)
                assert not asked.done()
            finally:
                worker.resume()
            assert await asked == "read at last"

    run(test())


def test_the_worker_gets_no_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = (
        "HF_TOKEN",
        "OPENAI_API_KEY",
        "AWS_SECRET_ACCESS_KEY",
        "GITHUB_PAT",
        "HTTPS_PROXY",
        "DB_PASSWORD",
        "SSH_AUTH_SOCK",
        *map(variable, (HUB, SERVER, *KEYS)),
    )
    for name in secrets:
        monkeypatch.setenv(name, "do not tell")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")

    async def test() -> None:
        worker = Worker(command(tmp_path, answering("x")))
        await worker.start()
        env = psutil.Process(worker.pid).environ()
        await worker.close()
        assert not [name for name in secrets if name in env]
        assert "do not tell" not in env.values()
        assert (env["GGML_NO_BACKTRACE"], env["PYTHONUTF8"], env["CUDA_VISIBLE_DEVICES"]) == ("1", "1", "0")

    run(test())


def test_an_app_that_is_killed_leaves_no_worker(tmp_path: Path) -> None:
    program = (
        "import asyncio, json, sys\n"
        "from mistral_desk.inference.client import Engine, ModelSpec\n"
        "async def main():\n"
        "    engine = Engine(json.loads(sys.argv[1]))\n"
        "    await engine.ensure(ModelSpec('/x.gguf'))\n"
        "    print(engine.pid, flush=True)\n"
        "    await asyncio.sleep(600)\n"
        "asyncio.run(main())\n"
    )

    async def test() -> None:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", program, json.dumps(command(tmp_path, answering("x"))), stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        worker = psutil.Process(int(await process.stdout.readline()))
        process.kill()
        await process.wait()
        await asyncio.to_thread(wait_for_end, worker, END_OF_WORLD_S)

    run(test())


@posix
def test_ctrl_c_in_the_terminal_does_not_reach_the_worker(tmp_path: Path) -> None:
    async def test() -> None:
        async with scripted(tmp_path, answering("still here")) as made:
            await made.ensure(SPEC)
            pid = made.pid
            assert pid is not None
            assert os.getpgid(pid) != os.getpgid(0)

    run(test())


def test_a_stop_while_the_worker_starts_is_not_lost(tmp_path: Path) -> None:
    async def test() -> None:
        async with scripted(tmp_path, [{"pause": 0.3}, *answering("never asked")]) as made:
            ensuring = asyncio.create_task(made.ensure(SPEC))
            await asyncio.sleep(0)  # it now waits for the hello
            made.stop()
            assert (await problem_of(_result(ensuring)))[:2] == ("load.cancelled", {"name": "one.gguf"})
            assert (await made.ensure(SPEC)).path == SPEC.path

    run(test())


def test_closing_while_a_model_loads_does_not_wait_for_it(tmp_path: Path) -> None:
    stopped = {"type": "failed", "request": "$request", "problem": {"id": "load.cancelled", "params": {"name": "x"}}}
    slow = [event(LoadProgress(0, 0.1)), {"until": "stop", "do": [{"pause": 0.01}]}, {"send": stopped}]

    async def test() -> None:
        async with scripted(tmp_path, [HELLO, {"serve": {"load": slow}}]) as made:
            began = asyncio.Event()
            ensuring = asyncio.create_task(made.ensure(SPEC, lambda _: began.set()))
            await began.wait()
            await made.close()
            assert (await problem_of(_result(ensuring)))[0] == "load.cancelled"
            assert made.pid is None

    run(test())


async def _result(task: asyncio.Task[ModelInfo]) -> ModelInfo:
    return await task
