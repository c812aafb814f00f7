"""Keeps not-a-number out of the memory: llama.cpp's pixtral makes the row between two lines of a picture from memory
that nobody wrote to, times nothing, plus a vector of the file; where that memory held no number, neither does the row.

Whoever reads such a row spoils every answer that looks back on it, so it gets the vector that it should have been.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from typing import TypeAlias

    import numpy.typing as npt

    from mistral_desk.inference.projector_file import ProjectorFile

    Rows: TypeAlias = npt.NDArray[np.float32]
    """Tokens x width: what a model reads in the place of a picture."""

_F32: Final = 0
_F16: Final = 1
_BF16: Final = 30


def line_break(file: ProjectorFile) -> Rows | None:
    """The vector between two lines, for projectors that have one in a type that needs no unpacking."""
    tensor = file.line_break
    if tensor is None or tensor.bytes is None or tensor.kind not in (_F32, _F16, _BF16):
        return None
    with file.path.open("rb") as source:
        source.seek(file.header.data + tensor.offset)
        raw = source.read(tensor.bytes)
    if tensor.kind == _F32:
        return np.frombuffer(raw, "<f4").astype(np.float32)
    if tensor.kind == _F16:
        return np.frombuffer(raw, "<f2").astype(np.float32)
    return (np.frombuffer(raw, "<u2").astype(np.uint32) << 16).view(np.float32)


def repaired(rows: Rows, between: Rows | None) -> Rows | None:
    """The rows, all of them numbers; None where others than those between two lines are none."""
    finite = np.asarray(np.isfinite(rows).all(axis=1))
    if finite.all():
        return rows
    if between is None or between.shape != (rows.shape[1],):
        return None
    for step in _steps(len(rows)):
        lines = np.arange(step - 1, len(rows), step)
        others = np.delete(finite, lines)
        right = np.asarray(np.isclose(rows[lines], between).all(axis=1))
        if others.all() and bool((right | ~finite[lines]).all()):
            rows[lines] = between
            return rows
    return None


def _steps(tokens: int) -> list[int]:
    """Tokens in a line with what ends it, for each way to fill a picture of `tokens`: the last line has no end."""
    return [step for step in range(2, tokens + 1) if (tokens + 1) % step == 0]
