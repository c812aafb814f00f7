"""What goes into the bundle and the packages: nothing that the program cannot reach, nothing missing, no copies."""

from __future__ import annotations

import ast
import configparser
import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tools.dev import engine_wheel, locks, system
from tools.dev.environment import Place
from tools.dev.steps import Failed, Steps
from tools.package import bundle, debian, engine, linux
from tools.package.notes import notes
from tools.package.trimming import foreign, keeps

ROOT = Path(__file__).resolve().parents[2]
LINUX = ROOT / "installer" / "linux"


@pytest.mark.parametrize(
    "name",
    [
        "libssl.so.3",
        "libpython3.11.so.1.0",
        "libxcb-icccm.so.4",
        "libQt6Widgets.so.6",
        "libjpeg-6dc8d115.so.62.4.0",
        "numpy.libs/libscipy_openblas64_-fdde5778.so",
        "PySide6/Qt/plugins/platforms/libqxcb.so",
        "PySide6/Qt/plugins/platforms/libqoffscreen.so",
        "PySide6\\plugins\\platforms\\qwindows.dll",
        "PySide6/Qt/translations/qtbase_de.qm",
        "resources/model/guide.gguf",
        "msgspec-0.22.0.dist-info/licenses/LICENSE",
    ],
)
def test_what_the_program_needs_goes_along(name: str) -> None:
    assert keeps(name)


@pytest.mark.parametrize(
    "name",
    [
        "libstdc++.so.6",
        "libgcc_s.so.1",
        "libglib-2.0.so.0",
        "libvulkan.so.1",
        "libgtk-3.so.0",
        "libreadline.so.8",
        "libQt6Qml.so.6",
        "PySide6/Qt/lib/libQt6Quick.so.6",
        "PySide6/Qt/plugins/sqldrivers/libqsqlite.so",
        "PySide6/Qt/plugins/platforms/libqvnc.so",
        "PySide6/Qt/translations/qt_help_de.qm",
        "llama_cpp/lib/libllama.so",
        "libggml-base.so.0",
        "libgomp.so.1",
        "mistral_desk-0.1.dist-info/direct_url.json",
        "numpy/_core/tests/test_it.py",
    ],
)
def test_what_is_the_system_s_or_nobody_s_stays_out(name: str) -> None:
    assert not keeps(name)


def test_what_only_developers_have_installed_stays_out() -> None:
    pins = locks.pins((ROOT / "requirements" / "app.lock").read_text(encoding="utf-8"))
    out = set(foreign([pin.name for pin in pins]))
    assert {"pytest", "_pytest", "hypothesis", "mypy"} <= out
    assert not {"msgspec", "PIL", "PySide6", "shiboken6", "numpy", "llama_cpp", "keyring", "httpx2"} & out


def test_the_engine_lies_there_once_under_the_names_that_are_asked_for(tmp_path: Path) -> None:
    wheel = tmp_path / "engine.whl"
    with zipfile.ZipFile(wheel, "w") as made:
        for name in ("llama", "mtmd", "ggml", "ggml-base"):
            for end in (".so", ".so.0", ".so.0.25.3"):
                made.writestr(f"llama_cpp/lib/lib{name}{end}", f"the code of {name}")
        for name in ("ggml-cpu-zen4", "ggml-cpu-haswell", "ggml-vulkan"):
            made.writestr(f"llama_cpp/lib/lib{name}.so", f"the code of {name}")
        made.writestr("llama_cpp/llama.py", "not a library")
        made.writestr("llama_cpp/lib/libllama-common.so.0", "what only llama.cpp's own programs need")
    try:
        folder = engine.lay_out(wheel, tmp_path / "engine")
    except Failed as failure:
        pytest.skip(failure.what)
    names = {file.name for file in folder.iterdir()} - {"libgomp.so.1"}
    assert names == {
        "libllama.so",
        "libmtmd.so",
        "libggml.so.0",
        "libggml-base.so.0",
        "libggml-cpu-zen4.so",
        "libggml-cpu-haswell.so",
        "libggml-vulkan.so",
    }


