"""Models that were here before: other programs' are found in their own layouts and only read, own files come in place
or as a copy, and what cannot be used is named before somebody takes it.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final, get_args

import pytest

from mistral_desk.library import others
from mistral_desk.library.installed import Library
from mistral_desk.library.programs import System, places
from tests.fixtures.engines import run
from tests.fixtures.other_programs import COMMIT, OLDER, Someone, adopting, eyes, put, sha256, state, weights

if TYPE_CHECKING:
    from mistral_desk.library.adopt import Holding, Scanning
    from mistral_desk.library.candidates import Candidate
    from tests.fixtures.small_models import SmallModels

HUB: Final = "acme/Tiny-GGUF"
links = pytest.mark.skipif(sys.platform == "win32", reason="links are not for everybody there")


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return tmp_path / "Modelle für mich"


@pytest.fixture
def someone(tmp_path: Path) -> Someone:
    return Someone(tmp_path / "home")


@pytest.fixture
def library(tmp_path: Path, models: Path) -> Library:
    return Library(tmp_path / "data" / "library.json", lambda: [models])


def scanned(library: Library, models: Path, someone: Someone) -> dict[str, Holding]:
    """What a scan finds, by program; it changes nothing in anybody's folder."""
    found: list[Holding] = []

    async def test() -> None:
        found.extend(await adopting(library, models, someone).scan())

    before = state(someone.home)
    run(test())
    assert state(someone.home) == before
    return {holding.program: holding for holding in found}


def only(found: dict[str, Holding], program: str) -> Candidate:
    (one,) = found[program].candidates
    return one


# --- where each program keeps its models ----------------------------------------------------------------


@pytest.mark.parametrize("system", get_args(System))
def test_all_four_programs_are_found_on_each_system(
    system: System, tmp_path: Path, library: Library, models: Path, small_models: SmallModels
) -> None:
    someone = Someone(tmp_path / "home", system, links=system != "win32" and sys.platform != "win32")
    content, projector = weights(small_models), eyes(small_models)
    someone.hf(HUB, {"Tiny-Q4_K_M.gguf": content, "mmproj-F16.gguf": projector, "README.md": b"words"})
    someone.llama("acme/Flat-GGUF", "Q8_0", ("Flat-Q8_0.gguf", content), ("mmproj-Flat-f16.gguf", projector))
    someone.lmstudio("acme/Studio-GGUF", {"Studio-Q6_K.gguf": content, "mmproj-Studio.gguf": projector})
    blobs = someone.ollama(
        "registry.ollama.ai/library/tiny/1b", {"model": content, "projector": projector, "license": b"terms"}
    )
    found = scanned(library, models, someone)
    assert [holding.name for holding in found.values()] == ["Hugging Face", "llama.cpp", "LM Studio", "Ollama"]
    names = {program: (one.model.id, one.title) for program, one in ((p, only(found, p)) for p in found)}
    assert names == {
        "huggingface": ("acme/Tiny-GGUF:Q4_K_M", "Tiny-GGUF Q4_K_M"),
        "llamacpp": ("acme/Flat-GGUF:Q8_0", "Flat-GGUF Q8_0"),
        "lmstudio": ("acme/Studio-GGUF:Q6_K", "Studio-GGUF Q6_K"),
        "ollama": ("ollama:tiny:1b", "tiny:1b"),
    }
    for program, holding in found.items():
        (one,) = holding.candidates
        assert (one.problem, one.known, one.program) == (None, False, program)
        assert one.projector is not None, program
        assert one.bytes == len(content) + len(projector) == holding.bytes
        assert Path(one.path).read_bytes() == content
    assert only(found, "ollama").path == str(blobs / f"sha256-{sha256(content)}")
    assert only(found, "ollama").quantization == "Q4_K_M"


def test_variables_move_the_folders(tmp_path: Path) -> None:
    home, moved = tmp_path / "home", tmp_path / "moved"
    someone = Someone(home, "darwin")
    someone.environment = {
        "HF_HOME": str(moved / "hf"),
        "HF_HUB_CACHE": str(moved / "hub"),
        "LLAMA_CACHE": str(moved / "llama"),
        "OLLAMA_MODELS": f'"{moved / "ollama"}"',
    }
    expected = [moved / "hub", moved / "hf" / "hub", someone.hf_cache(), moved / "llama", moved / "ollama"]
    for folder in (*expected, someone.ollama_models()):
        folder.mkdir(parents=True)
    found = places(someone.computer)
    assert found["huggingface"] == (moved / "hub", moved / "hf" / "hub", someone.hf_cache())
    assert found["llamacpp"] == (moved / "llama",)
    assert found["ollama"] == (moved / "ollama", someone.ollama_models())
    someone.environment = {"HF_HOME": "not/absolute", "OLLAMA_MODELS": "", "LLAMA_CACHE": "\0"}
    assert places(someone.computer)["ollama"] == (someone.ollama_models(),)


