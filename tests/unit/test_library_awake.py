"""While something is on its way the system is asked to stay awake, by a program that ends with the wish."""

from __future__ import annotations

import contextlib
import sys
import time
from typing import TYPE_CHECKING, Final

import psutil

from mistral_desk.library.awake import Awake

if TYPE_CHECKING:
    from collections.abc import Callable

COMMAND: Final = [sys.executable, "-c", "import sys; sys.stdin.read()", "keeps awake"]


def holders() -> list[int]:
    found = []
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.NoSuchProcess):  # another test's child that ends just now
            if "keeps awake" in child.cmdline():
                found.append(child.pid)
    return found


def until(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0.01)  # another process's birth has no event here


def test_it_is_held_as_long_as_it_is_wanted() -> None:
    awake = Awake(COMMAND)
    for _ in range(2):
        awake.want(True)
        awake.want(True)
        until(lambda: len(holders()) == 1)
        awake.want(False)
        assert awake.ended(60)
        assert holders() == []


def test_a_system_without_such_a_thing_is_no_trouble() -> None:
    awake = Awake(["no-such-program-anywhere"])
    awake.want(True)
    awake.want(False)
    assert awake.ended(60)
