"""The installer for Windows takes away what it put down and nothing else, and asks before it takes a person's things.

What it does when it runs is tried by `dev.py package --windows-check`, under wine.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from mistral_desk.core.paths import APP
from tools.dev.steps import Failed, Steps
from tools.package import windows, windows_standin

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "installer" / "windows"
SCRIPT = (FOLDER / "mistral-desk.nsi").read_text(encoding="utf-8")


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A small bundle with names that a script could stumble over."""
    for name in (*windows.PROGRAMS, "lib/a$b/größer %1.dll", "lib/a$b/c/d.dll", "lib/e.txt"):
        file = tmp_path / "bundle" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"12345")
    return tmp_path / "bundle"


def test_each_file_that_is_put_down_is_taken_away_and_each_folder_after_what_is_in_it(bundle: Path) -> None:
    made = windows.contents(bundle)
    put, taken = windows.lists(made).split("!macro TakeFiles")
    assert len(re.findall(r"^  File ", put, re.MULTILINE)) == len(made.files) == 5
    deleted = re.findall(r'^  Delete "\$INSTDIR\\(.*)"$', taken, re.MULTILINE)
    assert {name.replace("\\", "/").replace("$$", "$") for name in deleted} == set(made.files)
    removed = re.findall(r'^  RMDir "\$INSTDIR\\(.*)"$', taken, re.MULTILINE)
    assert removed == ["lib\\a$$b\\c", "lib\\a$$b", "lib"]
    assert "RMDir /r" not in taken
    assert made.bytes == 25
    assert made.longest == len("\\lib\\a$b\\größer %1.dll")


def test_a_folder_that_is_no_bundle_for_windows_is_refused(tmp_path: Path, bundle: Path) -> None:
    with pytest.raises(Failed, match="no bundle for Windows"):
        windows.contents(tmp_path / "nothing")
    (bundle / "lib" / "what?.txt").write_bytes(b"")
    with pytest.raises(Failed, match="of this name"):
        windows.contents(bundle)


def test_versions_are_ordered_for_windows_as_for_python() -> None:
    versions = [
        "0.1.0.dev0",
        "0.1.0.dev7",
        "0.1.0a1",
        "0.1.0b2",
        "0.1.0rc1",
        "0.1.0rc2",
        "0.1.0",
        "0.1.1.dev0",
        "0.2",
        "1.0.0",
    ]
    numbers = [tuple(map(int, windows.numbers(version).split("."))) for version in versions]
    assert numbers == sorted(set(numbers))
    assert all(len(four) == 4 for four in numbers)
    with pytest.raises(Failed):
        windows.numbers("next")


def test_the_details_of_the_program_are_python_that_pyinstaller_reads() -> None:
    said = windows.resource("0.1.0rc1")
    compile(said, "version.txt", "eval")
    assert "filevers=(0, 1, 0, 301)" in said


def test_the_programs_are_those_of_the_recipe() -> None:
    recipe = (ROOT / "installer" / "mistral-desk.spec").read_text(encoding="utf-8")
    assert all(f'("{name.removesuffix(".exe")}", ' in recipe for name in windows.PROGRAMS)
    assert {name for name in windows.PROGRAMS if f'"{name}"' in SCRIPT} == set(windows.PROGRAMS)


def test_nobody_is_asked_for_an_administrator_and_the_default_of_gguf_is_never_written() -> None:
    assert "RequestExecutionLevel user" in SCRIPT
    assert "HKLM" not in SCRIPT
    assert "Target amd64-unicode" in SCRIPT
    written = re.findall(r'^\s*WriteReg\w+ HKCU "([^"]+)" "([^"]*)"', SCRIPT, re.MULTILINE)
    assert ("${CLASSES}\\.gguf\\OpenWithProgids", "${KIND}") in written
    assert not [key for key, _ in written if key == "${CLASSES}\\.gguf"]


def test_every_key_that_is_written_is_deleted_by_the_removal() -> None:
    install, _, removal = SCRIPT.partition("Section Uninstall")
    written = set(re.findall(r'^\s*WriteReg\w+ HKCU "([^"]+)"', install, re.MULTILINE))
    gone = re.findall(r'DeleteReg(?:Key|Value)(?: /ifempty)? HKCU "([^"]+)"', removal)
    assert [key for key in written if not any(key == top or key.startswith(f"{top}\\") for top in gone)] == []


def test_without_a_word_the_removal_keeps_chats_and_models() -> None:
    removal = SCRIPT.partition("Section Uninstall")[2]
    assert re.search(r'\$ChatsGo == 1\s+Push "models"\s+Push "\$Data"', removal)
    assert re.search(r'\$ModelsGo == 1\s+Push ""\s+Push "\$Data\\models"', removal)
    assert "RMDir /r" not in SCRIPT + (FOLDER / "deleting.nsh").read_text(encoding="utf-8").partition("!define")[2]
    assert f'"$LOCALAPPDATA\\{APP}"' in SCRIPT, "as core/paths.py has it"
    assert "MISTRAL_DESK_HOME" in SCRIPT


@pytest.mark.skipif(not shutil.which("makensis"), reason="NSIS is not here; dev.py package --windows-check installs it")
def test_the_installer_can_be_made(bundle: Path, tmp_path: Path) -> None:
    icon = tmp_path / "icon.ico"
    from PIL import Image

    Image.new("RGBA", (16, 16)).save(icon)
    steps = Steps(tmp_path / "log")
    try:
        (tmp_path / "out").mkdir()
        file = windows.installer(ROOT, bundle, icon, "0.1.0", tmp_path / "out", steps, work=tmp_path)
    finally:
        steps.close()
    content = file.read_bytes()
    assert content[:2] == b"MZ"
    start = int.from_bytes(content[0x3C:0x40], "little")
    assert content[start + 4 : start + 6] == b"\x64\x86", "for 64 bits, as the program"
    assert "ProductVersion\0\0\x000.1.0".encode("utf-16-le")[:20] in content


def test_the_stand_in_has_the_layout_of_the_recipe() -> None:
    names = windows_standin.names(ROOT)
    assert all(name.startswith("lib/") for name in names)
    assert len(names) == len(set(names)) > 100
    assert {"lib/llama_cpp/lib/ggml-vulkan.dll", "lib/PySide6/plugins/platforms/qwindows.dll"} <= set(names)
