"""What several benchmarks measure with: words that no answer had before, and as many threads as a worker takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mistral_desk.fit.cores import cores

if TYPE_CHECKING:
    from random import Random


def threads() -> int:
    """One fewer than there are cores, at least one: `engine.load` has it so, but imports llama.cpp."""
    return max(1, cores() - 1)


def words(draw: Random, count: int) -> str:
    """So many words of three letters, about two tokens each."""
    return " ".join("".join(draw.choices("zqxjkvbpgw", k=3)) for _ in range(count))
