"""What a new chat shows: a greeting, the promise in one line, and three questions that the model can answer.

Those that ship with the Guide are for it alone; another model knows more of the world and nothing of this app.
"""

from __future__ import annotations

import functools
import logging
from typing import TYPE_CHECKING, Final

import msgspec
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from mistral_desk.core import words
from mistral_desk.core.errors import DeskError
from mistral_desk.core.paths import resource
from mistral_desk.core.words import mark, tr
from mistral_desk.inference.protocol import Effort
from mistral_desk.ui.chat.away import SIGN
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.balanced import narrowest
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.sign import Sign

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent, QResizeEvent

    from mistral_desk.ui.chat.away import Away
    from mistral_desk.ui.theme.theme import Theme

log = logging.getLogger(__name__)

GREETING: Final = mark("What would you like to know?")
PROMISE: Final = mark("The model runs on this computer. Nothing you write leaves it.")
ENGLISH: Final = mark("The Guide speaks English, and has only a few sentences in other languages.")
GENERAL: Final = (
    mark("Explain how a rainbow forms."),
    mark("Give me five ideas for a quick dinner."),
    mark("Help me write a friendly letter of complaint."),
)
"""What any model has an answer to, in the language of the window."""
SHOWN: Final = 3
GAP: Final = 6
"""Pixels between a sign and its words."""


class Example(msgspec.Struct, frozen=True):
    """A question that the built-in model can answer, and the effort that it takes."""

    text: str
    effort: Effort = "none"


@functools.cache
def examples() -> tuple[Example, ...]:
    """The first questions that ship with the built-in model; none if the file is not there. It is read once."""
    try:
        found = msgspec.json.decode(resource("model", "examples.json").read_bytes(), type=list[Example])
    except (DeskError, OSError, msgspec.MsgspecError) as error:
        log.info("no example questions: %s", error)
        return ()
    plain = [one for one in found if one.effort == "none"]
    harder = [one for one in found if one.effort != "none"]
    return (*plain[: SHOWN - 1], *harder[:1], *plain[SHOWN - 1 :])[:SHOWN]


