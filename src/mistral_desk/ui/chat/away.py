"""Where the words of a chat go while a model elsewhere answers, and how the window says it, in one place.

What the head of the chat, the line over the composer, its placeholder, the send button and the answers say is made of
one `Away`, so that none of them can differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QSize
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from mistral_desk.core.words import mark, tr, trn
from mistral_desk.inference.model_ids import writers
from mistral_desk.net.endpoints.record import is_endpoint
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.label import Label
from mistral_desk.ui.widgets.sign import Sign
from mistral_desk.ui.widgets.strip import Strip

if TYPE_CHECKING:
    from mistral_desk.net.endpoints.record import Endpoint
    from mistral_desk.ui.theme.theme import Theme

SIGN: Final = "cloud"
INK: Final = "warning"
LOST: Final = mark("The key for {host} was kept for one run only. Until you enter it again, nothing is sent there.")
WIDEST: Final = 240
"""Pixels of the chip at the system's text size; a longer name is shortened, its tool tip has all of it."""


@dataclass(frozen=True)
class Away:
    """An endpoint that answers: its id, its host as people read it, whether it is another computer (`outside`) or
    another program on this one, and why it cannot be asked now, empty where it can; `lost`: its key is needed again.
    """

    endpoint: str
    host: str
    outside: bool = True
    reason: str = ""
    lost: bool = False

    @property
    def line(self) -> str:
        """The line over the composer."""
        if self.reason:
            return self.reason
        if self.outside:
            return tr("Your messages go to {host}.", host=self.host)
        return tr("Your messages go to another program on this computer, {host}.", host=self.host)

    @property
    def placeholder(self) -> str:
        """What stands in the composer while it is empty."""
        return tr("Message to {host}", host=self.host)

    @property
    def send(self) -> str:
        """What the send button does."""
        return tr("Send to {host}", host=self.host)

    @property
    def foot(self) -> str:
        """The line below the composer."""
        if self.reason:
            return tr("Models make mistakes. Check what matters.")
        if self.outside:
            return tr("What you send here leaves this computer. Models make mistakes. Check what matters.")
        return tr("Another program on this computer answers. Models make mistakes. Check what matters.")

    @property
    def told(self) -> str:
        """The whole of it, for a tool tip and a screen reader."""
        if self.reason:
            return self.reason
        if self.outside:
            return tr("The model runs at {host}: what you send in this chat leaves this computer.", host=self.host)
        return tr("The model runs in another program on this computer, {host}.", host=self.host)


def away_of(endpoint: Endpoint, *, offline: bool = False, lost: bool = False) -> Away:
    """Where the words of a chat go that an endpoint answers; with a `lost` key they go nowhere."""
    reason = ""
    if offline:
        reason = tr("Mistral Desk works offline, so nothing is sent to {host}.", host=endpoint.host)
    elif lost:
        reason = tr(LOST, host=endpoint.host)
    return Away(endpoint.id, endpoint.host, endpoint.reach != "here", reason, lost=lost and not offline)


def answered_away(wrote: str) -> bool:
    """Whether an endpoint wrote an answer, or a part of it; `wrote` is the model's id as it is stored."""
    return any(is_endpoint(one) for one in writers(wrote))


def changes_hands(before: str, wrote: str) -> bool:
    """Whether another model wrote an answer than the one `before` it, or two wrote it; ids as they are stored."""
    now = writers(wrote)
    return len(now) > 1 or (bool(now) and bool(before) and now != writers(before)[-1:])


class WriterMark(QFrame):
    """The line over an answer that says who wrote it."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._sign = Sign(theme, SIGN, 16, ink=INK, parent=self)
        self._label = Label(theme, "", "small", ink=INK, parent=self)
        self._label.setProperty("elides", True)
        self._label.setForegroundRole(QPalette.ColorRole.WindowText)  # else that of the text area it lies on
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE[0] + 2)
        row.addWidget(self._sign)
        row.addWidget(self._label, 1)

    @property
    def needed(self) -> int:
        """Pixels of height."""
        return self.sizeHint().height()

    def say(self, words: str, sign: str, ink: str) -> None:
        """Who wrote it, with an icon in a colour of the theme."""
        self._sign.set_icon(sign, ink)
        self._label.set_ink(ink)
        self._label.setText(words)
        self.setAccessibleName(words)


class AwayLine(Strip):
    """Stands over the composer as long as a model elsewhere answers; `closed` asks for one on this computer."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        text = tr("Choose another model")
        super().__init__(theme, SIGN, "", name=text, text=text, parent=parent, ink=INK)
        self.hide()

    def show_away(self, away: Away | None, earlier: int = 0) -> None:
        """Say where the words go; None: nowhere. So many `earlier` messages of the chat would go along that were never
        there.
        """
        if away is not None:
            along = trn("{n} earlier message goes along.", "{n} earlier messages go along.", earlier)
            self.set_words(f"{away.line} {along}" if earlier and not away.reason else away.line)
            text = tr("Choose a local model") if away.reason else tr("Choose another model")
            text = tr("Enter the key…") if away.lost else text
            self.close_button.set_label(text, text)
            self.arrange()
        self.setVisible(away is not None)


class AwayChip(Button):
    """The sign in the head of a chat; pressed, it tells what goes there."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, "", icon=SIGN, kind="outline", small=True, step="small", round_=True, parent=parent)
        self.setProperty("elides", True)
        self.set_ink(INK)
        self.hide()

    def show_away(self, away: Away | None) -> None:
        """Say where the words go; None: nowhere."""
        if away is not None:
            self.set_label(tr("Answered by {host}", host=away.host), away.host)
            self.setAccessibleDescription(away.told)
            self.setToolTip(away.told)
        self.setVisible(away is not None)

    def sizeHint(self) -> QSize:
        """As wide as the name, up to a limit."""
        hint = super().sizeHint()
        return QSize(min(round(WIDEST * max(1.0, self._theme.text_size / 100)), hint.width()), hint.height())

    def minimumSizeHint(self) -> QSize:
        """It may become as narrow as its sign."""
        hint = self.sizeHint()
        return QSize(min(hint.width(), 2 * hint.height()), hint.height())