def test_an_engine_that_is_fit_for_one_computer_only_is_refused(tmp_path: Path) -> None:
    wheel = tmp_path / "engine.whl"
    with zipfile.ZipFile(wheel, "w") as made:
        made.writestr("llama_cpp/lib/libggml-cpu-haswell.so", b"\0GLIBC_2.14\0GLIBC_2.34\0")
        made.writestr("llama_cpp/lib/libggml-vulkan.so", b"\0GLIBC_2.17\0")
    assert engine.faults(wheel, "/home/somebody/cache") == []
    with zipfile.ZipFile(wheel, "a") as made:
        made.writestr("llama_cpp/lib/libmtmd.so", b"\0GLIBC_2.38\0")
        made.writestr("llama_cpp/lib/libllama.so", b"assert failed: /home/somebody/cache/llama.cpp")
    assert engine.faults(wheel, "/home/somebody/cache") == [
        "llama_cpp/lib/libmtmd.so needs glibc 2.38",
        "llama_cpp/lib/libllama.so names a folder of this computer",
    ]


def test_the_installers_engine_is_kept_apart_from_the_developers_and_by_all_that_decides_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pin = locks.pin_of((ROOT / "requirements" / "app.lock").read_text(encoding="utf-8"), engine_wheel.PACKAGE)
    mine, theirs = engine.key_for(pin, {}), engine_wheel.key_for(pin, {})
    assert mine.name != theirs.name
    assert dict(mine.flags)["GGML_CPU_ALL_VARIANTS"] == "ON"
    assert dict(mine.flags)["GGML_OPENMP"] == "ON"
    assert engine.key_for(pin, {"CXX": "clang++"}).name != mine.name
    said = engine.recipe()
    said["flags"]["GGML_RPC"] = "ON"
    monkeypatch.setattr(engine, "recipe", lambda: said)
    assert engine.key_for(pin, {}).name != mine.name


def test_what_the_graphics_backend_is_compiled_with_is_pinned_by_hash() -> None:
    pins = engine.pins(engine.recipe())
    assert {"glslc", "libvulkan-dev", "spirv-headers"} <= set(pins.decides)
    for version, sha in pins.decides.values():
        assert version[0].isdigit()
        assert re.fullmatch("[0-9a-f]{64}", sha)


def test_another_file_under_a_pinned_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "keep").mkdir()
    (tmp_path / "keep" / "tool_1-1_amd64.deb").write_bytes(b"something else")
    pins = debian.Pins("trixie", {"tool": ("1-1", "0" * 64)}, ())
    (tmp_path / "keep" / "root").mkdir()
    steps = Steps(tmp_path / "log")
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(debian, "SOURCES", ())  # nothing can be fetched
            with pytest.raises(Failed):
                debian.unpacked(pins, tmp_path / "keep", steps)
    finally:
        steps.close()
    assert not (tmp_path / "keep" / "root" / ".whole").exists()


def test_the_mirror_is_the_one_that_the_computer_is_set_up_with() -> None:
    assert debian.mirror(["# none\n"]) == ""
    assert debian.mirror(["deb [signed-by=/x.gpg] http://mirror.example/debian bookworm main\n"]) == (
        "http://mirror.example/debian"
    )
    other = "Types: deb\nURIs: http://other.example/node\nSuites: x\n"
    assert debian.mirror([other, "Types: deb\nURIs: http://one.example/debian/\nSuites: bookworm\n"]) == (
        "http://one.example/debian"
    )


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [("0.1.0.dev0", "0.1.0~dev0"), ("0.1.0rc2", "0.1.0~rc2"), ("0.1.0b1", "0.1.0~b1"), ("1.2.3", "1.2.3")],
)
def test_a_version_before_a_release_is_before_it_for_debian_too(ours: str, theirs: str) -> None:
    assert linux.debian_version(ours) == theirs


def test_the_version_stands_in_one_place() -> None:
    from mistral_desk import __version__

    assert bundle.version(Place(ROOT)) == __version__


def test_where_newer_versions_are_is_a_value_of_the_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MISTRAL_DESK_RELEASES", raising=False)
    (tmp_path / "pyproject.toml").write_text("[project]\n", encoding="utf-8")
    assert bundle.published_at(Place(tmp_path)) == ""
    named = '[project]\n[project.urls]\nRepository = "https://code.example/desk"\n'
    (tmp_path / "pyproject.toml").write_text(named, encoding="utf-8")
    assert bundle.published_at(Place(tmp_path)) == "https://code.example/desk"
    monkeypatch.setenv("MISTRAL_DESK_RELEASES", "https://github.com/who/what")
    assert bundle.published_at(Place(tmp_path)) == "https://github.com/who/what"


