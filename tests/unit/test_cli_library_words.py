"""What a person at a terminal reads of their models: what is asked before one goes, what is wrong with one, Ctrl+C."""

from __future__ import annotations

import json
import sys
import threading
from typing import TYPE_CHECKING, Final

import pytest

from mistral_desk.cli.main import main
from mistral_desk.core.paths import folders
from tests.fixtures import program
from tests.fixtures.hub_files import content
from tests.fixtures.hub_site import HubSite, Repo
from tests.fixtures.other_programs import put
from tests.fixtures.terminal import terminal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REPOSITORY: Final = "acme/Tiny-GGUF"
FILE: Final = "Tiny-Q4_K_M.gguf"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubSite]:
    with HubSite(Repo(REPOSITORY, {FILE: content(70_000), "README.md": b"words"})) as site:
        monkeypatch.setenv("HF_ENDPOINT", site.url)
        yield site


def desk(*arguments: str) -> int:
    return main(list(arguments), window=lambda _picture, _file: 0)


def own_model() -> Path:
    """A file that somebody put into the models folder."""
    return put(folders().ensure().models / "Mine.gguf", content(20_000))


def setting(name: str, value: object) -> None:
    folders().ensure().settings.write_text(json.dumps({name: value}), encoding="utf-8")


@pytest.mark.parametrize(
    ("typed", "options", "kept", "question", "gone"),
    [
        ("y\n", ["--forever"], "bin", "Delete {name} (20.0 kB) for good?", True),
        ("YES \n", [], "for_good", "Delete {name} (20.0 kB) for good?", True),
        ("n\n", [], "bin", "Move {name} (20.0 kB) to the bin?", False),
        ("\n", ["--forever"], "bin", "Delete {name} (20.0 kB) for good?", False),
        ("", [], "for_good", "Delete {name} (20.0 kB) for good?", False),
    ],
    ids=["yes", "a setting", "no", "only Enter", "the end of the input"],
)
def test_nothing_goes_before_the_person_has_said_yes(
    typed: str, options: list[str], kept: str, question: str, gone: bool
) -> None:
    setting("models.delete", kept)
    file = own_model()
    with terminal(typed) as screen:
        status = desk("remove", "Mine", *options)
    assert file.exists() is not gone
    assert screen.err.startswith(f"{question.format(name=file)} [y/N] ")
    if gone:
        assert (status, screen.out) == (0, "Deleted. 20.0 kB are free again.\n")
    else:
        assert (status, screen.out) == (1, "")
        assert screen.err.endswith("Nothing was removed.\n")


@pytest.mark.skipif(sys.platform != "linux", reason="the bin of this system is the person's own")
def test_the_bin_is_said_to_free_nothing_yet(tmp_path: Path) -> None:
    file = own_model()
    env = {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path / "data")}
    ran = program.desk("remove", "Mine", "--yes", env=env)
    said = "It is in the system's bin. Its room is free when the bin is emptied.\n"
    assert (ran.status, ran.out) == (0, said), ran.err
    assert not file.exists()
    assert (tmp_path / "data" / "Trash" / "files" / file.name).is_file()


def test_what_nobody_knows_is_read_and_said_to_be_unknown() -> None:
    with terminal() as screen:
        assert desk("verify") == 0
    assert screen.out == "There is nothing to verify.\n"
    own_model()
    with terminal() as screen:
        assert desk("verify") == 0
    assert screen.out == "Mine.gguf: read; nobody knows what it should be\n"
    assert "Verifying: 100 %" in screen.err
    assert screen.err.endswith("\r"), "the line that changes is gone"


def damaged(hub: HubSite) -> tuple[Path, bytes]:
    """A downloaded model whose file has changed, and what it held; the CDN keeps the rest back from then on."""
    with terminal():
        assert desk("pull", REPOSITORY) == 0
    file = folders().models / "acme" / "Tiny-GGUF" / FILE
    whole = file.read_bytes()
    file.write_bytes(b"\0" * 100 + whole[100:])
    return file, whole


def test_after_ctrl_c_amid_a_repair_the_command_that_is_named_goes_on_with_it(hub: HubSite) -> None:
    """The file is no model any more, so the same command would find nothing to repair."""
    file, whole = damaged(hub)
    for arguments, named in (
        ([], f"The repair is not done. “mistral-desk pull {REPOSITORY}:Q4_K_M” goes on with it.\n"),
        (["--json"], f'{{"type":"paused","pull":"{REPOSITORY}:Q4_K_M"}}\n'),
    ):
        let_go = threading.Event()
        hub.trouble.held = (1_000, let_go)
        with terminal(press='"fetching"' if arguments else "of 70.0 kB") as screen:
            assert desk("verify", "--repair", *arguments) == 130
        assert (screen.out if arguments else screen.err).endswith(named)
        assert "Repaired" not in screen.out
        assert not file.exists()
        let_go.set()
        hub.trouble.held = None
        with terminal() as screen:
            assert desk("pull", f"{REPOSITORY}:Q4_K_M") == 0
        assert file.read_bytes() == whole
        file.write_bytes(b"\0" * 100 + whole[100:])


def test_a_repair_that_is_offline_names_that_command_too(hub: HubSite) -> None:
    file, whole = damaged(hub)
    setting("privacy.offline", True)
    with terminal() as screen:
        assert desk("verify", "--repair") == 1
    assert f"“mistral-desk pull {REPOSITORY}:Q4_K_M” goes on with it.\n" in screen.err
    setting("privacy.offline", False)
    with terminal():
        assert desk("pull", f"{REPOSITORY}:Q4_K_M") == 0
    assert file.read_bytes() == whole


def test_a_part_that_nobody_knows_where_to_fetch_is_not_called_repaired() -> None:
    file = put(folders().ensure().models / "Mine-00001-of-00002.gguf", content(20_000))
    with terminal() as screen:
        assert desk("list") == 0
        assert desk("verify") == 1
        assert desk("verify", "--repair") == 1
    assert screen.out.splitlines()[1] == f"{file}  20.0 kB  1 part is missing"
    assert "Mine-00002-of-00002.gguf: missing\n" in screen.out
    assert "Repaired" not in screen.out
    assert "Mine needs Mine-00002-of-00002.gguf too.\n" in screen.err
