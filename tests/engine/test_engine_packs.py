"""Engine packs as they run: real libraries, whole and broken on purpose, in real processes."""

from __future__ import annotations

import asyncio
import shutil
import sys
from typing import TYPE_CHECKING, Final

import pytest

from mistral_desk.core.errors import DeskError
from mistral_desk.core.paths import folders, resource
from mistral_desk.inference.client import Engine, ModelSpec, Worker
from mistral_desk.inference.packs import adding, shelf, standing
from mistral_desk.inference.packs.archive import Pack
from mistral_desk.inference.protocol import Turn
from tests.fixtures import engine_packs
from tests.fixtures.engine_packs import (
    CRASH,
    KEYS,
    NOTHING,
    OTHER,
    break_code,
    break_start,
    changed,
    installed,
    library,
    pack,
)
from tests.fixtures.engines import problem_of, read, run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mistral_desk.core.errors import Problem
    from mistral_desk.inference.packs.adding import Done

QUESTION: Final = (Turn("user", "What is 7 plus 8?"),)
machine_code = pytest.mark.skipif(not engine_packs.HERE, reason="code is broken in ELF files for x86-64")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The libraries of this environment."""
    return engine_packs.libraries(tmp_path_factory.mktemp("engine") / "lib")


@pytest.fixture
def broken(whole: Path, tmp_path: Path) -> Path:
    """A copy of them that may be broken."""
    return shutil.copytree(whole, tmp_path / "broken")


def guide() -> ModelSpec:
    return ModelSpec(str(resource("model", "guide.gguf")), context=512, threads=1, projector="")


def added(file: Path) -> Done:
    return asyncio.run(adding.add(file, keys=KEYS))


def refused(file: Path) -> Problem:
    with pytest.raises(DeskError) as caught:
        added(file)
    assert not standing.place().exists() or list(standing.place().iterdir()) == []
    return caught.value.problem


def cut(libraries: Path) -> None:
    file = library(libraries, "llama")
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 3])


def crash_at_load(libraries: Path) -> None:
    break_start(library(libraries, "ggml-base"))


def answer_wrongly(libraries: Path) -> None:
    break_code(library(libraries, "ggml-cpu"), "ggml_vec_dot_q8_0_q8_0", NOTHING)


def crash_while_computing(libraries: Path) -> None:
    break_code(library(libraries, "ggml-cpu"), "ggml_vec_dot_q8_0_q8_0", CRASH)


def lack_a_function(libraries: Path) -> None:
    shutil.copyfile(library(libraries, "ggml"), library(libraries, "mtmd"))


def test_a_whole_engine_passes_in_its_cage_and_then_runs_the_models(whole: Path, tmp_path: Path) -> None:
    pack(whole, tmp_path / "pack.zip", "newer")
    done = added(tmp_path / "pack.zip")
    assert (done.added.name, done.added.known) == ("newer", True)
    assert done.tried.version.startswith("0.3.36 · newer ")
    assert done.tried.parts[-1].startswith("cpu")
    if sys.platform == "linux":
        assert done.tried.cage is not None
        assert done.tried.cage.tight
    assert standing.read().current == ""

    async def answered() -> tuple[str, str]:
        engine = Engine()
        try:
            await engine.ensure(guide())
            said = await read(engine.generate(QUESTION))
            assert engine.hello is not None
            if sys.platform == "linux":
                with open(f"/proc/{engine.pid}/maps", encoding="utf-8") as maps:  # noqa: PTH123 ASYNC230 - Linux's
                    places = {line.split(maxsplit=5)[5].strip() for line in maps if ".so" in line}
                ours = [place for place in places if place.rpartition("/")[2].startswith(("libggml", "libllama"))]
                assert ours
                assert all(place.startswith(str(standing.place() / "newer")) for place in ours)
            return engine.hello.llama_cpp, said
        finally:
            await engine.close()

    standing.use("newer")
    version, said = asyncio.run(answered())
    assert (version, said) == (done.tried.version, "7 plus 8 is 15.")


@machine_code
@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (cut, ""),  # a bus error, or words of a C library that looks at the length
        (crash_at_load, "SIGILL"),
        (answer_wrongly, "it answered a simple question wrongly"),
        (crash_while_computing, "SIGILL"),
        (lack_a_function, "undefined symbol"),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_a_broken_library_does_not_pass_and_leaves_nothing(
    broken: Path, tmp_path: Path, harm: Callable[[Path], None], reason: str
) -> None:
    harm(broken)
    pack(broken, tmp_path / "pack.zip")
    problem = refused(tmp_path / "pack.zip")
    assert problem.id == "pack.refused"
    assert reason in str(problem.params["reason"])


def test_a_wrong_hash_a_wrong_signature_and_an_unknown_signer_are_never_run(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def started(*_: object) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr(Worker, "start", started)
    file = tmp_path / "pack.zip"
    pack(whole, file)
    smallest = library(whole, "ggml").read_bytes()
    other = changed(file, tmp_path / "hash.zip", **{"lib/libggml.": smallest[:-1] + bytes([smallest[-1] ^ 1])})
    assert refused(other).id == "pack.damaged"
    with Pack(file) as opened:
        said, signed = opened.content, opened.signature
    other = changed(file, tmp_path / "said.zip", **{"engine.json": said.replace(b'"cpu"', b'"hip"')})
    assert refused(other).id == "pack.bad_signature"
    other = changed(file, tmp_path / "signature.zip", **{"engine.sig": signed[:-1] + bytes([signed[-1] ^ 1])})
    assert refused(other).id == "pack.bad_signature"
    pack(whole, tmp_path / "other.zip", key=OTHER)
    assert refused(tmp_path / "other.zip").id == "pack.unknown_signer"
    pack(whole, tmp_path / "none.zip", key=None)
    assert refused(tmp_path / "none.zip").id == "pack.unknown_signer"


@machine_code
@pytest.mark.allow_log("the engine newer was left")
def test_an_engine_that_dies_at_its_start_gives_way_within_the_same_question(whole: Path) -> None:
    libraries = installed(whole, "newer")
    standing.use("newer")
    crash_at_load(libraries)
    heard: list[standing.Left] = []
    end = standing.listen(heard.append)

    async def version() -> str:
        worker = Worker()
        try:
            return (await worker.start()).llama_cpp
        finally:
            await worker.close()

    assert asyncio.run(version()) == "0.3.36"
    end()
    assert [(one.name, one.before) for one in heard] == [("newer", "")]
    assert "SIGILL" in heard[0].reason
    assert standing.read() == standing.Choice(left=heard[0])
    assert [one.name for one in shelf.listed()] == ["newer"], "it stays, so that the person may try it again"
    with pytest.raises(DeskError) as caught:
        asyncio.run(adding.use("newer"))
    assert caught.value.problem.id == "pack.refused"


@machine_code
@pytest.mark.allow_log("the engine newer was left")
def test_an_engine_that_dies_three_times_gives_way_and_the_model_runs_again(whole: Path) -> None:
    libraries = installed(whole, "newer")
    standing.use("newer")
    crash_while_computing(libraries)

    async def test() -> None:
        for _ in range(standing.LIMIT):
            engine = Engine(cache=folders().cache)  # each as after a restart of the program
            assert (await problem_of(engine.ensure(guide())))[0] == "engine.died"
            await engine.close()
        engine = Engine(cache=folders().cache)
        try:
            await engine.ensure(guide())
            assert await read(engine.generate(QUESTION)) == "7 plus 8 is 15."
        finally:
            await engine.close()

    run(test())
    left = standing.read().left
    assert left is not None
    assert (standing.read().current, left.name) == ("", "newer")
