"""What is known of a model that is on this computer: read from its file's header, without running it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mistral_desk.core.errors import DeskError, Problem
from mistral_desk.inference.model_file import inspect
from mistral_desk.inference.model_ids import model_title

if TYPE_CHECKING:
    from collections.abc import Callable

    from mistral_desk.inference.client import ModelSpec

QUANTIZATIONS: Final = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K", 11: "Q3_K_S",
    12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K", 19: "IQ2_XXS",
    20: "IQ2_XS", 21: "Q2_K_S", 22: "IQ3_XS", 23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M",
    28: "IQ2_S", 29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M", 32: "BF16", 36: "TQ1_0", 37: "TQ2_0", 38: "MXFP4",
}  # fmt: skip
"""`general.file_type` of a GGUF file: the numbers of `enum llama_ftype` in llama.cpp's `include/llama.h`."""


@dataclass(frozen=True)
class Known:
    """A model in the list. `bytes` of all its parts; `problem` says why it cannot be used, the rest is empty then.

    `name` is what the file calls itself. `listed` is a file outside the models folder: the list may forget it.
    """

    id: str
    title: str
    path: str
    name: str = ""
    bytes: int = 0
    quantization: str = ""
    problem: Problem | None = None
    listed: bool = False


def look(model: str, resolve: Callable[[str], ModelSpec], *, listed: bool = False) -> Known:
    """Read what a model's file says of itself; blocks. Never raises `DeskError`: what is wrong is in `problem`."""
    title = model_title(model)
    try:
        spec = resolve(model)
        file = inspect(Path(spec.path))
    except DeskError as error:
        return Known(model, title, model, problem=error.problem, listed=listed)
    number = file.header.number("general.file_type")
    kind = "" if number is None else QUANTIZATIONS.get(number, "")
    return Known(model, title, spec.path, file.header.text("general.name"), file.bytes, kind, listed=listed)
