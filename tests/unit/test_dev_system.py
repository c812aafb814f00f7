"""dev.py finds what a computer lacks by looking, and says the one line to type."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tools.dev import main, system
from tools.dev.system import Need

ROOT = Path(__file__).resolve().parents[2]
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


def test_a_service_is_found_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_DIRS", f"{tmp_path / 'none'}:{tmp_path}")
    assert not system.has_service("org.example.Any")
    (tmp_path / "dbus-1" / "services").mkdir(parents=True)
    (tmp_path / "dbus-1" / "services" / "org.example.Any.service").write_text("", encoding="utf-8")
    assert system.has_service("org.example.Any")


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


def test_the_answer_about_the_display_needs_no_package() -> None:
    """dev.py asks it before anything is installed."""
    program = f"import sys; sys.path.insert(0, {str(ROOT / 'src')!r}); from mistral_desk.cli.display import obstacle"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", program], check=False, capture_output=True)
    assert done.returncode == 0, done.stderr.decode(errors="replace")


def test_the_first_question_comes_from_the_model(tmp_path: Path) -> None:
    assert main.first_question(tmp_path) == main.FIRST_QUESTION
    file = tmp_path / "resources" / "model" / "examples.json"
    file.parent.mkdir(parents=True)
    for text, expected in {
        '["What is 2 plus 2?", "no"]': "What is 2 plus 2?",
        '[{"question": "Who are you?", "answer": "x"}]': "Who are you?",
        '{"en": ["Hello"]}': "Hello",
        "[]": main.FIRST_QUESTION,
        '{"a": 3}': main.FIRST_QUESTION,
        "{": main.FIRST_QUESTION,
    }.items():
        file.write_text(text, encoding="utf-8")
        assert main.first_question(tmp_path) == expected
