"""Settings → Models folder: the further folders one by one, and how far a move of the models is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from mistral_desk.core import amounts
from mistral_desk.core import settings as declared
from mistral_desk.core.errors import DeskError, in_words
from mistral_desk.core.words import beside, mark, tr, trn
from mistral_desk.ui.settings.rows import Row, Section
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.flow import FlowLayout
from mistral_desk.ui.widgets.label import Label
from mistral_desk.ui.widgets.overlay import Overlay
from mistral_desk.ui.widgets.paragraph import Paragraph
from mistral_desk.ui.widgets.progress import Figures, Progress

if TYPE_CHECKING:
    from PySide6.QtCore import SignalInstance

    from mistral_desk.core.settings import Settings
    from mistral_desk.library.moving import Moved, MovePlan
    from mistral_desk.ui.notify import Notices
    from mistral_desk.ui.theme.theme import Theme

PHASES: Final = {
    "copying": mark("Copying the models"),
    "checking": mark("Comparing what was copied"),
    "clearing": mark("Deleting what was copied in the old place"),
    "going_back": mark("Going back to the old place"),
}


class FurtherFolders(QObject):
    """A row for each further folder, below the one that adds them."""

    def __init__(self, theme: Theme, settings: Settings, notices: Notices, section: Section, above: Row) -> None:
        super().__init__(section)
        self._theme, self._settings, self._notices = theme, settings, notices
        self._section, self._above = section, above
        self.rows: list[Row] = []
        settings.listen(declared.MORE_FOLDERS, lambda _value: self._show())
        self._show()

    def _show(self) -> None:
        for row in self.rows:
            self._section.remove(row)
        self.rows = []
        above = self._above
        for path in self._settings.get(declared.MORE_FOLDERS):
            text = tr("Remove")
            button = Button(
                self._theme, tr("{what}: {file}", what=text, file=path), text=text, kind="outline", parent=self._section
            )
            button.setToolTip(tr("Take it off the list. The files stay where they are."))
            button.clicked.connect(lambda _on=False, path=path: self._remove(path))
            row = Row(self._theme, path, "", button, more=tr("Further folders"), broken=True, parent=self._section)
            self._section.insert_after(above, row)
            self.rows.append(row)
            above = row

    def _remove(self, path: str) -> None:
        left = tuple(one for one in self._settings.get(declared.MORE_FOLDERS) if one != path)
        try:
            self._settings.set(declared.MORE_FOLDERS, left)
        except DeskError as error:
            self._notices.problem(error.problem, "warning")


class MovingRow(Row):
    """How far a move is; hidden while nothing moves."""

    cancelled = Signal()
    again = Signal()
    """What waits for a disk is to be tried again."""

    def __init__(self, theme: Theme, section: Section) -> None:
        text = tr("Cancel")
        name = tr("{what}: {file}", what=text, file=tr("Moving the models"))
        cancel = Button(theme, name, text=text, kind="outline", parent=section)
        cancel.setToolTip("")
        self._moving = self._waits = False
        super().__init__(theme, tr("Moving the models"), "", cancel, parent=section)
        cancel.clicked.connect(self._press)
        self.cancel = cancel
        self.bar = Progress(theme, tr("Moving the models"), self)
        self.told = Figures(theme, "", self)
        self.words.addSpacing(SPACE[0])
        self.words.addWidget(self.bar)
        self.words.addWidget(self.told)
        self.show_moved(None)

    def show_moved(self, moved: Moved | None, *, ours: bool = True) -> None:
        """How it is now; None when nothing moves. Only one that is `ours` can be called off."""
        self._moving = moved is not None
        self.setVisible(True)
        if moved is None:
            return
        if self._waits != (moved.problem is not None):
            self._waits = not self._waits
            text = tr("Try again") if self._waits else tr("Cancel")
            self.cancel.set_label(tr("{what}: {file}", what=text, file=tr("Moving the models")), text)
            self.cancel.setToolTip("")
        sizes = tr("{done} of {total}", done=amounts.file_size(moved.done), total=amounts.file_size(moved.total))
        told = beside(tr(PHASES.get(moved.phase, moved.phase)), sizes, moved.file)
        if moved.problem is not None:
            words = in_words(moved.problem, tr)
            told = f"{words.title}. {words.message}"
        self.bar.show_share(moved.done / moved.total if moved.total else 0.0, told)
        self.told.say(told)
        self.cancel.setEnabled(self._waits or (ours and moved.phase in ("copying", "checking")))

    def _press(self) -> None:
        signal = self.again if self._waits else self.cancelled
        signal.emit()

    def setVisible(self, visible: bool) -> None:
        """Only while there is something to see."""
        super().setVisible(visible and self._moving)


class MoveSheet(Overlay):
    """What choosing another models folder means: move what is there, or only use the new one from now on."""

    moving = Signal()
    using = Signal()
    widest = 540

    def __init__(self, theme: Theme, plan: MovePlan, parent: QWidget) -> None:
        title = tr("Use another folder for models?")
        super().__init__(theme, title, parent)
        card = self.card
        size, files = amounts.file_size(plan.bytes), trn("{n} file", "{n} files", plan.files)
        if plan.how == "copy":
            left = amounts.file_size(max(0, plan.free - plan.bytes))
            text = tr(
                "{size} in {files} are copied to the other drive, compared, and only then deleted here. {left} stay "
                "free there. It can be cancelled, and goes on after a restart.",
                size=size, files=files, left=left,
            )  # fmt: skip
        elif plan.how == "rename":
            text = tr("{size} in {files} stay on the same drive: moving them takes a moment.", size=size, files=files)
        else:
            text = tr("There is nothing to move yet.")
        self.setAccessibleDescription(text)
        self.no = Button(theme, tr("Cancel"), text=tr("Cancel"), kind="outline", parent=card)
        self.no.clicked.connect(self.reject)
        buttons = [self.no]
        if plan.how != "nothing":
            words = tr("Move the models")
            self.yes = Button(theme, words, text=words, kind="primary", parent=card)
            self.yes.clicked.connect(lambda: self._decide(self.moving))
            only = tr("Leave them where they are")
        else:
            only = tr("Use this folder")
        self.only = Button(theme, only, text=only, kind="outline", parent=card)
        self.only.clicked.connect(lambda: self._decide(self.using))
        buttons += [self.only] if plan.how == "nothing" else [self.only, self.yes]
        row = FlowLayout(spacing=SPACE[1], end=True)
        for button in buttons:
            row.addWidget(button)
        column = QVBoxLayout(card)
        column.setContentsMargins(SPACE[4], SPACE[4], SPACE[4], SPACE[3])
        column.setSpacing(SPACE[1])
        column.addWidget(Label(theme, title, "lead", strong=True, wrap=True, parent=card))
        for name, path in ((tr("From"), plan.source), (tr("To"), plan.target)):
            line = tr("{name}: {value}", name=name, value=path)
            column.addWidget(Paragraph(theme, line, "small", ink="muted", parent=card))
        column.addWidget(Label(theme, text, wrap=True, parent=card))
        if plan.how != "nothing":
            stays = tr("Left where they are, they stay in your library: the old folder is then a further one.")
            column.addWidget(Label(theme, stays, "small", ink="muted", wrap=True, parent=card))
        column.addSpacing(SPACE[2])
        column.addLayout(row)

    def first(self) -> QWidget:
        """The harmless one."""
        return self.no

    def _decide(self, signal: SignalInstance) -> None:
        self.accept()
        signal.emit()
