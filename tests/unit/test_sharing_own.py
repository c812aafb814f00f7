"""Our own JSON: what goes out comes in again as it was, and what is not ours or contradicts itself is refused."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mistral_desk.chat.attachments import Pictures, Pixels
from mistral_desk.chat.attachments.kinds import TextFile
from mistral_desk.chat.history import History
from mistral_desk.chat.imported import Imported, ImportedMessage
from mistral_desk.chat.message import ConversationSettings, Part
from mistral_desk.chat.parts import file_part, picture_part
from mistral_desk.chat.pictures_in_memory import PicturesInMemory
from mistral_desk.chat.sharing import own
from mistral_desk.chat.sharing.coming import take
from mistral_desk.chat.sharing.out import Export
from mistral_desk.chat.sharing.shared import Wish
from mistral_desk.core.errors import DeskError
from mistral_desk.inference.protocol import Figures, Sampling

if TYPE_CHECKING:
    from mistral_desk.chat.parts import Gallery
    from mistral_desk.chat.sharing.coming import Come

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
TIMES = st.floats(0, 4_000_000_000, allow_nan=False)
PARTS = st.lists(
    st.one_of(
        st.builds(Part, st.sampled_from(("text", "thinking", "image", "file")), TEXT),
        st.builds(lambda name, text: file_part(TextFile(name, text)), TEXT, TEXT),
    ),
    max_size=3,
).map(tuple)
FIGURES = st.none() | st.builds(
    Figures, st.integers(9, 19), st.integers(0, 9), st.integers(0, 9), tokens_per_s=st.none() | st.floats(0, 100)
)


@st.composite
def conversations(draw: st.DrawFn) -> Imported:
    """A tree with versions and several beginnings."""
    messages: list[ImportedMessage] = []
    for number in range(draw(st.integers(0, 8))):
        above = draw(st.none() | st.sampled_from(messages)) if messages else None
        messages.append(
            ImportedMessage(
                str(number),
                above.key if above else None,
                draw(st.sampled_from(("user", "assistant", "system"))),
                draw(TIMES),
                draw(PARTS),
                draw(TEXT),
                draw(st.sampled_from(("none", "high"))),
                draw(st.sampled_from(("stop", "length", "stopped", "unfinished", "failed", ""))),
                draw(FIGURES),
            )
        )
    leaf = draw(st.sampled_from(messages)).key if messages else None
    chosen = ConversationSettings(draw(TEXT), draw(TEXT), draw(st.none() | st.booleans()), Sampling(temperature=0.5))
    return Imported(
        draw(TEXT),
        draw(TIMES),
        draw(TIMES),
        tuple(messages),
        leaf,
        "",
        draw(st.booleans()),
        draw(st.booleans()),
        chosen,
    )


async def exported(history: History, key: int, target: Path, pictures: Gallery | None = None, **wish: Any) -> bytes:
    await Export(history, pictures, [key], target, Wish("json", **wish), "file").run()
    return await asyncio.to_thread(target.read_bytes)


def without_names(document: bytes) -> dict[str, Any]:
    """The document with ids by their place: another history gives others."""
    found: dict[str, Any] = json.loads(document)
    places = {message["id"]: number for number, message in enumerate(found["messages"])}
    for message in found["messages"]:
        message["id"], message["parent"] = places[message["id"]], places.get(message["parent"])
    found["leaf"] = places.get(found["leaf"])
    del found["exported"], found["origin"]
    return found


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(chat=conversations())
def test_out_in_and_out_again_is_the_same(chat: Imported, tmp_path: Path) -> None:
    async def check() -> None:
        one, other, pictures = await History.temporary(), await History.temporary(), PicturesInMemory()
        try:
            await one.put(Imported("in the way", 0, 0, (ImportedMessage("a", None, "user", 0, (Part("text", "x"),)),)))
            stored = await one.put(chat)
            assert stored is not None
            before = await exported(one, stored.id, tmp_path / "one.json", thinking=True)
            come = await take(other, pictures, [tmp_path / "one.json"])
            assert (come.new, come.aside) == (1, 0)
            (key,) = come.ids
            after = await exported(other, key, tmp_path / "two.json", thinking=True)
            assert without_names(after) == without_names(before)
            assert await other.settings(key) == await one.settings(stored.id)
            again = await take(other, pictures, [tmp_path / "one.json"])
            assert (again.new, again.there) == (0, 1)
        finally:
            await one.close()
            await other.close()

    asyncio.run(check())


def run(work: Any) -> Any:
    return asyncio.run(work)


def test_pictures_come_along_and_thoughts_do_not(tmp_path: Path) -> None:
    async def check() -> None:
        one, other = await History.temporary(), await History.temporary()
        kept, taken = PicturesInMemory(), Pictures(tmp_path / "store")
        pixels = Pixels(3, 2, bytes(range(18)))
        part = picture_part(await kept.put(pixels), "Apfel.png")
        stored = await one.put(
            Imported("x", 1, 2, (ImportedMessage("q", None, "user", 1, (part, Part("thinking", "SECRET"))),))
        )
        assert stored is not None
        document = await exported(one, stored.id, tmp_path / "chat.json", kept)
        assert b"SECRET" not in document
        come = await take(other, taken, [tmp_path / "chat.json"])
        assert (come.new, come.pictures_missing) == (1, 0)
        (message,) = await other.tree(come.ids[0])
        assert message.parts == (part,)
        assert taken.pixels(pixels.sha256).rgb == pixels.rgb
        await one.close()
        await other.close()

    run(check())


def test_what_the_settings_say_of_a_message_finds_it_again(tmp_path: Path) -> None:
    async def check() -> None:
        one, other = await History.temporary(), await History.temporary()
        messages = tuple(ImportedMessage(str(n), str(n - 1) if n else None, "user", n, ()) for n in range(4))
        await one.put(Imported("in the way", 0, 0, messages))
        stored = await one.put(Imported("x", 0, 0, messages))
        assert stored is not None
        ids = [message.id for message in await one.tree(stored.id)]
        await one.set_settings(stored.id, ConversationSettings(dropped=ids[1], summary="They met.", preset="3"))
        await exported(one, stored.id, tmp_path / "chat.json")
        (key,) = (await take(other, PicturesInMemory(), [tmp_path / "chat.json"])).ids
        there = [message.id for message in await other.tree(key)]
        kept = await other.settings(key)
        assert (kept.dropped, kept.summary, kept.preset) == (there[1], "They met.", "")
        assert there != ids
        await one.close()
        await other.close()

    run(check())


def test_a_picture_that_is_not_what_it_says_gets_its_own_name(tmp_path: Path) -> None:
    async def check() -> Come:
        one, other, kept = await History.temporary(), await History.temporary(), PicturesInMemory()
        true, false = Pixels(1, 1, b"abc"), Pixels(1, 1, b"xyz")
        part = picture_part(await kept.put(true))
        stored = await one.put(Imported("x", 1, 2, (ImportedMessage("q", None, "user", 1, (part,)),)))
        assert stored is not None
        document = await exported(one, stored.id, tmp_path / "chat.json", kept)
        (tmp_path / "chat.json").write_bytes(document.replace(true.sha256.encode(), false.sha256.encode()))
        taken = PicturesInMemory()
        come = await take(other, taken, [tmp_path / "chat.json"])
        (message,) = await other.tree(come.ids[0])
        assert message.parts == (part,)
        assert taken.all() == {true.sha256}
        await one.close()
        await other.close()
        return come

    assert run(check()).pictures_missing == 0


def broken(**changes: Any) -> bytes:
    message = {"id": "1", "parent": None, "role": "user", "created": 1.0, "parts": [{"kind": "text", "text": "x"}]}
    document: dict[str, Any] = {
        "format": "mistral-desk-chat", "version": 1, "title": "x", "created": 1.0, "updated": 1.0, "leaf": "1",
        "messages": [message],
    }  # fmt: skip
    messages = changes.pop("messages", None)
    if messages is not None:
        document["messages"] = [{**message, **one} for one in messages]
    return json.dumps({**document, **changes}).encode()


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        (broken(version=2), "sharing.newer"),
        (broken(title=7), "sharing.broken"),
        (broken(leaf="9"), "sharing.broken"),
        (broken(messages=[{}, {}]), "sharing.broken"),
        (broken(messages=[{"parent": "1"}]), "sharing.broken"),
        (broken(messages=[{"id": "1", "parent": "2"}, {"id": "2", "parent": "1"}]), "sharing.broken"),
        (broken(messages=[{"role": "king"}]), "sharing.broken"),
        (broken(messages=[{"parts": [{"kind": "program"}]}]), "sharing.broken"),
        (broken(messages=[{"created": "now"}]), "sharing.broken"),
        (broken()[:-20], "sharing.broken"),
    ],
)
def test_what_contradicts_itself_is_set_aside(document: bytes, problem: str, tmp_path: Path) -> None:
    async def check() -> Come:
        history = await History.temporary()
        (tmp_path / "chat.json").write_bytes(document)
        come = await take(history, PicturesInMemory(), [tmp_path / "chat.json"])
        assert await history.conversations() == ()
        await history.close()
        return come

    come = run(check())
    assert (come.new, come.aside) == (0, 1)
    assert come.told[0].problem.id == problem


def test_the_documented_form_is_the_one_that_is_read_and_written(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "data-folder.md").read_text(encoding="utf-8")
    example = page.split("```json\n")[1].split("```")[0]
    chat, pictures = own.read(example.encode())
    assert [one.key for one in chat.messages] == ["11", "12"]
    assert len(pictures) == 1

    async def check() -> dict[str, Any]:
        history = await History.temporary()
        kept, gallery = await history.put(chat), PicturesInMemory()
        assert kept is not None
        found: dict[str, Any] = json.loads(await exported(history, kept.id, tmp_path / "chat.json", gallery))
        await history.close()
        return found

    written, documented = run(check()), json.loads(example)
    assert list(written) == list(documented)
    for one, other in zip(written["messages"], documented["messages"], strict=True):
        assert list(one) == list(other)
        assert [list(part) for part in one["parts"]] == [list(part) for part in other["parts"]]


def test_unknown_fields_of_this_version_are_passed_over(tmp_path: Path) -> None:
    async def check() -> Come:
        history = await History.temporary()
        (tmp_path / "chat.json").write_bytes(broken(mood="good", created=-5.0))
        come = await take(history, PicturesInMemory(), [tmp_path / "chat.json"])
        await history.close()
        return come

    assert run(check()).new == 1


@pytest.mark.parametrize("content", [b"", b"words", b'{"a": 1}', b"[]", b"PK\x05\x06", b"PK\x03\x04" + b"x" * 100])
def test_a_file_that_holds_no_chats_says_so(content: bytes, tmp_path: Path) -> None:
    async def check() -> None:
        history = await History.temporary()
        try:
            (tmp_path / "file").write_bytes(content)
            await take(history, PicturesInMemory(), [tmp_path / "file"])
        finally:
            await history.close()

    with pytest.raises(DeskError, match=r"sharing\.(unknown|nothing|archive)"):
        run(check())
