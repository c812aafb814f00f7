"""A person who sees nothing of the window: finds things by role and name, does what they offer, and listens.

Keys are pressed only where a person with a screen reader would press them: in lists, and to go through the window.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from tests.fixtures.atspi import END_OF_WORLD_S

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fixtures.atspi import Box, Heard, Reader, Ref, Thing

T = TypeVar("T")
DOWN, RETURN, ESCAPE, TAB, BACK_TAB, DELETE = 0xFF54, 0xFF0D, 0xFF1B, 0xFF09, 0xFE20, 0xFFFF
"""X11's symbols of keys."""
FOCUSED = ("object:StateChanged", "focused", 1)
"""Kind, detail and value of the event that something has the keyboard now."""


class Person:
    """Uses one program. What is looked for and does not come fails with what is there instead."""

    def __init__(self, reader: Reader, program: Ref) -> None:
        self.reader, self.program = reader, program
        self._from = 0

    # --- finding ------------------------------------------------------------------------------------------------

    def things(self, below: Ref | None = None) -> list[Thing]:
        """All that is on the screen."""
        return self.reader.tree(below or self.program)

    def look(self, role: str, name: str, below: Ref | None = None) -> Thing | None:
        """The thing of this role whose name is, else begins with, `name`; None while it is not there."""
        found = [one for one in self.things(below) if one.role == role and one.name.startswith(name)]
        return next((one for one in found if one.name == name), found[0] if found else None)

    def find(self, role: str, name: str, below: Ref | None = None, *, limit_s: float = END_OF_WORLD_S) -> Thing:
        """The same, waited for."""
        return self.until(lambda: self.look(role, name, below), f"no {role} {name!r}", limit_s)

    def gone(self, role: str, name: str) -> None:
        """Wait until it is not there any more."""
        self.until(lambda: self.look(role, name) is None, f"{role} {name!r} is still there")

    def until(self, look: Callable[[], T | None], what: str, limit_s: float = END_OF_WORLD_S) -> T:
        """What `look` gives, as soon as it gives something."""
        try:
            return self.reader.until(look, what, limit_s)  # type: ignore[no-any-return]
        except AssertionError as error:
            there = "\n".join("  " * one.depth + str(one) for one in self.things())
            raise AssertionError(f"{error}; there is:\n{there}") from None

    # --- doing --------------------------------------------------------------------------------------------------

    def press(self, name: str, role: str = "push button", below: Ref | None = None) -> Thing:
        """Do the first of what it offers as soon as it can be done, as a screen reader does."""

        def able() -> Thing | None:
            found = self.look(role, name, below)
            return found if found is not None and "enabled" in found.states else None

        thing = self.until(able, f"no {role} {name!r} that can be pressed")
        self.reader.do(thing.ref, self.reader.actions(thing.ref)[0])
        return thing

    def write(self, name: str, text: str, role: str = "text") -> None:
        """Put a text into a field, and see that it is there."""
        field = self.find(role, name)
        self.reader.write(field.ref, text)
        self.until(lambda: self.reader.text(field.ref) == text, f"{name!r} does not hold {text!r}")

    def turn(self, role: str, name: str, value: float) -> None:
        """Have a number be another, and see that it is."""
        number = self.find(role, name)
        self.reader.set_value(number.ref, value)
        self.until(lambda: self.reader.value(number.ref)[1] == value, f"{name!r} is not {value}")

    def go(self, symbol: int) -> Thing:
        """Press a key that leads elsewhere; what the keyboard came to."""
        before = len(self.reader.heard)
        self.reader.key(symbol)
        return self.came_to(before)

    def came_to(self, before: int | None = None) -> Thing:
        """What got the keyboard last, since so many events or since `listen`."""
        begin = self._from if before is None else before

        def last() -> Thing | None:
            heard = [one.ref for one in self.reader.heard[begin:] if (one.kind, one.detail, one.first) == FOCUSED]
            return self.reader.look(heard[-1]) if heard else None

        self.until(last, "the keyboard goes nowhere")
        return self.until(last, "the keyboard is at nothing")  # an answer later: all that this key did is told

    def menu(self) -> Ref:
        """The menu that opened since `listen`: Qt hangs it nowhere, and tells of it."""

        def look() -> Ref | None:
            shown = [one for one in self.events("object:StateChanged") if (one.detail, one.first) == ("showing", 1)]
            told = (self.reader.look(one.ref) for one in reversed(shown))
            return next((one.ref for one in told if one is not None and one.role == "popup menu"), None)

        return self.until(look, "no menu opens")

    def box(self, role: str, name: str) -> Box:
        """Where a thing is."""
        thing = self.find(role, name)
        return self.reader.boxes([thing.ref])[thing.ref]

    # --- listening ----------------------------------------------------------------------------------------------

    def listen(self) -> None:
        """What was said up to here is over."""
        self._from = len(self.reader.heard)

    def events(self, kind: str) -> list[Heard]:
        """Events of a kind since `listen`."""
        return [one for one in self.reader.heard[self._from :] if one.kind == kind]

    @property
    def spoken(self) -> list[str]:
        """What was announced since `listen`."""
        return [str(one.what) for one in self.events("object:Announcement")]

    def hear(self, part: str) -> str:
        """Wait until something with this in it is announced."""
        return self.until(lambda: next((one for one in self.spoken if part in one), None), f"nobody said {part!r}")
