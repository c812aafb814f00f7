"""What programs send: what is understood, what is left alone, and what is refused by name instead of being dropped."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mistral_desk.core.errors import DeskError
from mistral_desk.inference.protocol import Sampling
from mistral_desk.server.reading import Asked, Said, asked
from mistral_desk.server.requests import understood
from mistral_desk.server.stops import Stops

USER = {"role": "user", "content": "Hi"}
TWO = {"type": "text", "text": "Two"}
PICTURE = "data:image/png;base64," + base64.b64encode(b"not looked at here").decode()


def read(*messages: dict[str, Any], **fields: Any) -> Asked:
    return asked(understood(json.dumps({"messages": messages or [USER], **fields}).encode()))


def refusal(*messages: dict[str, Any], **fields: Any) -> tuple[str, dict[str, Any]]:
    with pytest.raises(DeskError) as caught:
        read(*messages, **fields)
    return caught.value.problem.id, dict(caught.value.problem.params)


def test_fields_that_ask_for_nothing_are_taken() -> None:
    plain = read(model="builtin")
    assert (
        read(
            model="builtin",
            n=1,
            stream=False,
            tools=[],
            tool_choice="none",
            parallel_tool_calls=True,
            logit_bias={},
            logprobs=False,
            presence_penalty=0,
            frequency_penalty=0.0,
            user="somebody",
            metadata={"a": "b"},
            store=False,
            service_tier="auto",
            response_format={"type": "text"},
            modalities=["text"],
            stop=None,
            max_tokens=-1,
            seed=-1,
            what_nobody_knows={"yet": 1},
        )
        == plain
    )


def test_how_the_answer_is_made() -> None:
    it = read(
        temperature=0, top_p=0.9, top_k=40, min_p=0.05, repeat_penalty=1.1, seed=7, max_tokens=9,
        max_completion_tokens=5, stop="END", reasoning_effort="medium", stream=True,
        stream_options={"include_usage": True},
    )  # fmt: skip
    assert it.sampling == Sampling(0, 40, 0.9, 0.05, 1.1, 7)
    assert (it.max_tokens, it.stops, it.effort, it.streams, it.usage) == (5, ("END",), "high", True, True)
    assert {read(reasoning_effort=effort).effort for effort in ("none", "minimal", None)} == {"none"}


def test_messages_become_turns_that_alternate() -> None:
    it = read(
        {"role": "system", "content": "Be short."},
        {"role": "assistant", "content": "Hello, I am here."},
        {"role": "developer", "content": [{"type": "text", "text": "In German."}]},
        {"role": "user", "content": "One"},
        {"role": "user", "content": [TWO, {"type": "image_url", "image_url": {"url": PICTURE}}]},
        {"role": "assistant", "content": "Three", "reasoning_content": "Hm"},
        {"role": "assistant", "content": None},
        {"role": "user", "content": "Four", "name": "somebody"},
    )  # fmt: skip
    assert it.system == "Be short.\n\nIn German."
    assert it.talk == (
        Said("user", ("One", "\n\n", "Two", b"not looked at here")),
        Said("assistant", ("Three",), "Hm"),
        Said("user", ("Four",)),
    )
    assert it.sees
    assert not read().sees


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("n", 2),
        ("tools", [{"type": "function", "function": {"name": "f"}}]),
        ("functions", [{"name": "f"}]),
        ("logprobs", True),
        ("logit_bias", {"1": 5}),
        ("presence_penalty", 0.5),
        ("frequency_penalty", -1),
        ("modalities", ["text", "audio"]),
        ("audio", {"voice": "x"}),
        ("web_search_options", {}),
    ],
)
def test_what_would_change_the_answer_and_cannot_be_kept_is_refused_by_name(field: str, value: object) -> None:
    assert refusal(**{field: value}) == ("server.not_offered", {"name": field})


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"temperature": "hot"}, "temperature"),
        ({"temperature": -1}, "temperature"),
        ({"temperature": 5.1}, "temperature"),
        ({"top_p": 2}, "top_p"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_completion_tokens": 10**12}, "max_completion_tokens"),
        ({"reasoning_effort": "a lot"}, "reasoning_effort"),
        ({"stop": ["x"] * 17}, "stop"),
        ({"stop": [1]}, "stop[0]"),
        ({"response_format": {"type": "xml"}}, "response_format"),
        ({"response_format": {"type": "json_schema"}}, "response_format"),
        ({"messages": []}, "messages"),
        ({"messages": "Hi"}, "messages"),
        ({"messages": [USER] * 10_001}, "messages"),
        ({"messages": [{"content": "Hi"}]}, "messages[0]"),
        ({"messages": [{"role": "root", "content": "Hi"}]}, "messages[0].role"),
        ({"messages": [USER, {"role": "assistant", "content": "Ye"}]}, "messages"),
        ({"messages": [{"role": "user", "content": [{"text": "Hi"}]}]}, "messages[0].content[0]"),
        ({"messages": [{"role": "system", "content": [{"type": "image_url", "image_url": {"url": PICTURE}}]}]},
         "messages[0].content[0]"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:text/html,x"}}]}]},
         "messages[0].content[0].image_url"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": PICTURE + "%"}}]}]},
         "messages[0].content[0].image_url"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(fields: dict[str, Any], place: str) -> None:
    problem, params = refusal(**fields)
    assert (problem, params["place"]) == ("server.garbled", place)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000, b'{"messages": NaN}'])
def test_no_json_is_told(data: bytes) -> None:
    with pytest.raises(DeskError) as caught:
        understood(data)
    assert caught.value.problem.id == "server.garbled"


@pytest.mark.parametrize(
    ("data", "reason"),
    [(b"{}", "Object missing required field messages"), (b"[]", "Expected object, got array")],
)
def test_what_is_wrong_with_the_whole_is_told_once(data: bytes, reason: str) -> None:
    with pytest.raises(DeskError) as caught:
        understood(data)
    assert caught.value.problem.params == {"place": "$", "reason": reason}


@pytest.mark.parametrize(
    "address", ["https://example.org/a.png", "http://127.0.0.1/a", "file:///etc/passwd", "//a/b", ""]
)
def test_pictures_are_never_fetched(address: str) -> None:
    message = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": address}}]}
    assert refusal(message)[0] == "server.remote_picture"


def test_more_of_what_is_refused() -> None:
    assert refusal({"role": "user", "content": "  "})[0] == "prompt.empty"
    assert refusal({"role": "tool", "content": "4"}, USER) == ("server.not_offered", {"name": "tools"})
    called = {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]}
    assert refusal(USER, called, USER) == ("server.not_offered", {"name": "tools"})
    sound = {"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]}
    assert refusal(sound) == ("server.not_offered", {"name": "input_audio"})
    many = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": PICTURE}}] * 65}
    assert refusal(many)[0] == "prompt.too_many_pictures"
    elsewhere = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"$ref": "https://example.org/s.json"}}}
    assert refusal(response_format=elsewhere)[0] == "schema.remote"


def test_schemas_bind_the_answer() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    strict = read(
        response_format={"type": "json_schema", "json_schema": {"name": "x", "strict": True, "schema": schema}}
    )
    assert strict.grammar
    assert read(response_format={"type": "json_object", "schema": schema}).grammar == strict.grammar
    assert read(response_format={"type": "json_object"}).grammar not in ("", strict.grammar)


@given(
    st.lists(st.text("abc", max_size=4), max_size=12),
    st.lists(st.text("abc", min_size=1, max_size=3), min_size=1, max_size=3),
)
def test_a_stop_word_is_found_however_the_answer_is_cut_into_pieces(pieces: list[str], words: list[str]) -> None:
    stops = Stops(words)
    said = "".join(map(stops.take, pieces)) + ("" if stops.met else stops.rest())
    whole = "".join(pieces)
    ends = [(whole.find(word) + len(word), whole.find(word)) for word in words if word in whole]
    assert stops.met == bool(ends)
    assert said == (whole[: min(ends)[1]] if ends else whole)
