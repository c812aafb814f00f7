"""What `mistral-desk pull` says while a model comes: lines for people, or one JSON object a line."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import msgspec

from mistral_desk.cli.output import Status, harmless, write_json, write_problem, write_text
from mistral_desk.core import amounts
from mistral_desk.core.errors import Problem, in_words
from mistral_desk.core.words import tr, trn

if TYPE_CHECKING:
    from mistral_desk.library.orders import Download


class Plan(msgspec.Struct, frozen=True, tag="plan"):
    """What will come. `to_fetch` are the bytes that are not there yet; null where nobody states licence or gate."""

    id: str
    title: str
    files: tuple[str, ...]
    bytes: int
    to_fetch: int
    license: str | None
    gated: bool | None
    folder: str


class Progress(msgspec.Struct, frozen=True, tag="progress"):
    """How far it is: a line for each percent and each change of state. `problem` is the id of why it waits."""

    state: str
    done: int
    total: int
    speed: float | None
    left_s: float | None
    file: str
    problem: str | None


class Come(msgspec.Struct, frozen=True, tag="done"):
    """All of it is there, and every file has its SHA-256. `path` is what runs."""

    id: str
    path: str
    bytes: int


class Repaired(msgspec.Struct, frozen=True, tag="repaired"):
    """So many orders brought what was damaged or missing."""

    orders: int


class Paused(msgspec.Struct, frozen=True, tag="paused", omit_defaults=True):
    """Ctrl+C; the same command goes on, or `pull` with the model that is named here."""

    pull: str = ""


class Json:
    """JSON lines."""

    def __init__(self) -> None:
        self._said: tuple[object, ...] = ()
        self._pull = ""

    def plan(self, plan: Plan) -> None:
        """Before anything comes."""
        write_json(plan)

    def progress(self, now: Download) -> None:
        """A line where something has changed that a program would show."""
        problem = now.problem.id if now.problem else None
        step = (now.state, 100 * now.done // max(1, now.total), problem)
        if step != self._said:
            self._said = step
            write_json(Progress(now.state, now.done, now.total, now.speed, now.left_s, now.file, problem))

    def done(self, come: Come) -> None:
        """The end."""
        write_json(come)

    def repaired(self, orders: int) -> None:
        """The end of a repair."""
        write_json(Repaired(orders))

    def paused(self) -> None:
        """Interrupted."""
        write_json(Paused(self._pull))

    def goes_on_with(self, model: str) -> None:
        """Remember what a pause says."""
        self._pull = model

    def clear(self) -> None:
        """Nothing is on the screen."""


class Terminal:
    """Words: what matters on stdout, what changes on stderr."""

    def __init__(self) -> None:
        self._status = Status()
        self._problem: Problem | None = None
        self._pull = ""

    def plan(self, plan: Plan) -> None:
        """What it is, its licence and gate, its size and its place."""
        count = trn("{count} file", "{count} files", len(plan.files), count=amounts.number(len(plan.files)))
        size = amounts.file_size(plan.bytes)
        lines = [f"{plan.title}  ({plan.id})", tr("Size: {size} in {files}", size=size, files=count)]
        if plan.to_fetch == 0:
            lines.append(tr("All of it is on this computer already."))
        elif plan.to_fetch < plan.bytes:
            lines.append(tr("Still to come: {size}", size=amounts.file_size(plan.to_fetch)))
        lines.append(tr("Licence: {license}", license=plan.license or tr("nobody states one")))
        if plan.gated:
            lines.append(tr("The hub gives it only to accounts that have agreed to its conditions."))
        elif plan.gated is None:
            lines.append(tr("Nobody states whether the hub asks for an agreement first."))
        lines.append(tr("Place: {folder}", folder=plan.folder))
        write_text("\n".join(lines) + "\n", sys.stdout)

    def progress(self, now: Download) -> None:
        """One line that changes; why it waits is said once."""
        if now.state == "waiting" and now.problem is not None and now.problem != self._problem:
            self.clear()
            write_problem(now.problem, as_json=False)
        self._problem = now.problem
        parts = [amounts.percent(now.done / max(1, now.total))]
        parts.append(tr("{done} of {total}", done=amounts.file_size(now.done), total=amounts.file_size(now.total)))
        if now.speed is not None:
            parts.append(tr("{size} a second", size=amounts.file_size(round(now.speed))))
        if left := amounts.about(now.left_s):
            parts.append(left)
        if now.state == "waiting" and now.problem is not None:
            parts.append(in_words(now.problem, tr).title)
        elif now.file:
            parts.append(now.file)
        self._status.show(harmless("  ".join(parts)))

    def done(self, come: Come) -> None:
        """Where it is, and how to talk to it."""
        self.clear()
        lines = (
            tr("All of it is there, and its SHA-256 is right."),
            tr('Talk to it: mistral-desk ask --model {id} "…"', id=come.id),
        )
        write_text("\n".join(lines) + "\n", sys.stdout)

    def repaired(self, orders: int) -> None:
        """Nothing is damaged or missing any more."""
        self.clear()
        count = trn("{count} download", "{count} downloads", orders, count=amounts.number(orders))
        write_text(tr("Repaired with {count}. All of it is there.", count=count) + "\n", sys.stdout)

    def paused(self) -> None:
        """How to go on."""
        if not self._pull:
            self.clear()
            write_text(tr("Paused. The same command goes on where it stopped.") + "\n", sys.stderr)

    def goes_on_with(self, model: str) -> None:
        """What was begun has another command now."""
        self._pull = model
        self.clear()
        words = tr("The repair is not done. “mistral-desk pull {model}” goes on with it.", model=model)
        write_text(words + "\n", sys.stderr)

    def clear(self) -> None:
        """Take the changing line away."""
        self._status.clear()
