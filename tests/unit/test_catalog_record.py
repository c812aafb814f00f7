"""A record survives whatever is in it: no value is lost, only `catalog.record` is raised, odd things are noted."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some

from mistral_desk.catalog.claims import claims, in_words
from mistral_desk.catalog.facts import models
from mistral_desk.catalog.leaves import PROSE, SHORT, clean, plain
from mistral_desk.catalog.record import (
    LARGEST,
    Link,
    Record,
    Related,
    Score,
    body,
    read,
    when_to_pick_something_else,
)
from mistral_desk.catalog.search import Index, Wishes
from mistral_desk.catalog.store import Catalogue
from mistral_desk.core.errors import DeskError
from mistral_desk.core.paths import resource
from tests.fixtures.catalog_records import VARIATIONS, Published, list_item, published

if TYPE_CHECKING:
    from collections.abc import Iterator

GIVEN: Final = resource("catalog", "records", "mistral-small-4.json").read_bytes()
SHARED: Final = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "catalog" / "mistral-small-4.json"
VARIED: Final = published(len(VARIATIONS))

json_values = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=40),
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(some.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


def leaves(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from leaves(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from leaves(inner)
    else:
        yield value


def everything_said(record: Record) -> list[str]:
    """Every value that the record has, in its fields and among the others."""
    detail = [getattr(record, name) for name in dir(type(record)) if not name.startswith("_") and name != "raw"]
    values = leaves(
        msgspec.to_builtins([part for part in detail if not callable(part) and not isinstance(part, bytes)])
    )
    return [plain(value) for value in values if value is not None]


def used(record: Record) -> None:
    """Everything that rooms above do with a record."""
    assert everything_said(record)
    assert isinstance(body(record), str)
    passage = when_to_pick_something_else(record, {model.catalog: model.name for model in models()})
    for mention in passage.mentions if passage else ():
        assert passage is not None
        assert passage.text[mention.begin : mention.end].strip()
    for claim in claims(record, models()):
        assert in_words(claim.facts_say)
    index = Index(Catalogue((record,)))
    assert [hit.record for hit in index.find(Wishes(text=record.id))] == [record]
    for hit in index.find(Wishes(text=record.title[:5])):
        assert len(hit.marks) < 10_000
    index.facets()
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(record), type=Record) == record
    for text in everything_said(record):
        text.encode("utf-8")  # halves of characters would break every file and every window


@pytest.mark.skipif(not SHARED.is_file(), reason="the given record is not beside this checkout")
def test_the_given_record_is_bundled_byte_for_byte() -> None:
    assert SHARED.read_bytes() == GIVEN


def test_the_given_record_is_read_into_its_fields() -> None:
    record = read(GIVEN, "bundled")
    assert (record.id, record.title, record.provider, record.model_type) == (
        "mistral-small-4", "Mistral Small 4", "Mistral AI", "open-source",
    )  # fmt: skip
    assert (record.license, record.release_date, record.last_updated, record.last_verified) == (
        "Apache 2.0", "2026-03", "2026-04-10", None,
    )  # fmt: skip
    assert record.context is not None
    assert (record.context.words, record.context.largest) == ("128K tokens", 128_000)
    assert record.parameters is not None
    assert (record.parameters.total, record.parameters.active) == (119 * 10**9, 65 * 10**8)
    assert record.claimed_video_memory == 8
    assert record.pricing is not None
    assert (record.pricing.input, record.pricing.free, record.pricing.note) == (
        "Free (Apache 2.0)", True, "Also via Mistral API",
    )  # fmt: skip
    assert record.benchmarks[1] == Score("coding", 78, "78")
    assert [other.id for other in record.related] == list(record.relates_to)
    assert record.related[0] == Related(
        "mistral-3", "Mistral 3", "model", 7, ("mistral ai", "open-source", "text"),
        "/models/mistral-3", "/content/models/mistral-3.md",
    )  # fmt: skip
    assert record.content_hash == record.sha256
    assert record.raw == json.loads(GIVEN)
    assert (record.whole, record.origin, record.oddities, record.extra) == (True, "bundled", (), {})


def test_every_leaf_of_the_given_record_is_in_a_field() -> None:
    said = everything_said(read(GIVEN, "bundled"))
    missing = [leaf for leaf in leaves(json.loads(GIVEN)) if leaf is not None and plain(leaf) not in said]
    assert missing == []


@pytest.mark.parametrize("found", VARIED, ids=lambda found: found.variation)
def test_no_value_of_any_variation_is_lost(found: Published) -> None:
    record = read(found.body)
    said = "\n".join(everything_said(record))
    for leaf in leaves(found.record):
        if leaf is not None:
            text = clean(plain(leaf))
            parts = [part.strip() for part in text.replace(";", ",").split(",")] if text not in said else [text]
            assert all(part[:200] in said or part[:200] in clean(said) for part in parts), leaf
    used(record)


def test_a_list_s_item_is_a_record_that_is_not_whole() -> None:
    item = read(json.dumps(list_item(VARIED[0].record)).encode())
    assert (item.whole, item.content_text, item.license) == (False, None, None)
    assert item.tags == read(VARIED[0].body).tags


def changed(**fields: object) -> Record:
    """The given record with other values at its top, or, where the name begins so, in its metadata."""
    document = json.loads(GIVEN)
    for name, value in fields.items():
        if name.startswith("metadata_"):
            document["metadata"][name.removeprefix("metadata_")] = value
        else:
            document[name] = value
            document["metadata"].pop(name, None)
    return read(json.dumps(document).encode())


def fields_of(record: Record) -> set[str]:
    return {oddity.field for oddity in record.oddities}


def test_words_numbers_and_lists_in_each_other_s_place() -> None:
    record = changed(title=4, tags="a, b; c", description=["one", "two"], website=7.5, benchmarks={"math": "78 %"})
    assert (record.title, record.tags, record.description) == ("4", ("a", "b", "c"), "one, two")
    assert (record.website, record.benchmarks) == ("7.5", (Score("math", 78, "78 %"),))
    assert record.oddities == ()


@pytest.mark.parametrize(
    ("published", "score"),
    [
        (76, Score("x", 76, "76")),
        (99.5, Score("x", 99.5, "99.5")),
        ("78/100", Score("x", 78, "78/100")),
        ("78 of 100", Score("x", 78, "78 of 100")),
        (None, Score("x", None, "")),
        ("excellent", Score("x", None, "excellent")),
        (1287, Score("x", None, "1287")),
        (-1, Score("x", None, "-1")),
        (True, Score("x", None, "true")),
        ({"score": 81, "by": "us"}, Score("x", 81, "81")),
        ({"value": None}, Score("x", None, "")),
    ],
)
def test_a_score_is_a_number_from_0_to_100_or_words(published: object, score: Score) -> None:
    assert changed(benchmarks={"x": published}).benchmarks == (score,)


def test_prices_are_words_or_numbers() -> None:
    price = changed(pricing={"input": 0.15, "output": "$1", "free": "no", "cached": 0.02, "tiers": {"a": 1}}).pricing
    assert price is not None
    assert (price.input, price.output, price.free, price.other) == (0.15, "$1", False, {"cached": "0.02"})
    assert changed(pricing={"tiers": {"a": 1}}).extra["pricing.tiers.a"] == 1
    words = changed(pricing="Free").pricing
    assert words is not None
    assert words.note == "Free"


def test_what_is_said_twice_and_differently_is_noted_and_the_top_counts() -> None:
    record = changed(metadata_title="Another", metadata_tags=["x"])
    assert record.title == "Mistral Small 4"
    assert fields_of(record) == {"metadata.title", "metadata.tags"}
    assert (record.extra["metadata.title"], record.extra["metadata.tags.0"]) == ("Another", "x")


def test_a_form_that_cannot_be_read_is_noted_and_kept() -> None:
    record = changed(provider={"name": "Mistral AI"}, tags=[["deep"], {"a": 1}, "plain", None], relationships="none")
    assert (record.provider, record.tags, record.related) == (None, ("deep", "plain"), ())
    assert {"provider", "tags.1", "relationships"} <= fields_of(record)
    assert record.extra["provider.name"] == "Mistral AI"
    assert record.extra["relationships"] == "none"


def test_references_and_sources_of_every_form() -> None:
    record = changed(
        superseded_by={"id": "next"}, variant_of=["base"], sources=["https://a.example", "a paper", {"url": "u"}],
        availability_status="preview", deprecated="true", capabilities={"tools": True, "vision": False},
        metadata_pricing_confidence="high", relationships={"links": [{"label": "Paper", "href": "/p"}],
        "explicit": {"pairs_with": [{"id": "a"}, "b"], "note": "said"}},
    )  # fmt: skip
    assert (record.superseded_by, record.variant_of, record.deprecated) == ("next", "base", True)
    assert record.sources == (Link(None, "https://a.example"), Link("a paper", None), Link(None, "u"))
    assert (record.availability, record.capabilities, record.extra["capabilities.vision"]) == (
        "preview",
        ("tools",),
        False,
    )
    assert record.confidence == {"pricing": "high"}
    assert record.links == (Link("Paper", "/p"),)
    assert record.explicit == {"pairs_with": ("a", "b"), "note": ("said",)}


def test_related_models_without_a_usable_id_stay_among_the_others() -> None:
    related = [{"id": "../up", "title": "Up"}, {"title": "None"}, {"id": "a"}, {"id": "a", "title": "Again"}, 7]
    record = changed(relationships={"related": related})
    assert record.relates_to == ("a",)
    assert record.extra["relationships.related.0.title"] == "Up"
    assert len(record.oddities) == 4


@pytest.mark.parametrize(
    "model", ["../etc", "a/b", "a\\b", "", "..", "a..b", "A B", "x" * 101, ".hidden", "a\n", "Ä", 7, ["a"], {}]
)
def test_an_id_that_is_no_plain_name_is_refused(model: object) -> None:
    with pytest.raises(DeskError) as refused:
        changed(id=model)
    assert refused.value.problem.id == "catalog.record"


def test_a_missing_id_is_the_slug() -> None:
    document = json.loads(GIVEN)
    document["id"] = None
    assert (read(document).id, read(document).oddities) == ("mistral-small-4", ())  # the metadata says it too
    del document["metadata"]["id"]
    assert (read(document).id, len(read(document).oddities)) == ("mistral-small-4", 1)
    del document["slug"]
    with pytest.raises(DeskError):
        read(document)


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b"null", b'"x"', b"<html>", b"\xff\xfe", b"[" * 100_000, b'{"a":' * 100_000, b"{}"]
)
def test_what_is_no_record_is_refused(data: bytes) -> None:
    with pytest.raises(DeskError) as refused:
        read(data)
    assert refused.value.problem.id == "catalog.record"
    assert refused.value.problem.params["reason"]


def test_what_is_too_large_is_refused_unread() -> None:
    with pytest.raises(DeskError):
        read(b'{"id": "a", "x": "' + b"x" * LARGEST + b'"}')


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_other_encodings_of_unicode_are_read(encoding: str) -> None:
    assert read('{"id": "a", "title": "Núcleo"}'.encode(encoding)).title == "Núcleo"


def test_letters_that_turn_others_round_and_controls_are_taken_out_of_fields_and_kept_in_the_source() -> None:
    record = changed(title="a\u202eb\x07\u2066 c\nd\x1b[31m\u200f", description="half \ud83d a", provider=" \t ")
    assert (record.title, record.provider) == ("ab c d[31m\u200f", None)
    assert record.description == "half \ufffd a"
    assert record.raw["title"].startswith("a\u202eb")
    used(record)


def test_giant_texts_and_lists_are_bounded_and_noted() -> None:
    record = changed(
        title="t" * 10**5, tags=["x"] + [f"tag {number}" for number in range(5000)], content_text="c" * 10**6,
        odd={str(number): number for number in range(10_000)},
    )  # fmt: skip
    assert (len(record.title), len(record.tags)) == (SHORT, 200)
    assert record.content_text is not None
    assert len(record.content_text) == PROSE
    assert {"title", "tags", "content_text"} <= fields_of(record)
    assert len(record.extra) == 2000


def test_deep_nesting_is_kept_as_json_below_a_depth() -> None:
    nested: Any = "end"
    for _ in range(60):
        nested = {"n": nested}
    record = changed(nested=nested)
    (name,) = record.extra
    assert name.startswith("nested.n.n.")
    assert "end" in str(record.extra[name])


@given(json_values)
@example({"id": "a", "metadata": []})
@example({"id": "a", "pricing": {"other": [1]}, "metadata": {"pricing": 4}})
def test_any_json_is_read_or_refused(value: object) -> None:
    survives(json.dumps(value).encode())


@given(some.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    survives(data)


@pytest.mark.slow
@settings(max_examples=300)
@given(some.data())
def test_any_change_of_a_record_is_read_or_refused(data: some.DataObject) -> None:
    document = copy.deepcopy(data.draw(some.sampled_from([json.loads(GIVEN), *(found.record for found in VARIED)])))
    for _ in range(data.draw(some.integers(1, 4))):
        place: Any = document
        while True:
            if isinstance(place, list):
                keys: list[Any] = list(range(len(place)))
            else:
                keys = sorted(place)
            if not keys:
                break
            key = data.draw(some.sampled_from(keys))
            if isinstance(place[key], dict | list) and data.draw(some.booleans()):
                place = place[key]
                continue
            place[key] = data.draw(json_values | some.sampled_from(list(document.values())).map(copy.deepcopy))
            break
    survives(json.dumps(document).encode())


def survives(data: bytes) -> None:
    try:
        record = read(data)
    except DeskError as error:
        assert error.problem.id == "catalog.record"  # noqa: PT017 - anything else fails
        return
    used(record)
