"""Whatever a person gives the real program that it cannot use: clear words, no traceback, exit status 1."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING

import pytest

from mistral_desk.core.messages import MESSAGES
from tests.fixtures.gguf_broken import CASES, Broken
from tests.fixtures.program import Ran, desk

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fixtures.small_models import SmallModels

# One of each kind; the engine's own tests go through all of them.
KINDS = {
    "empty", "web-page", "cut-in-metadata", "cut-in-weights", "string-length-absurd", "experts-used-too-many",
    "blocks-600", "architecture-unknown", "template-endless", "weights-nan", "projector", "folder", "nothing-there",
    "without-mistral4.attention.head_count_kv",
}  # fmt: skip
BROKEN = [case for case in CASES if case.name in KINDS]


def check(ran: Ran, ids: frozenset[str]) -> None:
    """The run failed with one of these problems, in JSON, and with nothing that is not for people."""
    assert ran.status == 1, ran
    assert ran.err == ""
    last = ran.lines[-1]
    assert (last["type"], last["id"] in ids) == ("error", True), last
    assert all(last[part] for part in ("title", "message", "hint"))
    assert not re.search(r"\{\w*\}", last["title"] + last["message"] + last["hint"])
    assert not {line["type"] for line in ran.lines[:-1]} - {"text", "thinking"}


def in_words(ran: Ran, message_id: str) -> None:
    """The run failed with this problem's title first on stderr, and nothing on stdout."""
    assert ran.status == 1, ran
    assert ran.out == ""
    assert ran.err.splitlines()[0] == MESSAGES[message_id].title
    assert "Traceback" not in ran.err


def test_every_kind_is_there() -> None:
    assert {case.name for case in BROKEN} == KINDS


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.name)
def test_a_model_that_cannot_be_used(case: Broken, tmp_path: Path) -> None:
    path = case.make(tmp_path / "Mein Modell für alles.gguf")
    check(desk("ask", "hi", "--max-tokens", "4", "--json", "--model", str(path)), case.problems)


def test_the_same_in_words(tmp_path: Path) -> None:
    in_words(desk("ask", "hi", "--model", str(tmp_path / "nowhere.gguf")), "model.missing")
    in_words(desk("ask", "hi", "--model", str(tmp_path)), "model.not_a_file")
    in_words(desk("ask", "hi", "--model", "n" * 300), "library.unknown")
    page = tmp_path / "page.gguf"
    page.write_bytes(b"<!DOCTYPE html><html></html>" * 20)
    in_words(desk("ask", "hi", "--model", str(page)), "model.not_gguf")


def test_a_path_through_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    in_words(desk("ask", "hi", "--model", str(tmp_path / "file" / "model.gguf")), "model.missing")


@pytest.mark.skipif(
    sys.platform == "win32" or (hasattr(os, "geteuid") and os.geteuid() == 0), reason="root may read everything"
)
def test_a_file_without_rights(small_models: SmallModels, tmp_path: Path) -> None:
    path = tmp_path / "mine.gguf"
    path.write_bytes(small_models["mistral4"].read_bytes())
    path.chmod(0)
    in_words(desk("ask", "hi", "--model", str(path)), "model.not_permitted")


@pytest.mark.parametrize("text", ["", " ", "\n\t", "\u200b"])
def test_an_empty_message(text: str) -> None:
    in_words(desk("ask", text), "prompt.empty")
    in_words(desk("ask", "-", stdin=text.encode()), "prompt.empty")


LARGE = {
    "words": b"a million bytes of plain words " * 33_000,
    "one letter": b"a" * 1_000_000,
    "blanks": b"a" + b" " * 1_000_000 + b"b",
    "digits": b"7" * 1_000_000,
    "signs": "漢🙂€".encode() * 100_000,
    "no text": bytes(range(256)) * 4_000,
}


@pytest.mark.parametrize("content", LARGE.values(), ids=LARGE)
def test_a_message_of_a_megabyte(content: bytes, small_models: SmallModels) -> None:
    ran = desk("ask", "-", "--json", "--model", str(small_models["mistral4"]), stdin=content)
    check(ran, frozenset({"prompt.too_long"}))


def test_a_message_of_many_megabytes(small_models: SmallModels) -> None:
    in_words(desk("ask", "-", "--model", str(small_models["mistral4"]), stdin=b"word " * 2_000_000), "prompt.too_big")


def test_a_home_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for home in (tmp_path / "file", tmp_path / "file" / "home"):
        in_words(desk("ask", "hi", env={"MISTRAL_DESK_HOME": str(home)}), "folder.not_writable")


@pytest.mark.skipif(
    sys.platform == "win32" or (hasattr(os, "geteuid") and os.geteuid() == 0), reason="root may write everywhere"
)
def test_a_home_without_rights(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o500)
    in_words(desk("ask", "hi", env={"MISTRAL_DESK_HOME": str(home)}), "folder.not_writable")
