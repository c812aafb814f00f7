"""Engines and files that are not as they should be: builds that lack functions, weights that change, odd libraries."""

from __future__ import annotations

import _ctypes
import ctypes
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pytest

from mistral_desk.core.errors import DeskError
from mistral_desk.inference import child, model_file, projector_file
from mistral_desk.inference.client import Engine, ModelSpec, Worker
from mistral_desk.inference.device import Device
from mistral_desk.inference.engine import backends, buffers, core_speed, device_speed, native, others, weights
from mistral_desk.inference.engine.picture_rows import line_break
from mistral_desk.inference.protocol import Turn
from mistral_desk.inference.rpc import places
from tests.fixtures import gguf_broken
from tests.fixtures.engines import SPEC, problem_of, run
from tests.fixtures.gguf_projector import projector

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fixtures.small_models import SmallModels

SOME_LIBRARY: Final = Path(_ctypes.__file__)
"""A library that loads everywhere and has none of an engine's functions."""
LOGS: Final[list[native.Log]] = []
"""C keeps only a pointer to them."""
PREFIX, SUFFIX = ("ggml-", ".dll") if sys.platform == "win32" else ("libggml-", ".so")


@pytest.fixture
def another_build(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An engine whose libraries have none of the functions that we look up."""
    monkeypatch.setattr(native.lib, "_lib", ctypes.CDLL(str(SOME_LIBRARY)))
    monkeypatch.setattr(native, "FOLDER", tmp_path)


def nothing(_name: str) -> Any:
    """What a build without backends answers."""
    return None


@pytest.mark.usefixtures("another_build")
def test_a_build_that_lacks_functions_is_done_without_or_named(small_models: SmallModels) -> None:
    file = model_file.inspect(small_models["dense"])
    told: list[float] = []
    weights.look_at(file, told.append, lambda: False)

    assert native.devices() == ()
    assert "llama.cpp " not in native.system()
    assert told == [], "nobody can tell what these weights are"
    assert not core_speed.core_rates().known
    with pytest.raises(DeskError) as caught:
        buffers.function("ggml_no_such_function", None)
    assert caught.value.problem.id == "engine.missing"
    with pytest.raises(DeskError) as caught:
        others._ggml("ggml_no_such_function", None)
    assert caught.value.problem.id == "helper.no_library"


def test_what_cannot_be_measured_is_left_as_it_is() -> None:
    small = Device("CPU", "a processor", "cpu", 1 << 20, 1 << 30)
    npu = Device("NPU0", "an accelerator", "accelerator", 8 << 30, 8 << 30)

    assert device_speed.measured([small, npu]) == (small, npu)


def test_an_engine_without_a_part_for_this_processor_says_so(tmp_path: Path) -> None:
    """One part is no library, another one loads and does not say for whom it is."""
    (tmp_path / f"{PREFIX}cpu-zen4{SUFFIX}").write_bytes(b"no library")
    shutil.copy(SOME_LIBRARY, tmp_path / f"{PREFIX}cpu-haswell{SUFFIX}")

    assert backends.score(tmp_path / f"{PREFIX}cpu-haswell{SUFFIX}") == 0
    assert backends.best(tmp_path) is None
    before = Path.cwd()
    try:
        with pytest.raises(RuntimeError, match="no backend"):
            backends.load(tmp_path, nothing)
        (tmp_path / f"{PREFIX}cpu{SUFFIX}").write_bytes(b"no library")
        with pytest.raises(RuntimeError, match="no backend"):
            backends.load(tmp_path, nothing)
    finally:
        os.chdir(before)


def test_a_program_without_llama_cpp_says_what_is_missing() -> None:
    code = "import sys; sys.modules['llama_cpp'] = None; from mistral_desk.inference.worker import main; main()"

    async def test() -> None:
        engine = Engine([sys.executable, "-c", code, "--worker"])
        try:
            found = await problem_of(engine.ensure(SPEC))
            assert found[:2] == ("engine.missing", {"reason": "llama_cpp is not there"})
        finally:
            await engine.close()

    run(test())


@pytest.mark.skipif(sys.platform == "win32", reason="its pipes do not tell whether there is more in them")
def test_last_words_are_read_also_where_the_reader_had_no_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a busy computer: the process is over before any of what it said was read."""
    monkeypatch.setattr(child, "_DRAIN_S", 0.0)
    code = "import sys; sys.stderr.write('word\\n' * 12_000 + 'std::bad_alloc\\n'); sys.exit(3)"

    async def test() -> None:
        for _ in range(10):
            engine = Engine([sys.executable, "-c", code, "--worker"])
            try:
                assert (await problem_of(engine.ensure(SPEC)))[0] == "engine.out_of_memory"
            finally:
                await engine.close()

    run(test())


def _no_file(_path: Path) -> None:
    """It is not there."""


def _text(path: Path) -> None:
    path.write_bytes(b"no library")


def _other(path: Path) -> None:
    shutil.copy(SOME_LIBRARY, path)


@pytest.mark.parametrize("make", [_no_file, _text, _other])
def test_a_part_for_other_computers_that_is_none_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, make: Callable[[Path], None]
) -> None:
    path = tmp_path / f"rpc{SUFFIX}"
    make(path)
    monkeypatch.setenv(places.LIBRARY, str(path))
    with pytest.raises(DeskError) as caught:
        others.load()

    assert caught.value.problem.id == "helper.no_library"
    assert caught.value.problem.params["reason"]


