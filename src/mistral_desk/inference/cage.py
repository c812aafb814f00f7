"""What the process that reads a person's words may do. The one place that says it, so that it is said honestly.

A worker tries to get out of its cage once its model is loaded; what is said here is what it found, not what was meant.
"""

from __future__ import annotations

from typing import Final

import msgspec

from mistral_desk.core.words import mark, tr

NOT_YET: Final = mark("Not known before a model was loaded.")
_GROUPS: Final = (
    (mark("connect to anything"), frozenset({"socket", "connect"})),
    (mark("open a file that is none of its business"), frozenset({"read"})),
    (mark("write a file"), frozenset({"write"})),
    (mark("start another program"), frozenset({"exec", "fork"})),
    (mark("reach another process"), frozenset({"signal"})),
    (mark("make new program code"), frozenset({"code"})),
)
"""What a person calls the attempts of `sandbox.trial`; a group counts as refused when all of it was."""

HELPER: Final = "talks to "
"""What a note begins with that names another computer."""
_IN_SHORT: Final = {"seccomp (closed)": "a stricter seccomp once it is loaded"}


class Cage(msgspec.Struct, frozen=True):
    """What a child found when it tried to get out of its cage.

    `by`: the locks in force. `refused` and `allowed`: kinds of attempts (`sandbox.trial.KINDS`). `notes`: `graphics`
    where the last lock was left out for a driver's sake, `off` where somebody switched the cage off, and each other
    computer to which it talks.
    """

    by: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def helpers(self) -> tuple[str, ...]:
        """The addresses of other computers with which this process keeps a connection."""
        return tuple(note.removeprefix(HELPER) for note in self.notes if note.startswith(HELPER))

    @property
    def tight(self) -> bool:
        """Whether every attempt was refused."""
        return bool(self.refused) and not self.allowed


def in_words(cage: Cage | None) -> str:
    """As the window says it, in the person's language; None before a model was loaded."""
    if cage is None or not (cage.refused or cage.allowed):
        return tr(NOT_YET)
    could_not = [tr(words) for words, kinds in _GROUPS if kinds <= set(cage.refused)]
    could = [tr(words) for words, kinds in _GROUPS if not kinds <= set(cage.refused)]
    lines = [tr("The model runs in a process of its own, so that it cannot take the window down.")]
    if could_not:
        lines.append(
            tr("When it was loaded, it tried to do more, and could not: {attempts}.", attempts=_list(could_not))
        )
    if could:
        lines.append(tr("It could still: {attempts}.", attempts=_list(could)))
    if "graphics" in cage.notes:
        lines.append(tr("The strictest lock is left out, because a graphics driver needs files while it computes."))
    if cage.helpers:
        lines.append(
            tr(
                "It talks over the network to {computers}, not encrypted: a part of the model lies there, and what is "
                "computed of your words goes there. It can make no other connection.",
                computers=_list(list(cage.helpers)),
            )
            if "connect" in cage.refused
            else tr(
                "It talks over the network to {computers}, not encrypted: a part of the model lies there, and what is "
                "computed of your words goes there.",
                computers=_list(list(cage.helpers)),
            )
        )
    if "off" in cage.notes:
        lines.append(tr("Somebody switched the lock off for this start."))
    if cage.by:
        locks = dict.fromkeys(one.partition(" (")[0] for one in cage.by)
        lines.append(tr("Kept in by: {locks}", locks=", ".join(locks)))
    return "\n".join(lines)


def in_short(cage: Cage | None) -> str:
    """As `doctor` writes it, in English, for a bug report."""
    if cage is None or not (cage.refused or cage.allowed):
        return "unknown: nothing was loaded"
    locks = ", ".join(_IN_SHORT.get(one, one) for one in cage.by)
    parts = [f"kept in by {locks or 'nothing'}", f"refused: {', '.join(cage.refused) or 'nothing'}"]
    if cage.allowed:
        parts.append(f"NOT refused: {', '.join(cage.allowed)}")
    return "; ".join((*parts, *cage.notes))


def _list(words: list[str]) -> str:
    return tr(", ").join(words)
