"""Reads the guide that came with the program; slow work, so it is done beside the window."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtGui import QImage

from mistral_desk.core.errors import DeskError
from mistral_desk.core.paths import resource

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Guide:
    """The text without its title, in Markdown, and its pictures by the names that the text has for them."""

    text: str
    pictures: Mapping[str, QImage]


def read() -> Guide:
    """Read all of it. Raises `resource.missing`, also where it is no text; a picture that is not there is left out."""
    page = resource("guide", "README.md")
    try:
        text = page.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DeskError("resource.missing", name="guide/README.md") from error
    pictures = {f"pictures/{file.name}": QImage(str(file)) for file in sorted(page.parent.glob("pictures/*.png"))}
    whole = {name: image for name, image in pictures.items() if not image.isNull()}
    return Guide(text.partition("\n")[2].lstrip(), whole)


def anchor(title: str) -> str:
    """How a link within the page names this heading, as GitHub does."""
    return re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-")
