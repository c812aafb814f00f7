"""Settings → Hardware: the engines on this computer, which one is in use, and how far one is that is being added."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal

from mistral_desk.core import amounts
from mistral_desk.core.words import beside, mark, tr
from mistral_desk.ui.settings.rows import Row, Section
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.label import Label
from mistral_desk.ui.widgets.progress import Figures, Progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mistral_desk.core.errors import Words
    from mistral_desk.inference.packs.shelf import Added
    from mistral_desk.ui.theme.theme import Theme

WHAT: Final = mark(
    "The engine is llama.cpp. An engine pack brings a newer one, or one for your graphics card. It has to pass a test "
    "before it is used, and is left by itself if it fails later."
)
KINDS: Final = {"cpu": mark("Processor"), "vulkan": "Vulkan", "cuda": "CUDA", "hip": "HIP", "metal": "Metal"}
BUILTIN: Final = mark("Built-in engine")


class EnginesRow(Row):
    """What an engine pack is, a way to add one, and how far that is."""

    add_asked = Signal()
    cancelled = Signal()

    def __init__(self, theme: Theme, section: Section) -> None:
        self.button = Button(theme, tr("Add a pack…"), text=tr("Add a pack…"), kind="outline", parent=section)
        super().__init__(
            theme, tr("Engines"), tr(WHAT), self.button, more=tr("llama.cpp, CUDA, Vulkan"), parent=section
        )
        self.button.clicked.connect(self._press)
        self.left = Label(theme, "", "small", ink="muted", wrap=True, parent=self)
        self.bar = Progress(theme, tr("Adding an engine"), self)
        self.told = Figures(theme, "", self)
        self.words.addSpacing(SPACE[0])
        for part in (self.left, self.bar, self.told):
            self.words.addWidget(part)
            part.hide()
        self._working = False

    def show_left(self, words: Words | None) -> None:
        """Why an engine is not in use any more, until another choice is made."""
        self.left.setVisible(words is not None)
        if words is not None:
            self.left.setText(f"{words.title}. {words.message}")

    def show_work(self, told: str, share: float | None = None) -> None:
        """What is being done with an engine, and how far it is where that is known; empty when nothing is."""
        working = bool(told)
        self.bar.setVisible(share is not None)
        self.told.setVisible(working)
        if share is not None:
            self.bar.show_share(share, told)
        if working:
            self.told.say(told)
        if working != self._working:
            self._working = working
            name = tr("Cancel adding an engine") if working else tr("Add a pack…")
            self.button.set_label(name, tr("Cancel") if working else tr("Add a pack…"))

    def _press(self) -> None:
        signal = self.cancelled if self._working else self.add_asked
        signal.emit()


class EngineList(QObject):
    """A row for each engine, below the one that adds them; none while there is only the one that comes along."""

    used = Signal(str)
    removed = Signal(str)

    def __init__(self, theme: Theme, section: Section, above: Row) -> None:
        super().__init__(section)
        self._theme, self._section, self._above = theme, section, above
        self.rows: dict[str, Row] = {}
        self._shown: tuple[object, ...] = ()

    def show(self, engines: Sequence[Added], current: str, *, busy: bool = False) -> None:
        """These were added, this one is in use (empty: the one that comes along); nothing is offered while `busy`."""
        shown = (*engines, current, busy)
        if shown == self._shown:
            return
        self._shown = shown
        for row in self.rows.values():
            self._section.remove(row)
        self.rows = {}
        if not engines:
            return
        above = self._above
        for name, title, note in (
            ("", tr(BUILTIN), tr("Comes with Mistral Desk")),
            *((one.name, one.name, about(one)) for one in engines),
        ):
            row = self._row(name, title, note, in_use=name == current, busy=busy)
            self._section.insert_after(above, row)
            row.setVisible(above.isVisibleTo(self._section))
            self.rows[name] = above = row

    def _row(self, name: str, title: str, note: str, *, in_use: bool, busy: bool) -> Row:
        words = beside(tr("In use") if in_use else "", note)
        row = Row(self._theme, title, words, more=tr("Engines"), broken=True, parent=self._section)
        if in_use:
            return row
        for text, signal in ((tr("Use"), self.used), *(((tr("Remove"), self.removed),) if name else ())):
            label = tr("{what}: {file}", what=text, file=title)
            button = Button(self._theme, label, text=text, kind="outline", parent=row)
            button.setEnabled(not busy)
            button.clicked.connect(lambda _on=False, signal=signal: signal.emit(name))
            row.add(button)
        return row


def about(added: Added) -> str:
    """An engine that was added, in one line."""
    made = added.made
    parts = [tr(KINDS.get(made.kind, made.kind)), tr("llama.cpp {version}", version=made.llama_cpp[:10])]
    parts.append(amounts.file_size(made.bytes))
    return beside(*parts, "" if added.known else tr("signed by nobody known"))
