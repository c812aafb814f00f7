"""What this computer measured while it ran models: kept in the cache folder, shown beside what was predicted.

Figures only: nothing of a conversation, not even how long it was. They correct later predictions (`fit.speed`).
"""

from __future__ import annotations

import logging
import statistics
import threading
from typing import TYPE_CHECKING, Final

import msgspec

from mistral_desk.core import replacing
from mistral_desk.fit.speed import Range, Region, Run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_log: Final = logging.getLogger(__name__)

FILE: Final = "runs.json"
VERSION: Final = 1
MOST_EACH: Final = 20
"""Records that are kept of one model file: as many as a correction looks at."""
MOST: Final = 400
"""Records that are kept in all, the newest."""
_MOST_BYTES: Final = 4 << 20
LEAST_WRITTEN: Final = 32
"""Tokens that must have been written before their speed means something: the first ones are uneven."""
LEAST_READ: Final = 64
"""Tokens that must have been read, not remembered."""


class Seen(msgspec.Struct, frozen=True):
    """A figure of one run: what was predicted for just this case, without correction, and what was measured."""

    predicted: Range
    measured: float


class Record(msgspec.Struct, frozen=True):
    """One measured run of a model file (`key`). `when` in seconds since 1970; of what was not measured there is None.

    `tokens_per_s` is writing, `prompt_per_s` reading, `load_s` the load before, `memory` bytes that were taken in all.
    """

    key: str
    name: str
    when: float
    region: Region
    threads: int
    engine: str = ""
    tokens_per_s: Seen | None = None
    prompt_per_s: Seen | None = None
    load_s: Seen | None = None
    memory: Seen | None = None


class Figure(msgspec.Struct, frozen=True):
    """One quantity, predicted beside measured. `measured` is lowest, median and highest of `count` runs, the last of
    them at `when` (seconds since 1970); None and 0 where there is none. `predicted` is for these very runs, without
    correction by them; where there is none yet, it is the plan's.
    """

    predicted: Range | None = None
    measured: Range | None = None
    count: int = 0
    when: float = 0.0

    @property
    def within(self) -> bool | None:
        """Whether the median lies in the predicted range; None where one of them is missing."""
        if self.predicted is None or self.measured is None:
            return None
        return self.predicted.low <= self.measured.mid <= self.predicted.high


class Comparison(msgspec.Struct, frozen=True):
    """A model file on this computer, predicted beside measured: tokens a second, seconds, bytes."""

    key: str
    tokens_per_s: Figure = Figure()
    prompt_per_s: Figure = Figure()
    load_s: Figure = Figure()
    memory: Figure = Figure()

    @property
    def runs(self) -> int:
        """The largest number of runs behind one of its figures."""
        return max(f.count for f in (self.tokens_per_s, self.prompt_per_s, self.load_s, self.memory))


class _Kept(msgspec.Struct, frozen=True):
    version: int
    runs: tuple[Record, ...]


class Runs:
    """The records of this computer, oldest first. Safe to use from several threads; `add` and `open` touch the disk.

    A file that cannot be understood counts as empty and is written anew: what it held was a cache.
    """

    def __init__(self, path: Path, records: Sequence[Record] = ()) -> None:
        self._path = path
        self._records = tuple(records)
        self._lock = threading.Lock()

    @classmethod
    def open(cls, folder: Path) -> Runs:
        """Read the records of a cache folder. Never raises."""
        path = folder / FILE
        try:
            with path.open("rb") as file:
                content = file.read(_MOST_BYTES)  # what is longer ends in mid-sentence, and is refused for it
            kept = msgspec.json.decode(content, type=_Kept)
        except FileNotFoundError:
            return cls(path)
        except (OSError, ValueError, RecursionError) as error:
            _log.info("the measured runs cannot be read, and begin anew: %s", error)
            return cls(path)
        return cls(path, _bounded(kept.runs) if kept.version == VERSION else ())

    def of(self, key: str) -> tuple[Record, ...]:
        """The records of one model file, oldest first."""
        return tuple(record for record in self._records if record.key == key)

    def add(self, record: Record) -> None:
        """Keep a record. What the disk refuses is logged; it then holds for this run of the program."""
        with self._lock:
            self._records = _bounded((*self._records, record))
            content = msgspec.json.encode(_Kept(VERSION, self._records))
            try:
                replacing.write(self._path, content)
            except OSError as error:
                _log.info("a measured run could not be kept: %s", error)

    def forget(self) -> None:
        """Drop all of them, from memory only: whoever erases the cache folder calls it."""
        with self._lock:
            self._records = ()

    def corrections(self, key: str = "") -> tuple[Run, ...]:
        """All writing speeds as what corrects a prediction; those of the model file `key` marked as its own."""
        return tuple(
            Run(record.region, seen.predicted.mid, seen.measured, same=bool(key) and record.key == key)
            for record in self._records
            if (seen := record.tokens_per_s)
        )

    def comparison(self, key: str) -> Comparison:
        """Predicted beside measured for one model file."""
        own = self.of(key)
        return Comparison(
            key,
            _figure([(r.when, r.tokens_per_s) for r in own]),
            _figure([(r.when, r.prompt_per_s) for r in own]),
            _figure([(r.when, r.load_s) for r in own]),
            _figure([(r.when, r.memory) for r in own]),
        )


def _figure(values: Sequence[tuple[float, Seen | None]]) -> Figure:
    there = [(when, seen) for when, seen in values if seen]
    if not there:
        return Figure()
    measured = [seen.measured for _, seen in there]
    predicted = [seen.predicted for _, seen in there]
    return Figure(
        predicted=Range(*(statistics.median(getattr(one, end) for one in predicted) for end in ("low", "mid", "high"))),
        measured=Range(min(measured), statistics.median(measured), max(measured)),
        count=len(there),
        when=max(when for when, _ in there),
    )


def _bounded(records: Sequence[Record]) -> tuple[Record, ...]:
    """The newest of each model file, then the newest of all, in their order."""
    counts: dict[str, int] = {}
    kept: list[Record] = []
    for record in reversed(records):
        counts[record.key] = counts.get(record.key, 0) + 1
        if counts[record.key] <= MOST_EACH:
            kept.append(record)
    return tuple(reversed(kept[:MOST]))
