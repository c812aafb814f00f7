"""Messages about PDF documents that somebody attaches; `core.messages` says how to add one.

They are part of `core.messages.MESSAGES`, in a file of their own because there are many.
"""

from __future__ import annotations

from typing import Final

from mistral_desk.core.message_text import Text

DOCUMENTS: Final[dict[str, Text]] = {
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
        "{name} has {pages} pages; at most {limit} can be attached.",
        "Attach a part of it.",
    ),
    "document.too_long": Text(
        "The document is too long",
        "{name} has more than {limit} MiB of text, which was reached on page {page} of {pages}.",
        "Attach a part of it.",
    ),
    "document.too_heavy": Text(
        "The document takes too much to read",
        "Reading {name} took more time or memory than a document may take here, so it was given up.",
        "Attach a part of it, or print it into a new PDF and attach that.",
    ),
}
