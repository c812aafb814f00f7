"""The markdown that models write beside CommonMark: formulas, footnotes and bare numbers, as rules for markdown-it's
parser.

A formula never becomes text with half of its marks eaten, and the price of two coffees is no formula. No Qt here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from mistral_desk.chat.bare_items import bare_items

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.ruler import RuleOptionsType
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_inline import StateInline

INLINE_LIMIT: Final = 1_000
"""Characters of a formula inside a line; the search for its end goes no further."""
BLOCK_LINES: Final = 100
"""Lines of a formula that stands alone."""
LABEL_LIMIT: Final = 60
_CLOSING: Final = {"$$": "$$", "\\[": "\\]"}
_WORD: Final = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{3,}\s")
_SIGNS: Final = re.compile(r"[\\^_={}<>+*/|]")
_NOTED: Final = re.compile(rf"\[\^([^\]\s\[]{{1,{LABEL_LIMIT}}})\]")
_NOTE: Final = re.compile(rf"{_NOTED.pattern}:[ \t]+")


def add_rules(parser: MarkdownIt) -> None:
    """Teach a parser formulas (`math_inline`, `math_block`) and footnotes (`footnote_ref`, `footnote_open`), and that
    an item without words is seen.
    """
    interrupting: RuleOptionsType = {"alt": ["paragraph", "reference", "blockquote", "list"]}
    parser.inline.add_terminator_char("$")
    parser.inline.ruler.before("escape", "formula", _formula)
    parser.inline.ruler.before("link", "footnote", _footnote)
    parser.inline.ruler.after("footnote", "bracket", _bracket)
    parser.block.ruler.before("fence", "formula", _formula_block, interrupting)
    parser.block.ruler.before("reference", "note", _note, interrupting)
    parser.core.ruler.after("block", "bare", bare_items)


def _formula(state: StateInline, silent: bool) -> bool:
    r"""`$x$`, `$$x$$`, `\(x\)` and `\[x\]` within a line."""
    start, source = state.pos, state.src
    two = source[start : start + 2]
    if two in ("\\(", "\\["):
        closing, width = ("\\)" if two == "\\(" else "\\]"), 2
    elif two == "$$":
        closing, width = "$$", 2
    elif source[start] == "$":
        closing, width = "$", 1
    else:
        return False
    begin = start + width
    end = source.find(closing, begin, min(state.posMax, begin + INLINE_LIMIT))
    if end < 0:
        return False
    content = source[begin:end]
    if not content.strip() or (width == 1 and not _is_formula(source, begin, end)):
        return False
    if not silent:
        token = state.push("math_inline", "math", 0)
        token.content = content.strip()
        token.markup = source[start:begin]
        token.info = "display" if two in ("$$", "\\[") else ""
        token.meta = {"source": source[start : end + len(closing)]}
    state.pos = end + len(closing)
    return True


def _is_formula(source: str, begin: int, end: int) -> bool:
    """Whether what stands between two single dollars is mathematics: not prices, not names of variables."""
    before, after = source[begin - 2 : begin - 1], source[end + 1 : end + 2]
    content = source[begin:end]
    if before.isalnum() or before == "\\" or after.isalnum() or "$" in (before, after):
        return False
    if content[0].isspace() or content[-1].isspace() or content[-1] == "\\":
        return False
    if content[0].isdigit() and _WORD.search(content) and "\\" not in content:
        return False
    return bool(_SIGNS.search(content)) or (len(content) <= 16 and not _WORD.search(content + " ")) or content.isalnum()


def _formula_block(state: StateBlock, line: int, end: int, silent: bool) -> bool:
    r"""A formula in lines of its own, from `$$` or `\[` to its closing mark.

    It ends nowhere else: before an empty line it was none. Where the text ends first, the rest may still come.
    """
    if state.is_code_block(line):
        return False
    begin = state.bMarks[line] + state.tShift[line]
    opening = state.src[begin : begin + 2]
    closing = _CLOSING.get(opening)
    if closing is None:
        return False
    lines: list[str] = []
    next_line, closed = line, False
    while next_line < end and next_line - line < BLOCK_LINES:
        text = state.src[state.bMarks[next_line] + state.tShift[next_line] : state.eMarks[next_line]].rstrip()
        if next_line == line:
            text = text[2:]
        elif state.sCount[next_line] < state.blkIndent:
            break  # the list ends here
        elif not text:
            if state.eMarks[next_line] < len(state.src):
                return False  # an empty line that is complete
            break
        next_line += 1
        place = text.find(closing)
        if place >= 0:
            if text[place + 2 :].strip(" .,;:"):
                return False  # words follow: a formula inside a line
            lines.append(text[:place])
            closed = True
            break
        lines.append(text)
    if next_line - line >= BLOCK_LINES and not closed:
        return False
    content = "\n".join(lines).strip()
    if closed and not content:
        return False
    if silent:
        return True
    state.line = next_line
    token = state.push("math_block", "math", 0)
    token.block = True
    token.content = content
    token.markup = opening
    token.info = "" if closed else "open"
    token.map = [line, next_line]
    return True


def _footnote(state: StateInline, silent: bool) -> bool:
    """`[^1]`, the sign of a note in a text."""
    found = _NOTED.match(state.src, state.pos, state.posMax) if state.src[state.pos] == "[" else None
    if found is None:
        return False
    if not silent:
        token = state.push("footnote_ref", "", 0)
        token.content = found[1]
    state.pos = found.end()
    return True


def _bracket(state: StateInline, silent: bool) -> bool:
    """A `[` that no link can begin with, as no `](` follows: the parser would look for its end at great length."""
    start = state.pos
    width = 1 if state.src[start] == "[" else 2 if state.src.startswith("![", start) else 0
    if not width or state.src.find("](", start, state.posMax) >= 0:
        return False
    if not silent:
        state.append_pending(state.src[start : start + width])
    state.pos = start + width
    return True


def _note(state: StateBlock, line: int, end: int, silent: bool) -> bool:
    """`[^1]: words`, the note itself: one paragraph, until an empty line or the next note."""
    if state.is_code_block(line):
        return False
    begin = state.bMarks[line] + state.tShift[line]
    found = _NOTE.match(state.src, begin, state.eMarks[line])
    if found is None:
        return False
    if silent:
        return True
    next_line = line + 1
    rules = state.md.block.ruler.getRules("paragraph")
    while next_line < end and not state.isEmpty(next_line):
        if state.sCount[next_line] - state.blkIndent <= 3 and any(rule(state, next_line, end, True) for rule in rules):
            break
        next_line += 1
    content = state.getLines(line, next_line, state.blkIndent, False).strip()
    token = state.push("footnote_open", "div", 1)
    token.content, token.map = found[1], [line, next_line]
    opened = state.push("paragraph_open", "p", 1)
    opened.map = [line, next_line]
    inline = state.push("inline", "", 0)
    inline.content = _NOTE.sub("", content, count=1)
    inline.map, inline.children = [line, next_line], []
    state.push("paragraph_close", "p", -1)
    state.push("footnote_close", "div", -1)
    state.line = next_line
    return True
