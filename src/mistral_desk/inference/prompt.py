"""From a conversation to token ids: the model's own template, with nobody's words taken for markup.

The template is rendered with a placeholder for each text, so it only ever sees its own markup. What a person wrote
is then tokenized as plain text, and what the model wrote goes back as the very ids that it generated: re-tokenizing
them may give other ids, and then nothing that was read before could be used again.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from mistral_desk.inference.chat_format import assistant
from mistral_desk.inference.protocol import Turn
from mistral_desk.inference.spans import Assembly, Prompt, Span
from mistral_desk.inference.thinking import NO_THOUGHTS, Splitter
from mistral_desk.inference.tokenized import Tokenized

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mistral_desk.inference.chat_format import ChatFormat, History, Message
    from mistral_desk.inference.protocol import Effort, PieceKind
    from mistral_desk.inference.spans import Words
    from mistral_desk.inference.thinking import Manner

_OPEN, _CLOSE = "\ue000", "\ue001"
_NONCE_BASE: Final = 0xE200
_DIGIT_BASE: Final = 0xE100
_REMEMBERED: Final = 4096
"""Turns whose ids were compared with their texts already."""
_NO_LINE_ENDS: Final = {ord("\r"): None, ord("\n"): None}
_KINDS: Final[tuple[PieceKind, ...]] = ("thinking", "text")
_HALF: Final = "\ufffd"
"""What stands for a character that was cut off in its middle."""


@dataclass(frozen=True)
class _Slot:
    """What a placeholder stands for: the text without the white space at its ends, which the template may strip; or a
    picture, by its name.
    """

    kind: Literal["text", "thought", "picture"]
    core: str
    before: str
    after: str
    turn: int


class Prompter:
    """Makes prompts for one model."""

    def __init__(self, form: ChatFormat, words: Words) -> None:
        self._form, self._words = form, words
        self._tokenized = Tokenized(words)
        self._checked: dict[Turn, bool] = {}
        longest_first = sorted(filter(None, words.special), key=len, reverse=True)
        self._markup = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")
        markers = [text for text, token in words.special.items() if token in form.manner.tokens]
        self._guarded = re.compile(
            "|".join(f"(?<={re.escape(m[0])})(?={re.escape(m[1:])})" for m in markers) or r"(?!)"
        )

    def prompt(
        self,
        turns: Sequence[Turn],
        effort: Effort,
        pictures: Mapping[str, Sequence[int]] | None = None,
        begun: Turn | None = None,
        *,
        keep_thinking: bool = True,
        rethinks: bool = False,
    ) -> Prompt:
        """The prompt for `turns`, whose last one is the user's. Raises the template's errors.

        `pictures` has the ids that stand for each picture of the turns, the markers around it included. `begun` is the
        answer so far: its ids stand right behind the markup that asks for the answer, and nothing stands behind them.
        With `rethinks` they are those of its thought alone, which is open. Without `keep_thinking` the thoughts of
        earlier answers are left out.
        """
        asked = self._asked(turns, effort, pictures or {}, "kept" if keep_thinking else "left out")
        if begun is None:
            return asked
        lead = asked.tokens[asked.tail :]
        if rethinks:
            begun = self._reopened(begun, lead)
        return Prompt([*asked.tokens, *self._begun_ids(begun, lead)], asked.tail, asked.begun, asked.starts)

    def _asked(
        self,
        turns: Sequence[Turn],
        effort: Effort,
        pictures: Mapping[str, Sequence[int]],
        thoughts: Literal["kept", "left out"],
    ) -> Prompt:
        history = "none" if thoughts == "left out" else self._form.history
        turns = tidied(turns, system=self._form.system)
        slots: list[_Slot] = []
        nonce = "".join(chr(_NONCE_BASE + byte) for byte in secrets.token_bytes(8))
        messages = [self._message(turn, index, slots, nonce, history) for index, turn in enumerate(turns)]
        spans = _spans(self._form.render(messages, effort), slots, nonce)
        for index, turn in enumerate(turns):
            if self._usable(turn):
                spans = self._spliced(spans, index, turn)
        last_user = max((index for index, turn in enumerate(turns) if turn.role == "user"), default=-1)
        return self._assembly(pictures).prompt(spans, last_user)

    def _assembly(self, pictures: Mapping[str, Sequence[int]]) -> Assembly:
        return Assembly(self._words, self._tokenized, (self._markup, self._guarded), pictures)

    def _begun_ids(self, turn: Turn, lead: Sequence[int]) -> tuple[int, ...]:
        """The ids of an answer that goes on behind `lead`: its own, or, where they do not say what the answer says or
        belong to another vocabulary, those of its words with the markers of this model around its thought.
        """
        words, manner = self._words, self._form.manner
        if self._valid(turn):
            splitter = Splitter(manner, words.shown, lead, spaced=words.spaced)
            parts = [splitter.feed(token) for token in turn.tokens]
            for _ in range(2):  # as it was saved while it grew, and as it was saved when it ended
                said = {kind: "".join(part.text for part in parts if part.kind == kind) for kind in _KINDS}
                if said["text"] == turn.text and (said["thinking"] == turn.thinking or manner is NO_THOUGHTS):
                    return turn.tokens
                parts += splitter.finish()
        return tuple(self._assembly({}).ids(self._spelled(turn, lead)))

    def _reopened(self, turn: Turn, lead: Sequence[int]) -> Turn:
        """The thought of an answer before it was closed. Where its ids do not end with a token, it has none."""
        count = 0
        splitter = Splitter(self._form.manner, self._words.shown, lead, spaced=self._words.spaced)
        for at, token in enumerate(turn.tokens if self._valid(turn) else (), 1):
            if splitter.closes(token):
                break
            splitter.feed(token)
            count = count if splitter.held else at  # what is held may be the beginning of the close
        return Turn("assistant", "", turn.thinking, turn.tokens[:count] if splitter.thinking else (), turn.vocabulary)

    def _spelled(self, turn: Turn, lead: Sequence[int]) -> Iterator[Span]:
        """What there is of an answer as a model of this format writes it; thoughts only where it has any."""
        manner = self._form.manner
        opened = Splitter(manner, self._words.shown, lead).thinking
        text = turn.text.rstrip(_HALF)
        thinking = "" if manner is NO_THOUGHTS else turn.thinking if text else turn.thinking.rstrip(_HALF)
        if thinking and not opened:
            yield Span("markup", manner.opening)
        if thinking:
            yield Span("thought", thinking)
        if text:
            yield Span("markup", manner.closing if thinking or opened else manner.answering)
        yield Span("text", text)

    def _message(self, turn: Turn, index: int, slots: list[_Slot], nonce: str, history: History) -> Message:
        def place(text: str, kind: Literal["text", "thought"] = "text") -> str:
            core = text.strip()
            if not core:
                return text
            before, _, after = text.partition(core)
            slots.append(_Slot(kind, core, before, after, index))
            return f"{before}{_OPEN}{nonce}{_digits(len(slots) - 1)}{_CLOSE}{after}"

        def look(image: str) -> str:
            slots.append(_Slot("picture", image, "", "", index))
            return f"{_OPEN}{nonce}{_digits(len(slots) - 1)}{_CLOSE}"

        if turn.role != "assistant":
            at, content = 0, ""
            for end, image in turn.placed():
                content += place(turn.text[at:end]) + look(image)
                at = end
            return {"role": turn.role, "content": content + place(turn.text[at:])}
        thought = place(turn.thinking, "thought") if history != "none" else ""
        return assistant(history, thought, place(turn.text))

    def _usable(self, turn: Turn) -> bool:
        """Whether a turn's own ids say exactly what the turn says, in this vocabulary.

        Long chats ask this of the same turns again and again, so the answer is kept.
        """
        known = self._checked.get(turn)
        if known is None:
            if len(self._checked) >= _REMEMBERED:
                self._checked.clear()
            known = self._checked[turn] = self._says(turn)
        return known

    def _valid(self, turn: Turn) -> bool:
        """Whether a turn has ids that this model may write."""
        words, roles = self._words, self._form.manner.tokens
        if turn.role != "assistant" or not turn.tokens or turn.vocabulary != words.hash:
            return False
        return all(
            0 <= t < words.size and not words.ends[t] and (not words.control[t] or t in roles) for t in turn.tokens
        )

    def _says(self, turn: Turn) -> bool:
        words = self._words
        if not self._valid(turn):
            return False
        said, manner = (turn.thinking, turn.text), self._form.manner
        return any(
            _said(Splitter(manner, words.shown, begun, spaced=words.spaced), turn.tokens) == said
            for begun in self._begun()
        )

    def _begun(self) -> Iterator[tuple[int, ...]]:
        """What may have stood right before an answer: nothing of note, or a thought that the template opened."""
        yield ()
        manner = self._form.manner
        opening = [token for token, role in manner.tokens.items() if role in ("open", "start")]
        if opening:
            yield (opening[0],)
        elif manner.by_text:
            yield tuple(self._words.tokenize(manner.open, special=False))

    def _spliced(self, spans: list[Span], turn_index: int, turn: Turn) -> list[Span]:
        """Put a turn's ids in the place of what the template made of it; unchanged where they do not fit there.

        First the whole answer with its thought and markers, then, for templates that drop old thoughts, the visible
        text alone.
        """
        own = [at for at, span in enumerate(spans) if span.turn == turn_index]
        if not own:
            return spans
        first, last = own[0], own[-1]
        written = [self._words.written(token) for token in turn.tokens]
        lead = spans[first - 1].text if first else ""
        rest = spans[last + 1].text if last + 1 < len(spans) else ""
        said = "".join(span.text for span in spans[first : last + 1])
        place = _place(lead + said + rest, _decoded(written), len(lead), len(lead + said))
        if place:
            begin, end = place
            around = lead + said + rest
            return [
                *spans[: max(first - 1, 0)],
                Span("markup", around[:begin]),
                Span("ids", ids=turn.tokens),
                Span("markup", around[end:]),
                *spans[last + 2 :],
            ]
        answer = _after_thought(turn.tokens, written, self._form.manner)
        if answer and _decoded([self._words.written(token) for token in answer]) == spans[last].text:
            return [*spans[:last], Span("ids", ids=answer), *spans[last + 1 :]]
        return spans


def tidied(turns: Sequence[Turn], *, system: bool) -> list[Turn]:
    """A conversation as templates want it: no empty answers, and neighbours of one role joined by a blank line.

    An answer that was stopped before its first word leaves two messages of the person in a row. Where the template
    takes no system message (`system` false), its text goes in front of the person's first words.
    """
    tidy: list[Turn] = []
    instructions = ""
    for turn in turns:
        if turn.role == "assistant" and not (turn.text or turn.thinking):
            continue
        if turn.role == "system" and not system:
            instructions = _joined(instructions, turn.text)
            continue
        now = turn
        if turn.role == "user" and instructions:
            now, instructions = _appended(Turn("user", instructions), turn), ""
        if tidy and now.role == tidy[-1].role != "system":
            before = tidy.pop()
            now = _appended(before, now)
        tidy.append(now)
    return tidy


def _appended(one: Turn, other: Turn) -> Turn:
    """Two turns of one role as one; pictures stay where they stood."""
    text = _joined(one.text, other.text)
    placed = [*one.placed(), *((len(text) - len(other.text) + place, image) for place, image in other.placed())]
    return Turn(
        other.role,
        text,
        _joined(one.thinking, other.thinking),
        images=tuple(image for _, image in placed),
        places=tuple(place for place, _ in placed),
    )


def _joined(one: str, other: str) -> str:
    return f"{one}\n\n{other}" if one and other else one or other


def _digits(number: int) -> str:
    """A number in private-use characters, base 256: no filter of a template changes them."""
    return "".join(chr(_DIGIT_BASE + byte) for byte in number.to_bytes(3, "big"))


def _spans(text: str, slots: Sequence[_Slot], nonce: str) -> list[Span]:
    """Cut the rendered text at its placeholders; white space around them goes back to where it came from."""
    pieces = re.split(f"{_OPEN}{nonce}(...){_CLOSE}", text)
    markup, marks = pieces[::2], pieces[1::2]
    spans: list[Span] = []
    for index, mark in enumerate(marks):
        number = int.from_bytes(bytes(ord(digit) - _DIGIT_BASE for digit in mark), "big")
        slot = slots[number]
        here, after = markup[index], markup[index + 1]
        before_text = slot.before if here.endswith(slot.before) else ""
        after_text = slot.after if after.startswith(slot.after) else ""
        spans.append(Span("markup", here[: len(here) - len(before_text)]))
        spans.append(Span(slot.kind, f"{before_text}{slot.core}{after_text}", slot.turn))
        markup[index + 1] = after[len(after_text) :]
    return [*spans, Span("markup", markup[-1])]


def _said(splitter: Splitter, tokens: Sequence[int]) -> tuple[str, str]:
    """The thought and the text that a person saw of these ids."""
    parts = [*map(splitter.feed, tokens), *splitter.finish()]
    thought, text = ("".join(part.text for part in parts if part.kind == kind) for kind in ("thinking", "text"))
    return thought, text


def _decoded(pieces: Sequence[bytes]) -> str:
    return b"".join(pieces).decode("utf-8", "replace")


def _place(around: str, whole: str, begin_by: int, end_from: int) -> tuple[int, int] | None:
    """Where `whole` stands in `around`, beginning at `begin_by` at the latest and ending at `end_from` at the earliest.

    Line ends do not count: a template writes its own around markers, the model wrote others.
    """
    kept = [at for at, letter in enumerate(around) if letter not in "\r\n"]
    squeezed, wanted = "".join(around[at] for at in kept), whole.translate(_NO_LINE_ENDS)
    if not wanted:
        return None
    at = squeezed.rfind(wanted)
    while at >= 0:
        begin, end = kept[at], kept[at + len(wanted) - 1] + 1
        if begin <= begin_by and end >= len(around[:end_from].rstrip("\r\n")):
            return begin, max(end, end_from)
        at = squeezed.rfind(wanted, 0, at + len(wanted) - 1)
    return None


def _after_thought(tokens: Sequence[int], written: Sequence[bytes], manner: Manner) -> tuple[int, ...]:
    """The ids of the visible text: behind the last marker, without the line ends that follow it."""
    marks = [at for at, token in enumerate(tokens) if token in manner.tokens]
    begin = marks[-1] + 1 if marks else 0
    while begin < len(tokens) and not written[begin].strip(b"\r\n"):
        begin += 1
    return tuple(tokens[begin:])
