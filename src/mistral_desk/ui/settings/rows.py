"""The parts of the settings page: a section with a heading, and its rows of words and a control."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QBoxLayout, QFrame, QSizePolicy, QVBoxLayout, QWidget

from mistral_desk.core.words import tr
from mistral_desk.ui.palette.match import rank
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.label import Label
from mistral_desk.ui.widgets.paragraph import Paragraph
from mistral_desk.ui.widgets.tab_order import in_stack

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QPaintEvent, QResizeEvent

    from mistral_desk.ui.theme.theme import Theme

WORDS_AT_LEAST: Final = 220
"""Where the words would have less room than this, the control stands below them."""


class Row(QWidget):
    """A label, a sentence below it, and a control at the end of the line; `more` is found by the search too."""

    def __init__(
        self,
        theme: Theme,
        label: str,
        text: str = "",
        control: QWidget | None = None,
        *,
        more: str = "",
        copied: bool = False,
        broken: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        """`broken` lets a long word, a path for example, be broken into lines."""
        super().__init__(parent)
        self._theme = theme
        self.text = " ".join((label, text, more))
        self.control = control
        made = Paragraph(theme, label, parent=self) if broken else Label(theme, label, wrap=True, parent=self)
        self.label: Label = made
        self.note = Label(theme, text, "small", ink="muted", wrap=True, copied=copied, parent=self)
        self.note.setVisible(bool(text))
        self.words = words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self.label)
        words.addWidget(self.note)
        self._line = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._line.setContentsMargins(0, SPACE[2], 0, SPACE[2])
        self._line.setSpacing(SPACE[2])
        self._line.addLayout(words, 1)
        self._tools = QWidget(self)
        self._tools.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self._tool_line = QBoxLayout(QBoxLayout.Direction.LeftToRight, self._tools)
        self._tool_line.setContentsMargins(0, 0, 0, 0)
        self._tool_line.setSpacing(SPACE[1])
        self._before: list[QWidget] = []
        self._line.addWidget(self._tools, 0, Qt.AlignmentFlag.AlignVCenter)
        self._tools.setVisible(control is not None)
        if control is not None:
            self.add(control)
            self.label.setBuddy(control)
            if text:
                control.setAccessibleDescription(text)

    def add(self, tool: QWidget) -> None:
        """One more control at the end."""
        self._tool_line.addWidget(tool)
        self._tools.show()

    def add_before(self, tool: QWidget) -> None:
        """One more control before the others; below the words it stands behind them, which begin where the words do."""
        self._before.append(tool)
        beside = self._line.direction() == QBoxLayout.Direction.LeftToRight
        self._tool_line.insertWidget(0 if beside else -1, tool)
        self._tools.show()

    def set_note(self, text: str) -> None:
        """Another sentence."""
        self.note.setText(text)
        self.note.setVisible(bool(text))
        if self.note.accessibleName():
            self.note.setAccessibleName(text)

    def fits(self, typed: str) -> bool:
        """Whether the search means this row."""
        return rank(self.text, typed) is not None

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Side by side where there is room."""
        super().resizeEvent(event)
        need = self._tools.sizeHint().width() + WORDS_AT_LEAST * max(1.0, self._theme.text_size / 100)
        beside = not self._tools.isVisibleTo(self) or self.width() >= need
        wanted = QBoxLayout.Direction.LeftToRight if beside else QBoxLayout.Direction.TopToBottom
        if self._line.direction() != wanted:
            self._line.setDirection(wanted)
            for tool in self._before:
                self._tool_line.removeWidget(tool)
                self._tool_line.insertWidget(0 if beside else -1, tool)
            align = Qt.AlignmentFlag.AlignVCenter if beside else Qt.AlignmentFlag.AlignLeading
            self._line.setAlignment(self._tools, align)

    def event(self, event: QEvent) -> bool:
        """Another row may be the last one now."""
        if event.type() in (QEvent.Type.Show, QEvent.Type.Hide):
            for other in self._others():
                other.update()
        return super().event(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """A hairline between this row and the next one."""
        if any(other.isVisible() and other.y() > self.y() for other in self._others()):
            painter = QPainter(self)
            painter.fillRect(0, self.height() - 1, self.width(), 1, self._theme.colour("hairline"))
            painter.end()

    def _others(self) -> list[Row]:
        beside = self.parentWidget()
        return [one for one in beside.children() if isinstance(one, Row) and one is not self] if beside else []


class Reset(Button):
    """Back to the default: takes its room always, is there only while there is something to take back."""

    def __init__(self, theme: Theme, label: str, act: Callable[[], None], parent: QWidget) -> None:
        name = tr("Reset {label}", label=label)
        super().__init__(theme, name, icon="undo", small=True, muted=True, parent=parent)
        self.setToolTip(tr("Back to the default"))
        policy = self.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.setSizePolicy(policy)
        self.clicked.connect(act)


class Section(QFrame):
    """A heading and rows."""

    def __init__(self, theme: Theme, title: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.title = title
        self.rows: list[Row] = []
        self._theme = theme
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, SPACE[4])
        self._column.setSpacing(0)
        heading = Label(theme, title, "lead", strong=True, parent=self)
        self._column.addWidget(heading)
        self._column.addSpacing(SPACE[0])
        self.setAccessibleName(title)

    def add(self, row: Row) -> Row:
        """One more row."""
        self.rows.append(row)
        self._column.addWidget(row)
        in_stack(self, self.rows)
        return row

    def insert_after(self, above: Row, row: Row) -> None:
        """One more row, below another one."""
        self.rows.insert(self.rows.index(above) + 1, row)
        self._column.insertWidget(self._column.indexOf(above) + 1, row)
        in_stack(self, self.rows)

    def remove(self, row: Row) -> None:
        """A row is gone."""
        self.rows.remove(row)
        self._column.removeWidget(row)
        row.hide()
        row.deleteLater()

    def paragraph(self, text: str) -> Row:
        """A sentence without a control."""
        return self.add(Row(self._theme, text, parent=self))

    def filter(self, typed: str) -> bool:
        """Show the rows that the search means; whether there is any. The section's own name means all of them."""
        whole = rank(self.title, typed) is not None
        shown = False
        for row in self.rows:
            fits = whole or row.fits(typed)
            row.setVisible(fits)
            shown = shown or fits
        return shown
