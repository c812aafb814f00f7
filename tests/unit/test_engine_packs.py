"""Engine packs before anything of them runs: what is read of a stranger's file, who signed it, and which is in use."""

from __future__ import annotations

import contextlib
import stat
import struct
import sys
import zipfile
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mistral_desk.core.errors import DeskError
from mistral_desk.inference.packs import manifest, signature
from mistral_desk.inference.packs.archive import Pack
from tests.fixtures.engine_packs import KEY, OTHER
from tests.fixtures.engine_stand_ins import FILES, described
from tools.package.engine_pack import public

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


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


def test_a_list_is_as_long_as_its_record_of_64_bits_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reader believes that one, and would take memory for each entry; a pack of many gigabytes may have one."""
    file = packed(tmp_path / "pack.zip", described())
    content = file.read_bytes()
    at = content.rfind(b"PK\x05\x06")
    count, size, begin = struct.unpack_from("<HLL", content, at + 10)
    record = struct.Struct("<4sQ2H2L4Q").pack(b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, begin)
    content = content[:at] + record + struct.pack("<4sLQL", b"PK\x06\x07", 0, at, 1) + content[at:]
    file.write_bytes(content)
    with Pack(file) as pack:
        assert pack.made.name == "newer"
    small = len(content) - 22
    file.write_bytes(content[: small + 8] + bytes(8) + content[small + 16 :])
    monkeypatch.setattr("mistral_desk.inference.packs.archive._DIRECTORY_BYTES", size - 1)
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
        {"name": "choice.json"},
        {"name": "choice.7.part"},
        {"name": "nul"},
        {"name": "com1.x"},
        {"name": "newer."},
        {"name": "newer\n"},
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
