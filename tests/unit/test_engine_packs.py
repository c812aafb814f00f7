"""Engine packs before anything of them runs: what is read of a stranger's file, who signed it, and which is in use."""

from __future__ import annotations

import contextlib
import hashlib
import stat
import sys
import zipfile
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mistral_desk.core.errors import DeskError, Problem
from mistral_desk.core.paths import folders
from mistral_desk.inference.death import Ended
from mistral_desk.inference.packs import manifest, shelf, signature, standing
from mistral_desk.inference.packs.archive import Pack
from mistral_desk.inference.packs.watched import Watched
from mistral_desk.inference.protocol import Failed, Hello
from tests.fixtures.engine_packs import COMMIT, KEY, OTHER
from tools.package.engine_pack import public

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ENDING = {"win32": ("", ".dll"), "darwin": ("lib", ".dylib")}.get(sys.platform, ("lib", ".so"))
FILES = {f"{ENDING[0]}{stem}{ENDING[1]}": f"the library {stem}".encode() * 100 for stem in ("ggml", "llama", "mtmd")}
CRASHED = Ended(-11)
HELLO = Hello(5, "0", 1, "0", "", ())


def described(files: dict[str, bytes] = FILES, **changed: Any) -> dict[str, Any]:
    said = {
        "format": 1,
        "name": "newer",
        "llama_cpp": COMMIT,
        "binding": manifest.binding(),
        "system": manifest.system(),
        "machine": manifest.machine(),
        "kind": "cpu",
        "files": [
            {"name": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for name, content in files.items()
        ],
    }
    return said | changed


def packed(file: Path, said: dict[str, Any] | bytes, files: dict[str, bytes] | None = None, key: Any = KEY) -> Path:
    content = said if isinstance(said, bytes) else msgspec.json.encode(said)
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(manifest.FILE, content)
        if key:
            archive.writestr(manifest.SIGNATURE, public(key) + key.sign(signature.signed(content)))
        for name, library in (FILES if files is None else files).items():
            archive.writestr(f"lib/{name}", library)
    return file


def refused(file: Path, target: Path | None = None) -> tuple[str, str]:
    """The problem with a pack, and its reason."""
    with pytest.raises(DeskError) as caught, Pack(file) as pack:
        pack.unpack(target or file.with_name("out"), lambda _share: None, lambda: False)
    return caught.value.problem.id, str(caught.value.problem.params.get("reason", ""))


def installed(name: str) -> None:
    """An engine that was added, with files that are no libraries."""
    folder = standing.place() / name
    (folder / "lib").mkdir(parents=True)
    for file, content in FILES.items():
        (folder / "lib" / file).write_bytes(content)
    (folder / manifest.FILE).write_bytes(msgspec.json.encode(described(name=name)))
    (folder / manifest.SIGNATURE).write_bytes(b"")


# --- the file -------------------------------------------------------------------------------------------------


def test_a_whole_pack_is_unpacked_for_this_person_alone(tmp_path: Path) -> None:
    told: list[float] = []
    target = tmp_path / "beside"
    with Pack(packed(tmp_path / "pack.zip", described())) as pack:
        assert (pack.made.name, pack.signer) == ("newer", public(KEY))
        pack.unpack(target, told.append, lambda: False)
    assert {file.name: file.read_bytes() for file in (target / "lib").iterdir()} == FILES
    assert told == sorted(told)
    assert told[-1] == 1.0
    if sys.platform != "win32":
        assert {stat.S_IMODE(one.stat().st_mode) for one in (target, target / "lib")} == {0o700}
        assert {stat.S_IMODE(one.stat().st_mode) for one in (target / "lib").iterdir()} == {0o600}


@pytest.mark.parametrize(
    "name", ["../evil.so", "/evil.so", "..", "a/b.so", "a\\b.so", "C:x.dll", "con.dll", "x.exe", ".so", "libü.so"]
)
def test_no_file_gets_out_of_its_folder_by_its_name(tmp_path: Path, name: str) -> None:
    files = FILES | {name: b"evil"}
    assert refused(packed(tmp_path / "pack.zip", described(files), files))[0] == "pack.not_a_pack"
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "evil.so").exists()


