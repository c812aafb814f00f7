"""Find in chat: a quiet bar over the conversation, with the count, the way on and back, and a switch for case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QSizePolicy, QWidget

from mistral_desk.core import amounts
from mistral_desk.core.words import tr, trc, trn
from mistral_desk.ui.chat import selecting
from mistral_desk.ui.chat.finding import Finding
from mistral_desk.ui.chat.matching import Needle
from mistral_desk.ui.chat.virtual import bring_into_sight
from mistral_desk.ui.chat.whereabouts import Place, texts
from mistral_desk.ui.theme.tokens import COLUMN, SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.focus import give_back, has_keyboard
from mistral_desk.ui.widgets.label import Label
from mistral_desk.ui.widgets.saying import say
from mistral_desk.ui.widgets.search import SearchField

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent, QPaintEvent, QResizeEvent

    from mistral_desk.ui.chat.transcript import Transcript
    from mistral_desk.ui.theme.theme import Theme

AGAIN_MS: Final = 300
"""After the conversation changed it is looked through anew, but not for each word of an answer."""
LONGEST: Final = 400
NARROW: Final = 640
"""Pixels, at 100 %, below which words give way to a number."""


class FindBar(QFrame):
    """Hidden until it is opened; it marks the transcript and moves it."""

    closed = Signal()

    def __init__(self, theme: Theme, transcript: Transcript, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._area = transcript
        self._finding: Finding | None = None
        self._at = -1
        self._from = 0
        self._aim: int | None = None
        self._back: QWidget | None = None
        self.setAccessibleName(tr("Find in chat"))
        self.field = SearchField(theme, tr("Find in chat"), self, short=trc("in a field", "Find"))
        self.field.setMaxLength(LONGEST)
        self.count = Label(theme, "", "small", parent=self)
        self.count.setAccessibleName(tr("Found"))
        self.thoughts = Button(theme, tr("In thoughts"), text="…", step="small", small=True, muted=True, parent=self)
        self.thoughts.hide()
        self.case = Button(theme, tr("Match case"), icon="letters", small=True, muted=True, parent=self)
        self.case.setCheckable(True)
        self.case.setToolTip(tr("Match case"))
        self.before = Button(theme, tr("Previous (Shift+Enter)"), icon="up", small=True, muted=True, parent=self)
        self.next = Button(theme, tr("Next (Enter)"), icon="down", small=True, muted=True, parent=self)
        self.close_button = Button(theme, tr("Close (Esc)"), icon="close", small=True, muted=True, parent=self)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._go_on)
        self._again = QTimer(self)
        self._again.setSingleShot(True)
        self._again.timeout.connect(lambda: self._start(keep=True))
        self.field.textChanged.connect(lambda _text: self._start(keep=False))
        self.case.toggled.connect(lambda _on: self._start(keep=False))
        self.before.clicked.connect(lambda: self.step(-1))
        self.next.clicked.connect(lambda: self.step(1))
        self.thoughts.clicked.connect(self._open_thoughts)
        self.close_button.clicked.connect(self.close_bar)
        transcript.thought_toggled.connect(lambda _turn: self.changed())
        self._resized = QTimer(self)
        self._resized.setSingleShot(True)
        self._resized.timeout.connect(self._show_place)
        self.field.installEventFilter(self)
        transcript.installEventFilter(self)
        self._inner = QWidget(self)
        whole = QHBoxLayout(self)
        whole.setContentsMargins(SPACE[4], SPACE[1], SPACE[4], SPACE[1])
        whole.addStretch(1)
        whole.addWidget(self._inner, 1000)
        whole.addStretch(1)
        row = QHBoxLayout(self._inner)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE[0])
        self.field.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        row.addWidget(self.field, 1)
        row.addSpacing(SPACE[0])
        row.addWidget(self.count)
        row.addWidget(self.thoughts)
        row.addSpacing(SPACE[0])
        for button in (self.case, self.before, self.next, self.close_button):
            row.addWidget(button)
        theme.changed.connect(self._restyle)
        self._restyle()
        self.hide()

    # --- opening and closing ------------------------------------------------------------------------

    def open_bar(self, words: str = "") -> None:
        """Show it, with the keyboard in it; these words are looked for, or what is selected in one text."""
        focus = QApplication.focusWidget()
        if not self.isVisible():
            self._back = focus
        if not words and focus is not None and self._area.isAncestorOf(focus):
            words = _selected(focus)
        self.show()
        if words:
            self.field.setText(words)
        self.field.selectAll()
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._start(keep=False)
        self._aim = None

    def close_bar(self) -> None:
        """Hide it, take the marks away, and give the keyboard back."""
        if self.isHidden():
            return
        self._later.stop()
        self._again.stop()
        self._finding = None
        self._area.marks.look_for(None)
        held = has_keyboard(self)
        self.hide()
        self.closed.emit()
        if held and not give_back(self._back):
            self._area.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_hit(self, message: int, text: str) -> bool:
        """Look for these words, or those of them that stand there, beginning in the turn of this message.

        False where no such turn is shown.
        """
        number = next((number for number, turn in enumerate(self._area.turns) if turn.message == message), None)
        if number is None:
            return False
        wanted = (text, *sorted(text.split(), key=len, reverse=True))
        turn = self._area.turns[number]
        there = next((word for word in wanted if Finding([turn], Needle(word)).any()), None)
        if there is None:
            self.close_bar()
            self._area.go_to(number, 0)  # it stands in what is not shown, as an address
            return True
        self.case.setChecked(False)
        self._aim = number
        self.open_bar(there[:LONGEST])
        return True

    def _open_thoughts(self) -> None:
        if self._finding is not None and self._finding.closed:
            self._area.open_thoughts(self._finding.closed)
            self._start(keep=True)
            self.field.setFocus(Qt.FocusReason.OtherFocusReason)

    def preceded(self, count: int) -> None:
        """So many turns were put before all others."""
        if self._finding is not None:
            self._finding.shift(count)
        self._from += count
        self.changed()

    def changed(self) -> None:
        """The conversation is another, or has grown."""
        if self.isVisible() and self.field.text() and not self._again.isActive():
            self._again.start(AGAIN_MS)

    # --- looking ------------------------------------------------------------------------------------

    def step(self, step: int) -> None:
        """The next place, or the one before; after the last comes the first."""
        if self.isHidden():
            self.open_bar()
            return
        found = self._finding.found if self._finding is not None else []
        if found:
            self._at = (self._at + step) % len(found)
            self._show_place()

    def _start(self, *, keep: bool) -> None:
        """Look anew; with `keep` nothing is moved."""
        text = self.field.text()
        needle = Needle(text, self.case.isChecked()) if text else None
        self._area.marks.look_for(needle)
        self._later.stop()
        meant = self._found_at()
        if not keep:
            self._at = -1
            self._from = self._area.first_seen if self._aim is None else self._aim
        self._finding = Finding(self._area.turns, needle) if needle is not None else None
        self._go_on()
        if keep and meant is not None and self._finding is not None and meant in self._finding.found:
            self._at = self._finding.found.index(meant)
        self._say()

    def _go_on(self) -> None:
        finding = self._finding
        if finding is None:
            self._say()
            return
        if not finding.go_on():
            self._later.start(0)
        if self._at < 0 and finding.found and (finding.done or finding.found[-1][0] >= self._from):
            self._at = finding.after(self._from)
            self._show_place()
        self._say()
        if finding.done:
            say(self, self.count.text())

    def _found_at(self) -> tuple[int, int, int] | None:
        found = self._finding.found if self._finding is not None else []
        return found[self._at] if 0 <= self._at < len(found) else None

    def _show_place(self) -> None:
        """Bring the place that is meant into sight; where it is seen already nothing moves."""
        found = self._found_at()
        if found is None:
            return
        turn, block, number = found
        if not self._in_sight(turn, block, number):
            self._area.go_to(turn, block)
            view = self._area.view(self._area.turns[turn])
            if view is not None and number >= self._count(turn, block) and view.unfold(block):
                self._area.go_to(turn, block)
            self._in_sight(turn, block, number, move=True)
        self._area.marks.mean(Place(turn, block, number))
        self._say()

    def _count(self, turn: int, block: int) -> int:
        return next(
            (
                len(self._area.marks.places(text))
                for place, text in texts(self._area, thoughts=True)
                if place[:2] == (turn, block)
            ),
            0,
        )

    def _in_sight(self, turn: int, block: int, number: int, *, move: bool = False) -> bool:
        """Whether a place is seen; with `move` it is brought there."""
        shown = texts(self._area, thoughts=True)
        text = next((text for place, text in shown if place[:2] == (turn, block)), None)
        places = self._area.marks.places(text) if text is not None else []
        if text is None or number >= len(places):
            return False
        box = selecting.box_of(text, *places[number])
        top = text.viewport().mapTo(self._area.viewport(), box.topLeft()).y()
        covered = self._area.covered
        seen: bool = top >= self._area.lead and top + box.height() <= self._area.viewport().height() - covered
        if move and not seen:
            bring_into_sight(text, box.adjusted(0, 0, 0, covered))
        bar = text.horizontalScrollBar()
        if bar.maximum() and not 0 <= box.left() <= box.right() <= text.viewport().width():
            bar.setValue(bar.value() + box.center().x() - text.viewport().width() // 2)
        return seen

    # --- look ---------------------------------------------------------------------------------------

    def _say(self) -> None:
        finding = self._finding
        if finding is None:
            words = ""
        elif finding.found:
            count = amounts.number(len(finding.found))
            if finding.more or not finding.done:
                count = trn("{n} or more", "{n} or more", len(finding.found))
            words = tr("{place} of {count}", place=amounts.number(self._at + 1), count=count)
        else:
            words = tr("Not found") if finding.done else tr("Searching…")
        self.count.setText(words)
        hidden = finding.hidden if finding is not None else 0
        if hidden:
            more = trn("{n} in a closed thought", "{n} in closed thoughts", hidden)
            narrow = self.width() < NARROW * self._theme.text_size / 100
            self.thoughts.set_label(
                tr("Open the thoughts: {words}", words=more), f"+{amounts.number(hidden)}" if narrow else more
            )
            self.thoughts.setToolTip(tr("Open the thoughts: {words}", words=more))
        self.thoughts.setVisible(bool(hidden))
        some = finding is not None and bool(finding.found)
        self.before.setEnabled(some)
        self.next.setEnabled(some)

    def eventFilter(self, watched: object, event: QEvent) -> bool:
        """Enter goes on, with Shift back; Esc closes. What was seen of what is found is seen at another size, too."""
        if watched is self._area:
            if event.type() == QEvent.Type.Resize and not self.isHidden() and not self._resized.isActive():
                found = self._found_at()  # everything lies where it lay before
                if found is not None and self._in_sight(*found):
                    self._resized.start(0)
        elif event.type() == QEvent.Type.KeyPress:
            pressed: QKeyEvent = event  # type: ignore[assignment]
            if pressed.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self.step(-1 if pressed.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1)
                return True
        return super().eventFilter(watched, event)  # type: ignore[arg-type]

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc closes it wherever in it the keyboard is."""
        if event.key() == Qt.Key.Key_Escape:
            self.close_bar()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, _event: QResizeEvent) -> None:
        """Words where there is room for them."""
        self._say()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The canvas, with a line below."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.colour("canvas"))
        painter.fillRect(QRectF(0, self.height() - 1, self.width(), 1), self._theme.colour("hairline"))
        painter.end()

    def _restyle(self) -> None:
        self._inner.setMaximumWidth(round(COLUMN * max(1.0, self._theme.text_size / 100)))
        self._area.marks.refresh()
        self.update()


def _selected(text: QWidget) -> str:
    """What is selected in a text, if it is one line."""
    if not isinstance(text, selecting.Browser | selecting.Plain):
        return ""
    words = text.textCursor().selectedText()
    return words if "\u2029" not in words and "\u2028" not in words and len(words) <= LONGEST else ""
