r"""Tells a model's thoughts from its answer while they stream, by token ids where the vocabulary has markers.

Three manners are known: a pair of marker tokens (`[THINK]…[/THINK]`, `<think>…</think>`), the same pair written as
plain text, and channels with names (`<|channel|>analysis<|message|>…<|end|>`, `<|channel>thought\n…<channel|>`).
Which one holds is decided by the model's template and vocabulary, never by a file's name.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mistral_desk.inference.protocol import PieceKind

PAIRS: Final = (
    ("[THINK]", "[/THINK]"),
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<seed:think>", "</seed:think>"),
    ("<mm:think>", "</mm:think>"),
    ("<think:opensource>", "</think:opensource>"),
    ("<|START_THINKING|>", "<|END_THINKING|>"),
    ("◁think▷", "◁/think▷"),
    ("<|inner_prefix|>", "<|inner_suffix|>"),
)
"""Markers of thoughts in use, as templates and vocabularies write them."""

_HARMONY: Final = ("<|channel|>", "<|message|>", "<|start|>", "<|end|>")
_GEMMA: Final = ("<|channel>", "<channel|>")
_ANSWER_CHANNEL: Final = "final"


@dataclass(frozen=True)
class Manner:
    """How a model marks its thoughts. `open` and `close` are what the markers look like in text.

    `tokens` maps marker token ids to what they do: "open", "close", or for channels "header" (a channel's name
    follows), "body" (it ends), "end" (a message ends), "start" (a role follows). `by_text` is set where the
    markers are no tokens of their own. `opening` is what stands before a thought in the template, `closing` what
    stands between it and the answer.
    """

    open: str = ""
    close: str = ""
    tokens: Mapping[int, str] = field(default_factory=dict)
    by_text: bool = False
    named: bool = False
    """A channel's name follows its opening marker, up to the end of the line."""
    closing: str = ""
    opening: str = ""

    @property
    def answering(self) -> str:
        """What stands before an answer without a thought: with channels, the header of the answer's own."""
        if "header" not in self.tokens.values():
            return ""
        return self.open + self.closing.rpartition(self.open)[2]


NO_THOUGHTS: Final = Manner()


def manner(special: Mapping[str, int], template: str) -> Manner:
    """The manner of a model with these special tokens and this chat template.

    What the template mentions comes first; else a marker pair in the vocabulary is believed, because a model that
    has such tokens may write them.
    """
    if all(text in special for text in _HARMONY):
        roles = dict(zip(_HARMONY, ("header", "body", "start", "end"), strict=True))
        closing = f"<|end|><|start|>assistant<|channel|>{_ANSWER_CHANNEL}<|message|>"
        tokens = {special[text]: role for text, role in roles.items()}
        return Manner("<|channel|>", "<|end|>", tokens, closing=closing, opening="<|channel|>analysis<|message|>")
    if all(text in special for text in _GEMMA):
        tokens = {special[_GEMMA[0]]: "open", special[_GEMMA[1]]: "close"}
        return Manner(*_GEMMA, tokens, named=True, closing=_GEMMA[1], opening=f"{_GEMMA[0]}thought\n")
    mentioned = [pair for pair in PAIRS if pair[1] in template]
    for opening, close in (*mentioned, *([] if mentioned else PAIRS)):
        if opening in special and close in special:
            pair = {special[opening]: "open", special[close]: "close"}
            return Manner(opening, close, pair, closing=close, opening=_opened(opening))
    for opening, close in mentioned:
        return Manner(opening, close, by_text=True, closing=close, opening=_opened(opening))
    return NO_THOUGHTS


def _opened(marker: str) -> str:
    """What a model writes before a thought where its template does not show it: tags stand on lines of their own."""
    return f"{marker}\n" if marker == "<think>" else marker


@dataclass(frozen=True)
class Part:
    """Visible text of one kind; empty where a token shows nothing (yet)."""

    kind: PieceKind
    text: str


