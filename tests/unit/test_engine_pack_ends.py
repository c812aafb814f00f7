"""Packs that end in the middle, say too much or too little, or have no room: refused in words, and nothing is left."""

from __future__ import annotations

import asyncio
import struct
import threading
import zipfile
import zlib
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from mistral_desk.core import lasting
from mistral_desk.core.errors import DeskError
from mistral_desk.inference.packs import adding, manifest, signature, standing, trial
from mistral_desk.inference.packs.archive import Pack
from mistral_desk.inference.protocol import Loaded, NeedImage
from tests.fixtures import fake_worker
from tests.fixtures.engine_packs import KEY, KEYS
from tests.fixtures.engine_stand_ins import FILES, described, installed
from tests.fixtures.engines import problem_of, run
from tools.package.engine_pack import public

if TYPE_CHECKING:
    from pathlib import Path

    from mistral_desk.core.errors import Problem
    from tests.fixtures.fake_worker import Step


def packed(file: Path, said: dict[str, Any] | bytes | None = None, *, lacks: str = "") -> Path:
    content = said if isinstance(said, bytes) else msgspec.json.encode(said or described())
    entries = {
        manifest.FILE: content,
        manifest.SIGNATURE: public(KEY) + KEY.sign(signature.signed(content)),
        **{f"lib/{name}": library for name, library in FILES.items()},
    }
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, entry in entries.items():
            if name != lacks:
                made.writestr(name, entry)
    return file


def refused(file: Path, target: Path | None = None) -> Problem:
    with pytest.raises(DeskError) as caught, Pack(file) as pack:
        pack.unpack(target or file.with_name("out"), lambda _share: None, lambda: False)
    return caught.value.problem


# --- the file -------------------------------------------------------------------------------------------------


def test_a_file_that_is_not_there_is_no_pack(tmp_path: Path) -> None:
    problem = refused(tmp_path / "none.zip")
    assert (problem.id, problem.params["reason"]) == ("pack.not_a_pack", "No such file or directory")


@pytest.mark.parametrize(
    "content", [b"", b"PK", b"no ZIP " * 1000, b"PK\x05\x06" + bytes(17), b"PK\x05\x06" + bytes(18)]
)
def test_what_is_no_zip_is_no_pack(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "pack.zip").write_bytes(content)
    assert refused(tmp_path / "pack.zip").id == "pack.not_a_pack"


@pytest.mark.parametrize("before", [b"", bytes(56), b"PK\x06\x06"])
def test_a_locator_that_leads_nowhere_is_refused(tmp_path: Path, before: bytes) -> None:
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, 0, 1)
    (tmp_path / "pack.zip").write_bytes(before + locator + b"PK\x05\x06" + bytes(18))
    assert refused(tmp_path / "pack.zip").params["reason"] == "it is not a ZIP file, or not all of it"


def test_one_without_a_description_or_with_an_endless_one_is_refused(tmp_path: Path) -> None:
    assert refused(packed(tmp_path / "none.zip", lacks=manifest.FILE)).id == "pack.not_a_pack"
    long = msgspec.json.encode(described()) + b" " * manifest.MOST_BYTES
    assert refused(packed(tmp_path / "long.zip", long)).id == "pack.not_a_pack"
    assert not (tmp_path / "out").exists()


def test_a_description_that_is_damaged_within_the_file_is_refused(tmp_path: Path) -> None:
    file = packed(tmp_path / "pack.zip")
    content = bytearray(file.read_bytes())
    at = content.index(manifest.FILE.encode()) + len(manifest.FILE)
    content[at : at + 8] = b"\xff" * 8
    file.write_bytes(content)
    assert refused(file).id == "pack.not_a_pack"


def lying(file: Path, name: str, real: bytes, said: bytes) -> Path:
    """A pack whose list and description say `said` of a library, behind which `real` is packed."""
    packed(file, lacks=f"lib/{name}")
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as made:
        made.writestr(f"lib/{name}", real)
    content = bytearray(file.read_bytes())
    entry = content.rindex(b"PK\x01\x02", 0, content.rindex(f"lib/{name}".encode()))
    if len(real) > len(said):
        content[entry + 16 : entry + 20] = struct.pack("<L", zlib.crc32(said))
    content[entry + 24 : entry + 28] = struct.pack("<L", len(said))  # its size in the list, which the reader believes
    file.write_bytes(content)
    return file


def test_a_library_that_ends_before_it_was_said_to_is_refused(tmp_path: Path) -> None:
    name = next(iter(FILES))
    problem = refused(lying(tmp_path / "pack.zip", name, FILES[name][:-1], FILES[name]))
    assert (problem.id, problem.params["file"]) == ("pack.damaged", name)
    assert problem.params["reason"] == "it ends too early, or goes on too long"


def test_of_one_that_goes_on_no_byte_more_is_written_than_was_said(tmp_path: Path) -> None:
    name = next(iter(FILES))
    with Pack(lying(tmp_path / "pack.zip", name, FILES[name] + b"and more" * 1000, FILES[name])) as pack:
        pack.unpack(tmp_path / "out", lambda _share: None, lambda: False)
    assert (tmp_path / "out" / "lib" / name).read_bytes() == FILES[name]


def test_where_nothing_can_be_written_it_is_not_kept(tmp_path: Path) -> None:
    file = packed(tmp_path / "pack.zip")
    (tmp_path / "file").write_bytes(b"")
    for target in (tmp_path / "file" / "beside", tmp_path):
        assert refused(file, target).id == "pack.not_kept"


