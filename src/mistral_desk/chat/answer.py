"""An answer while it grows: what it holds so far, and how it gets to the disk without ever holding up the stream."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

import msgspec

from mistral_desk.chat.message import Ending, Message, Part
from mistral_desk.chat.parts import attached_to
from mistral_desk.chat.rows import AnswerState
from mistral_desk.core.errors import DeskError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mistral_desk.chat.history import History
    from mistral_desk.inference.protocol import Figures, Piece, PieceKind

log = logging.getLogger(__name__)

SAVE_EVERY_S: Final = 0.5
"""Seconds from the first unsaved piece to its save. With the commit itself the disk is less than 1 s behind."""


class GrowingAnswer:
    """The pieces of one answer in the order in which they came.

    One that goes on (`begun`) is what it was until something new has come.
    """

    def __init__(self, begun: Message | None = None) -> None:
        self.vocabulary = ""
        self.model: str | None = None
        """Who wrote it; None: as the message says."""
        self._kept = begun
        self._figures = begun.figures if begun else None
        self._drawn = attached_to(begun) if begun else ()
        self._parts: list[tuple[PieceKind, list[str]]] = []
        self._tokens: list[int] = []

    @property
    def grown(self) -> bool:
        """Whether something new has come."""
        return self._kept is None and bool(self._parts or self._tokens)

    def resume(self, pieces: Sequence[Piece]) -> None:
        """Go on from these."""
        kept, self._kept = self._kept, None
        for piece in pieces:
            self.add(piece)
        self._kept = kept

    def add(self, piece: Piece) -> None:
        """Take one piece; its token ids count even where its text is empty (a marker, half a character)."""
        self._kept = None
        self._tokens += piece.tokens
        if not piece.text:
            return
        if not self._parts or self._parts[-1][0] != piece.kind:
            self._parts.append((piece.kind, []))
        self._parts[-1][1].append(piece.text)

    def state(self, ending: Ending = "unfinished", figures: Figures | None = None) -> AnswerState:
        """What there is now, as a copy that does not grow."""
        if (kept := self._kept) is not None:
            return AnswerState(kept.parts, kept.tokens, kept.vocabulary, ending, figures or kept.figures)
        parts = []
        for kind, pieces in self._parts:
            pieces[:] = ["".join(pieces)]
            parts.append(Part(kind, pieces[0]))
        parts += self._drawn
        tokens = tuple(self._tokens)
        return AnswerState(parts, tokens, self.vocabulary, ending, figures or self._figures, self.model)


class Saver:
    """Keeps the stored answer close behind the growing one. A save that fails is tried again with the next one."""

    def __init__(
        self, history: History, message: Message, answer: GrowingAnswer, gone: Callable[[], None] = lambda: None
    ) -> None:
        """`gone` hears that the message was deleted for good meanwhile: nobody will read the rest."""
        self._gone = gone
        self._history = history
        self._message = message
        self._answer = answer
        self._timer: asyncio.TimerHandle | None = None
        self._saving: asyncio.Task[None] | None = None
        self._behind = False
        self._finishing = False

    def changed(self) -> None:
        """Something was added: have it on the disk within `SAVE_EVERY_S` and one commit. Returns at once."""
        if self._finishing:
            return  # a save that ends now must not begin another one behind the last
        if self._saving is not None:
            self._behind = True
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(SAVE_EVERY_S, self._begin)

    async def finish(self, ending: Ending, figures: Figures | None) -> tuple[Message, Problem | None]:
        """Save the whole answer and its end. If that fails, the message is as it would be stored, with the reason."""
        self._finishing = True
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if self._saving:
            await asyncio.wait({self._saving})
        state = self._answer.state(ending, figures)
        try:
            return await self._history.finish_answer(self._message.id, state), None
        except DeskError as error:
            unsaved = msgspec.structs.replace(
                self._message,
                parts=tuple(state.parts),
                ending=ending,
                figures=state.figures,
                tokens=tuple(state.tokens),
                vocabulary=state.vocabulary,
                model=self._message.model if state.model is None else state.model,
            )
            return unsaved, error.problem

    def _begin(self) -> None:
        self._timer = None
        self._behind = False
        self._saving = asyncio.get_running_loop().create_task(self._save(self._answer.state()))

    async def _save(self, state: AnswerState) -> None:
        try:
            await self._history.save_answer(self._message.id, state)
        except DeskError as error:
            if error.problem.id == "history.missing":
                self._gone()
                return
            log.warning("an unfinished answer could not be saved yet: %s", error)
            self._behind = True
        finally:
            self._saving = None
            if self._behind:
                self._behind = False
                self.changed()
