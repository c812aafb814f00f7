"""One turn of the conversation as the transcript knows it: its text as blocks, and what is happening to it now.

Plain data without Qt. A turn is told what happens (`think`, `write`, `end`) and says in words where it stands.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from mistral_desk.ui.chat.markdown import Block, Splitter

if TYPE_CHECKING:
    from mistral_desk.chat.message import Message
    from mistral_desk.core.errors import Problem
    from mistral_desk.inference.protocol import Figures

Phase = Literal["waiting", "loading", "reading", "thinking", "writing", "done"]

COLLAPSED_CHARACTERS: Final = 1_600
COLLAPSED_LINES: Final = 14
"""A person's message above this is folded, with a button that shows the rest."""
SHOWN_CHARACTERS: Final = 100_000
"""What is shown of one message at most, unfolded; copying takes all of it."""


@dataclass(eq=False)
class Turn:
    """A person's message or an answer. `message` is its id in the history, None until it has one."""

    role: Literal["user", "assistant"]
    text: str = ""
    message: int | None = None
    model: str = ""
    phase: Phase = "done"
    fraction: float = 0.0
    seconds_left: float | None = None
    thinking: str = ""
    thinking_s: float = 0.0
    ending: str = ""
    figures: Figures | None = None
    problem: Problem | None = None
    unfolded: bool = False
    thought_open: bool = False
    _since: float | None = None
    _body: Splitter = field(default_factory=Splitter)
    _thought: Splitter = field(default_factory=Splitter)

    @classmethod
    def of(cls, message: Message, model: str) -> Turn:
        """The turn of a stored message; `model` is the name to show for what wrote it."""
        turn = cls("assistant" if message.role == "assistant" else "user", model=model)
        turn.load(message)
        return turn

    def load(self, message: Message) -> None:
        """Become exactly what is stored; blocks that were shown before and are the same keep their identity."""
        self.message = message.id
        self._set("_body", self.text, message.text)
        self._set("_thought", self.thinking, message.thinking)
        self.text, self.thinking = message.text, message.thinking
        self.ending = message.ending
        self.figures = message.figures
        if message.figures and message.figures.thinking_s:
            self.thinking_s = message.figures.thinking_s
        self.phase = "done"
        self._since = None

    @property
    def live(self) -> bool:
        """Whether the answer is still on its way."""
        return self.phase != "done"

    def think(self, text: str, now: float | None = None) -> None:
        """A piece of thought."""
        if self._since is None:
            self._since = time.monotonic() if now is None else now
        self.phase = "thinking"
        self.thinking += text
        self._thought.feed(text)

    def write(self, text: str, now: float | None = None) -> None:
        """A piece of the answer; the thought, if there was one, is over."""
        self._end_thought(now)
        self.phase = "writing"
        self.text += text
        self._body.feed(text)

    def end(self, message: Message | None, problem: Problem | None = None, now: float | None = None) -> None:
        """The answer is over; `message` is what was stored of it."""
        self._end_thought(now)
        self.phase = "done"
        self.problem = problem
        if message is not None:
            self.load(message)

    def blocks(self) -> list[Block]:
        """The answer as blocks; finished ones are the same objects as before."""
        return self._body.blocks()

    def thought(self) -> list[Block]:
        """The thought as blocks."""
        return self._thought.blocks()

    def thought_seconds(self, now: float | None = None) -> int:
        """How long it has been thinking, or thought in all, in whole seconds."""
        if self._since is not None:
            return max(0, int((time.monotonic() if now is None else now) - self._since))
        return max(1, round(self.thinking_s)) if self.thinking_s else 0

    def thought_title(self, now: float | None = None) -> str:
        """The words over the thought."""
        seconds = self.thought_seconds(now)
        if self.phase == "thinking":
            return f"Thinking… {seconds} s" if seconds else "Thinking…"
        return f"Thought for {max(1, seconds)} s" if seconds else "Thought"

    def status(self) -> str:
        """The line that says what is happening; empty when there is nothing to say."""
        match self.phase:
            case "waiting":
                return "Getting ready"
            case "loading":
                return f"Loading the model {percent(self.fraction)}"
            case "reading":
                left = about(self.seconds_left)
                return f"Reading your message {percent(self.fraction)}" + (f", {left}" if left else "")
            case "thinking":
                return ""
            case "writing":
                return "Writing"
            case "done":
                return _ENDINGS.get(self.ending, "")

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
            self.thinking_s = (time.monotonic() if now is None else now) - self._since
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
    "stopped": "Stopped",
    "unfinished": "Interrupted: Mistral Desk was closed before the answer was complete",
    "length": "Stopped at the longest answer that is allowed",
    "context": "Stopped: the model's context is full",
}


def percent(fraction: float) -> str:
    """A share as whole percent; never 100 before it is done."""
    return f"{min(99, math.floor(max(0.0, fraction) * 100))} %"


def about(seconds: float | None) -> str:
    """A rough time: *about 20 s*, *about 3 min*; empty when unknown or hardly worth saying."""
    if seconds is None or seconds < 1.5:
        return ""
    if seconds < 10:
        return f"about {round(seconds)} s"
    if seconds < 90:
        return f"about {5 * round(seconds / 5)} s"
    return f"about {round(seconds / 60)} min"


def speed(figures: Figures | None) -> str:
    """What an answer took, in one line for a tool tip; empty when nothing was measured."""
    if figures is None or not figures.generated_tokens:
        return ""
    parts = [f"{figures.generated_tokens:,} tokens".replace(",", " ")]
    if figures.tokens_per_s:
        parts.append(
            f"{figures.tokens_per_s:.1f} tokens/s"
            if figures.tokens_per_s < 20
            else f"{figures.tokens_per_s:.0f} tokens/s"
        )
    if figures.first_token_s is not None:
        parts.append(f"first after {figures.first_token_s:.1f} s")
    if figures.prompt_tokens:
        parts.append(
            f"{figures.prompt_tokens - figures.cached_tokens} tokens read anew, {figures.cached_tokens} remembered"
        )
    return " · ".join(parts)
