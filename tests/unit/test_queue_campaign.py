"""Each thing that goes wrong with networks and servers, at moments and places that dice choose, against a whole model.

Every turn ends in one of two ways: all files whole in their places, or a download that stands, says truthfully why, and
has put nothing wrong in place; where the trouble passes it ends whole all the same. `MISTRAL_DESK_TURNS` is how often.
"""

from __future__ import annotations

import hashlib
import os
import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import pytest
from msgspec.structs import replace as with_

from mistral_desk.library.wanted import place
from tests.fixtures.engines import run
from tests.fixtures.hub_files import FileHub, content, cut, flipped, lying, short, stall, status, whole
from tests.fixtures.queues import SIZES, model, one, queue
from tests.fixtures.transfers import ALONE, BLOCK, QUICK, is_whole, until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mistral_desk.library.orders import Download, Order
    from tests.fixtures.hub_files import Fault
    from tests.fixtures.web_site import Answer, Asked

TURNS: Final = int(os.environ.get("MISTRAL_DESK_TURNS", "1"))
ANSWERS: Final = 10
"""About so many answers a model needs: faults are strewn among them."""


@dataclass(frozen=True)
class Kind:
    """A trouble: `make` prepares the hub for one turn. `says` are the words it may stop with; none: it never stops.

    `heals`: when the trouble is over, the same download goes on and ends whole.
    """

    make: Callable[[FileHub, Order, random.Random], None]
    says: frozenset[str] = frozenset()
    heals: bool = True


def strewn(*choices: Callable[[random.Random], Fault]) -> Callable[[FileHub, Order, random.Random], None]:
    """One to four faults at any of the next answers, good ones between them."""

    def make(hub: FileHub, _order: Order, dice: random.Random) -> None:
        plan: list[Fault | None] = [None] * ANSWERS
        for at in dice.sample(range(ANSWERS), dice.randint(1, 4)):
            plan[at] = dice.choice(choices)(dice)
        hub.fail(*plan)

    return make


def lasting(choice: Callable[[random.Random], Fault]) -> Callable[[FileHub, Order, random.Random], None]:
    """From some answer on all are like that."""

    def make(hub: FileHub, _order: Order, dice: random.Random) -> None:
        hub.fail(*[None] * dice.randrange(5))
        hub.fail(choice(dice), times=200)

    return make


def anywhere(dice: random.Random) -> int:
    """A place in the largest file; its ends are likelier than others."""
    return dice.choice([0, 1, BLOCK - 1, BLOCK, SIZES[1] - 1, dice.randrange(SIZES[1])])


def flipping(hub: FileHub, _order: Order, dice: random.Random) -> None:
    """Each of a few places is wrong once, in whichever answer brings it first."""
    left = {dice.randrange(SIZES[1]) for _ in range(dice.randint(1, 3))}

    def spoil(asked: Asked, answer: Answer) -> Answer:
        for at in tuple(left):
            spoilt = flipped(at)(asked, answer)
            if spoilt is not answer:
                left.discard(at)
                answer = spoilt
        return answer

    hub.always = spoil


def without_ranges(hub: FileHub, order: Order, dice: random.Random) -> None:
    """200 for 206: by one answer or another, or always, with cuts on top."""
    hub.ranges = dice.random() < 0.5
    strewn(lambda _: whole(hub), lambda dice: cut(anywhere(dice)))(hub, order, dice)


def changing(hub: FileHub, order: Order, dice: random.Random) -> None:
    """Another file lies under the same name: from the beginning, or while some of it comes."""

    def put(path: str) -> None:
        old = hub.files[path]
        new = content(old.size + dice.choice([0, 0, 1, -1]), 99)
        hub.files[path] = replace(old, serves=new, size=len(new), sha256=hashlib.sha256(new).hexdigest(), tag='"new"')
        hub.expire()

    def change(asked: Asked, answer: Answer) -> Answer:
        put(asked.path.removeprefix("/blobs/"))
        return replace(answer, cut=dice.randrange(len(answer.body)))

    if moment := dice.randrange(4):
        hub.fail(*[None] * (moment - 1), change)
    else:
        put(dice.choice(order.files).path)