class _Line(QLabel):
    """One centred line of text, with an icon before it where one is given; wraps where it must."""

    def __init__(self, theme: Theme, text: str, *, title: bool, icon: str = "", parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._text = text
        self._title = title
        self._icon = icon
        self.setAccessibleName(text)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def say(self, text: str) -> None:
        """Something else."""
        self._text = text
        self.setAccessibleName(text)
        self.updateGeometry()
        self.update()

    def hasHeightForWidth(self) -> bool:
        """Its text wraps."""
        return True

    def heightForWidth(self, width: int) -> int:
        """Pixels that the text needs."""
        return self._text_height(width) + SPACE[0]

    def sizeHint(self) -> QSize:
        """As a layout wants it."""
        return QSize(300, self.heightForWidth(max(300, self.width())))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Icon and words."""
        painter = QPainter(self)
        painter.setFont(self._font())
        painter.setPen(self._theme.colour("text" if self._title else "muted"))
        metrics, sign, mirrored = painter.fontMetrics(), self._sign(), self.isRightToLeft()
        room = self.width() - sign
        used = min(metrics.horizontalAdvance(self._text) + 1, narrowest(metrics, self._text, room))
        side = (room - used) / 2
        box = QRectF(side if mirrored else side + sign, 0, used, self.height())
        if sign:
            size = sign - GAP
            top = (self.height() - self._text_height(self.width()) + metrics.height() - size) / 2  # by the first line
            picture = self._theme.pixmap(self._icon, "muted", size, self.devicePixelRatioF())
            painter.drawPixmap(QPointF(self.width() - side - size if mirrored else side, top), picture)
        painter.drawText(box, int(Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignCenter), self._text)
        painter.end()

    def _font(self) -> QFont:
        return self._theme.font("title" if self._title else "body", strong=self._title)

    def _sign(self) -> int:
        """Pixels that the icon takes from every line; 0 where there is none."""
        return round(16 * max(1.0, self._theme.text_size / 100)) + GAP if self._icon else 0

    def _text_height(self, width: int) -> int:
        flags = int(Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignCenter)
        return QFontMetrics(self._font()).boundingRect(0, 0, width - self._sign(), 1000, flags, self._text).height()


class _Cards(QWidget):
    """Buttons in centred rows, as many beside each other as there is room for."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.buttons: list[Button] = []
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def hasHeightForWidth(self) -> bool:
        """Rows wrap."""
        return True

    def heightForWidth(self, width: int) -> int:
        """Pixels that the rows need."""
        return sum(max(b.sizeHint().height() for b in row) + SPACE[1] for row in self._rows(width))

    def sizeHint(self) -> QSize:
        """As a layout wants it."""
        return QSize(300, self.heightForWidth(max(300, self.width())))

    def resizeEvent(self, _event: QResizeEvent) -> None:
        """Place the rows."""
        self.arrange()

    def arrange(self) -> None:
        """Other buttons, or another width."""
        y = 0
        for row in self._rows(self.width()):
            hints = [button.sizeHint() for button in row]
            x = (self.width() - sum(hint.width() for hint in hints) - SPACE[1] * (len(row) - 1)) // 2
            order = list(zip(row, hints, strict=True))
            for button, hint in reversed(order) if self.isRightToLeft() else order:
                button.setGeometry(x, y, min(hint.width(), self.width()), hint.height())
                x += hint.width() + SPACE[1]
            y += max(hint.height() for hint in hints) + SPACE[1]

    def _rows(self, width: int) -> list[list[Button]]:
        rows: list[list[Button]] = []
        room = 0
        for button in self.buttons:
            needed = button.sizeHint().width()
            if not rows or needed + SPACE[1] > room:
                rows.append([])
                room = width + SPACE[1]
            rows[-1].append(button)
            room -= needed + SPACE[1]
        return rows


class EmptyState(QScrollArea):
    """Shown instead of the transcript while there is nothing in it; scrolls where large text leaves no room."""

    asked = Signal(str, bool)
    """A question, and whether it takes thinking."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setAccessibleName(tr("New chat"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._dress_bars()
        theme.changed.connect(self._dress_bars)  # a method: Qt lets go of it when this is deleted
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(SPACE[4], SPACE[4], SPACE[4], SPACE[4])
        column.setSpacing(0)
        self._above = QWidget(inner)
        column.addWidget(self._above, 5)
        column.addWidget(Sign(theme, "app", 48, ink="accent", parent=inner), 0, Qt.AlignmentFlag.AlignHCenter)
        column.addSpacing(SPACE[4])
        column.addWidget(_Line(theme, tr(GREETING), title=True, parent=inner))
        column.addSpacing(SPACE[1])
        self._promise = _Line(theme, tr(PROMISE), title=False, icon="lock", parent=inner)
        self._away = _Line(theme, "", title=False, icon=SIGN, parent=inner)
        self._away.hide()
        column.addWidget(self._promise)
        column.addWidget(self._away)
        column.addSpacing(SPACE[4])
        self.cards = _Cards(inner)
        self.buttons: list[Button] = []
        column.addWidget(self.cards)
        self._english = _Line(theme, tr(ENGLISH), title=False, parent=inner)
        column.addSpacing(SPACE[2])
        column.addWidget(self._english)
        self._guide: bool | None = None
        self.show_questions(guide=True)
        column.addStretch(6)
        self.setWidget(inner)
        for ground in (self.viewport(), inner):
            ground.setAutoFillBackground(False)  # the page's canvas shows through

    def set_lead(self, lead: int) -> None:
        """So many pixels of the upper edge are covered: where that is more than stands empty there, all moves down."""
        self._above.setMinimumHeight(lead)  # the margin above it is the gap between both

    def show_questions(self, *, guide: bool) -> None:
        """Those of the Guide, in the language that it speaks; or general ones for another model."""
        if guide == self._guide:
            return
        self._guide = guide
        for button in self.buttons:
            button.hide()
            button.deleteLater()
        self.cards.buttons.clear()
        shown = examples() if guide else tuple(Example(tr(text)) for text in GENERAL)
        self.buttons = [self._question(one) for one in shown]
        for button in self.buttons:
            button.show()
        self.cards.setVisible(bool(self.buttons))
        self._english.setVisible(guide and words.language() != words.ENGLISH)
        self.cards.updateGeometry()
        self.cards.arrange()

    def show_away(self, away: Away | None, shared: str = "") -> None:
        """No promise stands there that does not hold; `shared` says that a part of the model lies elsewhere. Why an
        endpoint cannot be asked stands over the composer, once.
        """
        told = away.told if away is not None else shared
        if told:
            self._away.say(told)
        self._promise.setVisible(not told)
        self._away.setVisible(bool(told) and not (away is not None and away.reason))

    def _question(self, example: Example) -> Button:
        think = example.effort != "none"
        sign = "think" if think else ""
        button = Button(self._theme, example.text, text=example.text, icon=sign, kind="card", parent=self.cards)
        if think:
            button.setToolTip(tr("Asked with Think harder"))
            button.setAccessibleDescription(tr("Asked with Think harder"))
        button.clicked.connect(lambda: self.asked.emit(example.text, think))
        self.cards.buttons.append(button)
        return button

    def _dress_bars(self) -> None:
        self._theme.dress_bars(self)
