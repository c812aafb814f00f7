"""What can go wrong between this computer and others that lend their memory; `core.messages` says how to add one.

They are part of `core.messages.MESSAGES`.
"""

from __future__ import annotations

from typing import Final

from mistral_desk.core.message_text import Counted, Text

HELPERS: Final[dict[str, Text]] = {
    "helper.address": Text(
        "This is no address of a computer",
        "“{address}” is not understood. An address is a name or a number, and a port where it is not the usual one.",
        "Write it as 192.168.1.5 or cellar.local:50052.",
    ),
    "helper.many": Text(
        "The list of other computers is full",
        "It holds {most}, and no more can be added.",
        "Remove one that you no longer need, then add this one.",
    ),
    "helper.public": Text(
        "This address is not in your own network",
        "What goes to another computer is not encrypted, so Mistral Desk does not use {address}.",
        "Use one of 10.x.x.x, 172.16.x.x to 172.31.x.x, 192.168.x.x or 169.254.x.x.",
    ),
    "helper.unknown": Text(
        "Nobody knows a computer with this name",
        "The name {address} leads to no address.",
        "Check the name, or write its number instead.",
    ),
    "helper.absent": Text(
        "The other computer is not there",
        "No connection to {name} came about ({reason}).",
        "Start “mistral-desk --rpc-worker” on it, and check its address and firewall.",
    ),
    "helper.silent": Text(
        "The other computer does not answer",
        "{name} took the connection and then said nothing. It may be busy with somebody else's model.",
        "Wait until it is free, or start “mistral-desk --rpc-worker” on it again.",
    ),
    "helper.version": Text(
        "The other computer has another version",
        "{name} speaks version {theirs} of the protocol, this computer {ours}.",
        "Install the same version of Mistral Desk on both.",
    ),
    "helper.strange": Text(
        "The other computer answers strangely",
        "What listens at {name} does not keep to the protocol ({reason}).",
        "Check the address: another program may listen there.",
    ),
    "helper.used": Text(
        "A part of the model lies on other computers",
        "What is computed of your words goes to {computers} and back over the network. It is not encrypted.",
        "Settings, Hardware, has these computers.",
    ),
    "helper.gone": Text(
        "Another computer is gone",
        "It held a part of the model, and its connection ended: it was switched off, or is out of reach.",
        "Ask again: the model is then loaded without it. Settings, Hardware, tells which computers are there.",
    ),
    "helper.no_library": Text(
        "This engine cannot work with other computers",
        "The part of the engine for it is not installed ({reason}).",
        "Install an engine pack that has it.",
    ),
    "helper.memory": Text(
        "So much memory cannot be lent",
        "{asked} GB were to be lent, and {free} GB are free on this computer.",
        "Give a smaller number after --mem.",
    ),
    "helper.ended": Text(
        "Nothing is lent any more",
        Counted(
            "times",
            "The lending process died {times} time, as soon as another computer used it.",
            "The lending process died {times} times in a row, as soon as another computer used it.",
        ),
        "Install the same version of Mistral Desk on both computers, and look who else can reach this address.",
    ),
    "helper.port": Text(
        "The address cannot be used for listening",
        "Nothing can listen at {address}: it is not this computer's, or another program has the port.",
        "Give one of this computer's own addresses, or another port.",
    ),
}
