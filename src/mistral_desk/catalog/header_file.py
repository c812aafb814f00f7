"""What headers on the hub said, kept for later starts: the claims beside them do not depend on having asked today.

A small file in the cache folder that may be lost at any time. Everything blocks; nothing raises.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

import msgspec

from mistral_desk.catalog.claims import HeaderFacts
from mistral_desk.core import replacing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from mistral_desk.catalog.facts import Model

_log: Final = logging.getLogger(__name__)
FILE: Final = "headers.json"
MOST: Final = 200
"""Repositories that are remembered, the newest."""
LARGEST: Final = 1 << 20


def read(cache_folder: Path) -> dict[str, HeaderFacts]:
    """What headers said, by their repository's name in small letters, the oldest first."""
    try:
        with (cache_folder / FILE).open("rb") as file:
            return msgspec.json.decode(file.read(LARGEST), type=dict[str, HeaderFacts])
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        _log.info("what headers said was not restored: %s", type(error).__name__)
        return {}


def said_of(models: Sequence[Model], headers: Mapping[str, HeaderFacts]) -> HeaderFacts | None:
    """What a header said of one of these models."""
    names = (repository.repository.lower() for model in models for repository in model.repositories)
    return next((headers[name] for name in names if name in headers), None)


def write(cache_folder: Path, headers: Mapping[str, HeaderFacts]) -> None:
    """Keep the newest of them."""
    kept = dict(list(headers.items())[-MOST:])
    try:
        replacing.write(cache_folder / FILE, msgspec.json.encode(kept))
    except OSError as error:
        _log.info("what a header said could not be kept: %s", error)
