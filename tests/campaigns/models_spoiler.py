"""Spoilt model files and projectors, each made anew from its number: small, so that thousands are tried in an hour.

What matters of a model file is its head (the keys, the names, the table of tensors); most changes are made there.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, NamedTuple

from mistral_desk.catalog import gguf
from tests.fixtures import gguf_kinds, templates
from tests.fixtures.gguf_models import mistral4
from tests.fixtures.gguf_projector import projector
from tests.fixtures.gguf_writing import Recipe

if TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from pathlib import Path

    Way = Callable[[bytearray, "Good", random.Random], None]

_PLAIN: Final = Recipe(chat_template=templates.PLAIN)
_KINDS: Final[dict[str, Callable[[Path], Path]]] = {
    "dense": lambda path: gguf_kinds.dense(path, _PLAIN),
    "sliding": lambda path: gguf_kinds.sliding(path, _PLAIN),
    "recurrent": lambda path: gguf_kinds.recurrent(path, _PLAIN),
    "hybrid": lambda path: gguf_kinds.hybrid(path, _PLAIN),
    "mistral4": lambda path: mistral4(path, None, _PLAIN),
    "mistral4 with Mistral's template": mistral4,
}
_EYES: Final = "projector"
_NUMBERS: Final = (0, 1, 2, 3, 5, 7, 8, 17, 255, 256, 1 << 16, (1 << 31) - 1, 1 << 31, (1 << 32) - 1)
_FORMS: Final = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<B", 10: "<Q", 11: "<q", 12: "<d"}
"""How GGUF writes each kind of number that it knows."""


class Good(NamedTuple):
    """A whole file to be spoilt: the head, in which a change matters, ends at `head`; `numbers` are the places and
    forms of the numbers in its metadata.
    """

    content: bytes
    head: int
    numbers: tuple[tuple[int, str], ...]


class Case(NamedTuple):
    """A spoilt file, and what it was made into."""

    what: str
    path: Path
    projector: Path | None


class Spoiler:
    """Makes files of good ones: bytes turned, numbers made absurd, cut, put together."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._good: dict[str, Good] = {}

    def make(self, dice: random.Random, number: int) -> Case:
        """One spoilt file, in a folder of its own."""
        folder = self._folder / f"case {number}"
        folder.mkdir()
        path = folder / "Modell für alle.gguf"
        chosen = dice.random()
        if chosen < 0.2:
            path.write_bytes(self._whole("mistral4").content)
            what, eyes = self._spoilt(_EYES, dice, folder / "mmproj-model.gguf")
            return Case(f"projector, {what}", path, eyes)
        what, path = self._spoilt(dice.choice(list(_KINDS)), dice, path)
        return Case(what, path, None)

    def _spoilt(self, kind: str, dice: random.Random, path: Path) -> tuple[str, Path]:
        good = self._whole(kind)
        content = bytearray(good.content)
        (name, way) = dice.choices(_WAYS, _WEIGHTS)[0]
        way(content, good if dice.random() < 0.8 else good._replace(head=len(content)), dice)
        path.write_bytes(content)
        return name, path

    def _whole(self, kind: str) -> Good:
        if kind not in self._good:
            path = self._folder / f"good {len(self._good)}.gguf"
            (projector if kind == _EYES else _KINDS[kind])(path)
            content = path.read_bytes()
            self._good[kind] = Good(content, _head(content), _numbers(content))
        return self._good[kind]


def _head(content: bytes) -> int:
    """About where the weights begin: behind the last name of a tensor."""
    return min(len(content), content.rfind(b".weight") + 64)


def _numbers(content: bytes) -> tuple[tuple[int, str], ...]:
    """Where the metadata has numbers, and in which form."""
    found = []
    for key in gguf.read_start(content, len(content)).metadata:
        name = key.encode()
        at = content.index(struct.pack("<Q", len(name)) + name) + 8 + len(name)
        (kind,) = struct.unpack_from("<I", content, at)
        if kind in _FORMS:
            found.append((at + 4, _FORMS[kind]))
    return tuple(found)


def _odd(form: str, dice: random.Random, now: float) -> float:
    """A number that fits into the form, and that no converter would write there."""
    if form in {"<f", "<d"}:
        return dice.choice((0.0, -1.0, 1e-30, 1e30, float("inf"), float("-inf"), float("nan")))
    signed = form.islower()
    bits = 8 * struct.calcsize(form)
    chosen = dice.choice((*_NUMBERS, int(now) + 1, int(now) - 1, 2 * int(now), int(now) // 2))
    return (chosen + (1 << bits - 1)) % (1 << bits) - (1 << bits - 1) if signed else chosen % (1 << bits)


def _keys(content: bytearray, good: Good, dice: random.Random) -> None:
    for at, form in dice.sample(good.numbers, dice.choice((1, 1, 1, 2, 3))):
        struct.pack_into(form, content, at, _odd(form, dice, struct.unpack_from(form, content, at)[0]))


def _turn(content: bytearray, good: Good, dice: random.Random) -> None:
    for _ in range(dice.choice((1, 1, 2, 5, 40))):
        content[dice.randrange(good.head)] = dice.randrange(256)


def _absurd(content: bytearray, good: Good, dice: random.Random) -> None:
    form = dice.choice(("<I", "<Q", "<H", "<B"))
    at = dice.randrange(good.head - 8)
    struct.pack_into(form, content, at, min(dice.choice(_NUMBERS), (1 << 8 * struct.calcsize(form)) - 1))


def _cut(content: bytearray, good: Good, dice: random.Random) -> None:
    del content[dice.randrange(good.head) :]


def _move(content: bytearray, good: Good, dice: random.Random) -> None:
    size = dice.choice((1, 4, 8, 32, 200))
    a, b = (dice.randrange(good.head - size) for _ in range(2))
    content[a : a + size] = content[b : b + size]


def _twice(content: bytearray, good: Good, dice: random.Random) -> None:
    at, size = dice.randrange(good.head), dice.choice((1, 8, 64))
    content[at:at] = content[at : at + size]


_WAYS: Final[tuple[tuple[str, Way], ...]] = (
    ("numbers of the metadata", _keys),
    ("bytes turned", _turn),
    ("a number made absurd", _absurd),
    ("a piece moved", _move),
    ("a piece twice", _twice),
    ("cut", _cut),
)
_WEIGHTS: Final = (35, 20, 15, 15, 10, 5)
"""What keeps a file's form goes further into the engine than what a first look refuses."""
