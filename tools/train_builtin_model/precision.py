"""Half precision where the processor computes with it; elsewhere bfloat16 is twenty times slower than plain numbers."""

# mypy: disable-error-code="misc,untyped-decorator,unused-ignore"
# (torch is not installed where the checks run, so its classes and decorators are Any there.)
from __future__ import annotations

from contextlib import nullcontext
from functools import cache
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from contextlib import AbstractContextManager


@cache
def has_bfloat16() -> bool:
    """Whether products of bfloat16 matrices are instructions here (AVX-512 BF16, AMX), not emulated."""
    asks = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, name)() for name in asks)


def mixed() -> AbstractContextManager[object]:
    """The context of a forward pass."""
    return torch.autocast("cpu", torch.bfloat16) if has_bfloat16() else nullcontext()
