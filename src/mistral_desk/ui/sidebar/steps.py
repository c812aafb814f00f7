"""From one order of a list to another in few steps, so that what a view knows of its lines outlives the change.

Pure: no Qt here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

MOST: Final = 40
"""With more steps than this, starting over is cheaper."""


class Step(NamedTuple):
    """`remove` lines `at` … `at + lines - 1` · `insert` so many before `at` (they are the new order's lines at these
    places) · `move` the one line `source` to before `at`, which is above it.
    """

    kind: Literal["remove", "insert", "move"]
    at: int
    lines: int = 1
    source: int = -1


def steps(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[Step] | None:
    """The steps, in order; None where they would be too many, or where a line stands twice."""
    wanted = set(new)
    if len(wanted) != len(new) or len(set(old)) != len(old):
        return None
    now = list(old)
    made: list[Step] = []

    def remove(begin: int, end: int) -> None:
        made.append(Step("remove", begin, end - begin))
        del now[begin:end]

    end = len(now)
    while end > 0 and len(made) <= MOST:
        if now[end - 1] in wanted:
            end -= 1
            continue
        begin = end - 1
        while begin > 0 and now[begin - 1] not in wanted:
            begin -= 1
        remove(begin, end)
        end = begin
    there, place = set(now), 0
    while place < len(new) and len(made) <= MOST:
        key = new[place]
        if place < len(now) and now[place] == key:
            place += 1
        elif key not in there:
            stop = place + 1
            while stop < len(new) and new[stop] not in there:
                stop += 1
            made.append(Step("insert", place, stop - place))
            now[place:place] = new[place:stop]
            place = stop
        elif now[place + 1 : place + 2] == [key]:  # the line that stands here belongs further down
            there.discard(now[place])
            remove(place, place + 1)
        else:
            source = now.index(key, place)
            made.append(Step("move", place, source=source))
            now.insert(place, now.pop(source))
            place += 1
    return made if len(made) <= MOST else None
