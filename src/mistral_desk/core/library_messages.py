"""Messages about downloads and the models on this computer; `core.messages` says how to add one.

They are part of `core.messages.MESSAGES`, in a file of their own because there are many.
"""

from __future__ import annotations

from typing import Final

from mistral_desk.core.message_text import Text

LIBRARY: Final[dict[str, Text]] = {
    # --- the disk -----------------------------------------------------------------------------------
    "library.disk_full": Text(
        "There is not enough room on the disk",
        "{needed} GB are needed in {folder}, and {free} GB can be used. What was downloaded is kept.",
        "Make room. The download then goes on by itself.",
    ),
    "library.not_writable": Text(
        "The download cannot be written",
        "This computer does not let Mistral Desk write {path} ({reason}). What was downloaded is kept.",
        "Check the folder's permissions, then resume.",
    ),
    "library.disk": Text(
        "The disk does not do what it should",
        "{path} could not be read or written ({reason}). What was downloaded is kept.",
        "Check that the drive is connected and healthy, then resume.",
    ),
    "library.in_use": Text(
        "This file is being downloaded already",
        "Another window or command of Mistral Desk is downloading {name}.",
        "Wait for it, or end it there.",
    ),
    "library.in_the_way": Text(
        "Something else is in this place",
        "{path} was not put there by Mistral Desk, or was changed since. It is left as it is, and what was downloaded "
        "is kept.",
        "Move or rename it, then resume.",
    ),
    # --- what the hub has ---------------------------------------------------------------------------
    "library.changed": Text(
        "The file on the hub is another one now",
        "{name} at {host} is not the file that was chosen: its size or its SHA-256 has changed.",
        "Open the model's page again and choose the file anew.",
    ),
    "library.wrong_content": Text(
        "The hub's file is not what the hub says",
        "All of {name} came from {host} twice and does not have the SHA-256 that is stated for it.",
        "Try again later, or choose another source. Nothing was put into your library.",
    ),
    "library.name": Text(
        "This file's name cannot be used",
        "{name} is refused because {reason}.",
        "Choose another file.",
    ),
    "hub.token_refused": Text(
        "The hub does not know this token",
        "{host} says that the token is wrong, or not valid any more.",
        "Copy it again from the hub's page of access tokens, or make a new one there.",
    ),
    # --- the list of downloads ----------------------------------------------------------------------
    "library.list_damaged": Text(
        "The list of downloads could not be read",
        "It was set aside as {name}. What had been downloaded is still there.",
        "Order the download again: it goes on where it was.",
    ),
    "library.list_newer": Text(
        "A newer version of Mistral Desk has written a list of your models",
        "The file {path} has a form that this version does not know. It was left as it is: what it lists is not shown"
        " here, and changes to it are not kept.",
        "Update Mistral Desk.",
    ),
    "library.list_not_saved": Text(
        "A list of the library could not be saved",
        "The file {path} cannot be written ({reason}).",
        "Check the permissions and the free space of that folder.",
    ),
    # --- the library --------------------------------------------------------------------------------
    "library.absent": Text(
        "The model is not there now",
        "{path} is not there. Its disk may not be connected, or the program that it belongs to has deleted it.",
        "Connect the disk, or take the model off the list.",
    ),
    "library.incomplete": Text(
        "A part of the model is missing",
        "{name} needs {missing} too.",
        "Download the model again: only what is missing comes.",
    ),
    "library.unusable": Text(
        "This model cannot be used here",
        "{name} is left out because {reason}.",
        "It stays where it is.",
    ),
    "library.closed": Text(
        "This folder cannot be looked into",
        "{path} does not open for you ({reason}).",
        "It belongs to another user of this computer. Ask for the right to read it.",
    ),
    "library.exists": Text(
        "There is a file of this name already",
        "{path} is another file than the one that is to be copied.",
        "Rename one of them, then copy again.",
    ),
    "library.copy_differs": Text(
        "The copy is not what it should be",
        "{name} was changed while it was copied, or is not as it came from the hub any more. Nothing was kept of the "
        "copy.",
        "Try again, or download the model anew.",
    ),
    "library.copy_failed": Text(
        "The model could not be copied",
        "{path} cannot be written ({reason}). Nothing was kept of the copy.",
        "Make room or check the folder's permissions, then copy again.",
    ),
    "library.guide_stays": Text(
        "The Guide stays",
        "It is a part of Mistral Desk and takes little room.",
        "",
    ),
    "library.adopted_damaged": Text(
        "The list of models in other folders could not be read",
        "It was set aside as {name}. The models themselves are still where they were.",
        "Add them again.",
    ),
    "library.damaged": Text(
        "The file is damaged",
        "{name} is not as it was downloaded any more.",
        "Repair it: only the damaged parts are downloaded again.",
    ),
    "library.not_deleted": Text(
        "The model could not be deleted",
        "{path} is still there ({reason}).",
        "Close what uses it, then try again.",
    ),
    "library.no_bin": Text(
        "There is no bin for this disk",
        "{path} cannot be moved to the system's bin ({reason}).",
        "Delete it for good instead.",
    ),
    # --- the models folder moves --------------------------------------------------------------------
    "library.move_same": Text(
        "The models are there already",
        "{path} is the folder that they are in.",
        "Choose another folder.",
    ),
    "library.move_inside": Text(
        "One folder lies in the other",
        "{path} and {folder} cannot be told apart while models move between them.",
        "Choose a folder that lies beside it.",
    ),
    "library.move_away": Text(
        "The models are not there now",
        "{path} is not there. Its disk may not be connected.",
        "Connect it, then try again.",
    ),
    "library.move_not_writable": Text(
        "Nothing can be written there",
        "This computer does not let Mistral Desk write into {path} ({reason}).",
        "Choose another folder.",
    ),
    "library.move_exists": Text(
        "There is a file of this name already",
        "{path} has a file {name}, too.",
        "Choose an empty folder, or rename the file there.",
    ),
    "library.move_busy": Text(
        "A model is in use",
        "Another window or command of Mistral Desk is writing {name}.",
        "Wait for it, then move the models.",
    ),
    "library.move_failed": Text(
        "The models could not be moved",
        "{path} does not take them ({reason}). All of them are where they were.",
        "Make room there, or choose another folder.",
    ),
    "library.move_unfinished": Text(
        "The move of the models is not finished",
        "Not all could be done in {path} ({reason}). Each model is whole, there or in the new folder.",
        "Check that both drives are connected and healthy, then try again in Settings.",
    ),
    "library.moving": Text(
        "The models are on the move",
        "They are moving into {path} already.",
        "Wait for it, or cancel it in Settings.",
    ),
    # --- asking for a model by its name -------------------------------------------------------------
    "library.not_found": Text(
        "This model is not in your library",
        "Nothing in the models folder is called {name}.",
        "“mistral-desk list” shows what is there.",
    ),
    "library.unknown": Text(
        "There is no such model",
        "No model or file is called {name}.",
        "“mistral-desk list” shows the models here, “mistral-desk endpoint list” those on other computers.",
    ),
    "library.not_pulled": Text(
        "This model is not on this computer",
        "{name} is known, but no file of it is here.",
        "“mistral-desk pull” with its name downloads it.",
    ),
    "library.several": Text(
        "Several models are called so",
        "{name} may be each of these: {names}.",
        "Use one of these ids.",
    ),
    "library.no_download": Text(
        "It is not known where this model can be downloaded",
        "No download is known for {name}.",
        "Give a repository of the hub with GGUF files, as owner/name.",
    ),
    "library.no_quant": Text(
        "Say which size you want",
        "{name} has these: {names}.",
        "Choose one with --quant.",
    ),
    "library.no_room": Text(
        "The model does not fit on the disk",
        "{needed} GB are needed in {folder}, and {free} GB can be used.",
        "Make room, or choose a smaller model or another folder, then try again.",
    ),
    "import.nothing": Text(
        "Say which file",
        "No file and no folder was given.",
        "Give one or more GGUF files, or --scan to see what other programs hold.",
    ),
    "library.not_asked": Text(
        "Nothing was removed",
        "{name} is only removed when somebody agrees, and nobody can be asked here.",
        "Add --yes.",
    ),
}
