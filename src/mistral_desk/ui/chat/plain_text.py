"""A block as text: as it is shown (to search in), as people paste it, and as HTML for programs that take that.

From the parser's tokens, so that a block need not exist on the screen. No Qt here.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from mistral_desk.core.words import tr
from mistral_desk.ui.chat.links import allowed
from mistral_desk.ui.chat.markdown import Block, Code, Formula, Table, Words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it.token import Token

_TASKS: Final = ("[ ] ", "[x] ", "[X] ")
_TAGS: Final = {"strong": "strong", "em": "em", "s": "s"}


def shown(block: Block) -> str:
    """The text of a block as its view has it, paragraphs and cells in lines; formulas as their source."""
    if isinstance(block, Code):
        return block.text
    if isinstance(block, Formula):
        return block.written
    if isinstance(block, Words):
        return block.seen
    lines: list[str] = []
    item, note = False, ""
    for token in block.tokens:
        match token.type:
            case "list_item_open":
                item = not token.meta.get("resumed", False)
            case "footnote_open":
                note = f"{token.content}\u2002"
            case "inline":
                words = words_of(token.children or [])
                if item and words.startswith(_TASKS):
                    words = words[3:].lstrip(" \t")
                lines.append(note + words)
                item, note = False, ""
            case "math_block":
                lines.append(written(token))
                item = False
            case _:
                pass
    return "\n".join(lines)


def written(token: Token) -> str:
    """A formula in lines of its own as it was written."""
    closing = "" if token.info == "open" else "$$" if token.markup == "$$" else "\\]"
    return f"{token.markup}{token.content}{closing}"


def clean(block: Block) -> str:
    """The text of a block as people paste it: marks of lists kept, those of markdown gone, tables with tabs."""
    if isinstance(block, Code):
        return block.text
    if isinstance(block, Formula):
        return block.written
    if isinstance(block, Words):
        return block.text
    if isinstance(block, Table):
        rows: list[list[str]] = []
        for token in block.tokens:
            if token.type == "tr_open":
                rows.append([])
            elif token.type == "inline" and rows:
                rows[-1].append(" ".join(words_of(token.children or []).split()))
        return "\n".join("\t".join(row) for row in rows)
    return _prose(block.tokens)


def _prose(tokens: Sequence[Token]) -> str:
    made: list[str] = []
    lists: list[int | None] = []
    mark, tight, first = "", False, False
    note = ""
    for token in tokens:
        match token.type:
            case "bullet_list_open":
                first = first or not lists
                lists.append(None)
            case "ordered_list_open":
                first = first or not lists
                lists.append(int(token.attrs.get("start", 1)) + bool(token.meta.get("resumed")))
            case "bullet_list_close" | "ordered_list_close":
                if lists:
                    lists.pop()
            case "list_item_open":
                mark = "" if token.meta.get("resumed") else "- "
                if lists and mark and (number := lists[-1]) is not None:
                    mark, lists[-1] = f"{number}. ", number + 1
            case "paragraph_open":
                tight = token.hidden
            case "footnote_open":
                note = f"[{token.content}] "
            case "inline" | "math_block":
                words = words_of(token.children or []) if token.type == "inline" else written(token)
                indent = "  " * max(0, len(lists) - 1)
                own = indent + (mark or ("  " if lists else ""))
                text = own + (note + words).replace("\n", "\n" + " " * len(own))
                if made:
                    made.append("\n" if tight and lists and not first else "\n\n")
                made.append(text)
                mark = note = ""
                first = False
            case "hr":
                made.append("\n\n---" if made else "---")
            case _:
                pass
    return "".join(made)


def words_of(children: Sequence[Token]) -> str:
    """Inline tokens as the text that is seen; formulas as their source."""
    words: list[str] = []
    for child in children:
        match child.type:
            case "softbreak" | "hardbreak":
                words.append("\n")
            case "math_inline":
                words.append(str(child.meta["source"]).replace("\n", "\n"))
            case "image":
                words.append(f"[{child.content or tr('picture')}]")
            case _:
                words.append(child.content)
    return "".join(words)


def html(block: Block) -> str:
    """A block as HTML that loads nothing: pictures are their words, addresses are links only where they may be."""
    if isinstance(block, Code):
        return f"<pre><code>{escape(block.text)}</code></pre>"
    if isinstance(block, Formula):
        return f"<p>{escape(block.written)}</p>"
    if isinstance(block, Words):
        return f"<p>{escape(block.text)}</p>"
    made: list[str] = []
    opened: list[str] = []
    for token in block.tokens:
        if token.type == "inline":
            made.append(_inline_html(token.children or []))
        elif token.type == "math_block":
            made.append(f"<p>{escape(written(token))}</p>")
        elif token.type == "hr":
            made.append("<hr>")
        elif token.tag and not token.hidden:
            if token.nesting == 1:
                opened.append(token.tag)
                made.append(_opening(token))
            elif token.nesting == -1 and token.tag in opened:
                while (tag := opened.pop()) != token.tag:
                    made.append(f"</{tag}>")
                made.append(f"</{token.tag}>")
    made.extend(f"</{tag}>" for tag in reversed(opened))
    return "".join(made)


def _opening(token: Token) -> str:
    if token.type == "ordered_list_open":
        start = int(token.attrs.get("start", 1)) + bool(token.meta.get("resumed"))
        return f'<{token.tag} start="{start}">' if start != 1 else f"<{token.tag}>"
    style = str(token.attrs.get("style", ""))
    return f'<{token.tag} style="{escape(style)}">' if style.startswith("text-align:") else f"<{token.tag}>"


def _inline_html(children: Sequence[Token]) -> str:
    made: list[str] = []
    links: list[bool] = []
    for child in children:
        match child.type:
            case "softbreak":
                made.append("\n")
            case "hardbreak":
                made.append("<br>")
            case "code_inline":
                made.append(f"<code>{escape(child.content)}</code>")
            case "link_open":
                address = str(child.attrs.get("href", ""))
                links.append(allowed(address))
                made.append(f'<a href="{escape(address)}">' if links[-1] else "")
            case "link_close":
                made.append("</a>" if links and links.pop() else "")
            case "footnote_ref":
                made.append(f"<sup>{escape(child.content)}</sup>")
            case _ if child.tag in _TAGS and child.nesting:
                made.append(f"<{'/' if child.nesting < 0 else ''}{child.tag}>")
            case _:
                made.append(escape(words_of([child])))
    return "".join(made)
