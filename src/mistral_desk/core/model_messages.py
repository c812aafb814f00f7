"""Messages about models and the files that let them see; `core.messages` says how to add one.

They are part of `core.messages.MESSAGES`, in a file of their own because there are many.
"""

from __future__ import annotations

from typing import Final

from mistral_desk.core.message_text import Counted, Text

MODELS: Final[dict[str, Text]] = {
    # --- models -------------------------------------------------------------------------------------
    "model.missing": Text(
        "The model file is not there",
        "There is no file at {path}. It may have been moved, renamed or deleted, or its drive is not connected.",
        "Connect the drive or choose another model.",
    ),
    "model.not_permitted": Text(
        "The model file cannot be opened",
        "This computer does not let Mistral Desk read {path}.",
        "Check the file's permissions, or move it to a folder of your own.",
    ),
    "model.not_a_file": Text(
        "That is not a model file",
        "{path} is a folder or a device, not a file.",
        "Choose a file whose name ends in .gguf.",
    ),
    "model.not_gguf": Text(
        "This file is not a GGUF model",
        "{name} does not begin like a GGUF file. It may be a web page saved by mistake, or another format.",
        "Choose a file in GGUF format, or download the model again.",
    ),
    "model.truncated": Text(
        "The model file is incomplete",
        Counted(
            "missing",
            "{name} ends too early: {missing} byte is missing. A download was probably interrupted.",
            "{name} ends too early: {missing} bytes are missing. A download was probably interrupted.",
        ),
        "Download the model again, or let the download finish.",
    ),
    "model.damaged": Text(
        "The model file is damaged",
        "{name} is incomplete or contradicts itself ({reason}), so it was not loaded.",
        "Download the model again. If it is your own file, convert it again.",
    ),
    "model.newer_engine": Text(
        "This model needs a newer engine",
        "{name} has the architecture “{architecture}”, which the engine in use does not know.",
        "Add a newer engine in Settings → Hardware, update Mistral Desk, or choose another model.",
    ),
    "model.not_chat": Text(
        "This file is not a chat model",
        "{name} is {kind}, which cannot answer by itself.",
        "Choose the model's main file.",
    ),
    "model.load_failed": Text(
        "The model could not be loaded",
        "The engine refused {name}. The file may be damaged or of a kind that this version does not handle.",
        "Try another model. The log file has the engine's own words; “mistral-desk doctor” says where it is.",
    ),
    "model.no_memory": Text(
        "There is not enough memory for this model",
        Counted(
            "context",
            "{name} does not fit into this computer's free memory with a context of {context} token.",
            "{name} does not fit into this computer's free memory with a context of {context} tokens.",
        ),
        "Close other programs, choose a shorter context, or choose a smaller model.",
    ),
    "model.does_not_fit": Text(
        "This model does not fit on this computer",
        "{name} needs {lacking} GB more memory than is free.",
        "Close other programs or choose a smaller model, then try again.",
    ),
    "model.from_disk": Text(
        "This model would be too slow for a chat",
        "{name} does not fit into memory: a part of it would be read from the disk for every word. An answer would "
        "take about {minutes} min, {thinking} min with thinking.",
        "Choose a smaller model, close other programs, or try it anyway.",
    ),
    "model.nothing_sensible": Text(
        "The model computes nonsense",
        "{name} gave numbers that are not numbers. Its file is most likely damaged.",
        "Download the model again, or choose another one.",
    ),
    "model.template": Text(
        "The model's chat format cannot be used",
        "The chat template inside {name} failed: {reason}",
        "Choose another file of this model, or another model.",
    ),
    "model.template_slow": Text(
        "The model's chat format takes too long",
        "The chat template inside {name} did not finish within {seconds} s, so it was stopped.",
        "Choose another file of this model, or another model.",
    ),
    # --- eyes ---------------------------------------------------------------------------------------
    "model.no_eyes": Text(
        "This model cannot see pictures",
        "{name} reads text only: beside it lies no file that gives it eyes (one with “mmproj” in its name).",
        "Choose a model that can see, or remove the picture. If this model should see, put its mmproj file beside it.",
    ),
    "model.eyes_off": Text(
        "Pictures are switched off for this model",
        "{name} was loaded without the file that lets it see.",
        "Choose its mmproj file, or remove the picture.",
    ),
    "model.others_see": Text(
        "This model cannot see pictures",
        "{name} reads text only. Of your models, these can see: {models}.",
        "Choose one of them, or ask without the picture.",
    ),
    "projector.missing": Text(
        "The file that lets the model see is not there",
        "There is no file at {path}, or it cannot be opened.",
        "Connect its drive, choose another mmproj file, or let Mistral Desk look for one beside the model.",
    ),
    "projector.not_one": Text(
        "This file gives a model no eyes",
        "{name} is not the part of a model that reads images.",
        "Choose the mmproj file that belongs to the model.",
    ),
    "projector.damaged": Text(
        "The file that lets the model see is damaged",
        "{name} is incomplete or contradicts itself ({reason}), so it was not loaded.",
        "Download the mmproj file again.",
    ),
    "projector.wrong": Text(
        "These eyes belong to another model",
        Counted(
            "found",
            "{name} gives {found} number for each piece of a picture, but {model} takes {wanted}.",
            "{name} gives {found} numbers for each piece of a picture, but {model} takes {wanted}.",
        ),
        "Choose the mmproj file from the repository that the model came from.",
    ),
    "projector.load_failed": Text(
        "The model's eyes could not be loaded",
        "The engine refused {name} for {model}. It may belong to another model, or be of a kind that this version "
        "does not handle.",
        "Choose the mmproj file from the repository that the model came from.",
    ),
    "projector.nonsense": Text(
        "The model cannot make sense of the picture",
        "{name} gave numbers that are not numbers. The file is most likely damaged.",
        "Download the mmproj file again, or ask without the picture.",
    ),
    "prompt.pictures_too_long": Text(
        "The pictures are too much for this model",
        Counted(
            "pictures",
            "The pictures in this conversation take {pictures} token, all of it {tokens}; the context of {name} holds "
            "{context}.",
            "The pictures in this conversation take {pictures} tokens, all of it {tokens}; the context of {name} holds "
            "{context}.",
        ),
        "Remove a picture, choose a longer context in Settings, or start a new chat.",
    ),
    "prompt.too_many_pictures": Text(
        "Too many pictures at once",
        Counted(
            "count",
            "The message has {count} picture; at most {limit} can be sent at once.",
            "The message has {count} pictures; at most {limit} can be sent at once.",
        ),
        "Send some of them with the next message.",
    ),
    "load.cancelled": Text("Loading was cancelled", "{name} was not loaded.", ""),
}
