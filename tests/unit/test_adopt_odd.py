"""Models that were here before, in folders that are odd: parts, lists of nothing, links to nothing, gone meanwhile."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from mistral_desk.library import others
from mistral_desk.library.adopt import Adopting
from mistral_desk.library.candidates import candidate
from mistral_desk.library.installed import Library
from mistral_desk.library.part import StoppedError
from mistral_desk.library.programs import Computer, places
from mistral_desk.library.shelf_file import Installed, LibraryFile
from tests.fixtures.engines import problem_of, run
from tests.fixtures.other_programs import OLDER, Someone, adopting, put, sha256, weights

if TYPE_CHECKING:
    from mistral_desk.library.adopt import Holding, Scanning
    from mistral_desk.library.candidates import Candidate
    from tests.fixtures.small_models import SmallModels

HUB: Final = "acme/Tiny-GGUF"
PUBLIC: Final = "registry.ollama.ai/library"
NEVER: Final = threading.Event()


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture
def someone(tmp_path: Path) -> Someone:
    return Someone(tmp_path / "home", links=sys.platform != "win32")


@pytest.fixture
def library(tmp_path: Path, models: Path) -> Library:
    return Library(tmp_path / "data" / "library.json", lambda: [models])


def looked(room: Adopting, *paths: Path) -> tuple[Candidate, ...]:
    """What these are."""
    found: list[Candidate] = []

    async def test() -> None:
        found.extend(await room.look(paths))

    run(test())
    return tuple(found)


# --- what a person chose ------------------------------------------------------------------------------------


def test_any_part_of_a_model_brings_all_of_it_along_and_nothing_of_another(
    library: Library, models: Path, someone: Someone, small_models: SmallModels, tmp_path: Path
) -> None:
    first = small_models["mistral4_split"]
    folder = tmp_path / "Eigene"
    parts = sorted(first.parent.glob("mistral4_split-*.gguf"))
    for part in parts:
        put(folder / part.name, part.read_bytes())
    put(folder / "another-00001-of-00002.gguf", weights(small_models))
    put(folder / "mistral4_split-00001-of-00009.gguf", weights(small_models))
    for part in parts:
        (one,) = looked(adopting(library, models, someone), folder / part.name)
        assert one.problem is None
        assert [Path(file.path).name for file in one.files] == [part.name for part in parts]
    assert len(looked(adopting(library, models, someone), *(folder / part.name for part in parts))) == 1


def test_a_part_whose_folder_is_gone_is_named_as_not_there(
    library: Library, models: Path, someone: Someone, tmp_path: Path
) -> None:
    gone = tmp_path / "unplugged" / "big-00001-of-00002.gguf"
    (one,) = looked(adopting(library, models, someone), gone)
    assert one.problem is not None
    assert one.problem.id in {"model.missing", "library.incomplete"}


def test_a_file_in_another_program_s_folder_that_it_does_not_know_is_an_own_file(
    library: Library, models: Path, someone: Someone, small_models: SmallModels
) -> None:
    someone.ollama(f"{PUBLIC}/tiny/1b", {"model": weights(small_models)})
    mine = put(someone.ollama_models() / "mine.gguf", weights(small_models))
    (one,) = looked(adopting(library, models, someone), mine)
    assert (one.program, one.path, one.problem) == ("own", str(mine), None)


def test_a_folder_with_nothing_of_use_is_nothing(
    library: Library, models: Path, someone: Someone, tmp_path: Path
) -> None:
    put(tmp_path / "pictures" / "a.jpg", b"picture")
    assert looked(adopting(library, models, someone), tmp_path / "pictures") == ()


# --- copies -------------------------------------------------------------------------------------------------


def test_what_cannot_be_used_is_not_copied(
    library: Library, models: Path, someone: Someone, small_models: SmallModels
) -> None:
    someone.lmstudio(HUB, {"Half-Q4_K_M.gguf": weights(small_models)[:5000]})

    async def test() -> None:
        room = adopting(library, models, someone)
        (one,) = (await room.scan())[0].candidates
        assert (await problem_of(room.copy(one)))[0] == "model.truncated"

    run(test())
    assert not models.exists()


def test_a_copy_into_a_folder_that_is_no_longer_the_library_s_is_said_to_be_missing(
    tmp_path: Path, models: Path, someone: Someone, small_models: SmallModels
) -> None:
    """The models folder was changed while the copy was under way."""
    now = [models]
    library = Library(tmp_path / "data" / "library.json", lambda: [now[0]])
    someone.lmstudio(HUB, {"Tiny-Q4_K_M.gguf": weights(small_models)})

    def changes(_done: int, _total: int) -> None:
        now[0] = tmp_path / "another"

    async def test() -> None:
        room = Adopting(library, lambda: now[0], lambda: someone.computer)
        (one,) = (await room.scan())[0].candidates
        problem, params, _ = await problem_of(room.copy(one, changes))
        assert (problem, Path(str(params["path"])).name) == ("model.missing", "Tiny-Q4_K_M.gguf")

    run(test())


def test_a_copy_of_another_model_s_size_at_its_place_is_not_taken_for_it(
    library: Library, models: Path, someone: Someone, small_models: SmallModels
) -> None:
    content = weights(small_models)
    changed = content[:-1] + bytes([content[-1] ^ 1])
    copied: list[Path] = []
    someone.lmstudio(HUB, {"Tiny-Q4_K_M.gguf": content})

    async def test() -> None:
        room = adopting(library, models, someone)
        (one,) = (await room.scan())[0].candidates
        copied.append(put(Path((await room.copy(one)).path), changed))
        assert (await problem_of(room.copy(one)))[0] == "library.exists"

    run(test())
    assert copied[0].read_bytes() == changed


def test_a_copy_whose_origin_is_no_name_of_a_hub_has_no_list(
    library: Library, models: Path, someone: Someone, small_models: SmallModels, tmp_path: Path
) -> None:
    """Another program's folder may be called in a way that no repository of a hub is: it could not be repaired."""
    source = put(tmp_path / "odd" / "m.gguf", weights(small_models))
    file = LibraryFile(
        str(source), source.stat().st_size, sha256(weights(small_models)), "acme/Tiny", "../main", "m.gguf"
    )
    odd = Installed("odd", str(source), "m", "m", str(source.parent), (file,), origin="lmstudio")

    async def test() -> None:
        copied = await adopting(library, models, someone).copy(candidate(odd, ()))
        assert copied.state == "here"

    run(test())
    assert not list(models.rglob("*.blocks"))


