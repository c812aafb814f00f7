"""Which other computers a worker may connect to, as it is told at its start: the cage is made for these ports.

A device of another computer is called by its address and its number there (`192.168.1.5:50052/0`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_WORD: Final = "--helpers="
"""In a worker's command: addresses (`192.168.1.5:50052`) with commas between them. Whoever lists processes sees it."""
LIBRARY: Final = "MISTRAL_DESK_RPC_LIBRARY"
"""An environment variable for whoever develops or tests: the file of the engine's part, where it lies elsewhere."""


def command(base: Sequence[str], addresses: Sequence[str]) -> list[str]:
    """The command of a worker that may connect to these; as it was where there are none."""
    return [*base, *([_WORD + ",".join(addresses)] if addresses else [])]


def told(words: Iterable[str]) -> tuple[str, ...]:
    """The addresses in the command of this process."""
    found = [word.removeprefix(_WORD) for word in words if word.startswith(_WORD)]
    return tuple(address for word in found for address in word.split(",") if address)


def ports(addresses: Iterable[str]) -> tuple[int, ...]:
    """The ports of addresses, each once."""
    return tuple(dict.fromkeys(int(one.rpartition(":")[2]) for one in addresses))


def device_name(address: str, number: int) -> str:
    """What a device of another computer is called."""
    return f"{address}/{number}"


def address_of(device: str) -> str:
    """The address in a device's name; empty for a device of this computer."""
    address, slash, number = device.rpartition("/")
    return address if slash and ":" in address and number.isdigit() else ""
