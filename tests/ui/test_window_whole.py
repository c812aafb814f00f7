"""The window as a whole, with a scripted worker: a new look in mid-answer, an undone deletion, names and order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest

from mistral_desk.core import settings as declared
from mistral_desk.ui.theme.tokens import COLOURS, HIGH_COLOURS
from tests.fixtures import fake_worker
from tests.ui.window import ask, click, drawn, heard, opened, phase, run, type_in

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from PySide6.QtWidgets import QApplication, QWidget


def test_the_theme_changes_in_mid_answer(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, fake_worker.endless("**word** ")) as desk:
            type_in(desk, "Go")
            QTest.keyClick(desk.page.composer.edit, Qt.Key.Key_Return)
            turn = await phase(desk, "writing")
            desk.services.settings.set(declared.THEME, "dark")
            length = len(turn.text)
            await heard(desk.page.chat.changed, lambda one: len(one.text) > length + 50)  # type: ignore[union-attr]
            picture = desk.window.grab().toImage()
            assert picture.pixelColor(picture.width() - 4, picture.height() // 2).name() == "#1b1a18"
            desk.page.stop()
            await heard(desk.page.chat.ended)  # type: ignore[union-attr]

    run(qapp, scenario)


class SystemHints:
    """What the system says of itself; the platform without a screen has no such wishes."""

    def __init__(self) -> None:
        self.scheme = Qt.ColorScheme.Light
        self.contrast = Qt.ContrastPreference.NoPreference

    def colorScheme(self) -> Qt.ColorScheme:  # noqa: N802 - Qt's name
        return self.scheme

    def accessibility(self) -> SystemHints:
        return self

    def contrastPreference(self) -> Qt.ContrastPreference:  # noqa: N802 - Qt's name
        return self.contrast

    def motionPreference(self) -> Qt.MotionPreference:  # noqa: N802 - Qt's name
        return Qt.MotionPreference.NoPreference

    def setColorScheme(self, _scheme: Qt.ColorScheme) -> None:  # noqa: N802 - Qt's name
        pass


def test_the_window_follows_the_system_live(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, fake_worker.answering("Yes."), scheme="system") as desk:
            await ask(desk, "hello")
            system, real = SystemHints(), qapp.styleHints()
            monkeypatch.setattr(desk.theme, "_hints", system)

            def ground() -> str:
                picture = desk.window.grab().toImage()
                return picture.pixelColor(picture.width() - 4, picture.height() // 2).name().upper()

            await drawn()
            assert ground() == COLOURS["light"].canvas
            system.scheme = Qt.ColorScheme.Dark
            real.colorSchemeChanged.emit(Qt.ColorScheme.Dark)
            await drawn()
            assert ground() == COLOURS["dark"].canvas
            system.contrast = Qt.ContrastPreference.HighContrast
            real.accessibility().contrastPreferenceChanged.emit(Qt.ContrastPreference.HighContrast)
            await drawn()
            assert ground() == HIGH_COLOURS["dark"].canvas
            assert desk.theme.high_contrast
            desk.services.settings.set(declared.THEME, "light")
            await drawn()
            assert ground() == HIGH_COLOURS["light"].canvas, "a choice of one's own holds against the system"
            desk.services.settings.set(declared.CONTRAST, "normal")
            await drawn()
            assert ground() == COLOURS["light"].canvas

    run(qapp, scenario)


def test_a_deleted_chat_can_be_brought_back(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, fake_worker.answering("Yes.")) as desk:
            await ask(desk, "keep me")
            await desk.tasks.settled()
            sidebar = desk.window.sidebar
            sidebar.chats.setFocus()
            QTest.keyClick(sidebar.chats, Qt.Key.Key_Delete)
            await desk.tasks.settled()
            assert sidebar.model.rowCount() == 0
            assert desk.page.chat is not None
            assert desk.page.chat.turns == []
            (banner,) = desk.window.banners.banners
            assert banner.action is not None
            click(banner.action)
            await desk.tasks.settled()
            assert desk.page.chat is not None
            assert [turn.text for turn in desk.page.chat.turns] == ["keep me", "Yes."]

    run(qapp, scenario)


def test_every_control_has_a_name_and_tab_reaches_it_in_order(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, fake_worker.answering("See `x`.\n\n```py\nx = 1\n```", "Hm.")) as desk:
            await ask(desk, "hello")
            await drawn()
            reached = _tab_through(desk.window)
            names = [_name(widget) for widget in reached]
            assert "" not in names
            for name in (
                "New chat",
                "Search chats",
                "Chats",
                "Settings",
                "Transcript",
                "Message",
                "Think harder",
                "Model",
            ):
                assert name in names
            order = [names.index(name) for name in ("Transcript", "Copy code", "Message", "Think harder", "Model")]
            assert order == sorted(order)

    run(qapp, scenario)


def _tab_through(window: QWidget) -> list[QWidget]:
    """All widgets that Tab reaches, in order."""
    found: list[QWidget] = []
    widget = window.nextInFocusChain()
    while widget is not None and widget is not window:
        takes = widget.focusPolicy().value & Qt.FocusPolicy.TabFocus.value
        if takes and widget.isVisibleTo(window) and widget.isEnabled() and widget.focusProxy() is None:
            found.append(widget)
        widget = widget.nextInFocusChain()
    return found


def _name(widget: QWidget) -> str:
    interface = QAccessible.queryAccessibleInterface(widget)
    return interface.text(QAccessible.Text.Name)
