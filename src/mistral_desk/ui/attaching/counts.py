"""How many tokens attached texts take: one figure for a file, in the composer and in the message that was sent."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mistral_desk.chat.message import Part
    from mistral_desk.ui.tasks import Tasks

KEPT: Final = 1000
"""Files whose figures are remembered."""


class Counts(QObject):
    """Counted by the vocabulary of the model that is ready; `count` gives None where nobody can count.

    `changed` carries the key of a part that was counted, or nothing where another model counts otherwise.
    """

    changed = Signal(str)

    def __init__(self, tasks: Tasks, count: Callable[[Part], Awaitable[int | None]], parent: QObject) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._count = count
        self._known: OrderedDict[str, int] = OrderedDict()
        self._asked: set[str] = set()
        self._model = 0

    @staticmethod
    def key(part: Part) -> str:
        """What a part is known by."""
        return hashlib.blake2b(part.body.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()

    def known(self, part: Part, key: str) -> int | None:
        """The figure of a part by its key; None while it is counted (`changed` tells), and where nobody can."""
        found = self._known.get(key)
        if found is not None:
            self._known.move_to_end(key)
        elif key not in self._asked:
            self._asked.add(key)
            self._tasks.spawn(self._of(part, key), "count an attached text's tokens")
        return found

    async def of(self, part: Part) -> int | None:
        """The same, waited for."""
        return await self._of(part, self.key(part))

    async def _of(self, part: Part, key: str) -> int | None:
        model = self._model
        if key not in self._known:
            tokens = await self._count(part)
            if tokens is None or model != self._model:
                return None
            self._known[key] = tokens
            while len(self._known) > KEPT:
                self._known.popitem(last=False)
            self.changed.emit(key)
        return self._known[key]

    def forget(self) -> None:
        """Another model has another vocabulary."""
        self._model += 1
        self._known.clear()
        self._asked.clear()
        self.changed.emit("")
