"""The steps from one order of the list to another lead there, and are few where little has changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from mistral_desk.chat.message import Conversation
from mistral_desk.ui.sidebar.days import groups, label
from mistral_desk.ui.sidebar.steps import MOST, Step, steps

ORDERS = st.lists(st.integers(0, 12), unique=True, max_size=12)
NOW = datetime(2026, 11, 29, 13, 0, tzinfo=UTC)


def walked(old: list[int], way: list[Step], new: list[int]) -> list[int]:
    rows = list(old)
    for step in way:
        if step.kind == "remove":
            assert step.at + step.lines <= len(rows)
            del rows[step.at : step.at + step.lines]
        elif step.kind == "insert":
            rows[step.at : step.at] = new[step.at : step.at + step.lines]
        else:
            assert step.source > step.at, "Qt wants a move upwards"
            rows.insert(step.at, rows.pop(step.source))
    return rows


@given(ORDERS, ORDERS)
def test_the_steps_lead_there(old: list[int], new: list[int]) -> None:
    way = steps(old, new)
    assert way is not None
    assert walked(old, way, new) == new


def test_a_chat_that_comes_to_the_top_is_one_move() -> None:
    old = list(range(1000))
    assert steps(old, [700, *old[:700], *old[701:]]) == [Step("move", 0, source=700)]


def test_a_chat_that_leaves_its_pin_is_taken_out_and_put_in() -> None:
    old = list(range(1000))
    way = steps(old, [*old[1:600], 0, *old[600:]])
    assert way == [Step("remove", 0), Step("insert", 599)]


def test_one_that_stands_twice_or_another_order_altogether_has_no_steps() -> None:
    assert steps(["Today", 1, "Today", 2], ["Today", 1]) is None
    many = list(range(4 * MOST))
    assert steps(many, [*many[1::2], *many[::2]][::-1]) is None


@given(st.lists(st.tuples(st.booleans(), st.floats(-1e12, 1e13)), max_size=30))
def test_the_groups_are_what_each_label_says(rows: list[tuple[bool, float]]) -> None:
    rows.sort(key=lambda row: (not row[0], -row[1]))
    chats = [Conversation(n, "", 0, updated, None, pinned=pinned) for n, (pinned, updated) in enumerate(rows)]
    made = groups(chats, NOW)
    assert [one for _name, members in made for one in members] == chats
    assert all(label(one, NOW) == name for name, members in made for one in members)
    assert all(before[0] != after[0] for before, after in pairwise(made))


def test_days_have_their_groups_around_midnight() -> None:
    midnight = NOW.replace(hour=0)
    moments = [NOW, midnight, midnight - timedelta(seconds=1), midnight - timedelta(days=1, seconds=1)]
    chats = [Conversation(n, "", 0, moment.timestamp(), None) for n, moment in enumerate(moments)]
    assert [name for name, _members in groups(chats, NOW)] == ["Today", "Yesterday", "Last 7 days"]
    assert [len(members) for _name, members in groups(chats, NOW)] == [2, 1, 1]
