"""The protocol keeps every message whole, and nothing that a stranger sends breaks more than itself."""

from __future__ import annotations

import io
import typing

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from mistral_desk.core import errors
from mistral_desk.core.errors import Problem
from mistral_desk.inference import device, frames, placement, protocol, state_messages
from mistral_desk.inference.device import Device
from mistral_desk.inference.frames import ProtocolError, decode_command, decode_event, frame, read_frame
from mistral_desk.inference.protocol import (
    Command,
    Count,
    Counted,
    Event,
    Failed,
    Figures,
    Finished,
    Generate,
    Hello,
    Load,
    Loaded,
    LoadProgress,
    ModelInfo,
    NeedImage,
    Piece,
    PutImage,
    Resumed,
    Sampling,
    Stop,
    Turn,
)
from mistral_desk.inference.state_messages import MOST_BYTES, Extent, ForgetStates, KeepStates, StateHead
from mistral_desk.inference.thought_messages import AnswerNow, Budget, Steered, ThinkMore

COMMANDS: tuple[type[msgspec.Struct], ...] = typing.get_args(Command)
EVENTS: tuple[type[msgspec.Struct], ...] = typing.get_args(Event)

whole = some.integers(min_value=-(2**63), max_value=2**64 - 1)
real = some.floats(allow_nan=False)
text = some.text(max_size=200)
PLAIN = {int: whole, float: real, str: text, bool: some.booleans(), bytes: some.binary(max_size=200)}


def values(kind: object) -> some.SearchStrategy[object]:
    """Any value of a type that a message's field may have."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return messages(kind)
    if kind in PLAIN:
        return PLAIN[kind]
    if kind is type(None):
        return some.none()
    if origin is typing.Literal:
        return some.sampled_from(arguments)
    if origin is tuple and Ellipsis not in arguments:
        return some.tuples(*map(values, arguments))
    if origin is tuple:
        return some.lists(values(arguments[0]), max_size=5).map(tuple)
    if origin is dict:
        return some.dictionaries(values(arguments[0]), values(arguments[1]), max_size=5)
    return some.one_of(*(values(part) for part in arguments))


def hints_of(kind: type[msgspec.Struct]) -> dict[str, object]:
    """The types of a message's fields; what is imported for the type checker only is named here."""
    return typing.get_type_hints(
        kind, {**vars(errors), **vars(device), **vars(placement), **vars(state_messages), **vars(protocol)}
    )


def messages(kind: type[msgspec.Struct]) -> some.SearchStrategy[msgspec.Struct]:
    """Any message of a class."""
    if kind is PutImage:
        return pictures
    if kind is StateHead:
        return heads
    hints = hints_of(kind)
    return some.builds(kind, **{field.name: values(hints[field.name]) for field in msgspec.structs.fields(kind)})


sides = some.integers(1, 12)
names = some.binary(min_size=32, max_size=32).map(bytes.hex)
pictures = some.tuples(sides, sides).flatmap(
    lambda size: some.builds(
        PutImage,
        names,
        some.just(size[0]),
        some.just(size[1]),
        some.binary(min_size=3 * size[0] * size[1], max_size=3 * size[0] * size[1]),
    )
)
sizes = some.integers(0, MOST_BYTES)
extents = some.lists(some.builds(Extent, sizes, sizes), min_size=1, max_size=5).map(tuple)
heads = some.builds(StateHead, whole, text, some.binary(max_size=200), extents)
commands = some.one_of(*(messages(kind) for kind in COMMANDS))
events = some.one_of(*(messages(kind) for kind in EVENTS))


def reading(data: bytes, most: int = 2**31) -> typing.Callable[[int], bytes]:
    """A `read` that gives at most `most` bytes at a time."""
    stream = io.BytesIO(data)
    return lambda size: stream.read(min(size, most))


@pytest.mark.parametrize("kind", COMMANDS, ids=lambda kind: kind.__name__)
def test_every_command_arrives_as_it_was_sent(kind: type[msgspec.Struct]) -> None:
    @given(messages(kind))
    def check(message: Command) -> None:
        body = read_frame(reading(frame(message)))
        assert body is not None
        assert decode_command(body) == message

    check()


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
def test_every_event_arrives_as_it_was_sent(kind: type[msgspec.Struct]) -> None:
    @given(messages(kind))
    def check(message: Event) -> None:
        body = read_frame(reading(frame(message)))
        assert body is not None
        assert decode_event(body) == message

    check()


