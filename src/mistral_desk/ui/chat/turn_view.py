"""The model's answer on the screen: its thought, bare text and state, and what can be done with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QMimeData, QTimer, Signal

from mistral_desk.chat.going_on import BROKEN_OFF
from mistral_desk.core.errors import in_words
from mistral_desk.core.words import beside, tr
from mistral_desk.ui.attaching.shown import Attached
from mistral_desk.ui.chat.away import INK, SIGN, WriterMark, answered_away, changes_hands
from mistral_desk.ui.chat.blocks import Span, Stack
from mistral_desk.ui.chat.inlines import Style
from mistral_desk.ui.chat.plain_text import html
from mistral_desk.ui.chat.status import StatusLine
from mistral_desk.ui.chat.thinking import ThinkingView
from mistral_desk.ui.chat.troubles import doubts_file, left_alone, mended_in_settings, needs_engine
from mistral_desk.ui.chat.turn_base import TurnView
from mistral_desk.ui.chat.turns import THOUGHT, speed, spent
from mistral_desk.ui.chat.user_view import UserView
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.note import Note

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from mistral_desk.ui.attaching.album import Album
    from mistral_desk.ui.chat.model import ModelChoice
    from mistral_desk.ui.chat.selecting import Text
    from mistral_desk.ui.chat.turns import Turn
    from mistral_desk.ui.theme.theme import Theme

RICH: Final = 100_000
"""Letters of an answer up to which it is copied as HTML too."""


class AnswerView(TurnView):
    """The model's thought, text and state, then what can be done with it."""

    think_more = Signal(object)
    """The thought of this turn is to go on."""

    def __init__(
        self, turn: Turn, theme: Theme, parent: QWidget, album: Album | None = None, *, branches: bool = True
    ) -> None:
        super().__init__(turn, theme, parent, branches=branches)
        self._attached = Attached(turn.attached, album, theme, self) if turn.attached and album else None
        self._mark: WriterMark | None = None
        self._style = Style(theme, "lead")
        self._thinking: ThinkingView | None = None
        self._stack = Stack(self._style, tr("Answer"), self, turn.unfolded_code)
        self._stack.link.connect(self.link)
        self._stack.resized.connect(self.resized)
        self._reading = QTimer(self)
        self._reading.setSingleShot(True)
        self._reading.timeout.connect(self._read_on)
        self._status = StatusLine(theme, self)
        self._note: Note | None = None
        self._on = self._row.add(tr("Continue"), "play")
        self._on.set_label(tr("Continue"), tr("Continue"))
        self._on.setToolTip(tr("Go on with this answer where it stopped"))
        self._on.clicked.connect(lambda: self.go_on.emit(self.turn))
        self.anew = self._row.add(tr("Ask that again"), "models", waits=True)
        self.anew.clicked.connect(self._ask_anew)
        self._again = self._row.add(tr("Try again"), "retry", waits=True)
        self._again.clicked.connect(lambda: self.again.emit(self.turn))
        self._more = self._row.add(tr("Think more"), "think", waits=True)
        self._more.clicked.connect(lambda: self.think_more.emit(self.turn))
        self._thinks, self._deepens, self._comparable, self._continues = False, True, False, True
        self._model: ModelChoice | None = None
        self._before = ""
        self._verify = self._row.add(tr("Verify the file"), "verify")
        self._verify.set_label(tr("Verify the file"), tr("Verify the file"))
        self._verify.clicked.connect(self._ask_to_verify)
        words = tr("Open the endpoint's settings")
        self._settings = self._row.add(words, "settings")
        self._settings.set_label(words, tr("Settings"))
        self._settings.clicked.connect(self._ask_for_settings)
        self._add_branch()
        self._figures_button = self._row.add(tr("Figures"), "info")
        self._row.raise_()  # it is read behind the words, as it stands
        self.refresh()

    @property
    def thinking(self) -> ThinkingView | None:
        """The thought, if there is one."""
        return self._thinking

    @property
    def status(self) -> str:
        """What the state line says."""
        return self._status.words

    def refresh(self) -> None:
        """Show what the turn knows now."""
        turn = self.turn
        self.setAccessibleName(turn.model or tr("Answer"))
        self._show_mark()
        if turn.thinking or turn.phase == "thinking":
            if self._thinking is None:
                self._thinking = ThinkingView(turn, self._theme, self)
                self._thinking.answer_now.connect(self.answer_now)
                self._thinking.more.connect(lambda: self.think_more.emit(self.turn))
                self._thinking.link.connect(self.link)
                self._thinking.resized.connect(self.resized)
                self._thinking.toggled.connect(lambda: self.thought_toggled.emit(self.turn))
                self._thinking.lower()
                if self._mark is not None:
                    self._mark.lower()
                self._thinking.show()
            self._thinking.set_deepens(self._deepens)
            self._thinking.refresh()
        elif self._thinking is not None:
            self._thinking.deleteLater()
            self._thinking = None
        self._stack.set_blocks(turn.blocks(), turn.unread)
        if turn.unread or (turn.thought_open and turn.unread_thought):
            self._reading.start(0)
        self._status.set_words(turn.status(), live=turn.live)
        self._status.setVisible(bool(turn.status()))
        self._show_problem()
        self._row.setVisible(not turn.live)
        if not turn.live:
            self._say_which()
        away = answered_away(turn.wrote)
        figures = spent(turn.figures, self._cost()) if away else speed(turn.figures)
        self._figures_button.setVisible(bool(figures))
        by = turn.model if self._mark is None else self._mark.accessibleName()
        self._figures_button.set_label(beside(by, figures) if figures else tr("Figures"))
        self._copy.setVisible(bool(turn.text))
        self.anew.setVisible(bool(turn.offer))
        if turn.offer:
            self.anew.set_label(tr("Ask that again: {name}", name=turn.offer), tr("Ask that again"))
            self.anew.setToolTip(tr("Ask {name} the same", name=turn.offer))
        cut_short = turn.problem is not None or turn.ending in BROKEN_OFF
        again = tr("Try once more") if left_alone(turn.problem) else tr("Try again")
        self._again.set_label(again, again if cut_short else "")
        self._verify.setVisible(self._comparable and doubts_file(turn.problem))
        self._settings.setVisible(mended_in_settings(turn.problem) or needs_engine(turn.problem))
        if needs_engine(turn.problem):
            self._settings.set_label(tr("Engines…"), tr("Engines…"))
        self._show_version()
        self.show_actions()

    def set_model(self, model: ModelChoice) -> None:
        """The model that would answer: whether it can think, go on with a thought or a text; whether its file is known.

        It also knows where the endpoints are that answered.
        """
        known = (model.thinks, model.deepens, model.comparable, model.continues)
        before = (self._thinks, self._deepens, self._comparable, self._continues)
        if known != before or self._model is None:
            self._thinks, self._deepens, self._comparable, self._continues = known
            self._model = model
            self.refresh()

    def set_before(self, wrote: str) -> None:
        """Who wrote the answer before this one, by the id that is stored with it; empty where there is none."""
        if wrote != self._before:
            self._before = wrote
            self.refresh()

    def show_actions(self) -> None:
        """An answer that broke off can go on, as long as nothing follows it."""
        self._on.setVisible(self._last and self.turn.goes_on and self._continues)
        self._more.setVisible(self._thinks and bool(self.turn.text) and (self._deepens or not self.turn.thinking))
        super().show_actions()

    def arrange(self, width: int, span: Span | None) -> int:
        """Thought, text, state and actions below each other."""
        y = 0
        if self._mark is not None:
            self._mark.setGeometry(0, 0, width, self._mark.needed)
            y = self._mark.needed + SPACE[0]
        if self._thinking is not None:
            inner = None if span is None else (span[0] - y, span[1] - y)
            height = self._thinking.height_for(width + 2 * SPACE[1], inner)
            out = 2 * SPACE[1] - SPACE[2] if self.isRightToLeft() else SPACE[2]  # its chevron stands at the column
            self._thinking.setGeometry(-out, y, width + 2 * SPACE[1], height)
            y += height + (SPACE[3] if self.turn.thought_open else SPACE[1])
        inner = None if span is None else (span[0] - y, span[1] - y)
        height = self._stack.arrange(width, inner)
        if (self._stack.y(), self._stack.width(), self._stack.height()) != (y, width, height):
            self._stack.setGeometry(0, y, width, height)
        y += height
        if self._attached is not None:  # other programs' models draw
            y += SPACE[1] if height else 0
            size = self._attached.arrange(width)
            x = width - size.width() if self.isRightToLeft() else 0
            self._attached.setGeometry(x, y, size.width(), size.height())
            y += size.height()
        if self._note is not None:
            y += SPACE[2] if height else 0
            self._note.setGeometry(0, y, width, self._note.height_for(width))
            y += self._note.height()
        if state := self._status.height_for(width):
            y += SPACE[1] if y else 0
            self._status.setGeometry(0, y, width, state)
            y += state
        y += SPACE[0]
        below = self._row.height_for()
        self._row.setGeometry(-SPACE[0] - 2, y, width + SPACE[1], below)
        self._row.place(right=self.isRightToLeft())
        return y + below

    def release(self, span: Span) -> None:
        """Let go of text outside `span`."""
        if self._thinking is not None:
            self._thinking.release((span[0] - self._thinking.y(), span[1] - self._thinking.y()))
        self._stack.release((span[0] - self._stack.y(), span[1] - self._stack.y()))

    def place_at(self, y: int) -> tuple[int, int]:
        """A block to hold on to, of the thought or of the answer; what is above them counts from the top."""
        if y < self._stack.y():
            thought = self._thinking.place_at(y - self._thinking.y()) if self._thinking is not None else None
            return (-1, y) if thought is None else (THOUGHT + thought[0], thought[1])
        return self._stack.place_at(y - self._stack.y())

    def top_of(self, number: int) -> int:
        """Where a block begins."""
        if number < -1:
            return 0 if self._thinking is None else self._thinking.y() + self._thinking.top_of(number - THOUGHT)
        return self._stack.y() + self._stack.top_of(number) if number >= 0 else 0

    def restyle(self) -> None:
        """Colours and fonts of the theme as it is now."""
        if self._thinking is not None:
            self._thinking.restyle()
        self._stack.restyle()
        if self._attached is not None:
            self._attached.restyle()
        self._status.restyle()
        super().restyle()

    def stops(self) -> list[QWidget]:
        """What the keyboard reaches in here, in order."""
        thought = self._thinking.stops() if self._thinking is not None else []
        shown = self._attached.tiles if self._attached is not None else []
        return [*thought, *self._stack.stops(), *shown, *self._row.buttons]

    def _show_mark(self) -> None:
        """Who answered, where that was an endpoint, or another model than before; else nothing stands above it."""
        turn = self.turn
        away, other = answered_away(turn.wrote), changes_hands(self._before, turn.wrote)
        words = turn.model if self._model is None else self._model.writer(turn.wrote, turn.made)
        if not words or not (away or other):
            if self._mark is not None:
                self._mark.deleteLater()
                self._mark = None
            return
        if self._mark is None:
            self._mark = WriterMark(self._theme, self)
            self._mark.lower()
            self._mark.show()
        if away:
            self._mark.say(words, SIGN, INK)
            self.setAccessibleName(tr("Answered by an endpoint: {model}", model=words))
        else:
            self._mark.say(words, "chip", "muted")

    def _cost(self) -> str:
        return "" if self._model is None else self._model.cost_of(self.turn)

    def _ask_for_settings(self) -> None:
        self.turn.mend = True
        self.again.emit(self.turn)

    def _ask_to_verify(self) -> None:
        self.turn.verify = True
        self.again.emit(self.turn)

    def _ask_anew(self) -> None:
        self.turn.anew = True
        self.again.emit(self.turn)

    def texts(self) -> list[tuple[int, Text]]:
        """The texts of the answer that exist as widgets, with the numbers of their blocks."""
        return self._stack.texts()

    def thought_texts(self) -> list[tuple[int, Text]]:
        """The texts of an open thought that exist as widgets; their numbers begin at `THOUGHT`."""
        if self._thinking is None or not self.turn.thought_open:
            return []
        return [(THOUGHT + number, text) for number, text in self._thinking.texts()]

    def ensure(self, block: int) -> None:
        """Have the view of this block, wherever it is."""
        if block >= 0:
            self._stack.ensure(block)
        elif self._thinking is not None:
            self._thinking.ensure(block - THOUGHT)

    def unfold(self, block: int) -> bool:
        """Show all of a block; whether something was folded away."""
        return block >= 0 and self._stack.unfold(block)

    def mime(self) -> QMimeData:
        """The answer as it was written, and as HTML for programs that take that."""
        made = super().mime()
        if len(self.turn.text) <= RICH:
            made.setHtml("".join(html(block) for block in self.turn.all_blocks()))
        return made

    def _read_on(self) -> None:
        """A long text is read a little at a time, so that the window lives."""
        self.turn.read_on()
        self.refresh()
        self.resized.emit()

    def _show_problem(self) -> None:
        problem = self.turn.problem
        if problem is None:
            if self._note is not None:
                self._note.deleteLater()
                self._note = None
        elif self._note is None:
            self._note = Note(self._theme, "error", in_words(problem, tr), self)
            self._row.raise_()
            self._note.show()


def view_of(turn: Turn, theme: Theme, parent: QWidget, album: Album | None, *, branches: bool = True) -> TurnView:
    """The widget for a turn."""
    if turn.role == "assistant":
        return AnswerView(turn, theme, parent, album, branches=branches)
    return UserView(turn, theme, parent, album, branches=branches)
