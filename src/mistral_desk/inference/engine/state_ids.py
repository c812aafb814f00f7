"""Tokens by names that hold in every worker: a picture's own ids are given anew in each process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mistral_desk.inference.state_messages import packed, picture_id, unpacked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mistral_desk.inference.engine.vision import Eyes


def named(tokens: Sequence[int], eyes: Eyes | None) -> bytes:
    """The tokens by their names; those of a picture by what it shows."""
    if eyes is None or not any(token < 0 for token in tokens):
        return packed(tokens)
    names: list[int] = []
    at = 0
    while at < len(tokens):
        token = tokens[at]
        if token >= 0:
            names.append(token)
            at += 1
            continue
        chunk, before = eyes.chunk(token)
        first = picture_id(chunk.sha256, chunk.index, chunk.tokens)
        rest = min(chunk.tokens - before, len(tokens) - at)
        names.extend(range(first - before, first - before - rest, -1))
        at += rest
    return packed(names)


def own(ids: bytes, tokens: Sequence[int], shared: int, unused: int) -> tuple[int, ...]:
    """A saved sequence by this worker's ids: its first `shared` ones are those of `tokens`. What comes behind them is
    going to be cut off, so the pictures there, which nobody here may have seen, are only counted: as `unused`, an id
    that no token has.
    """
    behind = (name if name >= 0 else unused for name in unpacked(ids)[shared:])
    return (*tokens[:shared], *behind)
