"""What of an answer is kept for predictions: nothing where it was loaded otherwise, or others had the processors."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from mistral_desk.core.errors import Problem
from mistral_desk.fit.plan import Wishes, plan
from mistral_desk.inference.device import Placed
from mistral_desk.inference.fitting import measured
from mistral_desk.inference.fitting.measured import Loaded, Watch, Work, given_back, record, slowed
from mistral_desk.inference.fitting.model_facts import FileFacts
from mistral_desk.inference.protocol import Figures
from tests.fixtures.fake_worker import MODEL
from tests.fixtures.machines import pc
from tests.unit.test_fit_plan import MINISTRAL

TOOK: Final = Figures(prompt_tokens=600, cached_tokens=100, generated_tokens=64, prompt_s=5.0, tokens_per_s=9.0)
CHANGE: Final = Problem("load.smaller_cache", {"reason": "there was not enough memory"})


def loaded(ram: float = 32, vram: float = 0, **more: Any) -> Loaded:
    machine = pc(ram, vram)
    made = plan(MINISTRAL, machine, Wishes(context=4096))
    file = FileFacts("ministral.gguf:1", Path("ministral.gguf"), "Ministral", 1, "", MINISTRAL)
    info = msgspec.structs.replace(MODEL, threads=8, placed=(Placed("CPU_Mapped", "model", 10**9),), **more)
    return Loaded(file, machine, made, info)


def test_an_answer_of_a_model_as_planned_is_kept_whole() -> None:
    found = record(loaded(), Work(TOOK, load_s=3.0), 0.0)
    assert found
    assert found.tokens_per_s
    assert found.prompt_per_s
    assert found.load_s
    assert found.memory
    assert (found.tokens_per_s.measured, found.prompt_per_s.measured) == (9.0, 100.0)
    assert (found.load_s.measured, found.memory.measured, found.region) == (3.0, 10**9, "memory")


@pytest.mark.parametrize("one", [loaded(changes=(CHANGE,)), loaded(0.6)], ids=["made smaller", "it never fitted"])
def test_of_one_that_was_loaded_otherwise_nothing_is_kept(one: Loaded) -> None:
    assert record(one, Work(TOOK, load_s=3.0), 0.0) is None
    assert not slowed(one, Work(TOOK, share=0.0))


@pytest.mark.parametrize("work", [Work(TOOK, share=0.5), Work(TOOK, others=0.4)], ids=["it waited", "others worked"])
def test_while_others_have_the_processors_only_its_memory_says_something(work: Work) -> None:
    assert record(loaded(), work, 0.0) is None
    found = record(loaded(), Work(work.figures, False, work.share, work.others, 3.0), 0.0)
    assert found
    assert (found.tokens_per_s, found.prompt_per_s, found.load_s) == (None, None, None)
    assert found.memory
    assert not slowed(loaded(vram=24), work), "a graphics card does not wait for processors"


@pytest.mark.parametrize(
    ("changed", "writes", "reads"),
    [
        ({"generated_tokens": 3}, False, True),
        ({"tokens_per_s": None}, False, True),
        ({"cached_tokens": 599}, True, False),
        ({"prompt_s": 0.0}, True, False),
        ({"generated_tokens": 3, "prompt_s": 0.0}, False, False),
    ],
)
def test_too_little_means_nothing(changed: dict[str, Any], writes: bool, reads: bool) -> None:
    found = record(loaded(), Work(msgspec.structs.replace(TOOK, **changed)), 0.0)
    assert (bool(found and found.tokens_per_s), bool(found and found.prompt_per_s)) == (writes, reads)
    assert (found is None) == (not writes and not reads)


def test_pictures_say_nothing_of_how_fast_text_is_read() -> None:
    found = record(loaded(), Work(TOOK, pictures=True), 0.0)
    assert found
    assert (bool(found.tokens_per_s), found.prompt_per_s) == (True, None)


def test_of_a_process_that_is_not_there_nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measured, "_SHORTEST_S", 0.0)
    with subprocess.Popen([sys.executable, "-I", "-S", "-c", ""]) as process:
        pid = process.pid
        process.wait()
    for gone in (None, pid):
        assert Watch(gone).shares(4) == (None, None)
        assert given_back(gone) == 0
