"""Checks that llama.cpp computes the same picture tokens as PyTorch, for a tower whose weights are large and random.

`python -m tools.train_builtin_model.parity_eye resources/model/guide.gguf` ends with status 1 where they differ.
"""

# mypy: disable-error-code="misc,untyped-decorator,unused-ignore"
# (torch is not installed where the checks run, so its classes and decorators are Any there.)
from __future__ import annotations

import random
import sys
import tempfile
from pathlib import Path

import llama_cpp.mtmd_cpp as mtmd
import numpy as np
import torch

from .corpus.scenes import GRID, SIDE, draw
from .drawings import Manner, render
from .export_eye import export
from .eye import Eye
from .llama_eye import Seer
from .retina import look
from .shape import EYE, GUIDE

SIDES = (64, 97, 160, 161, 200, 320, 333, 480, 700)
ALLOWED = 0.01
"""Relative error of half-precision weights; a wrong axis, order or norm gives far more than that."""


@torch.no_grad()
def random_eye() -> Eye:
    """An eye in which every part matters."""
    eye = Eye(EYE, GUIDE.width)
    for weight in eye.parameters():
        if weight.ndim > 1:
            weight.mul_(1.7)
        else:
            weight.add_(0.1 * torch.randn_like(weight))
    return eye


def main() -> int:
    """Compare; returns 1 at the first difference."""
    torch.manual_seed(0)
    eye, line_break = random_eye(), torch.randn(GUIDE.width)
    rng = random.Random("parity")
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mmproj.gguf"
        export(eye, line_break, path)
        with Seer(Path(sys.argv[1]), path) as seer:
            for side in SIDES:
                manner = Manner(sides=((side, side),), qualities=(0, 50))
                pixels = render(rng, draw(rng), manner).pixels
                found = seer.chunks(pixels, "".join(GRID))
                rows = seer.look(mtmd.mtmd_input_chunks_get(found, 0)).reshape(-1, GUIDE.width)
                mtmd.mtmd_input_chunks_free(found)
                breaks = [at for at, mark in enumerate(GRID) if mark == "[IMG_BREAK]"]
                with torch.no_grad():
                    expected = eye(torch.from_numpy(look(pixels).copy())[None])[0].numpy()
                cells = np.delete(rows, breaks, axis=0)
                error = float(np.linalg.norm(cells - expected) / np.linalg.norm(expected))
                between = float(np.abs(rows[breaks] - line_break.numpy()).max())
                worst = max(worst, error)
                print(f"{pixels.shape[1]}x{pixels.shape[0]}: {len(rows)} tokens, relative error {error:.5f}")
                if cells.shape != (SIDE * SIDE, GUIDE.width) or error > ALLOWED or between > 1e-5:
                    print(f"differs: {cells.shape}, breaks off by {between}")
                    return 1
    print(f"the same picture tokens; largest relative error {worst:.5f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