def _unlinked(path: Path) -> None:
    path.unlink()


def _cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


@pytest.mark.parametrize(("change", "problem"), [(_unlinked, "model.missing"), (_cut, "model.truncated")])
def test_weights_that_go_while_they_are_looked_at_are_named(
    small_models: SmallModels, tmp_path: Path, change: Callable[[Path], None], problem: str
) -> None:
    path = tmp_path / "model.gguf"
    shutil.copy(small_models["dense"], path)
    file = model_file.inspect(path)
    change(path)
    with pytest.raises(DeskError) as caught:
        weights.look_at(file, lambda _: None, lambda: False)

    assert caught.value.problem.id == problem


def test_weights_of_a_type_that_only_a_newer_engine_knows_are_not_judged(tmp_path: Path) -> None:
    (case,) = (one for one in gguf_broken.CASES if one.name == "tensor-type-unknown")
    file = model_file.inspect(case.make(tmp_path / "model.gguf"))
    told: list[float] = []
    weights.look_at(file, told.append, lambda: False)

    assert told[-1] == pytest.approx(1.0)
    assert len(told) == len(file.tensors) - 1


@pytest.mark.parametrize("kind", ["F32", "F16", "BF16", "Q8_0"])
def test_the_vector_between_two_lines_of_a_picture_is_read_in_every_plain_type(
    tmp_path: Path, small_models: SmallModels, kind: str
) -> None:
    path = projector(tmp_path / "eyes.gguf", tensor_types={"v.token_embd.img_break": kind})
    found = line_break(projector_file.inspect(path, model_file.inspect(small_models["mistral4"])))
    exact = line_break(
        projector_file.inspect(projector(tmp_path / "exact.gguf"), model_file.inspect(small_models["mistral4"]))
    )

    assert exact is not None
    if kind == "Q8_0":
        assert found is None, "it would have to be unpacked"
    else:
        assert found is not None
        np.testing.assert_allclose(found, exact, rtol=1e-2)


def test_the_log_has_whole_lines_and_the_last_word_on_buffers(capsys: pytest.CaptureFixture[str]) -> None:
    log = native.Log()
    LOGS.append(log)
    warning, info, more = 3, 2, 5
    for level, text in [
        (warning, b"half a "),
        (more, b"line\nand "),
        (more, b"another\n\n"),
        (info, b"loaded 1 file\n"),
        (info, b"CPU model buffer size = 12.00 MiB\n"),
        (more, b"of no use\n"),
        (warning, None),
        (warning, b"\xff\n"),
    ]:
        log._callback(level, text, None)

    assert log.report() == "half a line\nand another\n\N{REPLACEMENT CHARACTER}"
    assert log.buffers == ("CPU model buffer size = 12.00 MiB",)
    assert capsys.readouterr().err.splitlines() == [f"llama.cpp: {line}" for line in log.report().splitlines()]
    log.forget()
    assert log.report() == "".join(log.buffers) == ""


def test_a_line_about_something_else_is_no_buffer() -> None:
    assert buffers.placed(["nothing that is known", "x model size: many MiB"]) == ()


def test_a_worker_that_is_asked_before_it_has_a_model_says_so_and_loads_one(small_models: SmallModels) -> None:
    async def test() -> None:
        worker = Worker()
        try:
            await worker.start()
            assert (await problem_of(worker.count([Turn("user", "Hi")])))[0] == "engine.no_model"
            await worker.load(ModelSpec(str(small_models["dense"]), 512, 1))
            assert (await worker.count([Turn("user", "Hi")])).tokens
        finally:
            await worker.close()

    run(test())
