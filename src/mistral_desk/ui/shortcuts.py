"""The sheet of keyboard shortcuts: every declared command that has keys, in groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from mistral_desk.core.words import tr, trc
from mistral_desk.ui.commands import COMMANDS, GROUPS, written
from mistral_desk.ui.theme import direction
from mistral_desk.ui.theme.tokens import RADIUS_SMALL, SPACE
from mistral_desk.ui.widgets.column import edged
from mistral_desk.ui.widgets.headed import HeadedSheet
from mistral_desk.ui.widgets.label import Label
from mistral_desk.ui.widgets.ring import Ring

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from mistral_desk.ui.commands import Command
    from mistral_desk.ui.theme.theme import Theme


class ShortcutSheet(HeadedSheet):
    """Closes with Esc, with its button, or with a click beside it."""

    widest = 620
    foot = SPACE[3]

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, tr("Keyboard shortcuts"), parent)
        self.list = _List(theme, self.card)
        self.column.addWidget(self.list, 1)

    def first(self) -> QWidget:
        """The list, so that the arrow keys scroll."""
        return self.list


class _List(QScrollArea):
    """The groups, as tall as there is room."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setAccessibleName(tr("Shortcuts"))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setAutoFillBackground(False)
        self._dress_bars()
        Ring(theme, self)
        theme.changed.connect(self._dress_bars)  # a method: Qt lets go of it when this is deleted
        inner = QWidget()
        inner.setAutoFillBackground(False)
        column = QVBoxLayout(inner)
        column.setContentsMargins(*direction.margins(self, 0, 0, SPACE[3], SPACE[1]))
        column.setSpacing(0)
        for number, (group, words) in enumerate(GROUPS.items()):
            members = [one for one in COMMANDS if one.group == group and one.here]
            if not members:
                continue
            column.addSpacing(SPACE[3] if number else 0)
            column.addWidget(Label(theme, tr(words), "small", ink="muted", strong=True, parent=inner))
            column.addSpacing(SPACE[0])
            for command in members:
                column.addWidget(_Row(theme, command, inner))
        self.setWidget(inner)
        inner.setAutoFillBackground(False)  # a scroll area switches it on
        edged(theme, self)

    def _dress_bars(self) -> None:
        self._theme.dress_bars(self)

    def sizeHint(self) -> QSize:
        """All of it."""
        inner = self.widget()
        return QSize(super().sizeHint().width(), inner.sizeHint().height() if inner else 200)


class _Row(QFrame):
    """What it does, and its keys at the end of the line."""

    def __init__(self, theme: Theme, command: Command, parent: QWidget) -> None:
        super().__init__(parent)
        words = tr(command.words)
        shown = [written(keys) for keys in command.here]
        self.setAccessibleName(tr("{what}: {keys}", what=words, keys=", ".join(shown)))
        line = QHBoxLayout(self)
        line.setContentsMargins(0, SPACE[0], 0, SPACE[0])
        line.setSpacing(SPACE[1])
        line.addWidget(Label(theme, words, wrap=True, parent=self), 1)
        for number, keys in enumerate(shown):
            if number:
                line.addWidget(Label(theme, trc("between two ways", "or"), "small", ink="muted", parent=self))
            line.addWidget(KeyCap(theme, keys, self))


class KeyCap(QLabel):
    """Keys as they are written on this system, in a frame."""

    def __init__(self, theme: Theme, keys: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.keys = keys
        self.setAccessibleName(keys)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self._restyle)
        self._restyle()

    def sizeHint(self) -> QSize:
        """Round its text."""
        metrics = self.fontMetrics()
        return QSize(
            max(metrics.height() + 4, metrics.horizontalAdvance(self.keys) + 2 * SPACE[1]), metrics.height() + 6
        )

    def paintEvent(self, _event: QPaintEvent) -> None:
        """A quiet frame."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._theme.colour("border"), 1))
        painter.setBrush(self._theme.colour("code"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS_SMALL, RADIUS_SMALL)
        painter.setPen(self._theme.colour("text"))
        painter.setFont(self.font())
        painter.drawText(self.rect(), int(Qt.AlignmentFlag.AlignCenter), self.keys)
        painter.end()

    def _restyle(self) -> None:
        self.setFont(self._theme.font("small"))
        self.updateGeometry()
        self.update()
