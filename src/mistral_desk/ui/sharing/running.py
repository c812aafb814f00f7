"""Work that a sheet shows and that goes on when the sheet is closed; opened again, the sheet shows it again."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from PySide6.QtCore import QObject

from mistral_desk.ui.tasks import ended

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from mistral_desk.ui.widgets.sheet import Sheet

T = TypeVar("T")
S = TypeVar("S", bound="Sheet")


class Running(QObject, Generic[S]):
    """At most one piece of work at a time, and the sheet that is open for it."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.sheet: S | None = None
        self._task: asyncio.Task[Any] | None = None

    @property
    def busy(self) -> bool:
        """Whether something is being done."""
        return self._task is not None

    def show(self, sheet: S) -> None:
        """This sheet shows it until it is closed."""
        self.sheet = sheet
        sheet.finished.connect(lambda _result: self._closed(sheet))

    def stop(self) -> None:
        """End the work."""
        if self._task is not None:
            self._task.cancel()

    async def ended(self, work: Coroutine[object, object, T]) -> T | None:
        """The work's result; None where it was called off. It ends with the window."""
        task = self._task = asyncio.get_running_loop().create_task(work, name="chats out or in")
        try:
            await ended(task)
        finally:
            self._task = None
        return None if task.cancelled() else task.result()

    def _closed(self, sheet: S) -> None:
        if self.sheet is sheet:
            self.sheet = None