def test_tags_are_distinct_in_both_directions() -> None:
    tags = [str(kind.__struct_config__.tag) for kind in {*COMMANDS, *EVENTS}]  # a state travels both ways
    assert len(set(tags)) == len(tags)


@given(some.lists(events, min_size=1, max_size=4), some.integers(min_value=1, max_value=7))
def test_frames_that_come_in_crumbs_are_read_whole(sent: list[Event], most: int) -> None:
    read = reading(b"".join(map(frame, sent)), most)
    received = []
    while (body := read_frame(read)) is not None:
        received.append(decode_event(body))
    assert received == sent


@given(commands)
def test_a_stream_that_ends_at_any_byte_inside_a_frame_is_told(message: Command) -> None:
    data = frame(message)
    for end in range(1, len(data)):
        with pytest.raises(ProtocolError):
            read_frame(reading(data[:end]))
    assert read_frame(reading(b"")) is None


@given(some.binary(max_size=300))
def test_hostile_bytes_are_a_protocol_error_and_nothing_else(data: bytes) -> None:
    for decode in (decode_command, decode_event):
        try:
            decode(data)
        except ProtocolError:
            continue
    read = reading(data)
    try:
        while read_frame(read) is not None:
            pass
    except ProtocolError:
        return


@given(events, some.data())
def test_a_flipped_byte_is_a_message_or_a_protocol_error(message: Event, data: some.DataObject) -> None:
    body = bytearray(frame(message)[4:])
    body[data.draw(some.integers(0, len(body) - 1))] ^= data.draw(some.integers(1, 255))
    try:
        decode_event(bytes(body))
    except ProtocolError:
        return


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"\x91" * 100_000, id="nested arrays"),
        pytest.param(b"\x82\xa4type\xa4stop\xa1x" + b"\x91" * 100_000 + b"\xc0", id="nested in an unknown field"),
        pytest.param(b"\xdf\xff\xff\xff\xff", id="a map that claims four billion fields"),
        pytest.param(b"\x81\xa4type\xdb\xff\xff\xff\xff", id="a text that claims four gigabytes"),
        pytest.param(b"\x82\xa4type\xa4stop\xa7request\xcb\x7f\xf8\0\0\0\0\0\0", id="a number that is none"),
        pytest.param(b"\x82\xa4type\xa5piece\xa4text\xa2\xc3\x28", id="text that is no UTF-8"),
    ],
)
def test_bodies_made_to_hurt_are_protocol_errors(body: bytes) -> None:
    for decode in (decode_command, decode_event):
        with pytest.raises(ProtocolError):
            decode(body)


def test_an_absurd_length_is_refused_before_anything_is_read() -> None:
    asked: list[int] = []

    def read(size: int) -> bytes:
        asked.append(size)
        return b"\xff" * size

    with pytest.raises(ProtocolError):
        read_frame(read)
    assert asked == [4]


def test_a_message_over_the_limit_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "MAX_FRAME", 1000)
    with pytest.raises(ProtocolError):
        frame(Generate(1, (Turn("user", "x" * 1000),)))


NAME = "0f" * 32


@pytest.mark.parametrize(
    ("name", "width", "height", "rgb"),
    [
        pytest.param(NAME, 2, 2, bytes(11), id="too few bytes"),
        pytest.param(NAME, 2, 2, bytes(13), id="too many bytes"),
        pytest.param(NAME, 0, 2, b"", id="no width"),
        pytest.param(NAME, -1, -3, bytes(9), id="negative"),
        pytest.param(NAME, protocol.MAX_SIDE + 1, 1, bytes(3 * (protocol.MAX_SIDE + 1)), id="too wide"),
        pytest.param(NAME.upper(), 1, 1, bytes(3), id="another name"),
        pytest.param("../" + NAME, 1, 1, bytes(3), id="a path"),
    ],
)
def test_a_picture_that_contradicts_itself_does_not_arrive(name: str, width: int, height: int, rgb: bytes) -> None:
    fields = {"type": "put_image", "sha256": name, "width": width, "height": height, "rgb": rgb}
    with pytest.raises(ProtocolError):
        decode_command(msgspec.msgpack.encode(fields))