def test_lm_studio_may_have_moved(tmp_path: Path, library: Library, models: Path, small_models: SmallModels) -> None:
    someone = Someone(tmp_path / "home", "win32")
    elsewhere = tmp_path / "Große Platte" / "models"
    someone.lmstudio(HUB, {"Tiny-Q4_K_M.gguf": weights(small_models)}, elsewhere)
    someone.lmstudio_moved(elsewhere)
    found = scanned(library, models, someone)
    assert (found["lmstudio"].folder, only(found, "lmstudio").title) == (str(elsewhere), "Tiny-GGUF Q4_K_M")
    # Its home can be another one, too.
    put(someone.home / ".lmstudio-home-pointer", f"{tmp_path / 'studio'}\n".encode())
    (someone.home / ".lmstudio" / "settings.json").unlink()
    someone.lmstudio("acme/Other-GGUF", {"Other-Q8_0.gguf": weights(small_models)}, tmp_path / "studio" / "models")
    assert only(scanned(library, models, someone), "lmstudio").title == "Other-GGUF Q8_0"


def test_ollama_as_a_service_of_linux(
    library: Library, models: Path, someone: Someone, small_models: SmallModels
) -> None:
    service = someone.home / "root" / "usr" / "share" / "ollama" / ".ollama" / "models"
    someone.ollama("registry.ollama.ai/library/tiny/latest", {"model": weights(small_models)}, service)
    assert only(scanned(library, models, someone), "ollama").title == "tiny:latest"


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="who may everything is not kept out")
def test_a_folder_of_somebody_else_is_named(library: Library, models: Path, someone: Someone) -> None:
    folder = someone.ollama_models()
    folder.mkdir(parents=True)
    folder.chmod(0)
    found: list[Holding] = []

    async def test() -> None:
        found.extend(await adopting(library, models, someone).scan())

    run(test())
    folder.chmod(0o700)
    assert [(one.program, one.problem.id) for one in found if one.problem] == [("ollama", "library.closed")]


# --- what each layout can hold --------------------------------------------------------------------------


@links
def test_a_cache_of_hugging_face_with_parts_old_commits_and_broken_links(
    library: Library, models: Path, someone: Someone, small_models: SmallModels
) -> None:
    first = small_models["mistral4_split"]
    parts = {path.name: path.read_bytes() for path in sorted(first.parent.glob("mistral4_split-*.gguf"))}
    if not parts:
        pytest.fail("the split model has no parts")
    older = weights(small_models) + b"\0"
    someone.hf(HUB, {"Tiny-Q4_K_M.gguf": older, "Old-Q8_0.gguf": weights(small_models)}, commit=OLDER)
    someone.hf(
        HUB,
        {
            "Tiny-Q4_K_M.gguf": weights(small_models),
            **{f"Q6_K/{name}": content for name, content in parts.items()},
            "Gone-Q2_K.gguf": None,
        },
    )
    put(someone.hf_cache() / "models--..--etc" / "snapshots" / COMMIT / "x.gguf", b"x")
    put(someone.hf_cache() / "datasets--acme--words" / "snapshots" / COMMIT / "x.gguf", b"x")
    found = {one.model.name: one for one in scanned(library, models, someone)["huggingface"].candidates}
    assert set(found) == {"Tiny-Q4_K_M", "mistral4_split", "Gone-Q2_K", "Old-Q8_0"}
    tiny = found["Tiny-Q4_K_M"].files[0]
    assert (tiny.sha256, tiny.repository, tiny.revision) == (sha256(weights(small_models)), HUB, COMMIT)
    assert [Path(file.path).name for file in found["mistral4_split"].files] == sorted(parts)
    assert found["mistral4_split"].files[0].origin.startswith("Q6_K/")
    gone = found["Gone-Q2_K"].problem
    assert gone is not None
    assert gone.id == "library.unusable"
    assert [name for name, one in found.items() if one.problem is None] == [
        "Old-Q8_0",
        "Tiny-Q4_K_M",
        "mistral4_split",
    ] or {name for name, one in found.items() if one.problem is None} == {"Old-Q8_0", "Tiny-Q4_K_M", "mistral4_split"}


