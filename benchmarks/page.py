"""docs/performance.md: each figure with its aim, its machine and its day; made from the figures that were kept."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

from benchmarks.kept import kept_figures
from tools import origin

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.kept import Kept

PAGE: Final = origin.ROOT / "docs" / "performance.md"
GROUPS: Final = {
    "Against bare llama.cpp": ("generation", "reading", "sampling", "threads", "micro"),
    "Answers": ("first", "stop", "picture", "turn", "restart"),
    "What is predicted": ("prediction", "correction"),
    "The catalog and downloads": ("catalogue", "download", "model", "browse"),
    "The window": ("start", "memory", "smoothness", "smooth", "long", "huge", "idle", "sidebar", "search"),
}
"""The groups of the page, and with which first word a figure belongs to each."""
_HEAD: Final = """\
# How fast, how light

Made by `python3 dev.py bench page` from the figures in `docs/performance/`, which `python3 dev.py bench --keep`
measures (`--only NAME` for one; `python3 dev.py bench` looks without keeping). Each figure has an aim that was set
before it was measured; a figure that misses it stands here like any other. How models run on *your* computer is another
question: [fit.md](fit.md), and `mistral-desk bench` measures it.

**†** was measured while other programs took more than a tenth of the processors: a time or a ratio of times is then
worth less, a size in memory is not. Names that end in `-work` count seconds of a processor instead of the clock's.

Models answer at the speed of their size and not of what they know, so what is measured with is made: a `mistral4` of
722 million random weights in Q8_0 (8 layers, 32 experts of which 4 are used, 131,072 tokens in its vocabulary). *Bare
llama.cpp* is the very library that the program brings along, called by `benchmarks/` with no process between.
"""


def text(kept: Mapping[str, Kept], names: Sequence[str]) -> str:
    """The page; `names` are all figures that there are, in their order."""
    parts = [_HEAD]
    for title, words in GROUPS.items():
        parts.append(_group(title, [name for name in names if name.partition("-")[0] in words], kept))
    return "\n".join(parts)


def write(names: Sequence[str]) -> None:
    """Make it anew."""
    PAGE.write_text(text(kept_figures(), names), encoding="utf-8", newline="\n")


def _group(title: str, names: Sequence[str], kept: Mapping[str, Kept]) -> str:
    lines = [f"## {title}", ""]
    there = [kept[name] for name in names if name in kept]
    if there:
        lines += ["| figure | measured | aim | | date, commit | how |", "|---|---|---|---|---|---|"]
        lines += [_row(one) for one in there]
        lines += ["", *(f"On {machine}." for machine in dict.fromkeys(one.machine for one in there))]
    if missing := [name for name in names if name not in kept]:
        told = f"Not kept yet: {', '.join(f'`{name}`' for name in missing)}."
        lines += ["", *textwrap.wrap(told, 120, break_on_hyphens=False)]
    return "\n".join(lines).replace("\n\n\n", "\n\n") + "\n"


def _row(one: Kept) -> str:
    figure = one.figure
    met = {True: "met", False: "**missed**", None: ""}[figure.met]
    value = f"{_number(figure.value or 0)} {figure.unit}{_beside(one)}"
    how = figure.how.replace("|", "\\|").replace("\n", " ")
    return f"| `{figure.name}` | {value} | {figure.aim} | {met} | {one.date}, {one.commit} | {how} |"


def _number(value: float) -> str:
    """Three digits say enough."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def _beside(one: Kept) -> str:
    if not one.busy:
        return ""
    return f" † ({one.others:.0%} others)" if one.others is not None else f" † (load {one.load:g})"
