"""Every message about something that went wrong, declared once, in English.

To add one: a new id (`room.what`), a title (what happened, no full stop), a message (why, in one or two
sentences; `{name}` stands for a parameter) and a hint (what the person can do now). The other languages
translate these very texts, so a changed text is a new text. Tests check that every id that the code raises
is declared here and gets its parameters.
"""

from __future__ import annotations

from typing import Final

from mistral_desk.core.attachment_messages import ATTACHMENTS
from mistral_desk.core.chat_messages import CHATS
from mistral_desk.core.diagnostic_messages import DIAGNOSTIC
from mistral_desk.core.library_messages import LIBRARY
from mistral_desk.core.loading_messages import LOADING
from mistral_desk.core.message_text import Counted, Text
from mistral_desk.core.model_messages import MODELS
from mistral_desk.core.network_messages import NETWORK

__all__ = ["MESSAGES", "Text"]

MESSAGES: Final[dict[str, Text]] = {
    "unexpected": Text(
        "Something went wrong inside Mistral Desk",
        "An error that nobody foresaw happened ({kind}). Nothing that was saved is lost.",
        "Try again. If it comes back, the log file has the details for a bug report.",
    ),
    # --- fit ----------------------------------------------------------------------------------------
    "machine.description": Text(
        "The described computer makes no sense",
        "The description could not be used: {reason}",
        "Correct the description; docs/fit.md lists its fields.",
    ),
    "fit.unknown_model": Text(
        "This model is not known",
        "“{name}” is neither a GGUF file nor a known model. Nearest by name: {known}.",
        "Give a file, or one of these models; “mistral-desk fit” shows all.",
    ),
    "fit.nothing_alike": Text(
        "This model is not known",
        "“{name}” is neither a GGUF file nor a known model, and none has a name like it.",
        "Give a file or a model's id; “mistral-desk fit” shows all.",
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
        Counted(
            "tokens",
            "With this message it has {tokens} token; {name} sees {context} at once, and its answer needs room, too.",
            "With this message it has {tokens} tokens; {name} sees {context} at once, and its answer needs room, too.",
        ),
        "Shorten the message, choose in the chat's settings what gives way, or start a new chat.",
    ),
    "prompt.too_big": Text(
        "The message is too large",
        Counted(
            "size",
            "The message has {size} character; at most {limit} can be sent at once.",
            "The message has {size} characters; at most {limit} can be sent at once.",
        ),
        "Send a part of it.",
    ),
    "prompt.effort": Text(
        "This model cannot think harder",
        "{name} knows no reasoning effort “{effort}”.",
        "Switch Think harder off.",
    ),
    # --- folders, settings, starting ----------------------------------------------------------------
    "folder.not_writable": Text(
        "A folder of Mistral Desk cannot be used",
        "{path} cannot be created or written to ({reason}).",
        "Check its permissions, or set MISTRAL_DESK_HOME to a folder of your own.",
    ),
    "folder.not_private": Text(
        "A folder of Mistral Desk cannot be used",
        "{path} belongs to another user of this computer, or others may change what is in it.",
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
    **ATTACHMENTS,
    **CHATS,
    **DIAGNOSTIC,
    **LIBRARY,
    **LOADING,
    **MODELS,
    **NETWORK,
}
