"""Notes about a model that was loaded otherwise than planned; `core.messages` says how to add one.

Each says what was made smaller; `{reason}` is one of the phrases in `inference.placement`. They are part of
`core.messages.MESSAGES`.
"""

from __future__ import annotations

from typing import Final

from mistral_desk.core.bench_messages import BENCH
from mistral_desk.core.guard_messages import GUARDS
from mistral_desk.core.message_text import Counted, Text
from mistral_desk.core.pack_messages import PACKS
from mistral_desk.core.schema_messages import SCHEMAS

LOADING: Final[dict[str, Text]] = {
    "load.shorter_context": Text(
        "The context was made shorter",
        Counted(
            "context",
            "It has room for {context} token instead of {before}, because {reason}.",
            "It has room for {context} tokens instead of {before}, because {reason}.",
        ),
        "Close other programs and load the model again to have all of it.",
    ),
    "load.smaller_batch": Text(
        "Long messages are read in smaller pieces",
        Counted(
            "batch",
            "{batch} token is read at once instead of {before}, because {reason}. Reading takes a little longer.",
            "{batch} tokens are read at once instead of {before}, because {reason}. Reading takes a little longer.",
        ),
        "",
    ),
    "load.smaller_cache": Text(
        "The conversation is remembered with less precision",
        "Each number that the model remembers takes 8 bits instead of 16, because {reason}.",
        "Close other programs and load the model again to have all of it.",
    ),
    "load.fewer_experts": Text(
        "Less of the model lies on the graphics card",
        Counted(
            "layers",
            "The experts of {layers} layer lie there instead of {before}, because {reason}. Answers may be slower.",
            "The experts of {layers} layers lie there instead of {before}, because {reason}. Answers may be slower.",
        ),
        "Close other programs that use the graphics card and load the model again to have all of it.",
    ),
    "load.fewer_layers": Text(
        "Less of the model lies on the graphics card",
        Counted(
            "layers",
            "{layers} layer lies there instead of {before}, because {reason}. Answers may be slower.",
            "{layers} layers lie there instead of {before}, because {reason}. Answers may be slower.",
        ),
        "Close other programs that use the graphics card and load the model again to have all of it.",
    ),
    "load.relieved_experts": Text(
        "Less of the model lies on the graphics card",
        Counted(
            "layers",
            "The experts of {layers} layer lie there instead of {before}, because {reason}. Answers should be faster "
            "so.",
            "The experts of {layers} layers lie there instead of {before}, because {reason}. Answers should be faster "
            "so.",
        ),
        "Close other programs that use the graphics card and start Mistral Desk again to have all of it.",
    ),
    "load.relieved_layers": Text(
        "Less of the model lies on the graphics card",
        Counted(
            "layers",
            "{layers} layer lies there instead of {before}, because {reason}. Answers should be faster so.",
            "{layers} layers lie there instead of {before}, because {reason}. Answers should be faster so.",
        ),
        "Close other programs that use the graphics card and start Mistral Desk again to have all of it.",
    ),
    "placement.buffer": Text(
        "A part of the model cannot be put where it should lie",
        "The engine on this computer knows no memory with the name {name}. It knows {known}.",
        "Let Mistral Desk decide where the model lies.",
    ),
    "placement.device": Text(
        "The graphics card is not there",
        "The model was to be loaded onto {name}, but the engine does not find it.",
        "Check the device, or let Mistral Desk decide where the model lies.",
    ),
    **BENCH,
    **GUARDS,
    **PACKS,
    **SCHEMAS,
}
