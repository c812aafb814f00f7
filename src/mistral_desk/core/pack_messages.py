"""What is said about engines that were added to the one that comes along; `core.messages` says how to add one.

They are part of `core.messages.MESSAGES`.
"""

from __future__ import annotations

from typing import Final

from mistral_desk.core.message_text import Text

_AS_BEFORE: Final = (
    "Nothing was changed: answers come from the same engine as before. Get the pack again from its makers."
)

PACKS: Final[dict[str, Text]] = {
    "pack.not_a_pack": Text(
        "This file is not an engine pack",
        "{name} cannot be used: {reason}.",
        _AS_BEFORE,
    ),
    "pack.damaged": Text(
        "The engine pack is damaged",
        "{file} in {name} is not as its makers packed it: {reason}.",
        _AS_BEFORE,
    ),
    "pack.bad_signature": Text(
        "The engine pack's signature is wrong",
        "What {name} says of itself is not what was signed. It was damaged, or somebody changed it.",
        "Do not use it. Get the pack again from its makers.",
    ),
    "pack.unknown_signer": Text(
        "Nobody known has signed this engine pack",
        "An engine is a program: it may do on this computer what the process that runs a model may do. Nobody whom "
        "this version of Mistral Desk knows vouches for {name}.",
        "Get the pack from the makers of Mistral Desk. If you made it yourself, or trust whoever did, “mistral-desk "
        "engine add --signed-by-anybody FILE” takes it all the same.",
    ),
    "pack.not_for_here": Text(
        "This engine is not for this computer",
        "{name} is made for {wanted}, and this is {here}.",
        "Get the pack for this computer and this version of Mistral Desk.",
    ),
    "pack.refused": Text(
        "The engine did not pass its test",
        "Before it is used, an engine has to answer about a text and a picture with the model that comes along. {name} "
        "did not: {reason}.",
        _AS_BEFORE,
    ),
    "pack.there": Text(
        "There is an engine of this name already",
        "{name} was added before.",
        "Use that one, or remove it first.",
    ),
    "pack.unknown": Text(
        "There is no such engine",
        "No engine with the name {name} was added.",
        "“mistral-desk engine list” shows them.",
    ),
    "pack.builtin": Text(
        "The built-in engine stays",
        "It is a part of Mistral Desk and cannot be removed.",
        "“mistral-desk engine use NAME” runs your models with another one.",
    ),
    "pack.in_use": Text(
        "This engine is in use",
        "{name} runs your models now, so it is not removed.",
        "Use another engine first.",
    ),
    "pack.not_kept": Text(
        "The engine could not be kept",
        "{path} could not be written: {reason}",
        "Free some room there, or check the folder's permissions.",
    ),
    "pack.rolled_back": Text(
        "Back to the engine before",
        "{name} failed ({reason}), so {before} runs your models again.",
        "You need not do anything. The engine is in Settings → Hardware, if you want to try it again or remove it.",
    ),
    "pack.rolled_back_builtin": Text(
        "Back to the built-in engine",
        "{name} failed ({reason}), so the engine that comes along runs your models again.",
        "You need not do anything. The engine is in Settings → Hardware, if you want to try it again or remove it.",
    ),
}
