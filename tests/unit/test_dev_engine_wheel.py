"""The engine is built once for everything that decides it, and nothing half-built is ever taken for whole."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tools.dev import engine_wheel
from tools.dev.engine_wheel import Key
from tools.dev.locks import Pin
from tools.dev.steps import Failed, Steps

ROOT = Path(__file__).resolve().parents[2]
KEY = Key("0.3.36", ("sha256:aa",), (("GGML_NATIVE", "OFF"),), "linux-x86_64", "glibc2.36")
PIN = Pin("llama-cpp-python", "0.3.36", ("sha256:aa",), "llama-cpp-python==0.3.36 --hash=sha256:aa")

# Stands for .venv's Python: "compiles" as pip does, as far as its one argument says.
FAKE_PYTHON = f"""\
#!{sys.executable}
import os, pathlib, sys, time
folder = pathlib.Path(sys.argv[sys.argv.index("-w") + 1])
print("[1/4] Building C object a.o", flush=True)
(folder / "llama_cpp_python-0.3.36-py3-none-any.whl").write_bytes(b"half")
ending = os.environ["FAKE_ENDING"]
if ending != "silent":
    switches = "-march=native" if ending == "native" else "-msse4.2;-mavx2 GGML_AVX2"
    print("  -- Adding CPU backend variant ggml-cpu: " + switches, flush=True)
if ending == "hang":
    print("[2/4] Building C object b.o", flush=True)
    pathlib.Path(os.environ["FAKE_STARTED"]).write_text(str(os.getpid()))
    time.sleep(600)
if ending == "fail":
    print("error: no such instruction", flush=True)
    sys.exit(3)