def test_a_named_projector_that_does_not_fit_is_left_and_the_model_stays(
    library: Library, models: Path, someone: Someone, small_models: SmallModels
) -> None:
    someone.ollama(f"{PUBLIC}/blind/1b", {"model": weights(small_models), "projector": b"no projector"})
    found: list[Holding] = []

    async def test() -> None:
        found.extend(await adopting(library, models, someone).scan())

    run(test())
    (one,) = found[0].candidates
    assert (one.problem, one.projector) == (None, None)


# --- other programs' folders --------------------------------------------------------------------------------


@pytest.mark.parametrize("turn", [1, 2], ids=["while the first is looked at", "while the second is"])
def test_who_cancels_a_scan_gets_out(
    library: Library, models: Path, someone: Someone, small_models: SmallModels, turn: int
) -> None:
    for number in range(3):
        someone.lmstudio(f"acme/M{number}-GGUF", {"M-Q4_K_M.gguf": weights(small_models)})
    told: list[Scanning] = []

    async def test() -> None:
        reached, go = threading.Event(), threading.Event()

        def holds(now: Scanning) -> None:
            told.append(now)
            if len(told) == turn:
                reached.set()
                go.wait()

        task = asyncio.create_task(adopting(library, models, someone).scan(holds))
        await asyncio.to_thread(reached.wait)
        task.cancel()
        await asyncio.sleep(0)
        go.set()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(test())
    assert len(told) == turn, "nothing more was looked at"


def test_each_finder_ends_when_it_is_told_to(someone: Someone) -> None:
    folders = {
        others.huggingface: someone.hf(HUB, {"a-Q4_0.gguf": b"x"}).parents[2],
        others.llamacpp: someone.llama(HUB, "Q4_0", ("a-Q4_0.gguf", b"x")).parent,
        others.lmstudio: someone.lmstudio(HUB, {"a-Q4_0.gguf": b"x"}).parents[1],
        others.ollama: someone.ollama(f"{PUBLIC}/a/1b", {"model": b"x"}).parent,
    }
    stop = threading.Event()
    stop.set()
    for finder, folder in folders.items():
        assert list(finder(folder, NEVER))
        with pytest.raises(StoppedError):
            list(finder(folder, stop))


def test_a_folder_that_goes_while_it_is_scanned_is_named(
    library: Library, models: Path, someone: Someone, small_models: SmallModels
) -> None:
    """As one whose owner keeps others out."""
    someone.lmstudio(HUB, {"Tiny-Q4_K_M.gguf": weights(small_models)})
    found: list[Holding] = []

    def goes(now: Scanning) -> None:
        shutil.rmtree(now.folder)

    async def test() -> None:
        found.extend(await adopting(library, models, someone).scan(goes))

    run(test())
    assert [(one.program, one.candidates, one.problem and one.problem.id) for one in found] == [
        ("lmstudio", (), "library.closed")
    ]


