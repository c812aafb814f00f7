"""Adding or changing an endpoint: address, name and key are written, tested in clear words, and only then kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QTimer, Signal

from mistral_desk.core.errors import DeskError, Words, in_words
from mistral_desk.core.words import mark, tr, trn
from mistral_desk.net.addresses import address as address_of
from mistral_desk.net.endpoints.record import LONGEST_NAME
from mistral_desk.ui.downloads.token_field import Hidden
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.button import explain
from mistral_desk.ui.widgets.label import Label
from mistral_desk.ui.widgets.note import Note
from mistral_desk.ui.widgets.picker import Picker
from mistral_desk.ui.widgets.sheet import Sheet
from mistral_desk.ui.widgets.text_box import NameField

if TYPE_CHECKING:
    from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

    from mistral_desk.core.errors import Problem
    from mistral_desk.net.endpoints.front import Outcome
    from mistral_desk.net.endpoints.record import Endpoint, Thinks
    from mistral_desk.net.secrets import Where
    from mistral_desk.ui.theme.theme import Theme

ADDRESS_MOST: Final = 2048
ADDRESS_HELP: Final = mark(
    "As its documentation says, for example https://api.example.org/v1, or http://192.168.1.5:8080/v1 for a computer "
    "beside this one."
)
KEY_HELP: Final = mark(
    "It goes into this computer's keyring and to this endpoint alone. Leave it empty where none is needed."
)
KEY_KEPT: Final = mark("There is one. Leave this empty to keep it, or write another one.")
TEST_FIRST: Final = mark("Test it first.")
PASSES: Final = frozenset({"endpoint.busy", "endpoint.no_models", "endpoint.stalled", "net.timeout", "net.unreachable"})
"""What may be otherwise tomorrow: such a server can be kept all the same."""
THINKS: Final = {
    "": mark("As endpoints of its kind take it"),
    "effort": mark("By reasoning_effort"),
    "template": mark("By the chat template (vLLM, llama.cpp)"),
    "none": mark("Not at all"),
}


def whole(text: str) -> str:
    """An address as it was meant: without a scheme, a number of the own network is asked by http, all else by https."""
    text = text.strip()
    if not text or "://" in text:
        return text
    try:
        return address_of(f"http://{text}", near=True).url
    except DeskError:
        return f"https://{text}"


class EndpointSheet(Sheet):
    """Signals go up; what came of them is shown with `show_testing`, `show_outcome` and `show_problem`."""

    test_asked = Signal(str, str)
    """Address and key; the key is empty where the one that is kept is meant, or none."""
    keep_asked = Signal()
    widest = 560

    def __init__(self, theme: Theme, parent: QWidget, endpoint: Endpoint | None = None, where: Where = "none") -> None:
        title = tr("Add an endpoint") if endpoint is None else tr("Change {name}", name=endpoint.name)
        super().__init__(theme, title, parent)
        self.outcome: Outcome | None = None
        self._testing = self._held = False
        self._note: Note | None = None
        self.endpoint = endpoint
        body, column = self.anew()
        self._column, self._body = column, body
        self.address = NameField(theme, tr("Address"), body, longest=ADDRESS_MOST)
        self.address.setPlaceholderText("")
        self.name = NameField(theme, tr("Name"), body, longest=LONGEST_NAME)
        self.name.setPlaceholderText(tr("As the address calls it"))
        self.key = Hidden(theme, tr("Key"), body)
        kept = where in ("keyring", "session")
        self._labelled(column, tr("Address"), tr(ADDRESS_HELP), self.address)
        self._labelled(column, tr("Name"), "", self.name)
        self._labelled(column, tr("Key"), tr(KEY_KEPT) if kept else tr(KEY_HELP), self.key)
        self.thinks: Picker | None = None
        if endpoint is not None:
            self.address.setText(endpoint.address)
            self.name.setText(endpoint.name)
            choices = {key: tr(words) for key, words in THINKS.items()}
            self.thinks = Picker(theme, tr("Think harder is said"), choices, body)
            self.thinks.set_value(endpoint.chosen or "")
            self.thinks.chosen.connect(self.thinks.set_value)
            self.thinks.chosen.connect(lambda _key: self._changed())
            self._labelled(column, tr("Think harder is said"), "", self.thinks)
        self.cancel = self.button(tr("Cancel"))
        self.test = self.button(tr("Test"))
        self.keep = self.button(tr("Save"), primary=True)
        self.cancel.clicked.connect(self.reject)
        self.test.clicked.connect(self._ask_test)
        self.keep.clicked.connect(self.keep_asked)
        for field in (self.address, self.key):
            field.textChanged.connect(self._untested)
            field.returnPressed.connect(self._go_on)
        self.name.textChanged.connect(lambda _text: self._changed())
        self.name.returnPressed.connect(self._go_on)
        self._changed()
        self.order()

    def first(self) -> QWidget:
        """Where the writing begins."""
        return self.address

    @property
    def values(self) -> tuple[str, str, str]:
        """Name (empty: as the address calls it), address and key as they are to be kept."""
        return " ".join(self.name.text().split()), whole(self.address.text()), self.key.text().strip()

    @property
    def chosen(self) -> Thinks | None:
        """How *Think harder* is to be said; None: as its kind takes it."""
        ways: dict[str, Thinks] = {"effort": "effort", "template": "template", "none": "none"}
        return ways.get(self.thinks.value) if self.thinks is not None else None

    def show_testing(self) -> None:
        """The server is being asked."""
        self._testing, self._held = True, self.test.hasFocus() or not self.test.isVisible()
        self._say("info", Words(tr("Testing…"), tr("The endpoint is asked for the list of its models."), ""))
        self._changed()

    def show_outcome(self, outcome: Outcome) -> None:
        """What came of the test."""
        self._testing, self.outcome = False, outcome
        if outcome.problem is not None:
            self._say("error", in_words(outcome.problem, tr))
        else:
            names = ", ".join(one.name for one in outcome.models[:4])
            more = len(outcome.models) - 4
            if more > 0:
                names = trn("{names} and {n} more", "{names} and {n} more", more, names=names)
            title = trn("It answers, and offers {n} model", "It answers, and offers {n} models", len(outcome.models))
            self._say("success", Words(title, names, ""))
        self._changed()
        if self.keep.isEnabled() and self._held:
            self.keep.setFocus()

    def show_problem(self, problem: Problem) -> None:
        """It could not be kept."""
        self._testing = False
        self._say("error", in_words(problem, tr))
        self._changed()

    def done(self, result: int) -> None:
        """The key stays nowhere in the window."""
        self.key.clear()
        super().done(result)

    def _go_on(self) -> None:
        """Enter does what comes next."""
        if self.keep.isEnabled():
            self.keep_asked.emit()
        elif self.test.isEnabled():
            self._ask_test()

    def _ask_test(self) -> None:
        self.test_asked.emit(whole(self.address.text()), self.key.text().strip())

    def _untested(self) -> None:
        self.outcome = None
        self._changed()

    def _changed(self) -> None:
        """What can be done now."""
        written = bool(self.address.text().strip())
        if self._testing and self.test.hasFocus():  # a control that goes out hands the focus to any other one
            self.key.setFocus()
        self.test.setEnabled(written and not self._testing)
        old = self.endpoint
        same = old is not None and whole(self.address.text()) == old.address and not self.key.text()
        problem = self.outcome.problem if self.outcome is not None else None
        tested = self.outcome is not None and (problem is None or problem.id in PASSES)
        words = tr("Save all the same") if tested and problem is not None else tr("Save")
        self.keep.set_label(words, words)
        possible = written and not self._testing and (tested or same)
        explain(self.keep, "" if possible else tr(TEST_FIRST))
        if possible:
            self.keep.setToolTip("")

    def _say(self, kind: str, words: Words) -> None:
        if self._note is not None:
            self._column.removeWidget(self._note)
            self._note.hide()
            self._note.deleteLater()
        self._note = Note(self._theme, kind, words, self._body)
        self._column.addWidget(self._note)
        self._note.show()
        self.order()
        self.announce(words.in_one)
        QTimer.singleShot(0, self, self._in_sight)

    def _in_sight(self) -> None:
        if self._note is not None:
            self.area.ensureWidgetVisible(self._note, 0, 0)

    def _labelled(self, column: QVBoxLayout, label: str, help_: str, field: QLineEdit | Picker) -> None:
        shown = Label(self._theme, label, strong=True, parent=self._body)
        shown.setBuddy(field)
        column.addWidget(shown)
        column.addWidget(field)
        if help_:
            field.setAccessibleDescription(help_)
            column.addWidget(Label(self._theme, help_, "small", ink="muted", wrap=True, parent=self._body))
        column.addSpacing(SPACE[0])
