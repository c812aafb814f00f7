"""Search over all chats: everything that was said is found where it stands, and nothing else ever is."""

from __future__ import annotations

import asyncio
import unicodedata
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mistral_desk.chat import search, searching
from mistral_desk.chat.history import History
from mistral_desk.chat.imported import Imported, ImportedMessage
from mistral_desk.chat.message import Part
from tests.fixtures.engines import run
from tests.fixtures.index import found, index_differs

if TYPE_CHECKING:
    from pathlib import Path

TEXT = st.text(
    st.one_of(st.sampled_from("aAbß İı ﬁ é e\u0301 Å世界한글 \n\0\"*(-'"), st.characters(exclude_categories=["Cs"])),
    max_size=60,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "Daten von Jürgen" / "history.sqlite3"


async def said(history: History, *texts: str) -> list[int]:
    """One chat each, with that question; the ids of the questions."""
    return [(await history.begin_turn(None, text))[1].id for text in texts]


@pytest.mark.parametrize(
    ("text", "query", "marked"),
    [
        ("Die Straße nach Süden", "STRASSE", "Straße"),
        ("Die Straße nach Süden", "ras", "raß"),
        ("Die STRASSE nach Süden", "straße süden", "STRASSE|Süden"),
        ("in İstanbul gewesen", "istanbul", "İstanbul"),
        ("ein e\u0301clair bitte", "éclair", "e\u0301clair"),
        ("ein cafe\u0301 bitte", "cafe", "cafe\u0301"),
        ("ein cafe\u0301", "cafe", "cafe\u0301"),
        ("ganz ﬁnster hier", "fin", "ﬁn"),
        ("ganz ﬁnster hier", "inster", "ﬁnster"),
        ("今日は世界の終わり", "世界", "世界"),
        ("今日は世界の終わり", "世界の終", "世界の終"),
        ("終わりの世界", "世界", "世界"),
        ("안녕하세요", "안녕", "안녕"),
        ("ΟΔΥΣΣΕΥΣ", "οδυσσευς", "ΟΔΥΣΣΕΥΣ"),
        ("one\n\n  two", '"one two"', ""),
        ("one two three", '"one two" three', "one two|three"),
        ("x == y", "==", "=="),
        ("a\0b then", "then", "then"),
        ("costs 100% of it", "100%", "100%"),
        ("snake_case here", "e_c", "e_c"),
        ("👩‍👩‍👧 family", "👩‍👩‍👧", "👩‍👩‍👧"),
    ],
)
def test_a_word_is_found_and_marked_whatever_its_case_and_accents(
    path: Path, text: str, query: str, marked: str
) -> None:
    async def promise() -> None:
        history, _ = await History.open(path)
        (message,) = await said(history, text)
        expected = [(message, marked)] if marked else []
        assert await found(history, query) == expected
        await history.close()

    run(promise())


HOSTILE = (
    *('"', "'", "*", "NEAR(a b)", "a AND", "OR", "NOT a", "text:a", "-a", "^a", "(", ")", "a*", '""', '"a', "{a b}: c"),
    *("words", "rank", "--", ";", "'; DROP TABLE message; --", "%", "_", "\\", "\0", "\u0301", "\u202e", "[", "+"),
    *("🙂", "a" * 3000, '"' * 999, "aa " * 999, "AND OR NOT", "a:b:c", "\ud800", "xyz\ud800"),
)


@pytest.mark.parametrize("in_memory", [False, True])
def test_no_query_is_taken_for_syntax(path: Path, in_memory: bool) -> None:
    async def promise() -> None:
        history = await History.temporary() if in_memory else (await History.open(path))[0]
        texts = [one for one in HOSTILE if "\ud800" not in one and len(one) < 100]
        ids = dict(zip(texts, await said(history, *(f"say {text} twice" for text in texts)), strict=True))
        for query in HOSTILE:
            everything = await found(history, query, thorough=True)
            exactly = f'"{query}"' if '"' not in query else query
            if query in ids and searching.terms_of(exactly):
                got = [message for message, _ in await found(history, exactly, thorough=True)]
                assert ids[query] in got, query
            assert {message for message, _ in everything} <= set(ids.values())
        assert (await history.search("")).hits == (await history.search("  \n")).hits == ()
        await history.close()

    run(promise())


def test_what_was_deleted_or_only_thought_is_never_found(path: Path) -> None:
    async def promise() -> None:
        history, _ = await History.open(path)
        chat, user, answer = await history.begin_turn(None, "Tell me of platypuses")
        await history.update_answer(
            answer.id, [Part("thinking", "a secret xylophone"), Part("text", "They lay eggs")], ending="stop"
        )
        other, *_ = await history.begin_turn(None, "Another platypus")
        assert await found(history, "xylophone") == await found(history, "secret xylo") == []
        assert await found(history, "eggs") == [(answer.id, "eggs")]
        assert len((await history.search("platypus")).hits) == 4, "two titles, two messages"
        await history.archive(other.id)
        assert len((await history.search("platypus")).hits) == 4
        assert len((await history.search("platypus", archived=False)).hits) == 2
        await history.delete(chat.id)
        assert {hit.conversation.id for hit in (await history.search("platypus")).hits} == {other.id}
        assert await found(history, "eggs") == []
        await history.restore(chat.id)
        assert await found(history, "eggs") == [(answer.id, "eggs")]
        await history.purge_many([chat.id, other.id])
        assert (await history.search("platypus")).hits == ()
        left = await history._store.look(lambda c: c.execute("SELECT count(*) FROM temp.terms").fetchone())
        assert left == (0,), "the index has nothing of it any more"
        assert user.id != answer.id
        await history.close()

    run(promise())


def test_names_of_attachments_are_found_and_their_contents_are_not(path: Path) -> None:
    async def promise() -> None:
        history, _ = await History.open(path)
        picture = Part("image", '{"sha256":"' + "ab" * 32 + '","width":1,"height":1,"name":"Großmutter.png"}')
        file = Part("file", '{"name":"invoice.txt","text":"forty-two camels"}')
        _, user, _ = await history.begin_turn(None, "what is this?", attached=[picture, file])
        assert await found(history, "grossmutter") == [(user.id, "Großmutter")]
        assert await found(history, "invoice") == [(user.id, "invoice")]
        assert await found(history, "camels") == await found(history, "abababab") == []
        await history.close()

    run(promise())


def test_the_newest_comes_first_also_after_old_chats_were_imported(path: Path) -> None:
    async def promise() -> None:
        history, _ = await History.open(path)
        (new,) = await said(history, "new sheep")
        old = tuple(
            ImportedMessage(str(n), str(n - 1) if n else None, "user", 1_000_000.0, (Part("text", "old sheep"),))
            for n in range(300)
        )
        chat = await history.put(Imported("flock", 1_000_000.0, 1_000_300.0, old))
        assert chat is not None
        assert len((await history.search("sheep", limit=1000)).hits) == 302, "at once, although it is in no index yet"
        await history.indexed()
        result = await history.search("sheep", limit=10)
        assert next(hit.message for hit in result.hits if hit.message) == new
        assert (len(result.hits), result.more) == (10, True)
        every = await history.search("sheep", limit=1000)
        assert (len(every.hits), every.more) == (302, False)  # with the new chat's title
        assert [hit.created for hit in every.hits] == sorted((hit.created for hit in every.hits), reverse=True)
        await history.indexed()
        assert await history._store.read(index_differs) == ""
        await history.close()

    run(promise())


def test_every_query_that_is_thorough_finds_what_reading_everything_finds(path: Path) -> None:
    """Against the plain way: fold every message and look."""
    texts = [
        *(f"hay {number} needless" for number in range(500)),
        *("a needle in it", "NÉEDLE", "wörld 世界", "世", "界", "世界", "n", "ne", "never", "end: ne", "é n", ""),
    ]

    async def promise() -> None:
        history, _ = await History.open(path)
        new = (ImportedMessage(str(n), None, "user", 1.0, (Part("text", text),)) for n, text in enumerate(texts))
        chat = await history.put(Imported("x", 1.0, 1.0, tuple(new)))
        assert chat is not None
        await history.indexed()
        ids = {message.id: message.text for message in await history.tree(chat.id)}
        assert list(ids.values()) == texts
        for query in ("needle", "ne", "世界", "n", "needle in", "no such thing", "e n", "世", "zz", "needless 499"):
            expected = {
                key
                for key, text in ids.items()
                if all(term in searching.fold(text) for term in searching.terms_of(query))
            }
            got = {message for message, _ in await found(history, query)}
            every = await history.search(query, limit=1000, thorough=True)
            assert {hit.message for hit in every.hits if hit.message} == expected, query
            assert got <= expected
        await history.close()

    run(promise())


@pytest.mark.parametrize("of", ["reading", "SQLite"])
def test_a_search_that_would_take_too_long_ends_and_says_so(
    path: Path, monkeypatch: pytest.MonkeyPatch, of: str
) -> None:
    if of == "reading":
        monkeypatch.setattr(search, "LOOKS", 50)
        text = "änother other {}"  # no ASCII: it has to be read
    else:
        monkeypatch.setattr(search, "STEPS", 1)
        monkeypatch.setattr(search, "_STEP", 500)
        text = "another other {}"

    async def promise() -> None:
        history, _ = await History.open(path)
        new = (ImportedMessage(str(n), None, "user", 10.0 * n, (Part("text", text.format(n)),)) for n in range(300))
        await history.put(Imported("x", 1.0, 1.0, tuple(new)))
        await history.indexed()
        result = await history.search("otheranother")
        assert (result.hits, result.more) == ((), False), "the letters between the words are known to be missing"
        every = await history.search("r other 0", limit=400, thorough=True)
        result = await history.search("r other 0", limit=400)
        assert not every.more
        assert result.more
        assert len(result.hits) < len(every.hits)
        assert result.hits == every.hits[: len(result.hits)], "the newest of them"
        await history.close()

    run(promise())


def test_a_search_that_nobody_waits_for_any_more_ends(path: Path) -> None:
    async def promise() -> None:
        history, _ = await History.open(path)
        chat = await history.create("x")
        for number in range(300):
            await history.add(chat.id, None, "user", [Part("text", f"letter {number}")])
        searching_now = asyncio.ensure_future(history.search("q", thorough=True))
        await asyncio.sleep(0)
        searching_now.cancel()
        with pytest.raises(asyncio.CancelledError):
            await searching_now
        assert (await history.search("letter 299")).hits, "and the next one is answered"
        await history.close()

    run(promise())


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(text=TEXT, query=TEXT)
@example(text="e\u0301" * 3, query="e")
@example(text="ﬁﬁﬁ", query="if")
@example(text="x" * 300 + "\u0301 ß" + "y" * 300, query="ss")
def test_marks_stand_where_the_words_are(text: str, query: str) -> None:
    terms = searching.terms_of(query)
    shown = searching.shown(text, terms)
    assert len(shown.text) <= searching.SNIPPET + len(query) * 3 + 80 or terms
    end = 0
    for low, high in shown.marks:
        assert end <= low < high <= len(shown.text)
        end = high
        folded = searching.fold(shown.text[low:high])
        assert any(term in folded or folded in term for term in terms) or " " in folded
        if high < len(shown.text):
            assert not unicodedata.combining(shown.text[high])
    whole = searching.fold(text)
    assert whole == "".join(searching.fold(letter) for letter in text), "or places would be counted wrongly"
    if any(term in whole for term in terms):
        assert shown.marks or not searching.fold(shown.text).strip()
