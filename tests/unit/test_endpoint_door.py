"""The door to a model elsewhere by itself: what is sent of words and pictures, and what it cannot do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from mistral_desk.chat.attachments import Pixels
from mistral_desk.chat.elsewhere import body
from mistral_desk.chat.elsewhere.door import EndpointDoor
from mistral_desk.chat.parts import lookup
from mistral_desk.chat.pictures_in_memory import PicturesInMemory
from mistral_desk.inference.protocol import Finished, Sampling, Turn
from mistral_desk.net.endpoints.record import Endpoint, EndpointModel, Offered
from tests.fixtures.endpoints import endpoints, model_at
from tests.fixtures.engines import problem_of, run
from tests.fixtures.openai_site import OpenAISite

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = EndpointModel(Endpoint("site", "Site", "https://a.example/v1", agreed=True), Offered("a-model"))


def content(text: str, images: tuple[str, ...] = (), places: tuple[int, ...] = ()) -> Any:
    turn = Turn("user", text, images=images, places=places)
    made = body.made(
        SOURCE, [turn], {"a": "data:a", "b": "data:b"}, effort="none", sampling=Sampling(), max_tokens=None
    )
    return json.loads(made)["messages"][0]["content"]


def words(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def picture(name: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": f"data:{name}"}}


@pytest.mark.parametrize(
    ("text", "images", "places", "parts"),
    [
        ("What is it?", ("a",), (0,), [picture("a"), words("What is it?")]),
        (
            "This and that",
            ("a", "b"),
            (4, 8),
            [words("This"), picture("a"), words(" and"), picture("b"), words(" that")],
        ),
        ("Behind", ("a", "b"), (6, 99), [words("Behind"), picture("a"), picture("b")]),
        ("", ("a",), (), [picture("a")]),
        ("Only words", (), (), "Only words"),
    ],
)
def test_pictures_stand_among_the_words_where_they_were_put(
    text: str, images: tuple[str, ...], places: tuple[int, ...], parts: object
) -> None:
    assert content(text, images, places) == parts


def test_what_only_the_server_knows_and_pictures_that_nobody_has_are_refused(tmp_path: Path) -> None:
    async def test() -> None:
        async with endpoints(tmp_path) as all_of_them:
            door = EndpointDoor(all_of_them, SOURCE)
            assert (await problem_of(door.count([Turn("user", "Hi")])))[0] == "endpoint.cannot"
            shown = Turn("user", "Hi", images=(Pixels(1, 1, b"abc").sha256,))
            for pictures in (None, lookup(PicturesInMemory())):
                asked = door.generate([shown], pictures=pictures)
                assert (await problem_of(anext(asked)))[0] == "picture.missing"
            door.answer_now()
            door.think_more()

    run(test())


def test_who_stops_before_anything_was_sent_sends_nothing(tmp_path: Path) -> None:
    async def test() -> None:
        with OpenAISite() as site:
            async with endpoints(tmp_path) as all_of_them:
                door = EndpointDoor(all_of_them, model_at(site))
                before = door.busy
                door.stop()
                assert (before, door.busy) == (True, False)
                (end,) = [event async for event in door.generate([Turn("user", "Hi")])]
                assert isinstance(end, Finished)
                assert (end.reason, end.figures.first_token_s) == ("stopped", None)
            assert site.asked == []

    run(test())
