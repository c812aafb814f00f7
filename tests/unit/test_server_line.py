"""One answer at a time: in whose favour, what becomes of one that nobody waits for, and where an answer ends."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

from mistral_desk.core.paths import folders
from mistral_desk.inference.client import ModelSpec
from mistral_desk.inference.protocol import Turn
from mistral_desk.server import api
from mistral_desk.server.reading import asked
from mistral_desk.server.requests import understood
from tests.fixtures import fake_worker
from tests.fixtures.engines import run
from tests.fixtures.serving import HI, fault, served

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.fixtures.small_models import SmallModels


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


def test_what_only_might_begin_a_stop_word_is_told_at_the_end_and_nothing_after_one(tmp_path: Path) -> None:
    async def test() -> None:
        async with served(tmp_path, fake_worker.answering("one two three four")) as here:
            for stop, text, reason in (("four winds", "one two three four", "stop"), ("two", "one ", "stop")):
                (choice,) = (await here.chat(stop=stop)).json()["choices"]
                assert (choice["message"]["content"], choice["finish_reason"]) == (text, reason)

    run(test())


def test_an_answer_that_somebody_else_stops_is_an_error_and_not_a_short_answer(tmp_path: Path) -> None:
    async def test() -> None:
        async with served(tmp_path, fake_worker.endless()) as here:
            async with here.client.stream("POST", "/chat/completions", json=HI | {"stream": True}) as answer:
                lines = answer.aiter_lines()
                while '"content":"word' not in await anext(lines):
                    pass
                here.ground.engine().stop()
                rest = [line async for line in lines if line]
            assert "server.interrupted" in rest[-1]

    run(test())


def test_an_earlier_answer_goes_back_with_its_thoughts(tmp_path: Path) -> None:
    async def test() -> None:
        talk = [
            {"role": "user", "content": "7 + 8?"},
            {"role": "assistant", "content": [{"type": "text", "text": "15"}, {"type": "refusal", "refusal": "."}],
             "reasoning_content": "Seven and eight"},
            {"role": "user", "content": "And 9?"},
        ]  # fmt: skip
        async with served(tmp_path, fake_worker.answering("24.")) as here:
            wanted = asked(understood(json.dumps({"messages": talk}).encode()))
            turns, _ = await here.serving.line._turns(wanted, ModelSpec("builtin"))
            assert turns == (
                Turn("user", "7 + 8?"),
                Turn("assistant", "15.", "Seven and eight"),
                Turn("user", "And 9?"),
            )
            assert (await here.chat(messages=talk)).json()["choices"][0]["message"]["content"] == "24."

    run(test())


@pytest.mark.parametrize(
    ("content", "code"), [(b"no picture at all", "attachment.not_a_picture"), (b"\x89PNG\r\n\x1a\n broken", "")]
)
def test_what_is_no_picture_is_refused_before_the_engine_is_asked(tmp_path: Path, content: bytes, code: str) -> None:
    address = f"data:image/png;base64,{base64.b64encode(content).decode()}"
    shown = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": address}}]}]

    async def test() -> None:
        async with served(tmp_path, fake_worker.answering("A cat.")) as here:
            status, said = fault(await here.chat(messages=shown))
            assert status == 400
            assert said == code if code else said.startswith("attachment.")

    run(test())


def test_a_picture_for_a_model_that_reads_text_only_is_refused(tmp_path: Path, small_models: SmallModels) -> None:
    address = f"data:image/png;base64,{base64.b64encode(b'not looked at').decode()}"
    shown = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": address}}]}]
    own = folders().ensure().models / "blind.gguf"
    own.write_bytes(small_models["mistral4"].read_bytes())

    async def test() -> None:
        async with served(tmp_path, fake_worker.answering("A cat.")) as here:
            status, said = fault(await here.chat(messages=shown, model="blind"))
            assert (status, said) == (400, "model.no_eyes")

    run(test())
