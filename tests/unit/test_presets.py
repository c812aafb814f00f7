"""Presets: what they hold, how they are kept, and what a chat has beyond one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from mistral_desk.chat.history import History
from mistral_desk.chat.message import ConversationSettings
from mistral_desk.chat.presets import (
    FIELDS,
    LONGEST_NAME,
    Preset,
    applied,
    beyond,
    changed,
    chosen,
    essence,
    fitting_name,
    over,
    own,
    value,
)
from mistral_desk.inference.protocol import Sampling

if TYPE_CHECKING:
    from pathlib import Path

OTHER = {
    "system": "Answer in verse.",
    "temperature": 0.3,
    "top_k": 5,
    "top_p": 0.5,
    "min_p": 0.2,
    "repeat_penalty": 1.2,
    "seed": 7,
    "longest": 300,
    "think_tokens": 2000,
    "think_seconds": 60,
    "think": True,
    "keep_thinking": False,
    "when_full": "drop",
}
CHAT = ConversationSettings(system="Old.", model="builtin", dropped=12, summary="They met.", unknown={"x": 1})


def test_each_field_can_be_said_seen_and_taken_back() -> None:
    plain = ConversationSettings()
    assert set(OTHER) == set(FIELDS)
    assert own(plain) == ()
    for field, said in OTHER.items():
        told = changed(plain, field, said)
        assert (own(told), value(told, field)) == ((field,), said)
        assert changed(told, field, value(plain, field)) == plain


@given(st.sets(st.sampled_from(FIELDS)), st.sets(st.sampled_from(FIELDS)))
def test_what_a_chat_has_beyond_its_preset_is_exactly_what_was_changed(first: set[str], then: set[str]) -> None:
    preset = Preset(3, "Poet", ConversationSettings())
    for field in first:
        preset = msgspec.structs.replace(preset, settings=changed(preset.settings, field, OTHER[field]))
    chat = applied(CHAT, preset)
    assert beyond(chat, preset.settings) == ()
    assert (chat.model, chat.dropped, chat.summary, chat.unknown) == (CHAT.model, 12, "They met.", {"x": 1})
    for field in then:
        back = value(ConversationSettings(), field)
        chat = changed(chat, field, back if field in first else OTHER[field])
    assert set(beyond(chat, preset.settings)) == then
    assert chosen(chat, (preset,)) == preset
    assert own(applied(chat, None)) == ()


def test_sampling_of_a_request_comes_before_the_chats() -> None:
    assert over(Sampling(temperature=0.0), Sampling(temperature=1.0, top_k=3)) == Sampling(temperature=0.0, top_k=3)
    assert over(Sampling(), Sampling()) == Sampling()


@given(st.text(max_size=200), st.lists(st.text(max_size=80), max_size=4))
def test_a_name_fits_and_is_its_own(name: str, taken: list[str]) -> None:
    made = fitting_name(name, taken)
    assert made
    assert made == " ".join(made.split())
    assert len(made) <= LONGEST_NAME + 4
    assert made.casefold() not in {one.casefold() for one in taken}


def test_presets_are_kept_renamed_deleted_and_brought_back(tmp_path: Path) -> None:
    async def work() -> None:
        history, _ = await History.open(tmp_path / "history.sqlite3")
        try:
            poet = await history.save_preset(Preset(0, " Poet\n", essence(changed(CHAT, "temperature", 1.2))))
            clerk = await history.save_preset(Preset(0, "Clerk", ConversationSettings(system="Be dry."), default=True))
            assert [one.name for one in await history.presets()] == ["Clerk", "Poet"]
            assert (poet.settings.dropped, poet.settings.summary, poet.settings.model) == (None, "", "")
            twin = await history.save_preset(Preset(0, "poet", ConversationSettings()))
            assert twin.name == "poet 2"
            renamed = await history.save_preset(msgspec.structs.replace(poet, name="Bard", default=True))
            assert renamed.id == poet.id
            assert [one.name for one in await history.presets() if one.default] == ["Bard"]
            await history.delete_preset(clerk.id)
            assert {one.name for one in await history.presets()} == {"Bard", "poet 2"}
            back = await history.restore_preset(clerk)
            assert (back.id, back.settings.system) == (clerk.id, "Be dry.")
            assert [one.name for one in await history.presets() if one.default] == ["Clerk"]
        finally:
            await history.close()
        again, _ = await History.open(tmp_path / "history.sqlite3")
        try:
            kept = {one.name: one for one in await again.presets()}
            assert kept["Bard"].settings.sampling == Sampling(temperature=1.2)
        finally:
            await again.close()

    asyncio.run(work())


def test_settings_are_changed_in_one_step() -> None:
    async def work() -> None:
        history = await History.temporary()
        try:
            chat = await history.create()

            async def say(field: str) -> None:
                await history.change_settings(chat.id, lambda now: changed(now, field, OTHER[field]))

            await asyncio.gather(*map(say, FIELDS))
            assert own(await history.settings(chat.id)) == FIELDS
        finally:
            await history.close()

    asyncio.run(work())
