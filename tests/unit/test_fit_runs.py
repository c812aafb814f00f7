"""Measured runs: kept, bounded, tolerant; they say nothing of a conversation, and correct what is predicted next."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from mistral_desk.catalog import facts
from mistral_desk.fit.guess import guess
from mistral_desk.fit.plan import plan
from mistral_desk.fit.runs import FILE, MOST, MOST_EACH, Comparison, Record, Runs, Seen
from mistral_desk.fit.speed import BAND, BAND_MEASURED, BAND_ONCE, Range, Run, correction
from tests.fixtures.machines import pc

if TYPE_CHECKING:
    from mistral_desk.fit.shape import Shape

PREDICTED = Range(6.5, 10.0, 13.5)


def ran(key: str = "a.gguf:1", measured: float = 8.0, when: float = 1.0, region: str = "memory") -> Record:
    return Record(key, "A", when, region, 3, tokens_per_s=Seen(PREDICTED, measured))  # type: ignore[arg-type]


def test_what_was_added_is_there_after_a_restart(tmp_path: Path) -> None:
    folder = tmp_path / "Ablage für Läufe" / "cache"
    runs = Runs.open(folder)
    runs.add(ran(measured=7.0))
    runs.add(ran("b.gguf:2"))
    again = Runs.open(folder)
    assert [run.tokens_per_s for run in again.of("a.gguf:1")] == [Seen(PREDICTED, 7.0)]
    assert len(again.of("b.gguf:2")) == 1
    assert again.of("unknown") == ()
    assert [path.name for path in folder.iterdir()] == [FILE]


def test_each_model_keeps_its_newest_and_all_together_a_bounded_number(tmp_path: Path) -> None:
    runs = Runs(tmp_path / FILE, [ran(f"{number}.gguf:1") for number in range(MOST + 50)])
    for number in range(MOST_EACH + 5):
        runs.add(ran(measured=float(number)))
    kept = Runs.open(tmp_path)
    assert [run.tokens_per_s.measured for run in kept.of("a.gguf:1") if run.tokens_per_s] == [
        float(number) for number in range(5, MOST_EACH + 5)
    ]
    assert kept.of("0.gguf:1") == ()
    assert len(kept.of(f"{MOST + 49}.gguf:1")) == 1
    assert len(kept.corrections()) == MOST


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"version":1}', b'{"version":99,"runs":[]}', b"\xff\xfe", b"[" * 100_000, None]
)
def test_a_file_that_makes_no_sense_begins_anew(tmp_path: Path, content: bytes | None) -> None:
    if content is None:
        (tmp_path / FILE).mkdir()
    else:
        (tmp_path / FILE).write_bytes(content)
    runs = Runs.open(tmp_path)
    assert runs.corrections() == ()
    runs.add(ran())
    assert len(runs.of("a.gguf:1")) == 1, "it holds for this run of the program in any case"
    assert len(Runs.open(tmp_path).of("a.gguf:1")) == (content is not None)


def test_threads_may_add_at_once(tmp_path: Path) -> None:
    runs = Runs.open(tmp_path)
    workers = [threading.Thread(target=runs.add, args=(ran(f"{number}.gguf:1"),)) for number in range(12)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(Runs.open(tmp_path).corrections()) == 12


def test_a_record_has_no_place_for_words_or_for_a_conversations_length() -> None:
    """Whoever adds a field must think of temporary chats, which leave nothing but a speed."""
    assert {field.name for field in msgspec.structs.fields(Record)} == {
        "key", "name", "when", "region", "threads", "engine", "tokens_per_s", "prompt_per_s", "load_s", "memory",
    }  # fmt: skip


def test_predicted_beside_measured() -> None:
    own = [ran(measured=9.0, when=5.0), ran(measured=7.0, when=9.0), ran(measured=8.0, when=7.0)]
    runs = Runs(Path("unused"), [*own, ran("other:1", 99.0)])
    found = runs.comparison("a.gguf:1")
    assert found.tokens_per_s.predicted == PREDICTED
    assert found.tokens_per_s.measured == Range(7.0, 8.0, 9.0)
    assert (found.tokens_per_s.count, found.tokens_per_s.when, found.tokens_per_s.within) == (3, 9.0, True)
    assert (found.load_s.measured, found.load_s.within, found.runs) == (None, None, 3)
    assert runs.comparison("nothing") == Comparison("nothing")


def test_runs_of_the_very_file_go_before_others() -> None:
    others = [Run("memory", 10.0, 20.0) for _ in range(10)]
    assert correction("memory", others) == (2.0, 10)
    assert correction("memory", [*others, Run("memory", 10.0, 7.0, same=True)]) == (0.7, 1)
    assert correction("gpu", others) == (1.0, 0)


def an_exact_shape() -> Shape:
    """A model of 8 billion parameters, as if its header had been read."""
    (model,) = facts.find("ministral-3-8b")
    (found,) = [guess(model, one) for one in model.repositories[0].quantizations if one.name == "Q4_K_M"]
    assert found
    return msgspec.structs.replace(found, rough=False)


SHAPE = an_exact_shape()


def span(runs: list[Run]) -> Range:
    made = plan(SHAPE, pc(32), None, runs)
    assert made.speed is not None
    return made.speed.tokens_per_s


def width(found: Range) -> float:
    assert found.mid / found.low == pytest.approx(found.high / found.mid)
    return found.high / found.mid - 1


def test_every_run_of_ones_own_makes_the_range_narrower() -> None:
    once = Run("memory", 10.0, 8.0, same=True)
    assert width(span([])) == pytest.approx(BAND)
    assert width(span([Run("memory", 10.0, 8.0)])) == pytest.approx(BAND), "one run of another file proves little"
    assert width(span([once])) == pytest.approx(BAND_ONCE)
    assert width(span([once] * 3)) == pytest.approx(BAND_MEASURED)


@given(
    off=some.floats(0.25, 4.0),
    noise=some.floats(-0.1, 0.1),
    again=some.floats(-0.1, 0.1),
)
def test_after_one_run_the_next_one_lies_in_the_narrower_range(off: float, noise: float, again: float) -> None:
    """However far off the formulae are (up to what a correction may do), as long as runs are alike within 10 %."""
    plain = span([])
    first, second = plain.mid * off * (1 + noise), plain.mid * off * (1 + again)
    found = span([Run("memory", plain.mid, first, same=True)])
    assert width(found) < width(plain)
    assert found.low <= second <= found.high
