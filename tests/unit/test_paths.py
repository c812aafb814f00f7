"""The person's folders are where the system wants them, or all under one; what ships with the program is found."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mistral_desk.core import private
from mistral_desk.core.errors import DeskError
from mistral_desk.core.paths import folders, resource
from tests.fixtures import ownerless
from tools.origin import ROOT

if TYPE_CHECKING:
    from mistral_desk.core import paths


def all_of(found: paths.Folders) -> tuple[Path, ...]:
    return (found.data, found.config, found.cache, found.models, found.logs)


def test_one_home_holds_every_folder(home: Path) -> None:
    found = folders()
    assert all(folder.is_relative_to(home) for folder in all_of(found))
    assert len(set(all_of(found))) == 5
    assert not home.exists(), "asking creates nothing"


def test_a_given_home_counts_more_than_the_environment(tmp_path: Path) -> None:
    assert folders(str(tmp_path)).data == tmp_path / "data"


def test_without_a_home_the_folders_are_this_persons_and_absolute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MISTRAL_DESK_HOME")
    for folder in all_of(folders()):
        assert folder.is_absolute()
        assert "mistral-desk" in str(folder)


def test_a_relative_home_does_not_depend_on_later_folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    found = folders("hier")
    monkeypatch.chdir("/")
    assert found.data == tmp_path / "hier" / "data"


def test_ensure_makes_them_and_leaves_nothing_in_them() -> None:
    found = folders().ensure()
    for folder in all_of(found):
        assert folder.is_dir()
        assert list(folder.iterdir()) == []
    assert found.ensure() is found


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_what_people_write_is_not_for_others() -> None:
    found = folders().ensure()
    private.write(found.settings, b"{}")
    written = (found.data, found.config, found.cache, found.logs, found.settings)
    assert [place.name for place in written if place.stat().st_mode & 0o077] == []


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_no_umask_gives_the_folders_above_to_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MISTRAL_DESK_HOME", str(tmp_path / "a" / "b"))
    before = os.umask(0)
    try:
        found = folders().ensure()
    finally:
        os.umask(before)
    made = (tmp_path / "a", tmp_path / "a" / "b", *all_of(found))
    assert [oct(one.stat().st_mode & 0o777) for one in made] == [oct(0o700)] * 7


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_what_others_may_write_is_taken_from_them_but_not_the_models() -> None:
    found = folders().ensure()
    for folder in all_of(found):
        folder.chmod(0o777)
    found.ensure()
    assert [folder.stat().st_mode & 0o777 for folder in all_of(found)] == [0o700, 0o700, 0o700, 0o777, 0o700]


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right of their own there")
def test_nobody_can_guess_what_is_written_into_a_folder_of_many(tmp_path: Path) -> None:
    found = folders().ensure()
    precious = tmp_path / "precious"
    precious.write_bytes(b"mine")
    (found.models / f".writable-{os.getpid()}").symlink_to(precious)
    found.ensure()
    assert precious.read_bytes() == b"mine"


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
@pytest.mark.parametrize("which", ["data", "logs"])
def test_a_folder_of_another_user_is_refused(which: str) -> None:
    if sys.platform == "win32":
        return
    found = folders().ensure()
    if os.geteuid() == 0:
        os.chown(getattr(found, which), 65534, 65534)
    else:
        getattr(found, which).rmdir()
        getattr(found, which).symlink_to("/tmp")  # noqa: S108 - root's, and open to everybody
    with pytest.raises(DeskError) as caught:
        found.ensure()
    assert caught.value.problem.id == "folder.not_private"
    assert caught.value.problem.params == {"path": str(getattr(found, which))}
    assert list(getattr(found, which).glob(".owner-*")) == []


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
@pytest.mark.parametrize("mode", [0o700, 0o755, 0o777])
def test_where_the_file_system_says_that_everything_is_somebody_s_our_folders_are_ours(
    mode: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To somebody with another number a folder here is as on FAT, or behind a server that squashes root: what they make
    in it belongs to the one to whom all of it belongs.
    """
    found = folders().ensure()
    for folder in all_of(found):
        folder.chmod(mode)
    monkeypatch.setattr(os, "geteuid", lambda: 1_234_567, raising=False)
    assert found.ensure() is found
    assert [list(folder.iterdir()) for folder in all_of(found)] == [[]] * 5


@pytest.mark.skipif(shutil.which("unshare") is None, reason="no drive can be mounted here")
@pytest.mark.parametrize(("owner", "mode"), [(4242, "777"), (4242, "700"), (0, "777")])
def test_on_a_real_drive_without_owners_our_folders_are_ours(owner: int, mode: str, tmp_path: Path) -> None:
    drive = [sys.executable, "-m", "tests.fixtures.ownerless", str(owner), mode, str(tmp_path)]
    done = subprocess.run(["unshare", "--mount", *drive], capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode == ownerless.NO_MOUNT or (done.returncode == 1 and "unshare" in done.stderr):
        pytest.skip("nobody may mount a drive here")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "owner": owner,
        "mode": int(mode, 8),
        "names": ["list", "settings.json"],
        "written": "{}a line\n",
    }


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_a_folder_of_a_third_person_is_not_ours_where_what_we_make_is_another_s(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A server that squashes root keeps the owners of everybody else."""
    if sys.platform == "win32":
        return
    found = folders().ensure()
    if os.geteuid() == 0:
        os.chown(found.data, 65534, 65534)
        folder = found.data
    else:
        folder = Path("/tmp")  # noqa: S108 - root's, and open to everybody
    monkeypatch.setattr(os, "geteuid", lambda: 1_234_567)
    assert not private.is_ours(folder)


def test_a_home_that_goes_through_a_file_is_a_clear_problem(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DeskError) as caught:
        folders(str(tmp_path / "file" / "home")).ensure()
    assert caught.value.problem.id == "folder.not_writable"
    assert str(tmp_path / "file") in str(caught.value.problem.params["path"])
    assert caught.value.problem.params["reason"]


@pytest.mark.skipif(
    sys.platform == "win32" or (hasattr(os, "geteuid") and os.geteuid() == 0), reason="root may write everywhere"
)
def test_a_home_without_rights_is_a_clear_problem(tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    with pytest.raises(DeskError) as caught:
        folders(str(locked)).ensure()
    assert caught.value.problem.id == "folder.not_writable"


def test_a_resource_is_found_in_the_source_tree() -> None:
    assert resource("icons").is_dir()


def test_a_frozen_app_has_its_own_resources(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "resources").mkdir()
    (tmp_path / "resources" / "one.txt").write_bytes(b"1")
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path), raising=False)
    assert resource("one.txt") == tmp_path / "resources" / "one.txt"


def test_a_missing_resource_is_a_clear_problem() -> None:
    with pytest.raises(DeskError) as caught:
        resource("no", "such thing")
    assert caught.value.problem.id == "resource.missing"
    assert caught.value.problem.params == {"name": "no/such thing"}
