"""The self-test finds what is broken: a model that says something else, a database, a catalog, a window that fails."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

import pytest

from mistral_desk.catalog.store import Entry, Fetched, replace
from mistral_desk.cli import self_test
from mistral_desk.core.components import Component, components
from mistral_desk.core.paths import folders
from mistral_desk.inference import remote
from mistral_desk.inference.protocol import Loaded
from tests.fixtures import fake_worker

if TYPE_CHECKING:
    from pathlib import Path


def checked(home: Path, *names: str, picture: Path | None = None) -> dict[str, self_test.Check]:
    """These checks, as the self-test makes them."""

    async def work() -> list[self_test.Check]:
        tests = self_test._Tests(home, picture)
        try:
            for name in names:
                check = getattr(tests, f"_{name}")
                waits = asyncio.iscoroutinefunction(check)
                await tests._check(name, check if waits else partial(asyncio.to_thread, check))
        finally:
            await tests._engine.close()
        return tests._made

    return {check.name: check for check in asyncio.run(work())}


def worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: list[fake_worker.Step]) -> None:
    command = fake_worker.command(tmp_path, script)
    monkeypatch.setattr(remote, "worker_command", lambda: command)


def test_a_model_that_does_not_see_or_says_something_else_is_found(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker(tmp_path, monkeypatch, fake_worker.answering("It is a cat."))
    found = checked(home, "load", "answer")
    assert {name: check.ok for name, check in found.items()} == {"load": False, "answer": False}
    assert "the built-in model does not see" in found["load"].said
    assert "'It is a cat.', which has no '15'" in found["answer"].said

    sees = {"load": [fake_worker.event(Loaded(0, fake_worker.SEEING))], "generate": fake_worker.answer("It is 15.")}
    worker(tmp_path, monkeypatch, [fake_worker.HELLO, {"serve": sees}])
    found = checked(home, "load", "answer")
    assert {name: check.ok for name, check in found.items()} == {"load": True, "answer": True}
    assert found["answer"].said == "It is 15."


@pytest.mark.allow_log(".", "mistral_desk")
def test_a_database_and_a_catalog_that_are_not_as_they_should_be_are_found(home: Path) -> None:
    assert all(check.ok for check in checked(home, "database", "catalog").values())
    for file in folders().history.parent.glob(f"{folders().history.name}*"):
        file.unlink()
    folders().history.write_bytes(b"no database" * 1000)
    replace(folders().cache, Fetched(1.7e9, "http://127.0.0.1:1", (Entry(b"{"),)))
    found = checked(home, "database", "catalog")
    assert [check.ok for check in found.values()] == [False, False]
    assert "a new database is not as it should be" in found["database"].said
    assert found["catalog"].said.endswith("1 cannot be read")


def test_a_part_without_its_licence_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = components()
    monkeypatch.setattr(self_test, "components", lambda: (*parts, Component("of-nobody", "1", "MIT")))
    check = checked(home, "licences")["licences"]
    assert (check.ok, check.said) == (False, "RuntimeError: no licence's text of of-nobody")


def test_a_window_that_does_not_open_is_found_with_its_last_words(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("MISTRAL_DESK_HOME", str(tmp_path / "file" / "below"))
    check = checked(home, "window", picture=tmp_path / "window.png")["window"]
    assert not check.ok
    assert check.said.startswith("RuntimeError: status 1: ")
    assert "below" in check.said
