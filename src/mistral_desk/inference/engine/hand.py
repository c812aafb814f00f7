"""The hand that writes an answer down: pieces on their way to the app, and what is written in the model's place.

*Answer now* and a budget close a thought for the model; *Think more* takes its close back and lets the thought go on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mistral_desk.inference.protocol import Piece
from mistral_desk.inference.thought_messages import Steered

if TYPE_CHECKING:
    from collections.abc import Callable

    from mistral_desk.inference.engine.generate import Generator
    from mistral_desk.inference.engine.sample import Sampler
    from mistral_desk.inference.protocol import Event
    from mistral_desk.inference.steering import Steering
    from mistral_desk.inference.thinking import Part, Splitter
    from mistral_desk.inference.thought_messages import ThoughtEnd

_PATIENCE: Final = 8
"""Tokens that a character, or a channel's name, may take to become whole before a thought is closed in its middle."""


class NoRoomError(Exception):
    """The context has no room for what is to be written."""


class Hand:
    """Writes one answer. `step` decodes a token; `count` are the tokens that were told."""

    def __init__(
        self, engine: Generator, splitter: Splitter, steering: Steering, sampler: Sampler, request: int
    ) -> None:
        self._engine, self._splitter, self._steering, self._sampler = engine, splitter, steering, sampler
        self._request = request
        self._manner = engine.form.manner
        self._held: list[tuple[Part, int]] = []
        self._waited = 0
        self.step = engine.context.stepper()
        self.count = 0

    def bind(self, send: Callable[[Event], None]) -> Callable[[Part, int], None]:
        """Where pieces go; returns what tells a token that was written, with what it shows."""
        self._send = send
        splitter, request = self._splitter, self._request

        def tell(part: Part, token: int) -> None:
            self.count += 1
            send(Piece(request, part.kind, part.text, (token,)))

        def tell_by_text(part: Part, token: int) -> None:
            """A marker that is text is told when it is whole, because it may be taken back before."""
            self.count += 1
            self._held.append((part, token))
            if not (splitter.thinking and splitter.held):
                self.flush()

        self._tell = tell_by_text if self._manner.by_text else tell
        return self._tell

    def flush(self) -> None:
        """Tell what was held back."""
        held, self._held = self._held, []
        for part, token in held:
            self._send(Piece(self._request, part.kind, part.text, (token,)))

    def write(self, text: str, *, special: bool = True) -> None:
        """Write this as if the model had; `special` reads markers in it. Raises `NoRoomError`."""
        engine = self._engine
        tokens = engine.vocabulary.tokenize(text, special=special)
        if len(engine.context.held) + len(tokens) >= engine.context.size:
            raise NoRoomError
        for token in tokens:
            part = self._splitter.feed(token)
            if self._splitter.thinking and not self._splitter.between:
                self._steering.thought(part.text)
            self._tell(part, token)
            self._sampler.accept(token)
            self.step(token)

    def may_close(self) -> bool:
        """Whether the thought can be closed here: not in the middle of a character, nor of a channel's name."""
        if (self._splitter.half or self._splitter.between) and self._waited < _PATIENCE:
            self._waited += 1
            return False
        return True

    def close(self, how: ThoughtEnd) -> None:
        """Close the thought. Raises `NoRoomError`."""
        begun = self._splitter.held
        self.flush()
        self._waited = 0
        if how:
            self._send(Steered(self._request, how))
        closing = self._manner.closing
        at = closing.find(self._manner.close)
        self.write(closing[at + len(begun) :] if begun and at >= 0 else closing)

    def answer(self) -> None:
        """Begin the answer where a channel's header stands that leads to none. Raises `NoRoomError`."""
        self.write(self._manner.answering or self._manner.closing)

    def go_on(self, token: int | None = None) -> None:
        """Let the thought go on with a cue; `token`, which would have closed it, is not written. Raises as `write`."""
        text = self._taken_back(token) if token is not None and self._manner.by_text else ""
        self._send(Steered(self._request, "more"))
        self.write(text + self._steering.cue, special=False)

    def _taken_back(self, token: int) -> str:
        """Take back what there is of a marker that is text; returns what stood before it in the same tokens."""
        context, splitter, marker = self._engine.context, self._splitter, self._manner.close
        shown = splitter.held + self._engine.vocabulary.shown(token).decode("utf-8", "replace")
        text = "".join(part.text for part, _ in self._held) + shown[: max(shown.find(marker), 0)]
        count = len(self._held)
        self._held.clear()
        self.count -= count
        self._steering.tokens -= count
        splitter.drop_held()
        if count:
            kept = list(context.held[:-count])
            context.read(kept[context.reuse(kept) :])
            self.step = context.stepper()
        return text
