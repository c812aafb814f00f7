"""Ends a loop of crashes: after three deaths of the worker with one model and no answer in between, nothing starts it
by itself any more. Deaths while a model is loaded count over restarts of the program, until it loads.
"""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

import msgspec

from mistral_desk.core.errors import DeskError, Problem
from mistral_desk.core.words import mark
from mistral_desk.inference.file_notes import FileNotes, Note, runs, state_of
from mistral_desk.inference.packs import standing

if TYPE_CHECKING:
    from pathlib import Path

    from mistral_desk.inference.model_spec import ModelSpec

_log: Final = logging.getLogger(__name__)
LIMIT: Final = 3
"""Deaths in a row after which a model is left alone."""
DEATHS: Final = frozenset({"engine.died", "engine.start_failed", "engine.out_of_memory", "engine.stuck"})
"""How a worker that ended is told."""
_CAUSES: Final = {
    "engine.out_of_memory": mark("memory was short"),
    "engine.stuck": mark("it made no progress"),
}
_WITH_US: Final = mark("Mistral Desk itself ended meanwhile")


class Crashes:
    """Counts deaths of one engine's workers by model, and remembers whose weights were looked at."""

    def __init__(self, cache: Path | None = None) -> None:
        """`cache` is the folder for what is remembered; without one nothing is, and no weights are looked at."""
        self._notes = FileNotes(cache)
        self._deaths: dict[str, int] = {}
        self._states: dict[str, str] = {}
        """What a model's files and the engine were when they were loaded last."""
        self._last: dict[str, Problem] = {}

    async def begin(self, spec: ModelSpec) -> bool:
        """The model is about to be loaded; whether its weights are to be looked at first. Raises
        `engine.keeps_stopping` after too many deaths.
        """
        state, note = await asyncio.to_thread(self._begun, spec.path)
        if self._states.setdefault(spec.path, state) != state:  # repaired, or downloaded again: another model
            self._states[spec.path] = state
            self.answered(spec)
        deaths = max(note.deaths, self._deaths.get(spec.path, 0))
        if deaths >= LIMIT:
            raise DeskError.of(self._refusal(spec, note, deaths))
        return self._notes.lasting and not note.sound

    async def loaded(self, spec: ModelSpec, *, looked_at: bool) -> None:
        """The model is ready; `looked_at`: its weights are sound."""
        await asyncio.to_thread(self._change, spec.path, deaths=0, cause="", words="", loader=0, looked_at=looked_at)

    async def failed(self, spec: ModelSpec, problem: Problem | None) -> None:
        """Loading ended with this; None where somebody ended it."""
        if problem is None or problem.id not in DEATHS:
            await asyncio.to_thread(self._change, spec.path, loader=0)
            return
        self.died(spec, problem)
        note = await asyncio.to_thread(self._notes.get, spec.path)
        words, deaths = str(problem.params.get("reason", "")), note.deaths + 1
        await asyncio.to_thread(self._change, spec.path, deaths=deaths, cause=problem.id, words=words, loader=0)

    def died(self, spec: ModelSpec, problem: Problem) -> None:
        """A worker with this model ended by itself."""
        if problem.id in DEATHS:
            self._deaths[spec.path] = self._deaths.get(spec.path, 0) + 1
            self._last[spec.path] = problem
            _log.info("death %d of a worker with %s", self._deaths[spec.path], spec.path)

    def answered(self, spec: ModelSpec) -> None:
        """The model gave an answer: what was before does not count any more."""
        self._deaths.pop(spec.path, None)
        self._last.pop(spec.path, None)

    async def allow(self, path: str) -> None:
        """Let the model at this path be tried once more."""
        if self._deaths.get(path, 0) >= LIMIT:
            self._deaths[path] = LIMIT - 1
        note = await asyncio.to_thread(self._notes.get, path)
        if note.deaths >= LIMIT:
            await asyncio.to_thread(self._change, path, deaths=LIMIT - 1)

    def _begun(self, path: str) -> tuple[str, Note]:
        """What its files are, and what is known of them, with the note that they are being loaded unless they must
        not be.
        """
        note, engine = self._notes.get(path), standing.read().current
        if note.engine != engine:  # it was another engine that died
            note = Note(sound=note.sound, engine=engine)
        if note.loader and not runs(note.loader):
            note = msgspec.structs.replace(note, deaths=note.deaths + 1, cause="engine.died", words=_WITH_US, loader=0)
        known = note
        if self._notes.lasting and note.deaths < LIMIT:
            note = msgspec.structs.replace(note, loader=os.getpid())
        self._notes.put(path, note)
        return f"{state_of(path)} {engine}", known

    def _change(self, path: str, *, looked_at: bool = False, **changed: int | str) -> None:
        note = msgspec.structs.replace(self._notes.get(path), **changed)
        self._notes.put(path, msgspec.structs.replace(note, sound=note.sound or looked_at))

    def _refusal(self, spec: ModelSpec, note: Note, deaths: int) -> Problem:
        last = self._last.get(spec.path) or Problem(note.cause, {"reason": note.words} if note.words else {})
        reason = str(last.params.get("reason", "")) or _CAUSES.get(last.id, last.id)
        name = PurePath(spec.path).name
        return Problem("engine.keeps_stopping", {"name": name, "times": deaths, "reason": reason}, last.detail)
