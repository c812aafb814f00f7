"""What the window does where a model's file is doubted, or the engine was left alone because it kept stopping."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from mistral_desk.core.errors import in_words
from mistral_desk.core.words import tr
from mistral_desk.ui.chat.troubles import doubts_file, left_alone, needs_engine
from mistral_desk.ui.notify import Notice

if TYPE_CHECKING:
    from mistral_desk.core.errors import Problem
    from mistral_desk.ui.desk import Desk


class Trouble(QObject):
    """Belongs to the desk."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        self._told: set[tuple[str, str]] = set()
        desk.model.asked_for.connect(self._doubt)
        desk.page.verify_asked.connect(self.verify)

    def told(self, problem: Problem) -> bool:
        """Whether it was told here, with what can be done, that a model could not be made ready."""
        if needs_engine(problem):
            about, desk = self._desk.model.id.casefold(), self._desk
            desk.notices.show(Notice("error", in_words(problem, tr), tr("Engines…"), desk.engines.show, about=about))
            return True
        known = self._desk.model.comparable
        if not doubts_file(problem) or not (known or left_alone(problem)):
            return False
        verify, about = tr("Verify the file"), self._desk.model.id.casefold()
        words = in_words(problem, tr)
        if left_alone(problem):
            again = tr("Try once more")
            second, act = (verify, self.verify) if known else ("", None)
            notice = Notice("error", words, again, self._once_more, about=about, second=second, act_second=act)
        else:
            notice = Notice("error", words, verify, self.verify, about=about)
        self._desk.notices.show(notice)
        return True

    def verify(self) -> None:
        """Read the file of the model that answers and compare it, in the library, where it shows how far it is."""
        desk = self._desk
        if desk.window.page != "library":
            desk.window.show_page("library")
        desk.library.verified.emit(desk.model.id)

    def _doubt(self) -> None:
        """Say before a model is loaded that its file is not what it was, once in a run of the program."""
        model = self._desk.services.library.find(self._desk.model.id)
        doubt = model.doubt if model is not None else None
        if model is None or doubt is None or (model.id, doubt.id) in self._told:
            return
        self._told.add((model.id, doubt.id))
        about, words, verify = model.id.casefold(), in_words(doubt, tr), tr("Verify the file")
        self._desk.notices.show(Notice("warning", words, verify, self.verify, about=about))

    def _once_more(self) -> None:
        self._desk.model.once_more()
        self._desk.warm()
