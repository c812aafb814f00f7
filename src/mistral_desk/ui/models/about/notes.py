"""Calm notes over a record that is not what a person may think: only a mention, out of date, replaced, a variant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from mistral_desk.core.errors import Words
from mistral_desk.core.words import mark, tr
from mistral_desk.ui.models.browse.instead import Trouble
from mistral_desk.ui.models.browse.refreshing import Progressing, RefreshButton
from mistral_desk.ui.models.browse.source import OFFLINE, progress_words
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.focus import has_keyboard
from mistral_desk.ui.widgets.label import Label
from mistral_desk.ui.widgets.note import Note
from mistral_desk.ui.widgets.tag import Tag

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mistral_desk.catalog.record import Record
    from mistral_desk.catalog.store import Catalogue
    from mistral_desk.ui.models.browse.source import Source
    from mistral_desk.ui.theme.theme import Theme
    from mistral_desk.ui.widgets.button import Button

NO_DETAILS: Final = mark("No details here yet")
MENTIONED_TEXT: Final = mark(
    "So far only another model's page names it. Its description and benchmarks come when the catalog is refreshed."
)
KNOWN_TEXT: Final = mark(
    "Mistral Desk knows which files this model has. What the catalog says of it comes when the catalog is refreshed."
)
PART: Final = mark("Not all of its details are here")
PART_TEXT: Final = mark("The catalog's list names it. The rest comes when the catalog is refreshed.")
DEPRECATED: Final = mark("Deprecated")
DEPRECATED_TEXT: Final = mark("The catalog says that this model is deprecated: its provider has moved on.")
REPLACED: Final = mark("There is a successor")
REPLACED_TEXT: Final = mark("The catalog says that {title} takes this model's place.")
VARIANT: Final = mark("A variant")
VARIANT_TEXT: Final = mark("The catalog says that this is a variant of {title}.")


class Notes(QWidget):
    """All that hold for a record. `opened` carries the id of another model, `refresh` asks for the catalogue anew.

    Where it can be asked for, `show_source` says how far that is and what went wrong.
    """

    opened = Signal(str)
    refresh = Signal()
    cancel = Signal()
    privacy = Signal()
    closed_problem = Signal()

    def __init__(self, theme: Theme, record: Record, catalogue: Catalogue | None, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.buttons: list[Button] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(SPACE[1])
        note: Note | None = None
        for kind, title, text, other in notes_of(record, catalogue):
            note = Note(theme, kind, Words(title, text, ""), self)
            self._column.addWidget(note)
            if other and (catalogue is None or catalogue.get(other) is not None):
                named = title_of(other, catalogue)
                button: Button = Tag(
                    theme, tr("Open {title}", title=named), tr("Open {title}", title=named), self, widest=420
                )
                button.clicked.connect(lambda _on=False, other=other: self.opened.emit(other))
                self._put(button, note)
        self.again_button: RefreshButton | None = None
        self.trouble: Trouble | None = None
        if not record.whole and note is not None:
            self.again_button = RefreshButton(theme, tr("Refresh the catalog"), self)
            self.again_button.refresh.connect(self.refresh)
            self.again_button.cancel.connect(self.cancel)
            self._put(self.again_button, note)
            self.state = Label(theme, "", "small", ink="muted", wrap=True, parent=self)
            self._column.addWidget(self.state)
            self._progress = Progressing(theme, self)
            self._column.addWidget(self._progress)

    def show_source(self, source: Source) -> None:
        """How the catalogue is."""
        if self.again_button is None:
            return
        self.again_button.show_source(source)
        told = progress_words(source) if source.progress is not None else tr(OFFLINE) if source.offline else ""
        self.state.setText(told)
        self.state.setVisible(bool(told))
        self._progress.show_share(source)
        if self.trouble is not None and self.trouble.problem is not source.problem:
            if has_keyboard(self.trouble):
                self.again_button.setFocus(Qt.FocusReason.OtherFocusReason)
            self._column.removeWidget(self.trouble)
            self.trouble.hide()
            self.trouble.deleteLater()
            self.trouble = None
        if source.problem is not None and self.trouble is None:
            self.trouble = Trouble(self._theme, source.problem, self)
            self.trouble.again.connect(self.refresh)
            self.trouble.privacy.connect(self.privacy)
            self.trouble.closed.connect(self.closed_problem)
            self._column.addWidget(self.trouble)

    def _put(self, button: Button, note: Note) -> None:
        self.buttons.append(button)
        note.put(button)

    @property
    def empty(self) -> bool:
        """Whether nothing is to be said."""
        return self._column.count() == 0


def notes_of(record: Record, catalogue: Catalogue | None) -> Iterator[tuple[str, str, str, str]]:
    """Kind, title, text and the other model's id (empty for none) of every note."""
    if record.superseded_by:
        title = title_of(record.superseded_by, catalogue)
        head = tr(DEPRECATED) if record.deprecated else tr(REPLACED)
        yield "warning" if record.deprecated else "info", head, tr(REPLACED_TEXT, title=title), record.superseded_by
    elif record.deprecated:
        yield "warning", tr(DEPRECATED), tr(DEPRECATED_TEXT), ""
    if record.variant_of:
        title = title_of(record.variant_of, catalogue)
        yield "info", tr(VARIANT), tr(VARIANT_TEXT, title=title), record.variant_of
    if record.origin == "mentioned":
        yield "info", tr(NO_DETAILS), tr(MENTIONED_TEXT), ""
    elif record.origin == "known":
        yield "info", tr(NO_DETAILS), tr(KNOWN_TEXT), ""
    elif not record.whole:
        yield "info", tr(PART), tr(PART_TEXT), ""


def title_of(model: str, catalogue: Catalogue | None) -> str:
    """A model's title where the catalogue has it, else its id."""
    other = catalogue.get(model) if catalogue is not None else None
    return other.title if other is not None else model
