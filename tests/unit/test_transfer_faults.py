"""What networks, servers and disks do to a download: it ends whole, or kept with a true word; never as a wrong file."""

from __future__ import annotations

import os
import random
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from mistral_desk.core.errors import DeskError
from mistral_desk.library.part import Part
from mistral_desk.library.transfer import Manner
from mistral_desk.library.wanted import Wanted, place
from tests.fixtures.engines import problem_of, run
from tests.fixtures.hub_files import (
    FileHub,
    content,
    cut,
    flipped,
    lying,
    short,
    stall,
    status,
    whole,
)
from tests.fixtures.online import online
from tests.fixtures.transfers import ALONE, BLOCK, QUICK, fetched, is_kept, is_whole, transfer
from tests.fixtures.web_site import Answer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.fixtures.hub_files import Fault

SIZE = 12 * BLOCK + 99
TURNS = int(os.environ.get("MISTRAL_DESK_TURNS", "2"))
"""How often each fault is met; the long run of a release has 20."""


@pytest.fixture
def hub() -> Iterator[FileHub]:
    with FileHub() as one:
        yield one


@pytest.fixture
def wanted(hub: FileHub) -> Wanted:
    return hub.add("Tiny-Q4.gguf", content(SIZE))


def passing(dice: random.Random) -> dict[str, list[Fault | None]]:
    """Faults that pass, each as the next answers of the CDN have it."""
    at = dice.randrange(BLOCK, 3 * BLOCK)
    return {
        "cut": [cut(at), None, cut(at // 2)],
        "cut at once": [cut(0), cut(0)],
        "too short": [short(dice.randrange(1, BLOCK)), None, short(5)],
        "500": [status(500), status(502)],
        "503": [status(503, {"Retry-After": "0"})],
        "429": [status(429, {"Retry-After": "1"})],
        "expired": [None, status(403), None, status(401)],
        "404 of the CDN": [None, status(404)],
        "claims more": [lying(SIZE * 2)],
        "empty": [status(206)],
        "no HTTP": [lambda _asked, answer: replace(answer, raw=b"\x00\xff" * 100)],
    }


@pytest.mark.parametrize("manner", [ALONE, QUICK], ids=["one connection", "four"])
@pytest.mark.parametrize("name", passing(random.Random(0)))
def test_what_passes_costs_nothing_that_is_there(hub: FileHub, tmp_path: Path, name: str, manner: Manner) -> None:
    async def test() -> None:
        async with online(tmp_path) as net:
            for turn in range(TURNS):
                wanted = hub.add(f"{turn}.gguf", content(SIZE, turn))
                hub.cdn.forget()
                hub.fail(*passing(random.Random(f"{name}{turn}"))[name])
                await transfer(net, hub, wanted, tmp_path, manner).run()
                assert is_whole(wanted, tmp_path)
                assert hub.served <= SIZE + manner.connections * BLOCK

    run(test())


def test_silence_is_noticed_and_another_connection_goes_on(hub: FileHub, wanted: Wanted, tmp_path: Path) -> None:
    hub.fail(stall(BLOCK + 5), stall(3))

    async def test() -> None:
        done = await fetched(hub, wanted, tmp_path, _with(ALONE, silence_s=0.5))
        assert done.received == SIZE

    run(test())
    assert is_whole(wanted, tmp_path)


def test_an_address_that_is_too_old_is_resolved_again(hub: FileHub, wanted: Wanted, tmp_path: Path) -> None:
    """Each time, however often: an hour is short for a large file."""

    def stale(_asked: object, answer: Answer) -> Answer:
        hub.expire()
        return replace(answer, cut=2 * BLOCK) if len(answer.body) > 2 * BLOCK else answer

    hub.always = stale
    run(_fetched(hub, wanted, tmp_path, ALONE))
    assert is_whole(wanted, tmp_path)
    assert len(hub.hub.asked) > 3
    assert hub.served < SIZE + BLOCK, "no byte of the file came twice; refusals have a few words"


@pytest.mark.parametrize("manner", [ALONE, QUICK], ids=["one connection", "four"])
def test_200_for_206_is_the_whole_file_from_its_beginning(
    hub: FileHub, wanted: Wanted, tmp_path: Path, manner: Manner
) -> None:
    hub.ranges = False
    hub.fail(cut(5 * BLOCK))
    run(_fetched(hub, wanted, tmp_path, manner))
    assert is_whole(wanted, tmp_path)


@pytest.mark.parametrize("turn", range(3))
def test_200_for_206_in_the_middle(hub: FileHub, wanted: Wanted, tmp_path: Path, turn: int) -> None:
    hub.fail(*([None] * turn), whole(hub))
    run(_fetched(hub, wanted, tmp_path, QUICK))
    assert is_whole(wanted, tmp_path)


def test_a_range_under_the_status_200_is_a_range(hub: FileHub, wanted: Wanted, tmp_path: Path) -> None:
    hub.always = lambda _asked, answer: replace(answer, status=200) if answer.status == 206 else answer
    run(_fetched(hub, wanted, tmp_path, QUICK))
    assert is_whole(wanted, tmp_path)
    assert hub.served == SIZE


@pytest.mark.parametrize("claimed", ["bytes 5-70000/{size}", "bytes 0-1/{size}x", "bytes", "bytes 0-99999999/{size}"])
def test_another_range_than_the_one_asked_for_is_not_taken(
    hub: FileHub, wanted: Wanted, tmp_path: Path, claimed: str
) -> None:
    wrong = {"Content-Range": claimed.format(size=SIZE)}
    hub.always = lambda _asked, answer: replace(answer, headers={**answer.headers, **wrong})
    problem = _fails(hub, wanted, tmp_path, ALONE)
    assert problem == "net.garbled"


@pytest.mark.parametrize("at", [0, BLOCK - 1, 5 * BLOCK + 17, SIZE - 1])
def test_a_byte_that_was_changed_on_the_way_costs_only_looking_for_it(
    hub: FileHub, wanted: Wanted, tmp_path: Path, at: int
) -> None:
    """Fetched again block by block and compared, until the file has its hash."""
    hub.fail(flipped(at))

    async def test() -> None:
        done = await fetched(hub, wanted, tmp_path, ALONE)
        assert done.received == SIZE + min(SIZE, (at // BLOCK + 1) * BLOCK)

    run(test())
    assert is_whole(wanted, tmp_path)


def test_several_changed_bytes_are_found_too(hub: FileHub, wanted: Wanted, tmp_path: Path) -> None:
    def spoilt(asked: object, answer: Answer) -> Answer:
        for at in range(0, SIZE, 2 * BLOCK):
            answer = flipped(at)(asked, answer)  # type: ignore[arg-type]
        return answer

    hub.fail(spoilt)
    run(_fetched(hub, wanted, tmp_path, ALONE))
    assert is_whole(wanted, tmp_path)


def test_what_the_disk_changes_is_found_without_the_network(hub: FileHub, wanted: Wanted, tmp_path: Path) -> None:
    """Bytes are damaged between their writing and the moment when the hash comes to them."""
    data = content(SIZE)
    part = Part(wanted, place(tmp_path, wanted), block=BLOCK)
    part.open()
    part.write(BLOCK, data[BLOCK:])
    with part.path.open("r+b") as file:
        file.seek(7 * BLOCK)
        file.write(b"????")
    part.write(0, data[:BLOCK])
    assert part.sha256() != wanted.sha256
    assert part.reread() == (7,)
    part.close()

    async def test() -> None:
        done = await fetched(hub, wanted, tmp_path, ALONE)
        assert done.received == BLOCK

    run(test())
    assert is_whole(wanted, tmp_path)


def test_a_file_that_never_was_what_is_stated_is_not_put_in_place(hub: FileHub, wanted: Wanted, tmp_path: Path) -> None:
    hub.files[wanted.path].serves = content(SIZE, 7)
    assert _fails(hub, wanted, tmp_path, QUICK) == "library.wrong_content"


@pytest.mark.parametrize("change", ["size", "hash", "size of the CDN", "commit"])
def test_another_file_under_the_same_name_is_noticed_before_a_byte_is_used(
    hub: FileHub, wanted: Wanted, tmp_path: Path, change: str
) -> None:
    held = hub.files[wanted.path]
    if change == "size":
        held.size += 1
    elif change == "hash":
        held.sha256 = "0" * 64
    elif change == "size of the CDN":
        held.serves = content(SIZE + 1)
    else:
        hub.hub.replies[f"/{wanted.repository}/resolve/{wanted.revision}/{wanted.path}"] = Answer(
            302, b"", {"Location": f"{hub.cdn.url}/blobs/x", "X-Repo-Commit": "b" * 40}
        )
        hub.cdn.replies["/blobs/x"] = Answer(200, content(SIZE))
    assert _fails(hub, wanted, tmp_path, ALONE) == "library.changed"


def test_a_file_that_changes_while_it_comes_is_noticed(hub: FileHub, wanted: Wanted, tmp_path: Path) -> None:
    """Its tag at the CDN changes: the hub is asked, and says that it is another file."""

    def changed(_asked: object, answer: Answer) -> Answer:
        hub.files[wanted.path] = replace(hub.files[wanted.path], sha256="1" * 64, tag='"new"', serves=content(SIZE, 9))
        return replace(answer, cut=2 * BLOCK)

    hub.fail(changed)
    assert _fails(hub, wanted, tmp_path, ALONE) == "library.changed"


def test_a_mirror_with_another_tag_for_the_same_file_will_do(hub: FileHub, wanted: Wanted, tmp_path: Path) -> None:
    tags = iter(range(1000))
    hub.always = lambda _asked, answer: replace(
        answer, headers={**answer.headers, "ETag": f'"{next(tags)}"'}, cut=2 * BLOCK
    )
    run(_fetched(hub, wanted, tmp_path, ALONE))
    assert is_whole(wanted, tmp_path)


def test_without_a_known_hash_the_hub_s_own_word_counts(hub: FileHub, wanted: Wanted, tmp_path: Path) -> None:
    unknown = Wanted(wanted.repository, wanted.revision, wanted.path, wanted.size)
    hub.fail(flipped(BLOCK))
    run(_fetched(hub, unknown, tmp_path, ALONE))
    assert is_whole(wanted, tmp_path)


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        (status(500), "net.status"),
        (status(429, {"Retry-After": "3000"}), "net.too_many"),
        (cut(0), "net.cut"),
        (status(403), "net.status"),
    ],
)
def test_what_does_not_pass_ends_with_a_word_and_keeps_what_came(
    hub: FileHub, wanted: Wanted, tmp_path: Path, fault: Fault, problem: str
) -> None:
    hub.fail(cut(4 * BLOCK))
    hub.fail(fault, times=50)
    assert _fails(hub, wanted, tmp_path, ALONE) == problem
    hub.faults.clear()

    async def test() -> None:
        done = await fetched(hub, wanted, tmp_path, ALONE)
        assert done.received == SIZE - 4 * BLOCK

    run(test())
    assert is_whole(wanted, tmp_path)


def test_a_hub_that_is_not_there(wanted: Wanted, tmp_path: Path) -> None:
    with FileHub() as gone:
        pass
    assert _fails(gone, wanted, tmp_path, ALONE) == "net.unreachable"


def test_a_gated_file_says_what_to_do_and_comes_with_a_token(hub: FileHub, wanted: Wanted, tmp_path: Path) -> None:
    hub.files[wanted.path].gated = True
    hub.token = "hf_secret"

    async def test() -> None:
        async with online(tmp_path) as net:
            problem, params, _ = await problem_of(transfer(net, hub, wanted, tmp_path).run())
            assert (problem, params["name"]) == ("hub.gated", wanted.repository)
            await transfer(net, hub, wanted, tmp_path, token="hf_secret").run()

    run(test())
    assert is_whole(wanted, tmp_path)
    assert all("authorization" not in asked.headers for asked in hub.cdn.asked)
    assert "hf_secret" not in "".join(
        file.read_text("utf-8", "replace") for file in tmp_path.rglob("*") if file.is_file()
    )


def test_a_file_that_the_hub_does_not_have(hub: FileHub, wanted: Wanted, tmp_path: Path) -> None:
    hub.files.clear()
    assert _fails(hub, wanted, tmp_path, ALONE) == "hub.not_found"


def test_a_program_error_is_not_taken_for_the_network_s(hub: FileHub, wanted: Wanted, tmp_path: Path) -> None:
    async def test() -> None:
        async with online(tmp_path) as net:
            one = transfer(net, hub, wanted, tmp_path, QUICK)

            def broken(offset: int, data: bytes) -> None:
                raise ZeroDivisionError

            one._part.write = broken  # type: ignore[method-assign]
            with pytest.raises(ZeroDivisionError):
                await one.run()

    run(test())


def _with(manner: Manner, **changes: float) -> Manner:
    return Manner(**{**{name: getattr(manner, name) for name in manner.__struct_fields__}, **changes})


def _fails(hub: FileHub, wanted: Wanted, models: Path, manner: Manner) -> str:
    """The problem that it ends with; nothing lies in the file's place then."""
    found: list[str] = []

    async def test() -> None:
        try:
            await fetched(hub, wanted, models, manner)
        except DeskError as error:
            found.append(error.problem.id)

    run(test())
    assert found, "it should have failed"
    assert is_kept(wanted, models)
    return found[0]


async def _fetched(hub: FileHub, wanted: Wanted, models: Path, manner: Manner) -> None:
    await fetched(hub, wanted, models, manner)
