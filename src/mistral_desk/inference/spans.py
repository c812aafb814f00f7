"""The rendered prompt in pieces, and how they become token ids: markup as special tokens, words as mere words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Mapping, Sequence

    from mistral_desk.inference.tokenized import Tokenized


class Words(Protocol):
    """What the prompt needs of a vocabulary; `engine.vocabulary.Vocabulary` is the real one."""

    size: int
    hash: str
    special: dict[str, int]
    control: bytearray
    ends: bytearray
    strips_left: set[int]
    strips_right: set[int]
    begin: int | None
    adds_begin: bool
    spaced: bool

    def tokenize(self, text: str, *, special: bool) -> list[int]:
        """Ids of a text alone."""

    def shown(self, token: int) -> bytes:
        """Visible bytes of a token."""

    def written(self, token: int) -> bytes:
        """Bytes of a token, control tokens written out."""


@dataclass(frozen=True)
class Prompt:
    """Token ids to read. The person's last words end before `tail` begins, the markup that asks for the answer; what
    there is of the answer already begins at `begun`.
    """

    tokens: list[int]
    tail: int
    begun: int
    starts: Mapping[int, int] = field(default_factory=dict)
    """Where the words of each turn begin, by its place; about, where the template puts no marker before them."""


@dataclass(frozen=True)
class Span:
    """A piece of the rendered prompt: markup of the template, a turn's text or thought, or ids as they are, the
    model's own or a picture's.
    """

    kind: Literal["markup", "text", "thought", "ids", "picture"]
    text: str = ""
    turn: int = -1
    ids: tuple[int, ...] = ()


class Assembly:
    """Turns spans into ids: markup with its special tokens, everything between two of them tokenized as one text."""

    def __init__(
        self,
        words: Words,
        tokenized: Tokenized,
        patterns: tuple[re.Pattern[str], re.Pattern[str]],
        pictures: Mapping[str, Sequence[int]],
    ) -> None:
        """`patterns` find the markup in what the template wrote, and in people's words the places to cut markers."""
        self._words, self._tokenized, self._pictures = words, tokenized, pictures
        self._markup, self._guarded = patterns
        self._tokens: list[int] = []
        self._starts: dict[int, int] = {}
        self._run: list[str] = []
        self._strip_next = False

    def prompt(self, spans: Sequence[Span], last_user: int) -> Prompt:
        """The ids of all spans; the tail begins at the first special token after the text of turn `last_user`."""
        tail, words = self._take(spans, last_user), self._words
        if words.adds_begin and words.begin is not None and self._tokens[:1] != [words.begin]:
            self._tokens.insert(0, words.begin)
            self._starts = {turn: start + 1 for turn, start in self._starts.items()}
            tail = None if tail is None else tail + 1
        size = len(self._tokens)
        return Prompt(self._tokens, size if tail is None else tail, size, self._starts)

    def ids(self, spans: Iterable[Span]) -> list[int]:
        """The ids of spans that stand in the middle of something."""
        self._take(spans, -1)
        return self._tokens

    def _take(self, spans: Iterable[Span], last_user: int) -> int | None:
        """Turn the spans into ids; returns where the tail begins, None where nothing of that turn was met."""
        tail: int | None = None
        asked = False
        for span in spans:
            if span.turn >= 0:
                self._starts.setdefault(span.turn, len(self._tokens))
            if span.kind == "ids":
                self._flush()
                self._tokens.extend(span.ids)
            elif span.kind == "picture":
                self._flush()
                self._tokens.extend(self._pictures[span.text])
                asked = asked or span.turn == last_user
            elif span.kind == "markup":
                at = 0
                for found in self._markup.finditer(span.text):
                    self._run.append(span.text[at : found.start()])
                    at = found.end()
                    token = self._words.special[found.group()]
                    self._flush(strip=token in self._words.strips_left)
                    if asked and tail is None:
                        tail = len(self._tokens)
                    self._tokens.append(token)
                    self._strip_next = token in self._words.strips_right
                self._run.append(span.text[at:])
            else:
                self._say(span.text)
                asked = asked or span.turn == last_user
        self._flush()
        return tail

    def _say(self, text: str) -> None:
        """Somebody's words: a marker in them is cut in two, so that it stays text."""
        first, *others = self._guarded.split(text)
        self._run.append(first)
        for other in others:
            self._flush()
            self._run.append(other)

    def _flush(self, *, strip: bool = False) -> None:
        text = "".join(self._run)
        self._run.clear()
        if self._strip_next:
            text = text.lstrip()
        if strip:
            text = text.rstrip()
        if text:
            self._strip_next = False
            self._tokens.extend(self._tokenized.ids(text))
