"""ChatGPT's export comes in: its tree, its sides, its pictures; and one bad conversation costs only itself."""

from __future__ import annotations

import asyncio
import io
import json
import random
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mistral_desk.chat.history import History
from mistral_desk.chat.parts import read_picture
from mistral_desk.chat.pictures_in_memory import PicturesInMemory
from mistral_desk.chat.sharing import archive, chatgpt, coming
from mistral_desk.chat.sharing.coming import Come, take
from mistral_desk.core.errors import DeskError
from tests.fixtures.chatgpt_exports import conversation, message, plain, save

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mistral_desk.chat.imported import Imported
    from mistral_desk.chat.message import Message


def read(one: Any) -> Imported:
    return chatgpt.read(json.dumps(one).encode())


def said(chat: Imported) -> list[tuple[str, str]]:
    return [(one.role, "".join(part.body for part in one.parts)) for one in chat.messages]


def taken(*paths: Path) -> tuple[Come, list[tuple[Message, ...]], PicturesInMemory]:
    async def work() -> tuple[Come, list[tuple[Message, ...]], PicturesInMemory]:
        history, pictures = await History.temporary(), PicturesInMemory()
        try:
            come = await take(history, pictures, paths)
            return come, [await history.messages(key) for key in come.ids], pictures
        finally:
            await history.close()

    return asyncio.run(work())


# --- the form -------------------------------------------------------------------------------------------------


def test_a_conversation_with_versions_keeps_its_tree_and_what_was_shown() -> None:
    chat = read(
        conversation(
            {
                "root": (None, None),
                "sys": ("root", message("system", "", meta={"is_visually_hidden_from_conversation": True})),
                "q": ("sys", message("user", "Why?", at=1.0)),
                "a1": ("q", message("assistant", "Old.", at=2.0, meta={"model_slug": "gpt-4"})),
                "a2": ("q", message("assistant", "New.", at=3.0, meta={"model_slug": "gpt-4o"})),
                "more": ("a1", message("user", "And?", at=4.0)),
            },
            current_node="a2",
        )
    )
    assert [(one.key, one.parent) for one in chat.messages] == [("q", None), ("a1", "q"), ("a2", "q"), ("more", "a1")]
    assert chat.leaf == "a2"
    assert (chat.origin, chat.created, chat.updated) == ("chatgpt:c-1", 1_700_000_000.25, 1_700_000_100.5)
    assert [one.model for one in chat.messages] == ["", "gpt-4", "gpt-4o", ""]
    assert [one.ending for one in chat.messages] == ["", "stop", "stop", ""]


def test_thoughts_code_and_tools_become_one_answer() -> None:
    thoughts = {"content_type": "thoughts", "thoughts": [{"summary": "Plan", "content": "First add."}, 7, {}]}
    chat = read(
        conversation(
            {
                "q": (None, message("user", "Add")),
                "t": ("q", message("assistant", content=thoughts)),
                "r": ("t", message("assistant", content={"content_type": "reasoning_recap", "content": "Thought 3s"})),
                "c": ("r", message("assistant", to="python", content={"content_type": "code", "text": "1+1"})),
                "o": ("c", message("tool", content={"content_type": "execution_output", "text": "2"})),
                "w": ("o", message("assistant", to="web", content={"content_type": "code", "text": '{"q": 1}'})),
                "b": ("w", message("tool", content={"content_type": "tether_browsing_display", "result": "page"})),
                "a": ("b", message("assistant", "It is 2.\ue200cite\ue202turn0search1\ue201")),
            }
        )
    )
    question, answer = chat.messages
    assert [part.kind for part in answer.parts] == ["thinking", "text"]
    assert answer.parts[0].body == "**Plan**\n\nFirst add."
    assert answer.parts[1].body == "```python\n1+1\n```\n\n```\n2\n```\n\nIt is 2."
    assert (answer.parent, answer.effort, chat.leaf) == (question.key, "high", question.key.replace("q", "t"))


def test_instructions_of_the_person_become_the_chats_own() -> None:
    wishes = {"content_type": "user_editable_context", "user_profile": "I am Anna.", "user_instructions": "Be brief."}
    hidden = {"is_visually_hidden_from_conversation": True}
    chat = read(
        conversation({"i": (None, message("user", content=wishes, meta=hidden)), "q": ("i", message("user", "x"))})
    )
    assert chat.settings.system == "I am Anna.\n\nBe brief."
    assert said(chat) == [("user", "x")]


def test_names_of_files_stay_and_marks_go() -> None:
    files = [{"name": "a.pdf", "mime_type": "application/pdf"}, {"name": "b.png", "mime_type": "image/png"}]
    marked = 'Of \ue200entity\ue202["city","Bonn","x"]\ue201 and \ue200broken\ue201.'
    chat = read(
        conversation(
            {
                "q": (None, message("user", "Read it", meta={"attachments": files})),
                "a": (
                    "q",
                    message("assistant", marked),
                ),
            }
        )
    )
    assert "a.pdf" in said(chat)[0][1]
    assert "b.png" not in said(chat)[0][1]
    assert said(chat)[1][1] == "Of Bonn and ."


