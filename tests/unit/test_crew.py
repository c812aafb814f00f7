"""How many threads compute, decided on computers that are made of numbers: cores, other programs, and chance."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mistral_desk.inference.engine.crew import LOSS, Crew

EPYC = {(1, 0): 79.0, (1, 1): 69.0, (1, 2): 52.0, (2, 0): 96.0, (2, 1): 56.0, (2, 2): 46.0}
"""Tokens a second that were measured on two cores: by threads, and other programs that wanted a core each."""


@dataclass(frozen=True)
class Computer:
    """`cores` of which `others` take one each; `serial` of a token's time has one thread. With more than `lanes`
    threads the memory is no faster.
    """

    cores: int
    others: int = 0
    serial: float = 0.1
    lanes: int = 1000

    def stretch(self, threads: int) -> float:
        """How much longer the slowest thread takes that shares its core."""
        return float(max(1, math.ceil((threads + self.others) / self.cores)))

    def seconds(self, threads: int) -> float:
        """What a token takes."""
        wait = 0.002 * (threads - 1)  # at each barrier
        return 0.01 * (self.serial + (1 - self.serial) / min(threads, self.lanes) * self.stretch(threads) + wait)

    def share(self, threads: int) -> float:
        """Of its threads' time that the process has: all wait for the slowest one, asleep."""
        return 0.95 / self.stretch(threads)

    @property
    def best(self) -> float:
        """What a token takes with the best number of threads."""
        return min(self.seconds(count) for count in range(1, self.cores + 1))


class Run:
    """A crew at work, and what it took."""

    def __init__(self, crew: Crew, *, chance: float = 0.0, seed: int = 0) -> None:
        self.crew = crew
        self.counts: list[int] = []
        self._chance, self._draw = chance, random.Random(seed)

    def write(self, computer: Computer, tokens: int) -> float:
        """Seconds that so many tokens took."""
        took, written, crew = 0.0, 0, self.crew
        while written < tokens:
            count, done, wall = crew.count, 0, 0.0
            while not done or (done < crew.length and wall <= crew.limit(done)):
                wall += computer.seconds(count) * self._draw.lognormvariate(0, self._chance)
                done += 1
            crew.note(done, wall, wall * count * computer.share(count))
            took, written = took + wall, written + done
            self.counts.append(count)
        return took * tokens / written


class Measured(Computer):
    """The computer of the table."""

    def seconds(self, threads: int) -> float:
        """As measured."""
        return 1 / EPYC[threads, self.others]

    def share(self, threads: int) -> float:
        """Two threads and others on two cores: all wait for the one that has to share."""
        return {0: 0.95, 1: 0.7, 2: 0.5}[self.others] if threads == 2 else {0: 1.0, 1: 0.9, 2: 0.66}[self.others]


computers = st.builds(
    Computer,
    cores=st.integers(1, 24),
    others=st.integers(0, 8),
    serial=st.floats(0.0, 0.4),
    lanes=st.sampled_from([2, 4, 8, 1000]),
)


@given(
    start=st.integers(-1, 40),
    most=st.integers(-1, 32),
    took=st.lists(st.tuples(st.integers(0, 9), st.floats(0, 5), st.floats(0, 50), st.booleans()), max_size=120),
)
def test_never_more_threads_than_the_most_and_never_none(
    start: int, most: int, took: list[tuple[int, float, float, bool]]
) -> None:
    crew = Crew(start, most)
    for tokens, wall, cpu, rests in took:
        crew.note(tokens, wall, cpu)
        if rests:
            crew.rest(wall)
        assert 1 <= crew.count <= max(1, most)
        assert crew.length >= 1
        assert crew.limit(1) >= 0


def test_a_clock_that_stands_still_teaches_nothing() -> None:
    crew = Crew(1, 2)
    for wall in (0.0, 5e-324, 0.08, 5e-324):
        crew.note(9, wall, wall)
        assert crew.count in (1, 2)


def test_a_computer_with_one_core_has_nothing_to_decide() -> None:
    assert Crew(1, 1).fixed
    assert not Crew(1, 2).fixed


@settings(max_examples=200)
@given(computers, st.integers(0, 10_000))
def test_it_comes_close_to_the_best_number_and_stays_there(computer: Computer, seed: int) -> None:
    run = Run(Crew(max(1, computer.cores - 1), computer.cores), chance=0.03, seed=seed)
    run.write(computer, 800)
    steady = run.write(computer, 2000)
    assert computer.best * 2000 / steady >= 0.8


@settings(max_examples=100)
@given(st.lists(st.integers(0, 2), min_size=1, max_size=6), st.integers(0, 10_000))
def test_with_programs_that_come_and_go_it_has_four_fifths_of_the_best_on_two_cores(
    others: list[int], seed: int
) -> None:
    run = Run(Crew(1, 2), chance=0.1, seed=seed)
    for number in others:
        computer = Measured(2, number)
        assert 400 * computer.best / run.write(computer, 400) >= 0.8


@pytest.mark.parametrize("lanes", [1000, 2])
@pytest.mark.parametrize("cores", [2, 4, 16])
def test_on_a_quiet_computer_it_costs_next_to_nothing(cores: int, lanes: int) -> None:
    """Also where the last core brings nothing, so that every trial with it is for nothing."""
    computer = Computer(cores, lanes=lanes)
    run = Run(Crew(cores - 1, cores), chance=0.02)
    run.write(computer, 200)
    settled = run.crew.count
    steady = run.write(computer, 20_000)
    assert steady / (20_000 * computer.seconds(settled)) <= 1 + LOSS


@pytest.mark.parametrize("others", [0, 1, 2])
def test_it_does_not_go_to_and_fro(others: int) -> None:
    run = Run(Crew(1, 2), chance=0.05)
    computer = Measured(2, others)
    run.write(computer, 200)
    before = len(run.counts)
    run.write(computer, 8000)
    counts = run.counts[before:]
    usual = max(set(counts), key=counts.count)
    assert counts.count(usual) / len(counts) > 0.95


def test_many_threads_give_way_although_one_fewer_changes_nothing() -> None:
    computer = Computer(16, others=4)
    run = Run(Crew(15, 16))
    run.write(computer, 400)
    assert run.crew.count <= 12


def test_when_the_others_are_gone_the_threads_come_back() -> None:
    run = Run(Crew(15, 16))
    run.write(Computer(16, others=8), 600)
    few = run.crew.count
    quiet = Computer(16)
    run.write(quiet, 1500)
    assert few <= 8
    assert quiet.seconds(run.crew.count) < 1.1 * quiet.best


def test_a_collapse_ends_a_window_early() -> None:
    crew = Crew(2, 2)
    crew.note(8, 0.08, 0.15)
    assert crew.limit(1) < 0.2


def test_a_trial_that_goes_badly_ends_with_its_first_token() -> None:
    crew = Crew(1, 2)
    crew.note(8, 0.08, 0.08)
    assert crew.trying
    assert crew.limit(1) == pytest.approx(0.02)
    crew.note(1, 0.1, 0.1)
    assert crew.count == 1


def test_a_rest_in_the_midst_of_a_trial_ends_it() -> None:
    crew = Crew(1, 2)
    crew.note(8, 0.08, 0.08)
    crew.rest(5.0)
    assert crew.count == 1
    assert not crew.trying
