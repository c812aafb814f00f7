"""Settings: declared once, kept through restarts and crashes, and never a reason not to start."""

from __future__ import annotations

import json
import os
import sys
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as some

from mistral_desk.core import settings as declared
from mistral_desk.core.errors import DeskError, in_words
from mistral_desk.core.settings import (
    ALL,
    CONTEXT,
    DOWNLOAD_LIMIT,
    MORE_FOLDERS,
    OFFLINE,
    TEXT_SCALE,
    THEME,
    THINK_BY_DEFAULT,
    THREADS,
    Choice,
    Settings,
    Whole,
)

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "Einstellungen für mich" / "settings.json"


def opened(file: Path) -> Settings:
    found, problems = Settings.open(file)
    assert problems == ()
    return found


def put(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


def test_without_a_file_the_defaults_are_in_force_and_nothing_is_written(file: Path) -> None:
    found = opened(file)
    assert [found.get(setting) for setting in ALL] == [setting.default for setting in ALL]
    assert not file.exists()


@pytest.mark.parametrize("setting", ALL, ids=lambda setting: setting.name)
def test_a_declaration_is_complete_and_its_default_is_allowed(setting: Choice | Whole | declared.Switch) -> None:
    assert setting.check(setting.default) == setting.default
    assert setting.section == setting.name.split(".")[0]
    assert declared.by_name(setting.name) is setting
    assert setting.label
    assert setting.help.endswith(".")
    assert setting.rule


def test_names_are_unique() -> None:
    assert len({setting.name for setting in ALL}) == len(ALL)


def test_what_was_set_is_there_after_a_restart(file: Path) -> None:
    first = opened(file)
    first.set(THEME, "dark")
    first.set(TEXT_SCALE, 150)
    first.set(THINK_BY_DEFAULT, True)
    again = opened(file)
    assert (again.get(THEME), again.get(TEXT_SCALE), again.get(THINK_BY_DEFAULT)) == ("dark", 150, True)


def test_a_default_is_not_written_so_that_a_later_default_counts(file: Path) -> None:
    found = opened(file)
    found.set(THEME, "dark")
    found.reset(THEME)
    assert json.loads(file.read_bytes()) == {}


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        (THEME, "pink"),
        (TEXT_SCALE, 79),
        (TEXT_SCALE, 201),
        (THREADS, -1),
        (CONTEXT, 1),
        (CONTEXT, 511),
        (THREADS, True),
    ],
)
def test_a_value_that_is_not_allowed_changes_nothing_and_says_the_rule(
    file: Path, setting: Choice | Whole, value: str | int
) -> None:
    found = opened(file)
    with pytest.raises(DeskError) as caught:
        found.set(setting, value)
    assert caught.value.problem.id == "settings.value"
    assert setting.rule in in_words(caught.value.problem).message
    assert found.get(setting) == setting.default
    assert not file.exists()


def test_zero_means_automatic_only_where_it_is_declared_so(file: Path) -> None:
    found = opened(file)
    found.set(THREADS, 4)
    found.set(THREADS, 0)
    assert found.get(THREADS) == 0
    with pytest.raises(DeskError):
        found.set(TEXT_SCALE, 0)


@pytest.mark.allow_log("settings file cannot be read|Work offline: yes is not allowed", "mistral_desk.core.settings")
@pytest.mark.parametrize("content", [b"{", b'{"privacy.offline": "yes", "appearance.theme": "dark"}'])
def test_who_may_have_been_offline_stays_offline_until_somebody_decides(file: Path, content: bytes) -> None:
    """At later starts too, whoever opened the file first: a command that tells nothing of it may have been that."""
    put(file, content)
    found, problems = Settings.open(file)
    assert found.get(OFFLINE) is True
    assert problems[-1].id == "settings.held_offline"
    found = opened(file)
    assert found.get(OFFLINE) is True
    found.set(THEME, "dark")
    assert opened(file).get(OFFLINE) is True
    told: list[bool] = []
    found.listen(OFFLINE, told.append)
    found.set(OFFLINE, False)
    assert (found.get(OFFLINE), told) == (False, [False])
    assert opened(file).get(OFFLINE) is False


def test_several_folders_are_kept_in_their_order_and_each_once(file: Path, tmp_path: Path) -> None:
    one, other = str(tmp_path / "eins"), str(tmp_path / "zwei")
    opened(file).set(MORE_FOLDERS, (other, one, other))
    assert opened(file).get(MORE_FOLDERS) == (other, one)
    for wrong in (("not/whole",), (one, ""), ("\0",), (one,) * 51):
        with pytest.raises(DeskError):
            opened(file).set(MORE_FOLDERS, wrong)
    assert opened(file).get(MORE_FOLDERS) == (other, one)


def test_zero_says_what_it_means(file: Path) -> None:
    with pytest.raises(DeskError) as caught:
        opened(file).set(DOWNLOAD_LIMIT, 1)
    assert "0 for no limit, or 50 to 1000000 kB/s" in in_words(caught.value.problem).message


def test_what_another_version_wrote_is_kept(file: Path) -> None:
    put(file, b'{"later.thing": {"deep": [1, 2]}, "appearance.theme": "dark"}')
    found = opened(file)
    found.set(TEXT_SCALE, 120)
    assert json.loads(file.read_bytes()) == {
        "later.thing": {"deep": [1, 2]},
        "appearance.theme": "dark",
        "appearance.text_scale": 120,
    }