class Splitter:
    """Splits one answer. `feed` takes each token, `finish` gives what was still held back.

    `prompt` are the ids after the last thing that a person wrote: a template may open the thought there.
    `shown(id)` gives a token's visible bytes. `spaced` is true for vocabularies that put a blank before every text
    (SentencePiece): where an answer begins, that blank is none of its own.
    """

    def __init__(
        self, manner: Manner, shown: Callable[[int], bytes], prompt: Sequence[int] = (), *, spaced: bool = False
    ) -> None:
        self._manner, self._shown, self._spaced = manner, shown, spaced
        self._roles = manner.tokens
        self._utf8 = codecs.getincrementaldecoder("utf-8")("replace")
        self.kind: PieceKind = "text"
        self._hidden = False
        self._header = ""
        self._fresh = True
        self._held = ""
        self._answered = False
        self._open_in_prompt(prompt)

    @property
    def thinking(self) -> bool:
        """Whether a thought is being written."""
        return self.kind == "thinking"

    @property
    def between(self) -> bool:
        """Whether a channel's name is being written, which belongs to neither."""
        return self._hidden

    @property
    def half(self) -> bool:
        """Whether a character has begun and is not whole."""
        return bool(self._utf8.getstate()[0])

    @property
    def held(self) -> str:
        """What may be the beginning of a marker, where markers are text; it is not shown yet."""
        return self._held

    def closes(self, token: int) -> bool:
        """Whether this token would end the thought that is being written."""
        if self.kind != "thinking" or self._hidden:
            return False
        if self._manner.by_text:
            return self._manner.close in self._held + self._shown(token).decode("utf-8", "replace")
        return self._roles.get(token) in {"close", "end"}

    def spills(self, token: int) -> bool:
        """Whether this token closes the thought and already says something behind the marker, where that is text."""
        if not (self._manner.by_text and self.closes(token)):
            return False
        text = self._held + self._shown(token).decode("utf-8", "replace")
        return bool(text.partition(self._manner.close)[2].strip())

    def drop_held(self) -> None:
        """What was held back is not to be: its tokens were taken back."""
        self._held = ""

    def _open_in_prompt(self, prompt: Sequence[int]) -> None:
        if self._manner.by_text:
            tail = b"".join(map(self._shown, prompt)).decode("utf-8", "replace")
            opened, closed = tail.rfind(self._manner.open), tail.rfind(self._manner.close)
            if opened > closed:
                self.kind = "thinking"
            self._answered = closed >= 0
            return
        for token in prompt:
            if self._roles.get(token):
                self._switch(self._roles[token])
            elif self._hidden:
                self._take_header(self._shown(token).decode("utf-8", "replace"))
        self._fresh = True

    def feed(self, token: int) -> Part:
        """The next token of the answer."""
        role = self._roles.get(token)
        if role is not None:
            before = self.kind
            rest = self._utf8.decode(b"", True)
            self._switch(role)
            return Part(before, rest if not self._hidden else "")
        text = self._utf8.decode(self._shown(token))
        if self._manner.by_text:
            return self._by_text(text)
        if self._hidden:
            text = self._take_header(text)
        return Part(self.kind, self._trimmed(text))

    def finish(self) -> list[Part]:
        """The end: what was held back, with a mark for a character that stayed incomplete."""
        rest = self._utf8.decode(b"", True)
        if not self._manner.by_text:
            return [] if self._hidden or not rest else [Part(self.kind, self._trimmed(rest))]
        parts = [self._by_text(rest)]
        while self._held:
            before = self._held
            parts.append(self._by_text(""))
            if self._held == before:  # an end that only began like a marker
                parts.append(self._release(len(before)))
        return [part for part in parts if part.text]

    def _switch(self, role: str) -> None:
        if role == "open":
            self.kind, self._hidden, self._header = "thinking", self._manner.named, ""
        elif role == "close":
            self.kind, self._hidden = "text", False
        elif role == "body":
            name = self._header.partition("<|channel|>")[2] if "<|channel|>" in self._header else ""
            # a message without a channel is an answer
            thought = bool(name.strip()) and not name.strip().startswith(_ANSWER_CHANNEL)
            self.kind, self._hidden = "thinking" if thought else "text", False
        elif role == "header":
            self._hidden, self._header = True, "<|channel|>"
        else:  # a message ends, or the next one's role follows
            self._hidden, self._header = True, ""
        self._fresh = True

    def _take_header(self, text: str) -> str:
        """A channel's name is not shown; with named channels a line's end closes it."""
        self._header += text
        if self._manner.named and "\n" in self._header:
            self._hidden = False
            return self._header.partition("\n")[2]
        return ""

    def _trimmed(self, text: str) -> str:
        """Line ends right behind a marker belong to the format, not to what is said."""
        if self._fresh and text:
            text = text.lstrip("\r\n")
            self._fresh = not text
            if self._spaced:
                text = text.removeprefix(" ")
        return text

    def _by_text(self, text: str) -> Part:
        """Markers as plain text: the opening one counts only where the answer begins, the closing one in a thought."""
        self._held += text
        if not self.thinking and (self._answered or not self._may_open()):
            self._answered = self._answered or bool(self._held.strip())
            return self._release(len(self._held))
        marker = self._manner.close if self.thinking else self._manner.open
        at = self._held.find(marker)
        if at >= 0:
            part = self._release(at)
            self._held = self._held[len(marker) :]
            self._answered = self.thinking
            self.kind = "text" if self.thinking else "thinking"
            self._fresh = True
            return Part(part.kind, part.text if part.kind == "thinking" else "")
        return self._release(len(self._held) - _overlap(self._held, marker))

    def _may_open(self) -> bool:
        begun = self._held.lstrip()
        return begun.startswith(self._manner.open) or self._manner.open.startswith(begun)

    def _release(self, count: int) -> Part:
        text, self._held = self._held[:count], self._held[count:]
        return Part(self.kind, self._trimmed(text))


def _overlap(text: str, marker: str) -> int:
    """Length of the longest end of `text` that begins `marker`."""
    return next((n for n in range(min(len(text), len(marker) - 1), 0, -1) if marker.startswith(text[-n:])), 0)
