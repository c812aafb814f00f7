"""Our own facts about downloads: which files a model has, how large they are, what is known of its insides.

They were gathered from public pages and say where each comes from; what nobody published is None, never guessed.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Final, Literal, TypeAlias

import msgspec

from mistral_desk.core import strangers
from mistral_desk.core.errors import DeskError
from mistral_desk.core.paths import resource

FILE: Final = ("catalog", "downloads.json")
Quality: TypeAlias = Literal["near_original", "slightly_reduced", "noticeably_reduced", "damaged"]


class File(msgspec.Struct, frozen=True):
    """A file of a repository; `bytes` and `sha256` where they were published."""

    path: str
    bytes: int | None
    sha256: str | None


class Quantization(msgspec.Struct, frozen=True):
    """One size of a model. `bytes` of all its files; `approximate` where it was published rounded.

    `other_bytes` are those of everything but the routed experts. `quality` is a judgement that someone published.
    """

    name: str
    bytes: int | None
    approximate: bool
    files: tuple[File, ...]
    quality: Quality | None = None
    quality_source: str = ""
    other_bytes: int | None = None
    other_source: str = ""


class Repository(msgspec.Struct, frozen=True):
    """A repository on the hub with GGUF files, at a revision where one is known.

    `gated` is whether the hub asks for a token and an agreement before it gives them: of this repository, which may
    be a free copy of a gated one. Without quantizations only the repository is known.
    """

    repository: str
    revision: str | None
    source: str
    projector: File | None
    quantizations: tuple[Quantization, ...]
    gated: bool | None = None


class Architecture(msgspec.Struct, frozen=True):
    """A model's dimensions. `kv_elements` are the numbers that a layer keeps per token (keys and values together;
    latent attention keeps one row). With a window, `window_every` is the period of layers that see everything.
    """

    name: str
    layers: int
    width: int
    vocabulary: int
    heads: int
    kv_heads: int
    head: int
    kv_elements: int
    latent: bool
    feed_forward: int | None
    experts: int | None
    experts_used: int | None
    expert_feed_forward: int | None
    window: int | None
    window_every: int | None
    window_kv_elements: int | None
    state_bytes: int | None
    source: str


class Model(msgspec.Struct, frozen=True):
    """A model that can be downloaded. `catalog` is the slug of the catalogue's record that it belongs to."""

    id: str
    catalog: str
    name: str
    parameters: int | None
    active: int | None
    license: str | None
    gated: bool | None
    context: int | None
    vision: bool | None
    thinking: bool | None
    architecture: Architecture | None
    source: str
    repositories: tuple[Repository, ...]


class _Facts(msgspec.Struct, frozen=True):
    about: str
    models: tuple[Model, ...]


@cache
def models() -> tuple[Model, ...]:
    """Every model that the product knows files of. Raises `resource.missing`."""
    return msgspec.json.decode(resource(*FILE).read_bytes(), type=_Facts).models


def find(name: str) -> tuple[Model, ...]:
    """The models that an id, a model's name, a catalogue's slug or a repository means; none for an unknown name."""
    wanted = name.strip().lower()
    exact = tuple(m for m in models() if wanted in {m.id, m.name.lower()})
    return exact or tuple(
        m for m in models() if m.catalog == wanted or any(r.repository.lower() == wanted for r in m.repositories)
    )


@lru_cache(maxsize=256)
def called(repository: str, quantization: str) -> str:
    """What people call a file of a repository wherever they meet it: by the model's name where that is known here, else
    by the repository's.
    """
    try:
        found = find(repository)
    except DeskError:  # told by whoever needs more than a name
        found = ()
    return strangers.title(f"{found[0].name if len(found) == 1 else repository.rpartition('/')[2]} {quantization}")