@pytest.mark.allow_log("settings file cannot be read", "mistral_desk.core.settings")
@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b'{"a": 1}}', b"\xff\xfe\x00", b"\0" * 500, b"[" * 200_000, b" " * (1024 * 1024 + 1)],
    ids=["empty", "open", "list", "null", "more", "utf-16", "zeros", "deep", "huge"],
)
def test_a_broken_file_is_set_aside_whole_and_said(file: Path, content: bytes) -> None:
    put(file, content)
    found, problems = Settings.open(file)
    assert found.get(THEME) == "system"
    assert [problem.id for problem in problems] == ["settings.damaged", "settings.held_offline"]
    asides = [other for other in file.parent.iterdir() if other != file]
    assert [aside.read_bytes() for aside in asides] == [content]
    assert json.loads(file.read_bytes()) == {"privacy.offline": True}
    assert str(asides[0]) in in_words(problems[0]).message
    found.set(THEME, "light")
    assert opened(file).get(THEME) == "light"


@pytest.mark.allow_log("is not allowed", "mistral_desk.core.settings")
def test_one_wrong_value_costs_only_itself(file: Path) -> None:
    put(file, b'{"appearance.text_scale": 5000, "appearance.theme": "dark"}')
    found, problems = Settings.open(file)
    assert (found.get(TEXT_SCALE), found.get(THEME)) == (100, "dark")
    assert [problem.id for problem in problems] == ["settings.value"]


@pytest.mark.allow_log("settings file cannot be read", "mistral_desk.core.settings")
def test_a_folder_where_the_file_should_be_is_no_reason_not_to_start(file: Path) -> None:
    file.mkdir(parents=True)
    found, problems = Settings.open(file)
    assert found.get(THEME) == "system"
    assert [problem.id for problem in problems][1:] == ["settings.held_offline"]


def test_a_place_that_cannot_be_written_is_said_and_the_value_holds_for_this_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    found = opened(tmp_path / "settings.json")
    blocked = Settings(tmp_path / "file" / "settings.json")
    with pytest.raises(DeskError) as caught:
        blocked.set(THEME, "dark")
    assert caught.value.problem.id == "settings.not_saved"
    assert blocked.get(THEME) == "dark"
    assert found.get(THEME) == "system"


def test_a_write_that_fails_half_way_leaves_the_old_file_and_no_litter(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = opened(file)
    found.set(THEME, "dark")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DeskError) as caught:
        found.set(THEME, "light")
    assert "No space left" in in_words(caught.value.problem).message
    monkeypatch.undo()
    assert opened(file).get(THEME) == "dark"
    assert [other.name for other in file.parent.iterdir()] == [file.name]


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_the_file_is_for_this_person_only(file: Path) -> None:
    opened(file).set(THEME, "dark")
    assert file.stat().st_mode & 0o077 == 0


def test_listeners_hear_of_changes_until_they_stop_listening(file: Path) -> None:
    found = opened(file)
    heard: list[str] = []
    forget = found.listen(THEME, heard.append)
    found.set(THEME, "dark")
    found.set(THEME, "dark")
    found.set(TEXT_SCALE, 110)
    forget()
    forget()
    found.set(THEME, "light")
    assert heard == ["dark"]


@pytest.mark.allow_log("a listener of", "mistral_desk.core.settings")
def test_a_listener_that_fails_keeps_nobody_from_the_value(file: Path) -> None:
    found = opened(file)
    heard: list[str] = []

    def fail(_value: str) -> None:
        raise RuntimeError("a listener's own fault")

    found.listen(THEME, fail)
    found.listen(THEME, heard.append)
    found.set(THEME, "dark")
    assert heard == ["dark"]
    assert opened(file).get(THEME) == "dark"


some_json = some.recursive(
    some.none() | some.booleans() | some.integers(-(2**53), 2**53) | some.text(max_size=20),
    lambda part: some.lists(part, max_size=3) | some.dictionaries(some.text(max_size=10), part, max_size=3),
    max_leaves=8,
)


@given(some.dictionaries(some.sampled_from([setting.name for setting in ALL]) | some.text(max_size=20), some_json))
def test_any_file_gives_allowed_values_and_keeps_the_rest(
    tmp_path_factory: pytest.TempPathFactory, content: dict[str, object]
) -> None:
    import logging

    file = tmp_path_factory.mktemp("settings") / "settings.json"
    file.write_text(json.dumps(content), encoding="utf-8")
    logging.disable(logging.WARNING)
    try:
        found, _ = Settings.open(file)
    finally:
        logging.disable(logging.NOTSET)
    for setting in ALL:
        setting.check(found.get(setting))
    found.set(THEME, "dark")
    known = {setting.name for setting in ALL}
    written = json.loads(file.read_bytes())
    assert {name: value for name, value in written.items() if name not in known} == {
        name: value for name, value in content.items() if name not in known
    }


@pytest.mark.allow_log("cannot be read", "mistral_desk.core.settings")
def test_a_damaged_file_that_cannot_be_set_aside_stays_and_nobody_goes_online(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(file, b"{damaged")
    monkeypatch.setattr(time, "strftime", lambda _form: "20260101-120000")
    in_its_place = file.with_name(f"settings-damaged-20260101-120000-{os.getpid()}.json")
    in_its_place.mkdir()
    found, problems = Settings.open(file)
    assert [problem.id for problem in problems] == ["settings.not_saved", "settings.held_offline"]
    assert problems[0].params["reason"]
    assert found.get(OFFLINE) is True
    assert file.read_bytes() == b"{damaged"
