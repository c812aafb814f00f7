"""What the library says of a model: facts, last use, whether it was verified, what deleting it does. No Qt here."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from mistral_desk.catalog import facts
from mistral_desk.catalog.search import license_of
from mistral_desk.core import amounts
from mistral_desk.core.words import beside, mark, tr, trn

if TYPE_CHECKING:
    from mistral_desk.library.shelf_file import Installed

ORIGINS: Final = {
    "guide": mark("Comes along with Mistral Desk: knows this app and little else."),
    "own": mark("Your own file, used where it is"),
    "huggingface": mark("From Hugging Face's cache, used where it is"),
    "lmstudio": mark("From LM Studio, used where it is"),
    "llamacpp": mark("From llama.cpp's cache, used where it is"),
    "ollama": mark("From Ollama, used where it is"),
}
STATES: Final = {
    "absent": mark("Not there just now: its drive is not connected, or the file was moved."),
    "incomplete": mark("Parts of it are missing: {names}"),
    "damaged": mark("Damaged: it is not as it was downloaded any more."),
}
_DAY_S: Final = 86_400


def title(model: Installed) -> str:
    """Its name for people."""
    return tr(model.title) if model.origin == "guide" else model.title


def facts_line(model: Installed) -> str:
    """Quantization, size, licence and last use."""
    parts = (model.quantization, amounts.file_size(model.bytes), licence(model), used(model))
    return beside(*parts)


def licence(model: Installed) -> str:
    """*Licence: apache-2.0*, where our facts know the repository."""
    found = license_of(facts.find(model.repository)) if model.repository else None
    return tr("Licence: {name}", name=found) if found else ""


def used(model: Installed, now: float | None = None) -> str:
    """When it answered last, by calendar days."""
    if model.origin == "guide":
        return ""
    if model.used is None:
        return tr("never used")
    today = _day(time.time() if now is None else now)
    days = today - _day(model.used)
    if days <= 0:
        return tr("used today")
    if days == 1:
        return tr("used yesterday")
    if days < 30:
        return trn("used {n} day ago", "used {n} days ago", days)
    return tr("last used {date}", date=date(model.used))


def state(model: Installed) -> tuple[str, str]:
    """A sentence on how it is, and its colour; for the one that comes along nothing."""
    if model.state == "incomplete":
        return tr(
            STATES["incomplete"], names=", ".join(model.missing[:3]) + ("…" if len(model.missing) > 3 else "")
        ), "danger"
    if model.state in STATES:
        return tr(STATES[model.state]), "danger" if model.state == "damaged" else "warning"
    if model.origin == "guide":
        return "", "muted"
    checked = [file.verified for file in model.all]
    if checked and all(one is not None and one[0] for one in checked):
        return tr(
            "Verified {date}: every byte is as it should be", date=date(min(one[1] for one in checked if one))
        ), "success"
    if all(file.sha256 for file in model.all):
        return tr("Was right when it came; not read again since"), "muted"
    return tr("Not verified: it is not known what it should be"), "muted"


def verifiable(model: Installed) -> bool:
    """Whether there is something to compare with."""
    return model.state in ("here", "damaged") and any(file.sha256 for file in model.all) and model.origin != "guide"


def origin(model: Installed) -> str:
    """Where it is from, where that says more than its folder does."""
    return tr(ORIGINS[model.origin]) if model.origin in ORIGINS else ""


def date(when: float) -> str:
    """A day in few letters."""
    return amounts.day(when)


def _day(when: float) -> int:
    here = time.localtime(when)
    return int((when + here.tm_gmtoff) // _DAY_S)
