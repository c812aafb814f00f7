"""Downloads as a real program: killed at any moment, on a full disk, without permission, with a clock that jumps."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import struct
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Final

import msgspec
import psutil
import pytest

from mistral_desk.library.orders import Order
from tests.e2e.download_driver import Line, Plan
from tests.fixtures.hub_files import Counted, FileHub, content, cut, redirected_to
from tests.fixtures.transfers import is_kept, is_whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.fixtures.web_site import Answer, Asked

KILLS: Final = int(os.environ.get("MISTRAL_DESK_KILLS", "20"))
"""How often it is killed; the long run of a release has 200."""
TURNS: Final = int(os.environ.get("MISTRAL_DESK_TURNS", "1"))
"""How often each other trouble is met, each time at another moment; the long run of a release has 20."""
turns: Final = pytest.mark.parametrize("turn", range(TURNS))
BLOCK: Final = 1 << 21
CONNECTIONS: Final = 4
SIZES: Final = (3000, 12_000_000, 5_000_000)
END_OF_WORLD_S: Final = 300.0
DRIVER: Final = [sys.executable, "-m", "tests.e2e.download_driver"]
TOKEN: Final = "hf_" + "neverseen" * 4


@pytest.fixture
def hub() -> Iterator[FileHub]:
    with FileHub() as one:
        yield one


def begin(plan: Plan, before: Sequence[str] = (), **env: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*before, *DRIVER, msgspec.json.encode(plan).decode()],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **env},
    )


def moment(turn: int, end: int) -> int:
    """A place before `end`, another one each turn."""
    return random.Random(turn).randrange(1, end)


def lines_of(process: subprocess.Popen[bytes]) -> list[Line]:
    """What it told; it has ended by itself."""
    out, err = process.communicate(timeout=END_OF_WORLD_S)
    assert process.returncode == 0, err.decode()
    return [msgspec.json.decode(line, type=Line) for line in out.splitlines()]


def test_killed_at_any_moment_it_loses_no_more_than_a_block(hub: FileHub, tmp_path: Path) -> None:
    """Each start finishes the model that the last one was killed at, then begins the next, and is killed at it."""
    dice = random.Random(7)
    count = tmp_path / "count"
    count.write_bytes(bytes(8 * (KILLS + 1)))
    orders: list[Order] = []
    running: list[subprocess.Popen[bytes]] = []
    known = threading.Event()
    bodies = [content(size, number) for number, size in enumerate(SIZES)]

    def order(number: int, moment: int | None) -> Order:
        """A model during whose coming the program is killed, when so many bytes of it have gone out."""
        mine: list[Counted] = []
        left = [] if moment is None else [moment]

        def told(_read: int) -> None:
            if left and sum(body.read for body in mine) >= left[0]:
                left.clear()
                known.wait()
                running[-1].kill()

        files = []
        for part, body in enumerate(bodies):
            own = number.to_bytes(4, "big") + body[4:]
            wanted = hub.add(f"m{number}-{part}.gguf", own)
            mine.append(Counted(own, told))
            hub.files[wanted.path].serves = mine[-1]
            files.append(wanted)
        return Order(f"m{number}", f"m{number}", tuple(files))

    for number in range(KILLS + 1):
        orders.append(order(number, dice.randrange(1, sum(SIZES)) if number < KILLS else None))
        plan = Plan(str(tmp_path), hub.url, (orders[-1],), BLOCK, CONNECTIONS, count=str(count))
        known.clear()
        running.append(begin(plan))
        known.set()
        if number < KILLS:
            running[-1].communicate(timeout=END_OF_WORLD_S)
            assert running[-1].returncode != 0, "it was killed"
        else:
            assert {line.id for line in lines_of(running[-1]) if line.state == "done"} >= {orders[-1].id}
    for one, fetched in zip(orders, struct.unpack(f"<{KILLS + 1}q", count.read_bytes()), strict=True):
        assert all(is_whole(file, tmp_path / "models") for file in one.files), one.id
        print(f"{one.id}: {fetched - sum(SIZES):>9} bytes more than its size")
        assert sum(SIZES) <= fetched <= sum(SIZES) + CONNECTIONS * BLOCK, one.id


@turns
def test_a_full_disk_pauses_and_goes_on_when_there_is_room(hub: FileHub, tmp_path: Path, turn: int) -> None:
    """On a small disk of its own: not even the space that was free at the beginning stays."""
    folder = tmp_path / "small"
    folder.mkdir()
    mine = Order("m", "m", tuple(hub.add(f"{n}.gguf", content(size, n)) for n, size in enumerate(SIZES)))
    plan = Plan(str(folder), hub.url, (mine,), BLOCK, CONNECTIONS, ballast=str(folder / "ballast"))
    taken = 15_000_000 - moment(turn, 1 << 20)
    script = (
        f'mount -t tmpfs -o size=24m tmpfs "{folder}" && head -c {taken} /dev/zero > "{folder}/ballast" && '
        f'"$@" && cd "{folder}" && sha256sum models/acme/tiny-GGUF/*.gguf'
    )
    before = [*_namespace(), "sh", "-c", script, "sh"]
    out, err = begin(plan, before).communicate(timeout=END_OF_WORLD_S)
    told = [msgspec.json.decode(line, type=Line) for line in out.splitlines() if line.startswith(b"{")]
    assert any(line.state == "waiting" and line.problem == "library.disk_full" for line in told), (told, err)
    assert told[-1].state == "done"
    sums = [line.split()[0].decode() for line in out.splitlines() if not line.startswith(b"{")]
    assert sums == [file.sha256 for file in mine.files]


@turns
def test_a_disk_that_fills_while_it_comes(hub: FileHub, tmp_path: Path, turn: int) -> None:
    """Somebody else takes the room after the download has begun; the rest comes when it is taken."""
    folder = tmp_path / "small"
    folder.mkdir()
    mine = Order("m", "m", (hub.add("a.gguf", content(SIZES[1])),))
    go, full, at = tmp_path / "go", tmp_path / "full", moment(turn, SIZES[1] // 2)
    begun: list[int] = []
    os.mkfifo(go)
    os.mkfifo(full)

    def told(read: int) -> None:
        if read >= at and not begun:
            begun.append(read)
            with contextlib.suppress(OSError), go.open("w") as pipe:
                pipe.write("now")
            full.read_bytes()

    hub.files["a.gguf"].serves = Counted(content(SIZES[1]), told)
    plan = Plan(str(folder), hub.url, (mine,), BLOCK, 1, ballast=str(folder / "ballast"))
    script = (
        f'mount -t tmpfs -o size=16m tmpfs "{folder}" && '
        f'(cat "{go}" > /dev/null; cat /dev/zero > "{folder}/ballast" 2> /dev/null; echo > "{full}") & '
        f'"$@" && cd "{folder}" && sha256sum models/acme/tiny-GGUF/*.gguf'
    )
    out, err = begin(plan, [*_namespace(), "sh", "-c", script, "sh"]).communicate(timeout=END_OF_WORLD_S)
    told_lines = [msgspec.json.decode(line, type=Line) for line in out.splitlines() if line.startswith(b"{")]
    assert any(line.problem == "library.disk_full" for line in told_lines), (told_lines, err)
    assert told_lines[-1].state == "done"
    assert str(mine.files[0].sha256) in out.decode()


@pytest.mark.skipif(os.name == "nt", reason="Windows has permissions of another kind")
@turns
def test_permission_that_was_lost_pauses_and_says_so(hub: FileHub, tmp_path: Path, turn: int) -> None:
    mine = Order("m", "m", (hub.add("a.gguf", content(SIZES[2])),))
    plan = Plan(str(tmp_path), hub.url, (mine,), BLOCK, 1)
    where = tmp_path / "models" / "acme" / "tiny-GGUF"
    where.mkdir(parents=True)
    where.chmod(0o500)
    told = lines_of(begin(plan, _without_power()))
    assert (told[-1].state, told[-1].problem) == ("paused", "library.not_writable")
    where.chmod(0o700)
    assert lines_of(begin(plan, _without_power()))[-1].state == "done"
    assert is_whole(mine.files[0], tmp_path / "models")


@pytest.mark.skipif(os.name == "nt", reason="Windows has permissions of another kind")
@turns
def test_permission_that_is_lost_at_the_last_moment(hub: FileHub, tmp_path: Path, turn: int) -> None:
    """The folder takes no new name any more just when the file is whole: nothing of it is fetched again."""
    mine = Order("m", "m", (hub.add("a.gguf", content(SIZES[2])),))
    where = tmp_path / "models" / "acme" / "tiny-GGUF"

    def told(read: int) -> None:
        if read >= moment(turn, SIZES[2] // 2) and (where / ".desk" / "a.gguf.blocks").exists():
            where.chmod(0o500)

    hub.files["a.gguf"].serves = Counted(content(SIZES[2]), told)
    plan = Plan(str(tmp_path), hub.url, (mine,), BLOCK, 1)
    ended = lines_of(begin(plan, _without_power()))
    assert (ended[-1].state, ended[-1].problem) == ("paused", "library.not_writable")
    assert is_kept(mine.files[0], tmp_path / "models")
    hub.files["a.gguf"].serves = content(SIZES[2])
    where.chmod(0o700)
    again = lines_of(begin(plan, _without_power()))
    assert again[-1].state == "done"
    assert is_whole(mine.files[0], tmp_path / "models")
    assert hub.served == SIZES[2]


@turns
def test_a_clock_that_jumps_changes_nothing(hub: FileHub, tmp_path: Path, turn: int) -> None:
    mine = Order("m", "m", tuple(hub.add(f"{n}.gguf", content(size, n)) for n, size in enumerate(SIZES)))
    dice = random.Random(turn)
    hub.fail(*(dice.choice([None, cut(dice.randrange(1 << 21))]) for _ in range(8)))
    told = lines_of(begin(Plan(str(tmp_path), hub.url, (mine,), BLOCK, jumps=True)))
    assert told[-1].state == "done"
    assert all(is_whole(file, tmp_path / "models") for file in mine.files)


@turns
def test_a_name_that_the_network_does_not_know_any_more(hub: FileHub, tmp_path: Path, turn: int) -> None:
    """The hub leads to a computer that is not found: kept, and tried again later by itself."""
    mine = Order("m", "m", (hub.add("a.gguf", content(SIZES[2])),))
    plan = Plan(str(tmp_path), hub.url, (mine,), BLOCK, 1)

    def cut_for_good(asked: Asked, answer: Answer) -> Answer:
        hub.expire()
        return cut(moment(turn, SIZES[2]))(asked, answer)

    hub.fail(cut_for_good)
    hub.leads_to = redirected_to("https://nowhere.invalid/a.gguf", after=1)
    told = lines_of(begin(plan))
    assert (told[-1].state, told[-1].problem) == ("waiting", "net.unreachable"), told
    hub.leads_to = None
    assert lines_of(begin(plan))[-1].state == "done"
    assert is_whole(mine.files[0], tmp_path / "models")
    assert hub.served < SIZES[2] + 100, "no byte of the file came twice; a refusal has a few words"


def test_the_token_is_nowhere(hub: FileHub, tmp_path: Path) -> None:
    """Not in a file that was written, the log at its most talkative included, nor in an argument, nor at the CDN."""
    hub.token = TOKEN
    mine = Order("m", "m", tuple(hub.add(f"{n}.gguf", content(size, n)) for n, size in enumerate(SIZES)))
    arguments: list[str] = []
    running: list[subprocess.Popen[bytes]] = []

    def told(_read: int) -> None:
        if running and not arguments:
            with contextlib.suppress(psutil.NoSuchProcess):
                arguments.extend(psutil.Process(running[0].pid).cmdline())

    for file in mine.files:
        held = hub.files[file.path]
        held.gated, held.serves = True, Counted(held.serves, told)
    hub.fail(cut(1000), None, cut(1 << 20))
    plan = Plan(str(tmp_path), hub.url, (mine,), BLOCK)
    running.append(begin(plan, HF_TOKEN=TOKEN))
    out, err = running[0].communicate(timeout=END_OF_WORLD_S)
    assert running[0].returncode == 0, err
    assert all(is_whole(file, tmp_path / "models") for file in mine.files)
    assert arguments
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) > 6
    for text in (out, err, "\n".join(arguments).encode(), *written):
        assert TOKEN.encode() not in text
    assert any(asked.headers.get("authorization") == f"Bearer {TOKEN}" for asked in hub.hub.asked)
    assert all(TOKEN not in "".join(asked.headers.values()) + asked.target for asked in hub.cdn.asked)


def _namespace() -> list[str]:
    """A mount table of its own, in which even a person without rights may make a small disk."""
    command = ["unshare", "--user", "--map-root-user", "--mount"]
    if shutil.which("unshare") is None or subprocess.run([*command, "true"], check=False).returncode:
        pytest.skip("no small disk can be made here")
    return command


def _without_power() -> list[str]:
    """For a superuser, who may write everywhere: a command that gives that up."""
    if os.geteuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        pytest.skip("the superuser may write everywhere")
    return ["setpriv", "--bounding-set", "-all", "--inh-caps", "-all"]
