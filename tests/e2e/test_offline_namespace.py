"""Without a network the whole program works, from its first start on, tries nothing, and keeps its files to its owner.

The long version, with the command line and the ledger beside the kernel's list: `python3 dev.py trust offline`.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pytest

from tests.campaigns import offline
from tests.fixtures.hub_files import content
from tests.fixtures.hub_site import HubSite, Repo
from tests.fixtures.program import desk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.traced import Traced

_WHY_NOT: Final = offline.why_not()
closed_only: Final = pytest.mark.skipif(bool(_WHY_NOT), reason=_WHY_NOT or "it can")
posix_only: Final = pytest.mark.skipif(os.name != "posix", reason="Windows' folders inherit who may read them")


class Used(NamedTuple):
    """A run of the window without a network."""

    folder: Path
    ran: Traced
    told: dict[str, Any]


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Used]:
    """As most people's shells have it, new files may be read by all."""
    folder = tmp_path_factory.mktemp("closed")
    before = os.umask(0o022)
    try:
        yield Used(folder, *offline.window(folder))
    finally:
        os.umask(before)


def open_to_others(home: Path) -> list[str]:
    """What the program wrote that anybody but its owner may look at."""
    folders = [home / name for name in ("data", "config", "cache", "models", "logs")]
    found = [path for folder in folders for path in (folder, *folder.rglob("*"))]
    assert any(path.name == "desk.log" for path in found)
    return [f"{stat.filemode(mode)} {path}" for path in found if (mode := path.lstat().st_mode) & 0o077]


@closed_only
def test_the_namespace_is_closed() -> None:
    names, four, six = offline.interfaces()
    assert not four
    assert not six
    assert set(names) <= {
        "lo",
        "tunl0",
        "sit0",
        "ip6tnl0",
        "gre0",
        "gretap0",
        "erspan0",
        "ip_vti0",
        "ip6_vti0",
        "ip6gre0",
    }


@closed_only
@pytest.mark.slow
def test_a_newcomer_needs_no_network_and_nothing_is_tried(used: Used) -> None:
    assert offline.wrong_in_window(used.ran, used.told) == []
    assert "15" in used.told["answer"]
    assert used.told["report"] == ["report.txt", "settings.json", "models.txt", "log.txt"]
    assert {host for host, _ in used.told["ledger"]} == {"huggingface.co"}, "only what was asked for"


@closed_only
@posix_only
@pytest.mark.slow
def test_all_that_the_window_writes_is_for_this_person_alone(used: Used) -> None:
    assert open_to_others(used.folder / "home") == []


@closed_only
@pytest.mark.slow
@pytest.mark.parametrize("name", ["ask", "doctor"])
def test_the_command_line_needs_none_either(tmp_path: Path, name: str) -> None:
    ran = offline.command(tmp_path, offline.COMMANDS[name])
    assert ran.status == 0, ran.out
    assert offline.tried(ran) == []


@posix_only
@pytest.mark.slow
def test_all_that_a_first_question_and_a_first_download_write_is_for_this_person_alone(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = os.umask(0o022)
    try:
        assert desk("ask", offline.QUESTION).status == 0
        with HubSite(Repo("acme/Tiny-GGUF", {"Tiny-Q4_K_M.gguf": content(400_000)})) as hub:
            monkeypatch.setenv("HF_ENDPOINT", hub.url)
            assert desk("pull", "acme/Tiny-GGUF").status == 0
    finally:
        os.umask(before)
    assert open_to_others(home) == []
