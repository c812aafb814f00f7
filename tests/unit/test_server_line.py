"""One answer at a time: in whose favour, what becomes of one that nobody waits for, and where an answer ends."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from mistral_desk.server import api
from tests.fixtures import fake_worker
from tests.fixtures.engines import run
from tests.fixtures.serving import HI, fault, served

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import pytest


async def events(lines: AsyncIterator[str]) -> list[Any]:
    """What a stream says, without remarks; the last line must be its end."""
    found = [line.removeprefix("data: ") async for line in lines if line.startswith("data: ")]
    assert found[-1] == "[DONE]"
    return [json.loads(line) for line in found[:-1]]


def test_a_chat_of_the_window_goes_before_all_programs_but_one(tmp_path: Path) -> None:
    async def test() -> None:
        async with served(tmp_path, fake_worker.answering("Yes.")) as here:
            order: list[str] = []
            async with here.ground.free:  # a chat is being answered
                programs = [asyncio.ensure_future(here.chat()) for _ in range(5)]
                for program in programs:
                    program.add_done_callback(lambda _: order.append("program"))
                await here.reaches(5, answering=False)

                async def chat() -> None:
                    async with here.ground.free:
                        order.append("window")

                window = asyncio.ensure_future(chat())
                await asyncio.sleep(0)
            await asyncio.gather(window, *programs)
            assert order.index("window") <= 1
            assert [one.result().status_code for one in programs] == [200] * 5
            assert (here.serving.line.waiting, here.serving.line.answering) == (0, "")
            assert here.serving.line.answered == 5

    run(test())


def test_who_goes_away_frees_the_engine_streaming_or_not(tmp_path: Path) -> None:
    async def test() -> None:
        async with served(tmp_path, fake_worker.endless()) as here:
            for streams in (True, False):
                asking = asyncio.ensure_future(here.chat(stream=streams))
                await here.reaches(0, answering=True)
                asking.cancel()
                await here.reaches(0, answering=False)
            async with here.ground.free:  # one that waits leaves the line, too
                asking = asyncio.ensure_future(here.chat())
                await here.reaches(1, answering=False)
                asking.cancel()
                await here.reaches(0, answering=False)

    run(test())


def test_an_answer_as_a_whole_and_in_pieces(tmp_path: Path) -> None:
    async def test() -> None:
        async with served(tmp_path, fake_worker.answering("It is fifteen.", "Seven and eight")) as here:
            whole = (await here.chat(reasoning_effort="high")).json()
            message = whole["choices"][0]["message"]
            assert message["content"] == "It is fifteen."
            assert message["reasoning_content"] == "Seven and eight"
            assert whole["usage"]["prompt_tokens"] == 8
            assert whole["usage"]["prompt_tokens_details"] == {"cached_tokens": 2}
            assert whole["usage"]["completion_tokens_details"] == {"reasoning_tokens": 3}
            wanted = HI | {"stream": True, "stream_options": {"include_usage": True}}
            async with here.client.stream("POST", "/chat/completions", json=wanted) as answer:
                assert answer.headers["content-type"].startswith("text/event-stream")
                told = await events(answer.aiter_lines())
            deltas = [one["choices"][0]["delta"] for one in told[:-1]]
            assert deltas[0] == {"role": "assistant", "content": ""}
            assert "".join(one.get("content", "") for one in deltas) == "It is fifteen."
            assert "".join(one.get("reasoning_content", "") for one in deltas) == "Seven and eight"
            assert told[-2]["choices"][0]["finish_reason"] == "stop"
            assert told[-1]["choices"] == []
            assert told[-1]["usage"] == whole["usage"]

    run(test())


def test_a_stream_that_waits_gives_signs_of_life(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "SIGN_S", 0.01)

    async def test() -> None:
        async with served(tmp_path, fake_worker.answering("Yes.")) as here:
            wanted = HI | {"stream": True}
            await here.ground.free.acquire()  # a chat is being answered
            async with here.client.stream("POST", "/chat/completions", json=wanted) as answer:
                lines = answer.aiter_lines()
                signs = 0
                while signs < 3:
                    signs += (await anext(lines)).startswith(": ")
                here.ground.free.release()
                told = await events(lines)
            assert "".join(one["choices"][0]["delta"].get("content", "") for one in told) == "Yes."

    run(test())


def test_a_stop_word_ends_the_answer_and_is_no_part_of_it(tmp_path: Path) -> None:
    async def test() -> None:
        async with served(tmp_path, fake_worker.endless("one two ")) as here:
            for streams in (False, True):
                answer = await here.chat(stop=["o one", "never"], stream=streams)
                if streams:
                    text = answer.text
                    assert text.endswith("data: [DONE]\n\n")
                    pieces = [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: {")]
                    said = "".join(one["choices"][0]["delta"].get("content", "") for one in pieces)
                    ends = pieces[-1]["choices"][0]["finish_reason"]
                else:
                    choice = answer.json()["choices"][0]
                    said, ends = choice["message"]["content"], choice["finish_reason"]
                assert (said, ends) == ("one tw", "stop")

    run(test())


def test_a_worker_that_dies_is_an_error_of_ours_and_the_next_request_is_answered(tmp_path: Path) -> None:
    async def test() -> None:
        dies = [fake_worker.HELLO, {"serve": {"load": fake_worker.loading(), "generate": [{"exit": 3}]}}]
        async with served(tmp_path, dies) as here:
            status, code = fault(await here.chat())
            assert status == 500
            assert code.startswith("engine.")
            fake_worker.command(tmp_path, fake_worker.answering("Yes."))
            assert (await here.chat()).status_code == 200

    run(test())