@pytest.mark.parametrize("entry", ["../evil", "lib/../../evil", "other.txt", "lib/more.so", "lib/"])
def test_what_the_manifest_does_not_name_is_refused(tmp_path: Path, entry: str) -> None:
    file = packed(tmp_path / "pack.zip", described())
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(entry, b"")
    assert refused(file)[0] == "pack.not_a_pack"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["pack.zip"]


def test_links_are_refused(tmp_path: Path) -> None:
    name, *others = FILES
    file = packed(tmp_path / "pack.zip", described(), {one: FILES[one] for one in others})
    with zipfile.ZipFile(file, "a") as archive:
        link = zipfile.ZipInfo(f"lib/{name}")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    assert refused(file)[0] == "pack.not_a_pack"


def test_the_same_name_twice_is_refused(tmp_path: Path) -> None:
    file = packed(tmp_path / "pack.zip", described())
    with zipfile.ZipFile(file, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr(f"lib/{next(iter(FILES))}", b"another")
    assert refused(file)[0] == "pack.not_a_pack"


@pytest.mark.parametrize("change", [lambda content: content[:-1], lambda content: b"x" + content[1:]])
def test_another_content_is_refused_and_named(tmp_path: Path, change: Callable[[bytes], bytes]) -> None:
    name = next(iter(FILES))
    file = packed(tmp_path / "pack.zip", described(), FILES | {name: change(FILES[name])})
    with pytest.raises(DeskError) as caught, Pack(file) as pack:
        pack.unpack(tmp_path / "out", lambda _share: None, lambda: False)
    assert caught.value.problem.id == "pack.damaged"
    assert caught.value.problem.params["file"] == name


def test_a_list_of_a_million_entries_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "pack.zip"
    entry = b"PK\x01\x02" + bytes(42)
    file.write_bytes(entry * 60_000 + b"PK\x05\x06\0\0\0\0" + (60_000).to_bytes(2, "little") * 2
                     + (46 * 60_000).to_bytes(4, "little") + bytes(6))  # fmt: skip
    assert refused(file)[0] == "pack.not_a_pack"


@given(st.binary(max_size=300), st.integers(0, 2000))
def test_whatever_a_file_holds_is_a_pack_or_is_refused_in_words(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, at: int
) -> None:
    file = packed(tmp_path_factory.mktemp("noise") / "pack.zip", described())
    content = bytearray(file.read_bytes())
    content[at : at + len(noise)] = noise
    file.write_bytes(content)
    with contextlib.suppress(DeskError), Pack(file) as pack:
        pack.unpack(file.with_name("out"), lambda _share: None, lambda: False)
        assert {one.name: one.read_bytes() for one in (file.parent / "out" / "lib").iterdir()} == FILES


def test_one_that_is_called_off_ends(tmp_path: Path) -> None:
    with pytest.raises(InterruptedError), Pack(packed(tmp_path / "pack.zip", described())) as pack:
        pack.unpack(tmp_path / "out", lambda _share: None, lambda: True)


# --- what it says of itself -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"format": 0},
        {"format": 2},
        {"format": "1"},
        {"name": "../up"},
        {"name": "a" * 41},
        {"name": "A"},
        {"llama_cpp": "main"},
        {"kind": "rpc"},
        {"system": "plan9"},
        {"files": []},
        {"files": [{"name": "libllama.so", "bytes": 2**40, "sha256": "0" * 64}]},
        {"files": [{"name": "libllama.so", "bytes": -1, "sha256": "0" * 64}]},
        {"files": [{"name": "libllama.so", "bytes": 1, "sha256": "0"}]},
        {"files": described()["files"][:1]},
        {"files": described()["files"] * 100},
    ],
)
def test_what_a_pack_must_not_say(change: dict[str, Any]) -> None:
    with pytest.raises(DeskError) as caught:
        manifest.read(msgspec.json.encode(described() | change), "pack.zip")
    assert caught.value.problem.id == "pack.not_a_pack"


