"""A model's page with records that somebody wrote badly, or to do harm: shown for what they are, and nothing opens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtWidgets import QTextBrowser, QTextEdit

from mistral_desk.catalog.record import read
from mistral_desk.catalog.store import Catalogue
from mistral_desk.ui.models.about import said
from mistral_desk.ui.models.about.addresses import absolute
from tests.ui import about_ground
from tests.ui.heard import settled, texts, whole
from tools.gallery import checks

if TYPE_CHECKING:
    from PySide6.QtGui import QTextDocument
    from PySide6.QtWidgets import QApplication

    from mistral_desk.ui.models.about.page import AboutPage

HOSTILE: Final = """# Mistral Small 4

![seen](https://tracker.example/pixel.png) ![local](file:///etc/passwd) <img src="https://tracker.example/2.png">

<script>alert("run")</script> [files](file:///etc/passwd) [script](javascript:alert(1)) [model](model:gemma-4)
[data](data:text/html;base64,PHNjcmlwdD4=) [hidden](https://bank.example@evil.example/) [fine](https://example.org/a)

<https://example.org/b> and [back]: \\\\server\\share

**When to pick something else:** [Gemma 4](https://evil.example/gemma) or Gemma 3, or [this](file:///etc/shadow).
"""


def anchors(document: QTextDocument) -> list[str]:
    found: list[str] = []
    block = document.begin()
    while block.isValid():
        for piece in block.textFormats():
            if piece.format.isAnchor() and piece.format.anchorHref() not in found:
                found.append(piece.format.anchorHref())
        block = block.next()
    return found


def documents(page: AboutPage) -> list[QTextEdit]:
    return [view for view in page.findChildren(QTextEdit) if view.isVisibleTo(page)]


# --- hostile texts --------------------------------------------------------------------------------------


def test_a_hostile_text_loads_nothing_and_leads_only_to_the_web(qapp: QApplication) -> None:
    with about_ground.opened(qapp) as page:
        page.show_record(about_ground.record(content_text=HOSTILE), None)
        settled()
        views = documents(page)
        assert len(views) >= 2
        led = [address for view in views for address in anchors(view.document())]
        assert led == [
            "https://tracker.example/pixel.png",  # a link with the picture's words: nothing was loaded
            "https://example.org/a",
            "https://example.org/b",
            "https://evil.example/gemma",
            "model:gemma-3",
        ]
        for view in views:
            assert "<img" not in view.toHtml()
            assert isinstance(view, QTextBrowser)
            assert not view.openLinks()
            assert not view.openExternalLinks()
        assert '<script>alert("run")</script>' in whole(page), "what was written is shown as it was written"


def test_a_link_goes_up_and_nothing_opens_by_itself(qapp: QApplication) -> None:
    with about_ground.opened(qapp) as page:
        page.show_record(about_ground.record(content_text=HOSTILE), None)
        settled()
        links: list[str] = []
        models: list[str] = []
        page.link.connect(links.append)
        page.open_model.connect(models.append)
        for view in documents(page):
            assert isinstance(view, QTextBrowser)
            for address in anchors(view.document()):
                view.anchorClicked.emit(QUrl(address))
        assert "https://evil.example/gemma" in links, "the text's own link is not taken for ours"
        assert models == ["gemma-3"]
        assert all(address.startswith("https://") for address in links)


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/passwd",
        "javascript:alert(1)",
        "//@evil.example",
        "https://a@b.example/",
        "data:text/html,x",
        "\\\\a\\b",
    ],
)
def test_an_address_of_a_record_that_must_not_open_is_shown_and_is_no_button(qapp: QApplication, address: str) -> None:
    with about_ground.opened(qapp) as page:
        page.show_record(about_ground.record(website=address), None)
        settled()
        assert page.links is not None
        assert len(page.links.buttons) == 3, "page, Markdown and data are still there"
        assert address in whole(page)


def test_addresses_are_whole_and_of_the_web() -> None:
    assert absolute("/models/x") == "https://ai-future-ready.com/models/x"
    assert absolute("/models/x", "https://mirror.example/catalog") == "https://mirror.example/models/x"
    assert absolute("https://mistral.ai") == "https://mistral.ai"
    assert absolute("mistral.ai/models") == "https://mistral.ai/models"
    assert absolute("//other.example/x") == "https://other.example/x"
    assert absolute("models/x y") == "https://ai-future-ready.com/models/x y"
    assert [absolute(one) for one in (None, "", " ", "file:/x", "ftp://a.example", "https://", "a\nb")] == [""] * 7


# --- odd records ----------------------------------------------------------------------------------------


def faults(page: AboutPage) -> list[str]:
    settled()
    return [str(fault) for fault in checks.examine(page)]


@pytest.mark.parametrize(("width", "size"), [(900, 100), (620, 200)])
def test_names_longer_than_any_line_are_broken_not_cut(qapp: QApplication, width: int, size: int) -> None:
    endless = "Modell" * 48
    related = [{"id": "other", "title": endless, "type": "model", "shared_tags": [endless], "score": 3}]
    odd: dict[str, Any] = {
        "title": f"{endless} and more",
        "provider": endless,
        "license": endless[:250],
        "tags": [endless, "short"],
        "best_for": [endless],
        "benchmarks": {endless[:70]: 50, "b": endless},
        "relationships": {"related": related},
        "pricing": {"input": endless[:200], "output": 0.15, "note": endless},
    }
    with about_ground.opened(qapp, width, 20_000, size) as page:
        page.show_record(about_ground.record(**odd), None)
        assert faults(page) == []
        assert page.header is not None
        assert page.header.title.height() > 2 * page.header.title.fontMetrics().height()
        assert whole(page).count(endless) >= 6


def test_a_record_that_says_nothing_is_shown_as_that(qapp: QApplication) -> None:
    with about_ground.opened(qapp) as page:
        page.show_record(read({"id": "bare", "metadata": {}}), None)
        assert faults(page) == []
        text = whole(page)
        for name in ("Licence", "Kind", "Parameters", "Context", "Understands", "Released", "Updated"):
            assert f"{name}: unknown" in text
        assert page.header is not None
        assert page.header.title.text() == "bare"
        for part in (page.truth, page.text, page.elsewhere, page.scores, page.tags, page.related, page.notes):
            assert part is None, "nothing is made up"
        assert "Not said by the publisher" in text


def test_forty_tags_and_thirty_relations_are_all_there(qapp: QApplication) -> None:
    tags = [f"tag {number}" for number in range(40)]
    related = [
        {"id": f"m-{number}", "title": f"Model {number}", "type": "model", "shared_tags": ["text"], "score": 2}
        for number in range(30)
    ]
    with about_ground.opened(qapp, height=6000) as page:
        page.show_record(about_ground.record(tags=tags, relationships={"related": related}), None)
        assert faults(page) == []
        assert page.tags is not None
        assert list(page.tags.buttons) == tags
        assert page.related is not None
        assert page.related.more is not None
        assert page.related.more.button.text() == "24 more related models"
        page.related.more.button.click()
        assert faults(page) == []
        assert set(page.related.buttons) == {f"m-{number}" for number in range(30)}


def test_scores_that_are_no_numbers_are_told_and_never_guessed(qapp: QApplication) -> None:
    scores = {"coding": None, "math": "78 %", "speed": "very fast", "writing": 140, "reasoning": 70.5, "odd_one": 0}
    with about_ground.opened(qapp) as page:
        page.show_record(about_ground.record(benchmarks=scores), None)
        assert faults(page) == []
        assert page.scores is not None
        assert [bar.spoken for bar in page.scores.bars.bars] == [
            "Coding: unknown",
            "Math 78 of 100",
            "Speed: very fast",
            "Writing: 140",
            "Reasoning 70.5 of 100",
            "Odd one 0 of 100",
        ]
        assert "publisher's own normalised scores" in whole(page)


def test_words_from_right_to_left_keep_their_direction(qapp: QApplication) -> None:
    title, provider = "نموذج اللغة الصغير", "مختبر"
    text = "# نموذج\n\nهذا نموذج صغير.\n\nAnd English."
    with about_ground.opened(qapp) as page:
        page.show_record(about_ground.record(title=title, provider=provider, content_text=text, tags=["عربي"]), None)
        assert faults(page) == []
        heard = list(texts(page))
        assert title in heard
        assert f"Provider: \u2068{provider}\u2069" in heard, "kept apart, so that it turns nothing around"
        assert any("هذا نموذج صغير." in one for one in heard)


def test_a_long_text_is_folded_and_all_of_it_can_be_read(qapp: QApplication) -> None:
    parts = [f"Paragraph {number} of a long text. " + "It goes on and on. " * 12 for number in range(60)]
    with about_ground.opened(qapp) as page:
        page.show_record(about_ground.record(content_text="\n\n".join(parts)), None)
        settled()
        assert page.text is not None
        assert page.text.more is not None
        assert "Paragraph 0 " in whole(page)
        assert "Paragraph 59 " not in whole(page)
        page.text.more.click()
        settled()
        assert all(f"Paragraph {number} " in whole(page) for number in range(60))
        assert faults(page) == []


# --- what is not a plain record -------------------------------------------------------------------------


def test_a_model_known_by_name_says_so_and_who_names_it(qapp: QApplication) -> None:
    naming = about_ground.record()
    stub = read({"id": "gemma-4", "title": "Gemma 4"}, "mentioned")
    catalogue = Catalogue((naming, stub))
    with about_ground.opened(qapp) as page:
        asked: list[str] = []
        refreshed: list[bool] = []
        page.open_model.connect(asked.append)
        page.refresh.connect(lambda: refreshed.append(True))
        page.show_record(stub, catalogue)
        assert faults(page) == []
        assert "No details here yet" in whole(page)
        assert "unknown" not in whole(page), "of a stub nothing is asked"
        assert page.named_by is not None
        page.named_by.buttons["mistral-small-4"].click()
        assert page.notes is not None
        page.notes.buttons[-1].click()
        assert (asked, refreshed) == (["mistral-small-4"], [True])


def test_what_replaces_a_model_is_named_and_opens(qapp: QApplication) -> None:
    old = about_ground.record(deprecated=True, superseded_by="mistral-small-5", variant_of="mistral-small-3")
    newer = read({"id": "mistral-small-5", "title": "Mistral Small 5"}, "fetched")
    with about_ground.opened(qapp) as page:
        asked: list[str] = []
        page.open_model.connect(asked.append)
        page.show_record(old, Catalogue((old, newer)))
        assert faults(page) == []
        text = whole(page)
        assert "Mistral Small 5 takes this model's place" in text
        assert "variant of mistral-small-3" in text
        assert page.notes is not None
        assert [button.text() for button in page.notes.buttons] == ["Open Mistral Small 5"], "the other has no page"
        page.notes.buttons[0].click()
        assert asked == ["mistral-small-5"]


# --- words ----------------------------------------------------------------------------------------------


def test_dates_in_words_and_what_is_none_as_it_was() -> None:
    assert said.date("2026-03") == "March 2026"
    assert said.date("2026-04-10") == "10 April 2026"
    assert said.date("2026-04-24T10:00:00Z") == "24 April 2026"
    assert said.date("2026") == "2026"
    assert [said.date(one) for one in ("spring 2026", "2026-13", "2026-00-10", "2026-02-99")] == [
        "spring 2026",
        "2026-13",
        "2026-00-10",
        "2026-02-99",
    ]
    assert said.date(None) == "unknown"


def test_a_score_s_parts_add_up_or_it_is_said() -> None:
    record = about_ground.record()
    first, third = record.related[0], record.related[2]
    assert said.related_reason(first, record, None) == (
        "Score 7: 3 shared tags + 1 for the same section + 2 for the same provider + 1 for the same type."
    )
    assert said.related_reason(third, record, None) == (
        "Score 5: 3 shared tags + 1 for the same section + 1 for the same type."
    )
    other = about_ground.record(relationships={"related": [{"id": "x", "type": "model", "score": 9}]}).related[0]
    assert said.related_reason(other, record, None) == "Score 9: 1 for the same type, and more that is not told."
    none = about_ground.record(relationships={"related": [{"id": "x", "score": 4}]}).related[0]
    assert said.related_reason(none, record, None) == "Score 4; the record does not say what for."
