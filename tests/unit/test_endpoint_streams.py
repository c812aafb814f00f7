"""Answers from elsewhere: each shape of a stream is read however it is split, and what is wrong has its word."""

from __future__ import annotations

import asyncio
import itertools
import json
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from mistral_desk.core.errors import DeskError, in_words
from mistral_desk.net.endpoints import chunks, faults
from mistral_desk.net.endpoints.asking import Limits
from mistral_desk.net.endpoints.sse import Events, TooMuchError
from tests.fixtures.endpoints import model_at, told
from tests.fixtures.online import online
from tests.fixtures.openai_site import KEY, SHAPES, OpenAISite, as_json, chunk, events, raw, refusal, said, streamed
from tests.fixtures.web_site import Answer, Endless

if TYPE_CHECKING:
    from pathlib import Path

    from mistral_desk.core.errors import Problem

FIFTEEN = [("thinking", "Seven and eight."), ("text", "It is 15.")]
SMALL = Limits(bytes=3_000_000, wordless=2_000_000, letters=10_000, tail_s=0.1)
IMPATIENT = Limits(first_s=0.1, silence_s=0.1, words_s=0.1)
"""For servers that say nothing: however slow this computer is, they say no more than that."""
HALF = b'data: {"choices": [{"index": 0, "delta": {"content": "It i'


async def coming(folder: Path, answer: Any, limits: Limits | None = None) -> Any:
    """What comes of one answer; a problem is raised."""
    with OpenAISite(chat=answer) as site:
        async with online(folder) as net:
            return await told(net, model_at(site), KEY, limits)


def asked(folder: Path, answer: Any, limits: Limits | None = None) -> Any:
    return asyncio.run(coming(folder, answer, limits))


def trouble(folder: Path, answer: Answer) -> Problem:
    silent = answer.silent or answer.stall is not None or answer.rate is not None
    with pytest.raises(DeskError) as caught:
        asked(folder, answer, IMPATIENT if silent else SMALL)
    return caught.value.problem


@pytest.mark.parametrize("kind", ["mistral", "vllm", "llama.cpp"])
def test_thoughts_and_text_are_told_apart_in_every_shape(tmp_path: Path, kind: str) -> None:
    found, end = asked(tmp_path, streamed(*SHAPES[kind]))
    assert found == FIFTEEN
    assert end.reason == "stop"
    assert end.usage == chunks.Usage(21, 7, 5, 3)


@pytest.mark.parametrize("end", ["\n\n", "\r\n\r\n", "\r\r"], ids=["lf", "crlf", "cr"])
@pytest.mark.parametrize("step", [1, 7])
def test_over_a_real_connection_any_split_and_line_end_is_the_same_answer(tmp_path: Path, end: str, step: int) -> None:
    body = (
        b"\xef\xbb\xbf: hello\n" + events(*SHAPES["vllm"], end=end)
        if end != "\r\r"
        else events(*SHAPES["vllm"], end=end)
    )
    assert asked(tmp_path, raw(body, step=step))[0] == FIFTEEN


@given(some.lists(some.integers(0, 2000), max_size=40), some.sampled_from([b"\n", b"\r\n", b"\r"]))
def test_events_are_the_same_wherever_the_bytes_are_split(places: list[int], end: bytes) -> None:
    whole = end.join(
        [b": a remark", b"event: message", b"data: one", b"data:two", b"", b"data: \xc3\xa4", b"", b"id: 7", b"", b""]
    )
    cuts = sorted({0, len(whole), *(place % len(whole) for place in places)})
    reader = Events()
    found = [data for begin, stop in itertools.pairwise(cuts) for data in reader.feed(whole[begin:stop])]
    assert found + reader.end() == [b"one\ntwo", b"\xc3\xa4"]


