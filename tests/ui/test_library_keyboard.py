"""A model's card goes from under the keyboard: that comes to nothing near it by which something ends or is deleted."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import msgspec
import pytest
from PySide6.QtCore import Qt

from mistral_desk.library.shelf_file import Installed, LibraryFile
from mistral_desk.ui.widgets.button import Button
from tests.ui.heard import settled
from tests.ui.keyboard import focused
from tests.ui.library_ground import library_shown
from tests.ui.test_heard_by_itself import download

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtWidgets import QApplication, QWidget

    from mistral_desk.ui.library.model_card import ModelCard
    from mistral_desk.ui.library.page import LibraryPage

TAB = Qt.FocusReason.TabFocusReason


@pytest.fixture
def library(qapp: QApplication) -> Iterator[LibraryPage]:
    with library_shown(qapp) as page:
        yield page


def one(name: str) -> Installed:
    """A model that can be chatted with, verified and deleted."""
    path = f"/models/{name}.gguf"
    return Installed(path, path, name, name, "/models", (LibraryFile(path, 10, "0" * 64, f"x/{name}"),))


def lost(name: str) -> Installed:
    """Its drive is not there: it can be taken off the list, and nothing else."""
    return msgspec.structs.replace(one(name), away=True, origin="own")


def card(page: LibraryPage, name: str) -> ModelCard:
    return next(card for card in page.cards if card.model.title == name)


def button(card: ModelCard, name: str) -> Button:
    return next(one for one in card.findChildren(Button) if one.accessibleName().startswith(name))


@contextlib.contextmanager
def visited(app: QApplication) -> Iterator[list[str]]:
    """Everything that the keyboard comes to, by name."""
    names: list[str] = []

    def moved(_old: QWidget | None, now: QWidget | None) -> None:
        if now is not None:
            names.append(now.accessibleName())

    app.focusChanged.connect(moved)
    try:
        yield names
    finally:
        app.focusChanged.disconnect(moved)


@pytest.mark.parametrize("there", ["b", "a"])
def test_a_neighbour_that_is_being_read_keeps_its_cancel_for_itself(
    qapp: QApplication, library: LibraryPage, there: str
) -> None:
    """Behind the card that goes, or before the last one."""
    gone, stays = ("a", "b") if there == "b" else ("b", "a")
    library.show_models((one("a"), one("b")), "")
    library.show_work(one(stays).id, 0.5, "half")
    button(card(library, gone), "Delete").setFocus(TAB)
    with visited(qapp) as names:
        library.show_models((one(stays),), "")
        settled()
    assert names == [f"Chat with it: {stays}"], "there at once, by no way round"
    assert focused() is card(library, stays).chat_button


def test_what_can_only_be_taken_off_the_list_is_passed_over(qapp: QApplication, library: LibraryPage) -> None:
    library.show_models((one("a"), one("b"), lost("c"), one("d")), "")
    for gone, rest, stop in (
        ("b", (one("a"), lost("c"), one("d")), "Chat with it: d"),
        ("d", (one("a"), lost("c")), "Chat with it: a"),
        ("a", (lost("c"),), "Add models…"),
        ("c", (), "Add models…"),
    ):
        card(library, gone).findChildren(Button)[-1].setFocus(TAB)
        with visited(qapp) as names:
            library.show_models(rest, "")
            settled()
        assert names == [stop], gone


def test_the_drive_goes_while_a_model_is_read(qapp: QApplication, library: LibraryPage) -> None:
    """Its card stays, without what had the keyboard."""
    library.show_models((one("a"), one("b")), "")
    library.show_work(one("a").id, 0.5, "half")
    library.show_work(one("b").id, 0.5, "half")
    button(card(library, "a"), "Cancel").setFocus(TAB)
    library.end_work(one("a").id)
    assert focused() is card(library, "a").chat_button, "it was read to its end"
    with visited(qapp) as names:
        library.show_models((lost("a"), one("b")), "")
        settled()
    assert names == ["Chat with it: b"]


def test_a_card_that_is_made_anew_keeps_the_keyboard_where_it_was(qapp: QApplication, library: LibraryPage) -> None:
    library.show_models((one("a"), one("b")), "")
    button(card(library, "a"), "Verify").setFocus(TAB)
    with visited(qapp) as names:
        library.show_models((msgspec.structs.replace(one("a"), used=1.0), one("b")), "")
        settled()
    assert names == ["Verify: a"]


def test_a_download_that_ends_hands_the_keyboard_on_at_once(qapp: QApplication, library: LibraryPage) -> None:
    rows = library.downloads
    rows.show_downloads([download("fetching", 10, title=name) for name in ("one", "two", "three")])
    rows.rows["two"].pause.setFocus(TAB)
    with visited(qapp) as names:
        rows.show_downloads([download("fetching", 10, title=name) for name in ("one", "three")])
        settled()
    assert names == ["Pause: three"]
