"""The engine that the installers bring: llama.cpp for every processor and every graphics card, from one recipe.

installer/llama/recipe.json says what goes in, installer/llama/README.md why. Compiling takes a quarter of an hour, so
the wheel is kept by everything that decides it, beside the developers' own.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import sysconfig
import tarfile
import tempfile
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tools.dev import engine_wheel, system
from tools.dev.engine_wheel import Key, digest_of
from tools.dev.steps import Failed, duration
from tools.package import debian

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tools.dev.locks import Pin
    from tools.dev.steps import Steps

RECIPE: Final = Path(__file__).resolve().parents[2] / "installer" / "llama" / "recipe.json"
NEWEST_GLIBC: Final = 34
"""glibc 2.34 is what Qt's own wheels ask for; the engine asks for no more."""
_LIBRARY: Final = re.compile(r"llama_cpp/lib/(?!(lib)?(llama-common|cpp-httplib))[^/]+\.(so|dylib|dll|metallib)[^/]*$")
"""What llama.cpp's own programs share is compiled and installed along with the rest, and nobody here needs it."""
_TODO: Final = "Nothing half-built was kept; the same command starts the build anew. The log names the first error."


def recipe() -> dict[str, Any]:
    """What installer/llama/recipe.json says."""
    return dict(json.loads(RECIPE.read_text(encoding="utf-8")))


def flags(said: Mapping[str, Any], platform: str = sys.platform) -> dict[str, str]:
    """The build's switches on a platform."""
    return {**said["flags"], **said.get(platform, {})}


def pins(said: Mapping[str, Any]) -> debian.Pins:
    """The tools of a newer Debian."""
    part = said["debian"]
    decides = {name: (version, sha) for name, (version, sha) in part["decides"].items()}
    return debian.Pins(part["suite"], decides, tuple(part["carries"]))


def key_for(pin: Pin, environment: Mapping[str, str] = os.environ) -> Key:
    """The key of the installers' wheel: the developers' one with these switches and the tools' hashes."""
    said = recipe()
    mine = tuple(sorted(flags(said).items()))
    if sys.platform == "linux":
        mine += tuple((name, sha) for name, (_, sha) in sorted(pins(said).decides.items()))
    base = engine_wheel.key_for(pin, environment)
    asked = tuple(one for one in base.flags if one[0] not in engine_wheel.FLAGS)
    return Key(base.version, base.source, (*mine, *asked), sysconfig.get_platform(), base.libc)


def wheel(pin: Pin, python: Path, steps: Steps) -> Path:
    """The wheel built earlier, else a new one. Raises `Failed`."""
    cache, key = engine_wheel.cache_folder(), key_for(pin)
    return engine_wheel.kept(key, cache) or _build(pin, key, cache, python, steps)


def _build(pin: Pin, key: Key, cache: Path, python: Path, steps: Steps) -> Path:
    if lacking := system.missing([system.COMPILER]):
        if system.manager() != "apt" or not system.is_root():
            line = system.install_line(lacking, system.manager(), sudo=not system.is_root())
            raise Failed(
                "This computer has no C++ compiler.", f"Type this line, then the same command again:\n  {line}"
            )
        system.install_with_apt(lacking, steps)
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".building-", dir=cache, ignore_cleanup_errors=True) as name:
        work = Path(name)
        done = work / "wheel"
        done.mkdir()
        places = _graphics(cache, work, steps) if sys.platform == "linux" else {}
        with steps.step(f"llama.cpp: its source, {pin.version}, checked by hash"):
            source = _source(pin, work, python, steps)
        began = time.monotonic()

        def watch(text: str) -> None:
            if position := engine_wheel.ninja_position(text):
                steps.progress(engine_wheel.progress_words(*position, time.monotonic() - began))
            elif time.monotonic() - began < 30:
                steps.progress(f"preparing, {duration(time.monotonic() - began)}")

        with steps.step("llama.cpp: compiling for every processor and graphics card, once (20 minutes on 2 cores)"):
            command = [str(python), "-m", "pip", "wheel", "-v", "--no-deps", "--no-build-isolation", "--no-cache-dir"]
            environment = _environment(python, work, places)
            steps.run([*command, "-w", str(done), str(source)], env=environment, on_line=watch, todo=_TODO)
            made = list(done.glob("*.whl"))
            if len(made) != 1:
                raise Failed(f"the build left {len(made)} wheels instead of one", _TODO)
            if wrong := faults(made[0], str(cache)):
                raise Failed("the engine is not fit for other computers: " + "; ".join(wrong), _TODO)
            return engine_wheel.keep(made[0], key, cache, time.monotonic() - began)


