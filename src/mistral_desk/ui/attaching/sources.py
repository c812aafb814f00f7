"""What a drop or the clipboard holds, as files and bytes for the decode child; nothing is opened here.

Qt decodes only what the system hands over as a bitmap anyway; what comes as a file's bytes stays bytes.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QBuffer, QByteArray, QIODevice
from PySide6.QtGui import QImage, QImageWriter

from mistral_desk.core.words import tr

if TYPE_CHECKING:
    from PySide6.QtCore import QMimeData

_ENCODED: Final = ("image/png", "image/jpeg", "image/webp", "image/gif", "image/bmp", "image/tiff")
"""Best first: what keeps every pixel."""
_ENDINGS: Final = {"image/jpeg": "jpg", "image/tiff": "tif"}


@dataclass(frozen=True)
class Source:
    """One thing to attach: a file's path, a file's bytes, or a bitmap; `name` is what a person knows it as."""

    name: str
    content: Path | bytes | QImage

    async def plain(self) -> Path | bytes:
        """What the decode child takes; a bitmap is packed in a thread."""
        return await asyncio.to_thread(_packed, self.content) if isinstance(self.content, QImage) else self.content


def holds_any(mime: QMimeData) -> bool:
    """Whether there is something to attach; looks at no content, because a drag asks for it all the time."""
    if any(url.isLocalFile() for url in mime.urls()):
        return True
    return not mime.hasText() and (mime.hasImage() or any(mime.hasFormat(kind) for kind in _ENCODED))


def sources(mime: QMimeData) -> tuple[Source, ...]:
    """What there is to attach: local files, else a picture where there is no text that is meant.

    An address of a picture somewhere else is not followed: attaching makes no connections.
    """
    files = [Path(url.toLocalFile()) for url in mime.urls() if url.isLocalFile()]
    if files:
        return tuple(Source(path.name or str(path), path) for path in files)
    if mime.hasText():
        return ()
    for kind in _ENCODED:
        if mime.hasFormat(kind) and (data := bytes(mime.data(kind).data())):
            ending = _ENDINGS.get(kind, kind.partition("/")[2])
            return (Source(f"{tr('Pasted picture')}.{ending}", data),)
    image = mime.imageData()
    return (Source(f"{tr('Pasted picture')}.png", image),) if isinstance(image, QImage) and not image.isNull() else ()


def from_paths(paths: list[str]) -> tuple[Source, ...]:
    """Files that were chosen in a dialog."""
    return tuple(Source(Path(path).name, Path(path)) for path in paths)


def _packed(image: QImage) -> bytes:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QImageWriter(buffer, QByteArray(b"png"))
    writer.setCompression(10)  # of 100: quick, and as exact
    writer.write(image)
    return bytes(buffer.data().data())
