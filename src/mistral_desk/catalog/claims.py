"""What the catalogue claims beside what files and headers say, where they differ; both may be true, and why.

“8GB VRAM” against 74 GB of file: the GPU holds what every word uses, the memory holds the experts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import msgspec

from mistral_desk.core import amounts
from mistral_desk.core.words import mark, tr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mistral_desk.catalog.facts import Model
    from mistral_desk.catalog.gguf import Header
    from mistral_desk.catalog.record import Record

About: TypeAlias = Literal["memory", "context", "parameters", "license", "images"]
CATALOGUE: Final = mark("the catalogue's record")


class Said(msgspec.Struct, frozen=True):
    """A marked sentence with its parameters. Whole numbers named `…_bytes` are sizes, other numbers are amounts."""

    text: str
    params: dict[str, str | int] = {}


class Claim(msgspec.Struct, frozen=True):
    """One difference: the catalogue's own words, what the facts say, where each comes from, and how both go together.

    The sources are names of files, repositories and pages, or words of ours: `in_words` puts both into words.
    """

    about: About
    catalogue_says: str
    facts_say: Said
    catalogue_source: Said
    facts_source: Said
    note: Said | None = None


def in_words(said: Said) -> str:
    """A sentence in the person's language, its numbers written as that language writes them."""
    return tr(said.text, **{name: _written(name, value) for name, value in said.params.items()})


def claims(record: Record, models: Sequence[Model], header: Header | None = None) -> tuple[Claim, ...]:
    """Where our download facts, or a header that was read, say otherwise than a record; nothing where they agree."""
    del record, models, header  # the comparison follows; its form is fixed
    return ()


def _written(name: str, value: str | int) -> str:
    if isinstance(value, str):
        return value
    return amounts.file_size(value) if name.endswith("bytes") else amounts.number(value)
