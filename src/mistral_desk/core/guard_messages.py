"""What is said where a model or its process had to be held back; `core.messages` says how to add one.

They are part of `core.messages.MESSAGES`.
"""

from __future__ import annotations

from typing import Final

from mistral_desk.core.message_text import Counted, Text

GUARDS: Final[dict[str, Text]] = {
    "engine.keeps_stopping": Text(
        "The engine keeps stopping with this model",
        Counted(
            "times",
            "With {name}, the process that runs the model ended {times} time without an answer; the last time: "
            "{reason}. It is not started again by itself.",
            "With {name}, the process that runs the model ended {times} times without an answer in between; the last "
            "time: {reason}. It is not started again by itself.",
        ),
        "Try once more, or choose another model; a download can be verified. For a report, “mistral-desk doctor” and "
        "the log have the details.",
    ),
    "engine.stuck": Text(
        "The engine made no progress",
        "The process that runs the model did nothing for {minutes} min, far longer than it takes otherwise, so it was "
        "stopped. Anything written so far is kept.",
        "Try again. A shorter message or a smaller model may help.",
    ),
    "model.no_text": Text(
        "The model writes, but no text comes of it",
        Counted(
            "tokens",
            "{name} gave {tokens} token that shows nothing. What was written before is kept.",
            "{name} gave {tokens} tokens in a row that show nothing. What was written before is kept.",
        ),
        "Try again. If it comes back, choose another model; a download can be verified.",
    ),
    "model.only_blanks": Text(
        "The model writes nothing but blanks",
        Counted(
            "tokens",
            "{name} gave {tokens} token that is only blanks and empty lines. What was written before is kept.",
            "{name} gave {tokens} tokens in a row that are only blanks and empty lines. What was written before is "
            "kept.",
        ),
        "Try again. If it comes back, choose another model; a download can be verified.",
    ),
    "model.repeats": Text(
        "The model repeats itself without end",
        Counted(
            "tokens",
            "{name} wrote the same over and over, {tokens} token long. What was written is kept.",
            "{name} wrote the same over and over, {tokens} tokens long. What was written is kept.",
        ),
        "Try again, ask in other words, or raise Repetition in this chat's settings.",
    ),
    "model.weights_damaged": Text(
        "The model's weights are damaged",
        "Some of the weights in {name} are not numbers (in “{tensor}”), so it was not loaded.",
        "Download the model again. If it is your own file, convert it again.",
    ),
    "model.known_damaged": Text(
        "The model's file is damaged",
        "When {name} was read last, some of its bytes were not as they came. It may answer with nonsense.",
        "Have it repaired in the library, or choose another model.",
    ),
    "model.changed": Text(
        "The model's file has changed",
        "{name} is not as it was when it came: its file was written to since.",
        "Verify it if you did not change it yourself.",
    ),
}
