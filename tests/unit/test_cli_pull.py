"""What `pull` says while a model comes, and which repository a name means: in words, on a terminal, against a hub."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest
from msgspec.structs import replace

from mistral_desk.catalog import facts
from mistral_desk.cli.main import main
from mistral_desk.cli.pull_output import Plan, Terminal
from mistral_desk.core.errors import Problem
from mistral_desk.core.paths import folders
from mistral_desk.library.orders import Download, Order
from tests.fixtures.hub_files import content
from tests.fixtures.hub_site import HubSite, Repo
from tests.fixtures.terminal import terminal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mistral_desk.library.orders import State

REPOSITORY: Final = "acme/Tiny-GGUF"
PLAN: Final = Plan("a:Q4", "A Q4", ("a.gguf",), 2_000, 2_000, "apache-2.0", gated=False, folder="/models")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubSite]:
    with HubSite(Repo(REPOSITORY, {"Tiny-Q4_K_M.gguf": content(70_000), "README.md": b"words"})) as site:
        monkeypatch.setenv("HF_ENDPOINT", site.url)
        yield site


def desk(*arguments: str) -> int:
    return main(list(arguments), window=lambda _picture, _file: 0)


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"to_fetch": 0}, "All of it is on this computer already."),
        ({"to_fetch": 500}, "Still to come: 500 bytes"),
        ({"license": None}, "Licence: nobody states one"),
        ({"gated": True}, "The hub gives it only to accounts that have agreed to its conditions."),
        ({"gated": None}, "Nobody states whether the hub asks for an agreement first."),
    ],
)
def test_before_anything_comes_it_is_said_what_is_known_and_what_nobody_states(
    changed: dict[str, object], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Terminal().plan(PLAN)
    usual = capsys.readouterr().out.splitlines()
    assert usual == ["A Q4  (a:Q4)", "Size: 2.0 kB in 1 file", "Licence: apache-2.0", "Place: /models"]
    Terminal().plan(replace(PLAN, **changed))
    said = capsys.readouterr().out.splitlines()
    assert line in said
    assert (said[0], said[-1]) == (usual[0], usual[-1])


def test_the_line_that_changes_says_how_far_it_is_and_a_reason_to_wait_is_told_once() -> None:
    def now(state: State, **more: object) -> Download:
        return replace(Download(Order("a", "A", ()), "/models", state, 500, 2_000), **more)

    gone = Problem("net.unreachable", {"host": "hub.example"})
    with terminal() as screen:
        out = Terminal()
        out.progress(now("fetching", speed=250.0, left_s=600.0, file="a\x1b[2J.gguf"))
        out.progress(now("checking"))
        waits = screen.err
        out.progress(now("waiting", problem=gone))
        out.progress(now("waiting", problem=gone))
        out.clear()
    first, second = (line.rstrip() for line in waits.split("\r")[1:])
    assert first.startswith("25 %  500 bytes of 2.0 kB  250 bytes a second  ")
    assert "10 min" in first
    assert first.endswith("  a\ufffd[2J.gguf"), "a name does not drive the terminal"
    assert second == "25 %  500 bytes of 2.0 kB"
    told = screen.err.removeprefix(waits)
    assert told.count("hub.example") == 1
    assert "\r25 %  500 bytes of 2.0 kB  " in told
    assert told.endswith(" \r")


def test_what_a_person_must_do_something_about_ends_it_with_words(hub: HubSite) -> None:
    hub.trouble.flip = 100  # each byte that comes there is another one, so that its hash is never right
    with terminal() as screen:
        assert desk("pull", REPOSITORY) == 1
    assert "All of it is there" not in screen.out
    assert len(screen.err.rpartition("\r")[2].splitlines()) >= 2
    assert not list(folders().models.rglob("*.gguf"))


def test_a_size_that_is_named_is_taken_from_the_repository_that_has_it(hub: HubSite) -> None:
    model = next(one for one in facts.models() if one.id == "mistral-small-4")
    having = [one for one in model.repositories if any(size.name == "Q6_K" for size in one.quantizations)]
    assert having
    assert model.repositories[0] not in having
    hub.put(Repo(having[0].repository, {"Small-Q6_K.gguf": content(2_000), "Small-Q5_K_M.gguf": content(2_001)}))
    with terminal() as screen:
        assert desk("pull", model.id, "--quant", "q6_k") == 0
    assert screen.out.splitlines()[0].endswith(f"({having[0].repository}:Q6_K)")


def test_of_a_model_without_known_files_the_hub_is_asked(hub: HubSite) -> None:
    (model,) = facts.find("glm-5")
    repository = model.repositories[0].repository
    hub.put(Repo(repository, {"GLM-5-Q4_K_M.gguf": content(2_000)}))
    with terminal() as screen:
        assert desk("pull", "glm-5") == 0
    assert screen.out.splitlines()[0].endswith(f"({repository}:Q4_K_M)")