@pytest.mark.parametrize("change", [{"binding": "0.0.1"}, {"machine": "arm64"}, {"system": "windows"}])
def test_an_engine_for_elsewhere_is_not_for_here(change: dict[str, str]) -> None:
    said = described() | change
    if said == described():
        said["binding"] = "0.0.2"
    made = msgspec.convert(said, manifest.Manifest)
    with pytest.raises(DeskError) as caught:
        manifest.must_fit(made)
    assert caught.value.problem.id == "pack.not_for_here"


# --- who has signed it ----------------------------------------------------------------------------------------


def test_a_signature_that_is_not_this_manifest_s_is_told_from_one_of_somebody_unknown(tmp_path: Path) -> None:
    with Pack(packed(tmp_path / "other.zip", described(), key=OTHER)) as pack:
        assert pack.signer == public(OTHER)
    with Pack(packed(tmp_path / "none.zip", described(), key=None)) as pack:
        assert pack.signer == b""
    content = msgspec.json.encode(described())
    for wrong in (public(KEY) + OTHER.sign(signature.signed(content)), public(KEY) + KEY.sign(content), b"short"):
        with pytest.raises(DeskError) as caught:
            signature.signer(content, wrong, "pack.zip")
        assert caught.value.problem.id == "pack.bad_signature"


def test_a_source_tree_knows_nobody_and_a_bundle_the_keys_that_it_was_built_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert signature.known_keys() == ()
    (tmp_path / "keys").write_text(
        "QQJZdbrkRIPZjNm6N1V1pp1vdjnBjPrAHPrT63t4gvs=\nnonsense\nc2hvcnQ=\n", encoding="ascii"
    )
    monkeypatch.setattr(signature, "resource", lambda *_: tmp_path / "keys")
    assert [len(key) for key in signature.known_keys()] == [32]


# --- which one is in use --------------------------------------------------------------------------------------


@pytest.mark.allow_log("the engine .* was left")
def test_engines_are_used_one_after_the_other_and_left_for_the_one_before() -> None:
    installed("first")
    installed("second")
    assert standing.begin() == ("", None, 0)
    standing.use("first")
    standing.use("second")
    assert standing.begin()[0] == "second"
    heard: list[standing.Left] = []
    end = standing.listen(heard.append)
    assert standing.back("second", "it crashed")
    assert not standing.back("second", "it crashed again")
    assert standing.back("first", "it too")
    end()
    assert standing.begin() == ("", None, 0)
    assert [(one.name, one.before, one.reason) for one in heard] == [
        ("second", "first", "it crashed"),
        ("first", "", "it too"),
    ]
    assert standing.read().left == heard[-1]


@pytest.mark.allow_log("the engine .* (was left|cannot be used)")
@pytest.mark.parametrize("harm", ["gone", "shorter", "folder"])
def test_an_engine_whose_files_are_not_there_any_more_is_left_before_anything_starts(harm: str) -> None:
    installed("first")
    standing.use("first")
    file = standing.place() / "first" / "lib" / next(iter(FILES))
    if harm == "gone":
        file.unlink()
    elif harm == "shorter":
        file.write_bytes(FILES[file.name][:-1])
    else:
        shelf.clear(standing.place() / "first")
    assert standing.begin() == ("", None, 0)
    left = standing.read().left
    assert left is not None
    assert (left.name, left.reason) == ("first", standing.GONE)


@pytest.mark.allow_log("the engine first (was left|cannot be used)")
def test_an_engine_of_another_version_of_the_program_is_left_and_it_is_said_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    installed("first")
    standing.use("first")
    monkeypatch.setattr(manifest, "binding", lambda: "9.9.9")
    assert standing.begin() == ("", None, 0)
    left = standing.read().left
    assert left is not None
    assert left.reason == standing.ELSEWHERE