def _source(pin: Pin, work: Path, python: Path, steps: Steps) -> Path:
    asked = work / "engine.txt"
    asked.write_text(pin.text + "\n", encoding="utf-8")
    command = [str(python), "-m", "pip", "download", "--no-deps", "--no-build-isolation", "--no-binary", ":all:"]
    steps.run([*command, "--require-hashes", "-r", str(asked), "-d", str(work)], todo=_TODO)
    with tarfile.open(next(work.glob("*.tar.gz"))) as archive:
        archive.extractall(work / "unpacked", filter="data")
    return next((work / "unpacked").iterdir())


def _graphics(cache: Path, work: Path, steps: Steps) -> dict[str, str]:
    """Where the graphics backend's compiler, headers and loader are."""
    root = debian.unpacked(pins(recipe()), cache / "graphics-tools", steps)
    library = root / "usr" / "lib" / "x86_64-linux-gnu"
    return {
        "Vulkan_GLSLC_EXECUTABLE": str(debian.wrapper(root, "glslc", work / "glslc")),
        "Vulkan_INCLUDE_DIR": str(root / "usr" / "include"),
        "Vulkan_LIBRARY": str(library / "libvulkan.so"),
        "SPIRV-Headers_DIR": str(root / "usr" / "share" / "cmake" / "SPIRV-Headers"),
        # Else that folder, which anybody may fill later, would stand in the library's search path.
        "CMAKE_PLATFORM_IMPLICIT_LINK_DIRECTORIES": str(library),
    }


def _environment(python: Path, work: Path, places: Mapping[str, str]) -> dict[str, str]:
    base = engine_wheel.build_environment(python)
    words = {**flags(recipe()), **places}
    if sys.platform != "win32":  # messages of ggml's name source files: without the folder that they were compiled in
        words |= dict.fromkeys(("CMAKE_C_FLAGS", "CMAKE_CXX_FLAGS"), f"-ffile-prefix-map={work}/unpacked/=")
    jobs = os.environ.get("CMAKE_BUILD_PARALLEL_LEVEL") or base["CMAKE_BUILD_PARALLEL_LEVEL"]
    return base | {
        "CMAKE_ARGS": " ".join(f"-D{name}={value}" for name, value in words.items()),
        "CMAKE_BUILD_PARALLEL_LEVEL": jobs,
        "SKBUILD_BUILD_DIR": str(work / "build"),
    }


def faults(wheel: Path, folder: str) -> list[str]:
    """What makes a wheel unfit for other computers: parts that are missing, a folder of this one, a newer C library."""
    found = []
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if _LIBRARY.search(name)]
        wanted = ["ggml-cpu-haswell", "ggml-vulkan"] if sys.platform in {"linux", "win32"} else []
        found += [f"{part} is missing" for part in wanted if not any(part in name for name in names)]
        for name in names:
            content = archive.read(name)
            if folder.encode() in content:
                found.append(f"{name} names a folder of this computer")
            newest = max((int(number) for number in re.findall(rb"GLIBC_2\.(\d+)\b", content)), default=0)
            if newest > NEWEST_GLIBC:
                found.append(f"{name} needs glibc 2.{newest}")
    return found


def lay_out(wheel: Path, target: Path) -> Path:
    """Put the wheel's libraries into the empty folder `target`, each once, with what they need of the compiler's.

    A wheel holds each library under up to three names, as copies: two of them loaded are two engines, and each knows
    only half of the devices. Kept is the name by which it is looked for.
    """
    target.mkdir(parents=True)
    groups: dict[str, list[Path]] = {}
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if _LIBRARY.search(name):
                file = target / name.rpartition("/")[2]
                file.write_bytes(archive.read(name))
                groups.setdefault(digest_of(file), []).append(file)
    for files in groups.values():
        kept = looked_for([file.name for file in files])
        for file in files:
            if file.name != kept:
                file.unlink()
    if sys.platform == "linux":
        shutil.copyfile(_openmp(), target / "libgomp.so.1")
    return target


def looked_for(names: list[str]) -> str:
    """Of one library's names the one that is asked for: the binding's plain one, else the one with one number."""
    plain = min(names, key=len)
    if re.match(r"(lib)?(llama|mtmd)\.", plain):
        return plain
    numbered = [name for name in names if re.search(r"\.so\.\d+$|\.\d+\.dylib$", name)]
    return min(numbered, key=len, default=plain)


def _openmp() -> Path:
    """The threads' library, which not every computer has."""
    for folder in ("/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib"):
        if (file := Path(folder, "libgomp.so.1")).is_file():
            return file
    raise Failed("libgomp.so.1 is not installed.")
