"""Who has the window read out hears it in the order in which it stands: assistive technology is given the stack's."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

import pytest
from PySide6.QtWidgets import QGridLayout, QWidget

from mistral_desk.ui.chat.blocks import Stack
from mistral_desk.ui.chat.inlines import Style
from mistral_desk.ui.chat.markdown import blocks_of
from mistral_desk.ui.theme.theme import Theme
from mistral_desk.ui.widgets.banners import Banners
from tests.ui.test_controls_walk import described, staged
from tools.gallery.checks import spoken_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtWidgets import QApplication

    from tools.gallery.stage import Stage

TEXT: Final = "\n\n".join(f"Paragraph {number}.\n\n```python\nx = {number}\n```" for number in range(12))


def says(widget: QWidget) -> bool:
    """Whether something is heard of it."""
    return widget.isVisible() and any(spoken_name(one).strip() for one in (widget, *widget.findChildren(QWidget)))


def turned_round(ground: QWidget) -> Iterator[str]:
    """What is read out before something that stands wholly above it, not beside it."""
    for around in (ground, *ground.findChildren(QWidget)):
        if isinstance(around, Banners) or isinstance(around.layout(), QGridLayout) or not around.isVisible():
            continue  # the newest notice is told when it comes; a grid is read cell by cell
        inside = [one for one in around.children() if isinstance(one, QWidget) and not one.isWindow() and says(one)]
        for before, after in pairwise(inside):
            one, other = before.geometry(), after.geometry()
            beside = one.right() < other.left() or other.right() < one.left()
            if other.bottom() < one.top() and not beside:
                yield f"{described(before)} before {described(after)} in {type(around).__name__}"


@pytest.mark.parametrize(
    "name",
    [
        "first-start", "full-answer", "long-chat", "endpoint-answer", "temporary", "temporary-left", "editing",
        "enlarged", "link", "library", "bin", "fit-advanced", "context-working", "chat-settings", "settings-about",
        "settings-computers", "settings-endpoint-tested",
    ],
)  # fmt: skip
def test_it_is_read_out_as_it_stands(name: str, qapp: QApplication) -> None:
    async def look_at(stage: Stage) -> None:
        assert list(turned_round(stage.desk.window.overlay or stage.shown)) == []

    staged(qapp, name, look_at)


def test_pieces_of_an_answer_that_are_made_later_are_read_in_their_places(qapp: QApplication) -> None:
    """Those in the middle of what is seen are made first, and others when somebody comes to see them."""
    holder = QWidget()
    stack = Stack(Style(Theme(qapp, "light", 100), "lead"), "Answer", holder)
    stack.set_blocks(blocks_of(TEXT))
    stack.resize(600, stack.arrange(600, (400, 700)))
    some = stack.live
    stack.arrange(600, (200, 900))
    stack.arrange(600, None)
    assert some < stack.live == len(blocks_of(TEXT))
    made = [one for one in stack.children() if isinstance(one, QWidget)]
    assert [one.y() for one in made] == sorted(one.y() for one in made)
    holder.deleteLater()
