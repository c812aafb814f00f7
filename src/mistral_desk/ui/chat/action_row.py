"""What can be done with a turn, in a quiet row below it; and which of its versions is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QRect, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QApplication, QFrame, QWidget

from mistral_desk.core.words import tr
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.button import Button, explain

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from mistral_desk.ui.theme.theme import Theme


class ActionRow(QFrame):
    """Small buttons that show while the turn is under the pointer or holds the keyboard; their room is always there."""

    version = Signal(int)
    """Show the version that is so many places further."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._faint = False
        self._waiting = False
        self._place, self._count = 0, 1
        self._waits: list[Button] = []
        self.buttons: list[Button] = []
        self._earlier = self.add(tr("Previous version"), "chevron-left")
        self._later = self.add(tr("Next version"), "chevron-right")
        self._earlier.clicked.connect(lambda: self.version.emit(-1))
        self._later.clicked.connect(lambda: self.version.emit(1))
        self.set_version(0, 1)

    def add(self, name: str, icon: str, *, waits: bool = False) -> Button:
        """One more button at the end; with `waits` it cannot be used while an answer is on its way."""
        button = Button(self._theme, name, icon=icon, small=True, step="small", muted=True, parent=self)
        self.buttons.append(button)
        if waits:
            self._waits.append(button)
        return button

    def set_waiting(self, waiting: bool) -> None:
        """Whether an answer is on its way in this chat."""
        if waiting == self._waiting:
            return
        self._waiting = waiting
        for button in self._waits:
            explain(button, tr("Wait for the answer that is being written, or stop it.") if waiting else "")
            if not waiting:
                button.setToolTip(button.accessibleName())
        self.set_version(self._place, self._count)

    def set_version(self, place: int, count: int) -> None:
        """Which of how many versions is shown; nothing is said of a single one."""
        self._place, self._count = place, count
        for button, possible in ((self._earlier, place > 0), (self._later, place < count - 1)):
            button.setVisible(count > 1)
            button.setEnabled(possible and not self._waiting)
        self.setAccessibleName(self._words() if count > 1 else "")
        self.update()

    def set_faint(self, faint: bool) -> None:
        """Show or hide them; they stay reachable by keyboard, and show when it arrives."""
        self._faint = faint
        for button in self.buttons:
            button.set_faint(faint)
        self.update()

    def height_for(self) -> int:
        """Pixels that the row needs."""
        return self.buttons[0].sizeHint().height()

    def place(self, *, right: bool) -> None:
        """Line the buttons up at one side; the version's number stands between its two."""
        self._right = right
        shown = tuple((button.isHidden(), button.text()) for button in self.buttons)
        now = (right, self.width(), self.isRightToLeft(), self._theme.text_size, shown, self._place, self._count)
        if now != self._placed:  # it is asked for whenever something moves
            self._placed = now
            self.arrange()

    def arrange(self) -> None:
        """Line up what is shown now."""
        right = self._right
        back, forth = ("right", "left") if self.isRightToLeft() else ("left", "right")
        self._earlier.set_icon(f"chevron-{back}")
        self._later.set_icon(f"chevron-{forth}")
        shown = [button for button in self.buttons if not button.isHidden()]
        if self.isRightToLeft():
            shown.reverse()
        x = self.width() - sum(self._width(button) for button in shown) if right else 0
        for button in shown:
            hint = button.sizeHint()
            first = self._later if self.isRightToLeft() else self._earlier
            button.setGeometry(x, 0, hint.width(), hint.height())
            if button is first:
                self._number = QRect(x + hint.width(), 0, self._width(button) - hint.width(), hint.height())
            x += self._width(button)

    def event(self, event: QEvent) -> bool:
        """A button that became larger gets its room."""
        if event.type() == QEvent.Type.LayoutRequest:
            self.arrange()
        return super().event(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The version's number."""
        focus = QApplication.focusWidget()
        if self._count < 2 or (self._faint and not (focus is not None and self.isAncestorOf(focus))):
            return
        painter = QPainter(self)
        painter.setFont(self._theme.font("small"))
        painter.setPen(self._theme.colour("muted"))
        painter.drawText(self._number, int(Qt.AlignmentFlag.AlignCenter), f"{self._place + 1}/{self._count}")
        painter.end()

    _number = QRect()
    _right = False
    _placed: tuple[object, ...] = ()

    def _words(self) -> str:
        return tr("Version {place} of {count}", place=self._place + 1, count=self._count)

    def _width(self, button: Button) -> int:
        first = self._later if self.isRightToLeft() else self._earlier
        extra = self.fontMetrics().horizontalAdvance(f"{self._place + 1}/{self._count}") + SPACE[0]
        return button.sizeHint().width() + (extra if button is first else 0)
