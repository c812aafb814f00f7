"""From stored messages to what the model is asked, and what a person may send at all.

A stored branch may hold what no chat template takes: answers that never came, two messages in a row. Here it becomes
a conversation in which roles alternate and nothing that the person said is lost.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final

from mistral_desk.core.errors import DeskError
from mistral_desk.inference.protocol import Turn

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mistral_desk.chat.message import Draft, Message

MAX_CHARACTERS: Final = 2_000_000
"""Code points in one message at most; far above any context, low enough for the pipe and the window."""


def check_draft(draft: Draft) -> None:
    """Raise `prompt.empty` for a message that shows nothing, `prompt.too_big` for one that is too large."""
    size = len(draft.text)
    if size > MAX_CHARACTERS:
        raise DeskError("prompt.too_big", size=size, limit=MAX_CHARACTERS)
    if all(character.isspace() or unicodedata.category(character) in {"Cc", "Cf"} for character in draft.text):
        raise DeskError("prompt.empty")


def turns_of(messages: Iterable[Message], system: str = "") -> tuple[Turn, ...]:
    """The conversation for the worker from a branch (root → the person's message that is to be answered).

    - The system prompt and the branch's own system messages become the first turn.
    - An answer without text (it failed, or was stopped while it thought) is left out; one that was cut short
      stays, with its token ids.
    - Messages of the person that then follow each other become one; the same words twice in a row count once.
    - Two answers in a row (an import) become one, without token ids, because the model never wrote it so.
    - An answer before the first message of the person is left out: templates want the person to begin.
    """
    head = [system] if system.strip() else []
    turns: list[Turn] = []
    for message in messages:
        text = message.text
        if not text.strip():
            continue
        last = turns[-1] if turns else None
        match message.role:
            case "system":
                head.append(text)
            case "user":
                if last is None or last.role != "user":
                    turns.append(Turn("user", text))
                elif last.text != text and not last.text.endswith("\n\n" + text):
                    turns[-1] = Turn("user", f"{last.text}\n\n{text}")
            case "assistant":
                if last is None:
                    continue
                if last.role == "assistant":
                    thinking = "\n\n".join(part for part in (last.thinking, message.thinking) if part)
                    turns[-1] = Turn("assistant", f"{last.text}\n\n{text}", thinking)
                else:
                    turns.append(Turn("assistant", text, message.thinking, message.tokens, message.vocabulary))
    first = (Turn("system", "\n\n".join(head)),) if head else ()
    return (*first, *turns)
