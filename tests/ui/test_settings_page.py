"""The settings page: every declared setting has a control that works, search, reset, and the keyboard alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPlainTextEdit, QWidget

from mistral_desk.catalog.sync import WHY
from mistral_desk.core import settings as declared
from mistral_desk.core.machine import this_machine
from mistral_desk.inference import cage
from mistral_desk.net.ledger import Ledger
from mistral_desk.ui.settings.connections import ConnectionsSheet
from mistral_desk.ui.settings.facts import LicenceSheet
from mistral_desk.ui.settings.rows import Reset, Row
from mistral_desk.ui.theme.tokens import HIGH_COLOURS
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.segmented import Segmented
from mistral_desk.ui.widgets.stepper import Stepper
from mistral_desk.ui.widgets.switch import Switch
from tests.fixtures import fake_worker
from tests.ui import window

if TYPE_CHECKING:
    from pathlib import Path

    from mistral_desk.ui.desk import Desk

SCRIPT = [fake_worker.HELLO, {"serve": {"load": fake_worker.loading(), "generate": fake_worker.answer("Yes.")}}]


def test_every_setting_stands_on_its_page_with_a_name_and_an_explanation(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            page = desk.settings
            assert not page.findChildren(QWidget), "a start does not make what hardly anybody looks at"
            page.make()
            assert set(page.controls) == {setting.name for setting in declared.ALL}
            for setting in declared.ALL:
                page.show_page(setting.section)
                control = page.controls[setting.name]
                assert page.sections[setting.section].isAncestorOf(control)
                target = control.focusProxy() or control
                assert setting.label in target.accessibleName() or setting.label in control.accessibleName()
                assert control.accessibleDescription()

    window.run(qapp, scenario)


def test_each_kind_of_control_changes_what_is_set(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            desk.window.open_settings("appearance")
            settings, controls = desk.services.settings, desk.settings.controls
            theme, switch, size = (
                controls[one.name] for one in (declared.THEME, declared.THINK_BY_DEFAULT, declared.TEXT_SCALE)
            )
            assert isinstance(theme, Segmented)
            assert isinstance(switch, Switch)
            assert isinstance(size, Stepper)
            window.click(theme.buttons["dark"])
            assert settings.get(declared.THEME) == "dark"
            assert desk.theme.scheme == "dark"
            settings.set(declared.TEXT_SCALE, 150)
            assert size.spin.value() == 150, "a control follows a change from elsewhere"
            desk.settings.show_page("chat")
            await window.drawn()
            window.click(switch)
            assert settings.get(declared.THINK_BY_DEFAULT) is True

    window.run(qapp, scenario)


def _reset_of(desk: Desk, setting: declared.Setting[str]) -> Reset:
    row = desk.settings.controls[setting.name].parentWidget()
    assert isinstance(row, QWidget)
    found = row.findChild(Reset)
    assert isinstance(found, Reset)
    return found


def test_reset_is_there_only_when_there_is_something_to_take_back(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            desk.window.open_settings("appearance")
            reset = _reset_of(desk, declared.THEME)
            assert reset.isHidden()
            desk.services.settings.set(declared.THEME, "dark")
            assert reset.isVisible()
            await window.drawn()
            reset.setFocus(Qt.FocusReason.TabFocusReason)
            QTest.keyClick(reset, Qt.Key.Key_Return)
            assert desk.services.settings.get(declared.THEME) == "system"
            assert reset.isHidden()
            focus = QApplication.focusWidget()
            assert focus is not None
            assert desk.settings.isAncestorOf(focus), "the keyboard is not lost with the button"

    window.run(qapp, scenario)


def test_the_search_goes_over_all_pages(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            page = desk.settings
            desk.window.open_settings("about")
            QTest.keyClicks(page.search, "thread")
            shown = [row.label.text() for row in page.findChildren(Row) if row.isVisible()]
            assert "Processor threads" in shown
            assert "Theme" not in shown
            page.search.setText("no setting like this")
            assert [row for row in page.findChildren(Row) if row.isVisible()] == []
            page.search.setText("appearance")
            assert page.controls[declared.THEME.name].isVisible()
            page.search.clear()
            assert page.sections["about"].isVisible()
            assert not page.sections["appearance"].isVisible()

    window.run(qapp, scenario)


def test_hardware_and_privacy_tell_what_is_so(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            desk.window.open_settings("hardware")
            notes = " ".join(row.note.text() for row in desk.settings.sections["hardware"].rows)
            assert this_machine().processor in notes
            assert "fake llama.cpp" in notes, "the engine's own version, from the worker"
            desk.settings.show_page("privacy")
            notes = " ".join(row.note.text() for row in desk.settings.sections["privacy"].rows)
            assert cage.NOT_YET in notes
            assert str(desk.services.folders.history) in notes

    window.run(qapp, scenario)


def test_the_list_of_connections_is_shown(qapp: QApplication, tmp_path: Path) -> None:
    """Also what another run wrote: the file is read when the list is opened."""
    file = tmp_path / "connections.jsonl"
    before = Ledger(file)
    entry = before.begin("catalog.example", "catalog", WHY, job="1")
    entry.sent, entry.received = 12_000, 3_400_000
    before.end(entry, "net.cut")
    before.flush()

    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            desk.services.ledger = Ledger(file)
            desk.window.open_settings("privacy")
            await window.drawn()
            button = next(
                one for one in desk.settings.findChildren(Button) if one.accessibleName() == "Show the connections…"
            )
            window.click(button)
            sheet = desk.window.overlay
            assert isinstance(sheet, ConnectionsSheet)
            await sheet.whole()
            await window.drawn()
            text = sheet.edit.toPlainText().replace("\N{NO-BREAK SPACE}", " ")
            for words in (
                "catalog.example",
                WHY,
                "asked by the catalog",
                "1 request",
                "12.0 kB sent",
                "3.4 MB received",
            ):
                assert words in text
            assert "The connection broke off" in text
            desk.window.escape()
            desk.services.ledger.erase()
            window.click(button)
            empty = desk.window.overlay
            assert isinstance(empty, ConnectionsSheet)
            await empty.whole()
            assert empty.edit.toPlainText() == "No connection was made."

    window.run(qapp, scenario)


def test_a_licence_can_be_read(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            desk.window.open_settings("about")
            await window.drawn()
            button = next(
                one for one in desk.settings.findChildren(Button) if one.accessibleName() == "Licence of llama.cpp"
            )
            window.click(button)
            sheet = desk.window.overlay
            assert isinstance(sheet, LicenceSheet)
            assert isinstance(sheet.edit, QPlainTextEdit)
            assert "MIT License" in sheet.edit.toPlainText()
            desk.window.escape()
            assert desk.window.page == "settings"

    window.run(qapp, scenario)


def test_the_models_folder_feeds_the_menu(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        folder = tmp_path / "Meine Modelle"
        folder.mkdir()
        for name in (
            "b.gguf",
            "A.gguf",
            "mmproj-b.gguf",
            "big-00001-of-00002.gguf",
            "big-00002-of-00002.gguf",
            "x.txt",
        ):
            (folder / name).touch()
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            assert desk.services.models_there() == ()
            desk.services.settings.set(declared.MODELS_FOLDER, str(folder))
            assert [one.rpartition("/")[2] for one in desk.services.models_there()] == [
                "A.gguf",
                "b.gguf",
                "big-00001-of-00002.gguf",
            ]
            desk.window.open_settings("models")
            row = desk.settings.sections["models"].rows[0]
            assert str(folder) in row.note.text()
            assert sorted(one.name for one in folder.iterdir()) == sorted(
                ["A.gguf", "b.gguf", "mmproj-b.gguf", "big-00001-of-00002.gguf", "big-00002-of-00002.gguf", "x.txt"]
            )

    window.run(qapp, scenario)


def test_arrows_go_through_the_pages_and_tab_through_all_controls(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            desk.window.open_settings("appearance")
            page = desk.settings
            for wanted in (
                "chat",
                "data",
                "models",
                "downloads",
                "hardware",
                "server",
                "endpoints",
                "privacy",
                "about",
            ):
                focus = QApplication.focusWidget()
                assert focus is not None
                QTest.keyClick(focus, Qt.Key.Key_Right)
                assert page.page == wanted
                assert QApplication.focusWidget() is page.tabs[wanted]
            page.show_page("hardware")
            reached = set()
            for _ in range(30):
                focus = QApplication.focusWidget()
                assert focus is not None
                reached.add(focus)
                QTest.keyClick(focus, Qt.Key.Key_Tab)
            for setting in (declared.THREADS, declared.CONTEXT):
                control = page.controls[setting.name]
                assert (control.focusProxy() or control) in reached

    window.run(qapp, scenario)


def test_nothing_is_cut_off_at_the_largest_text_in_a_small_window(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT, size=(760, 600)) as desk:
            desk.theme.choose("light", 200)
            for key in desk.settings.tabs:
                desk.window.open_settings(key)
                await window.drawn()
                await window.drawn()
                width = desk.settings.area.viewport().width()
                for row in desk.settings.sections[key].rows:
                    for label in (row.label, row.note):
                        if label.isVisible() and row.control is not None:
                            assert label.heightForWidth(label.width()) <= label.height() + 1, label.text()
                    if row.control is not None:
                        right = row.control.mapTo(desk.settings.area.viewport(), row.control.rect().topRight()).x()
                        assert right <= width, row.label.text()

    window.run(qapp, scenario)


def test_high_contrast_by_the_setting(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            assert not desk.theme.high_contrast
            before = desk.theme.colours
            desk.services.settings.set(declared.CONTRAST, "high")
            assert desk.theme.colours == HIGH_COLOURS[desk.theme.scheme]
            desk.services.settings.set(declared.CONTRAST, "normal")
            assert desk.theme.colours == before

    window.run(qapp, scenario)
