"""What is sent of a conversation never passes the context, splits no turn, and always ends with the question."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mistral_desk.chat import context
from mistral_desk.chat.context import Budget
from mistral_desk.chat.message import ConversationSettings, Message, Part
from mistral_desk.chat.prompting import turns_of

if TYPE_CHECKING:
    from mistral_desk.inference.protocol import Role

PICTURE = '{"sha256": "%s", "name": "cat.png", "width": 2, "height": 2}' % ("a" * 64)


def message(key: int, role: Role, words: int = 3, picture: bool = False) -> Message:
    parts = (Part("image", PICTURE),) if picture and role == "user" else ()
    return Message(key, 1, key - 1 or None, role, 0.0, (*parts, Part("text", " ".join([f"w{key}"] * words))))


@st.composite
def branches(draw: Any) -> tuple[Message, ...]:
    """A branch as it may be stored, imports and stopped answers included; its last message is a person's."""
    roles = draw(st.lists(st.sampled_from(["user", "user", "assistant", "assistant", "system"]), max_size=14))
    made = [
        message(key, role, draw(st.integers(1, 9)), draw(st.booleans()))
        for key, role in enumerate([*roles, "user"], start=1)
    ]
    return tuple(made)


def size(messages: tuple[Message, ...]) -> int:
    """A word is a token, a picture five; each message has two of markup."""
    return sum(2 + len(one.text.split()) + 5 * sum(part.kind == "image" for part in one.parts) for one in messages)


@given(branches())
def test_turns_are_the_whole_branch_in_order_and_begin_with_a_person(branch: tuple[Message, ...]) -> None:
    made = context.turns(branch)
    assert [one for turn in made for one in turn] == [one for one in branch if one.role != "system"]
    for turn in made[1:]:
        assert turn[0].role == "user"
        roles = [one.role for one in turn]
        assert roles == sorted(roles, reverse=True), "first the person, then the answers"


@given(branches(), st.data())
def test_what_is_dropped_is_whole_turns_from_the_oldest_on(branch: tuple[Message, ...], data: st.DataObject) -> None:
    plain = context.sent(branch, ConversationSettings(system="Be kind."))
    assert (plain.messages, plain.gone) == (branch, ())
    assume(plain.droppable)
    count = data.draw(st.integers(1, plain.droppable))
    last = context.last_of(plain, count)
    chosen = context.sent(branch, ConversationSettings(system="Be kind.", dropped=last, summary="They met."))
    assert chosen.messages == context.without(plain, count)
    assert [one.id for one in chosen.gone] == [one.id for turn in plain.turns[:count] for one in turn]
    assert chosen.turns == plain.turns[count:], "no turn is split"
    assert chosen.messages[-1] == branch[-1], "the question is always sent"
    assert [one for one in chosen.messages if one.role == "system"] == [one for one in branch if one.role == "system"]
    assert chosen.system.startswith("Be kind.")
    assert "They met." in chosen.system
    images = [part for one in chosen.messages for part in one.parts if part.kind == "image"]
    asked = turns_of(chosen.messages, chosen.system)
    said = [name for turn in asked for name in turn.images]
    kept = [one for one in chosen.messages if one.role == "user"]
    if len({one.text for one in kept}) == len(kept):  # the same words twice in a row count once
        assert len(said) == len(images), "pictures of kept turns go with them"


@given(branches(), st.integers(1, 40))
def test_what_another_branch_dropped_counts_only_where_it_stands(branch: tuple[Message, ...], dropped: int) -> None:
    chosen = context.sent(branch, ConversationSettings(dropped=dropped, summary="S"))
    assert chosen.messages[-1] == branch[-1]
    if dropped > len(branch):
        assert (chosen.messages, chosen.system) == (branch, "")
    assert all(one.id <= dropped for one in chosen.gone)
    assert {one.id for one in chosen.gone} | {one.id for one in chosen.messages} == {one.id for one in branch}


@given(branches(), st.integers(1, 120), st.integers(1, 60))
def test_what_is_left_fits_or_is_refused(branch: tuple[Message, ...], limit: int, goal: int) -> None:
    chosen = context.sent(branch, ConversationSettings())
    asked: list[int] = []

    async def rest(count: int) -> int:
        asked.append(count)
        return size(context.without(chosen, count))

    count = asyncio.run(context.fewest(chosen.droppable, rest, min(goal, limit), limit))
    sizes = {n: size(context.without(chosen, n)) for n in range(1, chosen.droppable + 1)}
    if count is None:
        assert all(one > limit for one in sizes.values()), "refused only where nothing fits"
        return
    assert sizes[count] <= limit, "never over the limit"
    aim = min(goal, limit) if any(one <= min(goal, limit) for one in sizes.values()) else limit
    assert count == min(n for n, one in sizes.items() if one <= aim), "no more goes than has to"
    assert len(asked) == len(set(asked)), "nothing is counted twice"
    assert len(asked) <= 2 * (len(sizes).bit_length() + 1)


@given(st.lists(st.integers(1, 30), min_size=1, max_size=20), st.integers(1, 60), st.data())
def test_what_is_summed_up_at_once_fits(sizes: list[int], limit: int, data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(sizes)))

    async def together(start: int, end: int) -> int:
        return sum(sizes[start:end])

    end = asyncio.run(context.most_of(first, len(sizes), together, limit))
    if end is None:
        assert first == len(sizes) or sizes[first] > limit
        return
    assert first < end <= len(sizes)
    assert sum(sizes[first:end]) <= limit
    assert end == len(sizes) or sum(sizes[first : end + 1]) > limit


@given(st.integers(1, 300_000), st.none() | st.integers(1, 5000))
def test_an_answer_has_room_in_every_context(size: int, longest: int | None) -> None:
    room = context.room_for(size, longest)
    assert 1 <= room <= max(1, size // context.ROOM_SHARE)
    assert longest is None or room <= longest
    assert context.summary_size(size) >= 16


@given(
    st.integers(0, 10_000), st.integers(0, 9_000), st.integers(0, 9_000), st.integers(0, 9_000), st.integers(0, 9_000)
)
def test_the_shares_of_a_budget_are_the_whole(size: int, used: int, system: int, pictures: int, message: int) -> None:
    assume(system + pictures + message <= used)
    budget = Budget(size, used, system, pictures, message, wanted=context.room_for(size))
    assert budget.system + budget.pictures + budget.message + budget.earlier == used
    assert 0 <= budget.share <= 1
    assert budget.room == max(0, size - used)
    if not budget.full:
        assert budget.room >= budget.wanted


@pytest.mark.parametrize("dropped", [None, 99])
def test_without_anything_dropped_a_summary_is_not_sent(dropped: int | None) -> None:
    branch = (message(1, "user"), message(2, "assistant"), message(3, "user"))
    assert context.sent(branch, ConversationSettings(summary="Old.", dropped=dropped)).system == ""
