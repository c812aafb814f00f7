"""The states of *Will it run here?*: every word, described computers, and what is not known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

import msgspec

from mistral_desk.catalog import facts
from mistral_desk.core.words import tr
from mistral_desk.fit import advice
from mistral_desk.ui.fit.sheet import FitSheet
from mistral_desk.ui.fit.verdict import Verdict
from mistral_desk.ui.fit.widget import WillItRun
from mistral_desk.ui.widgets.column import ColumnArea
from tools.gallery.declare import STATES, State, ready, state
from tools.gallery.fitting import CARD, StillFitting, pc
from tools.gallery.stage import idle

if TYPE_CHECKING:
    from collections.abc import Callable

    from mistral_desk.fit.machine import Machine
    from mistral_desk.inference.fitting import Fitting
    from tools.gallery.stage import Stage

LONG: Final = "A-Model-Of-Somebody-With-A-Name-That-Goes-On-And-On-119B-2603-Instruct-Thinking-Vision"
LONG_QUANT: Final = "UD-Q4_K_XL-imatrix-of-somebody-with-a-very-long-name-v3-final"
SMALL_4: Final = "mistral-small-4"
CLAIM: Final = "8GB VRAM (Q4)"
QUANTS: Final = {quant.name for one in facts.models() for place in one.repositories for quant in place.quantizations}
THEIRS: Final = (LONG, LONG_QUANT, CARD, CLAIM, "GPU", *(one.name for one in facts.models()), *sorted(QUANTS))
"""Names of models, files and cards in these pictures."""


def verdict_of(model: str, where: Machine, claim: str = "") -> Verdict:
    """A known model on a computer, as the app would put it together."""
    found = advice.variants(facts.find(model)[0], where)
    others = tuple(one for one in advice.ranking(where) if one.role and one.variant.model != model)
    return Verdict(found, where, others, claim)


async def alone(stage: Stage, *, get: bool = True) -> WillItRun:
    """The widget in a page's column, as wide as a model's page has it."""
    await ready(stage)
    stage.desk.window.show_page("models")
    await stage.desk.tasks.settled()
    page = stage.desk.models
    area = ColumnArea(stage.theme, page)
    layout = page.layout()
    assert layout is not None
    if (stack := page.browse.parentWidget()) is not None:
        stack.hide()
    layout.addWidget(area)
    shown = WillItRun(stage.theme, area.holder, get=tr("Get it") if get else "")
    area.column.addWidget(shown)
    area.column.addStretch(1)
    await idle(2)
    return shown


def _verdict(
    name: str,
    brief: str,
    verdict: Callable[[], Verdict],
    *,
    details: bool = False,
    rest: bool = False,
    advanced: bool = False,
) -> None:
    async def set_up(stage: Stage) -> None:
        shown = await alone(stage)
        shown.show_verdict(verdict())
        if details:
            shown.rows[0].details.set_open(open_=True)
        if rest and shown.rest is not None:
            shown.rest.set_open(open_=True)
        if advanced and shown.advanced is not None:
            for row in shown.rows:
                row.hide()
            shown.advanced.set_open(open_=True)
        await idle(2)

    STATES.append(State(f"fit-{name}", brief, set_up))


def _one(verdict: Verdict) -> Verdict:
    return Verdict(verdict.variants[:1], verdict.machine, verdict.alternatives, verdict.claim)


def _long() -> Verdict:
    """Names that nobody would choose."""
    found = verdict_of("ministral-3-8b", pc(32, 8))
    named = tuple(msgspec.structs.replace(one, name=LONG, quant=LONG_QUANT) for one in found.variants)
    return Verdict(named, found.machine, found.alternatives, CLAIM)


async def _said(stage: Stage, *, unknown: bool) -> None:
    shown = await alone(stage)
    if unknown:
        shown.show_unknown()


async def _measuring(stage: Stage) -> None:
    await _said(stage, unknown=False)


async def _unknown(stage: Stage) -> None:
    await _said(stage, unknown=True)


STATES.append(State("fit-measuring", "The computer is being looked at.", _measuring))
STATES.append(State("fit-unknown", "Nothing is known of the model's files.", _unknown))
_verdict("fast", "Fast: a small model on a graphics card.", lambda: verdict_of("ministral-3-8b", pc(32, 8)))
_verdict(
    "comfortable",
    "Comfortable, beside a claim that is true: experts in memory. Details open.",
    lambda: verdict_of(SMALL_4, pc(96, 8), CLAIM),
    details=True,
)
_verdict("slow", "Slow: a dense model in memory.", lambda: verdict_of("mistral-small-3-24b-2501", pc(32, 8)))
_verdict(
    "too-slow",
    "Too slow for chat: experts on the SSD, the claim explained, other models named, and a way to try.",
    lambda: verdict_of(SMALL_4, pc(32, 8), CLAIM),
)
_verdict("does-not-fit", "Does not fit: what is missing.", lambda: verdict_of("mistral-large-3-675b", pc(32, 8)))
_verdict("no-gpu", "A computer without a graphics card.", lambda: verdict_of("gemma-4-26b-a4b", pc(32)))
_verdict(
    "unified",
    "Memory that processor and GPU share.",
    lambda: verdict_of(SMALL_4, pc(128, unified=True, gbps=546)),
)
_verdict("one", "A single quantization.", lambda: _one(verdict_of("gpt-oss-120b", pc(64, 24))))
_verdict("many", "All quantizations, unfolded.", lambda: verdict_of(SMALL_4, pc(96, 8)), rest=True)
_verdict("long-names", "Names longer than any line.", _long, details=True)
_verdict(
    "advanced",
    "Advanced: the plan, and what can be set by hand.",
    lambda: verdict_of(SMALL_4, pc(96, 8)),
    advanced=True,
)


@state()
async def fit_here(stage: Stage) -> None:
    """How it runs here: the loaded model's plan, and predicted beside measured."""
    await ready(stage)
    stage.services.fitting = cast("Fitting", StillFitting(pc(96, 8)))
    stage.desk.fits.show()
    await stage.desk.tasks.settled()
    await idle(2)


@state()
async def fit_by_hand(stage: Stage) -> None:
    """The same, with more of it by hand than fits."""
    await fit_here(stage)
    sheet = stage.desk.window.overlay
    assert isinstance(sheet, FitSheet)
    assert sheet.advanced is not None
    sheet.advanced.by_hand.numbers["experts_on_gpu"].spin.setValue(20)
    await stage.desk.tasks.settled()
    sheet.area.verticalScrollBar().setValue(sheet.area.verticalScrollBar().maximum())
    await idle(2)
