"""What stands above the cards: title and ways to other places, the list's state, this computer, search and filters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QMenu, QSizePolicy, QVBoxLayout, QWidget

from mistral_desk.core.words import mark, tr
from mistral_desk.services import BUILTIN, model_title
from mistral_desk.ui.models.browse.filters import Filters, Order
from mistral_desk.ui.models.browse.refreshing import Progressing, RefreshButton
from mistral_desk.ui.models.browse.source import Source, state_words
from mistral_desk.ui.theme.icons import icon
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.flow import FlowLayout
from mistral_desk.ui.widgets.focus import set_possible
from mistral_desk.ui.widgets.label import Label
from mistral_desk.ui.widgets.popup import below
from mistral_desk.ui.widgets.search import SearchField
from mistral_desk.ui.widgets.unbroken import unbroken

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from mistral_desk.ui.theme.theme import Theme

LOOKING = mark("Looking at this computer…")
WAYS: Final = ("chat", "file", "library", "search")
"""The icons of the ways to other places, in their order."""
BESIDE: Final = 300
"""Pixels at the system's text size from which a button stands beside its words."""


class Head(QWidget):
    """Shows what it is given; signals go up."""

    chat_with = Signal(str)
    open_file = Signal()
    library = Signal()
    hub = Signal()
    refresh = Signal()
    cancel = Signal()
    measure = Signal()
    resized = Signal()
    """It may need another height."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE[1])
        self._ways = self._other_places()
        title = Label(theme, tr("Models"), "title", strong=True, wrap=True, parent=self)
        self._first = QHBoxLayout()
        self._first.setSpacing(SPACE[1])
        self._first.addWidget(title, 1)
        self._first.addWidget(self._ways, 0)
        self.more = Button(theme, tr("More"), icon="more", muted=True, parent=self)
        self.more.clicked.connect(self._open_more)
        self._first.addWidget(self.more, 0, Qt.AlignmentFlag.AlignVCenter)
        column.addLayout(self._first)
        self.state = Label(theme, "", ink="muted", wrap=True, parent=self)
        self.again_button = RefreshButton(theme, tr("Refresh"), self, small=True)
        self.again_button.refresh.connect(self.refresh)
        self.again_button.cancel.connect(self.cancel)
        words = tr("Get the catalog…")
        self.get_button = Button(theme, words, text=words, kind="primary", step="small", small=True, parent=self)
        self.get_button.hide()
        self.progress = Progressing(theme, self)
        fetched = QVBoxLayout()
        fetched.setSpacing(SPACE[0] - 1)
        self._rows = [_beside(self.state, self.again_button, self.get_button)]
        fetched.addLayout(self._rows[0])
        fetched.addWidget(self.progress)
        column.addLayout(fetched)
        self.computer = _Computer(theme, tr(LOOKING), ink="muted", wrap=True, parent=self)
        words = tr("Measure again")
        self.measure_button = self._small(words, "retry", words)
        self.measure_button.setToolTip(tr("Looks at this computer anew; it takes about a second."))
        self.measure_button.setEnabled(False)  # it is being looked at
        self.measure_button.clicked.connect(self._measure)
        self._rows.append(_beside(self.computer, self.measure_button))
        column.addLayout(self._rows[1])
        column.addSpacing(SPACE[0])
        self.search = SearchField(theme, tr("Search models"), self)
        self.search.setMinimumWidth(160)
        self.order = Order(theme, self)
        self._line = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._line.setSpacing(SPACE[1])
        self._line.addWidget(self.search, 1)
        self._line.addWidget(self.order, 0, Qt.AlignmentFlag.AlignLeading)
        column.addLayout(self._line)
        self.filters = Filters(theme, self)
        column.addWidget(self.filters)

    def show_source(self, source: Source) -> None:
        """The list's state; what cannot be done says why."""
        self.state.setText(state_words(source))
        self.again_button.show_source(source)
        self.again_button.setVisible(source.progress is not None or source.fetched is not None)
        self.progress.show_share(source)

    def show_computer(self, words: str) -> None:
        """This computer in one line."""
        self.computer.setText(words)
        set_possible(self.measure_button, possible=True)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Side by side where there is room."""
        super().resizeEvent(event)
        scale = max(1.0, self._theme.text_size / 100)
        beside, under = QBoxLayout.Direction.LeftToRight, QBoxLayout.Direction.TopToBottom
        ways = self._ways.layout()
        wide = ways.sizeHint().width() if ways is not None else 0
        narrow = self.width() < wide + 140 * scale
        held = narrow != self._ways.isHidden() and any(
            one.hasFocus() for one in (*self.buttons, self.hub_button, self.more)
        )
        self._ways.setVisible(not narrow)
        self.more.setVisible(narrow)
        if held:
            (self.more if narrow else self.buttons[0]).setFocus(Qt.FocusReason.OtherFocusReason)
        order = self.order.sizeHint().width()
        self._line.setDirection(beside if self.width() >= order + 240 * scale else under)
        for row in self._rows:
            row.setDirection(beside if self.width() >= BESIDE * scale else under)
        self.resized.emit()

    def _other_places(self) -> QWidget:
        """What can be done besides browsing."""
        holder = QWidget(self)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        holder.setSizePolicy(policy)
        flow = FlowLayout(holder, spacing=SPACE[1])
        guide = tr("Chat with {name}", name=model_title(BUILTIN))
        talk = self._small(tr("Chat with the Guide"), "chat", tr("Chat with the Guide"), holder)
        talk.setToolTip(guide)
        talk.clicked.connect(lambda: self.chat_with.emit(BUILTIN))
        file = self._small(tr("Open a GGUF file…"), "file", tr("Open a GGUF file…"), holder)
        file.clicked.connect(self.open_file)
        see = self._small(tr("Show the library"), "library", tr("Show the library"), holder)
        see.clicked.connect(self.library)
        self.hub_button = self._small(tr("Search the hub…"), "search", tr("Search the hub…"), holder)
        self.hub_button.setToolTip(tr("Search the hub for GGUF repositories"))
        self.hub_button.clicked.connect(self.hub)
        self.buttons = [talk, file, see]
        for one in (*self.buttons, self.hub_button):
            flow.addWidget(one)
        return holder

    def _open_more(self) -> None:
        """The ways to other places, where there is no room for them beside the title."""
        menu = QMenu(self)
        self._theme.dress_menu(menu)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for button, sign in zip((*self.buttons, self.hub_button), WAYS, strict=True):
            action = menu.addAction(icon(sign, self._theme.colours.text), button.text())
            action.triggered.connect(lambda _on=False, button=button: button.click())
        below(menu, self.more)

    def _small(self, text: str, icon: str, name: str, parent: QWidget | None = None) -> Button:
        return Button(
            self._theme, name, icon=icon, text=text, kind="outline", step="small", small=True, muted=True,
            parent=parent or self,
        )  # fmt: skip

    def _measure(self) -> None:
        set_possible(self.measure_button, possible=False)
        self.computer.setText(tr(LOOKING))
        self.measure.emit()


class _Computer(Label):
    """What is said of this computer. It has room for that before it is known, so that nothing below it moves then."""

    _known = ""

    def setText(self, text: str) -> None:
        """What is said while it is looked at anew takes no room away."""
        if text != tr(LOOKING):
            self._known = text
        super().setText(text)

    def heightForWidth(self, width: int) -> int:
        """As high as its words, or what is usually said, or was said before."""
        # A name as long as those of graphics cards usually are.
        gpu = tr("{name} with {memory}", name="GeForce RTX 4060 Laptop GPU", memory="8 GB")
        usual = tr("This computer: {gpu}, and {memory} of memory", gpu=gpu, memory="32 GB")
        wrap = int(Qt.TextFlag.TextWordWrap)
        room = (
            self.fontMetrics().boundingRect(QRect(0, 0, width, 0), wrap, unbroken(words)).height()
            for words in (usual, self._known)
        )
        return max(super().heightForWidth(width), *room)


def _beside(words: Label, *buttons: Button) -> QBoxLayout:
    row = QBoxLayout(QBoxLayout.Direction.LeftToRight)
    row.setSpacing(SPACE[1])
    row.addWidget(words, 1)
    for button in buttons:
        row.addWidget(button, 0, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeading)
    return row
