"""What a test of another computer found, as it is kept; whoever only reads the list needs no test."""

from __future__ import annotations

import msgspec


class Lent(msgspec.Struct, frozen=True):
    """One device of another computer: bytes free and in all. Measured: the 10⁹ bytes of weights a second that one token
    reads there, and the 10⁹ operations a second on a prompt; 0 where it was not.
    """

    free: int
    total: int
    gbps: float = 0.0
    gflops: float = 0.0


class Found(msgspec.Struct, frozen=True):
    """What a test found. `turn_s` is there and back in seconds, `there_gbps` and `back_gbps` 10⁹ bytes a second."""

    host: str
    port: int
    devices: tuple[Lent, ...]
    turn_s: float = 0.0
    there_gbps: float = 0.0
    back_gbps: float = 0.0
    when: float = 0.0

    @property
    def measured(self) -> bool:
        """Whether its speeds are known."""
        return self.there_gbps > 0 and all(one.gbps > 0 for one in self.devices)