# --- what it says of itself -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b" " * (manifest.MOST_BYTES + 1), "it is larger than an engine can be"),
        (
            msgspec.json.encode(
                described() | {"files": [{**one, "bytes": manifest.LARGEST} for one in described()["files"]]}
            ),
            "it is larger than an engine can be",
        ),
        (msgspec.json.encode(described() | {"format": 2}), "its form is of a newer Mistral Desk"),
    ],
)
def test_too_much_is_told_from_what_is_not_understood(content: bytes, reason: str) -> None:
    with pytest.raises(DeskError) as caught:
        manifest.read(content, "pack.zip")
    assert caught.value.problem.params["reason"] == reason


def test_without_the_binding_no_engine_is_for_here(monkeypatch: pytest.MonkeyPatch) -> None:
    made = msgspec.convert(described(), manifest.Manifest)
    monkeypatch.setattr(manifest, "BINDING", "no such package")
    with pytest.raises(DeskError) as caught:
        manifest.must_fit(made)
    assert str(caught.value.problem.params["here"]).endswith("no such package ?")


def test_a_line_that_is_no_key_makes_nobody_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "keys").write_text("QUJ\n!!\n" + "A" * 44 + "\n", encoding="ascii")
    monkeypatch.setattr(signature, "resource", lambda *_: tmp_path / "keys")
    assert signature.known_keys() == ()
    (tmp_path / "keys").write_bytes(b"\xff\xff")
    assert signature.known_keys() == ()


# --- adding ---------------------------------------------------------------------------------------------------


def left() -> list[str]:
    return [one.name for one in standing.place().iterdir()] if standing.place().exists() else []


def test_one_whose_name_is_taken_and_one_without_room_are_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = packed(tmp_path / "pack.zip")
    monkeypatch.setattr("shutil.disk_usage", lambda _place: type("Usage", (), {"free": adding.SPARE})())
    problem, params, _ = asyncio.run(_added(file))
    assert (problem, params["reason"]) == ("pack.not_kept", "there is too little room")
    assert left() == []
    installed("newer")
    assert asyncio.run(_added(file))[0] == "pack.there"
    assert left() == ["newer"]


async def _added(file: Path) -> tuple[str, dict[str, object], str]:
    return await problem_of(adding.add(file, keys=KEYS))


@pytest.mark.parametrize("when", ["at its beginning", "at its very end"])
def test_who_calls_it_off_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str) -> None:
    """At its very end, too, when all of it is unpacked already and nobody looks at the wish any more."""
    file = packed(tmp_path / "pack.zip")
    at_work, go_on = threading.Event(), threading.Event()
    sync = lasting.sync_folder

    def slowly(folder: Path) -> None:
        at_work.set()
        go_on.wait()
        sync(folder)

    async def test() -> None:
        def tell(_step: str, _share: float) -> None:
            if when == "at its beginning":
                at_work.set()
                go_on.wait()

        task = asyncio.ensure_future(adding.add(file, tell, keys=KEYS))
        await asyncio.to_thread(at_work.wait)
        task.cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert left() == []

    if when == "at its very end":
        monkeypatch.setattr(lasting, "sync_folder", slowly)
    run(test())


def test_the_engine_that_comes_along_needs_no_test() -> None:
    installed("newer")
    standing.use("newer")
    assert asyncio.run(adding.use("")) is None
    assert standing.read().current == ""


# --- its test -------------------------------------------------------------------------------------------------


def worker(folder: Path, script: list[Step], monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on each worker follows the script."""
    command = fake_worker.command(folder, script)
    monkeypatch.setattr("mistral_desk.inference.remote.worker_command", lambda: command)


def seeing(*steps: Step) -> list[Step]:
    return [
        fake_worker.HELLO,
        {"await": "load"},
        fake_worker.event(Loaded(0, fake_worker.SEEING)),
        *steps,
    ]


def said(text: str) -> list[Step]:
    return [{"await": "generate"}, *fake_worker.answer(text)]


RIGHT = [*said("It is 15."), *said("It is 13.")]


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ([fake_worker.HELLO, {"serve": {"load": fake_worker.loading(), "generate": fake_worker.answer("15 13")}}],
         "it cannot read the part of a model that sees pictures"),
        (seeing(*RIGHT, *said("A square.")), "it did not recognise a simple drawing"),
        (seeing({"await": "generate"}, fake_worker.event(NeedImage(0, "0" * 64)), {"await": "shutdown"}),
         "it asked for a picture that nobody spoke of"),
    ],
    ids=["blind", "no circle", "asks for a picture"],
)  # fmt: skip
def test_an_engine_that_fails_its_test_is_refused_and_it_is_said_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: list[Step], reason: str
) -> None:
    worker(tmp_path, script, monkeypatch)

    async def test() -> None:
        problem, params, _ = await problem_of(trial.try_out(tmp_path, "newer"))
        assert problem == "pack.refused"
        assert reason in str(params["reason"])

    run(test())


def test_one_that_is_silent_for_too_long_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    worker(tmp_path, [fake_worker.HELLO, {"serve": {}}], monkeypatch)
    monkeypatch.setattr(trial, "LIMIT_S", 0.0)

    async def test() -> None:
        _, params, _ = await problem_of(trial.try_out(tmp_path, "newer"))
        assert params["reason"] == "it did not answer in time"

    run(test())