def test_what_ollama_holds_and_what_it_only_names(
    library: Library, models: Path, someone: Someone, small_models: SmallModels
) -> None:
    content, public = weights(small_models), "registry.ollama.ai/library"
    someone.ollama(f"{public}/tiny/1b", {"model": content})
    someone.ollama("ollama.com/library/tiny/1b", {"model": content + b"1"}, generation="manifests-v2")
    someone.ollama("registry.ollama.ai/ada/own/latest", {"model": content + b"2", "system": b"Be kind."})
    someone.ollama(f"{public}/twin/1b", {"model": content + b"2"})
    someone.ollama("hf.co/acme/Tiny-GGUF/Q4_K_M", {"model": content + b"3", "template": b"t"})
    someone.ollama(f"{public}/tuned/1b", {"model": content + b"4", "adapter": b"a"})
    someone.ollama(f"{public}/gone/1b", {"model": None})
    someone.ollama(f"{public}/cloud/120b", {"license": b"terms"})
    someone.ollama(f"{public}/new/1b", {"tensor": b"t"})
    manifests = someone.ollama_models() / "manifests"
    put(manifests / public / "bad" / "1b", b"{{{")
    layer = {"mediaType": "application/vnd.ollama.image.model", "digest": "sha256:../../../etc/passwd", "size": 1}
    put(manifests / public / "evil" / "1b", json.dumps({"layers": [layer]}).encode())
    someone.ollama(f"{public}/child/1b", {"model": content + b"5"})
    child = manifests / public / "child" / "1b"
    digest = sha256(child.read_bytes())
    child.rename(someone.ollama_models() / "blobs" / f"sha256-{digest}")
    runners = [{"runner": "mlx", "digest": f"sha256:{'0' * 64}"}, {"runner": "ggml", "digest": f"sha256:{digest}"}]
    put(
        someone.ollama_models() / "manifests-v2" / "ollama.com" / "library" / "several" / "1b",
        json.dumps({"manifests": runners}).encode(),
    )
    found = {one.title: one for one in scanned(library, models, someone)["ollama"].candidates}
    reasons = {title: one.problem.params["reason"] if one.problem else None for title, one in found.items()}
    assert reasons == {
        "several:1b": None,
        "tiny:1b": None,
        "Tiny-GGUF Q4_K_M": None,
        "ada/own:latest": None,
        "tuned:1b": others.ADAPTED,
        "gone:1b": others.GONE,
        "new:1b": others.NO_FILE,
    }
    assert found["tiny:1b"].files[0].sha256 == sha256(content + b"1")
    assert found["Tiny-GGUF Q4_K_M"].model.id == "acme/Tiny-GGUF:Q4_K_M"