@pytest.mark.allow_log("the engine first was left")
def test_three_deaths_in_a_row_are_too_many_and_an_answer_in_between_begins_anew() -> None:
    installed("first")
    standing.use("first")
    for _ in range(2):
        assert not standing.died("first", "SIGSEGV")
    standing.answered("first")
    assert [standing.died("first", "SIGSEGV") for _ in range(3)] == [False, False, True]
    assert standing.read().current == ""


@pytest.mark.allow_log("the engine first was left")
@pytest.mark.parametrize(
    ("ended", "deaths"),
    [
        (CRASHED, 1),
        (Ended(0, "no bytes", misunderstood=True), 1),
        (Ended(0), 0),
        (Ended(-9), 0),
        (Ended(-15), 0),
        (Ended(-9, "it did not stop within 10 seconds"), 0),
        (Ended(-6, stderr=("terminate called after throwing an instance of 'std::bad_alloc'",)), 0),
    ],
)
@pytest.mark.skipif(sys.platform == "win32", reason="a negative status is a signal, which only POSIX has")
def test_only_what_an_engine_did_itself_counts(ended: Ended, deaths: int) -> None:
    installed("first")
    standing.use("first")
    watched = Watched({})
    watched.begin()
    assert watched.lets_through(HELLO)
    assert not watched.ended(ended, meant=False)
    assert standing.read().deaths == deaths


@pytest.mark.allow_log("the engine first was left")
def test_one_that_fails_before_it_says_hello_is_left_at_once_and_nobody_hears_of_it() -> None:
    installed("first")
    standing.use("first")
    watched = Watched({})
    assert watched.begin()[standing.VARIABLE].endswith("lib")
    assert not watched.lets_through(Failed(0, Problem("engine.missing", {"reason": "no symbol"})))
    assert watched.ended(Ended(1), meant=False)
    assert watched.begin() == {standing.VARIABLE: ""}
    left = standing.read().left
    assert left is not None
    assert left.reason == "no symbol"


@pytest.mark.allow_log("which engine is in use cannot be written down")
def test_where_nothing_can_be_written_an_engine_that_dies_at_its_start_is_tried_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    installed("first")
    standing.use("first")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(standing, "put_in_place", full)
    watched = Watched({})
    assert watched.begin()[standing.VARIABLE]
    assert watched.ended(Ended(1), meant=False)
    assert watched.begin() == {standing.VARIABLE: ""}
    assert not watched.ended(Ended(1), meant=False)


def test_a_process_that_is_ended_on_purpose_says_nothing_of_its_engine() -> None:
    installed("first")
    standing.use("first")
    watched = Watched({})
    watched.begin()
    assert not watched.ended(Ended(-9), meant=True)
    assert not Watched({standing.VARIABLE: "/elsewhere"}).ended(CRASHED, meant=False)
    assert standing.read() == standing.Choice("first")


def test_an_engine_in_use_is_not_removed_and_a_removed_one_is_not_gone_back_to() -> None:
    installed("first")
    installed("second")
    standing.use("first")
    standing.use("second")
    with pytest.raises(DeskError) as caught:
        shelf.remove("second")
    assert caught.value.problem.id == "pack.in_use"
    shelf.remove("first")
    assert [one.name for one in shelf.listed()] == ["second"]
    assert standing.read().before == ""
    assert [one.name for one in standing.place().iterdir() if one.is_dir()] == ["second"]


def test_a_choice_that_cannot_be_read_is_the_engine_that_comes_along(allow_log: Callable[..., None]) -> None:
    allow_log("which engine was chosen cannot be read")
    folders().ensure()
    standing.place().mkdir()
    (standing.place() / standing.FILE).write_bytes(b"{")
    assert standing.begin() == ("", None, 0)
