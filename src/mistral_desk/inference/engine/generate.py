"""The door to a loaded model: what the worker asks of it, one thing at a time.

Runs on the one inference thread. The main thread drives it through a `Control` while it works.
"""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from mistral_desk.core.errors import DeskError
from mistral_desk.inference.engine.answer import Answer
from mistral_desk.inference.engine.context import CUTS, AbortedError
from mistral_desk.inference.engine.looking import count
from mistral_desk.inference.engine.native import lib
from mistral_desk.inference.state_messages import StatesKept

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mistral_desk.inference.chat_format import ChatFormat
    from mistral_desk.inference.engine.context import Context
    from mistral_desk.inference.engine.state_moves import StateMoves
    from mistral_desk.inference.engine.vocabulary import Vocabulary
    from mistral_desk.inference.picture_store import PictureStore
    from mistral_desk.inference.prompt import Prompter
    from mistral_desk.inference.protocol import Count, Counted, Event, Finished, Generate, ModelInfo
    from mistral_desk.inference.state_messages import ForgetStates, KeepStates

GRACE_S: Final = 0.1
"""How long a computation may go on after Stop where aborting it would lose the memory's state."""


class Control:
    """What the main thread wants of one request. Safe from any thread."""

    def __init__(self) -> None:
        self.stopped = False
        self.answer_now = False
        self.think_more = False


@dataclass
class Generator:
    """A loaded model with its context: everything that answering takes. `close` frees it.

    `pictures` are the pixels that the app sent.
    """

    model: int
    context: Context
    vocabulary: Vocabulary
    prompter: Prompter
    form: ChatFormat
    info: ModelInfo
    metadata: Mapping[str, object]
    pictures: PictureStore
    states: StateMoves | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _running: Control | None = None

    def close(self) -> None:
        """Free the context and the model."""
        self.context.close()
        if self.context.eyes:
            self.context.eyes.close()
        lib.llama_model_free(self.model)

    def stop(self, control: Control) -> None:
        """Stop a request: at once where that is harmless, else when what is being computed now takes too long."""
        control.stopped = True
        self.pictures.wake()
        if self.context.kind in CUTS:
            self._abort(control)
            return
        timer = threading.Timer(GRACE_S, self._abort, (control,))
        timer.daemon = True
        timer.start()

    def _abort(self, control: Control) -> None:
        with self._lock:
            if self._running is control:
                self.context.abort.set()

    def warm(self, control: Control) -> None:
        """Decode a token and forget it, so that the first answer does not wait for what is made at first use. Raises
        `engine.failed`, and `load.cancelled` where it is stopped.
        """
        try:
            with self._running_for(control):
                if not control.stopped:
                    self.context.read([self.vocabulary.begin or 0])
        except AbortedError:
            pass
        finally:
            self.context.clear()
        if control.stopped:
            raise DeskError("load.cancelled", name=self.info.name)

    def count(self, command: Count, control: Control, send: Callable[[Event], None]) -> Counted:
        """How large a prompt would be. Raises `DeskError`."""
        return count(self, command, control, send)

    def keep(self, order: KeepStates, control: Control) -> StatesKept:
        """Give the app what it may keep on the disk."""
        if self.states:
            self.states.keep(self.context, order, lambda: control.stopped)
        return StatesKept(order.request)

    def forget(self, order: ForgetStates) -> StatesKept:
        """Drop what was read for somebody."""
        self.context.forget(order.owners)
        self.pictures.keep(self.context.eyes.met if self.context.eyes else ())
        return StatesKept(order.request)

    def answer(self, command: Generate, control: Control, send: Callable[[Event], None]) -> Finished:
        """Answer `command`, sending events on the way; returns the last one. Raises `DeskError`."""
        with self._running_for(control):
            return Answer(self, command, control, send).run()

    @contextlib.contextmanager
    def _running_for(self, control: Control) -> Iterator[None]:
        """What is computed meanwhile is what `stop` with this control aborts."""
        with self._lock:
            self._running = control
            self.context.abort.clear()
        try:
            yield
        finally:
            with self._lock:
                self._running = None
                self.context.abort.clear()
