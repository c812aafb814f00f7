"""How a page was left that is built anew for the same model: its place, what had the keyboard, what was unfolded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from mistral_desk.ui.fit.fold import Fold

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mistral_desk.ui.widgets.column import ColumnArea


@dataclass(frozen=True)
class Left:
    """`keyboard` names the widget by its kind, its accessible name and the how-many-eth of these it was."""

    scroll: int
    keyboard: tuple[type[QWidget], str, int] | None
    unfolded: frozenset[str]

    @classmethod
    def of(cls, area: ColumnArea, body: QWidget) -> Left:
        """As it is now."""
        focus: QWidget | None = body.window().focusWidget()
        keyboard = None
        if focus is not None and body.isAncestorOf(focus):
            alike = _alike(body, type(focus), focus.accessibleName())
            keyboard = type(focus), focus.accessibleName(), alike.index(focus)
        unfolded = frozenset(fold.button.accessibleName() for fold in body.findChildren(Fold) if fold.is_open)
        return cls(area.verticalScrollBar().value(), keyboard, unfolded)

    @property
    def at_the_top(self) -> bool:
        """Whether nobody has touched it yet."""
        return not self.scroll and self.keyboard is None and not self.unfolded

    def restore(self, body: QWidget, *, otherwise: QWidget | None) -> None:
        """Unfolded and with the keyboard as before; where its widget is no more, it goes to `otherwise`."""
        while more := [
            fold
            for fold in body.findChildren(Fold)
            if not fold.is_open and fold.button.accessibleName() in self.unfolded
        ]:  # one that is opened may hold others
            for fold in more:
                fold.set_open(open_=True)
        if self.keyboard is not None:
            kind, name, number = self.keyboard
            alike = _alike(body, kind, name)
            target = alike[min(number, len(alike) - 1)] if alike else otherwise
            if target is not None:
                target.setFocus(Qt.FocusReason.OtherFocusReason)


def _alike(body: QWidget, kind: type[QWidget], name: str) -> Sequence[QWidget]:
    return [one for one in body.findChildren(QWidget) if type(one) is kind and one.accessibleName() == name]
