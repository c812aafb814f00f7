"""The engine in the test's own process, which the application itself never does: for what no process can be told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from mistral_desk.inference import state_keeper
from mistral_desk.inference.engine import native
from mistral_desk.inference.engine.load import load
from mistral_desk.inference.picture_store import PictureStore
from mistral_desk.inference.protocol import Load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mistral_desk.inference.engine.generate import Generator

_logs: Final[list[native.Log]] = []
"""C keeps only a pointer to it."""


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept of a model's memory is what these tests ask, not how soon a worker has to go."""
    monkeypatch.setattr(state_keeper, "LEAVE_LIMIT_S", 240.0)


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> native.Log:
    """llama.cpp's log. The engine makes its own folder the current one; the test's is the current one again."""
    monkeypatch.chdir(tmp_path)
    native.start()
    monkeypatch.chdir(tmp_path)
    if not _logs:
        _logs.append(native.Log())
    native.lib.llama_log_set(_logs[0]._callback, None)
    return _logs[0]


@pytest.fixture
def opened(log: native.Log) -> Iterator[Callable[..., Generator]]:
    """Loads a model, of at most 512 tokens where nothing else is said; all are freed in the end."""
    made: list[Generator] = []

    def open_(path: Path, context: int = 512, **more: Any) -> Generator:
        command = Load(1, str(path), context, 1, **more)
        made.append(load(command, log, lambda _share, _looks: None, lambda: False, PictureStore()))
        return made[-1]

    yield open_
    for one in made:
        one.close()
