"""Conversations as wholes: changed together, copied from any message, taken in from elsewhere, thrown away for good."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mistral_desk.chat.backups import now
from mistral_desk.chat.history import History
from mistral_desk.chat.imported import Imported, ImportedMessage
from mistral_desk.chat.message import ConversationSettings, Part
from mistral_desk.inference.protocol import Figures
from tests.fixtures.engines import problem_of, run
from tests.fixtures.index import index_differs

if TYPE_CHECKING:
    from pathlib import Path

    from mistral_desk.chat.message import Message

FIGURES = Figures(prompt_tokens=7, generated_tokens=3, first_token_s=0.25, tokens_per_s=12.5, seed=4)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "Daten von Jürgen" / "history.sqlite3"


def message(key: str, parent: str | None, text: str, **more: object) -> ImportedMessage:
    return ImportedMessage(key, parent, "user", 5.0, (Part("text", text),), **more)  # type: ignore[arg-type]


def inside(one: Message) -> Message:
    """A message without its own and its conversation's number."""
    return msgspec.structs.replace(one, id=0, conversation=0, parent=None)


def test_many_are_changed_together_or_none_is(path: Path) -> None:
    async def promise() -> None:
        history, _ = await History.open(path)
        ids = [(await history.create(title)).id for title in "abcd"]
        changed = await history.change([ids[2], ids[0]], pinned=True, archived=True)
        assert [(chat.id, chat.pinned, chat.archived) for chat in changed] == [
            (ids[2], True, True),
            (ids[0], True, True),
        ]
        gone = await history.change(ids[:2], deleted=True)
        assert all(chat.deleted_at for chat in gone)
        assert gone[0].pinned, "what is not said stays"
        assert [chat.id for chat in await history.conversations()] == [ids[3]]
        assert (await problem_of(history.change([ids[3], 999, ids[2]], deleted=True)))[0] == "history.missing"
        assert [chat.id for chat in await history.conversations()] == [ids[3]], "none of them"
        back = await history.change(ids[:2], deleted=False, archived=False)
        assert [chat.deleted_at for chat in back] == [None, None]
        assert await history.change([], deleted=True) == ()
        await history.close()

    run(promise())


def test_a_branch_becomes_a_chat_of_its_own(path: Path) -> None:
    async def promise() -> None:
        history, _ = await History.open(path)
        chosen = ConversationSettings(system="Be brief", model="builtin", think=True)
        chat, user, answer = await history.begin_turn(None, "first", settings=chosen)
        await history.update_answer(
            answer.id,
            [Part("thinking", "hm"), Part("text", "one")],
            tokens=(1, 2, 3),
            vocabulary="v",
            ending="stop",
            figures=FIGURES,
        )
        _, _, other = await history.begin_version(user.id)
        await history.begin_turn(chat.id, "below the second version", parent=other.id)
        _, last, _ = await history.begin_turn(chat.id, "second", parent=answer.id)
        before = await history.tree(chat.id)

        copy = await history.branch_off(last.id)
        assert (copy.title, copy.pinned) == ("first", False)
        original = await history.branch(last.id)
        messages = await history.messages(copy.id)
        assert [inside(one) for one in messages] == [inside(one) for one in original]
        assert [one.tokens for one in messages] == [(), (1, 2, 3), ()], "so nothing is read anew"
        assert await history.tree(copy.id) == messages, "and nothing else"
        assert [one.parent for one in messages] == [None, messages[0].id, messages[1].id]
        assert await history.settings(copy.id) == chosen
        assert await history.tree(chat.id) == before
        assert next(iter(await history.conversations())).id == copy.id, "it is the newest"

        await history.purge(chat.id)
        assert await history.messages(copy.id) == messages, "it stands alone"
        assert (await problem_of(history.branch_off(last.id)))[0] == "history.missing"
        named = await history.branch_off(messages[1].id, "Another way")
        assert named.title == "Another way"
        await history.indexed()
        assert await history._store.read(index_differs) == ""
        await history.close()

    run(promise())


def test_a_growing_answer_is_copied_as_one_that_was_stopped(path: Path) -> None:
    async def promise() -> None:
        history, _ = await History.open(path)
        _, _, answer = await history.begin_turn(None, "go")
        await history.update_answer(answer.id, [Part("text", "half")], tokens=(5,), vocabulary="v")
        copy = await history.branch_off(answer.id)
        (_, half) = await history.messages(copy.id)
        assert (half.text, half.tokens, half.ending) == ("half", (5,), "stopped")
        await history.close()

    run(promise())


