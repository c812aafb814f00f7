"""dev.py finds what a computer lacks by looking, and says the one line to type."""

from __future__ import annotations

import socket
import sys
from typing import TYPE_CHECKING

import pytest

from tools.dev import display, system
from tools.dev.system import Need

if TYPE_CHECKING:
    from pathlib import Path

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="dlopen and X11 as on Linux")


def library(name: str, package: str = "a-package") -> Need:
    return Need("library", name, "a test", package, package + "-dnf", package + "-pacman")


@linux
def test_a_library_is_found_by_loading_it() -> None:
    assert system.present(library("libc.so.6"))
    assert not system.present(library("libnobody-has-this.so.7"))


@linux
def test_only_what_is_not_there_is_missing() -> None:
    nobody = library("libnobody-has-this.so.7")
    assert system.missing([library("libc.so.6"), nobody]) == [nobody]


def test_libraries_are_the_system_s_affair_on_linux_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert system.missing([library("libc.so.6"), system.COMPILER], found=lambda _: False) == [system.COMPILER]


def test_programs_and_modules_are_found() -> None:
    assert system.present(Need("module", "json", "a test", "x"))
    assert not system.present(Need("module", "no_such_module_here", "a test", "x"))
    assert not system.present(Need("program", "no-such-program-here", "a test", "x"))


def test_a_font_is_found_below_the_folder(tmp_path: Path) -> None:
    assert not system.has_fonts([str(tmp_path)])
    (tmp_path / "truetype" / "some").mkdir(parents=True)
    (tmp_path / "truetype" / "some" / "README").write_text("no font", encoding="utf-8")
    assert not system.has_fonts([str(tmp_path)])
    (tmp_path / "truetype" / "some" / "Any.TTF").write_bytes(b"")
    assert system.has_fonts([str(tmp_path)])


def test_a_compiler_named_by_the_person_counts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    if sys.platform in {"win32", "darwin"}:
        pytest.skip("the system's own tools are asked there")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    assert not system.has_compiler()
    own = tmp_path / "my-c++"
    own.write_text("#!/bin/sh\n", encoding="utf-8")
    own.chmod(0o755)
    assert not system.has_compiler()
    monkeypatch.setenv("CXX", f"{own} -m64")
    assert system.has_compiler()


@pytest.mark.parametrize("by", ["apt", "dnf", "pacman"])
def test_every_need_has_a_package_everywhere(by: str) -> None:
    for need in (*system.QT, *system.ENGINE, *system.SCREEN, system.VENV, system.COMPILER):
        assert need.package(by), need.name


def test_the_line_to_type() -> None:
    twice = [library("a"), library("b"), library("c", "other")]
    assert system.install_line(twice, "apt", sudo=True) == (
        "sudo apt-get update && sudo apt-get install -y --no-install-recommends a-package other"
    )
    assert system.install_line(twice, "apt", sudo=False).startswith("apt-get update && apt-get install")
    assert system.install_line(twice, "dnf", sudo=True) == "sudo dnf install -y a-package-dnf other-dnf"
    assert system.install_line(twice, "pacman", sudo=True) == "sudo pacman -S --needed a-package-pacman other-pacman"
    assert system.install_line([system.COMPILER], "xcode", sudo=True) == "xcode-select --install"
    assert "VisualStudio" in system.install_line([system.COMPILER], "winget", sudo=True)
    assert system.install_line(twice, "", sudo=True) == ""


def test_no_display_is_said() -> None:
    assert "neither" in (display.reason_without({}, "linux") or "")
    assert display.reason_without({}, "win32") is None
    assert display.reason_without({}, "darwin") is None
    assert display.reason_without({"QT_QPA_PLATFORM": "offscreen"}, "linux") is None


@linux
def test_a_display_is_there_when_it_answers(tmp_path: Path) -> None:
    environment = {"XDG_RUNTIME_DIR": str(tmp_path), "WAYLAND_DISPLAY": "wayland-7"}
    assert "wayland-7 does not answer" in (display.reason_without(environment, "linux") or "")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(str(tmp_path / "wayland-7"))
        server.listen()
        assert display.reason_without(environment, "linux") is None


@linux
def test_an_x_display_that_is_only_a_variable_is_none() -> None:
    assert ":2961 does not answer" in (display.reason_without({"DISPLAY": ":2961"}, "linux") or "")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind("\0/tmp/.X11-unix/X2961")
        server.listen()
        assert display.reason_without({"DISPLAY": ":2961"}, "linux") is None
        assert display.reason_without({"DISPLAY": "unix:2961.0"}, "linux") is None


def test_the_first_question_comes_from_the_model(tmp_path: Path) -> None:
    assert display.first_question(tmp_path) == display.FIRST_QUESTION
    file = tmp_path / "resources" / "model" / "examples.json"
    file.parent.mkdir(parents=True)
    for text, expected in {
        '["What is 2 plus 2?", "no"]': "What is 2 plus 2?",
        '[{"question": "Who are you?", "answer": "x"}]': "Who are you?",
        '{"en": ["Hello"]}': "Hello",
        "[]": display.FIRST_QUESTION,
        '{"a": 3}': display.FIRST_QUESTION,
        "{": display.FIRST_QUESTION,
    }.items():
        file.write_text(text, encoding="utf-8")
        assert display.first_question(tmp_path) == expected
