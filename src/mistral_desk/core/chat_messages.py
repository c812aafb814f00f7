"""Messages about conversations: how they are kept, go out and come in; `core.messages` says how to add one.

They are part of `core.messages.MESSAGES`, in a file of their own because there are many.
"""

from __future__ import annotations

from typing import Final

from mistral_desk.core.message_text import Counted, Text

CHATS: Final[dict[str, Text]] = {
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
    # --- backups ------------------------------------------------------------------------------------
    "backup.restoring": Text(
        "A backup of your chats is being restored",
        "Nothing was asked. What you have written is kept.",
        "Ask again when the backup is there.",
    ),
    "backup.unusable": Text(
        "This backup cannot be used",
        "{name} is damaged, or no backup of Mistral Desk. Your chats are as they were.",
        "Choose another backup.",
    ),
    # --- presets ------------------------------------------------------------------------------------
    "preset.missing": Text(
        "There is no preset of this name",
        "No preset is called “{name}”. These are saved: {names}.",
        "Choose one of them, or save one in the window, under a chat's settings.",
    ),
    "preset.none": Text(
        "There is no preset of this name",
        "No preset is called “{name}”, and none is saved yet.",
        "Save one in the window, under a chat's settings.",
    ),
    # --- a full context -----------------------------------------------------------------------------
    "prompt.far_too_long": Text(
        "This chat is far too long for the model",
        Counted(
            "context",
            "The chat has {letters} characters; {name} sees {context} token at once, its answer included.",
            "The chat has {letters} characters; {name} sees {context} tokens at once, its answer included.",
        ),
        "Choose in the chat's settings what gives way, or start a new chat.",
    ),
    "context.no_summary": Text(
        "The model wrote no summary",
        "{name} was asked to sum up the oldest messages, and nothing came of it. Nothing has changed.",
        "Try again, or drop the oldest messages without a summary.",
    ),
    "context.summary_off": Text(
        "The summary is of no use",
        "What {name} wrote has nothing of the messages in it that it was to sum up. It was thrown away.",
        "Drop the oldest messages without a summary, or choose a larger model.",
    ),
    "context.summary_long": Text(
        "The summary is of no use",
        "What {name} wrote is longer than the messages that it was to sum up. It was thrown away.",
        "Drop the oldest messages without a summary, or choose a larger model.",
    ),
    "context.message_too_long": Text(
        "Your message is too long for the model",
        Counted(
            "context",
            "Even if all earlier messages were left out, it would not fit into the {context} token that {name} sees at "
            "once, with room for an answer.",
            "Even if all earlier messages were left out, it would not fit into the {context} tokens that {name} sees "
            "at once, with room for an answer.",
        ),
        "Shorten the message or attach less, or choose a model that sees more at once.",
    ),
    "context.answer_too_long": Text(
        "There is no room to go on with this answer",
        Counted(
            "context",
            "With the question and the answer so far, the {context} token that {name} sees at once is taken.",
            "With the question and the answer so far, the {context} tokens that {name} sees at once are taken.",
        ),
        "Ask for the rest in a new message, or choose a model that sees more at once.",
    ),
    "context.nothing_to_drop": Text(
        "There is nothing to leave out",
        "The chat has no earlier messages that could be left out.",
        "",
    ),
    "context.too_long_to_sum_up": Text(
        "These messages are too long to be summed up",
        Counted(
            "context",
            "A single message with its answer does not fit into the {context} token that {name} can see at once.",
            "A single message with its answer does not fit into the {context} tokens that {name} can see at once.",
        ),
        "Drop the oldest messages without a summary, or choose a model that sees more at once.",
    ),
    # --- out ----------------------------------------------------------------------------------------
    "sharing.not_written": Text(
        "The chats could not be written there",
        "{path} cannot be written to ({reason}). Nothing half written was left.",
        "Choose another folder, or make some room in this one.",
    ),
    # --- in: nothing came of the file ---------------------------------------------------------------
    "sharing.unknown": Text(
        "There are no chats in this file",
        "{name} is neither a chat that Mistral Desk has exported nor ChatGPT's data export.",
        "Choose the ZIP file that ChatGPT has sent, its conversations.json, or what Mistral Desk has exported as JSON.",
    ),
    "sharing.nothing": Text(
        "There are no chats in this file",
        "{name} is an empty list of chats.",
        "Choose another file.",
    ),
    "sharing.archive": Text(
        "This ZIP file cannot be opened",
        "{name} is damaged, or not what a ZIP file should be.",
        "Download or copy it again.",
    ),
    "sharing.unreadable": Text(
        "This file cannot be read",
        "This computer does not let Mistral Desk read {name} ({reason}).",
        "Check that it is still there, and its permissions.",
    ),
    # --- in: one conversation was set aside ---------------------------------------------------------
    "sharing.newer": Text(
        "A newer version of Mistral Desk has written this chat",
        "It has the form {found}; this version reads forms up to {known}.",
        "Update Mistral Desk, then import it again.",
    ),
    "sharing.broken": Text(
        "This chat is not what it should be",
        "Something in it is missing, or of another kind than it should be. The log says what.",
        "",
    ),
    "sharing.circle": Text(
        "This chat has no beginning",
        "Its messages follow each other in a circle.",
        "",
    ),
    "sharing.too_long": Text(
        "This chat is too large",
        "It is larger than any real conversation, so it was not read.",
        "",
    ),
    "sharing.empty": Text(
        "This chat is empty",
        "No message in it has words or pictures for a reader.",
        "",
    ),
    "sharing.ends": Text(
        "This file ends too early",
        "{name} breaks off in the middle; what stands before that was used.",
        "Download or copy it again, then import it once more: only what is missing is added.",
    ),
    "sharing.damaged": Text(
        "A file in the ZIP file is damaged",
        "{name} could not be read to its end; what came before that was used.",
        "Download or copy it again, then import it once more: only what is missing is added.",
    ),
}
