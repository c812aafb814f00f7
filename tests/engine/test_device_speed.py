"""What is computed on is measured through ggml in a worker of its own, kept, and measured again when asked."""

from __future__ import annotations

import asyncio
import math
import sys
from typing import TYPE_CHECKING

import pytest

from mistral_desk.core.paths import Folders, folders
from mistral_desk.fit import measure
from mistral_desk.fit.core_rates import FORMATS
from mistral_desk.inference.device import Device
from mistral_desk.inference.fitting import Fitting
from mistral_desk.inference.fitting.device_file import DeviceFile
from mistral_desk.inference.remote import Worker
from tests.fixtures import fake_worker, second_device
from tests.fixtures.below import below
from tests.fixtures.engines import run

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.engine


@pytest.fixture
def places(home: Path, monkeypatch: pytest.MonkeyPatch) -> Folders:
    """A home, in a computer that is not busy and whose memory needs no measuring."""
    monkeypatch.setattr(measure, "memory", lambda: 25.0)
    monkeypatch.setattr("mistral_desk.fit.measure.psutil.cpu_percent", lambda _seconds: 0.0)
    return folders(str(home)).ensure()


async def said(*cards: tuple[str, int], measures: bool) -> dict[str, Device]:
    worker = Worker(second_device.command(*cards), measures=measures)
    try:
        return {one.name: one for one in (await worker.start()).devices}
    finally:
        await worker.close()


def test_a_worker_measures_when_it_is_told_to() -> None:
    async def test() -> None:
        found = await said(("CARD0", 512), ("CARD1", 64), measures=True)
        assert found["CPU"].way_gbps is None
        core = found["CPU"].core
        assert core
        assert {"Q8_0", "Q4_K"} <= dict(core.gbps).keys() <= FORMATS
        assert all(math.isfinite(rate) and 0.05 < rate < 500 for _, rate in core.gbps)
        assert {"Q8_0", "Q4_K"} == dict(core.gflops).keys()
        assert all(math.isfinite(rate) and 0.5 < rate < 5000 for _, rate in core.gflops)
        assert found["CARD0"].way_gbps
        assert 0.05 < found["CARD0"].way_gbps < 5000
        assert found["CARD0"].memory_free == 512 << 20, "it has given everything back"
        assert found["CARD1"].way_gbps is None, "there is no room for it"
        silent = await said(("CARD0", 512), measures=False)
        assert (silent["CARD0"].way_gbps, silent["CPU"].core) == (None, None)

    run(test())


def test_what_was_measured_is_kept_and_measured_again_when_asked(places: Folders) -> None:
    async def test() -> None:
        fitting = Fitting(places, command=second_device.command(("CARD0", 512)))
        machine = await fitting.machine()
        (card,) = machine.gpus
        assert "pcie_gbps" not in card.estimated
        assert machine.core.known
        assert "core_gbps" not in machine.estimated
        plain = await said(("CARD0", 512), measures=False)
        another = DeviceFile(places.cache)
        assert another.measured
        another.learn(tuple(plain.values()))
        (report,) = [one for one in another.reports() if one.kind == "gpu"]
        assert report.way_gbps, "a worker that does not measure takes nothing away"
        assert [one.core for one in another.reports() if one.kind == "cpu"] == [machine.core]
        another.learn((Device("CARD0", "another", "gpu", 1 << 30, 1 << 30),))
        assert [one.way_gbps for one in another.reports()] == [None], "another card has not been measured"
        await fitting.machine(again=True)
        assert DeviceFile(places.cache).measured
        await fitting.close()

    run(test())


def test_a_driver_that_ends_the_worker_is_not_measured_for_ever(places: Folders, tmp_path: Path) -> None:
    """The first worker, which is to measure, ends; the next one only says what there is."""
    card = {"name": "GPU0", "description": "a card", "kind": "gpu", "memory_free": 1 << 30, "memory_total": 1 << 30}
    hello = {"send": fake_worker.HELLO["send"] | {"devices": [card]}}
    script = fake_worker.command(tmp_path, [hello, {"serve": {}}])
    asked = tmp_path / "asked"
    code = (
        "import os, sys\n"
        f"open({str(asked)!r}, 'a').write('x')\n"
        "if 'MISTRAL_DESK_MEASURE_DEVICES' in os.environ:\n    os.abort()\n"
        f"os.execv(sys.executable, {script!r})\n"
    )

    async def test() -> None:
        fitting = Fitting(places, command=[script[0], "-c", code])
        (gpu,) = (await fitting.machine()).gpus
        assert gpu.estimated == ("gbps", "pcie_gbps")
        assert asked.read_text() == "xx"
        await fitting.machine()
        assert asked.read_text() == "xx", "it is not asked again"
        await fitting.close()

    run(test())


def test_who_closes_waits_for_no_worker_that_says_nothing(places: Folders) -> None:
    """A driver may hold it for ever, and so may whoever has stopped it."""
    silent = [sys.executable, "-c", "import time; time.sleep(3600)"]

    async def test() -> None:
        fitting, others = Fitting(places, command=silent), below()
        measuring = asyncio.ensure_future(fitting.machine())
        while not below() - others:  # noqa: ASYNC110 - a process that begins to be tells nobody
            await asyncio.sleep(0.01)
        besides = asyncio.ensure_future(fitting.ask_devices())  # as a large model that is to be loaded has it
        while len(below() - others) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await fitting.close()
        await besides
        assert not below() - others
        assert "core_gbps" in (await measuring).estimated, "who asked gets what is known"
        assert not DeviceFile(places.cache).measured, "the next start asks again"

    run(test())
