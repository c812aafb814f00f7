"""Looks at a model's weights once: whether they are numbers at all, which loading does not ask.

llama.cpp's own check starts a thread for each tensor, tells no progress and cannot be stopped; this one reads each file
from its beginning to its end, a piece at a time.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Final

from mistral_desk.catalog.gguf import BLOCKS
from mistral_desk.core.errors import DeskError
from mistral_desk.inference import model_file
from mistral_desk.inference.engine.native import ggml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from io import FileIO
    from pathlib import Path

    from mistral_desk.catalog.gguf import Header, Tensor
    from mistral_desk.inference.model_file import ModelFile

_PIECE: Final = 4 << 20
"""Bytes at once: small enough for a processor's cache, and between two looks at whether to go on."""


def look_at(file: ModelFile, progress: Callable[[float], None], cancelled: Callable[[], bool]) -> None:
    """Read all weights of a model, telling the share. Raises `model.weights_damaged`, `load.cancelled`, and
    `model.…` where a file cannot be read any more. Does nothing where ggml cannot tell.
    """
    sound = ggml("ggml_validate_row_data")
    if sound is None:
        return
    sound.argtypes, sound.restype = [ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t], ctypes.c_bool
    total = max(1, sum(tensor.bytes or 0 for tensor in file.tensors))
    done = 0
    held = bytearray(_PIECE)
    buffer, address = memoryview(held), ctypes.addressof(ctypes.c_char.from_buffer(held))
    for part in file.parts:
        header = file.header if part == file.parts[0] else model_file.read(part)
        with _opened(part) as source:
            for tensor, begin, size in _pieces(header):
                if cancelled():
                    raise DeskError("load.cancelled", name=file.name)
                _fill(source, part, begin, buffer[:size])
                if not sound(tensor.kind, address, size):
                    raise DeskError("model.weights_damaged", name=file.name, tensor=tensor.name)
                done += size
                progress(done / total)


def _pieces(header: Header) -> Iterator[tuple[Tensor, int, int]]:
    """All tensors in the order in which they lie in the file, in pieces of whole blocks: place and size in bytes."""
    for tensor in sorted(header.tensors, key=lambda one: one.offset):
        block = BLOCKS.get(tensor.kind)
        if block is None:
            continue  # a type that only a newer llama.cpp knows
        step = _PIECE // block[1] * block[1]
        begin, size = header.data + tensor.offset, tensor.bytes or 0
        for at in range(0, size, step):
            yield tensor, begin + at, min(step, size - at)


def _opened(path: Path) -> FileIO:
    try:
        return path.open("rb", buffering=0)
    except OSError as error:
        raise DeskError("model.missing", str(error), path=str(path)) from error


def _fill(source: FileIO, path: Path, begin: int, view: memoryview) -> None:
    read = 0
    try:
        source.seek(begin)
        while read < len(view) and (more := source.readinto(view[read:])):
            read += more
    except OSError as error:
        raise DeskError("model.missing", str(error), path=str(path)) from error
    if read < len(view):
        raise DeskError("model.truncated", name=path.name, missing=len(view) - read)
