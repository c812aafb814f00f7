"""What goes out: files with names that every system takes, whole or not at all, and documents that can do no harm."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import os
import re
import time
import unicodedata
import zipfile
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from mistral_desk.chat.attachments import Pixels
from mistral_desk.chat.attachments.kinds import Picture, TextFile
from mistral_desk.chat.history import History
from mistral_desk.chat.imported import Imported, ImportedMessage
from mistral_desk.chat.message import Conversation, ConversationSettings, Message, Part
from mistral_desk.chat.parts import file_part, picture_part
from mistral_desk.chat.pictures_in_memory import PicturesInMemory
from mistral_desk.chat.sharing import as_html, as_markdown
from mistral_desk.chat.sharing.names import LONGEST, Names, safe
from mistral_desk.chat.sharing.out import Export, every_id
from mistral_desk.chat.sharing.reading import contained, parser
from mistral_desk.chat.sharing.shared import Job, Shared, Wish, remark
from mistral_desk.core.errors import DeskError
from tests.fixtures import hostile_texts

if TYPE_CHECKING:
    from pathlib import Path

MADE = 1_700_000_000.0
DAY = time.strftime("%Y-%m-%d", time.localtime(MADE))
"""What the calendar here says then."""
RESERVED = {"con", "prn", "aux", "nul", *(f"{name}{n}" for name in ("com", "lpt") for n in range(10))}
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
MARKDOWN = st.lists(
    st.sampled_from(
        ["# a", "a\n=", "> # b", "```", "~~~~", "- ```", "<!--", "<b>", "`<i>`", "``", "![x](http://h/p)", "\\", "",
         "x", "    code", "1. # c", "| a |\n|-|", "<http://x>", "<script>", "***", "[a]: http://x", "`"]
    ),
    max_size=12,
).map("\n".join)  # fmt: skip


# ruff: noqa: ASYNC240 - tests look at small files


# --- names --------------------------------------------------------------------------------------------------


@given(
    st.text(max_size=400) | st.sampled_from(["CON", "nul.txt", "Com1", "a/b\\c", "..", "  .hidden", "LPT²", "a" * 999])
)
def test_a_title_becomes_a_name_that_every_system_takes(title: str) -> None:
    name = safe(title, "Chat")
    assert name
    assert not set(name) & set('<>:"/\\|?*')
    assert all(unicodedata.category(letter) not in {"Cc", "Cs"} for letter in name)
    assert name == name.strip(" .")
    assert name.partition(".")[0].lower() not in RESERVED
    assert len(name) <= LONGEST + 1
    assert len(name.encode()) <= 200
    assert unicodedata.is_normalized("NFC", name)


def test_names_differ_where_a_system_ignores_case_and_form() -> None:
    names = Names(("Über.md",))
    assert [names.give(stem, ".md") for stem in ("über", "ÜBER", "straße", "STRASSE", "u\u0308ber")] == [
        "über (2).md", "ÜBER (3).md", "straße.md", "STRASSE (2).md", "u\u0308ber (4).md",
    ]  # fmt: skip


def test_how_an_answer_ended_is_said_as_it_was() -> None:
    def said(ending: str) -> str:
        return remark(Message(1, 1, None, "assistant", 1000.0, (Part("text", "Yes"),), "m", ending=ending))  # type: ignore[arg-type]

    assert said("stop") == ""
    assert "longest answer" in said("length"), "somebody set that bound; room there was"
    assert "context" in said("context")
    assert said("stopped") != said("unfinished")


# --- documents ----------------------------------------------------------------------------------------------


def shared(*parts: Part, role: Any = "assistant", title: str = "T", system: str = "") -> Shared:
    message = Message(1, 1, None, role, 1000.0, parts, "m", ending="stop" if role == "assistant" else "")
    return Shared(Conversation(1, title, 1000.0, 1000.0, 1), ConversationSettings(system), (message,))


def written(writer: Any, chat: Shared, gallery: PicturesInMemory | None = None, **wish: Any) -> str:
    sink = io.BytesIO()
    writer(
        chat, Job(sink, Wish("md", **wish), gallery.pixels if gallery else None, lambda name, _data: f"pictures/{name}")
    )
    return sink.getvalue().decode()


@settings(max_examples=300)
@given(MARKDOWN, MARKDOWN)
def test_no_message_reaches_over_into_the_next_one(first: str, second: str) -> None:
    """The headings of the first two levels are the document's own, and there are as many as there are messages."""
    document = f"# Title\n\n## You\n\n{contained(first)}\n## Model\n\n{contained(second)}\n## End\n"
    tokens = MarkdownIt("commonmark").enable("table").parse(document)
    found = [
        (one.tag, tokens[n + 1].content) for n, one in enumerate(tokens) if one.type == "heading_open" and not one.level
    ]
    assert [one for one in found if one[0] in {"h1", "h2"}] == [
        ("h1", "Title"), ("h2", "You"), ("h2", "Model"), ("h2", "End"),
    ]  # fmt: skip
    inline = [child for one in tokens for child in one.children or ()]
    assert not any(one.type in {"html_block", "html_inline", "image"} for one in (*tokens, *inline))


