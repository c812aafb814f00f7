"""The page that shows all pictures: one row a state, with what was measured."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tools.gallery.checks import Fault
    from tools.gallery.states import State

_STYLE: Final = """\
:root { color-scheme: light dark; } body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem; }
h2 { margin: 2.5rem 0 .25rem; } p { margin: 0 0 .75rem; opacity: .75; }
.row { display: flex; gap: .75rem; overflow-x: auto; align-items: flex-start; }
figure { margin: 0; } figcaption { font-size: 12px; opacity: .75; } img { height: 300px; border: 1px solid #8885; }
ul { color: #c01c28; } figure.bad img { outline: 3px solid #c01c28; }
"""


def page(states: Sequence[State], pictures: Mapping[str, Sequence[str]], faults: Mapping[str, Sequence[Fault]]) -> str:
    """The whole page. `pictures` are file names by state, `faults` by file name."""
    bad = sum(map(len, faults.values()))
    parts = [
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Mistral Desk: gallery</title>',
        f"<style>{_STYLE}</style><h1>Mistral Desk</h1>",
        f"<p>{sum(map(len, pictures.values()))} pictures, {bad} faults.</p>",
    ]
    for state in states:
        names = pictures.get(state.name, ())
        if not names:
            continue
        parts.append(f'<h2 id="{state.name}">{escape(state.name)}</h2><p>{escape(state.brief)}</p>')
        lines = sorted({str(fault) for name in names for fault in faults.get(name, ())})
        if lines:
            parts.append("<ul>" + "".join(f"<li>{escape(line)}</li>" for line in lines) + "</ul>")
        parts.append('<div class="row">')
        for name in names:
            mark = ' class="bad"' if faults.get(name) else ""
            parts.append(
                f'<figure{mark}><a href="{name}"><img loading="lazy" src="{name}" alt="{escape(state.brief)}"></a>'
                f"<figcaption>{escape(name.removesuffix('.png').partition('.')[2])}</figcaption></figure>"
            )
        parts.append("</div>")
    return "\n".join(parts) + "</html>\n"
