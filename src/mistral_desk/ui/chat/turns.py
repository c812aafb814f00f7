"""One turn of the conversation as the transcript knows it: its text as blocks, and what is happening to it now.

Plain data without Qt. A turn is told what happens (`think`, `write`, `end`) and says in words where it stands.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from mistral_desk.chat.going_on import BROKEN_OFF
from mistral_desk.chat.parts import attached_to
from mistral_desk.core import amounts
from mistral_desk.core.words import beside, mark, tr, trn
from mistral_desk.ui.chat.markdown import SLICE, Block, Splitter, blocks_of

if TYPE_CHECKING:
    from mistral_desk.chat.message import Message, Part
    from mistral_desk.core.errors import Problem
    from mistral_desk.inference.protocol import Figures
    from mistral_desk.inference.silence import Quiet
    from mistral_desk.inference.thought_messages import ThoughtEnd

Phase = Literal["waiting", "loading", "reading", "full", "summing", "thinking", "writing", "done"]

COLLAPSED_CHARACTERS: Final = 1_600
COLLAPSED_LINES: Final = 14
"""A person's message above this is folded, with a button that shows the rest."""
ASLEEP_S: Final = 120.0
"""No model pauses so long between two pieces of a thought; some systems' clocks run on while the computer sleeps."""
_SHORT_S: Final = 0.95
"""Of a thought that took less, tenths are told: the seconds that it counted aloud were none."""
THOUGHT: Final = -1_000_000
"""Where the numbers of a thought's blocks begin; those of the answer begin at 0. So a thought stands before it."""
SHOWN_CHARACTERS: Final = 100_000
"""What is shown of one message at most, unfolded; copying takes all of it."""


