"""Takes a file in: the app opens and streams it, the decode child makes pixels or text of it, or a clear problem."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mistral_desk.chat.attachments.kinds import Limits, Pixels, TextFile

if TYPE_CHECKING:
    from pathlib import Path

_LIMITS: Final = Limits()


async def take_in(source: Path | bytes, name: str, long_side: int, *, limits: Limits = _LIMITS) -> Pixels | TextFile:
    """Decode a file (by its path) or what came from the clipboard (`bytes`); `name` is what a person knows it as.

    A picture's long side is at most `long_side` pixels afterwards; smaller ones stay as they are. Cancelling the
    task ends the child. Any number may be asked for at once; a few run at a time, in the order of the calls.

    Raises `DeskError`: `attachment.empty`, `.damaged`, `.not_supported` (a known kind of file), `.not_a_picture`,
    `.svg`, `.too_large` (bytes), `.too_many_pixels`, `.text_too_long`, `.is_folder`, `.not_a_file` (a device or
    pipe), `.vanished`, `.not_permitted`, `.timeout`, `.failed` (the child could not be started or broke off).
    """
    raise NotImplementedError