def test_markdown_keeps_what_was_said() -> None:
    text = "Use `<b>` or\n\n```html\n<b>x</b>\n# no heading\n```\n\n# Big\n\nwith ![a](http://h/x.png) and <i>"
    assert contained(text) == (
        "Use `<b>` or\n\n```html\n<b>x</b>\n# no heading\n```\n\n### Big\n\nwith \\![a](http://h/x.png) and \\<i>\n"
    )
    assert contained("```python\nprint(1)").endswith("print(1)\n```\n")


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("- # Big\n- more\n", "- ### Big\n- more\n"),
        ("1. ## Two\n   text\n2. # One\n", "1. #### Two\n   text\n2. ### One\n"),
        ("> # Quoted\n", "> ### Quoted\n"),
        ("> - # Deep\n", "> - ### Deep\n"),
        ("- Under\n  =====\n- lines\n", "- ### Under\n- lines\n"),
        ("> Two\n> lines\n> ---\n> text\n", "> #### Two lines\n> text\n"),
        ("-\n  # Below\n", "-\n  ### Below\n"),
        ("- ```\n  # no heading\n  ```\n", "- ```\n  # no heading\n  ```\n"),
    ],
)
def test_headings_in_lists_and_quotations_come_below_the_documents_own(said: str, written: str) -> None:
    made = contained(said)
    assert made == written
    levels = [int(token.tag[1:]) for token in parser().parse(made) if token.type == "heading_open"]
    assert all(level > 2 for level in levels)
    assert len(levels) == sum(token.type == "heading_open" for token in parser().parse(said))


def test_a_heading_below_many_lists_is_written_at_once() -> None:
    """A sign that can be read in two ways would be tried in all of them: three times as long for each list."""
    lists = "-   " * 24
    assert contained(f"{lists}Deep\n{' ' * len(lists)}===\n") == f"{lists}### Deep\n"


def test_a_bare_number_is_written_where_a_list_of_nothing_would_be() -> None:
    found = written(as_html.write, shared(Part("text", "15."))).replace("\n", "")
    assert "<p>15.</p>" in found, "Qt prints an empty item as an empty line"
    found = written(as_html.write, shared(Part("text", "1. one\n2.\n3. three"))).replace("\n", "")
    assert "<ol><li>one</li><li></li><li>three</li></ol>" in found
    assert contained("15.") == "15.\n"


def test_files_are_quoted_and_pictures_lie_beside() -> None:
    gallery = PicturesInMemory()
    picture = asyncio.run(gallery.put(Pixels(1, 1, b"abc")))
    parts = (picture_part(picture, "Mein [Bild].png"), file_part(TextFile("a`b.py", "x = '```'\n")), Part("text", "Hi"))
    found = written(as_markdown.write, shared(*parts, role="user"), gallery)
    assert "![Mein \\[Bild\\].png](pictures/Mein%20%5BBild%5D.png)" in found
    assert "**File: a\\`b.py**\n\n````\nx = '```'\n````\n" in found
    left_out = written(as_markdown.write, shared(*parts, role="user"), gallery, pictures=False)
    assert "![" not in left_out
    assert "*Picture: Mein \\[Bild\\].png*" in left_out


