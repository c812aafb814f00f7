"""The engine's threads and Qt's event loop: an answer, a death and a restart while a window could be alive."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import psutil

from mistral_desk.core.errors import DeskError
from mistral_desk.inference.client import Engine
from mistral_desk.inference.protocol import Piece
from mistral_desk.ui.loop import run
from tests.fixtures import fake_worker
from tests.fixtures.engines import END_OF_WORLD_S, HI, SPEC, read

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtWidgets import QApplication


def test_a_long_answer_arrives_whole(qapp: QApplication, tmp_path: Path) -> None:
    long = " ".join(f"word{number}" for number in range(3000))

    async def test() -> str:
        engine = Engine(fake_worker.command(tmp_path, fake_worker.answering(long)))
        try:
            async with asyncio.timeout(END_OF_WORLD_S):
                await engine.ensure(SPEC)
                return await read(engine.generate(HI))
        finally:
            await engine.close()

    assert run(qapp, test) == long


def test_a_death_and_a_restart(qapp: QApplication, tmp_path: Path) -> None:
    async def listen(engine: Engine, pieces: int, kill_it: bool = False) -> None:
        async with contextlib.aclosing(engine.generate(HI)) as answer:
            while pieces:
                pieces -= isinstance(await anext(answer), Piece)
            if kill_it:
                psutil.Process(engine.pid).kill()
                async for _ in answer:
                    pass

    async def test() -> str:
        engine = Engine(fake_worker.command(tmp_path, fake_worker.endless()))
        try:
            async with asyncio.timeout(END_OF_WORLD_S):
                await engine.ensure(SPEC)
                await listen(engine, 3)
                try:
                    await listen(engine, 3, kill_it=True)
                except DeskError as error:
                    await listen(engine, 3)
                    return error.problem.id
            return "it lives"
        finally:
            pid = engine.pid
            await engine.close()
            assert pid is None or not psutil.pid_exists(pid)

    assert run(qapp, test) == "engine.died"


def test_stopping_and_cancelling(qapp: QApplication, tmp_path: Path) -> None:
    async def test() -> int:
        engine = Engine(fake_worker.command(tmp_path, fake_worker.endless()))
        try:
            async with asyncio.timeout(END_OF_WORLD_S):
                await engine.ensure(SPEC)
                pieces = 0
                async for event in engine.generate(HI):
                    pieces += isinstance(event, Piece)
                    if pieces == 5:
                        engine.stop()
                began = asyncio.Event()

                async def listen() -> None:
                    async for _ in engine.generate(HI):
                        began.set()

                task = asyncio.create_task(listen())
                await began.wait()
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
                return pieces
        finally:
            await engine.close()

    assert run(qapp, test) >= 5
