"""What is found out once and kept: it is read again where it could not be kept, and never believed of anything else."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from mistral_desk.catalog.hub_files import Listing, RemoteFile, Variant
from mistral_desk.core.errors import DeskError
from mistral_desk.core.paths import Folders, folders
from mistral_desk.fit.plan import Wishes
from mistral_desk.inference import model_file
from mistral_desk.inference.device import Device
from mistral_desk.inference.fitting import Fitting, model_facts, shelf, wish_file
from mistral_desk.inference.fitting.device_file import DeviceFile
from mistral_desk.inference.fitting.model_facts import Files
from mistral_desk.inference.fitting.remote_facts import RemoteFiles
from mistral_desk.inference.fitting.shelf import Kept, Shelf
from mistral_desk.inference.rpc import computers as others
from mistral_desk.inference.rpc.computers import MOST, Computer, Computers
from tests.fixtures.engines import problem_of, run
from tests.fixtures.gguf_outlines import Size, mixtral, write_outline

if TYPE_CHECKING:
    from tests.fixtures.small_models import SmallModels

CARD = Device("CUDA0", "a card", "gpu", 2**30, 2**30)


@pytest.fixture
def places(home: Path) -> Folders:
    return folders(str(home)).ensure()


@pytest.fixture
def contradictory(tmp_path: Path) -> Path:
    """A model that uses more experts than it has."""
    outline = mixtral(Size(layers=1))
    return write_outline(
        tmp_path / "odd.gguf", dataclasses.replace(outline, keys={**outline.keys, "expert_used_count": 9})
    )


def kept(tmp_path: Path, small_models: SmallModels) -> Kept:
    """What the shelf keeps of a model."""
    Files(tmp_path).look(small_models["dense"])
    (file,) = (tmp_path / shelf.FOLDER).iterdir()
    found = msgspec.msgpack.decode(file.read_bytes(), type=Kept)
    file.unlink()
    return found


# --- headers ------------------------------------------------------------------------------------------------------


def test_only_the_newest_headers_are_kept(
    tmp_path: Path, small_models: SmallModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelf, "MOST", 2)
    one, here = kept(tmp_path, small_models), Shelf(tmp_path)
    for number in range(3):
        here.put((number,), one)
        for file in (tmp_path / shelf.FOLDER).iterdir():  # each is older than the next one
            status = file.stat()
            os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns - 10**9))
    assert [here.get((number,)) is not None for number in range(3)] == [False, True, True]


def test_what_another_version_read_is_read_again(tmp_path: Path, small_models: SmallModels) -> None:
    one, here = kept(tmp_path, small_models), Shelf(tmp_path)
    here.put(("a",), one)
    here.put(("b",), msgspec.structs.replace(one, version="0.0.0"))
    assert here.get(("a",)) == one
    assert here.get(("b",)) is None


def test_where_headers_cannot_be_kept_they_are_read_each_time(tmp_path: Path, small_models: SmallModels) -> None:
    (tmp_path / "file").write_bytes(b"in the place of a folder")
    first = Files(tmp_path / "file").look(small_models["dense"])
    assert Files(tmp_path / "file").look(small_models["dense"]) == first


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere every name is valid Unicode")
def test_a_name_that_is_not_valid_unicode_costs_neither_the_facts_nor_anybody_s_wishes(
    places: Folders, small_models: SmallModels
) -> None:
    path = places.models / "Gr\udcfc\udcdfe.gguf"
    path.parent.mkdir(exist_ok=True)
    shutil.copy(small_models["dense"], path)
    found = Files(places.cache).look(path)
    assert found.key == f"Gr??e.gguf:{path.stat().st_size}"
    assert Files(places.cache).look(path) == found
    asyncio.run(Fitting(places).set_wishes(found.key, Wishes(context=512)))
    assert Fitting(places).wishes(found.key).context == 512


def test_of_many_files_the_oldest_is_looked_at_again(
    tmp_path: Path, small_models: SmallModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_facts, "_MOST_KNOWN", 2)
    inspect, read = model_file.inspect, list[str]()

    def counted(file: Path) -> model_file.ModelFile:
        read.append(file.name)
        return inspect(file)

    monkeypatch.setattr(model_file, "inspect", counted)
    paths = [Path(shutil.copy(small_models["dense"], tmp_path / f"{name}.gguf")) for name in "abc"]
    files = Files()
    for path in (*paths, paths[2], paths[1], paths[0]):
        files.look(path)
    assert read == ["a.gguf", "b.gguf", "c.gguf", "a.gguf"]


def test_a_header_that_contradicts_itself_is_damage_in_words_here_and_on_the_hub(contradictory: Path) -> None:
    with pytest.raises(DeskError) as caught:
        Files().look(contradictory)
    assert caught.value.problem.id == "model.damaged"
    assert caught.value.problem.params["reason"] == "9 experts used of 8"
    file = RemoteFile("odd.gguf", contradictory.stat().st_size, "0" * 64)
    variant = Variant("odd", "Q8_0", (file,), file.size)
    listing = Listing("acme/odd", "0" * 40, (variant,), (), ())
    remote = RemoteFiles(contradictory.parent / "cache")
    with pytest.raises(DeskError) as caught:
        remote.learn(listing, variant, [model_file.inspect(contradictory).header])
    assert caught.value.problem.id == "model.damaged"
    assert remote.known(listing, variant) is None


# --- devices, wishes, other computers -------------------------------------------------------------------------------


def test_devices_that_cannot_be_kept_are_known_for_this_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"in the place of a folder")
    here = DeviceFile(tmp_path / "file")
    here.learn([CARD])
    assert here.known() == (CARD,)
    assert DeviceFile(tmp_path / "file").known() is None


def test_damaged_wishes_that_cannot_be_moved_are_told_where_they_are(
    places: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows, while another program has the file open."""
    path = places.data / wish_file.FILE
    path.write_bytes(b"{")

    def held(_path: Path, _target: Path) -> None:
        raise PermissionError(13, "in use")

    monkeypatch.setattr(Path, "replace", held)
    (notice,) = Fitting(places).notices
    assert (notice.id, notice.params) == ("settings.damaged", {"aside": str(path)})
    assert path.read_bytes() == b"{"


def test_a_list_of_computers_that_cannot_be_written_holds_for_this_run(places: Folders) -> None:
    (places.settings.parent / others.FILE).mkdir(parents=True)
    made = Computers(places)
    with pytest.raises(DeskError) as caught:
        made.put("cellar", Computer("cellar"))
    assert caught.value.problem.id == "settings.not_saved"
    assert made.all() == (Computer("cellar"),)
    made.lost(["10.0.0.9:50052"])
    assert made.away(Computer("cellar")) == ""
    made.forget()
    assert made.all() == ()


def test_a_full_list_takes_no_further_computer_and_says_so(places: Folders) -> None:
    made = Computers(places)
    for number in range(MOST):
        made.put(f"10.0.0.{number}:50052", Computer(f"10.0.0.{number}:50052"))
    made.offline = lambda: True

    async def test() -> None:
        problem, params, _ = await problem_of(made.add("10.0.1.1"))
        assert (problem, params) == ("helper.many", {"most": MOST})
        assert (await problem_of(made.add("10.0.0.1")))[0] == "net.offline", "one that is there may be tested again"

    run(test())
