"""From stored messages to what the model is asked, and what a person may send at all.

A stored branch may hold what no chat template takes: answers that never came, two messages in a row. Here it becomes
a conversation in which roles alternate and nothing that the person said is lost.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

from mistral_desk.chat.parts import read_file, read_picture
from mistral_desk.core.errors import DeskError
from mistral_desk.inference.protocol import MAX_PICTURES, Turn

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from mistral_desk.chat.message import Draft, Message, Part

MAX_CHARACTERS: Final = 2_000_000
"""Code points in one message at most; far above any context, low enough for the pipe and the window."""
_LONGEST_NAME: Final = 80
_BLIND: Final = "[A picture was here: {name}. You cannot see it, because you only read text.]"
_GONE: Final = "[A picture was here: {name}. It is no longer there.]"
"""For the model, not for a person: it answers what is said about the picture without pretending to see it."""


def check_draft(draft: Draft) -> None:
    """Raise `prompt.empty` for a message that shows nothing, `prompt.too_big` for one that is too large, and
    `prompt.too_many_pictures`.
    """
    attached = draft.attached or ()
    pictures = sum(part.kind == "image" for part in attached)
    if pictures > MAX_PICTURES:
        raise DeskError("prompt.too_many_pictures", count=pictures, limit=MAX_PICTURES)
    size = len(draft.text) + sum(len(part.body) for part in attached if part.kind == "file")
    if size > MAX_CHARACTERS:
        raise DeskError("prompt.too_big", size=size, limit=MAX_CHARACTERS)
    if not attached and all(
        character.isspace() or unicodedata.category(character) in {"Cc", "Cf"} for character in draft.text
    ):
        raise DeskError("prompt.empty")


def turns_of(
    messages: Iterable[Message], system: str = "", *, sees: bool = True, gone: Collection[str] = ()
) -> tuple[Turn, ...]:
    """The conversation for the worker from a branch (root → the person's message that is to be answered).

    - The system prompt and the branch's own system messages become the first turn.
    - An answer without text (it failed, or was stopped while it thought) is left out; one that was cut short
      stays, with its token ids.
    - Messages of the person that then follow each other become one; the same words twice in a row count once.
    - Two answers in a row (an import) become one, without token ids, because the model never wrote it so.
    - An answer before the first message of the person is left out: templates want the person to begin.
    - A picture stands where it was put; a note stands in its place for a model that does not see (`sees` false),
      and for one that is in the store no more (`gone`). A text file is quoted with its name.
    """
    head = [system] if system.strip() else []
    groups: list[list[Turn]] = []
    for message in messages:
        asked = turn_of(message.parts, sees=sees, gone=gone) if message.role == "user" else Turn("user", message.text)
        text = asked.text
        if not text.strip() and not asked.images:
            continue
        last = groups[-1] if groups else None
        match message.role:
            case "system":
                head.append(text)
            case "user":
                if last is None or last[0].role != "user":
                    groups.append([asked])
                elif not _repeats(asked, last[-1]):
                    last.append(asked)
            case "assistant":
                if last is None:
                    continue
                said = Turn("assistant", text, message.thinking, message.tokens, message.vocabulary)
                if last[0].role == "assistant":
                    last.append(said)
                else:
                    groups.append([said])
    first = (Turn("system", "\n\n".join(head)),) if head else ()
    return (*first, *map(_joined, groups))


def turn_of(parts: Iterable[Part], *, sees: bool = True, gone: Collection[str] = ()) -> Turn:
    """A person's message: pictures at their places, files quoted, then the words, in the order of the parts."""
    text = ""
    images: list[str] = []
    places: list[int] = []
    for part in parts:
        if part.kind == "text":
            text += part.body
        elif part.kind == "file" and (file := read_file(part)):
            text += _quoted(file.name, file.text)
        elif part.kind == "image":
            picture = read_picture(part)
            if picture and sees and picture.sha256 not in gone:
                images.append(picture.sha256)
                places.append(len(text))
            else:
                note = _GONE if sees else _BLIND
                text += note.format(name=_name(picture.name if picture else "")) + "\n\n"
    return Turn("user", text, images=tuple(images), places=tuple(places))


def _quoted(name: str, text: str) -> str:
    """A file between two fences that its own text does not have."""
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    end = "" if text.endswith("\n") else "\n"
    return f"File “{_name(name)}”:\n{fence}\n{text}{end}{fence}\n\n"


def _name(name: str) -> str:
    """A file's name on one line, without what could look like the end of a note or quotation."""
    plain = "".join(letter for letter in name if unicodedata.category(letter) not in {"Cc", "Cf", "Zl", "Zp"})
    return re.sub(r"[\[\]“”]", "", plain)[:_LONGEST_NAME] or "without a name"


def _repeats(asked: Turn, last: Turn) -> bool:
    return last.text == asked.text and asked.images == last.images[len(last.images) - len(asked.images) :]


def _joined(group: Sequence[Turn]) -> Turn:
    """Turns of one side as one. There may be thousands, so nothing is put together twice."""
    if len(group) == 1:
        return group[0]
    if group[0].role == "assistant":
        thinking = "\n\n".join(one.thinking for one in group if one.thinking)
        return Turn("assistant", "\n\n".join(one.text for one in group), thinking)
    texts: list[str] = []
    images: list[str] = []
    places: list[int] = []
    length = 0
    for one in group:
        between = "\n\n" if one.text and length else ""
        length += len(between)
        places += [length + place for place in one.places]
        images += one.images
        texts += (between, one.text)
        length += len(one.text)
    return Turn("user", "".join(texts), images=tuple(images), places=tuple(places))
