"""What both kinds of turns on the screen have in common: actions that show on hover, copying, a height for a width."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QMimeData, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QWidget

from mistral_desk.core.words import tr
from mistral_desk.ui.chat.action_row import ActionRow

if TYPE_CHECKING:
    from PySide6.QtGui import QEnterEvent

    from mistral_desk.ui.chat.blocks import Span
    from mistral_desk.ui.chat.selecting import Text
    from mistral_desk.ui.chat.turns import Turn
    from mistral_desk.ui.theme.theme import Theme

COPIED_MS: Final = 1600
FIRST_WORDS: Final = 80
"""Letters by which a turn is told from others that are called the same."""


class TurnView(QFrame):
    """Base of both kinds: actions, hover, and the height for a width."""

    link = Signal(str)
    again = Signal(object)
    go_on = Signal(object)
    branch = Signal(object)
    edit = Signal(object)
    version = Signal(object, int)
    answer_now = Signal()
    thought_toggled = Signal(object)
    """The person opened or closed the thought of this turn."""
    resized = Signal()

    def __init__(self, turn: Turn, theme: Theme, parent: QWidget, *, branches: bool = True) -> None:
        super().__init__(parent)
        self.turn = turn
        self._theme = theme
        self._last = self._busy = False
        self._row = ActionRow(theme, self)
        self._row.version.connect(lambda step: self.version.emit(self.turn, step))
        self._copy = self._row.add(tr("Copy"), "copy")
        self._copy.clicked.connect(self._copy_text)
        self._branches = branches
        self._back = QTimer(self)
        self._back.setSingleShot(True)
        self._back.setInterval(COPIED_MS)
        self._back.timeout.connect(lambda: self._copied(over=True))
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)

    def refresh(self) -> None:
        """Show what the turn knows now; `arrange` follows."""
        raise NotImplementedError

    def arrange(self, width: int, span: Span | None) -> int:
        """Place everything for `width` and return the height; text is made within `span` only."""
        raise NotImplementedError

    def release(self, span: Span) -> None:
        """Let go of what is outside `span`."""

    def place_at(self, y: int) -> tuple[int, int]:
        """Something inside to hold on to while heights change: its number and how far below its top `y` is."""
        return 0, y

    def top_of(self, _number: int) -> int:
        """Where the thing with this number begins."""
        return 0

    def restyle(self) -> None:
        """Colours and fonts of the theme as it is now."""
        self.update()

    def stops(self) -> list[QWidget]:
        """What the keyboard reaches in here, in order."""
        return [*self._row.buttons]

    def set_last(self, last: bool) -> None:
        """The last turn shows its actions always, and has some that others have not."""
        if last != self._last:
            self._last = last
            self.show_actions()
        self._faint()

    def set_busy(self, busy: bool) -> None:
        """Whether an answer is on its way in this chat."""
        if busy != self._busy:
            self._busy = busy
            self.show_actions()

    def show_actions(self) -> None:
        """What can be done with the turn now."""
        self._row.set_waiting(self._busy)
        if not self._row.isHidden():  # as it is while the answer grows
            self._row.arrange()

    def _say_which(self) -> None:
        """Who comes to a turn's buttons by the keyboard hears which turn it is: they are called the same in each."""
        begin = " ".join(self.turn.text[:FIRST_WORDS].split())
        if begin != self.accessibleDescription():
            self.setAccessibleDescription(begin)

    def _add_branch(self) -> None:
        """*Branch from here*, behind the turn's own actions."""
        self._branch = self._row.add(tr("Branch from here"), "branch")
        self._branch.setToolTip(tr("Go on from here in a new chat; this one stays as it is"))
        self._branch.clicked.connect(lambda: self.branch.emit(self.turn))
        self._branch.setVisible(self._branches)

    def enterEvent(self, event: QEnterEvent) -> None:
        """Actions appear under the pointer."""
        super().enterEvent(event)
        self._faint(over=True)

    def leaveEvent(self, event: QEvent) -> None:
        """And leave with it."""
        super().leaveEvent(event)
        self._faint()

    def _show_version(self) -> None:
        versions = self.turn.versions
        place = versions.index(self.turn.message) if self.turn.message in versions else 0
        self._row.set_version(place, max(1, len(versions)))

    def _faint(self, *, over: bool = False) -> None:
        self._row.set_faint(not (over or self._last or self.underMouse()))

    def texts(self) -> list[tuple[int, Text]]:
        """The texts that exist as widgets, with the numbers of their blocks."""
        return []

    def thought_texts(self) -> list[tuple[int, Text]]:
        """The texts of an open thought that exist as widgets; their numbers begin at `THOUGHT`."""
        return []

    def ensure(self, block: int) -> None:
        """Have the view of this block, wherever it is."""

    def unfold(self, _block: int) -> bool:
        """Show all of a block; whether something was folded away."""
        return False

    def mime(self) -> QMimeData:
        """All of it for the clipboard."""
        made = QMimeData()
        made.setText(self.turn.text)
        return made

    def _copy_text(self) -> None:
        QGuiApplication.clipboard().setMimeData(self.mime())
        self._copied(over=False)
        self._back.start()

    def _copied(self, *, over: bool) -> None:
        self._copy.set_icon("copy" if over else "check")
        self._copy.set_label(tr("Copy") if over else tr("Copied"))
