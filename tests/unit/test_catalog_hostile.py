"""Records that were written to harm: they cost no more time than others, and nothing in them breaks what shows them.

How long something takes decides no test here: what is checked is that the work is bounded.
"""

from __future__ import annotations

import json

import msgspec
import pytest

from mistral_desk.catalog import passage
from mistral_desk.catalog.record import body, read, when_to_pick_something_else
from mistral_desk.core.errors import DeskError


def test_a_line_of_hundreds_of_thousands_of_spaces_is_read_like_any_other() -> None:
    """The heading's pattern tried every way to part the spaces: minutes, on the window's thread."""
    record = read({"id": "x", "content_text": "a\n" + " " * 390_000 + "x"})
    assert when_to_pick_something_else(record) is None
    assert body(record).endswith("x")


def test_thousands_of_names_in_a_long_passage_are_found_where_a_person_reads() -> None:
    titles = {f"model-{number}": f"Model {number}" for number in range(2000)}
    text = "## When to pick something else\n" + " ".join(titles.values()) * 8
    found = when_to_pick_something_else(read({"id": "x", "content_text": text}), titles)
    assert found is not None
    assert found.mentions[0].id == "model-0"
    assert all(mention.end <= passage._READ for mention in found.mentions)


def test_names_that_overlap_everywhere_are_no_trap() -> None:
    titles = {f"a{number}": "a" * number for number in range(3, 300)}
    text = "## When to pick something else\n" + "a" * 300_000
    found = when_to_pick_something_else(read({"id": "x", "content_text": text}), titles)
    assert found is not None
    assert found.mentions == ()


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (b'{"id": "x", "title": [' + b"1," * 1_500_000 + b"1]}", "it holds more values than a record can have"),
        (b'{"id": "x", "y": [' + b"[]," * 1_000_000 + b"[]]}", "it holds more values than a record can have"),
        (b'{"id": "x", "y": ' + b"[" * 200 + b"]" * 200 + b"}", "it is nested too deeply"),
    ],
)
def test_what_is_no_record_is_refused_before_it_is_walked_through(source: bytes, reason: str) -> None:
    with pytest.raises(DeskError) as error:
        read(source)
    assert error.value.problem.params["reason"] == reason


def test_half_a_character_can_be_shown_and_written() -> None:
    """JSON can say a lone surrogate, which neither Qt nor UTF-8 can."""
    record = read(b'{"id": "x", "title": "a\\ud800b", "odd": {"\\udfff": ["\\ud83d"]}}')
    assert record.title == "a\N{REPLACEMENT CHARACTER}b"
    msgspec.json.encode(record.raw)
    json.dumps(record.raw, ensure_ascii=False).encode()
