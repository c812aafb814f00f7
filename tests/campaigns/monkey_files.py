"""What a monkey finds lying about: good, odd and broken files of each kind that can be dropped on the window."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

from tests.fixtures import gguf_kinds
from tests.fixtures.odd_documents import paper
from tests.fixtures.odd_pictures import plain, saved

if TYPE_CHECKING:
    from pathlib import Path


def model(folder: Path) -> Path:
    """A small model."""
    path = folder / "Tiny Ü.gguf"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        gguf_kinds.dense(path)
    return path


def things(folder: Path) -> list[Path]:
    """Made once; the last one is not there."""
    good = model(folder)
    picture = saved(plain(), "PNG")
    contents = {
        "broken.gguf": good.read_bytes()[:3000],
        "no model.gguf": b"not a model at all",
        "picture.png": picture,
        "half.png": picture[: len(picture) // 2],
        "paper.pdf": paper(["One page.", "Another."]),
        "words.txt": "Straße, 世界\n".encode() * 40,
        "bytes.txt": bytes(range(256)),
        "empty.md": b"",
        "chats.json": b'{"format": "mistral-desk", "conversations": [{"title": "x"}, 3]}',
        "conversations.json": b'[{"title": "a", "mapping": {}}, {"mapping"',
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    with zipfile.ZipFile(folder / "export.zip", "w") as archive:
        archive.writestr("conversations.json", "[]")
    (folder / "a folder").mkdir(exist_ok=True)
    return [
        good,
        *(folder / name for name in contents),
        folder / "export.zip",
        folder / "a folder",
        folder / "gone.txt",
    ]
