"""What is said before a download: size, licence, gate, where it goes and who is asked. Plain data without Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mistral_desk.core import amounts
from mistral_desk.core.words import mark, tr, trn
from mistral_desk.ui.downloads.words import duration

if TYPE_CHECKING:
    from mistral_desk.library.ordering import Before

FREE_LICENSES: Final = frozenset({"apache-2.0", "mit", "bsd-3-clause", "bsd-2-clause", "cc0-1.0", "unlicense"})
"""Identifiers of SPDX for licences that allow use for anything."""
FREE: Final = mark("May be used for anything, also commercially, as long as the licence's text is kept.")
RESTRICTED: Final = mark("It sets conditions on what the model may be used for. Read it before you rely on it.")
UNKNOWN_LICENSE: Final = mark("Nobody states a licence for it. Without one nothing is allowed beyond trying it out.")
CONNECTS: Final = mark(
    "The files come from {host} and the servers that it names for them. They see this computer's address and which "
    "files are fetched."
)
TOKEN_TOO: Final = mark("Your access token goes to {host} alone.")
OPEN: Final = mark("Open the model's page, sign in, and agree to its terms.")
MAKE: Final = mark("Make an access token; one that may read is enough.")
PASTE: Final = mark("Paste it here. It is tested first, then kept in this computer's keyring, where it has one.")
GATED: Final = mark("This model asks for your agreement first")
AGREE: Final = mark("Your token is good, and the model's page waits for your agreement.")
MANUAL: Final = mark("Its publisher looks at each request, which may take days.")
SCOPE: Final = mark("Your token may not read models that ask for agreement. Make one that may, and paste it here.")
GRANTED: Final = mark("Gated; your token has access.")


def license_name(before: Before) -> str:
    """How it is called, or that nobody says."""
    return before.license.words or tr("Unknown")


def license_note(before: Before) -> tuple[str, str]:
    """What it means, and the colour of that."""
    found = before.license
    if not (found.id or found.name):
        return tr(UNKNOWN_LICENSE), "warning"
    if (found.id or found.name or "").lower() in FREE_LICENSES:
        return tr(FREE), "muted"
    return tr(RESTRICTED), "warning"


def size(before: Before) -> str:
    """*17.0 GB in 3 files*, and how much of it is here already."""
    order = before.order
    told = trn("{size} in {n} file", "{size} in {n} files", len(order.files), size=amounts.file_size(order.bytes))
    here = order.bytes - before.room.needed
    if 0 < here < order.bytes:
        told = tr("{size}; {here} of it are here already", size=told, here=amounts.file_size(here))
    return told


def space(before: Before) -> tuple[str, str]:
    """What is left on the disk afterwards, or what is missing; and the colour."""
    room = before.room
    if room.enough:
        left = amounts.file_size(room.free - room.needed)
        return tr("{left} stay free in {folder}", left=left, folder=room.folder), "text"
    missing = amounts.file_size(room.needed - max(0, room.free))
    return tr("{missing} more are needed in {folder}", missing=missing, folder=room.folder), "danger"


def takes(before: Before, line_speed: float | None) -> str:
    """How long it takes at the speed of earlier downloads; empty where none is known."""
    if not line_speed or before.room.needed <= 0:
        return ""
    return tr("{time} at the speed of your last download", time=duration(before.room.needed / line_speed))


def connection(before: Before, host: str) -> str:
    """Who is asked, and what they get."""
    told = tr(CONNECTS, host=host)
    return f"{told} {tr(TOKEN_TOO, host=host)}" if before.access in ("granted", "agreement", "scope") else told


def steps(before: Before) -> tuple[str, ...]:
    """What a person does to be let in, a line each."""
    if before.access == "agreement":
        said = [tr(AGREE)]
    elif before.access == "scope":
        said = [tr(SCOPE)]
    elif before.access == "token":
        said = [f"{number}. {step}" for number, step in enumerate((tr(OPEN), tr(MAKE), tr(PASTE)), 1)]
    else:
        return ()
    if before.gate == "manual":
        said.append(tr(MANUAL))
    return tuple(said)


def refusal(before: Before) -> str:
    """Why it cannot begin now; empty where it can."""
    if before.access in ("token", "scope"):
        return tr("A token is needed first.")
    if before.access == "agreement":
        return tr("The model's page waits for your agreement.")
    if not before.room.enough:
        return tr("There is not enough room on the disk.")
    return ""
