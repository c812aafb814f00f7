"""Names of models inside sentences and on buttons: strangers give them, and none may read on as words of ours."""

from __future__ import annotations

import re
from typing import Final

from mistral_desk.core import strangers
from mistral_desk.core.words import tr
from mistral_desk.net.endpoints.record import parted
from mistral_desk.services import BUILTIN, model_title

LONGEST: Final = 60
BEHIND: Final = 18
"""Letters of a name, and how many of them stand behind what is left out."""
_WORD: Final = re.compile(r"[\w.:@/+…-]*")


def in_sentence(model: str) -> str:
    """The name of a model by its id, as it can stand in a sentence; empty where it has none."""
    endpoint, name = parted(model)
    if endpoint and (seen := quoted(name)):
        return f"{seen} ({endpoint})"
    return model_title(model) if model == BUILTIN else quoted(model_title(model))


def quoted(name: str) -> str:
    """A name as it is where it is one word; else between quotation marks, of which it has none of its own. One line,
    not too long, empty where nothing can be seen of it.
    """
    plain = strangers.plain(name, 4 * LONGEST).translate({ord(mark): "'" for mark in '"“”„«»'})
    seen = strangers.shortened(plain, LONGEST, BEHIND)
    return seen if _WORD.fullmatch(seen) else tr("“{name}”", name=seen)