(folder / "llama_cpp_python-0.3.36-py3-none-any.whl").write_bytes(b"a whole wheel")
"""
posix = pytest.mark.skipif(os.name == "nt", reason="the stand-in for Python is a script with a first line")


@pytest.fixture
def fake_python(tmp_path: Path) -> Path:
    path = tmp_path / "bin" / "python"
    path.parent.mkdir()
    path.write_text(FAKE_PYTHON, encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    "other",
    [
        {"version": "0.3.37"},
        {"source": ("sha256:bb",)},
        {"flags": (("GGML_NATIVE", "ON"),)},
        {"flags": (("GGML_NATIVE", "OFF"), ("CXXFLAGS", "-O1"))},
        {"platform": "linux-aarch64"},
        {"libc": "glibc2.41"},
    ],
)
def test_each_part_of_the_key_makes_another_wheel(other: dict[str, str]) -> None:
    changed = dataclasses.replace(KEY, **other)  # type: ignore[arg-type]
    assert changed.name != KEY.name
    assert KEY.name.startswith("llama-cpp-python-0.3.36-linux-x86_64-glibc2.36-")


def test_the_key_of_this_computer() -> None:
    key = engine_wheel.key_for(PIN, {})
    assert dict(key.flags)["GGML_NATIVE"] == "OFF"
    assert dict(key.flags)["GGML_OPENMP"] == "ON"
    assert engine_wheel.key_for(PIN, {"CXXFLAGS": "-march=native"}).name != key.name
    assert engine_wheel.key_for(PIN, {"EDITOR": "vi"}).name == key.name


def test_what_would_change_the_build_unseen_is_kept_out() -> None:
    asked = {"CMAKE_ARGS": "-DGGML_NATIVE=ON", "SKBUILD_CMAKE_ARGS": "x", "GGML_CUDA": "1", "CXX": "g++", "PATH": "/p"}
    made = engine_wheel.build_environment(Path("/v/bin/python"), asked)
    assert not {"SKBUILD_CMAKE_ARGS", "GGML_CUDA"} & set(made)
    assert "-DGGML_NATIVE=OFF" in made["CMAKE_ARGS"].split()
    assert "-DGGML_NATIVE=ON" not in made["CMAKE_ARGS"]
    assert made["CXX"] == "g++"
    assert made["PATH"].split(os.pathsep) == [str(Path("/v/bin")), "/p"]


def test_the_cache_is_the_person_s_own(tmp_path: Path) -> None:
    assert engine_wheel.cache_folder({"MISTRAL_DESK_BUILD_CACHE": str(tmp_path)}) == tmp_path
    if sys.platform.startswith("linux"):
        assert engine_wheel.cache_folder({"XDG_CACHE_HOME": "/x"}) == Path("/x/mistral-desk/wheels")
    assert engine_wheel.cache_folder({}).is_relative_to(Path.home())


def new_wheel(cache: Path, content: bytes) -> Path:
    folder = cache / f".building-{content.hex()}"
    folder.mkdir(parents=True)
    wheel = folder / "llama_cpp_python-0.3.36-py3-none-any.whl"
    wheel.write_bytes(content)
    return wheel


def test_a_kept_wheel_is_found_by_its_key_only(tmp_path: Path) -> None:
    assert engine_wheel.kept(KEY, tmp_path) is None
    placed = engine_wheel.keep(new_wheel(tmp_path, b"one"), KEY, tmp_path, 240.0)
    assert engine_wheel.kept(KEY, tmp_path) == placed
    assert engine_wheel.kept(dataclasses.replace(KEY, libc="glibc2.31"), tmp_path) is None
    assert json.loads((placed.parent / "build.json").read_text(encoding="utf-8"))["seconds"] == 240.0


@pytest.mark.parametrize("damage", ["shortened", "record", "no record", "no wheel"])
def test_a_damaged_wheel_is_not_taken_and_is_replaced(tmp_path: Path, damage: str) -> None:
    placed = engine_wheel.keep(new_wheel(tmp_path, b"one"), KEY, tmp_path, 1.0)
    record = placed.parent / "build.json"
    match damage:
        case "shortened":
            placed.write_bytes(b"on")
        case "record":
            record.write_text("[]", encoding="utf-8")
        case "no record":
            record.unlink()
        case _:
            placed.unlink()
    assert engine_wheel.kept(KEY, tmp_path) is None
    engine_wheel.keep(new_wheel(tmp_path, b"two"), KEY, tmp_path, 1.0)
    found = engine_wheel.kept(KEY, tmp_path)
    assert found is not None
    assert found.read_bytes() == b"two"
    assert [path.name for path in tmp_path.iterdir()] == [KEY.name]


@posix
def test_a_build_that_succeeds_is_kept(tmp_path: Path, fake_python: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_ENDING", "well")
    cache = tmp_path / "Zwischen Lager"
    steps = Steps(tmp_path / "log.txt")
    made = engine_wheel.build(PIN, KEY, cache, fake_python, steps)
    steps.close()
    assert made == engine_wheel.kept(KEY, cache)
    assert made.read_bytes() == b"a whole wheel"
    assert "[1/4] Building C object a.o" in (tmp_path / "log.txt").read_text(encoding="utf-8")


@posix
def test_a_build_that_fails_leaves_nothing(tmp_path: Path, fake_python: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_ENDING", "fail")
    cache = tmp_path / "cache"
    steps = Steps(tmp_path / "log.txt")
    with pytest.raises(Failed) as failed:
        engine_wheel.build(PIN, KEY, cache, fake_python, steps)
    steps.close()
    assert "status 3" in failed.value.what
    assert failed.value.tail[-1] == "error: no such instruction"
    assert list(cache.iterdir()) == []


@posix
@pytest.mark.parametrize("ending", ["native", "silent"])
def test_a_build_for_this_cpu_only_is_refused(
    tmp_path: Path, fake_python: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    """However the flags got lost on their way to the compiler."""
    monkeypatch.setenv("FAKE_ENDING", ending)
    cache = tmp_path / "cache"
    steps = Steps(tmp_path / "log.txt")
    with pytest.raises(Failed, match="tuned to this computer"):
        engine_wheel.build(PIN, KEY, cache, fake_python, steps)
    steps.close()
    assert list(cache.iterdir()) == []


@posix
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_build_that_is_interrupted_is_never_used(tmp_path: Path, fake_python: Path, end: signal.Signals) -> None:
    started = tmp_path / "started"
    cache = tmp_path / "cache"
    program = f"""
        import signal, sys
        from pathlib import Path
        from tools.dev import engine_wheel, main
        from tools.dev.steps import Steps
        from tests.unit.test_dev_engine_wheel import KEY, PIN
        signal.signal(signal.SIGTERM, main._as_interrupt)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        steps = Steps(Path({str(tmp_path / "log.txt")!r}))
        engine_wheel.build(PIN, KEY, Path({str(cache)!r}), Path({str(fake_python)!r}), steps)
    """
    building = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)],
        cwd=ROOT,
        env={**os.environ, "FAKE_ENDING": "hang", "FAKE_STARTED": str(started)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    assert building.stdout is not None
    while not started.exists() or not started.read_text(encoding="utf-8"):
        assert building.poll() is None, building.stdout.read()
    compiler = int(started.read_text(encoding="utf-8"))
    building.send_signal(end)
    if end == signal.SIGKILL:
        os.kill(compiler, signal.SIGKILL)  # nobody could end it: its parent was given no chance
    building.communicate(timeout=240)
    assert building.returncode != 0
    assert engine_wheel.kept(KEY, cache) is None
    if end != signal.SIGKILL:
        with pytest.raises(ProcessLookupError):
            os.kill(compiler, 0)
        assert list(cache.iterdir()) == []


def test_old_leftovers_are_swept_and_fresh_ones_are_not(tmp_path: Path) -> None:
    old, fresh = tmp_path / ".building-old", tmp_path / ".building-fresh"
    for folder in (old, fresh):
        folder.mkdir()
    os.utime(old, (0, 0))
    engine_wheel._sweep(tmp_path)
    assert not old.exists()
    assert fresh.exists()


def test_switches_that_only_one_cpu_has_are_seen() -> None:
    begin = "-- Adding CPU backend variant ggml-cpu: "
    assert engine_wheel.tuned_switches(begin + "-march=native ") == "-march=native"
    assert engine_wheel.tuned_switches(begin + "/arch:AVX512 GGML_AVX512") != ""
    assert engine_wheel.tuned_switches(begin + "-msse4.2;-mf16c;-mfma;-mbmi2;-mavx;-mavx2 GGML_AVX2;GGML_FMA") == ""
    assert engine_wheel.tuned_switches(begin + "-mcpu=native+dotprod") != ""


def test_progress_is_read_from_ninja() -> None:
    assert engine_wheel.ninja_position("  [12/345] Building CXX object ggml.o") == (12, 345)
    assert engine_wheel.ninja_position("-- Looking for pthread.h") is None
    assert engine_wheel.ninja_position("llama [12/345]") is None


def test_progress_in_words() -> None:
    assert engine_wheel.progress_words(50, 200, 30.0) == "25 %, 50 of 200, 30 s so far, about 1 min 30 s left"
    assert engine_wheel.progress_words(1, 200, 5.0) == "0 %, 1 of 200, 5.0 s so far"
    assert engine_wheel.progress_words(200, 200, 120.0) == "100 %, 200 of 200, 2 min 00 s so far"
