"""What must hold for all that a screen reader finds in a window, whatever stands in it."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Final

from tests.fixtures.atspi import Box, GoneError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.fixtures.atspi import Reader, Ref, Thing

NOTHING: Final = frozenset({"filler", "unknown", "invalid", "redundant object"})
"""Roles that screen readers pass over, name and all, to what is in them. Qt has no other for what scrolls."""
PRESSED: Final = frozenset({"push button", "check box", "radio button", "menu item", "check menu item"})
ONE_OR_OTHER: Final = frozenset({"check box", "radio button"})
MEASURED: Final = frozenset({"progress bar", "spin box", "slider"})
WHOLE: Final = "application"
"""The role of what has the windows, and no place on the screen."""
SEVERAL: Final = frozenset({"Close"})
"""A sheet may be closed by its corner and by its foot."""
SLACK: Final = 1
"""Pixels of rounding that nobody sees."""
_UNFINISHED: Final = re.compile(r"\{\w*\}|</?[a-z]+>|&\w")


def faults(reader: Reader, things: Sequence[Thing]) -> list[str]:
    """What is wrong with these, in words. All that is around them is among them, up to their window."""
    alone = [f"{one}: {what}" for one in things for what in _alone(reader, one)]
    return [*alone, *_out_of_reach(reader, things), *_confused(things)]


def _alone(reader: Reader, one: Thing) -> list[str]:
    try:
        return list(_of(reader, one))
    except GoneError:  # a page that is live is another by now
        return []


def _of(reader: Reader, one: Thing) -> Iterator[str]:
    reached = "focusable" in one.states
    if reached and not one.name.strip():
        yield "the keyboard comes to it, and it has no name"
    if one.role in NOTHING and one.name and not one.children:
        yield "says something in a role that screen readers pass over"
    if one.name and _UNFINISHED.search(one.name):
        yield "its name is not made for people"
    if one.role in PRESSED and "enabled" in one.states and not {"Press", "Toggle"} & set(reader.actions(one.ref)):
        yield "cannot be pressed"
    if one.role in ONE_OR_OTHER and "checkable" not in one.states:
        yield "does not say whether it is on"
    if one.role in MEASURED:
        least, now, most = reader.value(one.ref)
        if not least <= now <= most or least == most:
            yield f"its value makes no sense: {now} of {least} to {most}"
    if "editable" in one.states and one.name == reader.text(one.ref):
        yield "a field whose name is its own text"


def _out_of_reach(reader: Reader, things: Sequence[Thing]) -> Iterator[str]:
    """What shows and can be pressed or written in has a size, and is in its window or scrolls into it."""
    boxes = reader.boxes([one.ref for one in things])
    known = {one.ref: one for one in things}
    reaches = {one.ref: box for one in things if (box := _reach(reader, one, known, boxes)) is not None}
    for one in things:
        if (one.role not in PRESSED and "editable" not in one.states) or one.ref not in boxes:
            continue
        box = boxes[one.ref]
        if min(box.width, box.height) <= 0:
            yield f"{one}: it shows, and its size is {box.width} × {box.height}"
        around = known.get(one.parent) if one.parent is not None else None
        while around is not None and around.ref in boxes and around.role != WHOLE:
            window = around.parent is None or around.parent not in known or known[around.parent].role == WHOLE
            room = boxes[around.ref] if window else reaches.get(around.ref)
            if room is not None:
                if not _within(box, room):
                    yield f"{one}: at {box}, which is not in reach in {around} at {room}"
                    break
                box = boxes[around.ref]
            around = known.get(around.parent) if around.parent is not None else None


def _within(box: Box, room: Box) -> bool:
    return (
        room.left - SLACK <= box.left
        and room.top - SLACK <= box.top
        and box.right <= room.right + SLACK
        and box.bottom <= room.bottom + SLACK
    )


def _reach(reader: Reader, one: Thing, known: Mapping[Ref, Thing], boxes: Mapping[Ref, Box]) -> Box | None:
    """What a part that scrolls can bring into sight; None for what does not scroll. Its bars stand beside it."""
    beside = known.get(one.parent) if one.parent is not None else None
    if beside is None or one.ref not in boxes:
        return None
    box, scrolls = boxes[one.ref], False
    for other in (known[ref] for ref in beside.children if ref in known and ref != one.ref):
        for bar in (known[ref] for ref in other.children if ref in known and known[ref].role == "scroll bar"):
            if bar.ref not in boxes:
                continue
            least, now, most = (round(value) for value in reader.value(bar.ref))
            scrolls = True
            if boxes[bar.ref].height > boxes[bar.ref].width:
                box = Box(box.left, box.top - (now - least), box.width, box.height + most - least)
            else:
                box = Box(box.left - (now - least), box.top, box.width + most - least, box.height)
    return box if scrolls else None


def _confused(things: Sequence[Thing]) -> Iterator[str]:
    """What only hearing cannot tell apart: the same role, name and description in the same place."""
    known = {one.ref: one for one in things}
    pressed = (one for one in things if one.role in PRESSED and "enabled" in one.states and one.name not in SEVERAL)
    said = Counter((str(one), one.description, _place(one, known)) for one in pressed)
    for (words, _, place), count in said.items():
        if count > 1:
            yield f"{words}: {count} of them in {place}"


def _place(one: Thing, known: Mapping[Ref, Thing]) -> tuple[str, str]:
    """The nearest thing around it that has a name: it is said when one comes into it."""
    around = known.get(one.parent) if one.parent is not None else None
    while around is not None and not around.name:
        around = known.get(around.parent) if around.parent is not None else None
    return (str(around), around.description) if around is not None else ("", "")
