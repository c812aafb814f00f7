"""Conversations in Mistral's own format, as pieces that are trained on or only read.

The template itself comes from mistral-common; `pieces` must give the same tokens (a test compares them).
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING

from mistral_common.integrations.chat_templates.chat_templates import generate_chat_template
from mistral_common.tokens.tokenizers.base import TokenizerVersion

from .corpus.scenes import GRID
from .tokenizer import SPECIALS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tokenizers import Tokenizer

    from .corpus.dialogue import Dialogue

ID = {token: i for i, token in enumerate(SPECIALS)}
IGNORED = -100
"""The target of a position that is only read."""


@cache
def chat_template() -> str:
    """The official Jinja template for this tokenizer version: no default system prompt, no date."""
    template: str = generate_chat_template(
        spm=False,
        tokenizer_version=TokenizerVersion.v15,
        image_support=True,
        audio_support=False,
        thinking_support=True,
        default_system_prompt=None,
        plain_thinking_support=False,
        use_special_token_variables=True,
        model_settings_fields=None,
        reasoning_effort_values=("none", "high"),
        reasoning_effort_default="none",
    )
    return template


def pieces(dialogue: Dialogue) -> Iterator[tuple[str, bool]]:
    """(special token or text, whether it is to be learned), in the order of the prompt."""
    yield "<s>", False
    if dialogue.system is not None:
        yield "[SYSTEM_PROMPT]", False
        yield dialogue.system, False
        yield "[/SYSTEM_PROMPT]", False
    yield "[MODEL_SETTINGS]", False
    yield f'{{"reasoning_effort": "{dialogue.effort}"}}', False
    yield "[/MODEL_SETTINGS]", False
    for turn in dialogue.turns:
        yield "[INST]", False
        if turn.picture is not None:
            for piece in GRID:
                yield piece, False
        yield turn.exchange.question, False
        yield "[/INST]", False
        if turn.thinking:
            yield "[THINK]", turn.target
            yield turn.exchange.thought, turn.target and not turn.cut
            yield "[/THINK]", turn.target and not turn.cut
        yield turn.exchange.answer, turn.target
        yield "</s>", turn.target


class Encoder:
    """Turns conversations into token ids and targets."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self.text = lru_cache(maxsize=20_000)(self._text)

    def _text(self, text: str) -> tuple[int, ...]:
        return tuple(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def encode(self, dialogue: Dialogue) -> tuple[list[int], list[int]]:
        """Ids, and for each position the id that should come next (IGNORED where nothing is learned)."""
        ids: list[int] = []
        learned: list[bool] = []
        for piece, target in pieces(dialogue):
            part = (ID[piece],) if piece in ID else self.text(piece)
            ids += part
            learned += [target] * len(part)
        following = [token if wanted else IGNORED for token, wanted in zip(ids[1:], learned[1:], strict=True)]
        return ids, [*following, IGNORED]
