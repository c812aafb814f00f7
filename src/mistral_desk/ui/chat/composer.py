"""Where a person writes: a text that grows to eight lines, *Think harder*, the model, and Send or Stop.

Enter sends, Shift+Enter starts a line, and Enter never sends while an input method is composing.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPalette, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPlainTextEdit, QSizePolicy, QVBoxLayout, QWidget

from mistral_desk.core.words import mark, tr
from mistral_desk.ui.attaching.sources import holds_any, sources
from mistral_desk.ui.attaching.tray import Tray
from mistral_desk.ui.chat.away import INK
from mistral_desk.ui.theme import direction
from mistral_desk.ui.theme.tokens import RADIUS_LARGE, SPACE
from mistral_desk.ui.widgets.button import Button, explain
from mistral_desk.ui.widgets.chip import ModelChip
from mistral_desk.ui.widgets.focus import by_keyboard

if TYPE_CHECKING:
    from PySide6.QtCore import QMimeData
    from PySide6.QtGui import QDragEnterEvent, QFocusEvent, QInputMethodEvent, QKeyEvent, QMouseEvent, QPaintEvent

    from mistral_desk.ui.attaching.items import Attachments
    from mistral_desk.ui.chat.away import Away
    from mistral_desk.ui.theme.theme import Theme

LINES: Final = 8
PLACEHOLDER: Final = mark("Ask anything")
THINK: Final = mark(
    "The model thinks before it answers (Ctrl+T).\n"
    "Better for sums, code and puzzles; the answer comes later and takes more of the chat's room."
)


class MessageEdit(QPlainTextEdit):
    """The text itself."""

    submitted = Signal()
    answer_now = Signal()
    edit_last = Signal()
    focus_changed = Signal()
    pasted = Signal(object)
    """Files or a picture, as a tuple of `Source`."""
    used = Signal()
    """Somebody begins to write: a key, a paste, an input method, a click into the text."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._composing = False
        self.ring = False
        self.setAccessibleName(tr("Message"))
        self.setPlaceholderText(tr(PLACEHOLDER))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setTabChangesFocus(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.document().setDocumentMargin(SPACE[0])
        self.viewport().setAutoFillBackground(False)
        self.document().documentLayout().documentSizeChanged.connect(self._grow)
        direction.follow(self)
        self.restyle()

    @property
    def composing(self) -> bool:
        """Whether an input method has text that is not decided yet."""
        return self._composing

    def restyle(self) -> None:
        """Colours and fonts of the theme as it is now."""
        self.setFont(self._theme.font("lead"))
        self._theme.dress_bars(self)
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.Base, Qt.GlobalColor.transparent)
        palette.setColor(QPalette.ColorRole.Text, self._theme.colour("text"))
        palette.setColor(QPalette.ColorRole.PlaceholderText, self._theme.colour("muted"))
        self.setPalette(palette)
        self._grow()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter sends; Up in an empty text edits the last message."""
        modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if enter and not self._composing:
            if modifiers == Qt.KeyboardModifier.NoModifier:
                self.submitted.emit()
                return
            if modifiers == Qt.KeyboardModifier.ControlModifier:
                self.answer_now.emit()
                return
        if event.key() == Qt.Key.Key_Up and self.document().isEmpty() and not self._composing:
            self.edit_last.emit()
            return
        super().keyPressEvent(event)
        if event.text().isprintable() and event.text():
            self.used.emit()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Whoever clicks here wants to write."""
        super().mousePressEvent(event)
        self.used.emit()

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:
        """Remember whether a word is still being composed."""
        if event.preeditString() or event.commitString():
            self.used.emit()
        self._composing = bool(event.preeditString())
        super().inputMethodEvent(event)

    def canInsertFromMimeData(self, source: QMimeData) -> bool:
        """Also files; what is dragged goes to the window, which takes it anywhere."""
        return source.hasText() or holds_any(source)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Words only."""
        if holds_any(event.mimeData()):
            event.ignore()
        else:
            super().dragEnterEvent(event)

    def insertFromMimeData(self, source: QMimeData) -> None:
        """Files and pictures are attached; else plain text only, whatever the other program offers."""
        if found := sources(source):
            self.pasted.emit(found)
        elif source.hasText():
            self.insertPlainText(source.text())
        self.used.emit()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """The composer draws the ring."""
        self.ring = by_keyboard(event.reason())
        super().focusInEvent(event)
        self.focus_changed.emit()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """An input method that lost the text composes nothing any more."""
        self._composing = False
        super().focusOutEvent(event)
        self.focus_changed.emit()

    def sizeHint(self) -> QSize:
        """As high as its lines, up to eight."""
        line = self.fontMetrics().lineSpacing()
        return QSize(200, min(LINES, self._lines()) * line + 2 * SPACE[0] + 2)

    def minimumSizeHint(self) -> QSize:
        """The height is fixed by the lines."""
        return QSize(80, self.sizeHint().height())

    def _lines(self) -> int:
        return max(1, math.ceil(self.document().size().height()))

    def _grow(self) -> None:
        needed = self._lines() > LINES
        policy = Qt.ScrollBarPolicy.ScrollBarAsNeeded if needed else Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        self.setVerticalScrollBarPolicy(policy)
        self.updateGeometry()


class Composer(QWidget):
    """The heaviest object of the window. Signals go up; the page calls `set_…` down."""

    send = Signal(str)
    stop = Signal()
    answer_now = Signal()
    edit_last = Signal()
    think_toggled = Signal(bool)
    model_menu = Signal()
    attach = Signal()
    pasted = Signal(object)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._busy = False
        self._attachments: Attachments | None = None
        self._away: Away | None = None
        self.tray = Tray(theme, self)
        self._reason = ""
        self.edit = MessageEdit(theme, self)
        attach = tr("Attach image or file")
        self.attach_button = Button(theme, attach, icon="attach", muted=True, round_=True, parent=self)
        explain_keys = tr("Pictures, PDF documents and text files can be chosen, dropped or pasted here.")
        self.attach_button.setAccessibleDescription(explain_keys)
        self.attach_button.setToolTip(f"{attach}\n{explain_keys}")
        self.think = Button(
            theme, tr("Think harder"), icon="think", text=tr("Think harder"), muted=True, round_=True, parent=self
        )
        self.think.setCheckable(True)
        self.model = ModelChip(theme, self)
        self.action = Button(theme, tr("Send"), icon="send", kind="primary", round_=True, parent=self)
        self._lay_out()
        self.edit.textChanged.connect(self._update_action)
        self.edit.submitted.connect(self.submit)
        self.edit.pasted.connect(self.pasted)
        self.attach_button.clicked.connect(self.attach)
        self.edit.answer_now.connect(self.answer_now)
        self.edit.edit_last.connect(self.edit_last)
        self.edit.focus_changed.connect(self.update)
        self.action.clicked.connect(self._act)
        self.think.clicked.connect(lambda: self.think_toggled.emit(self.think.isChecked()))
        self.model.clicked.connect(self.model_menu)
        self.setFocusProxy(self.edit)
        theme.changed.connect(self._restyle)
        self.set_think_reason("")
        self._update_action()

    @property
    def text(self) -> str:
        """What stands in the composer."""
        return self.edit.toPlainText()

    def set_text(self, text: str) -> None:
        """Replace what stands there, cursor at the end; undo brings the old text back."""
        cursor = self.edit.textCursor()
        cursor.select(cursor.SelectionType.Document)
        cursor.insertText(text)
        self.edit.setTextCursor(cursor)

    def show_attachments(self, attachments: Attachments) -> None:
        """The files of the draft that is shown."""
        if self._attachments is not None:
            self._attachments.changed.disconnect(self._update_action)
        self._attachments = attachments
        attachments.changed.connect(self._update_action)
        self.tray.show_attachments(attachments)
        self._update_action()

    @property
    def can_send(self) -> bool:
        """Whether there is something to send, all of it is read, and who would answer can be asked."""
        files = self._attachments
        if (files is not None and files.reading) or (self._away is not None and self._away.reason):
            return False
        return bool(self.text.strip()) or bool(files and files.items)

    def set_busy(self, busy: bool) -> None:
        """While an answer is on its way, Send is Stop. The text stays writable."""
        if busy != self._busy:
            self._busy = busy
            self._update_action()

    def set_away(self, away: Away | None) -> None:
        """Where the words go that are written here; None: they stay on this computer."""
        if away != self._away:
            self._away = away
            self.edit.setPlaceholderText(tr(PLACEHOLDER) if away is None else away.placeholder)
            self.edit.setAccessibleDescription("" if away is None else away.line)
            self._update_action()
            self.update()

    def set_think_reason(self, reason: str, *, on: bool = False) -> None:
        """Why there is nothing to switch, empty when there is; `on`: it always thinks."""
        self._reason = reason
        explain(self.think, reason)
        if reason:
            self.think.setChecked(on)
        else:
            self.think.setToolTip(tr(THINK))
            self.think.setAccessibleDescription(tr(THINK))

    def put_before_model(self, widget: QWidget) -> None:
        """One more thing to look at, beside the model that answers."""
        self._tools.insertWidget(self._tools.indexOf(self.model), widget)

    def toggle_think(self) -> None:
        """As a click on the switch."""
        self.think.click()

    def submit(self) -> None:
        """Send, if there is something to send and nothing is being answered."""
        if self.can_send and not self._busy:
            self.send.emit(self.text)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """A raised surface with a soft shadow; its border is the text's focus ring."""
        colours = self._theme.colours
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(_SHADOW, _SHADOW, -_SHADOW, -_SHADOW)
        painter.setPen(Qt.PenStyle.NoPen)
        shadow = QColor("#000000")
        for step in range(_SHADOW, 0, -1):
            shadow.setAlphaF(0.014 if self._theme.scheme == "light" else 0.05)
            painter.setBrush(shadow)
            around = box.adjusted(-step, -step + 2, step, step + 1)
            painter.drawRoundedRect(around, RADIUS_LARGE + step, RADIUS_LARGE + step)
        ring = self.edit.hasFocus() and self.edit.ring
        width = 2.0 if ring else 1.0
        bare = colours.border if self._away is None else getattr(colours, INK)
        painter.setPen(QPen(QColor(colours.accent if ring else bare), width))
        painter.setBrush(QColor(colours.canvas if self._theme.scheme == "light" else colours.raised))
        half = width / 2
        painter.drawRoundedRect(box.adjusted(half, half, -half, -half), RADIUS_LARGE, RADIUS_LARGE)
        painter.end()

    def _lay_out(self) -> None:
        row = self._tools = QHBoxLayout()
        row.setSpacing(SPACE[0])
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.attach_button)
        row.addWidget(self.think)
        row.addStretch(1)
        row.addWidget(self.model)
        row.addWidget(self.action)
        column = QVBoxLayout(self)
        column.setSpacing(SPACE[0])
        inset = _SHADOW + SPACE[1]
        column.setContentsMargins(inset, inset + 2, inset, inset)
        text = QHBoxLayout()
        text.setContentsMargins(*direction.margins(self, SPACE[1] - 2, 0, SPACE[0], 0))
        text.addWidget(self.edit)
        column.addWidget(self.tray)
        column.addLayout(text)
        column.addLayout(row)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)

    def _act(self) -> None:
        if self._busy:
            self.stop.emit()
        else:
            self.submit()

    def _update_action(self) -> None:
        if self._busy:
            self.action.set_icon("stop")
            self.action.set_label(tr("Stop"))
            self.action.setAccessibleDescription("")
            self.action.setEnabled(True)
        else:
            send = tr("Send") if self._away is None else self._away.send
            self.action.set_icon("send")
            self.action.set_label(send)
            reading = self._attachments is not None and self._attachments.reading
            waiting = tr("The attached files are still being read.") if reading else ""
            if self._away is not None and self._away.reason:
                waiting = self._away.reason
            self.action.setAccessibleDescription(waiting)
            self.action.setToolTip(waiting or send)
            if self.action.hasFocus() and not self.can_send:
                self.edit.setFocus()  # a control that goes out would hand the focus to the first one of the window
            self.action.setEnabled(self.can_send)

    def _restyle(self) -> None:
        self.edit.restyle()
        self.update()


_SHADOW = 6
