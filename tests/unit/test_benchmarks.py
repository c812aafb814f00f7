"""A benchmark's row says what was measured, against which aim, and does not hide what could not be measured."""

from __future__ import annotations

import json

import pytest

from benchmarks import __main__ as door
from benchmarks import llama_bench
from benchmarks.figure import Benchmark, Figure, UnavailableError


def benchmark(value: float, bound: float, at_least: bool) -> Benchmark:
    return Benchmark("speed", "s", bound, "at least" if at_least else "at most", lambda: (value, "by hand"))


@pytest.mark.parametrize(
    ("value", "at_least", "met"),
    [(0.96, True, False), (0.97, True, True), (0.97, False, True), (0.98, False, False)],
)
def test_an_aim_is_met_at_its_bound(value: float, at_least: bool, met: bool) -> None:
    figure = benchmark(value, 0.97, at_least).run()

    assert figure.met is met
    assert figure.value == value


def test_what_cannot_be_measured_has_no_value_and_says_why() -> None:
    def fails() -> tuple[float, str]:
        raise UnavailableError("there is no window here")

    figure = Benchmark("speed", "s", 1.0, "at most", fails).run()

    assert figure == Figure("speed", None, "s", "at most 1 s", None, "there is no window here")
    assert "not measured" in door.row(figure)


def test_llama_bench_is_measured_where_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(llama_bench.PROGRAM, raising=False)
    rows = [one.run() for one in door.BENCHMARKS if one.name.endswith("llama-bench")]

    assert [(row.name, row.value, row.met) for row in rows] == [
        ("generation-llama-bench", None, None),
        ("reading-llama-bench", None, None),
    ]
    assert all(llama_bench.PROGRAM in row.how for row in rows)


def test_json_is_a_list_of_rows_and_a_missed_aim_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(door, "BENCHMARKS", (benchmark(2.0, 1.0, at_least=False),))

    status = door.main(["--json"])

    assert status == 1
    assert json.loads(capsys.readouterr().out) == [
        {"name": "speed", "value": 2.0, "unit": "s", "aim": "at most 1 s", "met": False, "how": "by hand"}
    ]


def test_a_wait_counts_for_everything_that_came_due_meanwhile() -> None:
    """One stall of 100 ms among a thousand punctual ticks is not one bad sample in a thousand."""
    delays_ms = pytest.importorskip("benchmarks.window_child", reason="Qt is not installed").delays_ms
    times = [tick * 0.002 for tick in range(1000)]
    stalled = [*times, times[-1] + 0.102, times[-1] + 0.104]

    delays = delays_ms(stalled)

    assert delays[-1] == pytest.approx(100)
    assert sum(delay > 17 for delay in delays) == 42
