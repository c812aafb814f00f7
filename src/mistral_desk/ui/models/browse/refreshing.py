"""A refresh of the catalog where it is asked for: the button, which also takes it back, and how far it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QElapsedTimer, QRectF, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QApplication, QWidget

from mistral_desk.core.words import mark, tr
from mistral_desk.ui.widgets.button import Button, explain

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from mistral_desk.ui.models.browse.source import Source
    from mistral_desk.ui.theme.theme import Theme

OFFLINE_REASON: Final = mark("“Work offline” is switched on in Settings, Privacy.")
_LINE: Final = 2


class RefreshButton(Button):
    """Says `words`, and *Cancel* while a refresh runs; where nothing may be fetched it says why."""

    refresh = Signal()
    cancel = Signal()

    def __init__(self, theme: Theme, words: str, parent: QWidget, *, small: bool = False) -> None:
        super().__init__(
            theme, words, icon="retry", text=words, kind="outline", step="small" if small else "body", small=small,
            muted=small, parent=parent,
        )  # fmt: skip
        self._words = words
        self._refreshing = False
        self._begun = QElapsedTimer()
        self.clicked.connect(self._press)

    def show_source(self, source: Source) -> None:
        """What a press does now."""
        refreshing = source.progress is not None
        if refreshing and not self._refreshing:
            self._begun.start()
        self._refreshing = refreshing
        words = tr("Cancel") if refreshing else self._words
        self.set_label(tr("Cancel the refresh") if refreshing else words, words)
        self.set_icon("close" if refreshing else "retry")
        self.setToolTip("")
        explain(self, tr(OFFLINE_REASON) if source.offline and not refreshing else "")

    def _press(self) -> None:
        """The second click of a double one does not take back what the first has begun."""
        if not self._refreshing:
            self.refresh.emit()
        elif self._begun.elapsed() >= QApplication.doubleClickInterval():
            self.cancel.emit()


class Progressing(QWidget):
    """A thin line that says how far a refresh is; its room is always there, so that nothing moves."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._share: float | None = None
        self.setFixedHeight(_LINE)
        theme.changed.connect(self.update)

    def show_share(self, source: Source) -> None:
        """How far it is; nothing while nothing is fetched."""
        found = source.progress
        self._share = None if found is None else min(1.0, found.done / found.total) if found.total else 0.0
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """A track, and the part that is done."""
        if self._share is None:
            return
        painter = QPainter(self)
        track = QRectF(self.rect())
        painter.fillRect(track, self._theme.colour("hairline"))
        done = QRectF(track)
        done.setWidth(track.width() * self._share)
        if self.isRightToLeft():
            done.moveRight(track.right())
        painter.fillRect(done, self._theme.colour("accent"))
        painter.end()