@pytest.mark.parametrize("writer", [as_markdown.write, as_html.write])
def test_thoughts_go_out_only_when_asked_for(writer: Any) -> None:
    chat = shared(Part("thinking", "SECRET\n\n```\nopen"), Part("text", "Answer"))
    assert "SECRET" not in written(writer, chat)
    assert "SECRET" in written(writer, chat, thinking=True)


class Looker(HTMLParser):
    """Collects what a browser could act on."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]


HARMLESS = {
    *("html", "head", "meta", "title", "style", "body", "main", "section", "h1", "h2", "h3", "h4", "h5", "h6", "p"),
    *("div", "pre", "code", "a", "em", "strong", "s", "ul", "ol", "li", "blockquote", "hr", "br", "table", "thead"),
    *("tbody", "tr", "th", "td", "figure", "figcaption", "img", "details", "summary", "span"),
}


def look_at(document: str) -> Looker:
    looker = Looker()
    looker.feed(document)
    looker.close()
    assert looker.tags <= HARMLESS
    for tag, name, value in looker.attributes:
        assert not name.startswith("on")
        assert name != "style"
        if name == "href":
            assert re.match(r"(?i:https?|mailto):", value)
        if name == "src":
            assert value.startswith("data:image/png;base64,")
        assert name not in {"srcset", "action", "formaction", "background", "poster", "data"}, tag
    return looker


HOSTILE = [
    "<script>alert(1)</script>", "[x](javascript:alert(1))", "![x](http://canary/x.png)", "<img src=x onerror=a()>",
    "![x](data:image/png;base64,AAAA)", "<http://a@evil>", "[x](data:text/html,1)", "&lt;script&gt;", "</title><b>",
    "`</code><script>`", "```\"><script>\n</pre><script>\n```", "|a|\n|:-:|\n|<b>|", "[a](<http://h/\"onclick=x>)",
    "<!-- -->", "<style>*{}</style>", "](http://x", "[x](  http://h/%22%3E )", "http://bare.example", "\x00\x1b[31m",
    "\u202etxt", "[\u202e](http://h)", "[x](vbscript:x)", "[x](file:///etc/passwd)", "[x](HTTP://H)",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("place", ["answer", "question", "title", "file", "name", "system", "thinking"])
def test_html_acts_on_nothing(text: str, place: str) -> None:
    match place:
        case "title":
            chat = shared(title=text)
        case "file":
            chat = shared(file_part(TextFile(text, text)))
        case "name":
            chat = shared(picture_part(Picture("0" * 64, 1, 1), text))
        case "system":
            chat = shared(system=text)
        case "thinking":
            chat = shared(Part("thinking", text))
        case _:
            chat = shared(Part("text", text), role="user" if place == "question" else "assistant")
    look_at(written(as_html.write, chat, thinking=True))


def test_html_of_hostile_texts_ends() -> None:
    for name in dir(hostile_texts):
        text = getattr(hostile_texts, name)
        if isinstance(text, str) and not name.startswith("__"):
            look_at(written(as_html.write, shared(Part("text", text))))
            contained(text)


@given(TEXT)
def test_html_of_any_text_acts_on_nothing(text: str) -> None:
    look_at(written(as_html.write, shared(Part("text", text), title=text)))


def test_html_holds_its_pictures_and_forbids_everything_else() -> None:
    gallery = PicturesInMemory()
    picture = asyncio.run(gallery.put(Pixels(2, 1, b"abcdef")))
    found = written(as_html.write, shared(picture_part(picture, "P")), gallery)
    looker = look_at(found)
    assert any(name == "src" for _, name, _ in looker.attributes)
    policy = next(value for _, name, value in looker.attributes if name == "content" and "default-src" in value)
    style = found.split("<style>")[1].split("</style>")[0]
    allowed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy.startswith(f"default-src 'none'; img-src data:; style-src 'sha256-{allowed}'")
    assert "script" not in policy


# --- files --------------------------------------------------------------------------------------------------


async def history_with(*titles: str) -> History:
    history = await History.temporary()
    for title in titles:
        part = (Part("text", f"Hello from {title}"),)
        await history.put(Imported(title, MADE, 0, (ImportedMessage("q", None, "user", 1.0, part),)))
    return history


def run(work: Any) -> Any:
    return asyncio.run(work)


@pytest.mark.parametrize("pack", ["folder", "zip"])
def test_many_go_into_one_place(pack: Any, tmp_path: Path) -> None:
    async def check() -> None:
        history = await history_with("Äpfel", "äpfel", "a/b", "")
        target = tmp_path / ("all.zip" if pack == "zip" else "all")
        heard: list[float] = []
        ids = await every_id(history)
        gone = await Export(history, None, ids, target, Wish("md"), pack, lambda now: heard.append(now.share)).run()
        await history.close()
        assert gone.chats == len(ids) == 4
        assert heard[-1] == 1.0
        names = {f"{DAY} Chat.md", f"{DAY} a b.md", f"{DAY} äpfel.md", f"{DAY} Äpfel (2).md"}
        assert set(gone.files) == names
        if pack == "zip":
            with zipfile.ZipFile(target) as archive:
                assert set(archive.namelist()) == names
                assert archive.testzip() is None
        else:
            assert {file.name for file in target.iterdir()} == names
        assert not list(tmp_path.rglob("*.part"))

    run(check())


def test_a_folder_keeps_what_lies_in_it(tmp_path: Path) -> None:
    async def check() -> None:
        history = await history_with("A")
        (tmp_path / f"{DAY} A.md").write_text("mine", encoding="utf-8")
        gone = await Export(history, None, await every_id(history), tmp_path, Wish("md"), "folder").run()
        await history.close()
        assert gone.files == (f"{DAY} A (2).md",)
        assert (tmp_path / f"{DAY} A.md").read_text(encoding="utf-8") == "mine"

    run(check())


@pytest.mark.parametrize("pack", ["file", "folder", "zip"])
def test_a_run_that_is_cancelled_leaves_nothing_half_written(pack: Any, tmp_path: Path) -> None:
    async def check() -> None:
        history = await history_with("A", "B")
        begun = asyncio.Event()
        loop = asyncio.get_running_loop()

        def slow(chat: Shared, job: Job) -> None:
            job.write("half")
            loop.call_soon_threadsafe(begun.set)
            job.stop.wait()
            job.go_on()

        target = tmp_path / "target" if pack == "folder" else tmp_path / "target.md"
        work = Export(history, None, await every_id(history), target, Wish("md"), pack, writer=slow).run()
        task = asyncio.create_task(work)
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await history.close()
        assert [file for file in tmp_path.rglob("*") if file.is_file()] == []

    run(check())


@pytest.mark.parametrize("steps", range(1, 8))
def test_an_archive_that_is_cancelled_before_its_first_chat_leaves_nothing(steps: int, tmp_path: Path) -> None:
    async def check() -> None:
        history = await history_with("A")
        ids = await every_id(history)
        task = asyncio.create_task(Export(history, None, ids, tmp_path / "a.zip", Wish("md"), "zip").run())
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await history.close()

    run(check())  # it waits for the threads, too
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_place_that_cannot_be_written_to_says_so_in_words(tmp_path: Path) -> None:
    async def check() -> None:
        history = await history_with("A")
        tmp_path.chmod(0o500)
        try:
            await Export(history, None, await every_id(history), tmp_path / "a.md", Wish("md"), "file").run()
        finally:
            tmp_path.chmod(0o700)
            await history.close()

    with pytest.raises(DeskError, match=r"sharing\.not_written"):
        run(check())


def test_a_place_that_is_not_there_says_so_in_words(tmp_path: Path) -> None:
    async def check() -> None:
        history = await history_with("A")
        try:
            target = tmp_path / "nowhere" / "a.md"
            await Export(history, None, await every_id(history), target, Wish("md"), "file").run()
        finally:
            await history.close()

    with pytest.raises(DeskError, match=r"sharing\.not_written"):
        run(check())
