"""How packages are tried and what is said of their contents: each judgement can fail, and no trial does harm here."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import struct
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from mistral_desk.cli.self_test import _drawing
from tools.dev import engine_wheel, locks
from tools.dev.environment import Place
from tools.dev.steps import Steps
from tools.package import graphics, linux, opening, processors, roots, sbom
from tools.package.bundle import Work
from tools.package.engine import RECIPE
from tools.package.icons import SIZES

ROOT = Path(__file__).resolve().parents[2]


def test_an_emulated_program_is_told_beforehand_what_it_would_start_itself_again_for() -> None:
    words = processors.emulated(Path("/opt/desk/mistral-desk"), "Haswell")
    assert words[:3] == ["qemu-x86_64", "-cpu", "Haswell"]
    assert words[-2:] == ["/opt/desk/mistral-desk", "--worker"]
    assert "LD_LIBRARY_PATH=/opt/desk/lib" in words


@pytest.mark.parametrize(
    ("device", "kind", "sizes", "well"),
    [
        ("Vulkan0", "model", [6_444_544, 6_448_742], True),
        ("Vulkan0", "model", [6_444_544, 11_020_534], False),
        ("memory", "cache", [655_360, 1_635_779], False),
        ("Vulkan0", "compute", [30_945_280, 27_105_690], True),
        ("Vulkan0", "compute", [30_945_280, 60_000_000], False),
        ("memory", "compute", [6_172_672, 14_711_521], True),
        ("memory", "compute", [6_172_672, 40_000_000], False),
    ],
)
def test_a_buffer_that_lies_elsewhere_than_planned_is_found(
    device: str, kind: str, sizes: list[int], well: bool
) -> None:
    buffers = {
        "Vulkan0": {"model": [6_444_544, 6_448_742], "cache": [983_040, 985_661], "compute": [30_945_280, 27_105_690]},
        "memory": {"model": [4_574_208, 4_571_791], "cache": [655_360, 650_117], "compute": [6_172_672, 14_711_521]},
    }
    buffers[device][kind] = sizes
    assert (graphics.off(buffers) == []) == well


def test_the_picture_of_a_screen_is_what_was_on_it() -> None:
    """A dump as the X server writes it: a head with the sizes, colours, then rows of blue, green, red and nothing."""
    shown = Image.open(io.BytesIO(_drawing(40))).convert("RGB")
    head = [0] * 25
    head[0], head[4], head[5], head[11], head[12], head[19] = 100, 40, 40, 32, 4 * 40, 3
    dump = struct.pack(">25I", *head) + bytes(3 * 12) + shown.tobytes("raw", "BGRX")
    made = Image.open(io.BytesIO(opening.png(dump)))
    assert made.size == (40, 40)
    assert made.convert("RGB").tobytes() == shown.convert("RGB").tobytes()
    head[11] = 16
    with pytest.raises(ValueError, match="16 bits"):
        opening.png(struct.pack(">25I", *head))


@pytest.mark.skipif(not Path("/proc/self/mountinfo").is_file(), reason="only Linux says so")
def test_what_is_mounted_below_a_folder_is_known_before_it_is_deleted(tmp_path: Path) -> None:
    assert roots.mounts(tmp_path) == []
    assert Path("/proc") in roots.mounts(Path("/"))


@pytest.mark.skipif(shutil.which("xz") is None or sys.platform != "linux", reason="archives are made where xz is")
def test_the_archive_has_the_program_and_what_the_desktop_knows_it_by_and_is_the_same_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("installer/linux", "resources/icons"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    (tmp_path / "src" / "mistral_desk").mkdir(parents=True)
    (tmp_path / "src" / "mistral_desk" / "__init__.py").write_text('__version__ = "0.1.0"\n', encoding="utf-8")
    work = Work(Place(tmp_path))
    (work.bundle / "lib").mkdir(parents=True)
    work.program.write_bytes(b"the program")
    work.program.chmod(0o755)
    (work.bundle / "lib" / "libz.so.1").write_bytes(b"a library" * 10_000)
    work.icons.mkdir(parents=True)
    for size in SIZES:
        (work.icons / f"{size}.png").write_bytes(b"%d" % size)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1790000000")
    steps = Steps(tmp_path / "log", io.StringIO())
    try:
        file = linux.archive(work, tmp_path, steps)
        first = file.read_bytes()
        assert linux.archive(work, tmp_path, steps).read_bytes() == first
    finally:
        steps.close()
    with tarfile.open(file) as archive:
        top = file.name.removesuffix(".tar.xz")
        assert archive.getmember(f"{top}/mistral-desk").mode & 0o111
        names = set(archive.getnames())
        assert {one.mtime for one in archive} == {1_790_000_000}
        assert {(one.uname, one.uid) for one in archive} == {("root", 0)}
    assert {f"{top}/lib/libz.so.1", *(f"{top}/share/{place}" for place in linux.PLACES.values())} <= names
    linux.sums([file])
    subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], check=True, cwd=tmp_path, capture_output=True)


@pytest.mark.skipif(sys.platform != "linux", reason="AppImages are Linux's")
def test_an_appimage_is_not_begun_with_another_runtime_than_was_asked_for(tmp_path: Path) -> None:
    runtime, out = tmp_path / "runtime", tmp_path / "desk.AppImage"
    runtime.write_bytes(b"not AppImage's")
    script = str(ROOT / "installer" / "linux" / "appimage.sh")
    words = ["sh", script, "there is none.tar.xz", str(runtime), hashlib.sha256(b"AppImage's").hexdigest(), str(out)]
    ended = subprocess.run(words, check=False, capture_output=True, encoding="utf-8")
    assert ended.returncode == 1
    assert "another file than the one that was asked for" in ended.stderr
    assert not out.exists()


def test_licences_are_expressions_only_where_their_names_are_spdx_s() -> None:
    assert sbom.licences("MIT") == [{"expression": "MIT"}]
    assert sbom.licences("Apache-2.0 OR BSD-3-Clause") == [{"expression": "Apache-2.0 OR BSD-3-Clause"}]
    assert sbom.licences("BSD License") == [{"license": {"name": "BSD License"}}]
    assert sbom.licences(" ") == []


def test_the_engine_s_commit_is_that_of_the_locked_binding() -> None:
    """llama-cpp-python's changelog names it; who raises the version looks there."""
    said: dict[str, Any] = json.loads(RECIPE.read_text(encoding="utf-8"))["llama.cpp"]
    pin = locks.pin_of((ROOT / "requirements" / "app.lock").read_text(encoding="utf-8"), engine_wheel.PACKAGE)
    assert said["of"] == pin.version


