"""What the monkey does: everything that a person at the window can, in any order, and more often the wrong thing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import shiboken6
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDragMoveEvent,
    QDropEvent,
    QGuiApplication,
    QImage,
    QWheelEvent,
)
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QDialog, QFileDialog, QMenu, QWidget

from mistral_desk.core import settings as declared
from mistral_desk.core.errors import DeskError
from mistral_desk.core.setting_kinds import Choice, Switch, Whole
from mistral_desk.ui import loop
from mistral_desk.ui.downloads.get_button import Ware
from mistral_desk.ui.downloads.get_sheet import GetSheet
from tests.campaigns.monkey_files import things

if TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from pathlib import Path

    from mistral_desk.ui.desk import Desk
    from tests.fixtures.hub_site import HubSite

K: Final = Qt.Key
KEYS: Final = (
    *(K.Key_Tab, K.Key_Backtab, K.Key_Escape, K.Key_Return, K.Key_Space, K.Key_Delete, K.Key_Backspace, K.Key_Menu),
    *(K.Key_Up, K.Key_Down, K.Key_Left, K.Key_Right, K.Key_Home, K.Key_End, K.Key_PageUp, K.Key_PageDown, K.Key_F2),
)
CHORDS: Final = tuple("NKFBTZACVXLEDSPRWOUIM,1234567")
TEXTS: Final = (
    *("a", "What can you do?", "Straße 世界 🙂", "x" * 3000, "$\\frac{1}{2}$ **b** [l](http://a.b)", "\u202eleft"),
    *("```\ncode", "a\tb\nc", "0", "-1", "https://example.org/v1", "' OR 1=1 --", "acme/Tiny-GGUF", "\ud83d"),
)
NONE: Final = Qt.KeyboardModifier.NoModifier
WARES: Final = (Ware("acme/Tiny-GGUF", "Q4_K_M", "Tiny"), Ware("acme/Gated-GGUF", "Q4_K_M", "Gated"))
SET: Final = tuple(one for one in declared.ALL if isinstance(one, (Choice, Whole, Switch)))


class Monkey:
    """One at a window. Every choice comes from `dice`."""

    def __init__(self, desk: Desk, hub: HubSite, folder: Path, dice: random.Random) -> None:
        self._desk, self._hub, self._dice = desk, hub, dice
        self._things = things(folder / "things")
        self._folder = folder
        self.done: list[str] = []
        self._ways: tuple[tuple[int, Callable[[], str]], ...] = (
            (20, self._press_key),
            (10, self._chord),
            (26, self._click_button),
            (10, self._click_anywhere),
            (6, self._drag),
            (4, self._wheel),
            (6, self._type),
            (6, self._ask),
            (3, self._resize),
            (5, self._set),
            (3, self._look),
            (4, self._drop),
            (3, self._paste),
            (3, self._download),
            (2, self._trouble),
            (2, self._go),
        )

    async def act(self) -> str:
        """One action, and what Qt and the loop do because of it; what it was."""
        told = self._answer_dialog() or self._in_menu() or self._one()
        self.done.append(told.split(" ", 1)[0])
        await loop.idle(1)
        if self._dice.random() < 0.2:
            await asyncio.sleep(self._dice.choice((0, 0.001, 0.01, 0.03)))
        return told

    async def rest(self) -> None:
        """Nothing open, nothing under way: what is left then is what a leak would be."""
        self._hub.trouble.__init__()  # type: ignore[misc]
        for _ in range(4):
            self._put_dialogs_away()
            for _ in range(4):
                QTest.keyClick(self._desk.window, K.Key_Escape)
                await loop.idle(2)
        self._desk.page.stop()
        self._desk.window.show_chat()
        self._desk.new_chat()
        for _ in range(200):
            await loop.idle(1)
            await asyncio.sleep(0.005)

    # --- what stands in the way -------------------------------------------------------------------------

    def _answer_dialog(self) -> str:
        """The system's own dialogs are no ground for a monkey: it takes something, or nothing."""
        for widget in QApplication.topLevelWidgets():
            if isinstance(widget, QFileDialog) and widget.isVisible():
                chosen = str(self._dice.choice([*self._things, self._folder / "elsewhere", self._folder / "new.zip"]))
                if taken := self._dice.random() < 0.6:
                    widget.fileSelected.emit(chosen)
                    widget.filesSelected.emit([chosen])
                widget.reject()
                return f"dialog {chosen.rpartition('/')[2] if taken else 'rejected'}"
        return ""

    def _put_dialogs_away(self) -> None:
        for widget in QApplication.topLevelWidgets():
            if isinstance(widget, QDialog | QMenu) and widget.isVisible():
                widget.close()

    def _in_menu(self) -> str:
        menu = QApplication.activePopupWidget()
        if not isinstance(menu, QMenu):
            return ""
        actions = [one for one in menu.actions() if one.isEnabled() and not one.isSeparator()]
        if not actions or self._dice.random() < 0.3:
            menu.close()
            return "menu closed"
        action = self._dice.choice(actions)
        words = action.text()
        menu.setActiveAction(action)
        QTest.keyClick(menu, K.Key_Return)
        return f"menu {words!r}"

    def _one(self) -> str:
        weights = [weight for weight, _ in self._ways]
        return self._dice.choices([way for _, way in self._ways], weights)[0]()

    # --- keys -------------------------------------------------------------------------------------------

    def _focus(self) -> QWidget:
        return QApplication.focusWidget() or self._desk.window

    def _press_key(self) -> str:
        key = self._dice.choice(KEYS)
        shift = self._dice.random() < 0.15
        QTest.keyClick(self._focus(), key, Qt.KeyboardModifier.ShiftModifier if shift else NONE)
        return f"key {key.name}"

    def _chord(self) -> str:
        letter = self._dice.choice(CHORDS)
        held = Qt.KeyboardModifier.ControlModifier
        if self._dice.random() < 0.3:
            held |= Qt.KeyboardModifier.ShiftModifier
        QTest.keyClick(self._focus(), Qt.Key(ord(letter)), held)
        return f"chord {letter}"

    def _type(self) -> str:
        text = self._dice.choice(TEXTS)
        if len(text) > 50 or not text.isascii() or not text.isprintable():
            QGuiApplication.clipboard().setText(text)
            QTest.keyClick(self._focus(), K.Key_V, Qt.KeyboardModifier.ControlModifier)
        else:
            QTest.keyClicks(self._focus(), text)
        return f"type {text[:12]!a}"

    def _ask(self) -> str:
        edit = self._desk.page.composer.edit
        if not edit.isVisible() or not edit.isEnabled():
            return "ask not"
        text = self._dice.choice(TEXTS)
        edit.setFocus()
        edit.insertPlainText(text)
        QTest.keyClick(edit, K.Key_Return)
        return f"ask {text[:12]!a}"

    def _paste(self) -> str:
        clipboard = QGuiApplication.clipboard()
        if self._dice.random() < 0.5:
            image = QImage(40, 30, QImage.Format.Format_RGB32)
            image.fill(QColor(self._dice.choice(("red", "blue"))))
            clipboard.setImage(image)
        else:
            clipboard.setMimeData(self._files())
        QTest.keyClick(self._focus(), K.Key_V, Qt.KeyboardModifier.ControlModifier)
        return "paste"

    # --- mouse ------------------------------------------------------------------------------------------

    def _in_sight(self, kind: type[QWidget] = QWidget) -> list[Any]:
        """What the mouse can reach: of a sheet that lies over the window only what is on it."""
        over = self._desk.window.overlay
        found: list[QWidget] = [one for one in QApplication.topLevelWidgets() if isinstance(one, QDialog)]
        found.append(over if over is not None and over.isVisible() else self._desk.window)
        return [
            widget
            for top in found
            if top.isVisible()
            for widget in top.findChildren(kind)
            if widget.isVisible() and not widget.visibleRegion().isEmpty()
        ]

    def _click_button(self) -> str:
        buttons = [one for one in self._in_sight(QAbstractButton) if one.isEnabled()]
        if not buttons:
            return "button none"
        button = self._dice.choice(buttons)
        words = button.accessibleName() or button.text() or type(button).__name__
        QTest.mouseClick(button, Qt.MouseButton.LeftButton, NONE, button.visibleRegion().boundingRect().center())
        return f"button {words!r}"

    def _place(self) -> tuple[QWidget, QPoint]:
        widget = self._dice.choice(self._in_sight() or [self._desk.window])
        rect = widget.visibleRegion().boundingRect()
        at = QPoint(
            self._dice.randint(rect.left(), max(rect.left(), rect.right())),
            self._dice.randint(rect.top(), max(rect.top(), rect.bottom())),
        )
        return widget, at

    def _click_anywhere(self) -> str:
        widget, at = self._place()
        buttons = (Qt.MouseButton.LeftButton, Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton)
        button = self._dice.choice(buttons)
        kind = type(widget).__name__
        if button == Qt.MouseButton.LeftButton and self._dice.random() < 0.3:
            QTest.mouseDClick(widget, button, NONE, at)
        else:
            QTest.mouseClick(widget, button, NONE, at)
        return f"click {kind} {button.name}"

    def _drag(self) -> str:
        widget, at = self._place()
        kind = type(widget).__name__
        QTest.mousePress(widget, Qt.MouseButton.LeftButton, NONE, at)
        for _ in range(3):
            if not shiboken6.isValid(widget):
                return f"drag {kind} gone"
            QTest.mouseMove(widget, at + QPoint(self._dice.randint(-200, 200), self._dice.randint(-100, 100)))
        if shiboken6.isValid(widget):
            QTest.mouseRelease(widget, Qt.MouseButton.LeftButton, NONE, at)
        return f"drag {kind}"

    def _wheel(self) -> str:
        widget, at = self._place()
        where = QPointF(at)
        turn = QPoint(0, self._dice.choice((-1200, -120, 120, 1200)))
        event = QWheelEvent(
            where, QPointF(widget.mapToGlobal(at)), QPoint(), turn, Qt.MouseButton.NoButton, NONE,
            Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(widget, event)
        return "wheel"

    def _files(self) -> QMimeData:
        mime = QMimeData()
        chosen = self._dice.sample(self._things, self._dice.randint(1, 3))
        mime.setUrls([QUrl.fromLocalFile(str(path)) for path in chosen])
        return mime

    def _drop(self) -> str:
        handle = self._desk.window.windowHandle()
        mime = self._files()
        rect = self._desk.window.rect()
        at = QPointF(self._dice.randint(0, rect.width()), self._dice.randint(0, rect.height()))
        actions, left = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
        for kind in (QDragEnterEvent, QDragMoveEvent):
            QApplication.sendEvent(handle, kind(at, actions, mime, left, NONE))
        QApplication.sendEvent(handle, QDropEvent(at, actions, mime, left, NONE))
        return "drop " + ", ".join(url.fileName() for url in mime.urls())

    # --- the window's own ways --------------------------------------------------------------------------

    def _resize(self) -> str:
        size = self._dice.choice(((480, 400), (880, 600), (1180, 800), (1600, 1000), (300, 200)))
        self._desk.window.resize(*size)
        return f"resize {size[0]}"

    def _look(self) -> str:
        settings = self._desk.services.settings
        settings.set(declared.THEME, self._dice.choice(("light", "dark", "system")))
        settings.set(declared.CONTRAST, self._dice.choice(("high", "normal", "system")))
        settings.set(declared.TEXT_SCALE, self._dice.choice((80, 100, 150, 200)))
        return "look"

    def _set(self) -> str:
        one: Any = self._dice.choice(SET)
        if isinstance(one, Choice):
            value: Any = self._dice.choice(list(one.choices))
        elif isinstance(one, Switch):
            value = self._dice.random() < 0.5
        else:
            value = self._dice.choice((one.default, one.minimum, one.maximum, one.minimum - 1, 0))
        try:
            self._desk.services.settings.set(one, value)
        except DeskError as error:
            if error.problem.id != "settings.value":
                raise
        return f"set {one.name}={value}"

    def _download(self) -> str:
        ware = self._dice.choice(WARES)
        overlay = self._desk.window.overlay
        if isinstance(overlay, GetSheet) and overlay.get is not None and overlay.get.isVisible():
            QTest.mouseClick(overlay.get, Qt.MouseButton.LeftButton)
            return "download begun"
        if overlay is not None:
            return "download behind a sheet"
        self._desk.getting.ask(ware)
        return f"download {ware.title}"

    def _trouble(self) -> str:
        trouble = self._hub.trouble
        trouble.__init__()  # type: ignore[misc]
        name, value = self._dice.choice(
            (
                *(("", 0), ("", 0), ("fail", 3), ("refuse", 1)),
                *(("cut", 9000), ("flip", 5000), ("expired", 2), ("rate", 60000)),
            )
        )
        if name:
            setattr(trouble, name, value)
        trouble.pause = 1
        return f"trouble {name}"

    def _go(self) -> str:
        way = self._dice.choice(("new", "temporary", "chats", "model"))
        if way == "new":
            self._desk.new_chat()
        elif way == "temporary":
            self._desk.temporary_chat()
        elif way == "chats" and self._desk.listed:
            self._desk.open_chat(self._dice.choice(self._desk.listed).id)
        elif way == "model":
            ids = [model.id for model in self._desk.services.library.models]
            self._desk.open_model(self._dice.choice([*ids, "/nowhere.gguf"]))
        return f"go {way}"
