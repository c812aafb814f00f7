"""Which parts of the engine are loaded: from its own folder, a processor's own, and no driver that is not wanted."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from mistral_desk.core.paths import Folders, folders
from mistral_desk.core.settings import GRAPHICS, Settings
from mistral_desk.inference.client import Worker
from mistral_desk.inference.device import Device
from mistral_desk.inference.engine import backends
from mistral_desk.inference.engine_parts import in_short
from mistral_desk.inference.fitting.device_file import DeviceFile

PREFIX, SUFFIX = ("ggml-", ".dll") if sys.platform == "win32" else ("libggml-", ".so")
PROCESSOR = Device("CPU", "a processor", "cpu", 2**30, 2**30)
CARD = Device("Vulkan0", "a card", "gpu", 2**30, 2**30, way_gbps=10.0)


class Ggml:
    """ggml as a build without backends inside has it: it loads what it is handed, or refuses it."""

    def __init__(self, *refused: str, idle: str = "none") -> None:
        """`refused` do not load; what is `idle` loads and finds no device."""
        self.refused, self.idle = refused, idle
        self.loaded: list[str] = []

    def __call__(self, name: str) -> Any:
        if name == "ggml_backend_load":
            return self._function(self._load)
        if name == "ggml_backend_reg_dev_count":
            return self._function(lambda registered: registered - 1)
        return self._function(lambda: 0) if name.endswith("count") else self._function(lambda _=0: None)

    def _load(self, path: bytes) -> int:
        assert Path(os.fsdecode(path)).resolve().parent == Path.cwd()
        self.loaded.append(Path(os.fsdecode(path)).name)
        if any(word in self.loaded[-1] for word in self.refused):
            return 0
        return 1 if self.idle in self.loaded[-1] else 2

    @staticmethod
    def _function(work: Any) -> Any:
        def called(*arguments: Any) -> Any:
            return work(*arguments)

        return called


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An engine's folder with files that are no libraries; where the person is, others lie in wait."""
    elsewhere = tmp_path / "downloads"
    elsewhere.mkdir()
    (elsewhere / f"{PREFIX}vulkan{SUFFIX}").write_bytes(b"planted")
    (elsewhere / f"{PREFIX}cpu{SUFFIX}").write_bytes(b"planted")
    monkeypatch.chdir(elsewhere)
    folder = tmp_path / "engine"
    folder.mkdir()
    for name in ("vulkan", "rpc", "cpu", "cpu-zen4"):
        (folder / f"{PREFIX}{name}{SUFFIX}").write_bytes(b"no library")
    return folder


def test_only_the_engine_s_own_files_are_loaded_and_the_processor_s_last(engine: Path) -> None:
    ggml = Ggml()
    assert backends.load(engine, ggml) == ("vulkan", "cpu")
    assert ggml.loaded == [f"{PREFIX}vulkan{SUFFIX}", f"{PREFIX}cpu{SUFFIX}"]
    assert Path.cwd() == engine.resolve()


def test_without_graphics_no_driver_is_touched(engine: Path) -> None:
    ggml = Ggml()
    assert backends.load(engine, ggml, graphics=False) == ("cpu",)
    assert ggml.loaded == [f"{PREFIX}cpu{SUFFIX}"]


def test_a_card_without_its_driver_is_done_without(engine: Path) -> None:
    assert backends.load(engine, Ggml("vulkan")) == ("cpu",)


def test_a_driver_without_a_card_is_not_in_use(engine: Path) -> None:
    assert backends.load(engine, Ggml(idle="vulkan")) == ("cpu",)


def test_no_part_for_this_processor_is_said(engine: Path) -> None:
    with pytest.raises(RuntimeError, match="no backend"):
        backends.load(engine, Ggml("cpu"))


def test_a_file_that_does_not_load_is_for_no_processor(engine: Path) -> None:
    assert backends.score(engine / f"{PREFIX}cpu-zen4{SUFFIX}") == 0
    assert backends.best(engine) == engine / f"{PREFIX}cpu{SUFFIX}"


def test_the_parts_in_words() -> None:
    assert in_short(("vulkan", "cpu-zen4")) == "Vulkan, processor (zen4)"
    assert in_short(("cpu",)) == "processor"
    assert in_short(()) == ""


@pytest.mark.parametrize("graphics", [True, False])
def test_a_worker_says_which_parts_it_uses(home: Path, *, graphics: bool) -> None:
    settings, _ = Settings.open(folders().ensure().settings)
    settings.set(GRAPHICS, value=graphics)

    async def named() -> tuple[str, ...]:
        worker = Worker()
        try:
            return (await worker.start()).backends
        finally:
            await worker.close()

    used = asyncio.run(named())
    assert used[-1].startswith("cpu")
    assert graphics or not set(used) & set(backends.GRAPHICS)


def test_switching_graphics_off_and_on_forgets_nothing(home: Path) -> None:
    places: Folders = folders().ensure()
    settings, _ = Settings.open(places.settings)
    devices = DeviceFile(places.cache, places.settings)
    devices.learn((CARD, PROCESSOR), measured=True)
    settings.set(GRAPHICS, value=False)
    assert devices.known() is None, "what was known has a card that the engine will not have"
    devices.learn((CARD, PROCESSOR))  # from a worker that was started before
    assert [one.kind for one in devices.reports()] == ["cpu"]
    settings.set(GRAPHICS, value=True)
    assert devices.known() == (CARD, PROCESSOR)
    assert devices.measured
    assert DeviceFile(places.cache, places.settings).known() == (CARD, PROCESSOR)