def test_pictures_come_from_the_archive(tmp_path: Path) -> None:
    drawn = io.BytesIO()
    Image.new("RGB", (5, 4), (200, 10, 30)).save(drawn, "PNG")
    pointers = ("file-service://file-AbC123", "sediment://file_000111", "sediment://file_gone")
    parts = [{"content_type": "image_asset_pointer", "asset_pointer": pointer} for pointer in pointers]
    chat = conversation({"q": (None, message("user", *parts, "What is it?"))})
    files = {"file-AbC123-drawing.png": drawn.getvalue(), "user-x/file_000111-sanitized.png": b"no picture"}
    come, (messages,), pictures = taken(save(tmp_path / "export.zip", chat, **files))
    assert (come.new, come.pictures_missing) == (1, 2)
    kinds = [part.kind for part in messages[0].parts]
    assert kinds == ["image", "text", "text", "text"]
    body = read_picture(messages[0].parts[0])
    assert body is not None
    assert (body.width, body.height, body.name) == (5, 4, "file-AbC123-drawing.png")
    assert pictures.pixels(body.sha256).rgb[:3] == bytes((200, 10, 30))


def test_the_same_again_adds_only_what_is_new(tmp_path: Path) -> None:
    async def work() -> None:
        history, pictures = await History.temporary(), PicturesInMemory()
        first = save(tmp_path / "conversations.json", plain("a"), plain("b"))
        then = save(tmp_path / "later.zip", plain("a"), plain("b"), plain("c"))
        assert (await take(history, pictures, [first])).new == 2
        come = await take(history, pictures, [then])
        assert (come.new, come.there, come.aside) == (1, 2, 0)
        assert len(await history.conversations()) == 3
        await history.close()

    asyncio.run(work())


def test_several_files_of_one_export_come_together(tmp_path: Path) -> None:
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w") as made:
        for number in range(3):
            made.writestr(f"x/conversations-00{number}.json", json.dumps([plain(f"c{number}")]))
        made.writestr("shared_conversations.json", json.dumps([{"id": "x", "title": "t"}]))
    come, chats, _ = taken(path)
    assert (come.new, come.aside) == (3, 0)
    assert all(len(one) == 2 for one in chats)


# --- broken and hostile ones ----------------------------------------------------------------------------------


def circle() -> dict[str, Any]:
    made = plain("circle", 2)
    made["mapping"]["n0"]["parent"] = "n3"
    return made


def lost() -> dict[str, Any]:
    made = plain("lost", 2)
    made["mapping"]["n2"]["parent"] = "nobody"
    made["mapping"]["n1"]["children"] = []
    return made