@dataclass(eq=False)
class Turn:
    """A person's message or an answer. `message` is its id in the history, None until it has one."""

    role: Literal["user", "assistant"]
    text: str = ""
    message: int | None = None
    model: str = ""
    wrote: str = ""
    """The id of the model that answered, as it is stored with the answer."""
    made: float = field(default_factory=time.time)
    """When, in seconds since 1970."""
    host: str = ""
    """The host of the endpoint that answers, while it does."""
    phase: Phase = "done"
    fraction: float = 0.0
    seconds_left: float | None = None
    thinking: str = ""
    thinking_s: float = 0.0
    ending: str = ""
    figures: Figures | None = None
    problem: Problem | None = None
    versions: tuple[int, ...] = ()
    attached: tuple[Part, ...] = ()
    looking: bool = False
    looks: bool = False
    """Whether the model's weights are looked at before it is loaded."""
    quiet: Quiet | None = None
    """How long the engine says nothing about it, where that is long."""
    behind: bool = False
    """Whether another program's request is answered first."""
    thinks: bool = False
    """Whether the answer that is on its way is made with a thought."""
    hurried: bool = False
    """Whether the person wanted it at once."""
    more_asked: bool = False
    """Whether the thought is to go on where the model would close it next."""
    thought_end: ThoughtEnd = ""
    unfolded: bool = False
    thought_open: bool = False
    offer: str = ""
    """The title of a model that can be asked the same now; `anew` once that is wanted."""
    anew: bool = False
    verify: bool = False
    """Whether the file of its model is to be verified."""
    mend: bool = False
    """Whether the settings of its endpoint are to be opened."""
    unfolded_code: set[int] | None = None
    """Long code blocks that are shown whole; None where all are, as in an answer that was seen to grow."""
    line_ends: tuple[int, int] = (0, 0)
    """Of the text as it was stored: its length, and how many lines end in it (see `line_ends`)."""
    _since: float | None = None
    _heard: float = 0.0
    _body: Splitter = field(default_factory=Splitter)
    _thought: Splitter = field(default_factory=Splitter)

    @classmethod
    def of(cls, message: Message, model: str) -> Turn:
        """The turn of a stored message; `model` is the name to show for what wrote it."""
        turn = cls("assistant" if message.role == "assistant" else "user", model=model)
        turn.unfolded_code = set()
        turn.load(message)
        return turn

    def load(self, message: Message) -> None:
        """Become exactly what is stored; blocks that were shown before and are the same keep their identity."""
        self.message, self.wrote, self.made = message.id, message.model, message.created
        self._set("_body", self.text, message.text)
        self._set("_thought", self.thinking, message.thinking)
        self.text, self.thinking = message.text, message.thinking
        self.line_ends = line_ends(self.text)
        self.attached = attached_to(message)
        self.ending = message.ending
        self.figures = message.figures
        if message.figures and message.figures.thinking_s:
            self.thinking_s = message.figures.thinking_s
        self.thought_end = message.figures.thought_end if message.figures else ""
        self.phase = "done"
        self._since = None

    @property
    def goes_on(self) -> bool:
        """Whether the answer broke off, with something there to go on from."""
        return self.phase == "done" and self.ending in BROKEN_OFF and bool(self.text or self.thinking)

    @property
    def live(self) -> bool:
        """Whether the answer is still on its way."""
        return self.phase != "done"

    def think(self, text: str, now: float | None = None) -> None:
        """A piece of thought."""
        now = time.monotonic() if now is None else now
        if self._since is None:
            self._since = now - self.thinking_s
        elif now - self._heard > ASLEEP_S:
            self._since += now - self._heard  # the computer slept: nobody thought meanwhile
        self._heard = now
        self.phase = "thinking"
        self.thinking += text
        self._thought.feed(text)

    def write(self, text: str, now: float | None = None) -> None:
        """A piece of the answer; the thought, if there was one, is over."""
        self._end_thought(now)
        self.more_asked = False
        self.phase = "writing"
        self.text += text
        self._body.feed(text)

    def end(self, message: Message | None, problem: Problem | None = None, now: float | None = None) -> None:
        """The answer is over; `message` is what was stored of it."""
        self._end_thought(now)
        self.phase, self.quiet, self.host = "done", None, ""
        self.problem = problem
        if message is not None:
            self.load(message)

    @property
    def ahead_of_thought(self) -> bool:
        """Whether it is to be made with a thought that has not begun."""
        return self.thinks and self.phase in ("waiting", "loading", "reading", "full", "summing")

    def steer(self, how: Literal["more", "now", "tokens", "seconds"]) -> None:
        """The thought goes on, or was closed, for another reason than the model's."""
        self.more_asked = False
        if how != "more":
            self.thought_end = how

    def resume(self) -> None:
        """The answer is to go on; all that there is of it stays."""
        self.phase = "waiting"
        self.hurried = self.more_asked = False
        self.fraction, self.seconds_left, self.looking = 0.0, None, False

    def go_on(self, thinking: str, text: str, now: float | None = None) -> None:
        """It goes on from this: what was there, perhaps without half a character at its end."""
        self._set("_body", self.text, text)
        self._set("_thought", self.thinking, thinking)
        self.text, self.thinking, self.problem = text, thinking, None
        if text:
            self.phase = "writing"
        else:
            self.think("", now)

    def blocks(self) -> list[Block]:
        """The answer as blocks; finished ones are the same objects as before. Of a long text, the first."""
        return self._body.blocks(SLICE)

    def all_blocks(self) -> list[Block]:
        """All of the answer as blocks, however long that takes; of one that nobody has seen they are not kept."""
        return self._body.blocks() if self._body.begun else blocks_of(self.text)

    def thought(self) -> list[Block]:
        """The thought as blocks, in the same way."""
        return self._thought.blocks(SLICE)

    def all_of_thought(self) -> list[Block]:
        """All of the thought as blocks, however long that takes; of one that nobody has seen they are not kept."""
        return self._thought.blocks() if self._thought.begun else blocks_of(self.thinking)

    @property
    def unread(self) -> int:
        """Characters of the answer that are not among its blocks yet."""
        return self._body.unread

    @property
    def unread_thought(self) -> int:
        """Characters of the thought that are not among its blocks yet."""
        return self._thought.unread

    def read_ahead(self, work: int) -> bool:
        """Read some of an answer that is about to be seen; whether there was something to read."""
        if self.role != "assistant" or (self._body.begun and not self._body.unread):
            return False
        if self._body.begun:
            self._body.read_on(work)
        else:
            self._body.blocks(work)
        return True

    def read_whole(self) -> None:
        """Read all of it, however long that takes: a place far down in it is to be seen."""
        self._body.blocks()
        if self.thought_open:
            self._thought.blocks()

    def forget_blocks(self) -> None:
        """Nobody sees it any more: the parser's work weighs many times the text, and is done again if it must be."""
        if not self.live and (self._body.begun or self._thought.begun):
            self._body, self._thought = Splitter(), Splitter()
            self._body.feed(self.text)
            self._thought.feed(self.thinking)

    def read_on(self) -> None:
        """Read some more of what was too long to be read at once."""
        self._body.read_on(SLICE)
        self._thought.read_on(SLICE)

    def with_thinking(self) -> str:
        """The answer as it was written, below its thought as a quote."""
        quoted = "\n".join(f"> {line}".rstrip() for line in self.thinking.strip().split("\n"))
        return f"{quoted}\n\n{self.text}"

    def thought_seconds(self, now: float | None = None) -> int:
        """How long it has been thinking, or thought in all, in whole seconds."""
        if self._since is not None:
            return max(0, int(min(time.monotonic() if now is None else now, self._heard + ASLEEP_S) - self._since))
        return max(1, round(self.thinking_s)) if self.thinking_s else 0

    def thought_title(self, now: float | None = None) -> str:
        """The words over the thought."""
        seconds = self.thought_seconds(now)
        if self.phase == "thinking":
            return tr("Thinking… {time}", time=amounts.seconds(seconds)) if seconds else tr("Thinking…")
        short = 0 < self.thinking_s < _SHORT_S
        time = amounts.took(self.thinking_s) if short else amounts.seconds(max(1, seconds))
        if self.thought_end == "seconds":
            return tr("Thought for {time}, your limit", time=time)
        if self.thought_end == "tokens":
            return tr("Thought for {time}, your limit of tokens", time=time)
        return tr("Thought for {time}", time=time) if seconds else tr("Thought")

    def status(self) -> str:
        """The line that says what is happening; empty when there is nothing to say."""
        state = self._state()
        if self.quiet is None or self.phase in ("waiting", "full", "done"):
            return state
        time = amounts.seconds(round(self.quiet.seconds))
        if self.quiet.paused:
            words = tr("Another program has paused the engine, {time} ago", time=time)
        else:
            words = tr("Nothing new for {time}: this takes longer than usual", time=time)
        return tr("{state}. {more}", state=state, more=words) if state else words

    def _state(self) -> str:
        match self.phase:
            case "waiting" if self.host:
                return tr("Waiting for {host}", host=self.host)
            case "waiting" if self.behind:
                return tr("Another program is answered first")
            case "waiting":
                return tr("Getting ready")
            case "loading" if self.looks:
                return tr("Checking the weights once {share}", share=percent(self.fraction))
            case "loading":
                return tr("Loading the model {share}", share=percent(self.fraction))
            case "reading":
                left = amounts.about(self.seconds_left)
                share = percent(self.fraction)
                words = tr("Looking at the picture {share}", share=share) if self.looking else ""
                words = words or tr("Reading your message {share}", share=share)
                return tr("{state}, {left}", state=words, left=left) if left else words
            case "full":
                return tr("This chat is full. It waits until you say what gives way.")
            case "summing":
                return tr("Summing up the oldest messages {share}", share=percent(self.fraction))
            case "thinking":
                return ""
            case "writing":
                return tr("Writing")
            case "done":
                return tr(_ENDINGS.get(self.ending, ""))

    def shown_text(self) -> tuple[str, int]:
        """What of a person's message is shown, and how many characters are not."""
        shown = self.text[:SHOWN_CHARACTERS]
        if not self.unfolded:
            lines = shown.split("\n", COLLAPSED_LINES)
            if len(lines) > COLLAPSED_LINES:
                shown = "\n".join(lines[:COLLAPSED_LINES])
            if len(shown) > COLLAPSED_CHARACTERS:
                cut = shown.rfind(" ", COLLAPSED_CHARACTERS // 2, COLLAPSED_CHARACTERS)
                shown = shown[: cut if cut > 0 else COLLAPSED_CHARACTERS]
        return shown, len(self.text) - len(shown)

    def _end_thought(self, now: float | None) -> None:
        if self._since is not None:
            now = time.monotonic() if now is None else now
            self.thinking_s = (self._heard if now - self._heard > ASLEEP_S else now) - self._since
            self._since = None

    def _set(self, name: Literal["_body", "_thought"], before: str, after: str) -> None:
        if before == after:
            return
        if not after.startswith(before):
            setattr(self, name, Splitter())
            before = ""
        splitter: Splitter = getattr(self, name)
        splitter.feed(after[len(before) :])


_ENDINGS: Final = {
    "stopped": mark("Stopped"),
    "unfinished": mark("Interrupted: Mistral Desk was closed before the answer was complete"),
    "length": mark("Stopped at the longest answer that is allowed"),
    "context": mark("Stopped: the model's context is full"),
}


def line_ends(text: str) -> tuple[int, int]:
    """A text's length and how many lines end in it, as far as its height is concerned."""
    return len(text), text.count("\n", 0, 20_000)


def percent(fraction: float) -> str:
    """A share as whole percent; never 100 before it is done."""
    return amounts.percent(min(0.99, fraction))


def speed(figures: Figures | None) -> str:
    """What an answer took, in one line for a tool tip; empty when nothing was measured."""
    if figures is None or not figures.generated_tokens:
        return ""
    parts = [trn("{n} token", "{n} tokens", figures.generated_tokens)]
    if figures.tokens_per_s:
        parts.append(amounts.speed(figures.tokens_per_s))
    if figures.first_token_s is not None:
        parts.append(tr("first after {time}", time=amounts.took(figures.first_token_s)))
    if figures.prompt_tokens:
        anew = figures.prompt_tokens - figures.cached_tokens + figures.again_tokens
        parts.append(trn("{n} token read anew", "{n} tokens read anew", anew))
        parts.append(trn("{n} token remembered", "{n} tokens remembered", figures.cached_tokens))
    return beside(*parts)


def spent(figures: Figures | None, cost: str = "") -> str:
    """What an answer of an endpoint took, by the server's own count; empty where it told nothing. No speed: that is the
    server's and the line's, and would be taken for this computer's.
    """
    if figures is None or not (figures.generated_tokens or figures.prompt_tokens):
        return ""
    parts = [trn("{n} token written", "{n} tokens written", figures.generated_tokens)]
    if figures.first_token_s is not None:
        parts.append(tr("first after {time}", time=amounts.took(figures.first_token_s)))
    if figures.prompt_tokens:
        parts.append(trn("{n} token sent", "{n} tokens sent", figures.prompt_tokens))
    if figures.cached_tokens:
        parts.append(trn("{n} of them remembered there", "{n} of them remembered there", figures.cached_tokens))
    parts.append(tr("as the endpoint counts"))
    if cost:
        parts.append(cost)
    return beside(*parts)
