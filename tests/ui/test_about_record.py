"""Every value of the given record is on its page, where a screen reader finds it, and each has its own place."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

import pytest
from PySide6.QtWidgets import QWidget

from mistral_desk.catalog import facts
from mistral_desk.catalog.claims import claims
from mistral_desk.catalog.record import read
from mistral_desk.catalog.store import open_catalogue
from mistral_desk.core.amounts import number
from mistral_desk.core.paths import resource
from mistral_desk.ui.models.about import said
from mistral_desk.ui.models.about.page import AboutPage
from mistral_desk.ui.theme.theme import Theme
from tests.ui.heard import settled, whole

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from PySide6.QtWidgets import QApplication

    from mistral_desk.catalog.record import Record

GIVEN: Final = ("catalog", "records", "mistral-small-4.json")
Leaf = tuple[tuple[str | int, ...], Any]


@pytest.fixture
def page(qapp: QApplication) -> Iterator[AboutPage]:
    ground = QWidget()
    ground.resize(900, 800)
    made = AboutPage(Theme(qapp, "light"), ground)
    made.resize(900, 800)
    ground.show()
    yield made
    ground.hide()
    ground.deleteLater()


def given() -> Any:
    return json.loads(resource(*GIVEN).read_bytes())


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[Leaf]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from leaves(inner, (*path, place))
    else:
        yield path, value


def shown(page: AboutPage, record: Record, cache: Path) -> str:
    """All that the page says; folded parts are opened by their buttons, but the record as published stays closed."""
    catalogue = open_catalogue(cache)
    page.show_record(record, catalogue, claims(record, facts.find(record.id)), None)
    settled()
    assert page.raw is not None
    assert page.details is not None
    page.details.button.click()
    if page.related is not None and page.related.more is not None:
        page.related.more.button.click()
    if page.text is not None and page.text.more is not None:
        page.text.more.click()
    settled()
    assert not page.raw.is_open
    return whole(page)


def expected(path: tuple[str | int, ...], value: Any) -> Iterator[str]:
    """How the page says a value: numbers with their names and units, dates in words, the rest as it is."""
    where = path[1:] if path[0] == "metadata" else path
    match where:
        case ("content_text",):
            yield from paragraphs(value)
        case ("benchmarks", name):
            yield f"{said.word(str(name))} {number(value)} of 100"
        case ("content_length",):
            yield f"Length of the text {number(value)} bytes"
        case ("relationships", "related", _, "score"):
            yield f"Score {number(value)}:"
        case ("pricing", "free"):
            yield f"Free: {'Yes' if value else 'No'}"
        case ("last_verified",) if value is None:
            yield "Last verified: never"
            yield "Last verified, as published nothing (null)"
        case ("release_date" | "last_updated",):
            yield said.date(value)
            yield value
        case _:
            assert isinstance(value, str), f"{path}: {value!r} has no wording in this test"
            yield " ".join(value.split())


def paragraphs(markdown: str) -> Iterator[str]:
    """What of a Markdown text is seen: without the signs that make a heading or strong words."""
    for part in re.split(r"\n\s*\n", markdown):
        plain = re.sub(r"^#+\s*|\*\*", "", part.strip())
        head, colon, rest = plain.partition(":")
        if colon and head == "When to pick something else":
            yield head
            plain = rest
        yield " ".join(plain.split())


def missing(document: Any, text: str) -> list[str]:
    plain = " ".join(text.split())
    return [
        f"{'.'.join(map(str, path))}: {words!r}"
        for path, value in leaves(document)
        for words in expected(path, value)
        if " ".join(words.split()) not in plain
    ]


def test_every_value_of_the_given_record_is_on_its_page(page: AboutPage, tmp_path: Path) -> None:
    document = given()
    assert sum(1 for _ in leaves(document)) > 100
    text = shown(page, read(resource(*GIVEN).read_bytes(), "bundled"), tmp_path)
    assert missing(document, text) == []


def test_every_value_has_a_place_of_its_own(page: AboutPage, tmp_path: Path) -> None:
    """The given record says most things twice; here every value is another one, so that none stands in for another."""
    count = iter(range(1, 10_000))

    def marked(value: Any, path: tuple[str | int, ...] = ()) -> Any:
        if isinstance(value, dict):
            return {key: marked(inner, (*path, key)) for key, inner in value.items()}
        if isinstance(value, list):
            return [marked(inner, (*path, place)) for place, inner in enumerate(value)]
        if not isinstance(value, str):
            return value
        if path[-1] == "content_text":
            return re.sub(r"(?<=[a-z])(?=\n|$|:\*\*)", lambda _: f" z{next(count):04}", value)
        if path[-1] in ("slug", "id"):
            return f"{value}-z{next(count):04}"
        return f"{value} z{next(count):04}"

    document = marked(given())
    record = read(json.dumps(document).encode(), "fetched")
    text = shown(page, record, tmp_path)
    marks = set(re.findall(r"z\d{4}", json.dumps(document)))
    assert len(marks) > 90
    assert sorted(marks - set(re.findall(r"z\d{4}", text))) == []


def test_a_value_that_is_not_there_is_missed(page: AboutPage, tmp_path: Path) -> None:
    document = given()
    text = shown(page, read(resource(*GIVEN).read_bytes(), "bundled"), tmp_path)
    document["benchmarks"]["coding"] = 79
    document["relationships"]["related"][3]["markdown_url"] = "/content/models/gemma-5.md"
    document["content_length"] = 2655
    document["pricing"]["free"] = False
    assert [one.partition(":")[0] for one in missing(document, text)] == [
        "pricing.free",
        "benchmarks.coding",
        "relationships.related.3.markdown_url",
        "content_length",
    ]


def test_the_record_as_published_is_there_to_be_copied(page: AboutPage, qapp: QApplication, tmp_path: Path) -> None:
    page.show_record(read(resource(*GIVEN).read_bytes(), "bundled"), open_catalogue(tmp_path))
    page.finish()
    assert page.raw is not None
    page.raw.button.click()
    settled()
    copies = [one for one in page.raw.findChildren(type(page.raw.button)) if one.accessibleName() == "Copy code"]
    assert len(copies) == 1
    copies[0].click()
    assert json.loads(qapp.clipboard().text()) == given()