BAD: dict[str, tuple[Any, str]] = {
    "a circle": (circle(), "sharing.circle"),
    "its own parent": (conversation({"q": ("q", message("user", "x"))}), "sharing.circle"),
    "no mapping": ({"title": "x"}, "sharing.broken"),
    "mapping is a list": ({**plain("x"), "mapping": []}, "sharing.broken"),
    "nothing for a reader": (conversation({"r": (None, None)}), "sharing.empty"),
    "only hidden": (conversation({"s": (None, message("system", "secret"))}), "sharing.empty"),
    "a list of numbers": ([1, 2], "sharing.broken"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_conversation_costs_only_itself(name: str, tmp_path: Path) -> None:
    bad, problem = BAD[name]
    come, _, _ = taken(save(tmp_path / "conversations.json", plain("one"), bad, plain("two")))
    assert (come.new, come.aside) == (2, 1)
    assert come.told[0].problem.id == problem


def test_a_message_whose_parent_is_missing_begins_anew() -> None:
    chat = read(lost())
    assert [one.parent for one in chat.messages] == [None, "n0", None, "n2"]
    assert chat.leaf == "n3"


@pytest.mark.parametrize(
    "change",
    [
        {"title": None}, {"title": 7}, {"create_time": "yesterday"}, {"create_time": 1e300}, {"update_time": None},
        {"current_node": "nobody"}, {"current_node": 3}, {"id": None, "conversation_id": None}, {"is_archived": "no"},
    ],
)  # fmt: skip
def test_wrong_values_that_matter_little_are_passed_over(change: dict[str, Any]) -> None:
    assert len(read({**plain("x"), **change}).messages) == 2


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=5,
)
PLACES = [
    *("author", "content", "metadata", "weight", "recipient", "create_time", "channel", "parts", "thoughts", "role"),
    *("text", "attachments", "parent", "children", "message"),
]


@settings(max_examples=200)
@given(
    st.sampled_from([*PLACES, "parts", "thoughts", "role", "text", "attachments", "parent", "children", "message"]),
    JUNK,
)
def test_whatever_stands_in_the_place_of_a_value_nothing_breaks(place: str, junk: Any) -> None:
    one = plain("x", 2)
    node = one["mapping"]["n1"]
    target = {
        "parts": node["message"]["content"], "text": node["message"]["content"], "thoughts": node["message"]["content"],
        "role": node["message"]["author"], "attachments": node["message"]["metadata"],
        "parent": node, "children": node, "message": node,
    }.get(place, node["message"])  # fmt: skip
    if place in {"text", "thoughts"}:
        target["content_type"] = {"text": "code", "thoughts": "thoughts"}[place]
    target[place] = junk
    problem = ""
    try:
        chat = read(one)
        assert chat.messages
    except DeskError as error:
        problem = error.problem.id
    assert problem in {"", "sharing.circle", "sharing.empty"}


def test_half_a_character_is_replaced(tmp_path: Path) -> None:
    raw = json.dumps([plain("x", text="Smile \ud83d"), plain("y", text="\\ud83d \U0001f600")]).encode()
    (tmp_path / "conversations.json").write_bytes(raw)
    come, (one, two), _ = taken(tmp_path / "conversations.json")
    assert come.aside == 0
    assert one[0].text.endswith("Smile \ufffd")
    assert two[0].text.endswith("\\ud83d \U0001f600")


def test_deep_nesting_is_set_aside(tmp_path: Path) -> None:
    deep = b'{"mapping": {"a": {"message": {"content": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}}}"
    (tmp_path / "conversations.json").write_bytes(b"[" + deep + b"," + json.dumps(plain("x")).encode() + b"]")
    come, _, _ = taken(tmp_path / "conversations.json")
    assert (come.new, come.aside) == (1, 1)


def test_a_file_that_ends_too_early_gives_what_it_has(tmp_path: Path) -> None:
    path = save(tmp_path / "conversations.json", *(plain(str(n)) for n in range(4)))
    path.write_bytes(path.read_bytes()[:-200])
    come, _, _ = taken(path)
    assert (come.new, come.aside) == (3, 1)
    assert come.told[0].problem.id == "sharing.ends"


def test_an_archive_that_climbs_out_writes_nowhere(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "export.zip"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as made:
        for name in ("../conversations.json", "../../file-AbC-x.png", "/etc/file-AbC.png", "C:\\file-AbC.png"):
            made.writestr(name, json.dumps([plain("x")]) if name.endswith("json") else b"x")
    before = set(tmp_path.rglob("*"))
    come, _, _ = taken(path)
    assert come.new == 1
    assert set(tmp_path.rglob("*")) == before


def test_a_bomb_is_read_to_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mistral_desk.chat.sharing.sources.MOST_UNPACKED", 5_000_000)
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        start = json.dumps([plain("x")]).encode().removesuffix(b"]")
        made.writestr("conversations.json", start + b"," + b" " * 50_000_000)
    assert path.stat().st_size < 200_000
    come, _, _ = taken(path)
    assert (come.new, come.aside) == (1, 1)


def many_members(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as made:
        for number in range(40):
            made.writestr(f"{number}", b"")


def damaged(path: Path) -> None:
    save(path, plain("x"))
    path.write_bytes(path.read_bytes()[:-40])


def locked(path: Path) -> None:
    save(path, plain("x"))
    raw = bytearray(path.read_bytes())
    for sign, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = -1
        while (at := raw.find(sign, at + 1)) >= 0:
            raw[at + flags] |= 1
    path.write_bytes(raw)


def noise(path: Path) -> None:
    path.write_bytes(b"PK\x03\x04" + random.Random(1).randbytes(500) + b"PK\x05\x06" + b"\xff" * 18)


@pytest.mark.parametrize("make", [many_members, damaged, locked, noise])
def test_an_archive_that_is_not_what_it_says_is_refused(
    make: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MOST_MEMBERS", 30)
    make(tmp_path / "export.zip")
    problem = ""
    try:
        come, _, _ = taken(tmp_path / "export.zip")
        assert (come.new, come.aside) == (0, 1)
    except DeskError as error:
        problem = error.problem.id
    assert problem in {"", "sharing.archive"}


def test_a_run_that_is_cancelled_keeps_what_has_come(tmp_path: Path) -> None:
    async def work() -> None:
        history = await History.temporary()
        path = save(tmp_path / "conversations.json", *(plain(str(n)) for n in range(50)))
        seen = asyncio.Event()

        def told(now: Come) -> None:
            if now.new == 3:
                seen.set()

        task = asyncio.create_task(coming.take(history, PicturesInMemory(), [path], told))
        await seen.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        come = len(await history.conversations())
        assert 3 <= come < 50
        again = await take(history, PicturesInMemory(), [path])
        assert (again.new, again.there) == (50 - come, come)
        await history.close()

    asyncio.run(work())