def test_what_is_half_or_no_model_is_named(
    library: Library, models: Path, someone: Someone, small_models: SmallModels
) -> None:
    content = weights(small_models)
    someone.lmstudio(
        HUB,
        {
            "Half-Q4_K_M.gguf": content[: len(content) // 2],
            "Words-Q8_0.gguf": b"no model at all",
            "Parts-Q8_0-00001-of-00003.gguf": content,
            "Good-Q6_K.gguf": content,
        },
    )
    found = {one.model.name: one.problem for one in scanned(library, models, someone)["lmstudio"].candidates}
    assert {name: problem.id if problem else None for name, problem in found.items()} == {
        "Half-Q4_K_M": "model.truncated",
        "Words-Q8_0": "model.not_gguf",
        "Parts-Q8_0": "library.incomplete",
        "Good-Q6_K": None,
    }


def test_llama_cpp_s_newer_cache_is_that_of_hugging_face(
    tmp_path: Path, library: Library, models: Path, someone: Someone, small_models: SmallModels
) -> None:
    cache = tmp_path / "llama"
    someone.environment["LLAMA_CACHE"] = str(cache)
    someone.links = sys.platform != "win32"
    someone.hf(HUB, {"Tiny-Q4_K_M.gguf": weights(small_models)}, cache)
    put(cache / "acme_Bare-GGUF_Bare-Q8_0.gguf", weights(small_models))
    found = scanned(library, models, someone)["llamacpp"].candidates
    assert {one.title for one in found} == {"Tiny-GGUF Q4_K_M", "acme_Bare-GGUF_Bare-Q8_0"}
    assert {one.program for one in found} == {"llamacpp"}


# --- taking them ----------------------------------------------------------------------------------------


def test_what_is_taken_is_in_the_library_and_never_written(
    library: Library, models: Path, someone: Someone, small_models: SmallModels
) -> None:
    content = weights(small_models)
    blobs = someone.ollama("registry.ollama.ai/library/tiny/1b", {"model": content, "projector": eyes(small_models)})

    async def test() -> None:
        room = adopting(library, models, someone)
        before = state(someone.home)
        (holding,) = await room.scan()
        (one,) = await room.take(holding.candidates)
        assert (one.id, one.origin, one.state, one.deletes) == ("ollama:tiny:1b", "ollama", "here", "forgets")
        assert library.find("ollama:tiny:1b") == one
        # Read again, its content is compared with the hash that its owner gave it, and that is kept elsewhere.
        assert [result.good for result in await library.verify(one)] == [True, True]
        verified = library.find(one.id)
        assert verified is not None
        assert verified.files[0].verified is not None
        assert state(someone.home) == before
        assert [again.known for again in (await room.scan())[0].candidates] == [True]
        assert await room.take((await room.scan())[0].candidates) == ()
        # Deleting only forgets it.
        gone = await library.delete(verified, for_good=True)
        assert (gone.freed, gone.forgotten) == (0, True)
        assert state(someone.home) == before
        assert library.find(one.id) is None
        # What its owner deletes is absent, not forgotten.
        await room.take(holding.candidates)
        (blobs / f"sha256-{sha256(content)}").unlink()
        await library.look()
        absent = library.find(one.id)
        assert absent is not None
        assert (absent.state, absent.problem.id if absent.problem else "") == ("absent", "library.absent")

    run(test())


def test_a_changed_file_of_another_program_is_not_what_it_was(
    library: Library, models: Path, someone: Someone, small_models: SmallModels
) -> None:
    content = weights(small_models)
    blobs = someone.ollama("registry.ollama.ai/library/tiny/1b", {"model": content})

    async def test() -> None:
        room = adopting(library, models, someone)
        (one,) = await room.take((await room.scan())[0].candidates)
        changed = bytearray(content)
        changed[-1] ^= 1
        (blobs / f"sha256-{sha256(content)}").write_bytes(changed)
        assert [result.good for result in await library.verify(one)] == [False]
        damaged = library.find(one.id)
        assert damaged is not None
        assert damaged.state == "damaged"

    run(test())


def test_own_files_are_used_where_they_are(
    tmp_path: Path, library: Library, models: Path, someone: Someone, small_models: SmallModels
) -> None:
    own = put(tmp_path / "Eigene" / "Mein Modell.gguf", weights(small_models))
    put(own.parent / "mmproj-Mein Modell.gguf", eyes(small_models))

    async def test() -> None:
        room = adopting(library, models, someone)
        (one,) = await room.look([own])
        assert (one.program, one.title, one.problem, one.quantization) == ("own", "Mein Modell", None, one.quantization)
        assert one.projector is not None
        (taken,) = await room.take([one])
        assert (taken.id, taken.origin) == (str(own), "own")
        assert (await room.look([own]))[0].known
        words = put(tmp_path / "words.gguf", b"words")
        paths = [words, tmp_path / "gone.gguf", own.parent / "mmproj-Mein Modell.gguf", tmp_path / ("n" * 300)]
        found = await room.look(paths)
        problems = [one.problem.id for one in found if one.problem]
        assert problems == ["model.not_gguf", "model.missing", "model.not_chat", "model.missing"]
        assert await room.take(found) == ()
        assert {one.title for one in await room.look([own.parent])} == {"Mein Modell"}

    run(test())
    assert not models.exists()
    assert sorted(path.name for path in own.parent.iterdir()) == ["Mein Modell.gguf", "mmproj-Mein Modell.gguf"]


def test_a_list_of_registered_models_that_makes_no_sense_is_set_aside(library: Library, tmp_path: Path) -> None:
    for rubbish in (b"", b"[]", b'{"format":1,"models":[3]}', b"[" * 9999):
        put(tmp_path / "data" / "adopted.json", rubbish)

        async def test() -> None:
            await library.look()

        run(test())
        assert library.problem is not None
        assert library.problem.id == "library.adopted_damaged"
        assert (tmp_path / "data" / str(library.problem.params["name"])).read_bytes() == rubbish


def test_a_scan_ends_when_it_is_cancelled(
    library: Library, models: Path, someone: Someone, small_models: SmallModels
) -> None:
    for number in range(3):
        someone.lmstudio(f"acme/Model-{number}", {"Tiny-Q4_K_M.gguf": weights(small_models)})

    async def test() -> None:
        begun, go, steps = threading.Event(), threading.Event(), list[int]()

        def told(now: Scanning) -> None:
            steps.append(now.found)
            if now.found == 1:
                begun.set()
                go.wait()

        task = asyncio.create_task(adopting(library, models, someone).scan(told))
        await asyncio.to_thread(begun.wait)
        task.cancel()
        await asyncio.sleep(0)
        go.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert max(steps) == 1

    run(test())
