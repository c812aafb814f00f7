"""The bundle's recipe is read by PyInstaller on three systems: what it asks for on each, without making anything."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

from mistral_desk import __version__
from tools.package import macos, windows

if TYPE_CHECKING:
    import pytest

ROOT = Path(__file__).resolve().parents[2]
RECIPE = ROOT / "installer" / "mistral-desk.spec"


def read(platform: str, folder: Path, patch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """What the recipe calls of PyInstaller's, by name, with what is said to it by name."""
    asked: list[tuple[str, dict[str, Any]]] = []
    hooks = ModuleType("PyInstaller.utils.hooks")
    vars(hooks).update(collect_data_files=lambda _: [], copy_metadata=lambda _, recursive: [])
    for name, module in (("PyInstaller", None), ("PyInstaller.utils", None), ("PyInstaller.utils.hooks", hooks)):
        patch.setitem(sys.modules, name, module or ModuleType(name))
    patch.setattr(sys, "platform", platform)
    patch.setattr(sys, "path", list(sys.path))
    (folder / "engine").mkdir()
    patch.setenv("MISTRAL_DESK_ENGINE", str(folder / "engine"))
    patch.setenv("MISTRAL_DESK_NOTICES", str(folder / "notices"))

    def of(name: str) -> Any:
        def call(*_: object, **said: Any) -> SimpleNamespace:
            asked.append((name, said))
            return SimpleNamespace(binaries=[], datas=[], pure=[], scripts=[])

        return call

    names = {name: of(name) for name in ("Analysis", "PYZ", "EXE", "COLLECT", "BUNDLE")}
    exec(compile(RECIPE.read_text(encoding="utf-8"), str(RECIPE), "exec"), {**names, "SPECPATH": str(RECIPE.parent)})  # noqa: S102
    return asked


def test_linux_gets_one_program_with_a_console(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = read("linux", tmp_path, monkeypatch)
    [program] = [said for name, said in asked if name == "EXE"]
    assert program["console"] is True
    assert "BUNDLE" not in dict(asked)


def test_windows_gets_a_window_and_a_console_with_the_version_in_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = {said["name"]: said for name, said in read("win32", tmp_path, monkeypatch) if name == "EXE"}
    assert {f"{name}.exe": said["console"] for name, said in programs.items()} == dict(
        zip(windows.PROGRAMS, (False, True), strict=True)
    )
    for said in programs.values():
        assert Path(said["version"]).read_text(encoding="utf-8") == windows.resource(__version__)


def test_macos_gets_an_app_that_says_what_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = dict(read("darwin", tmp_path, monkeypatch))
    assert asked["EXE"]["console"] is False
    assert asked["BUNDLE"]["name"] == macos.APP
    assert asked["BUNDLE"]["info_plist"] == macos.information(__version__)
