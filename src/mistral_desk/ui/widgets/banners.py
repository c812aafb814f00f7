"""The notices of the window: calm boxes over the main column, each with a way to close it.

In a chat they stand at its top, because what is new is written below; elsewhere at the foot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QApplication, QFrame, QWidget

from mistral_desk.core.words import tr
from mistral_desk.ui.theme.tokens import COLUMN, SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.focus import give_back, has_keyboard
from mistral_desk.ui.widgets.note import Note, name_close
from mistral_desk.ui.widgets.saying import say

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtGui import QPaintEvent

    from mistral_desk.ui.notify import Notice
    from mistral_desk.ui.theme.theme import Theme

SHOWN: Final = 3
BESIDE: Final = 0.3
"""Of a notice's width that its buttons may take from its words; else they stand below them."""
SHARE: Final = 0.6
"""Of the column's height: what is being written below stays in sight."""


class Banner(QWidget):
    """One notice with its buttons."""

    closed = Signal(object)

    def __init__(self, theme: Theme, notice: Notice, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.notice = notice
        self.note = Note(theme, notice.kind, notice.words, self)
        self.close_button = Button(theme, "", icon="close", small=True, muted=True, parent=self)
        name_close(self.close_button, notice.words)
        self.close_button.clicked.connect(lambda: self.closed.emit(self))
        self.action = self._button(notice.action, notice.act)
        self.second = self._button(notice.second, notice.act_second)
        self._late = False
        if notice.seconds:
            timer = QTimer(self)
            timer.setSingleShot(True)
            timer.timeout.connect(self.time_is_up)
            timer.start(notice.seconds * 1000)

    @property
    def first(self) -> Button:
        """What the keyboard comes to first: the way out, where there is one."""
        return self.action or self.close_button

    def time_is_up(self) -> None:
        """It leaves; not from under the keyboard, but as soon as that is elsewhere."""
        self._late = True
        self.look_again()

    def look_again(self) -> None:
        """The keyboard may be elsewhere."""
        if self._late and not has_keyboard(self):
            self.closed.emit(self)

    def arrange(self, width: int) -> int:
        """Place everything for `width`; returns the height."""
        close = self.close_button.sizeHint()
        acts = [button for button in (self.action, self.second) if button is not None]
        widest = max((button.sizeHint().width() for button in acts), default=0)
        if widest + close.width() > BESIDE * width:
            return self._arrange_below(width, acts)
        self.note.set_room_right(close.width() + (widest + SPACE[1] if acts else 0))
        below = sum(button.sizeHint().height() + SPACE[0] for button in acts[1:])
        height = max(self.note.height_for(width), close.height() + 2 * SPACE[1] + below)
        self.note.setGeometry(0, 0, width, height)
        mirrored = self.isRightToLeft()
        top = SPACE[1]
        x = width - close.width() - SPACE[1]
        self.close_button.setGeometry(width - x - close.width() if mirrored else x, top, close.width(), close.height())
        x -= widest + SPACE[0]
        for button in acts:
            size = button.sizeHint()
            button.setGeometry(width - x - widest if mirrored else x, top, widest, size.height())
            top += size.height() + SPACE[0]
        return height

    def _arrange_below(self, width: int, acts: list[Button]) -> int:
        """The buttons in lines below the words; there may be none, in a window that has hardly any room."""
        close = self.close_button.sizeHint()
        self.note.set_room_right(close.width())
        mirrored = self.isRightToLeft()
        self.close_button.setGeometry(
            SPACE[1] if mirrored else width - close.width() - SPACE[1], SPACE[1], close.width(), close.height()
        )
        begin = x = self.note.begin
        y = self.note.height_for(width)
        for button in acts:
            size = button.sizeHint()
            if x > begin and x + size.width() > width - SPACE[3]:
                x, y = begin, y + size.height() + SPACE[0]
            button.setGeometry(width - x - size.width() if mirrored else x, y, size.width(), size.height())
            x += size.width() + SPACE[1]
        height = max(y + acts[-1].sizeHint().height() + SPACE[2] if acts else y, close.height() + 2 * SPACE[1])
        self.note.setGeometry(0, 0, width, height)
        return height

    def _button(self, words: str, act: Callable[[], None] | None) -> Button | None:
        """A button that closes the notice and does what it says."""
        if not words:
            return None
        button = Button(self._theme, words, text=words, kind="outline", small=True, parent=self)
        button.setAccessibleDescription(self.notice.words.in_one)  # two notices may offer the same
        button.clicked.connect(lambda: self._act(act))
        return button

    def event(self, event: QEvent) -> bool:
        """A button that became larger gets its room."""
        stack = self.parentWidget()
        if event.type() == QEvent.Type.LayoutRequest and isinstance(stack, Banners):
            stack.place()
        return super().event(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """An opaque ground under the tinted note."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(self._theme.colour("canvas"))
        painter.setBrush(self._theme.colour("canvas"))
        painter.drawRoundedRect(self.rect(), 10, 10)
        painter.end()

    def _act(self, act: Callable[[], None] | None) -> None:
        self.closed.emit(self)  # first: a sheet that opens gives the keyboard back to where it is now
        if act is not None:
            act()


class Banners(QFrame):
    """A stack of notices, the newest on top; the same words are not shown twice."""

    covering = Signal(int)
    """So many pixels of the column are covered: what is below makes room, as somebody may be acting there."""

    left = Signal()
    """The keyboard was in one that is gone, and nobody knows where it had come from."""

    def __init__(self, theme: Theme, parent: QWidget, below: Sequence[QWidget] = (), undo: str = "") -> None:
        """At the top they stand below those of these that are seen; `undo` are the keys of what offers to undo."""
        super().__init__(parent)
        self._theme = theme
        self._below = below
        self._undo = undo
        self.before: QWidget | None = None
        """What had the keyboard before it came here."""
        for one in below:
            one.installEventFilter(self)
        self.low = False
        """Whether they stand at the foot: there no heading moves when they come and go."""
        self.banners: list[Banner] = []
        self.setAccessibleName(tr("Notices"))
        self.hide()
        theme.changed.connect(self.place)
        if isinstance(app := QApplication.instance(), QApplication):
            app.focusChanged.connect(self._focus_moved)

    def show_notice(self, notice: Notice) -> None:
        """Show one more."""
        for old in tuple(self.banners):
            if old.notice.words == notice.words or (notice.about and old.notice.about == notice.about):
                self._remove(old)
        banner = Banner(self._theme, notice, self)
        banner.closed.connect(self._remove)
        self.banners.insert(0, banner)
        for old in self.banners[SHOWN:]:
            self._remove(old)
        banner.show()
        self.place()
        words = notice.words.in_one
        if notice.undoes and notice.action and self._undo:
            words = f"{words} {tr('{what}: {keys}', what=notice.action, keys=self._undo)}"
        say(self, words)

    def withdraw(self, about: str) -> None:
        """What was said about this is not so any more."""
        for old in tuple(self.banners):
            if old.notice.about == about:
                self._remove(old)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """What stands above them came, went or grew."""
        if event.type() in (QEvent.Type.Show, QEvent.Type.Hide, QEvent.Type.Resize) and self.banners:
            self.place()
        return super().eventFilter(watched, event)

    def regions(self) -> list[QWidget]:
        """What F6 goes through."""
        return [self.banners[0].first] if self.banners else []

    def _focus_moved(self, old: QWidget | None, now: QWidget | None) -> None:
        if now is not None and self.isAncestorOf(now) and not (old is not None and self.isAncestorOf(old)):
            self.before = old if old is not None else self.before  # None: the window comes back
        for banner in tuple(self.banners):
            banner.look_again()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The page's own ground between them: no halves of words peep out."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.colour("canvas"))
        painter.end()

    @property
    def undoable(self) -> Banner | None:
        """The newest one that offers to take back what was done."""
        return next((one for one in self.banners if one.notice.undoes and one.action is not None), None)

    def undo(self) -> None:
        """As its button does."""
        if (banner := self.undoable) is not None and banner.action is not None:
            banner.action.click()

    def close_newest(self) -> bool:
        """Close the one on top; False when there is none."""
        if not self.banners:
            return False
        self._remove(self.banners[0])
        return True

    def place(self) -> None:
        """Fit the stack to the parent's width."""
        parent = self.parentWidget()
        if parent is None or not self.banners:
            self.hide()
            self.covering.emit(0)
            return
        width = min(round(COLUMN * max(1.0, self._theme.text_size / 100)), parent.width() - 2 * SPACE[4])
        y = SPACE[1]  # a gap to what is above
        above = sum(one.height() for one in self._below if one.isVisible())
        most = round((parent.height() - above) * SHARE)
        for number, banner in enumerate(self.banners):
            height = banner.arrange(width)
            fits = number == 0 or y + height <= most
            banner.setVisible(fits)  # an older one waits until there is room again
            if fits:
                banner.setGeometry(0, y, width, height)
                y += height + SPACE[1]
        top = parent.height() - y if self.low else above
        self.setGeometry((parent.width() - width) // 2, top, width, y)
        self.show()
        self.raise_()
        self.covering.emit(y)

    def _remove(self, banner: Banner) -> None:
        if banner in self.banners:
            held = has_keyboard(banner)
            self.banners.remove(banner)
            if held:
                self._pass_on()
            banner.hide()
            banner.deleteLater()
            self.place()

    def _pass_on(self) -> None:
        """The keyboard was in one that goes: to the next one, else back to where it had come from."""
        before, self.before = self.before, None
        if self.banners and self.banners[0].isVisible():
            self.banners[0].first.setFocus(Qt.FocusReason.OtherFocusReason)
            self.before = before
        elif not give_back(before):
            self.left.emit()
