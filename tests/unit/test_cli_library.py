"""`pull`, `list`, `verify` and `remove` in this process: what their JSON promises, their words, and their refusals."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pytest

from mistral_desk.catalog import facts
from mistral_desk.cli.here import meant
from mistral_desk.cli.main import main
from mistral_desk.core import amounts
from mistral_desk.core.errors import DeskError
from mistral_desk.core.paths import folders
from mistral_desk.core.settings import Settings
from mistral_desk.inference.model_ids import models_in
from mistral_desk.library import relocating
from mistral_desk.library.relocating import FORMAT, Note
from tests.fixtures.hub_files import content
from tests.fixtures.hub_site import HubSite, Padded, Repo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fixtures.web_site import Body

REPOSITORY: Final = "acme/Tiny-GGUF"
ID: Final = f"{REPOSITORY}:Q4_K_M"
FILES: Final = {
    "Tiny-Q4_K_M-00001-of-00002.gguf": content(3_000, 1),
    "Tiny-Q4_K_M-00002-of-00002.gguf": content(70_000, 2),
    "Tiny-Q8_0.gguf": content(90_000, 3),
    "mmproj-F16.gguf": content(5_000, 4),
    "README.md": b"words",
}
PLAN: Final = ["type", "id", "title", "files", "bytes", "to_fetch", "license", "gated", "folder"]
PROGRESS: Final = ["type", "state", "done", "total", "speed", "left_s", "file", "problem"]
ROW: Final = [
    "id", "title", "name", "path", "repository", "quantization", "origin", "state", "bytes", "files", "projector",
    "missing", "verified", "used",
]  # fmt: skip
FILE: Final = ["model", "path", "good", "sha256", "bad_blocks", "block"]


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubSite]:
    with HubSite(Repo(REPOSITORY, dict(FILES))) as site:
        monkeypatch.setenv("HF_ENDPOINT", site.url)
        yield site


def desk(*arguments: str) -> int:
    return main(list(arguments), window=lambda _picture, _file: 0)


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def answer(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> dict[str, Any]:
    assert desk(*arguments, "--json") == status
    (found,) = lines(capsys)
    return found


def test_a_model_comes_with_all_its_files(hub: HubSite, capsys: pytest.CaptureFixture[str]) -> None:
    assert desk("pull", REPOSITORY, "--json") == 0
    said = lines(capsys)
    plan, end = said[0], said[-1]
    folder = folders().models / "acme" / "Tiny-GGUF"
    assert list(plan) == PLAN
    assert plan == {
        "type": "plan",
        "id": ID,
        "title": "Tiny-GGUF Q4_K_M",
        "files": ["Tiny-Q4_K_M-00001-of-00002.gguf", "Tiny-Q4_K_M-00002-of-00002.gguf", "mmproj-F16.gguf"],
        "bytes": 78_000,
        "to_fetch": 78_000,
        "license": "apache-2.0",
        "gated": False,
        "folder": str(folder),
    }
    assert {tuple(line) for line in said[1:-1]} == {tuple(PROGRESS)}
    assert end == {
        "type": "done",
        "id": ID,
        "path": str(folder / "Tiny-Q4_K_M-00001-of-00002.gguf"),
        "bytes": 78_000,
    }
    for name in plan["files"]:
        assert (folder / name).read_bytes() == FILES[name]
    served = hub.cdn.served
    assert desk("pull", REPOSITORY) == 0
    assert "All of it is on this computer already." in capsys.readouterr().out
    assert hub.cdn.served == served


def test_it_is_said_first_what_will_come(hub: HubSite, capsys: pytest.CaptureFixture[str]) -> None:
    assert desk("pull", REPOSITORY, "--quant", "q8_0") == 0
    out = capsys.readouterr().out
    assert out.splitlines() == [
        f"Tiny-GGUF Q8_0  ({REPOSITORY}:Q8_0)",
        "Size: 95.0 kB in 2 files",
        "Licence: apache-2.0",
        f"Place: {folders().models / 'acme' / 'Tiny-GGUF'}",
        "All of it is there, and its SHA-256 is right.",
        f'Talk to it: mistral-desk ask --model {REPOSITORY}:Q8_0 "…"',
    ]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("pull", REPOSITORY, "--quant", "Q2_K"), "library.no_quant"),
        (("pull", "nobody/nothing"), "hub.not_found"),
        (("pull", "no-such-model"), "library.no_download"),
        (("verify", "nothing"), "library.not_found"),
        (("remove", "nothing", "--yes"), "library.not_found"),
        (("remove", "builtin", "--yes"), "library.guide_stays"),
        (("pull", f"{REPOSITORY}:Q2_K"), "library.no_quant"),
    ],
)
@pytest.mark.usefixtures("hub")
def test_what_cannot_be_is_refused(
    arguments: tuple[str, ...], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert answer(capsys, *arguments, status=1)["id"] == problem


def test_offline_asks_nobody(hub: HubSite, capsys: pytest.CaptureFixture[str]) -> None:
    path = folders().ensure().settings
    path.write_text(json.dumps({"privacy.offline": True}), encoding="utf-8")
    assert answer(capsys, "pull", REPOSITORY, status=1)["id"] == "net.offline"
    assert hub.api.asked == []


def test_what_has_no_room_is_refused_before_anything_comes(hub: HubSite, capsys: pytest.CaptureFixture[str]) -> None:
    hub.put(Repo(REPOSITORY, {"Huge-Q4_K_M.gguf": Padded(b"GGUF", 5 * 10**14)}))
    assert desk("pull", REPOSITORY) == 1
    said = capsys.readouterr()
    assert "Size: 500 TB in 1 file\n" in said.out
    assert said.err.startswith("The model does not fit on the disk\n500\u202f000 GB are needed in ")
    assert hub.cdn.asked == []


def test_an_id_of_the_catalog_is_enough(hub: HubSite, capsys: pytest.CaptureFixture[str]) -> None:
    model = next(one for one in facts.models() if one.id == "mistral-small-4")
    for one in model.repositories:
        names: dict[str, Body] = {f"Small-{size.name}.gguf": content(2_000) for size in one.quantizations}
        hub.put(Repo(one.repository, names or {"Small-F16.gguf": content(2_000)}, tags=("gguf",)))
    assert desk("pull", model.id, "--json") == 0
    plan = lines(capsys)[0]
    repository, _, quant = plan["id"].partition(":")
    (chosen,) = (one for one in model.repositories if one.repository == repository)
    assert quant in {one.name for one in chosen.quantizations}
    assert (plan["license"], plan["gated"]) == (model.license, False)
    assert answer(capsys, "verify", model.id)["files"][0]["model"] == plan["id"]


def test_a_gated_model_says_so_and_nothing_comes(hub: HubSite, capsys: pytest.CaptureFixture[str]) -> None:
    hub.put(Repo(REPOSITORY, dict(FILES), gated="manual"))
    assert desk("pull", REPOSITORY, "--json") == 1
    said = lines(capsys)
    assert (said[0]["gated"], said[-1]["id"]) == (True, "hub.gated")
    assert models_in(folders().models) == ()


@pytest.mark.usefixtures("hub")
def test_the_library_is_listed_verified_and_removed(capsys: pytest.CaptureFixture[str]) -> None:
    guide = answer(capsys, "list")["models"]
    assert [(row["id"], row["origin"], row["state"]) for row in guide] == [("builtin", "guide", "here")]
    assert desk("pull", REPOSITORY) == 0
    capsys.readouterr()
    listed = answer(capsys, "list")
    assert list(listed) == ["folders", "bytes", "models"]
    assert listed["folders"] == [str(folders().models)]
    assert listed["bytes"] == sum(row["bytes"] for row in listed["models"])
    assert listed["models"][0] == guide[0]
    row = listed["models"][1]
    assert list(row) == ROW
    folder = folders().models / "acme" / "Tiny-GGUF"
    assert row == {
        "id": ID,
        "title": "Tiny-GGUF Q4_K_M",
        "name": "Tiny-Q4_K_M",
        "path": str(folder / "Tiny-Q4_K_M-00001-of-00002.gguf"),
        "repository": REPOSITORY,
        "quantization": "Q4_K_M",
        "origin": "download",
        "state": "here",
        "bytes": 78_000,
        "files": [str(folder / f"Tiny-Q4_K_M-0000{number}-of-00002.gguf") for number in (1, 2)],
        "projector": str(folder / "mmproj-F16.gguf"),
        "missing": [],
        "verified": True,  # all of it went through its hash when it came
        "used": None,
    }
    assert models_in(folders().models) == (row["path"],)
    found = answer(capsys, "verify")
    assert (list(found), found["good"], found["missing"]) == (["good", "files", "missing"], True, [])
    assert [list(file) for file in found["files"]] == [FILE] * 3
    assert answer(capsys, "remove", ID, status=1)["id"] == "library.not_asked"
    gone = answer(capsys, "remove", ID, "--forever", "--yes")
    assert gone == {"id": ID, "freed_bytes": 78_000, "in_bin": False, "forgotten": False}
    assert answer(capsys, "list")["models"] == guide
    assert models_in(folders().models) == ()
    assert desk("list") == 0
    assert capsys.readouterr().out == (
        f"builtin  {amounts.file_size(guide[0]['bytes'])}  Guide (demonstration)\n"
        f"No models in {folders().models} yet. “mistral-desk pull MODEL” brings one.\n"
    )


def test_what_is_damaged_or_missing_is_repaired_when_asked(hub: HubSite, capsys: pytest.CaptureFixture[str]) -> None:
    assert desk("pull", REPOSITORY) == 0
    folder = folders().models / "acme" / "Tiny-GGUF"
    large = folder / "Tiny-Q4_K_M-00002-of-00002.gguf"
    changed = bytearray(large.read_bytes())
    changed[5] ^= 1
    large.write_bytes(changed)
    capsys.readouterr()
    assert desk("verify", ID) == 1
    said = capsys.readouterr().out
    assert f"{large.name}: damaged in block 0\n" in said
    assert said.endswith("“mistral-desk verify --repair” brings what is damaged or missing.\n")
    assert desk("list") == 0
    assert capsys.readouterr().out.splitlines()[1] == f"{ID}  78.0 kB  damaged"
    assert desk("verify", ID, "--repair", "--json") == 0
    said_now = lines(capsys)
    assert (said_now[0]["good"], said_now[-1]) == (False, {"type": "repaired", "orders": 1})
    assert large.read_bytes() == FILES[large.name]
    assert answer(capsys, "list")["models"][1]["id"] == ID
    large.unlink()
    assert answer(capsys, "list")["models"][1]["state"] == "incomplete"
    assert desk("verify", "--repair") == 0
    assert capsys.readouterr().out.splitlines()[-1] == "Repaired with 1 download. All of it is there."
    assert large.read_bytes() == FILES[large.name]
    assert answer(capsys, "verify")["good"] is True


def test_nothing_is_downloaded_into_a_folder_on_the_move(hub: HubSite, capsys: pytest.CaptureFixture[str]) -> None:
    places = folders().ensure()
    note = Note(FORMAT, str(places.models), str(places.data / "elsewhere"), "forward", ())
    relocating.write(places.data / relocating.FILE, note)
    assert answer(capsys, "pull", REPOSITORY, status=1)["id"] == "library.moving"
    assert hub.api.asked == []


@pytest.mark.usefixtures("hub")
def test_a_model_is_found_by_each_of_its_names(capsys: pytest.CaptureFixture[str]) -> None:
    assert desk("pull", REPOSITORY) == 0
    settings = Settings(folders().settings)
    path = str(folders().models / "acme" / "Tiny-GGUF" / "Tiny-Q4_K_M-00001-of-00002.gguf")
    for name in (ID, ID.lower(), "Tiny-Q4_K_M", REPOSITORY, path):
        found = meant(name, settings)
        assert found.path == path
        assert name == path or (found.id, found.title) == (ID, "Tiny-GGUF Q4_K_M")
    assert meant("no-such.gguf", settings).path == "no-such.gguf"
    assert meant("./no-such", settings).path == "./no-such"
    with pytest.raises(DeskError, match=r"library\.unknown"):
        meant("no-such", settings)
    assert meant("builtin", settings).path == "builtin"
    with pytest.raises(DeskError, match=r"library\.not_found"):
        meant("acme/Other-GGUF:Q4_K_M", settings)
    assert desk("pull", REPOSITORY, "--quant", "Q8_0") == 0
    capsys.readouterr()
    several = answer(capsys, "verify", REPOSITORY, status=1)
    assert several["id"] == "library.several"
    assert ID in several["message"]
