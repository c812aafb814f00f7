"""The language that picture tokens speak: a learned code for each thing that a token can say.

The text model learns to read these codes first; the eye, trained afterwards, learns to write them.
"""

# mypy: disable-error-code="misc,untyped-decorator,unused-ignore"
# (torch is not installed where the checks run, so its classes and decorators are Any there.)
from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as fn
from torch import Tensor, nn

from .corpus.scenes import FACTORS, Picture, seen
from .prompt import ID

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

LOUDNESS = 0.5
"""Root mean square of a picture token; the words' embeddings start with the same."""
NOISE = 0.22
IMAGE = ID["[IMG]"]


class PictureCodes(nn.Module):
    """One code for each of `FACTORS`; a token is the weighted sum of what it says, brought to `LOUDNESS`."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.randn(len(FACTORS), width))

    def forward(self, weights: Tensor) -> Tensor:
        """[..., factors] -> [..., width]."""
        mixed = weights @ self.table
        return LOUDNESS * fn.rms_norm(mixed, (mixed.shape[-1],), eps=1e-4)


class Seen:
    """The picture tokens of one batch in the order of its [IMG] tokens: weights [n, factors], noise [n, 1]."""

    def __init__(self, pictures: Sequence[Picture], rng: random.Random) -> None:
        cells = [cell for picture in pictures for cell in seen(picture, rng)]
        faults = [rng.uniform(0, NOISE) for _ in pictures for _ in range(len(cells) // len(pictures))]
        self.weights = torch.tensor(cells)
        self.noise = torch.tensor(faults)[:, None]
        self.seed = rng.randrange(2**31)

    def codes(self, model: PictureCodes) -> Tensor:
        """[n, width] embeddings, noise and all; the same at every call."""
        clean: Tensor = model(self.weights)
        return clean + self.noise * torch.randn(clean.shape, generator=torch.Generator().manual_seed(self.seed))


def put(words: Tensor, ids: Tensor, codes: Tensor) -> Tensor:
    """[B, T, width] embeddings with the codes [n, width] at the n places of [IMG] in `ids`."""
    return words.masked_scatter((ids == IMAGE)[..., None], codes.to(words.dtype))
