"""What a plan needs of a model file: its shape, read from headers only and once for each state of the file."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from mistral_desk import __version__
from mistral_desk.core.errors import DeskError
from mistral_desk.fit import advice
from mistral_desk.fit.read import shape_of
from mistral_desk.fit.shape import pixtral_buffers
from mistral_desk.inference import model_file, projector_file
from mistral_desk.inference.fitting.shelf import Kept, Shelf
from mistral_desk.inference.model_ids import printable

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from mistral_desk.fit.advice import Variant
    from mistral_desk.fit.machine import Machine
    from mistral_desk.fit.plan import Wishes
    from mistral_desk.fit.shape import Shape
    from mistral_desk.fit.speed import Run
    from mistral_desk.inference.projector_file import ProjectorFile

_MOST_KNOWN: Final = 64
_EYES_NUMBERS: Final = ("embedding_length", "feed_forward_length", "patch_size")
_WARM_TOKENS: Final = 256
_MOST_TOKENS: Final = 1024
"""Tokens of the picture that llama.cpp lays a `pixtral` encoder out for as it loads it, and of the largest that it
takes where the file names no other number (`clip.cpp`).
"""


@dataclass(frozen=True)
class FileFacts:
    """A model file: `key` stands for it in what is stored, and tells nothing of where it lies. Sizes in bytes."""

    key: str
    path: Path
    name: str
    bytes: int
    projector: str
    shape: Shape


_State = tuple[str, "str | None", int, int, int]


class Files:
    """Looks at model files; safe to use from several threads. It blocks for a few milliseconds, a cached look less."""

    def __init__(self, cache: Path | None = None) -> None:
        """With a `cache` folder what was read is kept for the next start of the program."""
        self._shelf = Shelf(cache) if cache else None
        self._known: dict[_State, FileFacts] = {}
        self._lock = threading.Lock()

    def look(self, path: Path, projector: str | None = None) -> FileFacts:
        """The facts of a model; `projector` as in `ModelSpec`. Raises `model.…`, and `projector.…` for a named one."""
        status = _stat(path)
        beside = _stat(path.parent).st_mtime_ns  # a projector that comes or goes changes its folder
        state = (str(path), projector, status.st_mtime_ns, status.st_size, beside)
        with self._lock:
            known = self._known.get(state)
        if known:
            return known
        kept = self._shelf.get(state) if self._shelf else None
        if kept:
            found = FileFacts(kept.key, Path(kept.path), kept.name, kept.bytes, kept.projector, kept.shape)
        else:
            found = _look(path, projector)
            if self._shelf:
                places = (str(found.path), found.projector)
                self._shelf.put(state, Kept(__version__, found.key, found.name, found.bytes, *places, found.shape))
        with self._lock:
            while len(self._known) >= _MOST_KNOWN:
                self._known.pop(next(iter(self._known)))
            self._known[state] = found
        return found


def _stat(path: Path) -> os.stat_result:
    try:
        return path.stat()
    except (OSError, ValueError) as error:
        raise DeskError("model.missing", str(error), path=str(path)) from error


def _look(path: Path, projector: str | None) -> FileFacts:
    model = model_file.inspect(path)
    eyes = projector_file.chosen(model, projector).file
    shape = shape_of(model.header, model.tensors, eyes.bytes if eyes else 0)  # a header that was checked has one
    if eyes:
        start, most = _eyes_buffers(eyes)
        shape = msgspec.structs.replace(shape, projector_start=start, projector_most=most)
    return FileFacts(
        key=f"{printable(model.path.name)}:{model.bytes}",
        path=model.path,
        name=model.name,
        bytes=model.bytes,
        projector=str(eyes.path) if eyes else "",
        shape=shape,
    )


def _eyes_buffers(eyes: ProjectorFile) -> tuple[int, int]:
    """Bytes of a projector's buffers, as it is loaded and with its largest picture; 0 for kinds never tried."""
    if eyes.kind != "pixtral":
        return 0, 0
    width, inner, patch = (eyes.header.number(f"clip.vision.{key}") or 0 for key in _EYES_NUMBERS)
    merged = (eyes.header.number("clip.vision.spatial_merge_size") or 1) ** 2
    tokens = (_WARM_TOKENS, max(_WARM_TOKENS, eyes.max_tokens or _MOST_TOKENS))
    start, most = (pixtral_buffers(width, inner, patch, merged * count) for count in tokens)
    return start, most


def judged(found: FileFacts, machine: Machine, wishes: Wishes, runs: Sequence[Run] = ()) -> Variant:
    """The verdict on a model file on a machine."""
    verdict = advice.judge(found.shape, machine, wishes, runs)
    return msgspec.structs.replace(verdict, name=found.name, bytes=found.bytes)
