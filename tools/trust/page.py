"""docs/trust.md: what was attacked, on which machine, when, and what was lost; made from the figures beside it."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

from tools import origin
from tools.trust.campaigns import CAMPAIGNS
from tools.trust.figure import kept

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tools.trust.figure import Figure

PAGE: Final[Path] = origin.ROOT / "docs" / "trust.md"
_HEAD: Final = """\
# Attacked on purpose

What this program promises is attacked here, with seeds, by commands that everybody can repeat. This page is made from
the figures in `docs/trust/` by `python3 dev.py trust page`. A short version of each campaign runs with the tests; what
defends against whom stands in [SECURITY.md](../SECURITY.md). *Lost* counts promises that were broken.

| campaign | cases | faults put in | lost | took | date |
|---|---|---|---|---|---|
"""


def text(figures: Mapping[str, Sequence[Figure]]) -> str:
    """The page."""
    rows = [_row(name, figures.get(name, ())) for name in CAMPAIGNS]
    parts = [_part(name, figures.get(name, ())) for name in CAMPAIGNS]
    return _HEAD + "".join(rows) + "\n" + "\n".join(parts)


def write() -> None:
    """Make it anew."""
    PAGE.write_text(text(kept()), encoding="utf-8", newline="\n")


def _row(name: str, runs: Sequence[Figure]) -> str:
    title = CAMPAIGNS[name].title
    if not runs:
        return f"| {title} | not run yet | | | | |\n"
    cases, faults, lost = (sum(getattr(one, of) for one in runs) for of in ("cases", "faults", "lost"))
    took, date = _took(sum(one.seconds for one in runs)), max(one.date for one in runs)
    return f"| {title} | {cases:,} | {faults:,} | {lost:,} | {took} | {date} |\n"


def _part(name: str, runs: Sequence[Figure]) -> str:
    campaign = CAMPAIGNS[name]
    lines = [f"## {campaign.title}", "", *textwrap.wrap(campaign.promise, 120, break_on_hyphens=False), ""]
    if not runs:
        lines[2:2] = ["**Not run yet.** What it will show:", ""]
    for figure in runs:
        lines += [
            f"- `{figure.command}`",
            f"- at {figure.commit}, seed {figure.seed}, on {figure.machine}{_busy(figure)}",
        ]
        lines += [f"- {figure.cases:,} cases, {figure.faults:,} faults"] if len(runs) > 1 else []
        lines += [f"- {what}: {seen}" for what, seen in figure.seen.items()]
        lines += [""] if figure is not runs[-1] else []
    lines += [f"- with the tests: `{campaign.test}`", ""]
    return "\n".join(lines)


def _busy(figure: Figure) -> str:
    """What the times have to be read with."""
    return f", with other work beside it (load {figure.load:g})" if figure.load > 2 else ""


def _took(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
