"""Below the list while one chooses: how many are chosen, and what can be done with all of them at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from mistral_desk.core.words import tr, trc, trn
from mistral_desk.ui.theme.tokens import RADIUS, SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.label import Label
from mistral_desk.ui.widgets.saying import say
from mistral_desk.ui.widgets.tab_order import chain

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from mistral_desk.ui.sidebar.model import ChatsModel
    from mistral_desk.ui.theme.theme import Theme


class ChoosingBar(QFrame):
    """Hidden unless the list's model is choosing. What is asked for goes up, with the ids that are chosen."""

    pin = Signal(tuple, bool)
    """Pin these, or take the pins away."""
    archive = Signal(tuple)
    export = Signal(tuple)
    delete = Signal(tuple)

    def __init__(self, theme: Theme, model: ChatsModel, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._model = model
        self.setAccessibleName(tr("Chosen chats"))
        self.count = Label(theme, "", "small", wrap=True, parent=self)
        self.done = Button(theme, tr("Done"), text=tr("Done"), small=True, step="small", strong=True, parent=self)
        self.done.setToolTip(tr("End choosing (Esc)"))
        self.done.set_ink("accent")
        self.pin_button = self._button("pin", tr("Pin"))
        self.archive_button = self._button("archive", trc("a button", "Archive"))
        self.export_button = self._button("share", tr("Export…"))
        self.delete_button = self._button("trash", tr("Delete"))
        self.done.clicked.connect(model.end_choosing)
        self.pin_button.clicked.connect(lambda: self.pin.emit(model.chosen, not self._all_pinned()))
        self.archive_button.clicked.connect(lambda: self.archive.emit(model.chosen))
        self.export_button.clicked.connect(lambda: self.export.emit(model.chosen))
        self.delete_button.clicked.connect(lambda: self.delete.emit(model.chosen))
        head = QHBoxLayout()
        head.setSpacing(SPACE[0])
        head.addSpacing(SPACE[0])
        head.addWidget(self.count, 1)
        head.addWidget(self.done)
        row = QHBoxLayout()
        row.setSpacing(SPACE[0])
        for number, button in enumerate(self.buttons):
            if number:
                row.addStretch(1)
            row.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE[1], SPACE[0], SPACE[1], SPACE[0] + 2)
        column.setSpacing(0)
        column.addLayout(head)
        column.addLayout(row)
        chain(self)
        model.choice.connect(self._show)
        theme.changed.connect(self.update)
        self._show()

    @property
    def buttons(self) -> tuple[Button, ...]:
        """What can be done with them."""
        return (self.pin_button, self.archive_button, self.export_button, self.delete_button)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Delete deletes here as in the list."""
        if event.key() == Qt.Key.Key_Delete and self._model.chosen:
            self.delete.emit(self._model.chosen)
        else:
            super().keyPressEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """A raised surface."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._theme.colour("hairline"), 1))
        painter.setBrush(self._theme.colour("canvas" if self._theme.scheme == "light" else "raised"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS, RADIUS)
        painter.end()

    def _button(self, icon: str, name: str) -> Button:
        return Button(self._theme, name, icon=icon, parent=self)

    def _all_pinned(self) -> bool:
        found = [self._model.conversation(key) for key in self._model.chosen]
        return bool(found) and all(one is not None and one.pinned for one in found)

    def _show(self) -> None:
        count = len(self._model.chosen)
        words = trn("{n} chosen", "{n} chosen", count) if count else tr("Choose chats")
        if self._model.choosing and words != self.count.text():
            self.count.setText(words)
            say(self, words)
        self.pin_button.set_label(tr("Unpin") if self._all_pinned() else tr("Pin"))
        for button in self.buttons:
            button.setEnabled(count > 0)
        self.setVisible(self._model.choosing)
