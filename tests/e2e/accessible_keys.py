"""What is reached by keys alone, as somebody with a screen reader does: menus, the palette, a sheet, and Tab's way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.e2e.accessible_person import BACK_TAB, DOWN, ESCAPE, RETURN, TAB

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.e2e.accessible_person import Person
    from tests.fixtures.atspi import Thing

DOTS: Final = "What can be done with this chat"
PALETTE: Final = "Type a command or a chat's title"
SHEET: Final = "Keyboard shortcuts"
MOST: Final = 80
"""More than anything on the chat's page: a way that is longer goes round in a part of it."""


def menus(person: Person, look_over: Callable[[str, Sequence[Thing] | None], None]) -> None:
    """The menu of the chat: closed again, a line pressed by its name, another one chosen by keys."""
    person.reader.focus(person.find("text", "Message").ref)
    person.listen()
    person.press(DOTS)
    menu = person.menu()
    look_over("menu", person.reader.tree(menu))
    first = person.came_to()
    assert (first.role, first.name) == ("menu item", "Rename"), f"the keyboard is at {first}"
    back = person.go(ESCAPE)
    assert str(back) == "text 'Message'", f"the keyboard went from the menu to {back}"
    _open_menu(person)
    pin = next(one for one in person.reader.tree(person.menu()) if one.name == "Pin")
    person.reader.do(pin.ref, "Press")
    person.find("list item", "Pinned")
    person.until(lambda: person.reader.look(pin.ref) is None, "the menu stays open")
    _open_menu(person)
    assert person.go(DOWN).name == "Unpin"
    person.reader.key(RETURN)
    person.gone("list item", "Pinned")


def _open_menu(person: Person) -> None:
    person.listen()
    person.press(DOTS)
    person.menu()


def palette(person: Person, look_over: Callable[[str, Sequence[Thing] | None], None]) -> list[str]:
    """Ctrl+K, some letters, Enter: what was chosen is told, and the sheet of shortcuts opens. What it says."""
    person.reader.with_control(ord("k"))
    person.find("dialog", "Commands and chats")
    look_over("palette", None)
    person.listen()
    person.write(PALETTE, "keyboard")
    person.hear(SHEET)
    person.reader.key(RETURN)
    sheet = person.find("dialog", SHEET)
    look_over("shortcuts", None)
    said = [one.name for one in person.things(sheet.ref) if one.role == "panel"]
    back = person.go(ESCAPE)
    person.gone("dialog", SHEET)
    assert str(back) == "text 'Message'", f"the keyboard went from the sheet to {back}"
    return said


def there_and_back(person: Person) -> tuple[list[str], list[str]]:
    """From the field round the page with Tab, then with Shift+Tab: what the keyboard came to."""
    start = person.find("text", "Message")
    person.reader.focus(start.ref)
    person.until(lambda: "focused" in person.find("text", "Message").states, "the field has no keyboard")
    return _round(person, start, TAB), _round(person, start, BACK_TAB)


def _round(person: Person, start: Thing, key: int) -> list[str]:
    came: list[str] = []
    for _ in range(MOST):
        here = person.go(key)
        if here.ref == start.ref:
            return came
        came.append(str(here))
    raise AssertionError(f"it does not come back: {came}")