def test_what_a_bundle_holds_is_said_as_programs_read_it(tmp_path: Path) -> None:
    lib = tmp_path / "lib"
    packages = {"pillow": ("13.0.0", "MIT-CMU"), "PySide6_Essentials": ("6.12.0", "LGPL-3.0-only"), "zipp": ("4", "")}
    for name, (version, licence) in packages.items():
        folder = lib / f"{name}-{version}.dist-info"
        folder.mkdir(parents=True)
        text = f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n"
        (folder / "METADATA").write_text(
            text + (f"License-Expression: {licence}\n" if licence else ""), encoding="utf-8"
        )
    files = (
        *("pillow.libs/libjpeg-6dc8d115.so.62.4.0", "PySide6/Qt/lib/libQt6Core.so.6", "llama_cpp/lib/libllama.so"),
        *("libpython3.11.so.1.0", "resources/model/guide.gguf"),
    )
    for file in files:
        (lib / file).parent.mkdir(parents=True, exist_ok=True)
        (lib / file).write_bytes(file.encode())
    made = sbom.document(tmp_path, "0.1.0", 1_790_000_000)
    assert (made["bomFormat"], made["specVersion"]) == ("CycloneDX", "1.6")
    assert made["metadata"]["component"]["version"] == "0.1.0"
    parts = {part["name"]: part for part in made["components"]}
    assert {"pillow", "PySide6_Essentials", "zipp", "Qt", "llama.cpp", "Python", "guide.gguf", "Inter"} == set(
        parts
    ) - {"JetBrains Mono"}
    assert parts["pillow"]["purl"] == "pkg:pypi/pillow@13.0.0"
    assert parts["pillow"]["licenses"] == [{"expression": "MIT-CMU"}]
    assert "libjpeg-6dc8d115.so.62.4.0" in [one["name"] for one in parts["pillow"]["components"]]
    assert [one["name"] for one in parts["Qt"]["components"]] == ["libQt6Core.so.6"]
    assert len(parts["llama.cpp"]["components"][0]["hashes"][0]["content"]) == 64
    assert len({part["bom-ref"] for part in made["components"]}) == len(made["components"])
    assert sbom.document(tmp_path, "0.1.0", 1_790_000_000) == made