def test_the_deb_asks_for_all_that_the_window_needs() -> None:
    control = (LINUX / "control").read_text(encoding="utf-8")
    asked = {word.split()[0] for word in re.search(r"^Depends: (.*)$", control, re.MULTILINE)[1].split(", ")}  # type: ignore[index]
    assert {need.apt for need in system.QT} <= asked
    assert not any("python" in word for word in asked), "the program brings its own"


def test_the_desktop_knows_the_program_and_its_files() -> None:
    entry = configparser.ConfigParser(interpolation=None)
    entry.optionxform = str  # type: ignore[assignment,method-assign]
    entry.read(LINUX / "mistral-desk.desktop", encoding="utf-8")
    said = entry["Desktop Entry"]
    assert said["Exec"].split() == ["mistral-desk", "%f"]
    mime = ET.parse(LINUX / "mistral-desk.xml").getroot()  # noqa: S314 - our own file
    space = "{http://www.freedesktop.org/standards/shared-mime-info}"
    kind = mime.find(f"{space}mime-type")
    assert kind is not None
    assert said["MimeType"] == f"{kind.get('type')};"
    glob = kind.find(f"{space}glob")
    assert glob is not None
    assert glob.get("pattern") == "*.gguf"
    store = ET.parse(LINUX / "mistral-desk.metainfo.xml").getroot()  # noqa: S314 - our own file
    assert store.findtext("launchable") == "mistral-desk.desktop"
    assert store.findtext("provides/mediatype") == kind.get("type")
    assert store.findtext("project_license") == "Apache-2.0"
    assert linux.PLACES["mistral-desk.metainfo.xml"] == f"metainfo/{store.findtext('id')}.metainfo.xml"


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("mistral-desk.desktop", ("desktop-file-validate", "--no-hints")),
        ("mistral-desk.metainfo.xml", ("appstreamcli", "validate", "--no-net")),
    ],
)
def test_the_desktop_s_own_tools_are_content(file: str, words: tuple[str, ...], tmp_path: Path) -> None:
    if shutil.which(words[0]) is None:
        pytest.skip(f"{words[0]} is not installed; `dev.py package --check` asks it")
    text = (LINUX / file).read_text(encoding="utf-8").replace("@VERSION@", "0.1.0").replace("@DATE@", "2026-01-31")
    (tmp_path / file).write_text(text, encoding="utf-8")
    ended = subprocess.run([*words, str(tmp_path / file)], check=False, capture_output=True, encoding="utf-8")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    (tmp_path / file).write_text(text.replace("mistral", "?", 1), encoding="utf-8")
    ended = subprocess.run([*words, str(tmp_path / file)], check=False, capture_output=True, encoding="utf-8")
    assert ended.returncode != 0


def test_the_recipe_of_the_bundle_is_python_and_names_what_exists() -> None:
    text = (ROOT / "installer" / "mistral-desk.spec").read_text(encoding="utf-8")
    ast.parse(text)
    assert (ROOT / "tools" / "package" / "start.py").is_file()
    assert "upx=True" not in text
    assert "strip=True" not in text


def test_a_release_tells_what_the_changelog_says_of_it() -> None:
    text = "# Changelog\n\nHead.\n\n## Unreleased (0.2.0)\n\n- New.\n\n## 0.1.0, 2026-12-01\n\n- First.\n"
    assert notes(text, "0.2.0") == "- New.\n"
    assert notes(text, "0.1.0") == "- First.\n"
    with pytest.raises(KeyError):
        notes(text, "0.1")
    assert notes((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), "0.1.0")


def test_no_workflow_runs_what_somebody_may_change_and_none_may_write_by_default() -> None:
    for file in (ROOT / ".github" / "workflows").glob("*.yml"):
        text = file.read_text(encoding="utf-8")
        for used in re.findall(r"uses: (\S+)", text):
            assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", used), f"{file.name}: {used}"
        assert re.search(r"^permissions:\n  contents: read$", text, re.MULTILINE), file.name