def test_what_settings_say_of_messages_is_said_of_the_copies(path: Path) -> None:
    async def promise() -> None:
        history, _ = await History.open(path)
        chat, user, answer = await history.begin_turn(None, "first")
        _, _, last = await history.begin_turn(chat.id, "second")
        said = ConversationSettings(
            dropped=answer.id, summary="they greeted", thoughts={str(answer.id): True, str(last.id): False, "999": True}
        )
        await history.set_settings(chat.id, said)
        copy = await history.branch_off(last.id)
        kept = await history.settings(copy.id)
        ids = [one.id for one in await history.messages(copy.id)]
        assert (kept.dropped, kept.summary) == (ids[1], "they greeted")
        assert kept.thoughts == {str(ids[1]): True, str(ids[3]): False}
        early = await history.branch_off(user.id)
        assert (await history.settings(early.id)).dropped is None, "what was dropped is not in it"
        assert (await history.settings(early.id)).summary == ""
        await history.close()

    run(promise())


def test_an_import_keeps_the_tree_and_comes_once(path: Path) -> None:
    new = Imported(
        "Von \ud83d\ude42 früher",
        100.0,
        200.0,
        (
            message("a", None, "question"),
            ImportedMessage("b", "a", "assistant", 6.0, (Part("text", "first"),), "gpt-4", "high", "stop", FIGURES),
            ImportedMessage("c", "a", "assistant", 7.0, (Part("text", "second"),)),
            message("d", "b", "more"),
            message("e", "c", "other"),
        ),
        leaf="d",
        origin="chatgpt:1",
        archived=True,
        settings=ConversationSettings(system="Be kind"),
    )

    async def promise() -> None:
        history, _ = await History.open(path)
        chat = await history.put(new)
        assert chat is not None
        assert (chat.title, chat.created, chat.updated, chat.archived) == ("Von 🙂 früher", 100.0, 200.0, True)
        assert [one.text for one in await history.messages(chat.id)] == ["question", "first", "more"]
        tree = await history.tree(chat.id)
        assert [one.text for one in tree] == ["question", "first", "second", "more", "other"]
        assert (tree[1].model, tree[1].effort, tree[1].ending, tree[1].figures) == ("gpt-4", "high", "stop", FIGURES)
        assert len(await history.versions(tree[2].id)) == 2
        assert (await history.settings(chat.id)).system == "Be kind"
        assert await history.put(new) is None
        await history.delete(chat.id)
        again = await history.put(new)
        assert again is not None, "the one in the bin makes room"
        await history.restore(chat.id)
        assert await history.put(new) is None
        nameless = msgspec.structs.replace(new, origin="")
        assert await history.put(nameless) is not None
        assert await history.put(nameless) is not None, "without an origin nobody knows"
        await history.indexed()
        assert await history._store.read(index_differs) == ""
        await history.close()
        history, _ = await History.open(path)
        assert await history.put(new) is None, "after a restart, too"
        await history.close()

    run(promise())


def test_our_own_export_comes_back_only_where_the_chat_is_gone(path: Path, tmp_path: Path) -> None:
    said = (message("a", None, "hello"),)

    async def promise() -> None:
        history, _ = await History.open(path)
        elsewhere, _ = await History.open(tmp_path / "other" / "history.sqlite3")
        chat, *_ = await history.begin_turn(None, "hello")
        origin = await history.origin(chat.id)
        assert origin.startswith("mistral-desk:")
        assert origin != await elsewhere.origin(chat.id)
        exported = Imported("hello", 1.0, 1.0, said, origin=origin)
        assert await history.put(exported) is None
        assert await elsewhere.put(exported) is not None
        assert await elsewhere.put(exported) is None
        await history.delete(chat.id)
        assert await history.put(exported) is not None
        assert await history.put(exported) is None
        for odd in ("mistral-desk:", "mistral-desk::1", f"{origin}x", origin.rsplit(":", 1)[0] + ":" + "9" * 40):
            assert await history.put(msgspec.structs.replace(exported, origin=odd)) is not None
        await history.close()
        await elsewhere.close()

    run(promise())


def test_settings_that_speak_of_messages_speak_of_the_imported_ones(path: Path) -> None:
    async def promise() -> None:
        history, _ = await History.open(path)
        said = ConversationSettings(dropped=17, summary="they greeted", thoughts={"17": True, "4": True})
        chat = await history.put(
            Imported("t", 1.0, 1.0, (message("17", None, "x"), message("18", "17", "y")), settings=said)
        )
        assert chat is not None
        (first, _) = await history.messages(chat.id)
        kept = await history.settings(chat.id)
        assert (kept.dropped, kept.summary, kept.thoughts) == (first.id, "they greeted", {str(first.id): True})
        await history.close()

    run(promise())