@given(some.binary(max_size=300), some.integers(1, 9))
def test_no_bytes_at_all_make_the_reader_fail_otherwise_than_in_words(noise: bytes, step: int) -> None:
    reader = Events(64, 64)
    try:
        for at in range(0, len(noise), step):
            for data in reader.feed(noise[at : at + step]):
                chunks.read(data)
        reader.end()
    except (TooMuchError, chunks.NotOneError):
        pass


_json = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats(allow_nan=False) | some.text(max_size=8),
    lambda inner: (
        some.lists(inner, max_size=3)
        | some.dictionaries(
            some.sampled_from(["choices", "delta", "content", "type", "thinking", "text", "usage", "error", "index"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(_json)
def test_json_of_any_shape_is_a_piece_or_is_none(value: Any) -> None:
    for shape in (value, {"choices": value}, {"choices": [{"delta": value}]}, {"usage": value, "choices": []}):
        try:
            found = chunks.read(json.dumps(shape).encode())
        except chunks.NotOneError:
            continue
        assert all(isinstance(text, str) for _, text in found.pieces)


def test_characters_that_a_server_cuts_in_two_come_together_again(tmp_path: Path) -> None:
    halves = (b'data: {"choices":[{"delta":{"content":"\\u%s"}}]}\n\n' % half for half in (b"d83d", b"de00!"))
    assert asked(tmp_path, raw(b"".join(halves) + b"data: [DONE]\n\n"))[0] == [("text", "😀!")]


def test_figures_that_contradict_each_other_are_not_passed_on(tmp_path: Path) -> None:
    counts = {"prompt_tokens": 5, "completion_tokens": -1, "prompt_tokens_details": {"cached_tokens": 900}}
    end = asked(tmp_path, streamed(chunk({"content": "a"}, "stop", usage=counts)))[1]
    assert end.usage == chunks.Usage(prompt=5, completion=0, cached=5)


@pytest.mark.parametrize("wrong", [b"\xff", b"\xc3", b"\xe2\x82", b"\xf0\x9f\x98"])
def test_a_byte_that_is_no_letter_costs_one_letter_and_not_the_answer(tmp_path: Path, wrong: bytes) -> None:
    body = events(chunk({"content": "before HERE behind"}), chunk({"content": ", and more"}, "stop"))
    found, end = asked(tmp_path, raw(body.replace(b"HERE", wrong)))
    assert found == [("text", "before \ufffd behind, and more")]
    assert end.reason == "stop"


def test_what_drives_a_terminal_does_not_come_through_and_directions_of_writing_do(tmp_path: Path) -> None:
    assert asked(tmp_path, said("\x1b[2J\0 \u202eאב\n\tc"))[0] == [("text", "\ufffd[2J\ufffd \u202eאב\n\tc")]


def test_an_answer_in_one_piece_is_one_too(tmp_path: Path) -> None:
    message = {"role": "assistant", "content": "It is 15.", "reasoning_content": "Seven and eight."}
    found, end = asked(tmp_path, as_json({"choices": [{"index": 0, "message": message, "finish_reason": "length"}]}))
    assert (found, end.reason) == (FIFTEEN, "length")


GOOD: dict[str, tuple[Answer, str]] = {
    "no [DONE]": (raw(events(*SHAPES["other"], done=False)), "It is 15."),
    "no empty line at the end": (raw(events(*SHAPES["other"])[:-2]), "It is 15."),
    "no empty line and no [DONE]": (raw(events(*SHAPES["other"], done=False)[:-2]), "It is 15."),
    "a refusal of the model's own": (
        streamed(chunk({"refusal": "It is "}), chunk({"content": "15."}, "stop")),
        "It is 15.",
    ),
    "no finish, but [DONE]": (raw(events(chunk({"content": "It is 15."}))), "It is 15."),
    "remarks between": (raw(b": ping\n\n" + events(*SHAPES["other"]).replace(b"\n\n", b"\n\n: ping\n\n")), "It is 15."),
    "it stays open after its end": (raw(events(*SHAPES["other"], done=False), stall=10**6), "It is 15."),
    "it ends in the middle of what comes behind its end": (
        raw(events(*SHAPES["other"], done=False) + HALF),
        "It is 15.",
    ),
    "it falls silent in the middle of that": (
        raw(events(*SHAPES["other"], done=False) + HALF, stall=10**6),
        "It is 15.",
    ),
    "it goes on with remarks after its end": (
        raw(Endless(1 << 20, events(*SHAPES["other"], done=False), b": ping\n\n"), rate=8000),
        "It is 15.",
    ),
    "other choices": (
        streamed(chunk({"content": "a"}), {"choices": [{"index": 1, "delta": {"content": "b"}}]}, chunk({}, "stop")),
        "a",
    ),
    "null everywhere": (
        streamed(chunk({"content": None, "tool_calls": None}), chunk({"content": "a"}, "stop", usage=None, error=None)),
        "a",
    ),
    "another type": (Answer(200, events(*SHAPES["other"]), {"Content-Type": "text/plain"}), "It is 15."),
}


@pytest.mark.parametrize("case", GOOD)
def test_servers_that_leave_something_out_are_understood(tmp_path: Path, case: str) -> None:
    answer, words = GOOD[case]
    found, end = asked(tmp_path, answer, SMALL)
    assert "".join(text for _, text in found) == words
    assert end.reason == "stop"


TOOL = {"tool_calls": [{"index": 0, "id": "1", "function": {"name": "search", "arguments": "{}"}}]}
BAD: dict[str, tuple[Answer, str]] = {
    "stops in mid-word": (raw(events(chunk({"content": "It i"}), done=False)), "endpoint.cut"),
    "stops in mid-event": (raw(events(chunk({"content": "a"}), done=False) + HALF), "endpoint.cut"),
    "breaks off": (raw(events(*SHAPES["other"]), cut=300), "endpoint.cut"),
    "breaks off at once": (raw(events(*SHAPES["other"]), cut=0), "net.cut"),
    "a web page": (Answer(200, b"<!doctype html><p>Log in", {"Content-Type": "text/html"}), "endpoint.not_protocol"),
    "a web page that calls itself a stream": (raw(b"<!doctype html>\n\n<p>Log in\n\n"), "endpoint.not_protocol"),
    "an empty stream": (raw(b": nothing\n\n"), "endpoint.not_protocol"),
    "nothing": (Answer(200, b"", {"Content-Type": "text/event-stream"}), "endpoint.not_protocol"),
    "rubbish as data": (raw(b"data: {\xff\xfe\n\n"), "endpoint.not_protocol"),
    "rubbish in the middle": (raw(events(chunk({"content": "a"}), done=False) + b"data: }{\n\n"), "endpoint.garbled"),
    "a number as data": (raw(b"data: 7\n\n"), "endpoint.not_protocol"),
    "a line of 1 GB": (raw(Endless(1 << 30, b"data: ", b"x" * 65536)), "endpoint.garbled"),
    "an event of 1 GB": (raw(Endless(1 << 30, b"", b"data: xxxxxxxxx\n" * 4096)), "endpoint.garbled"),
    "rubbish of 1 GB": (raw(Endless(1 << 30, b"", b"neither nor\n" * 4096)), "endpoint.garbled"),
    "remarks of 1 GB": (raw(Endless(1 << 30, b"", b": ping, and nothing else to say\n" * 4096)), "endpoint.garbled"),
    "empty lines of 1 GB": (raw(Endless(1 << 30, b"", b"\n" * 65536)), "endpoint.garbled"),
    "pieces without a word of 1 GB": (
        raw(Endless(1 << 30, b"", events(chunk({"content": "", "more": "x" * 9000}), done=False))),
        "endpoint.garbled",
    ),
    "words of 1 GB": (
        raw(Endless(1 << 30, b"", events(chunk({"content": "x" * 500}), done=False))),
        "endpoint.too_much",
    ),
    "one answer of 1 GB": (
        Answer(200, Endless(1 << 30, b'{"choices":"'), {"Content-Type": "application/json"}),
        "endpoint.too_much",
    ),
    "a refusal of 1 GB": (
        Answer(400, Endless(1 << 30, b'{"error":"'), {"Content-Type": "application/json"}),
        "endpoint.refused",
    ),
    "deep JSON": (raw(b"data: " + b"[" * 100_000 + b"\n\n"), "endpoint.not_protocol"),
    "says nothing": (Answer(silent=True), "endpoint.stalled"),
    "falls silent before a word": (raw(events(*SHAPES["other"]), stall=60), "endpoint.stalled"),
    "falls silent in the middle": (
        raw(events(chunk({"content": "a"}), done=False) + HALF, stall=150),
        "endpoint.stalled",
    ),
    "a refusal without end": (
        Answer(400, Endless(1 << 20, b'{"error":"'), {"Content-Type": "application/json"}, rate=2000),
        "endpoint.stalled",
    ),
    "one answer without end": (
        Answer(200, Endless(1 << 20, b'{"choices":"'), {"Content-Type": "application/json"}, rate=2000),
        "endpoint.stalled",
    ),
    "remarks and no word": (raw(Endless(1 << 20, b"", b": ping\n\n"), rate=2000), "endpoint.stalled"),
    "a tool": (streamed(chunk(TOOL), chunk({}, "tool_calls")), "endpoint.tools"),
    "a function": (streamed(chunk({"function_call": {"name": "f"}})), "endpoint.tools"),
    "filtered": (streamed(chunk({"content": "a"}), chunk({}, "content_filter")), "endpoint.filtered"),
    "an error in the stream": (
        streamed(chunk({"content": "a"}), {"error": {"message": "out of memory", "code": 500}}),
        "endpoint.failed",
    ),
    "vLLM's error object": (streamed({"object": "error", "message": "no such thing", "code": 400}), "endpoint.refused"),
    "an error that is a word": (streamed({"error": "overloaded"}), "endpoint.failed"),
    "an error in the choice": (
        streamed({"choices": [{"delta": {}, "error": {"code": 429, "message": "slow"}}]}),
        "endpoint.busy",
    ),
    "an error that says nothing": (streamed(chunk({"content": "a"}), chunk({}, "error")), "endpoint.failed"),
    "an error with 200": (as_json({"error": {"message": "nope"}}), "endpoint.failed"),
    "packed": (
        Answer(200, b"\x1f\x8b", {"Content-Type": "text/event-stream", "Content-Encoding": "gzip"}),
        "net.garbled",
    ),
    "400": (refusal(400, "temperature is too hot"), "endpoint.refused"),
    "400, too long": (refusal(400, "This model's maximum context length is 4096 tokens."), "endpoint.too_long"),
    "400, effort": (refusal(400, "reasoning_effort is not supported"), "endpoint.effort"),
    "400, in a list": (as_json([{"error": {"message": "no", "code": 400}}], 400), "endpoint.refused"),
    "400, in a list of lists": (as_json({"error": [[[[[["deep"]]]]]]}, 400), "endpoint.refused"),
    "400, a word": (as_json("nope", 400), "endpoint.refused"),
    "400, an error without words": (as_json({"error": {"position": 7}}, 400), "endpoint.refused"),
    "400, a number with a point": (as_json({"error": 0.5}, 400), "endpoint.refused"),
    "401": (refusal(401, f"Incorrect API key provided: {KEY}"), "endpoint.key"),
    "402": (refusal(402, "Insufficient credits"), "endpoint.unpaid"),
    "403": (refusal(403, "not for you"), "endpoint.forbidden"),
    "404, the model": (refusal(404, "The model `a-model` does not exist"), "endpoint.no_model"),
    "404": (Answer(404, b"<html>"), "endpoint.not_there"),
    "405": (Answer(405, b""), "endpoint.not_there"),
    "422": (
        as_json({"detail": [{"loc": ["body", "stream_options"], "msg": "Extra inputs are not permitted"}]}, 422),
        "endpoint.refused",
    ),
    "429": (refusal(429, "slow down", **{"Retry-After": "7"}), "endpoint.busy"),
    "500": (refusal(500, "CUDA error"), "endpoint.failed"),
    "503 with a pause": (refusal(503, "loading", **{"Retry-After": "3"}), "endpoint.busy"),
    "503": (refusal(503, "loading"), "endpoint.failed"),
    "302": (Answer(302, b"", {"Location": "/elsewhere"}), "net.redirect"),
    "204": (Answer(204), "endpoint.refused"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_wrong_has_its_word_and_takes_no_memory(tmp_path: Path, case: str) -> None:
    answer, expected = BAD[case]
    large = "1 GB" in case
    if large:
        tracemalloc.start()
    try:
        problem = trouble(tmp_path, answer)
        most = tracemalloc.get_traced_memory()[1] if large else 0
    finally:
        tracemalloc.stop()
    assert problem.id == expected
    words = in_words(problem)
    assert "?" not in words.message.replace("“?", "")
    assert KEY not in f"{words}{problem}"
    assert most < 40_000_000


def test_the_server_s_own_words_are_harmless_short_and_without_the_key(tmp_path: Path) -> None:
    rude = f"\x1b[31mNo\u202e, {KEY} is\nwrong " + "and so on " * 1000
    problem = trouble(tmp_path, refusal(400, rude))
    said_there = str(problem.params["said"])
    assert said_there.startswith("[31mNo, … is wrong and so on")
    assert len(said_there) <= 300


def test_the_pause_is_the_one_that_was_asked_for(tmp_path: Path) -> None:
    problem = trouble(tmp_path, refusal(429, "slow", **{"Retry-After": "7"}))
    assert problem.params["seconds"] == 7


def test_what_a_refusal_says_is_found_wherever_it_stands(tmp_path: Path) -> None:
    for body, said_there in {'[{"error":{"message":"no"}}]': "no", '"nope"': "nope", '{"error":{"x":1}}': ""}.items():
        problem = trouble(tmp_path, Answer(400, body.encode(), {"Content-Type": "application/json"}))
        assert problem.params["said"] in ({said_there} if said_there else {faults.NOTHING})


def test_an_answer_in_one_piece_that_is_too_long_is_refused_before_it_is_read(tmp_path: Path) -> None:
    whole = Answer(200, Endless(64_000_000, b'{"choices":"'), {"Content-Type": "application/json"})
    with pytest.raises(DeskError, match=r"endpoint\.too_much"):
        asked(tmp_path, whole, Limits())


def test_who_falls_silent_after_words_has_less_time_than_who_still_reads_a_long_message(tmp_path: Path) -> None:
    words = events(chunk({"content": "a"}), done=False)
    answer = raw(words + HALF, stall=len(words) + 9)
    with pytest.raises(DeskError) as caught:
        asked(tmp_path, answer, Limits(first_s=900, silence_s=0.1))
    assert (caught.value.problem.id, caught.value.problem.params["seconds"]) == ("endpoint.stalled", 0.1)


def test_what_came_before_the_trouble_was_given(tmp_path: Path) -> None:
    async def test() -> list[str]:
        found = []
        with OpenAISite(chat=BAD["stops in mid-word"][0]) as site:
            async with online(tmp_path) as net:
                from mistral_desk.net.endpoints.asking import Delta, answer

                try:
                    async for event in answer(net, model_at(site), b"{}", None):
                        found += [event.text] if isinstance(event, Delta) else []
                except DeskError as error:
                    found.append(error.problem.id)
        return found

    assert asyncio.run(test()) == ["It i", "endpoint.cut"]
