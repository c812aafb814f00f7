"""What ships along is named with its licence, from what is installed; each bundled text is there."""

from __future__ import annotations

import importlib.metadata
import platform
import shutil
import sys
import sysconfig
from typing import TYPE_CHECKING

import pytest

from mistral_desk.core import machine
from mistral_desk.core.components import Component, components
from mistral_desk.core.machine import room_on_disk, this_machine
from mistral_desk.core.paths import folders

if TYPE_CHECKING:
    from pathlib import Path


def test_libraries_python_fonts_and_the_engine_are_named_with_licences() -> None:
    found = {one.name: one for one in components()}
    assert {"PySide6_Essentials", "Qt", "llama.cpp", "msgspec", "qasync", "Python"} <= set(found)
    assert {"Inter", "JetBrains Mono"} <= set(found)
    assert not {"pytest", "ruff", "mypy"} & set(found), "tools of developers do not ship"
    assert [name for name, one in found.items() if not one.licence] == []
    assert [name for name, one in found.items() if len(one.text()) < 300] == []
    assert "GNU LESSER GENERAL PUBLIC LICENSE" in found["PySide6_Essentials"].text()


def test_code_of_others_inside_qt_is_named_with_its_own_texts() -> None:
    text = next(one for one in components() if one.name == "Qt").text()
    for part in ("harfbuzz-ng", "freetype", "pcre2", "libpng", "double-conversion", "libwebp", "ICU"):
        assert part in text
    assert "Text of the licence: FTL" in text
    assert "GNU LESSER GENERAL PUBLIC LICENSE" in text


def test_this_computer_has_something() -> None:
    found = this_machine()
    assert found.cores >= 1
    assert found.threads >= found.cores
    assert 0 < found.memory_available <= found.memory_total
    assert found.processor


def test_room_where_a_folder_would_be() -> None:
    assert not folders().models.exists()
    assert (room_on_disk(folders().models) or 0) > 0


def test_what_an_installed_program_brings_of_the_system_is_named_with_its_texts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The installer puts Debian's own descriptions there."""
    texts = tmp_path / "resources" / "licenses" / "system"
    texts.mkdir(parents=True)
    (texts / "libxcb.txt").write_text("Files: *\nLicense: MIT\n whole text", encoding="utf-8")
    (texts / "zlib.txt").write_bytes(b"as is, \xff without a name")
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path), raising=False)
    found = {one.name: one for one in components()}
    assert (found["libxcb"].licence, found["zlib"].licence) == ("MIT", "")
    assert found["libxcb"].text() == "Files: *\nLicense: MIT\n whole text"
    assert found["zlib"].text() == "as is, \ufffd without a name"


def test_what_came_without_a_text_is_named_without_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sysconfig, "get_path", lambda _: str(tmp_path))
    monkeypatch.setattr(sys, "base_prefix", str(tmp_path))
    assert Component("Python", "3", "PSF-2.0").text() == ""
    (tmp_path / "LICENSE.txt").write_text("PSF", encoding="utf-8")
    assert Component("Python", "3", "PSF-2.0").text() == "PSF"
    assert Component("no-such-library", "", "").text() == ""


def test_a_program_that_does_not_know_its_libraries_names_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(name: str) -> importlib.metadata.Distribution:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", unknown)
    assert {"Qt", "llama.cpp", "Python", "Inter"} <= {one.name for one in components()}


@pytest.mark.parametrize(
    ("told", "name"),
    [
        ("processor\t: 0\nmodel name\t: A fast one @ 3 GHz\nflags\t: x\n", "A fast one @ 3 GHz"),
        ("processor\t: 0\n\nModel\t\t: Raspberry Pi 5\n", "Raspberry Pi 5"),
        ("processor\t: 0\nCPU part\t: 0xd0b\n", None),
        (None, None),
    ],
)
def test_a_processor_that_linux_does_not_name_is_called_by_its_kind(
    told: str | None, name: str | None, tmp_path: Path
) -> None:
    if told is not None:
        (tmp_path / "cpuinfo").write_text(told, encoding="utf-8")
    assert machine._processor(str(tmp_path / "cpuinfo")) == (name or platform.processor() or platform.machine())


@pytest.mark.parametrize("error", [FileNotFoundError, PermissionError])
def test_of_a_drive_that_is_not_there_nobody_says_how_much_room_it_has(
    error: type[OSError], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Windows has it of a letter that no drive has, and of one without a disk in it."""

    def refuse(place: object) -> None:
        raise error(str(place))

    monkeypatch.setattr(shutil, "disk_usage", refuse)
    assert room_on_disk(folders().models) is None