def test_thousands_of_messages_of_one_second_have_a_place_each(path: Path) -> None:
    """As some imports say; and where they are copied, all the places beside are taken already."""

    async def promise() -> None:
        history, _ = await History.open(path)
        new = tuple(message(str(n), str(n - 1) if n else None, f"mole {n}") for n in range(1_500))
        chat = await history.put(Imported("t", 5.0, 5.0, new))
        assert chat is not None
        assert chat.leaf is not None
        copy = await history.branch_off(chat.leaf)
        await history.indexed()
        found = await history.search("mole", limit=30_000, thorough=True)
        assert len({hit.message for hit in found.hits}) == 3_000
        assert {hit.conversation.id for hit in found.hits} == {chat.id, copy.id}
        await history.close()

    run(promise())


@pytest.mark.parametrize(
    "messages",
    [
        (message("a", "b", "x"), message("b", None, "y")),
        (message("a", "a", "x"),),
        (message("a", None, "x"), message("a", None, "y")),
        (message("a", "nowhere", "x"),),
    ],
)
def test_a_broken_tree_is_refused_whole(path: Path, messages: tuple[ImportedMessage, ...]) -> None:
    async def promise() -> None:
        history, _ = await History.open(path)
        with pytest.raises(ValueError, match="imported message"):
            await history.put(Imported("t", 1.0, 1.0, messages))
        assert await history.conversations() == ()
        await history.close()

    run(promise())


@pytest.mark.parametrize("time", [float("nan"), float("inf"), -5.0, 1e300])
def test_times_that_cannot_be_are_made_possible(path: Path, time: float) -> None:
    async def promise() -> None:
        history, _ = await History.open(path)
        one = ImportedMessage("a", None, "user", time, (Part("text", "heron"),))
        chat = await history.put(Imported("t", time, time, (one, message("b", "a", "x"))))
        assert chat is not None
        (first, _) = await history.messages(chat.id)
        assert 0 <= first.created <= now()
        assert [hit.message for hit in (await history.search("heron")).hits] == [first.id]
        await history.close()

    run(promise())


@pytest.mark.parametrize("year", [2033.0, 5000.0, 10_000.0, 1e200])
def test_an_import_that_is_dated_in_the_future_does_not_stand_above_all_others(path: Path, year: float) -> None:
    """Whether it is a wrong clock or a joke: it is as late as it came, by whichever way it came."""
    later = (year - 1970) * 365.25 * 24 * 3600

    async def promise() -> None:
        history, _ = await History.open(path)
        one = ImportedMessage("a", None, "user", later, (Part("text", "heron"),))
        chat = await history.put(Imported("future", later, later, (one,)))
        assert chat is not None
        assert max(chat.created, chat.updated) <= now()
        assert (await history.messages(chat.id))[0].created <= now()
        begun = await history.create("begun afterwards")
        assert [found.id for found in await history.conversations()] == [begun.id, chat.id]
        await history.close()

    run(promise())


def test_an_empty_import_is_an_empty_chat(path: Path) -> None:
    async def promise() -> None:
        history, _ = await History.open(path)
        chat = await history.put(Imported("", 1.0, 1.0, ()))
        assert chat is not None
        assert (chat.leaf, await history.messages(chat.id)) == (None, ())
        await history.close()

    run(promise())


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 100), st.floats(0, 1e10)), min_size=1, max_size=25), st.integers(0, 100))
def test_any_tree_comes_in_as_it_is_and_any_branch_goes_off(shape: list[tuple[int, float]], pick: int) -> None:
    new = tuple(
        ImportedMessage(
            str(number),
            None if number == 0 or above % (number + 1) == number else str(above % (number + 1)),
            "assistant" if number % 2 else "user",
            time,
            (Part("text", f"say {number}"),),
        )
        for number, (above, time) in enumerate(shape)
    )

    async def promise() -> None:
        history = await History.temporary()
        chat = await history.put(Imported("t", 1.0, 2.0, new))
        assert chat is not None
        tree = await history.tree(chat.id)
        places = {one.id: str(number) for number, one in enumerate(tree)}
        assert [(None if one.parent is None else places[one.parent]) for one in tree] == [one.parent for one in new]
        chosen = tree[pick % len(tree)]
        copy = await history.branch_off(chosen.id)
        assert [one.text for one in await history.messages(copy.id)] == [
            one.text for one in await history.branch(chosen.id)
        ]
        await history.indexed()
        assert await history._store.read(index_differs) == ""
        await history.close()

    run(promise())
