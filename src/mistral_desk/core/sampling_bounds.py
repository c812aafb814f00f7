"""What the numbers of an answer may be: one bound for the window, the command line and what is kept."""

from __future__ import annotations

from typing import Final

BOUNDS: Final[dict[str, tuple[float, float]]] = {
    "temperature": (0.0, 5.0),
    "top_k": (0, 1_000_000),
    "top_p": (0.0, 1.0),
    "min_p": (0.0, 1.0),
    "repeat_penalty": (0.01, 10.0),
    "seed": (0, 4_294_967_294),
}
"""Lowest and highest by the names of `inference.protocol.Sampling`. llama.cpp takes the largest seed of 32 bits for
"draw one".
"""
LONGEST: Final = 10_000_000
"""Tokens of an answer or a thought at most; no context is larger."""
LONGEST_THOUGHT_S: Final = 24 * 3600
