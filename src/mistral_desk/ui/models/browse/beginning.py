"""How the catalog is got for the first time: a panel above the cards that explains it, and where that would leave no
card in sight, a button in the head that explains it when it is pressed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal

from mistral_desk.core.words import tr
from mistral_desk.ui.models.browse.instead import EXPLAINED, GREETING, Begin
from mistral_desk.ui.models.browse.refreshing import OFFLINE_REASON
from mistral_desk.ui.models.browse.source import Source
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.ask import Question
from mistral_desk.ui.widgets.button import explain
from mistral_desk.ui.widgets.focus import has_keyboard

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from mistral_desk.ui.models.browse.head import Head
    from mistral_desk.ui.theme.theme import Theme


class Beginning(QObject):
    """Belongs to the browser, which says how much room there is. `left` is told when the keyboard has to go elsewhere:
    what it was on goes away.
    """

    wanted = Signal()
    """The catalog is to be fetched; the person knows what that means."""
    sheet = Signal(object)
    left = Signal()

    def __init__(self, theme: Theme, head: Head, panel: Begin, parent: QObject) -> None:
        super().__init__(parent)
        self._theme, self._head, self._panel = theme, head, panel
        self._source = Source(reading=True)
        self._room = 0
        panel.wanted.connect(self.wanted)
        head.get_button.clicked.connect(self._ask)

    def show_source(self, source: Source) -> None:
        """Whether it was ever fetched, and whether it is now."""
        self._source = source
        reason = tr(OFFLINE_REASON) if source.offline else ""
        self._panel.show_source(source, reason)
        explain(self._head.get_button, reason)
        self._choose()

    def fit(self, room: int) -> None:
        """So many pixels are left for the head and the panel where a card is to be seen below them."""
        self._room = room
        self._choose()

    def _choose(self) -> None:
        """One of the two, or none; the keyboard goes along."""
        source, head, panel = self._source, self._head, self._panel
        first = source.fetched is None and not source.reading
        busy = source.progress is not None
        small = first and self._too_large()
        both = {panel.get: first and not small, head.get_button: first and small}
        held = any(has_keyboard(button) for button in both)
        shown = next((button for button, on in both.items() if on and not busy), None)
        if shown is not None:
            panel.setVisible(shown is panel.get)
            shown.show()
            if held:
                shown.setFocus(Qt.FocusReason.OtherFocusReason)
        elif held:
            self.left.emit()
        panel.setVisible(both[panel.get])
        for button in both:
            button.setVisible(button is shown)

    def _too_large(self) -> bool:
        width = self._head.width()
        need = self._head.heightForWidth(width) + SPACE[1] + self._panel.heightForWidth(width)
        return self._room < need

    def _ask(self) -> None:
        """Say what the panel says; the window is asked for what it lies over."""
        over: QWidget = self._head.window()
        text = tr(EXPLAINED, host=self._source.host)
        question = Question(self._theme, tr(GREETING), text, yes=tr("Get the catalog"), parent=over)
        question.accepted.connect(self.wanted)
        self.sheet.emit(question)
