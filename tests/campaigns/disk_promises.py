"""What a program has promised to keep, as it goes: each thing is as it was promised last, or as it was tried since."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mistral_desk.core.errors import DeskError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable


class Promises:
    """Values by name, each with what it may be now. What is not named is not there (None)."""

    def __init__(self) -> None:
        self.may_be: dict[str, list[Any]] = {}

    def hear(self, told: dict[str, Any]) -> None:
        """Take in what the program said: that it tries something, or that it is done."""
        for name, value in told["values"].items():
            known = self.may_be.setdefault(name, [None])
            if told["what"] == "trying":
                known.append(value)
            elif told["what"] == "done":
                self.may_be[name] = [value]

    def broken(self, seen: dict[str, Any]) -> list[str]:
        """Each promise that what is there now does not keep."""
        found = [
            f"{name} is {seen.get(name)!r:.200}, which was promised to be {' or '.join(f'{one!r:.200}' for one in may)}"
            for name, may in self.may_be.items()
            if seen.get(name) not in may
        ]
        return found + [f"{name} is there, and nobody made it" for name in seen.keys() - self.may_be.keys()]


class Telling:
    """For the program: says what it tries and what is done. What is refused with a word for people is collected."""

    def __init__(self, tell: Callable[[bytes], None]) -> None:
        self._tell = tell
        self.said: list[str] = []
        """Ids of the problems that a person would have read."""
        self.told: list[dict[str, Any]] = []
        self.warned: list[str] = []
        """What the log has, from WARNING on."""

    def say(self, what: str, values: dict[str, Any]) -> None:
        """A mark in the list of what reached the disk."""
        self.told.append({"what": what, "values": values})
        self._tell(json.dumps(self.told[-1]).encode())

    async def trying(self, work: Callable[[], Awaitable[object]], values: dict[str, Any]) -> bool:
        """Do something that makes these values true and lasting when it returns; False where it was refused."""
        self.say("trying", values)
        try:
            await work()
        except DeskError as error:
            self.said.append(error.problem.id)
            return False
        self.say("done", values)
        return True


def all_heard(told: Iterable[dict[str, Any]]) -> Promises:
    """The promises after all of this was said."""
    made = Promises()
    for one in told:
        made.hear(one)
    return made
