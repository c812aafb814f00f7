"""Messages about files that somebody attaches: pictures, texts, documents; `core.messages` says how to add one.

They are part of `core.messages.MESSAGES`, in a file of their own because there are many.
"""

from __future__ import annotations

from typing import Final

from mistral_desk.core.message_text import Counted, Text

ATTACHMENTS: Final[dict[str, Text]] = {
    # --- pictures and texts ----------------------------------------------------------------------------
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
        "{name} has {size} MB; at most {limit} MB can be attached.",
        "Save it smaller, or attach a part of it.",
    ),
    "attachment.too_many_pixels": Text(
        "The picture is too large",
        "{name} has {width} × {height} pixels, more than can be opened safely.",
        "Save a smaller version of it and attach that.",
    ),
    "attachment.no_memory": Text(
        "The picture is too large",
        "{name} needs more memory than a picture may have here ({limit} MB).",
        "Save a smaller version of it and attach that.",
    ),
    "attachment.text_too_long": Text(
        "The text is too long",
        "{name} has {size} MB of text; at most {limit} MB can be attached.",
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
        "{name} was not read within {seconds} s, so it was given up.",
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
    # --- documents -------------------------------------------------------------------------------------
    "document.locked": Text(
        "The document is locked",
        "{name} is protected, with a password or in a way that Mistral Desk does not open.",
        "Open it in another program, save a copy without protection (or print it into a PDF), and attach that.",
    ),
    "document.no_text": Text(
        "The document has no text",
        "Not one word of {name} can be read (pages: {pages}). It is made of pictures, as a scanner does it.",
        "For a model that sees, attach its pages as pictures. Or have a program for scans recognise the text first.",
    ),
    "document.damaged": Text(
        "The document cannot be read",
        "{name} begins like a PDF, but it is damaged or incomplete.",
        "Open it in another program to see whether it is whole, or get it again.",
    ),
    "document.too_many_pages": Text(
        "The document has too many pages",
        Counted(
            "pages",
            "{name} has {pages} page; at most {limit} can be attached.",
            "{name} has {pages} pages; at most {limit} can be attached.",
        ),
        "Attach a part of it.",
    ),
    "document.too_long": Text(
        "The document is too long",
        "{name} has more than {limit} MB of text, which was reached on page {page} of {pages}.",
        "Attach a part of it.",
    ),
    "document.too_heavy": Text(
        "The document takes too much to read",
        "Reading {name} took more time or memory than a document may take here, so it was given up.",
        "Attach a part of it, or print it into a new PDF and attach that.",
    ),
}