def test_programs_that_hold_nothing_are_left_out(library: Library, models: Path, someone: Someone) -> None:
    someone.ollama_models().mkdir(parents=True)
    someone.llama_cache().mkdir(parents=True)
    found: list[Holding] = []

    async def test() -> None:
        found.extend(await adopting(library, models, someone).scan())

    run(test())
    assert found == []


@pytest.mark.skipif(sys.platform == "win32", reason="links are not for everybody there")
def test_a_cache_of_hugging_face_without_a_newest_commit_and_with_links_to_nothing(
    someone: Someone, small_models: SmallModels
) -> None:
    snapshot = someone.hf(HUB, {"Tiny-Q4_K_M.gguf": weights(small_models)})
    someone.hf(HUB, {"Older-Q8_0.gguf": weights(small_models)}, commit=OLDER)
    repository = snapshot.parent.parent
    (repository / "refs" / "main").unlink()
    (snapshot.parent / ("f" * 40)).symlink_to("nowhere")
    put(snapshot.parent / ".hidden" / "x.gguf", b"x")
    found = list(others.huggingface(someone.hf_cache(), NEVER))
    assert {model.name for model, _ in found} == {"Tiny-Q4_K_M", "Older-Q8_0"}
    assert all(problem is None for _, problem in found)


def test_lists_of_llama_cpp_that_name_nothing_or_state_another_size_say_nothing(someone: Someone) -> None:
    file = someone.llama("acme/Flat-GGUF", "Q8_0", ("Flat-Q8_0.gguf", b"weights"))
    cache = file.parent
    put(cache / "manifest=acme=Flat-GGUF=Q2_K.json", json.dumps({"ggufFile": {"rfilename": "gone.gguf"}}).encode())
    put(cache / "manifest=acme=Flat-GGUF=bad.json", b"[]")
    put(cache / "manifest=..=Flat-GGUF=x.json", b"{}")
    (known,) = [model for model, _ in others.llamacpp(cache, NEVER)]
    assert (known.id, len(known.files[0].sha256)) == ("acme/Flat-GGUF:Q8_0", 64)
    file.write_bytes(b"other weights")
    (changed,) = [model for model, _ in others.llamacpp(cache, NEVER)]
    assert (changed.id, changed.files[0].sha256) == ("acme/Flat-GGUF:Q8_0", ""), "it is not the file that was fetched"


def test_a_manifest_of_ollama_that_leads_to_manifests_only_is_no_model(someone: Someone) -> None:
    """However deep the list of lists is, it is followed once."""
    blobs = someone.ollama(f"{PUBLIC}/real/1b", {"model": b"weights"})
    real = someone.ollama_models() / "manifests" / PUBLIC / "real" / "1b"
    inner = real.read_bytes()
    for depth in range(3):
        put(blobs / f"sha256-{sha256(inner)}", inner)
        inner = json.dumps({"manifests": [{"runner": "ggml", "digest": f"sha256:{sha256(inner)}"}]}).encode()
        put(someone.ollama_models() / "manifests" / PUBLIC / f"deep{depth}" / "1b", inner)
    found = {model.title for model, _ in others.ollama(someone.ollama_models(), NEVER)}
    assert "deep0:1b" in found
    assert "deep2:1b" not in found


def test_what_lies_deeper_than_any_program_puts_it_is_not_looked_for(someone: Someone) -> None:
    top = someone.lmstudio(HUB, {"a-Q4_0.gguf": b"x"}).parents[1]
    put(top.joinpath(*"abcdefgh", "deep-Q4_0.gguf"), b"x")
    assert [model.name for model, _ in others.lmstudio(top, NEVER)] == ["a-Q4_0"]


@pytest.mark.parametrize(
    ("written", "below_home"), [("~/Modelle", "Modelle"), ("~", ""), ("'~/m'", "m"), ("~\\m", "m")]
)
def test_a_folder_that_is_named_with_a_tilde_is_below_the_person_s_home(
    tmp_path: Path, written: str, below_home: str
) -> None:
    computer = Computer({"OLLAMA_MODELS": written}, tmp_path, "linux", tmp_path / "root")
    assert computer.named("OLLAMA_MODELS") == tmp_path / below_home


def test_a_pointer_of_lm_studio_to_no_whole_path_is_not_followed(tmp_path: Path) -> None:
    someone = Someone(tmp_path / "home")
    put(someone.home / ".lmstudio-home-pointer", b"../elsewhere")
    someone.lmstudio(HUB, {"a-Q4_0.gguf": b"x"})
    someone.lmstudio(HUB, {"b-Q4_0.gguf": b"x"}, tmp_path / "elsewhere" / "models")
    assert places(someone.computer)["lmstudio"] == (someone.home / ".lmstudio" / "models",)
