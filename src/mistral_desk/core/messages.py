"""Every message about something that went wrong, declared once, in English.

To add one: a new id (`room.what`), a title (what happened, no full stop), a message (why, in one or two
sentences; `{name}` stands for a parameter) and a hint (what the person can do now). The other languages
translate these very texts, so a changed text is a new text. Tests check that every id that the code raises
is declared here and gets its parameters.
"""

from __future__ import annotations

from typing import Final

from mistral_desk.core.chat_messages import CHATS
from mistral_desk.core.document_messages import DOCUMENTS
from mistral_desk.core.library_messages import LIBRARY
from mistral_desk.core.loading_messages import LOADING
from mistral_desk.core.message_text import Text
from mistral_desk.core.network_messages import NETWORK

__all__ = ["MESSAGES", "Text"]

MESSAGES: Final[dict[str, Text]] = {
    "unexpected": Text(
        "Something went wrong inside Mistral Desk",
        "An error that nobody foresaw happened ({kind}). Nothing that was saved is lost.",
        "Try again. If it comes back, the log file has the details for a bug report.",
    ),
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
        "{name} ends too early: {missing} bytes are missing. A download was probably interrupted.",
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
        "{name} does not fit into this computer's free memory with a context of {context} tokens.",
        "Close other programs, choose a shorter context, or choose a smaller model.",
    ),
    "model.does_not_fit": Text(
        "This model does not fit on this computer",
        "{name} needs {lacking} GB more memory than is free.",
        "Choose a smaller model, close other programs, or try it anyway.",
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
        "The chat template inside {name} did not finish within {seconds} seconds, so it was stopped.",
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
        "{name} gives {found} numbers for each piece of a picture, but {model} takes {wanted}.",
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
        "The pictures in this conversation take {pictures} tokens, all of it {tokens}; the context of {name} holds "
        "{context}.",
        "Remove a picture, choose a longer context in Settings, or start a new chat.",
    ),
    "prompt.too_many_pictures": Text(
        "Too many pictures at once",
        "The message has {count} pictures; at most {limit} can be sent at once.",
        "Send some of them with the next message.",
    ),
    "load.cancelled": Text("Loading was cancelled", "{name} was not loaded.", ""),
    # --- fit ----------------------------------------------------------------------------------------
    "machine.description": Text(
        "The described computer makes no sense",
        "The description could not be used: {reason}",
        "Correct the description; docs/fit.md lists its fields.",
    ),
    "fit.unknown_model": Text(
        "This model is not known",
        "{name} is neither a GGUF file nor one of the models whose files are known: {known}.",
        "Give a file, or one of these models.",
    ),
    # --- engine -------------------------------------------------------------------------------------
    "engine.missing": Text(
        "The engine is not installed",
        "The part of Mistral Desk that runs models could not be started: {reason}",
        "Install Mistral Desk again.",
    ),
    "engine.start_failed": Text(
        "The engine did not start",
        "The process that runs the model ended before it was ready ({reason}).",
        "Try again. If it comes back, the log file has the details.",
    ),
    "engine.died": Text(
        "The engine stopped unexpectedly",
        "The process that runs the model ended by itself ({reason}). Anything written so far is kept.",
        "Try again: the engine starts anew by itself.",
    ),
    "engine.out_of_memory": Text(
        "The engine ran out of memory",
        "The system ended the process that runs the model because memory was short. Anything written so far is kept.",
        "Close other programs or choose a smaller model, then try again.",
    ),
    "engine.protocol": Text(
        "The engine answered in a way that was not understood",
        "The app and its engine do not fit together ({reason}).",
        "Install Mistral Desk again, so that both are of the same version.",
    ),
    "engine.failed": Text(
        "The engine could not go on",
        "llama.cpp reported an error while it worked on this message ({reason}). Anything written so far is kept.",
        "Try again. A shorter message or a new chat may help.",
    ),
    "engine.no_model": Text(
        "No model is loaded",
        "The engine has no model yet, so it cannot answer.",
        "Choose a model first.",
    ),
    # --- asking -------------------------------------------------------------------------------------
    "prompt.empty": Text("There is nothing to send", "The message is empty.", "Write something first."),
    "prompt.too_long": Text(
        "This chat is too long for the model",
        "With this message it has {tokens} tokens; {name} sees {context} at once, and its answer needs room, too.",
        "Shorten the message, choose in the chat's settings what gives way, or start a new chat.",
    ),
    "prompt.too_big": Text(
        "The message is too large",
        "The message has {size} characters; at most {limit} can be sent at once.",
        "Send a part of it.",
    ),
    "prompt.effort": Text(
        "This model cannot think harder",
        "{name} knows no reasoning effort “{effort}”.",
        "Switch Think harder off.",
    ),
    # --- history ------------------------------------------------------------------------------------
    "history.damaged": Text(
        "The file with your chats was damaged",
        "It was set aside as {aside}. Your chats were restored from the copy of {when}.",
        "Keep that file: what was written after the copy may still be rescued from it.",
    ),
    "history.damaged_empty": Text(
        "The file with your chats was damaged",
        "It was set aside as {aside}. There was no usable copy, so the list of chats starts empty.",
        "Keep that file: what is in it may still be rescued.",
    ),
    "history.vanished": Text(
        "The file with your chats was gone",
        "There was no file at {path}. Your chats were restored from the copy of {when}.",
        "If you removed the file on purpose, delete the chats in the window.",
    ),
    "history.unreadable": Text(
        "A part of your chats cannot be read",
        "The file {path} is damaged.",
        "Close Mistral Desk and open it again: it then sets the file aside and restores the last good copy.",
    ),
    "history.failed": Text(
        "Your chats cannot be read or saved",
        "The file {path} could not be used ({reason}).",
        "Try again. If it comes back, the log file has the details for a bug report.",
    ),
    "history.newer": Text(
        "Your chats were written by a newer version",
        "The file {path} has format {found}; this version of Mistral Desk knows formats up to {known}.",
        "Update Mistral Desk. Nothing in the file was changed.",
    ),
    "history.read_only": Text(
        "Your chats cannot be saved",
        "The file {path}, or its folder, cannot be written to.",
        "Check the permissions and the free space of that folder.",
    ),
    "history.busy": Text(
        "Your chats are in use by another program",
        "Another program holds {path} and does not let go of it.",
        "Close the other program, for example a second copy of Mistral Desk, then try again.",
    ),
    "history.disk_full": Text(
        "The disk is full",
        "There is no room left for your chats in {path}.",
        "Make some room; your text stays in the window until then.",
    ),
    "history.missing": Text(
        "This chat is no longer there", "The conversation or message was deleted.", "Choose another chat."
    ),
    # --- attachments --------------------------------------------------------------------------------
    "attachment.empty": Text("The file is empty", "{name} has no content at all.", "Choose another file."),
    "attachment.damaged": Text(
        "The picture cannot be read",
        "{name} begins like a picture ({label}), but it is damaged or incomplete.",
        "Open it in another program to see whether it is whole, or get it again.",
    ),
    "attachment.not_a_picture": Text(
        "This file cannot be attached",
        "{name} is neither a picture that Mistral Desk knows nor a text.",
        "Choose a PNG, JPEG, WebP, GIF, BMP or TIFF picture, a PDF document or a text file.",
    ),
    "attachment.not_supported": Text(
        "This kind of file cannot be attached yet",
        "{name} is {kind}, which Mistral Desk does not read.",
        "Save it as a PNG or JPEG picture, as a PDF or as plain text, and attach that.",
    ),
    "attachment.svg": Text(
        "Drawings in SVG cannot be attached",
        "{name} is an SVG drawing: instructions for drawing, not a picture of pixels.",
        "Export it as a PNG picture and attach that.",
    ),
    "attachment.too_large": Text(
        "The file is too large",
        "{name} has {size} MiB; at most {limit} MiB can be attached.",
        "Save it smaller, or attach a part of it.",
    ),
    "attachment.too_many_pixels": Text(
        "The picture is too large",
        "{name} has {width} × {height} pixels, more than can be opened safely.",
        "Save a smaller version of it and attach that.",
    ),
    "attachment.no_memory": Text(
        "The picture is too large",
        "{name} needs more memory than a picture may have here ({limit} MiB).",
        "Save a smaller version of it and attach that.",
    ),
    "attachment.text_too_long": Text(
        "The text is too long",
        "{name} has {size} MiB of text; at most {limit} MiB can be attached.",
        "Attach a part of it.",
    ),
    "attachment.is_folder": Text(
        "A folder cannot be attached", "{name} is a folder.", "Open it and choose the files in it."
    ),
    "attachment.not_a_file": Text(
        "This cannot be attached",
        "{name} is not a file but a device or a connection to another program.",
        "Choose a file.",
    ),
    "attachment.vanished": Text(
        "The file is not there any more",
        "{name} was moved, renamed or deleted, or its drive is not connected.",
        "Connect the drive, or choose the file again.",
    ),
    "attachment.not_permitted": Text(
        "The file cannot be opened",
        "This computer does not let Mistral Desk read {name} ({reason}).",
        "Check the file's permissions, or copy it to a folder of your own.",
    ),
    "attachment.timeout": Text(
        "Reading the file took too long",
        "{name} was not read within {seconds} seconds, so it was given up.",
        "Try again, or save the picture in another format.",
    ),
    "attachment.failed": Text(
        "The file could not be read",
        "The process that reads attached files ended before it was done with {name} ({reason}).",
        "Try another file. If it comes back with every file, the log has the details.",
    ),
    "picture.missing": Text(
        "A picture of this chat is missing",
        "It is no longer in Mistral Desk's folder, or its file is damaged.",
        "Attach the picture again.",
    ),
    "picture.not_saved": Text(
        "The picture could not be kept",
        "{path} cannot be written to ({reason}).",
        "Make some room there or check the folder's permissions, then attach it again.",
    ),
    # --- folders, settings, starting ----------------------------------------------------------------
    "folder.not_writable": Text(
        "A folder of Mistral Desk cannot be used",
        "{path} cannot be created or written to ({reason}).",
        "Check its permissions, or set MISTRAL_DESK_HOME to a folder of your own.",
    ),
    "settings.damaged": Text(
        "Your settings could not be read",
        "The settings file was set aside as {aside}; the defaults are in use.",
        "Set what you need again. The old file is kept.",
    ),
    "settings.not_saved": Text(
        "Your settings could not be saved",
        "The file {path} cannot be written ({reason}).",
        "Check the permissions and the free space of that folder.",
    ),
    "settings.value": Text(
        "This value is not possible",
        "{label}: {value} is not allowed ({rule}).",
        "Choose another value.",
    ),
    "app.already_running": Text(
        "Mistral Desk is already open",
        "Another window of Mistral Desk uses the same folder.",
        "Use the open window.",
    ),
    "app.no_display": Text(
        "There is no display",
        "No window can be opened here ({reason}).",
        'Use the command line: mistral-desk ask "your question"',
    ),
    "resource.missing": Text(
        "A part of Mistral Desk is missing",
        "The file {name} that belongs to the program is not there.",
        "Install Mistral Desk again.",
    ),
    **CHATS,
    **DOCUMENTS,
    **LIBRARY,
    **LOADING,
    **NETWORK,
}
