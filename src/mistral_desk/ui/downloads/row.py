"""One download in the list: how far it is, what it waits for, and everything that a person can do with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from mistral_desk.core.errors import in_words
from mistral_desk.core.words import tr
from mistral_desk.ui.downloads import words
from mistral_desk.ui.theme import direction
from mistral_desk.ui.theme.tokens import RADIUS, SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.focus import has_keyboard
from mistral_desk.ui.widgets.label import Shortened
from mistral_desk.ui.widgets.note import Note
from mistral_desk.ui.widgets.panel import Panel
from mistral_desk.ui.widgets.progress import Figures, Progress
from mistral_desk.ui.widgets.saying import say

if TYPE_CHECKING:
    from mistral_desk.core.errors import Problem
    from mistral_desk.library.orders import Download
    from mistral_desk.ui.theme.theme import Theme


_LINES: Final = 5
"""What its column always has: head, bar, a little room, figures, file."""


class DownloadRow(Panel):
    """Show with `show_download`, as often as wanted: only what changed is touched. Signals carry the order's id."""

    paused = Signal(str)
    resumed = Signal(str)
    cancelled = Signal(str)
    moved = Signal(str, int)
    """So many places down; negative is up."""
    remedied = Signal(str, str)
    """A `words.Remedy` is wanted."""

    def __init__(self, theme: Theme, download: Download, parent: QWidget) -> None:
        title = download.order.title
        super().__init__(theme, parent, name=title, radius=RADIUS)
        self.download = download
        self._problem: Problem | None = None
        self._tried = False
        self.note: Note | None = None
        self.remedy: Button | None = None
        self._place = (-1, -1)
        head = QHBoxLayout()
        head.setSpacing(SPACE[0])
        head.addWidget(Shortened(theme, title, strong=True, parent=self), 1)
        self.up = self._tool(tr("Earlier: {name}", name=title), "up", tr("Earlier"))
        self.down = self._tool(tr("Later: {name}", name=title), "down", tr("Later"))
        self.pause = self._tool(tr("Pause: {name}", name=title), "pause", tr("Pause"))
        self.cancel = self._tool(tr("Cancel: {name}", name=title), "close", tr("Cancel…"))
        self.up.clicked.connect(lambda: self.moved.emit(self.download.order.id, -1))
        self.down.clicked.connect(lambda: self.moved.emit(self.download.order.id, 1))
        self.pause.clicked.connect(self._toggle)
        self.cancel.clicked.connect(lambda: self.cancelled.emit(self.download.order.id))
        for tool in (self.up, self.down, self.pause, self.cancel):
            head.addWidget(tool)
        self.bar = Progress(theme, tr("Progress of {name}", name=title), self)
        self.state = Figures(theme, "", self, ink="text")
        self.figures = Figures(theme, "", self)
        self.file = Shortened(theme, "", "small", ink="muted", parent=self)
        lines = QHBoxLayout()
        lines.setSpacing(SPACE[2])
        lines.addWidget(self.figures, 1)
        lines.addWidget(self.state, 0, Qt.AlignmentFlag.AlignTop)
        self.state.setWordWrap(False)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(*direction.margins(self, SPACE[3], SPACE[2], SPACE[2], SPACE[2]))
        self._column.setSpacing(SPACE[0])
        self._column.addLayout(head)
        self._column.addWidget(self.bar)
        self._column.addSpacing(2)
        self._column.addLayout(lines)
        self._column.addWidget(self.file)
        self.show_download(download, 0, 1)

    def show_download(self, download: Download, place: int, count: int) -> None:
        """How it is now, and at which place of how many it stands."""
        before, self.download = self.download, download
        stopped = download.state in ("paused", "waiting", "queued")
        self.bar.show_share(words.share(download), words.spoken(download), quiet=stopped)
        self.figures.say(words.figures(download))
        self.state.say(words.state(download))
        line = words.trouble(download) or words.file(download)
        if line != self.file.text():
            self.file.setText(line)
            self.file.setToolTip(line)
        self.file.setVisible(download.state in words.ACTIVE)  # empty now and then: its room stays while it runs
        paused = download.state == "paused"
        title = download.order.title
        self.pause.set_icon("play" if paused else "pause")
        name = tr("Resume: {name}", name=title) if paused else tr("Pause: {name}", name=title)
        if name != self.pause.accessibleName():
            self.pause.set_label(name)
            self.pause.setToolTip(tr("Resume") if paused else tr("Pause"))
        if self._place != (place, count):
            self._place = (place, count)
            for tool, possible in ((self.up, place > 0), (self.down, place < count - 1)):
                tool.setVisible(count > 1)
                tool.setEnabled(possible)
        shown = download.problem if words.remedy(download) != "none" else None
        if shown != self._problem:
            self._problem = shown
            self._tell(shown)
        if before.state != download.state:
            self._speak(download, shown)

    def _speak(self, download: Download, shown: Problem | None) -> None:
        """Of what happens to it, what nobody expects; that it tries again is said once, however often it does."""
        again = download.state == "waiting"
        if download.state == "paused" or (again and not self._tried):
            why = "" if shown is None else in_words(shown, tr).in_one
            self._say(" ".join(part for part in (f"{words.spoken(download)}.", why) if part))
        self._tried = again or (self._tried and download.state in words.ACTIVE)

    def _say(self, told: str) -> None:
        """Where the library is not looked at, a notice says it."""
        if self.isVisible():
            say(self, told)

    def stops(self) -> list[QWidget]:
        """What the keyboard reaches, in order."""
        return [one for one in (self.up, self.down, self.pause, self.cancel, self.remedy) if one is not None]

    def _tell(self, problem: Problem | None) -> None:
        """The problem in words, with the one thing that helps."""
        if self.remedy is not None and has_keyboard(self.remedy):
            self.pause.setFocus(Qt.FocusReason.OtherFocusReason)  # before Qt gives it to whatever comes next
        for old in (self.note, self.remedy):
            if old is not None:
                self._column.removeWidget(old)
                old.hide()
                old.deleteLater()
        self.note = self.remedy = None
        while self._column.count() > _LINES:
            self._column.takeAt(_LINES)
        if problem is None:
            return
        kind = "warning" if self.download.state == "waiting" else "error"
        self.note = Note(self._theme, kind, in_words(problem, tr), self)
        remedy = words.remedy(self.download)
        text = tr(words.REMEDIES[remedy])
        name = tr("{what}: {file}", what=text, file=self.download.order.title)
        self.remedy = Button(self._theme, name, text=text, kind="outline", small=True, parent=self)
        self.remedy.setToolTip("")
        self.remedy.clicked.connect(lambda: self.remedied.emit(self.download.order.id, remedy))
        self._column.addSpacing(2)
        self._column.addWidget(self.note)
        self._column.addSpacing(2)
        self._column.addWidget(self.remedy, 0, Qt.AlignmentFlag.AlignLeading)
        QWidget.setTabOrder(self.cancel, self.remedy)

    def _toggle(self) -> None:
        signal = self.resumed if self.download.state == "paused" else self.paused
        signal.emit(self.download.order.id)

    def _tool(self, name: str, icon: str, tip: str) -> Button:
        made = Button(self._theme, name, icon=icon, small=True, muted=True, parent=self)
        made.setToolTip(tip)
        return made
