"""PDF documents on their way in, good and hostile, through the app's own way: what a person hears, what it costs."""

from __future__ import annotations

import asyncio
import json
import logging
import random
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import pytest

from mistral_desk.chat.attachments import Limits, TextFile, take_in
from mistral_desk.chat.attachments import intake as intake_module
from mistral_desk.chat.attachments.intake import Intake
from mistral_desk.chat.decoding import documents
from mistral_desk.chat.decoding.answer import Refused, is_document
from mistral_desk.chat.parts import file_part, read_file
from tests.fixtures.decode_driver import PATIENT
from tests.fixtures.engines import problem_of, run
from tests.fixtures.odd_documents import AUTHOR, TABLE, Paper, active, one_page, paper, words

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

HALF_A_GIGABYTE: Final = 500_000_000


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, dict[str, object]]:
    """What came of each document of the table; all were dropped at once."""
    folder = tmp_path_factory.mktemp("Dokumente für Jürgen")
    for case in TABLE:
        (folder / case.name).write_bytes(case.make())
    paths = [str(folder / case.name) for case in TABLE]
    command = [sys.executable, "-m", "tests.fixtures.decode_driver", "64", *paths]
    ran = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)
    return dict(zip([case.name for case in TABLE], map(json.loads, ran.stdout.splitlines()), strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("case", TABLE, ids=lambda case: case.name)
def test_each_document_has_its_words_or_its_reason_and_its_bound(
    case: Paper, outcomes: Mapping[str, dict[str, object]]
) -> None:
    found = outcomes[case.name]
    peak, problem, text = found["peak"], found.get("problem", ""), found.get("text", "")
    assert isinstance(peak, int)
    assert peak < HALF_A_GIGABYTE
    assert isinstance(text, str)
    if problem:
        assert problem == case.problem or problem in case.may, found
        params = found["params"]
        assert isinstance(params, dict)
        assert params["name"] == case.name
        assert case.params.items() <= params.items()
        return
    assert not case.problem, found
    assert [words for words in case.holds if words not in text] == []
    assert [words for words in (*case.not_, AUTHOR) if words in text] == []
    assert (found["pages"], found["blank"]) == (case.pages, case.blank)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system does not let everything be taken away")
def test_every_child_was_locked_in_before_it_read(outcomes: Mapping[str, dict[str, object]]) -> None:
    assert all(found["tight"] for found in outcomes.values())


def test_what_a_document_would_like_to_open_is_not_opened(tmp_path: Path) -> None:
    """Scripts, addresses, programs and files outside of it: its words come, and nobody was asked for anything."""
    secret = tmp_path / "secret.txt"
    secret.write_text("the key is under the mat", encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as canary:
        canary.setblocking(False)
        data = active("http://{}:{}".format(*canary.getsockname()), str(secret))

        async def test() -> None:
            intake = Intake(data, "active.pdf", 64, PATIENT)
            found = await intake.run()
            assert isinstance(found, TextFile)
            assert "Thursday" in found.text
            assert "mat" not in found.text
            assert "inside" not in found.text
            if sys.platform == "linux":
                assert intake.cage is not None
                assert intake.cage.tight

        run(test())
        with pytest.raises(BlockingIOError):
            canary.accept()


@pytest.mark.parametrize("algorithm", ["RC4-40", "RC4-128", "AES-128", "AES-256"])
def test_one_that_anybody_may_open_is_opened_where_the_lock_is_known(algorithm: str) -> None:
    async def test() -> None:
        asked = take_in(paper(["Word"], lock=(algorithm, "")), "a.pdf", 64, limits=PATIENT)
        if algorithm.startswith("AES") and not _knows_aes():
            assert (await problem_of(asked))[0] == "document.locked"
        else:
            found = await asked
            assert isinstance(found, TextFile)
            assert found.text == "[Page 1 of 1]\nWord\n"

    run(test())


def _knows_aes() -> bool:
    """Whether a package is here that the library takes for it; it comes with Linux' keyring."""
    try:
        documents._sample("AES-128")
    except Exception:  # noqa: BLE001 - the library's own, where it has none
        return False
    return True


def test_one_with_more_words_than_a_message_takes_says_where_that_was() -> None:
    async def test() -> None:
        limits = Limits(document_seconds=100.0, text_bytes=2**20)
        long = paper(["The boat is painted on Thursday. " * 4000] * 12)
        message, params, _ = await problem_of(take_in(long, "a.pdf", 64, limits=limits))
        assert message == "document.too_long"
        assert params == {"name": "a.pdf", "limit": 1, "page": 8, "pages": 12}

    run(test())


def test_time_and_memory_have_ends_of_their_own() -> None:
    heavy = paper(["The boat is painted on Thursday. " * 400] * 60)

    async def test() -> None:
        message, params, _ = await problem_of(take_in(heavy, "a.pdf", 64, limits=Limits(document_seconds=0.01)))
        assert (message, params["name"]) == ("document.too_heavy", "a.pdf")

    run(test())


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only there is the address space bounded from inside")
def test_one_that_needs_more_memory_than_there_is_says_so() -> None:
    async def test() -> None:
        limits = Limits(document_seconds=100.0, memory=120 * 2**20)
        large = one_page(words("x" * 60 * 2**20))
        assert (await problem_of(take_in(large, "a.pdf", 64, limits=limits)))[0] == "document.too_heavy"

    run(test())


@pytest.mark.parametrize(
    "head",
    [
        {"kind": "text", "bytes": 2, "pages": 2, "blank": 3},
        {"kind": "text", "bytes": 2, "pages": -1},
        {"kind": "text", "bytes": 2, "pages": 10**9},
        {"problem": "document.unheard", "bytes": 0},
    ],
)
def test_what_a_child_says_of_a_document_must_add_up(head: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> None:
    said = json.dumps({"cage": {}, **head})
    program = f"import os; os.write(1, len({said!r}).to_bytes(4, 'little') + {said!r}.encode() + bytes(1000))"
    monkeypatch.setattr(intake_module, "decode_command", lambda: [sys.executable, "-c", program])

    async def test() -> None:
        assert (await problem_of(take_in(b"%PDF-1.7", "a.pdf", 64, limits=PATIENT)))[0] == "attachment.failed"

    run(test())


def test_pages_of_a_text_are_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    said = json.dumps({"cage": {}, "kind": "text", "bytes": 2, "pages": 2})
    program = f"import os; os.write(1, len({said!r}).to_bytes(4, 'little') + {said!r}.encode() + b'hi')"
    monkeypatch.setattr(intake_module, "decode_command", lambda: [sys.executable, "-c", program])

    async def test() -> None:
        assert (await problem_of(take_in(b"hi", "a.txt", 64, limits=PATIENT)))[0] == "attachment.failed"

    run(test())


def test_what_is_a_document_is_seen_at_its_begin() -> None:
    assert is_document(b"%PDF-1.4\n")
    assert is_document(b"\xef\xbb\xbf\r\n %PDF-2.0")
    assert not is_document(b"About %PDF-1.4 and its kin")
    assert not is_document(b" " * 1024 + b"%PDF-1.4")
    assert not is_document(b"")


def test_a_document_becomes_a_part_that_keeps_its_pages() -> None:
    part = file_part(TextFile("a.pdf", "[Page 1 of 2]\nx", "utf-8", 2, 1))
    body = read_file(part)
    assert body is not None
    assert (body.name, body.text, body.pages, body.blank) == ("a.pdf", "[Page 1 of 2]\nx", 2, 1)
    assert file_part(TextFile("a.txt", "x")).body == '{"name":"a.txt","text":"x"}', (
        "as ever, so that old ones are equal"
    )


@pytest.mark.slow
def test_a_damaged_document_never_breaks_the_reader() -> None:
    """Three hundred times some bytes are others: words come, or a reason."""
    logging.getLogger("pypdf").setLevel(logging.CRITICAL + 1)  # as in the child
    good = paper(["The boat is painted on Thursday.", "(The rope.)"])
    dice = random.Random(7)
    said: set[str] = set()
    for _ in range(300):
        data = bytearray(good)
        for _ in range(dice.randint(1, 12)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        try:
            said.add("words" if documents.read(bytes(data), 2**20, 100).text else "")
        except Refused as refused:
            said.add(refused.id)
    assert "words" in said
    assert said <= {"words", "document.damaged", "document.no_text", "document.locked", "document.too_many_pages"}


def test_documents_are_read_side_by_side() -> None:
    async def test() -> None:
        papers = [paper([f"This is number {number}"]) for number in range(4)]
        found = await asyncio.gather(*(take_in(one, "a.pdf", 64, limits=PATIENT) for one in papers))
        assert [f"number {number}" in one.text for number, one in enumerate(found) if isinstance(one, TextFile)] == [
            True
        ] * 4

    run(test())
