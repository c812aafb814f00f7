"""Which model a worker is to run, and how."""

from __future__ import annotations

import msgspec

from mistral_desk.inference.placement import Expected, Placement
from mistral_desk.inference.protocol import Load


class ModelSpec(msgspec.Struct, frozen=True):
    """Which model to run, and how. `context` in tokens, None: automatic.

    `projector` is the file that lets it see; None: the one beside the model, if there is one; empty: none.
    A `placement` decides context, threads and GPU layers in their place; `expected` is how fast it should write so.
    """

    path: str
    context: int | None = None
    threads: int | None = None
    gpu_layers: int = 0
    projector: str | None = None
    placement: Placement | None = None
    expected: Expected | None = None

    @property
    def helpers(self) -> tuple[str, ...]:
        """The other computers (numeric addresses) on which a part of it is to lie."""
        return self.placement.helpers if self.placement else ()

    def same_worker(self, other: ModelSpec) -> bool:
        """Whether a worker with this model serves the other spec too: all but the expected speed is equal."""
        return self == msgspec.structs.replace(other, expected=self.expected)

    def command(self, request: int, *, look: bool = False) -> Load:
        """The command that loads it; with `look` its weights are looked at first."""
        return Load(
            request,
            self.path,
            self.context,
            self.threads,
            self.gpu_layers,
            look,
            projector=self.projector,
            placement=self.placement,
        )
