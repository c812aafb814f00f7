"""A conversation as one HTML file that needs nothing else: no script, no address that loads by itself, our own style.

A browser is told to load nothing (`Content-Security-Policy`), so even what slipped through could not.
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any, Final

from mistral_desk.chat.bare_items import bare_items
from mistral_desk.chat.parts import read_file, read_picture
from mistral_desk.chat.sharing.reading import normal, parser, too_much
from mistral_desk.chat.sharing.shared import data_uri, moment, remark, speaker, title_of
from mistral_desk.core import words
from mistral_desk.core.words import tr

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from markdown_it import MarkdownIt
    from markdown_it.rules_core import StateCore
    from markdown_it.token import Token

    from mistral_desk.chat.message import Message, Part
    from mistral_desk.chat.sharing.shared import Job, Shared

_TASK: Final = re.compile(r"\[([ xX])\](?=\s)")
STYLE: Final = """
:root{color-scheme:light dark;--ground:#fff;--text:#1c1a17;--muted:#6a645c;--line:#e3dfd9;--raised:#f1efec;
--code:#f4f2ef;--accent:#b93c0a}
@media(prefers-color-scheme:dark){:root{--ground:#1b1a18;--text:#ece8e1;--muted:#a69f94;--line:#37342f;
--raised:#2c2a27;--code:#131211;--accent:#ff7a33}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--text);font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
main{max-width:740px;margin:0 auto;padding:32px 16px 48px}
p,li,h1,h2,h3,h4,h5,h6,td,th,.plain,summary{unicode-bidi:plaintext;text-align:start}
h1{font-size:1.7em;line-height:1.25;margin:0 0 4px}
h2{font-size:1em;margin:0}
h3,h4,h5,h6{line-height:1.3;margin:1.2em 0 .4em}
.when{color:var(--muted);font-size:.85em;margin:0 0 8px}
section{margin-top:24px;padding-top:16px;border-top:1px solid var(--line)}
.plain{white-space:pre-wrap}
.you .plain{background:var(--raised);border-radius:10px;padding:8px 12px}
pre{background:var(--code);border-radius:10px;padding:12px;overflow:auto;white-space:pre;font-size:.9em}
pre.wrap{white-space:pre-wrap}
code{font-family:ui-monospace,Consolas,monospace;background:var(--code);border-radius:4px;padding:1px 4px}
pre code{padding:0;background:none}
blockquote{margin:12px 0;padding:0 0 0 12px;border-inline-start:3px solid var(--line);color:var(--muted)}
.wide{overflow-x:auto}
table{border-collapse:collapse}
th,td{border:1px solid var(--line);padding:4px 8px;vertical-align:top}
.right{text-align:right}.center{text-align:center}.left{text-align:left}
img{max-width:100%;height:auto;border-radius:10px}
figure{margin:12px 0}figcaption,.note{color:var(--muted);font-size:.85em}
a{color:var(--accent)}
details{margin:8px 0;padding:8px 12px;border:1px solid var(--line);border-radius:10px;color:var(--muted)}
summary{cursor:pointer}
@media print{:root{color-scheme:light;--ground:#fff;--text:#000;--muted:#555;--line:#ccc;--raised:#f4f4f4;
--code:#f4f4f4;--accent:#000}main{max-width:none;padding:0}pre{white-space:pre-wrap}h2{break-after:avoid}
img,tr{break-inside:avoid}a[href]::after{content:" (" attr(href) ")";font-size:.8em;color:var(--muted)}}
"""
_SUM: Final = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY: Final = f"default-src 'none'; img-src data:; style-src 'sha256-{_SUM}'; base-uri 'none'; form-action 'none'"


def write(shared: Shared, job: Job) -> None:
    """Write the branch that is shown. Raises `StoppedError` and `OSError`."""
    title = escape(normal(title_of(shared)))
    way = "rtl" if words.mirrored() else "ltr"
    job.write(
        f'<!DOCTYPE html>\n<html lang="{escape(words.language())}" dir="{way}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n<meta name="generator" content="Mistral Desk">\n'
        f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n"
    )
    job.write(_when(shared.conversation.created))
    if shared.settings.system.strip():
        job.write(f"<section>\n<h2>{escape(tr('Instructions'))}</h2>\n{plain(shared.settings.system)}</section>\n")

    def shown(part: Part) -> str | None:
        png = job.png(part)
        return None if png is None else data_uri(png)

    for number, message in enumerate(shared.messages):
        job.go_on(number / len(shared.messages))
        mine = message.role == "user"
        job.write(f'<section class="{"you" if mine else "answer"}">\n<h2>{escape(speaker(message))}</h2>\n')
        job.write(_when(message.created))
        for part in message.parts:
            job.write(part_of(message, part, shown, thinking=job.wish.thinking))
        if note := remark(message):
            job.write(f'<p class="note">{escape(note)}</p>\n')
        job.write("</section>\n")
    job.write("</main>\n</body>\n</html>\n")


def part_of(message: Message, part: Part, shown: Callable[[Part], str | None], *, thinking: bool) -> str:
    """One part of a message; `shown` gives a picture's address, None for one that is left out."""
    match part.kind:
        case "thinking":
            if not thinking or not part.body.strip():
                return ""
            return f"<details><summary>{escape(tr('Thoughts'))}</summary>\n{rendered(part.body)}</details>\n"
        case "image":
            body = read_picture(part)
            name = escape(normal(body.name if body and body.name else tr("Picture")))
            address = shown(part)
            if address is None or body is None:
                return f'<p class="note">{escape(tr("Picture"))}: {name}</p>\n'
            size = f'width="{int(body.width)}" height="{int(body.height)}"'
            return f'<figure><img src="{escape(address)}" alt="{name}" {size}></figure>\n'
        case "file":
            file = read_file(part)
            if file is None:
                return ""
            caption = escape(normal(tr("File: {name}", name=file.name)))
            return f"<figure><figcaption>{caption}</figcaption><pre>{escape(normal(file.text))}</pre></figure>\n"
        case _:
            if not part.body.strip():
                return ""
            return plain(part.body) if message.role == "user" else rendered(part.body)


def rendered(text: str) -> str:
    """Markdown as HTML in which no address loads by itself and only web and mail can be followed."""
    text = normal(text)
    if too_much(text):
        return plain(text)
    found: str = _renderer().render(text)
    return found


def plain(text: str) -> str:
    """Text as it was written."""
    return f'<div class="plain">{escape(normal(text).strip(chr(10)))}</div>\n'


def _when(seconds: float) -> str:
    when = moment(seconds)
    return f'<p class="when">{escape(when)}</p>\n' if when else ""


def pieces(text: str, most: int) -> Iterator[str]:
    """As `rendered`, in pieces of about `most` characters of the source, cut between its blocks and lines of code."""
    text = normal(text)
    if too_much(text):
        for start in range(0, len(text), most):
            yield plain(text[start : start + most])
        return
    made = _renderer()
    group: list[Token] = []
    size = 0
    for token in made.parse(text):
        if token.type in {"fence", "code_block"} and token.level == 0 and len(token.content) > most:
            if group:
                yield made.renderer.render(group, made.options, {})
            group, size = [], 0
            yield from (f"<pre>{escape(part)}</pre>" for part in lines_of(token.content, most))
            continue
        group.append(token)
        size += len(token.content)
        if token.level == 0 and token.nesting <= 0 and size > most:
            yield made.renderer.render(group, made.options, {})
            group, size = [], 0
    if group:
        yield made.renderer.render(group, made.options, {})


def lines_of(text: str, most: int) -> Iterator[str]:
    """Lines together, up to `most` characters; one that is longer is cut."""
    kept = ""
    for line in text.splitlines(keepends=True):
        if kept and len(kept) + len(line) > most:
            yield kept
            kept = ""
        kept += line
        while len(kept) > most:
            yield kept[:most]
            kept = kept[most:]
    if kept:
        yield kept


@cache
def _renderer() -> MarkdownIt:
    made = parser()
    made.add_render_rule("image", _image)
    made.add_render_rule("link_open", _link)
    made.add_render_rule("table_open", _table)
    made.add_render_rule("table_close", _table_end)
    for cell in ("th_open", "td_open"):
        made.add_render_rule(cell, _cell)
    for level in ("heading_open", "heading_close"):
        made.add_render_rule(level, _heading)
    made.core.ruler.after("block", "bare", bare_items)
    made.core.ruler.push("tasks", _tasks)
    return made


def _tasks(state: StateCore) -> None:
    """Boxes at the beginning of items, as they are meant."""
    for number, token in enumerate(state.tokens):
        if (
            token.type != "inline"
            or not token.children
            or number < 2
            or state.tokens[number - 2].type != "list_item_open"
        ):
            continue
        first = token.children[0]
        found = _TASK.match(first.content) if first.type == "text" else None
        if found is not None:
            first.content = ("☐" if found[1] == " " else "☑") + first.content[3:]


# Rules as markdown-it-py asks for them: the renderer itself, the tokens, which of them, options and environment.


def _image(_self: Any, tokens: Sequence[Token], index: int, _options: Any, _env: Any) -> str:
    """A picture from elsewhere is its words and its address."""
    token = tokens[index]
    address = str(token.attrs.get("src", ""))
    return f'<span class="note">{escape(token.content)} ({escape(address)})</span>'


def _link(_self: Any, tokens: Sequence[Token], index: int, _options: Any, _env: Any) -> str:
    address = escape(str(tokens[index].attrs.get("href", "")))
    return f'<a href="{address}" rel="noopener noreferrer">'


def _table(*_: Any) -> str:
    return '<div class="wide"><table>\n'


def _table_end(*_: Any) -> str:
    return "</table></div>\n"


def _cell(_self: Any, tokens: Sequence[Token], index: int, _options: Any, _env: Any) -> str:
    side = str(tokens[index].attrs.get("style", "")).removeprefix("text-align:")
    return f'<{tokens[index].tag} class="{side}">' if side in {"left", "center", "right"} else f"<{tokens[index].tag}>"


def _heading(_self: Any, tokens: Sequence[Token], index: int, _options: Any, _env: Any) -> str:
    """Below the document's own headings."""
    token = tokens[index]
    level = min(6, int(token.tag[1:]) + 2)
    return f"<h{level}>" if token.nesting > 0 else f"</h{level}>\n"