def test_a_picture_of_too_many_pixels_does_not_arrive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "MAX_PIXELS", 99)
    fields = {"type": "put_image", "sha256": NAME, "width": 10, "height": 10, "rgb": bytes(300)}
    with pytest.raises(ProtocolError):
        decode_command(msgspec.msgpack.encode(fields))


@given(text, some.lists(names, max_size=5), some.lists(whole, max_size=7))
def test_pictures_of_a_turn_have_places_in_its_text(said: str, images: list[str], places: list[int]) -> None:
    placed = Turn("user", said, images=tuple(images), places=tuple(places)).placed()
    assert sorted(image for _, image in placed) == sorted(images), "each once"
    assert all(0 <= place <= len(said) for place, _ in placed)
    assert [place for place, _ in placed] == sorted(place for place, _ in placed)


def test_fields_that_a_newer_side_adds_are_ignored() -> None:
    body = msgspec.msgpack.encode({"type": "stop", "request": 3, "reason": ["new", {"in": 2}]})
    assert decode_command(body) == Stop(3)


def test_the_wire_format_of_this_version_stays_as_it_is() -> None:
    """Changing one of these bytes means a new PROTOCOL_VERSION."""
    assert protocol.PROTOCOL_VERSION == 5
    assert frame(Stop(7)) == b"\x14\0\0\0\x82\xa4type\xa4stop\xa7request\x07"
    fields = {
        str(kind.__struct_config__.tag or kind.__name__): [field.encode_name for field in msgspec.structs.fields(kind)]
        for kind in (
            Load,
            PutImage,
            Generate,
            Count,
            Counted,
            Turn,
            Hello,
            LoadProgress,
            Loaded,
            NeedImage,
            Piece,
            Resumed,
            Steered,
            AnswerNow,
            ThinkMore,
            Budget,
            Finished,
            Failed,
            *typing.get_args(protocol.StateCommand)[:3],
            *typing.get_args(protocol.StateEvent),
            KeepStates,
            ForgetStates,
        )
    }
    assert fields == {
        "load": ["request", "path", "context", "threads", "gpu_layers", "check_tensors", "projector", "placement"],
        "put_image": ["sha256", "width", "height", "rgb"],
        "generate": [
            *("request", "turns", "effort", "sampling", "max_tokens", "begun", "keep_thinking", "room"),
            *("owner", "restores", "grammar", "budget", "rethinks"),
        ],
        "count": ["request", "turns", "effort", "keep_thinking"],
        "counted": ["request", "tokens", "system", "last", "pictures", "last_pictures"],
        "Turn": ["role", "text", "thinking", "tokens", "vocabulary", "images", "places"],
        "hello": ["protocol", "app_version", "pid", "llama_cpp", "system", "devices", "backends"],
        "load_progress": ["request", "fraction", "looks"],
        "loaded": ["request", "model", "cage"],
        "need_image": ["request", "sha256"],
        "piece": ["request", "kind", "text", "tokens"],
        "resumed": ["request", "pieces"],
        "steered": ["request", "how"],
        "answer_now": ["request"],
        "think_more": ["request"],
        "Budget": ["tokens", "seconds"],
        "finished": ["request", "reason", "figures", "vocabulary"],
        "failed": ["request", "problem"],
        "state_head": ["request", "owner", "ids", "extents"],
        "state_part": ["request", "data"],
        "state_end": ["request", "sound"],
        "state_taken": ["request"],
        "need_state": ["request", "ids", "have", "most", "cuts"],
        "keep_states": ["request", "most"],
        "forget_states": ["request", "owners"],
        "states_kept": ["request"],
    }


def test_every_struct_of_the_protocol_is_reached_by_a_message() -> None:
    """So that the round trips above cover all of them."""
    reached: set[type] = set()

    def visit(kind: object) -> None:
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind not in reached:
            reached.add(kind)
            for hint in hints_of(kind).values():
                visit(hint)
        for part in typing.get_args(kind):
            visit(part)

    for kind in (*COMMANDS, *EVENTS):
        visit(kind)
    declared = {
        value
        for value in vars(protocol).values()
        if isinstance(value, type) and issubclass(value, msgspec.Struct) and value is not msgspec.Struct
    }
    assert declared - reached == set()
    assert {Sampling, Turn, Figures, Device, ModelInfo, Problem} <= reached