def expiring(hub: FileHub, _order: Order, dice: random.Random) -> None:
    """Signed addresses are of no use any more after each answer or two, and connections end early."""
    share = dice.uniform(0.3, 1)

    def stale(_asked: Asked, answer: Answer) -> Answer:
        if dice.random() < share:
            hub.expire()
        return replace(answer, cut=dice.randrange(BLOCK, 4 * BLOCK)) if len(answer.body) > 4 * BLOCK else answer

    hub.always = stale


def one_of(*kinds: Callable[[FileHub, Order, random.Random], None]) -> Callable[[FileHub, Order, random.Random], None]:
    return lambda hub, order, dice: dice.choice(kinds)(hub, order, dice)


KINDS: Final = {
    "cut": Kind(strewn(lambda dice: cut(anywhere(dice)))),
    "stall": Kind(strewn(lambda dice: stall(anywhere(dice)))),
    "wrong length": Kind(
        strewn(
            lambda dice: short(dice.randrange(1, BLOCK)),
            lambda dice: lying(dice.randrange(1, 2 * SIZES[1])),
            lambda _: lambda _asked, answer: replace(answer, length=-1),
        ),
        frozenset({"library.changed", "net.garbled", "net.cut"}),
    ),
    "flipped byte": Kind(flipping),
    "200 for 206": Kind(without_ranges),
    "another file under the name": Kind(changing, frozenset({"library.changed"}), heals=False),
    "expired address": Kind(expiring),
    "429": Kind(
        one_of(
            strewn(lambda dice: status(429, {"Retry-After": dice.choice(["0", "1"])}), lambda _: status(429)),
            lasting(lambda _: status(429, {"Retry-After": "3000"})),
        ),
        frozenset({"net.too_many"}),
    ),
    "500": Kind(
        one_of(
            strewn(lambda dice: status(dice.choice([500, 502, 503, 504]))),
            lasting(lambda dice: status(dice.choice([500, 502, 503]))),
        ),
        frozenset({"net.status", "net.too_many"}),
    ),
}


@pytest.mark.parametrize("turn", range(TURNS))
@pytest.mark.parametrize("name", KINDS)
def test_it_ends_whole_or_stands_with_a_true_word(tmp_path: Path, name: str, turn: int) -> None:
    kind, dice = KINDS[name], random.Random(f"{name} {turn}")
    manner = with_(dice.choice([ALONE, QUICK]), silence_s=0.3 if name == "stall" else 20)
    with FileHub() as hub:
        order = model(hub, seed=3 * turn)
        kind.make(hub, order, dice)

        async def test() -> None:
            async with queue(tmp_path, hub, manner=manner, at_once=1) as made:
                await made.add(order)
                await until(lambda: stands(one(made, order.id)))
                ended = one(made, order.id)
                nothing_wrong(order, tmp_path)
                if ended.state == "done":
                    return
                assert ended.problem is not None
                assert ended.problem.id in kind.says
                if kind.heals:
                    hub.faults.clear()
                    hub.always, hub.ranges = None, True
                    await made.resume(order.id)
                    await until(lambda: one(made, order.id).state == "done")

        run(test())
        nothing_wrong(order, tmp_path)
        assert all(is_whole(file, tmp_path / "models") for file in order.files) == kind.heals


def stands(download: Download) -> bool:
    return download.state in {"done", "paused"} or (download.state == "waiting" and download.problem is not None)


def nothing_wrong(order: Order, folder: Path) -> None:
    """What lies under a final name is what was wanted."""
    for file in order.files:
        final = place(folder / "models", file)
        if final.exists():
            assert hashlib.sha256(final.read_bytes()).hexdigest() == file.sha256, final
