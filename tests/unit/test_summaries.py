"""A summary that is of no use is thrown away, said so, and something that helps is offered instead."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

import msgspec
import pytest

from mistral_desk.chat.events import Ended, Full, Shortened, Summarising
from mistral_desk.chat.message import ConversationSettings, Draft, Message, Part
from mistral_desk.chat.summaries import is_off
from mistral_desk.core.errors import Problem
from mistral_desk.inference.protocol import Failed
from tests.fixtures import fake_worker
from tests.fixtures.engines import SPEC, run
from tests.fixtures.sessions import desk, last_of

if TYPE_CHECKING:
    from pathlib import Path

    from mistral_desk.chat.events import TurnEvent
    from mistral_desk.chat.message import WhenFull

TALK: Final = (
    "I look for a flat in Lisbon with two rooms for at most 1,400 euros, from the first of May on.",
    "Alfama and Graça are quiet and within that budget; Chiado is beyond it. Shall I write to the agency?",
    "Yes, write to the agency that we come on Tuesday.",
    "Dear agency, we look for two rooms in Graça and would like to come on Tuesday.",
)
DUNNO: Final = "I am only the small demonstration model; I do not know that."


def messages(*texts: str) -> list[Message]:
    return [
        Message(key, 1, key - 1 or None, "user" if key % 2 else "assistant", 0.0, (Part("text", text),))
        for key, text in enumerate(texts, 1)
    ]


@pytest.mark.parametrize(
    ("summary", "off"),
    [
        (
            "The person looks for two rooms in Lisbon, at most 1,400 euros, from May; the agency knows of Tuesday.",
            False,
        ),
        ("Flat, Lisbon, 2 rooms. Graça. Tuesday: agency.", False),
        (DUNNO, True),
        ("Ich kann dabei leider nicht helfen, frag etwas anderes.", True),
        ("…", True),
        (TALK[1], True),
        (TALK[3].upper(), True),
    ],
)
def test_a_summary_has_something_of_what_was_said(summary: str, off: bool) -> None:
    assert is_off(summary, messages(*TALK)) is off


def test_scripts_without_spaces_count_too() -> None:
    talk = messages("我想在里斯本找一套两居室的公寓，预算每月一千四百欧元。", "格拉萨区比较安静，也在预算之内。")
    assert not is_off("用户想在里斯本找两居室公寓，预算一千四百欧元；格拉萨区合适。", talk)
    assert is_off("抱歉，这个问题我不知道答案。", talk)


def test_of_pictures_and_numbers_nothing_can_be_said() -> None:
    assert not is_off("A dog on a beach.", messages("12", "34"))


def test_what_was_summed_up_before_counts_as_said() -> None:
    assert not is_off("They want a flat in Lisbon with two rooms.", messages("So?", "So."), TALK[0])


TOO_LONG: Final = fake_worker.event(
    Failed(0, Problem("prompt.too_long", {"tokens": 5000, "name": "Fake", "context": 4096}))
)


def _script(summary: str) -> list[fake_worker.Step]:
    """Two answers, a chat that is full, a summary, and the answer for which there is room then."""
    turns = [fake_worker.answer(TALK[1]), fake_worker.answer(TALK[3]), [TOO_LONG], fake_worker.answer(summary)]
    asked = [step for steps in turns for step in ({"await": "generate"}, *steps)]
    rest = {"serve": {"generate": fake_worker.answer("Here you are.")}}
    return [fake_worker.HELLO, {"await": "load"}, *fake_worker.loading(), *asked, rest]


@pytest.mark.parametrize("when", ["ask", "summarise"])
@pytest.mark.parametrize(
    ("summary", "why"),
    [(DUNNO, "context.summary_off"), ("", "context.no_summary"), (" ".join(TALK * 5), "context.summary_long")],
)
def test_a_useless_summary_is_not_taken_and_dropping_is_offered(
    tmp_path: Path, summary: str, why: str, when: WhenFull
) -> None:
    async def promise() -> None:
        async with desk(tmp_path, _script(summary)) as (session, history, _):
            own = ConversationSettings(when_full=when)
            await last_of(session.reply(None, Draft(TALK[0]), model_spec=SPEC, settings=own))
            await last_of(session.reply(1, Draft(TALK[2]), model_spec=SPEC))
            events: list[TurnEvent] = []
            async with contextlib.aclosing(session.reply(1, Draft("And then?"), model_spec=SPEC)) as coming:
                async for event in coming:
                    events.append(event)
                    if isinstance(event, Full):
                        session.decide("summarise" if event.failed is None else "drop")
            asked = [event for event in events if isinstance(event, Full)]
            assert [one.failed and one.failed.id for one in asked] == ([None, why] if when == "ask" else [why])
            assert asked[-1].helps == ("drop",)
            assert any(isinstance(event, Summarising) for event in events)
            assert [event.summary for event in events if isinstance(event, Shortened)] == [""]
            assert isinstance(events[-1], Ended)
            settings = await history.settings(1)
            assert settings.summary == ""
            assert settings.dropped is not None

    run(promise())


def test_a_good_summary_is_taken(tmp_path: Path) -> None:
    said = "Flat in Lisbon, two rooms, 1,400 euros at most, agency on Tuesday."

    async def promise() -> None:
        async with desk(tmp_path, _script(said)) as (session, history, _):
            own = ConversationSettings(when_full="summarise")
            await last_of(session.reply(None, Draft(TALK[0]), model_spec=SPEC, settings=own))
            await last_of(session.reply(1, Draft(TALK[2]), model_spec=SPEC))
            await last_of(session.reply(1, Draft("And then?"), model_spec=SPEC))
            assert (await history.settings(1)).summary == said

    run(promise())


def test_where_a_summary_would_find_no_room_only_dropping_is_offered(tmp_path: Path) -> None:
    asked = [step for text in (TALK[1], TALK[3]) for step in ({"await": "generate"}, *fake_worker.answer(text))]
    full: list[fake_worker.Step] = [{"await": "generate"}, TOO_LONG]
    rest: fake_worker.Step = {"serve": {"generate": fake_worker.answer("Here you are.")}}
    script = [fake_worker.HELLO, {"await": "load"}, *fake_worker.loading(), *asked, *full, rest]

    async def promise() -> None:
        async with desk(tmp_path, script) as (session, history, _):
            await last_of(session.reply(None, Draft(TALK[0]), model_spec=SPEC))
            await last_of(session.reply(1, Draft(TALK[2]), model_spec=SPEC))
            await history.change_settings(1, lambda now: msgspec.structs.replace(now, when_full="summarise"))
            offered: list[tuple[str, ...]] = []
            async with contextlib.aclosing(session.reply(1, Draft("word " * 3200), model_spec=SPEC)) as coming:
                async for event in coming:
                    if isinstance(event, Full):
                        offered.append(event.helps)
                        session.decide("drop")
            assert offered == [("drop",)]
            assert isinstance(event, Ended)

    run(promise())
