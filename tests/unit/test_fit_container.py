"""In a container the memory is that of its group, whichever version of control groups says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mistral_desk.fit import detect

if TYPE_CHECKING:
    from pathlib import Path

MIB = 1 << 20


class Group:
    """The three files of a group, in place of the system's."""

    def __init__(self, folder: Path, name: str, details: str) -> None:
        self._paths = tuple(folder / f"{name}.{part}" for part in ("limit", "usage", "details"))
        self.place = tuple(map(str, self._paths))
        self._details = details

    def says(self, limit: str, usage: str) -> None:
        for path, text in zip(self._paths, (limit, usage, self._details), strict=True):
            path.write_text(f"{text.strip()}\n", encoding="ascii")


@pytest.fixture
def second(tmp_path: Path) -> Group:
    return Group(tmp_path, "second", f"anon 1\ninactive_file {6 * MIB}\nactive_file {2 * MIB}\n")


@pytest.fixture
def first(tmp_path: Path) -> Group:
    return Group(tmp_path, "first", f"inactive_file 1\ntotal_inactive_file {5 * MIB}\ntotal_active_file {3 * MIB}\n")


@pytest.fixture(autouse=True)
def groups(first: Group, second: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detect, "_GROUPS", (second.place, first.place))


@pytest.mark.parametrize("version", ["first", "second"])
def test_the_limit_is_all_there_is_and_cached_files_count_as_free(version: str, request: pytest.FixtureRequest) -> None:
    group: Group = request.getfixturevalue(version)
    group.says(str(64 * MIB), str(40 * MIB))

    assert detect.memory() == (64 * MIB, (64 - 40 + 8) * MIB)


def test_a_group_that_uses_more_than_it_may_has_nothing_free(second: Group) -> None:
    second.says(str(64 * MIB), str(90 * MIB))

    assert detect.memory() == (64 * MIB, 0)


@pytest.mark.parametrize(("limit", "usage"), [("max", "1"), (str(1 << 62), "1"), ("0", "1"), (str(64 * MIB), "?")])
def test_what_limits_nothing_or_makes_no_sense_is_passed_over(second: Group, limit: str, usage: str) -> None:
    without = detect.memory()[0]
    second.says(limit, usage)

    assert detect.memory()[0] == without > 64 * MIB
