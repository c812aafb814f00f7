"""What can go wrong where a model's speed is measured beside another program; `core.messages` says how to add one.

They are part of `core.messages.MESSAGES`.
"""

from __future__ import annotations

from typing import Final

from mistral_desk.core.message_text import Text

BENCH: Final[dict[str, Text]] = {
    "bench.beside": Text(
        "There is nothing to compare with",
        "{name} gave no result: {reason}",
        "The figures of Mistral Desk itself are not affected.",
    ),
    "bench.unknown_program": Text(
        "This program cannot be measured beside Mistral Desk",
        "{path} is not a file whose name says llama-bench or llama-server.",
        "Give the path of llama-bench or llama-server from a build of llama.cpp.",
    ),
}
