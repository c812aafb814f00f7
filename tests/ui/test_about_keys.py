"""A model's page by keyboard and in the window: links lead on and ask first, tags filter, nothing gets lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QDesktopServices
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPlainTextEdit, QWidget

from mistral_desk.ui.chat.ask_link import LinkSheet
from mistral_desk.ui.chat.prose import ProseView
from mistral_desk.ui.widgets.label import Label
from mistral_desk.ui.widgets.tab_order import in_layout
from tests.fixtures import fake_worker
from tests.ui import about_ground, window
from tests.ui.heard import settled, whole

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from PySide6.QtCore import QUrl

    from mistral_desk.ui.models.about.page import AboutPage

SCRIPT = fake_worker.answering("Yes.")


def stops(page: AboutPage) -> list[QWidget]:
    layout = page.area.holder.layout()
    assert layout is not None
    return [one for one in in_layout(layout) if one.isVisibleTo(page) and one.isEnabled()]


def headings(page: AboutPage) -> list[str]:
    return [label.text() for label in page.findChildren(Label) if label.isVisibleTo(page)]


def focused() -> QWidget:
    widget = QApplication.focusWidget()
    assert widget is not None
    return widget


def test_tab_goes_down_the_page_and_through_the_links_of_the_passage(qapp: QApplication) -> None:
    with about_ground.opened(qapp) as page:
        page.show_record(about_ground.record(), None)
        settled()
        page.window().activateWindow()
        page.back_button.setFocus(Qt.FocusReason.TabFocusReason)
        passed = [focused()]
        for _ in range(60):
            QTest.keyClick(focused(), Qt.Key.Key_Tab)
            if focused() is page.back_button:
                break
            if focused() is not passed[-1]:
                passed.append(focused())
        tops = [one.mapTo(page.area.holder, QPoint(0, 0)).y() for one in passed]
        assert tops == sorted(tops), "from top to end"
        assert page.elsewhere is not None
        view = page.elsewhere.findChild(ProseView)
        assert view in passed
        assert page.raw is not None
        assert passed[-1] is page.raw.button
        assert set(stops(page)) - set(passed) == set(), "nothing is left out"


def test_a_named_model_opens_by_keyboard(qapp: QApplication) -> None:
    with about_ground.opened(qapp) as page:
        page.show_record(about_ground.record(), None)
        settled()
        page.window().activateWindow()
        opened: list[str] = []
        page.open_model.connect(opened.append)
        assert page.elsewhere is not None
        view = page.elsewhere.findChild(ProseView)
        assert view is not None
        view.setFocus(Qt.FocusReason.TabFocusReason)
        assert view.focused_link() is not None, "Tab comes to a link at once"
        QTest.keyClick(view, Qt.Key.Key_Return)
        QTest.keyClick(view, Qt.Key.Key_Tab)
        QTest.keyClick(view, Qt.Key.Key_Return)
        assert opened == ["mistral-small-3", "gemma-4"]


def test_the_keyboard_is_not_lost_when_another_model_is_shown(qapp: QApplication) -> None:
    with about_ground.opened(qapp) as page:
        page.show_record(about_ground.record(), None)
        settled()
        page.window().activateWindow()
        assert page.related is not None
        button = page.related.buttons["gemma-4"]
        button.setFocus(Qt.FocusReason.TabFocusReason)
        settled()
        assert page.area.verticalScrollBar().value() > 0, "what has the keyboard is in sight"
        page.show_record(about_ground.record(id="gemma-4", title="Gemma 4"), None)
        settled()
        assert page.back_button.hasFocus()
        assert page.area.verticalScrollBar().value() == 0
        assert page.accessibleName() == "About Gemma 4"


def test_only_the_last_of_two_quick_choices_is_there(qapp: QApplication) -> None:
    with about_ground.opened(qapp) as page:
        page.show_record(about_ground.record(), None)
        page.show_record(about_ground.record(id="b", title="Another", tags=["one"], best_for=["nothing"]), None)
        settled()
        assert page.tags is not None
        assert list(page.tags.buttons) == ["one"]
        assert headings(page).count("Best for") == 1
        assert "Efficient self-hosting" not in whole(page)


def test_what_is_not_there_yet_can_be_asked_for(qapp: QApplication) -> None:
    with about_ground.opened(qapp) as page:
        page.show_record(about_ground.record(), None)
        assert "Links" not in headings(page), "the top comes first"
        page.finish()
        assert page.raw is not None
        settled()
        assert headings(page).count("Links") == 1


def test_tags_models_and_comparing_go_up(qapp: QApplication) -> None:
    with about_ground.opened(qapp) as page:
        heard: list[str] = []
        page.filter_tag.connect(lambda tag: heard.append(f"tag {tag}"))
        page.open_model.connect(lambda model: heard.append(f"open {model}"))
        page.compare.connect(lambda model: heard.append(f"compare {model}"))
        page.member.connect(lambda model: heard.append(f"member {model}"))
        page.show_record(about_ground.record(), None)
        page.show_members((("a-8b", "A 8B"), ("a-14b", "A 14B")), "a-8b")
        settled()
        assert page.tags is not None
        assert page.here is not None
        page.tags.buttons["open-source"].click()
        page.here.members["a-14b"].click()
        page.compare_button.click()
        assert heard == ["tag open-source", "member a-14b", "compare mistral-small-4"]
        page.show_members((("a-8b", "A 8B"),), "a-8b")
        assert page.here.members == {}, "one is no choice"


# --- in the window --------------------------------------------------------------------------------------


def test_every_link_shows_its_whole_address_before_it_opens(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one place that hands an address to the system is listened to: nothing leaves before *Open* is pressed."""
    left: list[str] = []

    def hand_over(url: QUrl) -> bool:
        left.append(url.toString())
        return True

    monkeypatch.setattr(QDesktopServices, "openUrl", hand_over)

    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            desk.window.show_page("models")
            await desk.tasks.settled()
            desk.models.show_model("mistral-small-4")
            await desk.tasks.settled()
            about = desk.models.about
            about.finish()
            await window.drawn()
            assert about.links is not None
            for address, button in about.links.buttons.items():
                button.setFocus()
                button.click()
                sheet = desk.window.overlay
                assert isinstance(sheet, LinkSheet)
                field = sheet.findChild(QPlainTextEdit)
                assert field is not None
                assert field.toPlainText() == address
                assert address.startswith("https://")
                assert sheet.cancel.hasFocus(), "the harmless one"
                QTest.keyClick(sheet.cancel, Qt.Key.Key_Escape)
                assert desk.window.overlay is None
                assert button.hasFocus()
            assert len(about.links.buttons) == 4
            assert left == []
            about.links.buttons["https://mistral.ai"].click()
            sheet = desk.window.overlay
            assert isinstance(sheet, LinkSheet)
            sheet.go.click()
            assert left == ["https://mistral.ai"]

    window.run(qapp, scenario)


def test_a_tag_shows_the_models_that_have_it(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            desk.window.show_page("models")
            await desk.tasks.settled()
            desk.models.show_model("mistral-small-4")
            await desk.tasks.settled()
            desk.models.about.finish()
            assert desk.models.about.tags is not None
            desk.models.about.tags.buttons["image"].click()
            await window.drawn()
            assert desk.models.place.kind == "browse"
            assert desk.models.browse.wishes.tags == frozenset(("image",))

    window.run(qapp, scenario)
