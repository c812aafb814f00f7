"""What the report and its bundle say where something is broken: a report is wanted then more than ever."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING, Any

import keyring
import pytest
from msgspec.structs import replace

from mistral_desk.cli.main import main
from mistral_desk.core.errors import DeskError
from mistral_desk.core.paths import folders
from mistral_desk.diagnostic import bundle, names, report, shelf
from mistral_desk.diagnostic.report import examine, in_words_of
from mistral_desk.inference import remote
from mistral_desk.library import orders, relocating
from tests.fixtures import fake_worker
from tests.fixtures.other_programs import put

if TYPE_CHECKING:
    from pathlib import Path

LINE = "2026-11-30 10:00:00,000 INFO    1 MainThread mistral_desk.ui.app | line number %d"


@pytest.fixture(autouse=True)
def guide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The built-in model's file, in place of the real one; the worker is scripted."""
    command = fake_worker.command(tmp_path, fake_worker.answering("x"))
    monkeypatch.setattr(remote, "worker_command", lambda: command)
    file = put(tmp_path / "guide.gguf", b"GGUF")
    monkeypatch.setattr(report, "resource", lambda *_: file)
    return file


@pytest.fixture(scope="module")
def well(tmp_path_factory: pytest.TempPathFactory) -> report.Report:
    """A report of a computer where nothing is wrong."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MISTRAL_DESK_HOME", str(tmp_path_factory.mktemp("well")))
        command = fake_worker.command(tmp_path_factory.mktemp("worker"), fake_worker.answering("x"))
        patch.setattr(remote, "worker_command", lambda: command)
        return asyncio.run(examine("yes"))


def texts(found: report.Report) -> dict[str, str]:
    """The files of the bundle of such a report, with what lies in the folders now."""
    return {file.name: file.text for file in asyncio.run(bundle.of(found, folders()))}


def test_a_built_in_model_that_is_gone_or_does_not_open_is_a_problem(
    guide: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*parts: str) -> Path:
        raise DeskError("resource.missing", name="/".join(parts))

    monkeypatch.setattr(report, "resource", missing)
    found = asyncio.run(examine("yes"))
    assert [problem.id for problem in found.problems] == ["resource.missing"]
    assert found.llama_cpp == "fake llama.cpp", "the engine was looked at all the same"
    assert "Built-in model:" in in_words_of(found)
    assert "missing" in texts(found)["report.txt"]
    assert [problem.id for problem in found.problems] == ["resource.missing"]
    guide.unlink()
    guide.mkdir()
    monkeypatch.setattr(report, "resource", lambda *_: guide)
    found = asyncio.run(examine("yes"))
    assert [problem.id for problem in found.problems] == ["resource.missing"]


def test_a_package_that_lacks_and_a_keyring_that_fails_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def locked() -> None:
        raise keyring.errors.InitError("no bus at /run/user/1000")

    monkeypatch.setattr(keyring, "get_keyring", locked)
    monkeypatch.setattr(report, "_LIBRARIES", ("msgspec", "a-package-that-nobody-has"))
    found = asyncio.run(examine("yes"))
    assert found.keyring == "none (no bus at /run/user/1000)"
    assert found.libraries["a-package-that-nobody-has"] is None
    assert "a-package-that-nobody-has: " in in_words_of(found)
    assert "not installed" in in_words_of(found)
    assert "/run/user" not in texts(found)["report.txt"]


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"{", "The file cannot be read: "), (b"[]", "The file cannot be read: "), (b"[" * 100_000, "cannot be read")],
    ids=["half", "no object", "a deep one"],
)
def test_settings_that_make_no_sense_are_told_and_not_quoted(content: bytes, said: str, well: report.Report) -> None:
    folders().ensure().settings.write_bytes(content)
    assert said in texts(well)["settings.json"]


def test_of_further_folders_only_their_letters_are_told(tmp_path: Path, well: report.Report) -> None:
    for values in ([str(tmp_path / "Müll")], []):
        folders().ensure().settings.write_text(json.dumps({"models.more_folders": values}), encoding="utf-8")
        told: dict[str, Any] = json.loads(texts(well)["settings.json"])
        assert ["of the person's choice" in one for one in told["models.more_folders"]] == [True] * len(values)
        assert "Müll" not in texts(well)["settings.json"]


def test_the_log_s_newest_lines_are_in_it_whatever_is_left_out(well: report.Report) -> None:
    logs = folders().ensure().logs
    older = [LINE % number for number in range(1000)]
    newer = [LINE % number for number in range(1000, 2000)]
    (logs / "desk.log.1").write_text("\n".join(["of a version before", *older]) + "\n", encoding="utf-8")
    (logs / "desk.log").write_text("\n".join(newer) + "\n", encoding="utf-8")
    first, *lines = texts(well)["log.txt"].splitlines()
    assert first == "(1 lines are left out: they are not of this version.)"
    assert len(lines) == bundle.LOG_LINES
    assert (lines[0], lines[-1]) == (LINE % 500, LINE % 1999)


def test_a_log_that_is_too_long_begins_with_a_whole_line(well: report.Report) -> None:
    logs = folders().ensure().logs
    long = LINE + " of many" * 110
    (logs / "desk.log").write_text("".join(f"{long % number}\n" for number in range(1000)), encoding="utf-8")
    lines = texts(well)["log.txt"].splitlines()
    assert len(lines) < 700
    assert all(line.startswith("2026-") for line in lines)
    assert "line number 999 " in lines[-1]


def test_the_library_is_told_with_what_is_not_there_unfinished_and_on_the_move(tmp_path: Path) -> None:
    places = folders().ensure()
    places.settings.write_text(json.dumps({"models.more_folders": [str(tmp_path / "away")]}), encoding="utf-8")
    put(places.models / "Mine-00001-of-00002.gguf", b"GGUF" * 1000)
    note = relocating.Note(relocating.FORMAT, str(places.models), str(tmp_path / "new"), "forward", ())
    relocating.write(places.data / relocating.FILE, note)
    found = asyncio.run(shelf.shelf())
    rows = shelf.rows(found)
    assert ("Models folder", f"{tmp_path / 'away'} (not there)") in rows
    assert found is not None
    size = f"{found.bytes / 10**6:.1f} MB"
    assert ("Library", f"1 guide, 1 folder, 1 incomplete; {size}; unfinished downloads: 0") in rows
    assert rows[-1] == ("Library moves", "forward")
    for content, unfinished in ((b"{", 0), (_kept(done=False), 1), (_kept(done=True), 0)):
        (places.data / orders.FILE).write_bytes(content)
        found = asyncio.run(shelf.shelf())
        assert found is not None
        assert found.unfinished == unfinished


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0.0 GB"), (1, "1 byte"), (99_999, "99999 bytes"), (100_000, "0.1 MB"), (12_665_000, "12.7 MB"),
        (99_900_000, "99.9 MB"), (100_000_000, "0.1 GB"), (74_200_000_000, "74.2 GB"),
    ],
)  # fmt: skip
def test_a_size_that_is_not_nought_never_reads_as_nought(count: int, said: str) -> None:
    assert shelf.sized(count) == said


def _kept(*, done: bool) -> bytes:
    order = {"id": "a", "title": "A", "files": []}
    entry = {"order": order, "folder": "x", "done": done}
    return json.dumps({"format": orders.FORMAT, "entries": [entry]}).encode()


def test_a_library_that_cannot_be_looked_at_is_said_and_the_rest_is_told(well: report.Report) -> None:
    lines = texts(replace(well, library=None))["report.txt"].splitlines()
    assert lines[-1].split(":")[0] == "Library"
    assert lines[-1].endswith("cannot be looked at")


@pytest.mark.skipif(sys.platform == "win32", reason="no such list there")
def test_without_a_list_of_users_the_environment_s_names_are_taken_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "_USERS", tmp_path / "gone")
    assert "kunigunde" in names.names_here(folders(), {"USER": "kunigunde"}).person


def test_a_bundle_as_json_says_what_is_in_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    target = tmp_path / "r.zip"
    assert main(["doctor", "--bundle", str(target), "--json"], window=lambda *_: 9) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["path"], said["bytes"]) == (str(target), target.stat().st_size)
    assert list(said["files"]) == ["report.txt", "settings.json", "models.txt", "log.txt"]
    if sys.platform == "linux":
        assert "none: neither DISPLAY nor WAYLAND_DISPLAY is set" in said["files"]["report.txt"]
