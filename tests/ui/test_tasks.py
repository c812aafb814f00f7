"""Work of the window that ends badly or before it began: what a person hears, and that nothing is left behind."""

from __future__ import annotations

import asyncio
import gc
import logging
import warnings

import pytest

from mistral_desk.core.errors import DeskError, Problem
from mistral_desk.ui.notify import Notices
from mistral_desk.ui.tasks import Tasks
from tests.fixtures.engines import run


class Heard:
    """Who is told."""

    def __init__(self) -> None:
        self.errors: list[BaseException] = []
        self.problems: list[Problem] = []

    def error(self, error: BaseException) -> None:
        """For the log, too."""
        self.errors.append(error)

    def problem(self, problem: Problem) -> None:
        """For the person."""
        self.problems.append(problem)


async def fails(error: Exception) -> None:
    """Work that goes wrong."""
    raise error


@pytest.mark.parametrize("may_fail", [False, True])
def test_what_may_fail_is_told_and_what_may_not_is_logged_too(may_fail: bool) -> None:
    async def test() -> None:
        heard = Heard()
        tasks = Tasks(heard)
        error = DeskError("history.missing")
        tasks.spawn(fails(error), "fail", may_fail=may_fail)
        await tasks.settled()
        assert heard.problems == ([error.problem] if may_fail else [])
        assert heard.errors == ([] if may_fail else [error])

    run(test())


@pytest.mark.parametrize("may_fail", [False, True])
def test_while_the_program_closes_nothing_begins_and_nothing_is_shown(
    may_fail: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """What they stand on goes at the same time, and says so in words that are nobody's fault."""
    caplog.set_level(logging.INFO)

    async def test() -> None:
        notices, shown = Notices(), list[object]()
        notices.shown.connect(shown.append)
        tasks = Tasks(notices)
        begun: list[str] = []

        async def begin() -> None:
            begun.append("late")

        tasks.spawn(fails(DeskError("history.missing")), "at work", may_fail=may_fail)
        tasks.close_door()
        notices.close_door()
        tasks.spawn(begin(), "late", may_fail=may_fail)
        await tasks.settled()
        notices.error(RuntimeError("cannot schedule new futures after shutdown"))
        assert not begun
        assert not shown

    run(test())
    assert not [record for record in caplog.records if record.levelname in {"WARNING", "ERROR"}]
    told = {type(record.exc_info[1]) for record in caplog.records if record.exc_info}
    assert RuntimeError in told  # a fault of ours can still be found


def test_an_error_of_the_program_is_never_an_answer() -> None:
    async def test() -> None:
        heard = Heard()
        tasks = Tasks(heard)
        tasks.spawn(fails(ValueError("no")), "fail", may_fail=True)
        await tasks.settled()
        assert [type(error) for error in heard.errors] == [ValueError]

    run(test())


def test_a_part_ends_by_itself_and_with_the_whole() -> None:
    async def test() -> None:
        heard = Heard()
        whole = Tasks(heard)
        first, second = whole.part(), whole.part()
        ended: list[str] = []

        async def work(name: str) -> None:
            try:
                await asyncio.Event().wait()
            finally:
                ended.append(name)

        for tasks, name in ((first, "first"), (second, "second"), (whole, "whole")):
            tasks.spawn(work(name), name)
        await asyncio.sleep(0)
        await first.cancel()
        assert ended == ["first"]
        await whole.cancel()
        assert sorted(ended) == ["first", "second", "whole"]
        await second.settled()
        whole.close_door()
        second.spawn(work("late"), "late")
        await second.settled()
        assert "late" not in ended
        assert heard.errors == []

    run(test())


def test_a_failure_in_a_part_is_told_once() -> None:
    async def test() -> None:
        heard = Heard()
        whole = Tasks(heard)
        whole.part().spawn(fails(ValueError("no")), "fail")
        await whole.settled()
        assert len(heard.errors) == 1

    run(test())


def test_work_that_never_began_leaves_no_warning() -> None:
    """A window that closes at once: a download that has just ended is not taken off its list any more."""

    async def test() -> None:
        tasks = Tasks(Heard())
        tasks.spawn(asyncio.sleep(60), "never begins", may_fail=True)
        await tasks.cancel()

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run(test())
        gc.collect()
